"""The few sentences that the two databases say differently."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import asyncpg
from sqlalchemy import ColumnElement, Dialect, Row, Table, delete, select, text
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db.locks import AUDIT, SEQUENCER


def insert(tx: AsyncConnection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT."""
    return sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)


async def append(tx: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Many whole rows (a value for every column) at once; `IntegrityError` where a constraint forbids one.

    The drivers get them as they want them: on PostgreSQL by COPY, whose server then needs a third of what it
    needs for an INSERT by rows; on SQLite in one go over to the driver's thread, where SQLAlchemy takes three.
    """
    if not rows:
        return
    driver: Any = (await tx.get_raw_connection()).driver_connection
    try:
        if tx.dialect.name == "sqlite":
            statement, values, ways = _by_rows(table, tx.dialect)
            said = list(map(values, rows))
            if ways:
                said = [list(row) for row in said]
                for place, way in ways:
                    for row in said:
                        row[place] = way(row[place])
            await driver.executemany(statement, said)
        else:
            if not driver.is_in_transaction():
                # SQLAlchemy begins one with its first statement, and COPY goes past it.
                await tx.execute(text("SELECT 1"))
            names = [column.name for column in table.c]
            records = map(itemgetter(*names), rows)
            await driver.copy_records_to_table(table.name, records=records, columns=names)
    except (sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError) as broken:
        raise IntegrityError(table.name, None, broken) from broken
    except asyncpg.SyntaxOrAccessError as wrong:
        raise ProgrammingError(table.name, None, wrong) from wrong


@cache
def _by_rows(table: Table, spoken: Dialect) -> tuple[str, Callable[[Any], Any], Sequence[tuple[int, Any]]]:
    """The statement, a row's values in its order, and by place the ways into the database, where one is needed."""
    ways = [
        (place, way)
        for place, column in enumerate(table.c)
        if (way := column.type.dialect_impl(spoken).bind_processor(spoken)) is not None
    ]
    return str(plain_insert(table).compile(dialect=spoken)), itemgetter(*(c.name for c in table.c)), ways


async def take_out(
    tx: AsyncConnection, table: Table, where: ColumnElement[bool], names: Sequence[str]
) -> Sequence[Row[Any]]:
    """Deletes those rows and gives them, by a statement that nothing slips into. On SQLite a writing transaction is
    alone, and to read first and delete then costs it half."""
    columns = [table.c[name] for name in names]
    if tx.dialect.name == "sqlite":
        rows = (await tx.execute(select(*columns).where(where))).all()
        await tx.execute(delete(table).where(where))
        return rows
    return (await tx.execute(delete(table).where(where).returning(*columns))).all()


async def looked_at(tx: AsyncConnection, *several: Table) -> None:
    """After many rows came at once. PostgreSQL looks at a table by itself within some minutes; before it has, it takes
    it for as small as it was and goes through all of it where it should look up a few."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text(f"ANALYZE {', '.join(table.name for table in several)}"))


async def one_sequencer(tx: AsyncConnection) -> None:
    """Nobody else folds until this transaction ends. On SQLite a writing transaction is alone already."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SEQUENCER})


async def one_auditor(tx: AsyncConnection) -> None:
    """Nobody else adds to the audit until this transaction ends."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": AUDIT})
