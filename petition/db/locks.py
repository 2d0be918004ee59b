"""Locks between processes: a file lock on one machine, an advisory lock in PostgreSQL."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg

from petition.errors import Unavailable
from petition.settings import Settings

SEQUENCER = 0x7065_7469  # "peti": transaction lock of the fold
AUDIT = 0x7065_7461  # transaction lock of the audit's chain
LEADER = 0x7065_746C  # session lock of the one worker that works
MIGRATION = 0x7065_746D
WAIT = 0.005


class FileLock:
    """An exclusive lock that ends with the process that holds it, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def try_now(self) -> bool:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @asynccontextmanager
    async def held(self, seconds: float) -> AsyncIterator[None]:
        """Waits up to `seconds` without stopping the event loop; then `Unavailable`."""
        waited = 0.0
        while not self.try_now():
            if waited >= seconds:
                raise Unavailable()
            await asyncio.sleep(WAIT)
            waited += WAIT
        try:
            yield
        finally:
            self.release()


class Leadership:
    """Only one worker works at a time, on however many hosts: mail, the fold and the calendar need no second.

    Held by a file lock beside an SQLite file, by a session's advisory lock in PostgreSQL: both end
    with their holder, so no time needs to be stored and no clock compared.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database_url
        self._file = FileLock(settings.data_dir / "worker.lock") if settings.sqlite else None
        self._session: Any = None

    async def hold(self) -> bool:
        """Takes the lead if nobody has it; keeps it if we have; False otherwise."""
        if self._file is not None:
            return self._file.try_now()
        try:
            if self._session is None:
                self._session = await asyncpg.connect(self._url, target_session_attrs="read-write", timeout=5)
                return bool(await self._session.fetchval("SELECT pg_try_advisory_lock($1)", LEADER, timeout=5))
            held = await self._session.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks"
                " WHERE locktype = 'advisory' AND objid = $1 AND pid = pg_backend_pid())",
                LEADER,
                timeout=5,
            )
            return bool(held or await self._session.fetchval("SELECT pg_try_advisory_lock($1)", LEADER, timeout=5))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            await self.release()
            return False

    async def release(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._session is not None:
            session, self._session = self._session, None
            with suppress(Exception):
                await session.close(timeout=2)
