"""SQLite's engines: what every connection is told, and one round to its thread for each statement.

aiosqlite keeps each connection in a thread of its own. A statement went there four times (make a cursor, run it, fetch
its rows, close it), and on a small machine each round costs as much as finding the row. Here they go together, and the
first statement takes along the beginning of its transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
from aiosqlite.context import contextmanager
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, StaticPool

AHEAD = 1_000  # rows that come along with the statement itself
READERS = 4
BUSY_SECONDS = 10
OF_THE_WRITER = ("page_size", "journal_mode", "cache_size", "wal_autocheckpoint")


def writer(path: Path, cache_kib: int) -> AsyncEngine:
    """The one connection of this process that may write."""
    return _engine(f"file:{_quoted(path)}?mode=rwc", "BEGIN IMMEDIATE", cache_kib, poolclass=StaticPool)


def reader(path: Path) -> AsyncEngine:
    """A few that cannot."""
    return _engine(
        f"file:{_quoted(path)}?mode=ro",
        "BEGIN",
        0,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=READERS,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
    )


def _quoted(path: Path) -> str:
    """A path inside an SQLite URI."""
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _engine(uri: str, begin: str, cache_kib: int, **pool: Any) -> AsyncEngine:
    # The driver's own idea of transactions begins them late and deferred: we begin ours.
    open_file = partial(
        sqlite3.connect, uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS, cached_statements=256
    )

    async def connect() -> aiosqlite.Connection:
        connection = Connection(open_file, AHEAD)
        # A process that ends without closing must not wait for it.
        connection._thread.daemon = True
        return await connection

    # Whoever ends a transaction has said how; to roll back once more would be one more round.
    engine = create_async_engine("sqlite+aiosqlite://", async_creator=connect, pool_reset_on_return=None, **pool)

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            # A signature's row fits into a page of 8192 whole. What does not fit goes to pages of its own, which are
            # taken one after another as the file grows: on pages of 4096 their places told who signed before whom.
            "page_size=8192",
            "journal_mode=WAL",
            # Each answer waits for its own durable commit: FULL syncs the log at every commit.
            "synchronous=FULL",
            "secure_delete=ON",
            "foreign_keys=ON",
            # A temporary file would be one more place where a name could stay behind.
            "temp_store=MEMORY",
            f"busy_timeout={BUSY_SECONDS * 1000}",
            f"cache_size=-{cache_kib}",
            # Moved into the file every 64 MB: pages that many signatures share are then moved once for all of them.
            "wal_autocheckpoint=8000",
        ):
            if "mode=ro" not in uri or not pragma.startswith(OF_THE_WRITER):
                cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.connection.driver_connection.begins = begin

    return engine


class Connection(aiosqlite.Connection):
    begins = ""  # what goes before whatever is asked next: the transaction that begins with it

    @contextmanager
    async def cursor(self) -> aiosqlite.Cursor:
        """Not yet in the thread: the first statement brings it there."""
        return Cursor(self)

    async def commit(self) -> None:
        if not self._begins_now():
            await super().commit()

    async def rollback(self) -> None:
        if not self._begins_now():
            await super().rollback()

    async def _execute(self, fn: Any, *more: Any, **named: Any) -> Any:
        # Taken here and not in the thread: whoever stops waiting rolls back what has begun by then.
        if begins := self._begins_now():
            return await aiosqlite.Connection._execute(self, self._begun, begins, fn, *more, **named)
        return await aiosqlite.Connection._execute(self, fn, *more, **named)

    def _begun(self, begins: str, fn: Callable[..., Any], *more: Any, **named: Any) -> Any:
        """In the thread."""
        self._conn.execute(begins)
        return fn(*more, **named)

    def _begins_now(self) -> str:
        begins, self.begins = self.begins, ""
        return begins


class Cursor(aiosqlite.Cursor):
    """Runs a statement and fetches its first rows in one round. It holds the rows in order, those not fetched last."""

    def __init__(self, connection: Connection) -> None:
        self.iter_chunk_size = AHEAD
        self._conn = connection
        self._first: list[Any] = []
        # Until its end is seen a statement may be under way in the thread, whoever waits for it or not.
        self._open = False

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Cursor:
        return await self._ran("execute", sql, parameters or ())

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Cursor:
        return await self._ran("executemany", sql, parameters)

    async def _ran(self, how: str, sql: str, parameters: Any) -> Cursor:
        self._open = True
        await self._conn._execute(self._run, how, sql, parameters)
        return self

    def _run(self, how: str, sql: str, parameters: Any) -> None:
        """In the thread."""
        more = False
        try:
            self._cursor = self._conn._conn.cursor()
            getattr(self._cursor, how)(sql, parameters)
            self._first = self._cursor.fetchmany(AHEAD) if self._cursor.description else []
            more = len(self._first) == AHEAD
        finally:
            self._open = more

    async def fetchone(self) -> Any:
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        wanted = self.arraysize if size is None else size
        rows, self._first = self._first[:wanted], self._first[wanted:]
        if self._open and len(rows) < wanted:
            rows += await super().fetchmany(wanted - len(rows))
        return rows

    async def fetchall(self) -> list[Any]:
        rows, self._first = self._first, []
        if self._open:
            rows += await super().fetchall()
        return rows

    async def close(self) -> None:
        if self._open:
            await super().close()
