"""Why signing is paused, in the organizers' words."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_24_pause_message"
down_revision = "2026_11_24_batches"


def upgrade() -> None:
    kind = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("petitions", sa.Column("pause_message", kind, nullable=True))
