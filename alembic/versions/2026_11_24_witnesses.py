"""Who stands behind a published checkpoint."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_24_witnesses"
down_revision = "2026_11_24_told_apart"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("published", sa.Column("witnesses", JSON, server_default="[]", nullable=False))
