"""Lists that are looked at in the console before they are taken in, how each source's are read, and who was asked."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_27_stagings"
down_revision = "2026_11_27_deliveries"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "stagings",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=16), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("stopped", sa.String(length=24), nullable=True),
        sa.Column("run", sa.LargeBinary(length=16), nullable=True),
        sa.Column("alive_at", sa.Integer(), nullable=True),
        sa.Column("ends_at", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.LargeBinary(length=16), nullable=True),
        sa.CheckConstraint("state IN ('coming', 'staged', 'taking', 'taken')", name=op.f("ck_stagings_state")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_stagings_petition_id_petitions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stagings")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_stagings_petition_id", "stagings", ["petition_id"], unique=False)
    op.create_table(
        "staging_parts",
        sa.Column("staging_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind IN ('file', 'plan', 'report', 'refused')", name=op.f("ck_staging_parts_kind")),
        sa.ForeignKeyConstraint(["staging_id"], ["stagings.id"], name=op.f("fk_staging_parts_staging_id_stagings")),
        sa.PrimaryKeyConstraint("staging_id", "kind", "number", name=op.f("pk_staging_parts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "layouts",
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("source", sa.LargeBinary(length=32), nullable=False),
        sa.Column("layout", JSON, nullable=False),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_layouts_petition_id_petitions")),
        sa.PrimaryKeyConstraint("petition_id", "source", name=op.f("pk_layouts")),
        sqlite_with_rowid=False,
    )
    op.add_column("import_members", sa.Column("confirmed", sa.Boolean(), server_default=sa.false(), nullable=False))
