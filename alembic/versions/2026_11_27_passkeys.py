"""Passkeys beside the authenticator's code; how often a session has proved who is there."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_passkeys"
down_revision = "2026_11_27_stagings"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("proofs", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "passkeys",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("organizer_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("added_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["organizer_id"], ["organizers.id"], name=op.f("fk_passkeys_organizer_id_organizers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential", name=op.f("uq_passkeys_credential")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_passkeys_organizer_id", "passkeys", ["organizer_id"])
