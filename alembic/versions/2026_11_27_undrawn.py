"""Which scripts of a document no font drew: its page says so, not the server's output alone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_27_undrawn"
down_revision = "2026_11_27_traces"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("exports", sa.Column("undrawn", JSON, nullable=True))
