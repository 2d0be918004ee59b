"""What is typed from paper: batches with their sealed source, lines by one person or two, whether it takes two."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_paper"
down_revision = "2026_11_27_passkeys"


def upgrade() -> None:
    op.add_column("petitions", sa.Column("second_entry", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "paper_batches",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("second", sa.Boolean(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=True),
        sa.Column("made_by", sa.LargeBinary(length=16), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("import_id", sa.LargeBinary(length=16), nullable=True),
        sa.CheckConstraint("state IN ('typing', 'comparing', 'done', 'dropped')", name=op.f("ck_paper_batches_state")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_paper_batches_petition_id_petitions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_batches")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_paper_batches_petition_id", "paper_batches", ["petition_id"], unique=False)
    op.create_table(
        "paper_lines",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first", sa.LargeBinary(), nullable=True),
        sa.Column("first_by", sa.LargeBinary(length=16), nullable=True),
        sa.Column("second", sa.LargeBinary(), nullable=True),
        sa.Column("second_by", sa.LargeBinary(length=16), nullable=True),
        sa.Column("settled", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["paper_batches.id"], name=op.f("fk_paper_lines_batch_id_paper_batches")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_paper_lines_petition_id_petitions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_lines")),
        sqlite_with_rowid=False,
    )
    op.create_index("uq_paper_lines_batch_id_number", "paper_lines", ["batch_id", "number"], unique=True)
