"""SQLite notes when something was taken out of a signature: a page may hold a copy until the file is written anew."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_traces"
down_revision = "2026_11_27_paper"

# A trigger, so that no way of taking a name back can forget it. Nothing is written that was noted already.
TAKEN_OUT = """
CREATE TRIGGER signatures_taken_out AFTER UPDATE OF shown_name, sealed ON signatures
WHEN OLD.shown_name IS NOT NEW.shown_name AND OLD.shown_name IS NOT NULL
  OR OLD.sealed IS NOT NULL AND NEW.sealed IS NULL
BEGIN INSERT OR IGNORE INTO traces (id) VALUES (1); END
"""


def upgrade() -> None:
    op.create_table(
        "traces",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_traces")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        # What an earlier version left is wiped with the rest.
        op.execute("INSERT INTO traces (id) SELECT 1 FROM signatures LIMIT 1")
        op.execute(TAKEN_OUT)
