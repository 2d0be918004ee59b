"""The safety switch of a petition, and its signatories at the head of the list."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_safety"
down_revision = "2026_11_23_organizers"


def upgrade() -> None:
    op.add_column("petitions", sa.Column("safe", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_signatures_pinned",
        "signatures",
        ["petition_id"],
        sqlite_where=sa.text("pinned"),
        postgresql_where=sa.text("pinned"),
    )
