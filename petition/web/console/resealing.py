"""Records sealed anew to a changed key, in the background, for as long as the session that can open them lives.

How far it has come lies in the database: if this process ends, or the session, any owner's session goes on.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from petition.actions import rekeying, sessions
from petition.db.database import Database
from petition.domain.sealing import Unreadable
from petition.errors import Unavailable
from petition.queries import organizers, rekeyings
from petition.queries.organizers import Session

logger = logging.getLogger("petition.web")

AWAY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Work:
    """Whose session it is, and the petition's present private key as that session opened it."""

    petition_id: bytes
    session: Session
    private_key: bytes = field(repr=False)


class Resealing:
    """One task for each petition."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self._tasks: dict[bytes, asyncio.Task[None]] = {}

    def go_on(self, work: Work) -> None:
        """Begins, or goes on where somebody stopped. A task with an older key ends by itself."""
        before = self._tasks.get(work.petition_id)
        if before is not None:
            before.cancel()
        task = asyncio.create_task(self._run(work))
        self._tasks[work.petition_id] = task
        task.add_done_callback(lambda ended: self._ended(work.petition_id, ended))

    def _ended(self, petition_id: bytes, task: asyncio.Task[None]) -> None:
        if self._tasks.get(petition_id) is task:
            del self._tasks[petition_id]

    def running(self, petition_id: bytes) -> bool:
        """In this process; another one's work shows by its progress alone."""
        return petition_id in self._tasks

    async def ready(self, petition_id: bytes, seconds: float) -> None:
        """Waits a moment: a small petition is done before the next page."""
        if (task := self._tasks.get(petition_id)) is not None:
            await asyncio.wait([task], timeout=seconds)

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, work: Work) -> None:
        more = True
        while more:
            try:
                more = await self.step(work)
            except Unavailable:
                logger.warning("the database is away while records are sealed anew; trying again")
                await asyncio.sleep(AWAY_SECONDS)
            except Unreadable:
                # The key was changed once more: whoever did that has begun anew.
                return
            except Exception as wrong:
                logger.error("sealing anew stopped: %s; an owner can go on with it", type(wrong).__name__)
                return

    async def step(self, work: Work) -> bool:
        """One part, in one short transaction. Whether there is more to do, and the session may still do it."""
        async with self._database.read() as connection:
            was = await rekeyings.of(connection, work.petition_id)
            seat = await organizers.session(connection, work.session.token_hash)
            share = await organizers.shared_key(connection, work.petition_id, work.session.organizer_id)
            # Nobody's key is used longer than they are signed in and hold it.
            if seat is None or not sessions.alive(seat[0], self._clock()) or share is None:
                return False
            if was is None or not was.under_way:
                return False
            rows = await rekeyings.following(connection, was, limit=rekeying.CHUNK)
        part = await asyncio.to_thread(rekeying.part_of, was, rows, work.private_key)
        async with self._database.write() as tx:
            by, today = work.session.organizer_id, self._clock().date()
            return await rekeying.advance(tx, was, part, by=by, today=today)
