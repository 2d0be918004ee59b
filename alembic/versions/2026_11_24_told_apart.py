"""Signatures that organizers have told apart; what was merged into one signature is found by it."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_told_apart"
down_revision = "2026_11_24_ledger"

MERGED = sa.text("merged_into IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "told_apart",
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("one", sa.LargeBinary(length=16), nullable=False),
        sa.Column("other", sa.LargeBinary(length=16), nullable=False),
        sa.Column("organizer_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_told_apart_petition_id_petitions")),
        sa.PrimaryKeyConstraint("petition_id", "one", "other", name=op.f("pk_told_apart")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_signatures_merged", "signatures", ["merged_into"], sqlite_where=MERGED, postgresql_where=MERGED)
