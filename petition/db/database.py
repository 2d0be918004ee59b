"""Database.read() and Database.write(): the only way to rows, and the only commit in the house.

SQLite: one writing connection per process and a few that can only read. Every writing
transaction of every process on this machine, and every checkpoint, happens under one file lock:
versions of SQLite before 3.51.3 can lose a commit when one connection checkpoints while another
resets the write-ahead log. PostgreSQL: a pool; of several hosts the writable one is found.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from petition.db import sqlite, traces
from petition.db.locks import FileLock
from petition.db.sqlite import BUSY_SECONDS
from petition.errors import Unavailable
from petition.settings import Settings

PG_POOL = 8
# A million signatures have more index than the usual 2 MB hold: every confirmation would read it anew.
SERVERS_CACHE_KIB, COMMANDS_CACHE_KIB = 65_536, 8_192
# Most indexes are of rows in one state, and a plan for any state uses none of them: once PostgreSQL keeps such a plan,
# each of a list's lines is looked for among all signatures. Planning anew costs less than a tenth of a millisecond.
# Said once connected: poolers refuse connections that begin with it.
PLANNED = "SET plan_cache_mode = force_custom_plan"
READERS_MILLISECONDS = 250  # how long emptying the log waits for readers, and so everyone who writes for it


class Database:
    """Opened once by the composition root; `read()` and `write()` are its two verbs.

    Where the database is gone, locked, full or broken, both raise `Unavailable`; a broken
    constraint stays an `IntegrityError`, for the action that expects it.
    """

    def __init__(self, settings: Settings, *, cache_kib: int = COMMANDS_CACHE_KIB) -> None:
        self.sqlite = settings.sqlite
        self.path: Path = settings.sqlite_path
        self.statements = 0
        self.commits = 0
        if self.sqlite:
            self._writer, self._reader = sqlite.writer(self.path, cache_kib), sqlite.reader(self.path)
            self.write_lock: FileLock | None = FileLock(self.path.with_name("write.lock"))
        else:
            self._writer = self._reader = _postgresql_engine(settings.database_url)
            self.write_lock = None
        self._turn = asyncio.Lock()
        for engine in {self._writer, self._reader}:
            event.listen(engine.sync_engine, "before_cursor_execute", self._count)

    def _count(self, *_: Any) -> None:
        self.statements += 1

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: commits when the block ends, before the caller answers; raising rolls back."""
        async with AsyncExitStack() as stack:
            if self.write_lock is not None:
                await stack.enter_async_context(self._turn)
                await stack.enter_async_context(self.write_lock.held(BUSY_SECONDS))
            async with _reachable(), self._writer.connect() as connection:
                await connection.begin()
                try:
                    yield connection
                except BaseException:
                    await connection.rollback()
                    raise
                await connection.commit()
                self.commits += 1

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view; nothing can be written through it on SQLite."""
        async with _reachable(), self._reader.connect() as connection:
            yield connection
            await connection.rollback()

    async def checkpoint(self) -> bool:
        """SQLite: moves the write-ahead log into the file and empties it, so that what was erased is gone from both.

        False while somebody reads from the log, such as a backup: nobody who signs waits for them, try again later.
        """
        if self.write_lock is None:
            return True
        async with self._turn, self.write_lock.held(BUSY_SECONDS):
            return await self._checkpoint()

    async def _checkpoint(self) -> bool:
        async with _reachable(), self._writer.connect() as connection:
            raw = await connection.get_raw_connection()
            own: Any = raw.driver_connection
            wiped = await traces.wipe(own)
            await own.execute(f"PRAGMA busy_timeout={READERS_MILLISECONDS}")
            try:
                ((busy, _, _),) = await own.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                await own.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
            return wiped and not busy

    async def close(self) -> None:
        """Under the lock: on SQLite the last connection to close checkpoints."""
        async with AsyncExitStack() as stack:
            if self.write_lock is not None:
                await stack.enter_async_context(self.write_lock.held(BUSY_SECONDS))
                if self.commits:
                    with suppress(Unavailable):
                        await self._checkpoint()
            await self._reader.dispose()
            await self._writer.dispose()


def _postgresql_engine(url: str) -> AsyncEngine:
    async def connect() -> Any:
        # The driver's own reading of the address knows several hosts; SQLAlchemy's does not.
        connection = await asyncpg.connect(url, target_session_attrs="read-write", timeout=BUSY_SECONDS)
        try:
            await connection.execute(PLANNED, timeout=BUSY_SECONDS)
        except BaseException:
            # Nobody else knows of it yet, who would close it.
            connection.terminate()
            raise
        return connection

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=PG_POOL,
        max_overflow=PG_POOL,
        pool_timeout=BUSY_SECONDS,
        pool_pre_ping=True,
    )


@asynccontextmanager
async def _reachable() -> AsyncIterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except ProgrammingError as wrong:
        # A wrong statement is our fault and must not look like weather, except where the tables are not there yet.
        raise wrong
    except (
        DBAPIError,
        PoolTimeout,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        sqlite3.Error,
        OSError,
    ) as gone:
        raise Unavailable() from gone
    except SQLAlchemyError as wrong:
        if "connection" in str(wrong).lower():
            raise Unavailable() from wrong
        raise


async def reachable(database: Database) -> bool:
    """Whether the database answers at all, for readiness."""
    try:
        async with database.read() as connection:
            await connection.execute(text("SELECT 1"))
    except Unavailable:
        return False
    return True
