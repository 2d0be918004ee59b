"""To whom a petition was delivered, when, how, by whom, and what came back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_27_deliveries"
down_revision = "2026_11_24_samples"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("addressee", JSON, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("how", JSON, nullable=False),
        sa.Column("bearer", JSON, nullable=False),
        sa.Column("answer", JSON, nullable=False),
        sa.Column("taken_back", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_deliveries_petition_id_petitions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_deliveries_petition_id", "deliveries", ["petition_id"], unique=False)
