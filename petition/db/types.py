"""Column types that both databases hold alike."""

from __future__ import annotations

from sqlalchemy import JSON, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB

# Random identifiers, never ordered by time: an order is a trace of who signed when.
Id = LargeBinary(16)
Digest = LargeBinary(32)
Json = JSON().with_variant(JSONB(), "postgresql")
