"""A link finds its row by the row's id: only what came before, or got another link since, needs an index."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_links"
down_revision = "2026_11_28_waiting"


def upgrade() -> None:
    # Before the other goes: until then signatures can be read while it is built.
    op.create_index(
        "uq_signatures_linked_anew",
        "signatures",
        ["token_hash"],
        unique=True,
        sqlite_where=sa.text("substr(token_hash, 1, 16) <> id"),
        postgresql_where=sa.text("substr(token_hash, 1, 16) <> id"),
    )
    op.drop_index("uq_signatures_token", table_name="signatures")
