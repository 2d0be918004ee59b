"""The few sentences that the two databases say differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Dialect, Insert, LargeBinary, Table, bindparam, cast, func, select, text
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db.locks import AUDIT, SEQUENCER


def insert(tx: AsyncConnection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT."""
    return sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)


async def append(tx: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Many whole rows (a value for every column) by one statement.

    On PostgreSQL each column travels as one array: by rows the same insert costs its server three times as much.
    On SQLite the driver gets the rows as it wants them, past what SQLAlchemy does for each row once more.
    """
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        statement, columns = _by_rows(table, tx.dialect)
        await tx.exec_driver_sql(
            statement, [tuple(said(row[name]) if said else row[name] for name, said in columns) for row in rows]
        )
    else:
        await tx.execute(_by_columns(table), {_array(c.name): [row[c.name] for row in rows] for c in table.c})


@cache
def _by_rows(table: Table, spoken: Dialect) -> tuple[str, Sequence[tuple[str, Any]]]:
    """The statement, and each column's name and way into the database; bytes go as they are."""
    ways = [
        (c.name, None if isinstance(c.type, LargeBinary) else c.type.dialect_impl(spoken).bind_processor(spoken))
        for c in table.c
    ]
    return str(plain_insert(table).compile(dialect=spoken)), ways


def _array(name: str) -> str:
    return f"all_{name}"


@cache
def _by_columns(table: Table) -> Insert:
    arrays = [func.unnest(cast(bindparam(_array(c.name)), postgresql.ARRAY(c.type))) for c in table.c]
    return plain_insert(table).from_select(table.c.keys(), select(*arrays))


async def one_sequencer(tx: AsyncConnection) -> None:
    """Nobody else folds until this transaction ends. On SQLite a writing transaction is alone already."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SEQUENCER})


async def one_auditor(tx: AsyncConnection) -> None:
    """Nobody else adds to the audit until this transaction ends."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": AUDIT})
