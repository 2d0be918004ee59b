"""How long the sealed records of a petition are kept after it was delivered or closed."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_retention"
down_revision = "2026_11_24_safety"


def upgrade() -> None:
    op.add_column("petitions", sa.Column("keep_days", sa.Integer(), server_default="30", nullable=False))
    op.add_column("petitions", sa.Column("on_hold", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("petitions", sa.Column("delivered_on", sa.Date(), nullable=True))
    op.add_column("petitions", sa.Column("purged_on", sa.Date(), nullable=True))
