"""SQLite by way of its threads: a statement goes there once, and everything else is as it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, text
from sqlalchemy.exc import IntegrityError

from petition.db import dialect, sqlite
from petition.db.database import Database
from petition.settings import Settings

NUMBERS = text("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < :last) SELECT x FROM n")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(Settings.from_env({"PETITION_DATA_DIR": str(tmp_path)}))
    async with opened.write() as tx:
        await tx.execute(text("CREATE TABLE once (x INTEGER PRIMARY KEY)"))
    yield opened
    await opened.close()


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of a connection's thread."""
    asked: list[str] = []
    execute = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, what: Any, *more: Any, **named: Any) -> Any:
        said = " ".join(word.split()[0] for word in more if isinstance(word, str))
        asked.append(said or what.__name__)
        return await execute(self, what, *more, **named)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return asked


async def test_a_statement_goes_to_the_thread_once(database: Database, rounds: list[str]) -> None:
    for verb in (database.read, database.write):
        async with verb() as connection:
            await connection.execute(text("SELECT 1"))
    rounds.clear()
    async with database.read() as connection:
        assert (await connection.execute(NUMBERS, {"last": 10})).scalars().all() == [*range(1, 11)]
        assert (await connection.execute(text("SELECT x FROM once"))).all() == []
    assert rounds == ["BEGIN execute WITH", "execute SELECT", "rollback"]
    rounds.clear()
    async with database.write() as tx:
        await tx.execute(text("INSERT INTO once VALUES (:x)"), [{"x": x} for x in range(5)])
    assert rounds == ["BEGIN executemany INSERT", "commit"]
    rounds.clear()
    for verb in (database.read, database.write):
        async with verb():
            pass
    assert rounds == []


async def test_what_is_read_in_one_block_is_of_one_moment(database: Database) -> None:
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM once"))).scalar_one() == 0
        async with database.write() as tx:
            await tx.execute(text("INSERT INTO once VALUES (1)"))
        assert (await connection.execute(text("SELECT count(*) FROM once"))).scalar_one() == 0
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM once"))).scalar_one() == 1


async def test_what_is_written_in_one_block_is_there_whole_or_not_at_all(database: Database) -> None:
    async def half() -> None:
        async with database.write() as tx:
            await tx.execute(text("INSERT INTO once VALUES (1)"))
            await tx.execute(text("INSERT INTO once VALUES (2)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await half()
    async with database.write() as tx:
        await tx.execute(text("INSERT INTO once VALUES (3)"))
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT x FROM once"))).scalars().all() == [3]


@pytest.mark.parametrize("last", [sqlite.AHEAD - 1, sqlite.AHEAD, sqlite.AHEAD + 1, 3 * sqlite.AHEAD])
async def test_many_rows_come_whole_and_in_order(database: Database, last: int) -> None:
    async with database.read() as connection:
        assert (await connection.execute(NUMBERS, {"last": last})).scalars().all() == [*range(1, last + 1)]
        streamed = await connection.stream(NUMBERS, {"last": last})
        assert [x async for (x,) in streamed] == [*range(1, last + 1)]
        streamed = await connection.stream(NUMBERS, {"last": last})
        parts = [len(part) async for part in streamed.partitions(300)]
        assert sum(parts) == last
        assert max(parts) == 300


async def test_a_stream_reads_no_more_than_it_is_asked_for(database: Database) -> None:
    async with database.read() as connection:
        endless = text("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n")
        async with connection.stream(endless) as streamed:
            async for (x,) in streamed:
                if x == 5 * sqlite.AHEAD:
                    break
        # It is closed, and the connection free for what comes next.
        assert (await connection.execute(text("SELECT 7"))).scalar_one() == 7


async def test_what_is_refused_leaves_the_transaction_usable(database: Database) -> None:
    async with database.write() as tx:
        await tx.execute(text("INSERT INTO once VALUES (:x)"), [{"x": x} for x in range(5)])
        with pytest.raises(IntegrityError):
            await tx.execute(text("INSERT INTO once VALUES (3)"))
        written = await tx.execute(text("UPDATE once SET x = x + 100"))
        assert written.rowcount == 5
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT x FROM once"))).scalars().all() == [*range(100, 105)]


async def test_what_goes_past_sqlalchemy_is_in_the_transaction_too(database: Database) -> None:
    pairs = Table("pairs", MetaData(), Column("x", Integer, primary_key=True), Column("y", Integer))
    async with database.write() as tx:
        await tx.run_sync(pairs.metadata.create_all)

    async def half() -> None:
        async with database.write() as tx:
            await dialect.append(tx, pairs, [{"x": 1, "y": 1}, {"x": 2, "y": 2}])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await half()
    async with database.write() as tx:
        await dialect.append(tx, pairs, [{"x": 3, "y": 3}])
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT x FROM pairs"))).scalars().all() == [3]


async def test_a_reader_that_fails_or_stops_holds_no_old_view(database: Database) -> None:
    async def fails() -> None:
        async with database.read() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM once"))).scalar_one() == 0
            raise ZeroDivisionError

    async def slow() -> None:
        async with database.read() as connection:
            await connection.execute(text(f"SELECT count(*) FROM ({NUMBERS}), once"), {"last": 3_000_000})

    for _ in range(2 * sqlite.READERS):
        with pytest.raises(ZeroDivisionError):
            await fails()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(slow(), 0.001)
    async with database.write() as tx:
        await tx.execute(text("INSERT INTO once VALUES (1)"))

    async def seen() -> int:
        async with database.read() as connection:
            found = (await connection.execute(text("SELECT count(*) FROM once"))).scalar_one()
            await asyncio.sleep(0.05)
            return int(found)

    # Each of the readers, all at work at once; and nobody keeps the log from being emptied.
    assert await asyncio.gather(*(seen() for _ in range(sqlite.READERS))) == [1] * sqlite.READERS
    assert await database.checkpoint()


async def test_nobody_who_stops_waiting_spoils_it_for_the_next(database: Database) -> None:
    async def slow() -> None:
        async with database.write() as tx:
            await tx.execute(text("INSERT INTO once VALUES (1)"))
            await tx.execute(text(f"SELECT count(*) FROM ({NUMBERS})"), {"last": 3_000_000})

    for wait in (0.0, 0.001, 0.01, 0.05, 0.2):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(slow(), wait)
        async with database.write() as tx:
            await tx.execute(text("INSERT INTO once VALUES (2)"))
            assert (await tx.execute(text("SELECT x FROM once"))).scalars().all() == [2]
            await tx.execute(text("DELETE FROM once"))


async def test_a_first_statement_that_nobody_waits_for_is_undone_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = asyncio.Event()
    execute = aiosqlite.Connection._execute

    async def delayed(self: aiosqlite.Connection, what: Any, *more: Any, **named: Any) -> Any:
        if "INSERT INTO once VALUES (1)" in more:
            # The thread is busy: whoever waits gives up before it comes to the statement.
            self._tx.put_nowait((None, lambda: time.sleep(0.3)))
            asyncio.get_running_loop().call_later(0.1, sent.set)
        return await execute(self, what, *more, **named)  # type: ignore[no-untyped-call]

    async def insert() -> None:
        async with database.write() as tx:
            await tx.execute(text("INSERT INTO once VALUES (1)"))

    monkeypatch.setattr(aiosqlite.Connection, "_execute", delayed)
    task = asyncio.create_task(insert())
    await sent.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT x FROM once"))).all() == []
    async with database.write() as tx:
        await tx.execute(text("INSERT INTO once VALUES (2)"))
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT x FROM once"))).scalars().all() == [2]
