"""Alembic's entry: runs inside the connection and transaction that the caller holds."""

from alembic import context

from petition.db.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
)
context.run_migrations()
