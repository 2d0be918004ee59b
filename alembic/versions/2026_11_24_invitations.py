"""Invitations: links that vouch for a category, and which signature came with which."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_invitations"
down_revision = "2026_11_24_pause_message"


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("category", sa.String(length=80), nullable=False),
        sa.Column("code", sa.LargeBinary(length=32), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("issued_by", sa.LargeBinary(length=16), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.CheckConstraint("state IN ('open', 'revoked', 'recalled')", name=op.f("ck_invitations_state")),
        sa.CheckConstraint("used >= 0 AND used <= uses", name=op.f("ck_invitations_used")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_invitations_petition_id_petitions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("code", name=op.f("uq_invitations_code")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_invitations_petition_id", "invitations", ["petition_id", "issued_on", "id"], unique=False)
    op.add_column("signatures", sa.Column("invitation_id", sa.LargeBinary(length=16), nullable=True))
    op.create_index(
        "ix_signatures_invitation",
        "signatures",
        ["invitation_id", "state", "verified"],
        unique=False,
        sqlite_where=sa.text("invitation_id IS NOT NULL"),
        postgresql_where=sa.text("invitation_id IS NOT NULL"),
    )
