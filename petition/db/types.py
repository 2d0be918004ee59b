"""Column types that both databases hold alike."""

from __future__ import annotations

from sqlalchemy import JSON, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB


class Bytes(LargeBinary):
    """SQLite's driver takes and gives bytes as they are: no call for each of them. PostgreSQL has a type of its own."""

    def bind_processor(self, dialect: object) -> None:
        return None

    def result_processor(self, dialect: object, coltype: object) -> None:
        return None


# Random identifiers, never ordered by time: an order is a trace of who signed when.
Id = Bytes(16)
Digest = Bytes(32)
Json = JSON().with_variant(JSONB(), "postgresql")
