"""Lists that organizers take out by the console: who agreed, how far they are written, and their sealed parts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_24_exports"
down_revision = "2026_11_24_invitations"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("wanted", JSON, nullable=False),
        sa.Column("columns", JSON, nullable=False),
        sa.Column("mark", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=16), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("agreed_by", sa.LargeBinary(length=16), nullable=True),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("run", sa.LargeBinary(length=16), nullable=True),
        sa.Column("alive_at", sa.Integer(), nullable=True),
        sa.Column("ends_at", sa.Integer(), nullable=True),
        sa.Column("written", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('asked', 'declined', 'agreed', 'ready', 'gone')", name=op.f("ck_exports_state")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_exports_petition_id_petitions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_exports_petition_id", "exports", ["petition_id"], unique=False)
    op.create_table(
        "export_parts",
        sa.Column("export_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["export_id"], ["exports.id"], name=op.f("fk_export_parts_export_id_exports")),
        sa.PrimaryKeyConstraint("export_id", "number", name=op.f("pk_export_parts")),
        sqlite_with_rowid=False,
    )
