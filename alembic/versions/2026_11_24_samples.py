"""The published result of a sample audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_24_samples"
down_revision = "2026_11_24_witnesses"

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("published", sa.Column("sample", JSON, nullable=True))
