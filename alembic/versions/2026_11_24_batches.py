"""Acts on many signatures at once, words to colleagues, labels of bursts, and the queue's indexes."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_batches"
down_revision = "2026_11_24_retention"

PENDING = sa.text("state = 'pending'")
AWAITING = sa.text("state = 'confirmed' AND counted_as IS NULL")
APART = sa.text("state IN ('rejected', 'lapsed', 'withdrawn', 'merged', 'invalidated')")
BURST = sa.text("burst IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("signature_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("organizer_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_notes_petition_id_petitions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_notes_signature_id", "notes", ["signature_id"], unique=False)
    op.create_table(
        "batches",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=80), nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.Column("rule", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(length=16), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("agreed_by", sa.LargeBinary(length=16), nullable=True),
        sa.Column("upto", sa.LargeBinary(length=16), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'asked', 'declined', 'running', 'done', 'cancelled', 'undoing', 'undone')",
            name=op.f("ck_batches_state"),
        ),
        sa.CheckConstraint("act IN ('verify', 'move', 'reject', 'invalidate', 'hide')", name=op.f("ck_batches_act")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_batches_petition_id_petitions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_batches_petition_id", "batches", ["petition_id"], unique=False)
    op.create_table(
        "batch_members",
        sa.Column("batch_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("signature_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("was", sa.String(length=16), nullable=False),
        sa.Column("acts", sa.Integer(), nullable=False),
        sa.Column("counted_as", sa.String(length=80), nullable=True),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'changed', 'skipped', 'back', 'unlisted', 'left')",
            name=op.f("ck_batch_members_state"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_members_batch_id_batches")),
        sa.PrimaryKeyConstraint("batch_id", "signature_id", name=op.f("pk_batch_members")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_batch_members_signature_id", "batch_members", ["signature_id"], unique=False)
    op.add_column("organizers", sa.Column("single_keys", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("signatures", sa.Column("burst", sa.String(length=8), nullable=True))
    op.drop_index("ix_signatures_waiting", table_name="signatures")
    for name, columns, where in (
        ("waiting", ["signed_on", "petition_id", "state"], PENDING),
        ("awaiting", ["petition_id", "state", "counted_as", "id", "category"], AWAITING),
        ("apart", ["petition_id", "state", "id"], APART),
        ("burst", ["petition_id", "burst"], BURST),
    ):
        op.create_index(
            f"ix_signatures_{name}",
            "signatures",
            columns,
            unique=False,
            sqlite_where=where,
            postgresql_where=where,
        )
