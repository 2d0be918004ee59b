"""Petitions whose key is to be changed, or is being changed, since somebody who held it has left."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_rekeying"
down_revision = "2026_11_24_imports"


def upgrade() -> None:
    op.create_table(
        "rekeyings",
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.Column("earlier", sa.LargeBinary(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("after", sa.LargeBinary(length=16), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_rekeyings_petition_id_petitions")),
        sa.PrimaryKeyConstraint("petition_id", name=op.f("pk_rekeyings")),
        sqlite_with_rowid=False,
    )
