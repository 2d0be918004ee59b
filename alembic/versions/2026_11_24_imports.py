"""Lists that were taken in, and which signatures came with them, so that each can be undone as a whole."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_imports"
down_revision = "2026_11_24_exports"


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=True),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=16), nullable=True),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.CheckConstraint("state IN ('running', 'done', 'undoing', 'undone')", name=op.f("ck_imports_state")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_imports_petition_id_petitions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_imports_petition_id_digest", "imports", ["petition_id", "digest"], unique=False)
    op.create_table(
        "import_members",
        sa.Column("import_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("signature_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_members_import_id_imports")),
        sa.PrimaryKeyConstraint("import_id", "signature_id", name=op.f("pk_import_members")),
        sqlite_with_rowid=False,
    )
