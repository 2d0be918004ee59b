"""What waits for the fold is known by its signature's digest and its number among that one's acts: one index less."""

from alembic import op

revision = "2026_11_28_waiting"
down_revision = "2026_11_27_undrawn"


def upgrade() -> None:
    op.drop_index("ix_ledger_waiting_petition_id", table_name="ledger_waiting")
    with op.batch_alter_table("ledger_waiting", table_kwargs={"sqlite_with_rowid": False}) as table:
        table.drop_constraint(op.f("pk_ledger_waiting"), type_="primary")
        table.drop_column("id")
        table.create_primary_key(op.f("pk_ledger_waiting"), ["petition_id", "link", "act"])
