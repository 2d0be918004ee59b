"""The few sentences that the two databases say differently."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db.locks import SEQUENCER


def insert(tx: AsyncConnection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT."""
    return sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)


async def one_sequencer(tx: AsyncConnection) -> None:
    """Nobody else folds until this transaction ends. On SQLite a writing transaction is alone already."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SEQUENCER})
