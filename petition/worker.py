"""The loop: fold the ledger, deliver mail, and what the calendar asks for. `serve` runs it in-process.

Of all the workers there are one leads (db/locks.py); the others stand by. Each step is a short
transaction: killed at any moment, the next leader goes on where the last one stopped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta

from petition.actions import batches, counting, exporting, keeping, milestones, publishing, retention, staging
from petition.db.database import Database
from petition.db.locks import Leadership
from petition.domain import witnessed
from petition.domain.checkpoint import Head
from petition.domain.tokens import Keys
from petition.errors import OperatorError, SeenElsewhere, Unavailable
from petition.mail.delivery import Delivery
from petition.notary import Moved, Notary
from petition.queries import petitions
from petition.queries.batches import at_work
from petition.submitting import Submitting

logger = logging.getLogger("petition.worker")

FOLD_EVERY = 0.25
MAIL_EVERY = 0.5
BATCHES_EVERY = 1.0
WATCH_EVERY = 2.0
TIDY_EVERY = 15.0
WITNESSES_EVERY = 5.0
BATCH_MINUTES = 10
BATCH_LEAST = 5
BATCH_LONGEST = 24 * 3600.0


class Publishing:
    """When a petition's waiting entries are folded: at once, or where its file says so, in batches.

    A batch goes out at each tenth minute of the clock, if at least 5 new signatures wait or the
    first of them has waited for 24 hours. That wait is known to the worker's memory; a worker
    that started since goes by the day that the entries were noted on.
    """

    def __init__(self) -> None:
        self._slots: dict[bytes, int] = {}
        self._since: dict[bytes, float] = {}

    def due(self, petition_id: bytes, new: int, oldest: date | None, now: datetime, monotonic: float) -> bool:
        slot = int(now.timestamp()) // (BATCH_MINUTES * 60)
        first = petition_id not in self._slots
        waited = monotonic - self._since.setdefault(petition_id, monotonic)
        if first or self._slots[petition_id] == slot:
            self._slots.setdefault(petition_id, slot)
            return False
        self._slots[petition_id] = slot
        long_ago = oldest is not None and oldest <= now.date() - timedelta(days=2)
        return new >= BATCH_LEAST or waited >= BATCH_LONGEST or long_ago

    def published(self, petition_id: bytes) -> None:
        self._since.pop(petition_id, None)


class Worker:
    def __init__(
        self,
        database: Database,
        leadership: Leadership,
        delivery: Delivery,
        keys: Keys,
        notary: Notary,
        submitting: Submitting,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._database = database
        self._leadership = leadership
        self._delivery = delivery
        self._keys = keys
        self._notary = notary
        self._submitting = submitting
        self._clock = clock
        self._monotonic = monotonic
        self._publishing = Publishing()
        self._tidied: date | None = None
        self._writes = 0
        self._told: dict[str, str] = {}
        # Whom the witnesses contradicted when this worker began to lead; None until they were asked.
        self._contradicted: set[str] | None = None
        self.leads = False

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set: takes the lead when it is free, works while it has it."""
        while not stop.is_set():
            if await self._leadership.hold():
                await self._lead(stop)
            else:
                await self._guarded(self.remember)
            await _pause(stop, WATCH_EVERY)
        await self._leadership.release()
        await self._delivery.close()

    async def _lead(self, stop: asyncio.Event) -> None:
        asked, done = asyncio.Event(), asyncio.Event()
        self.leads = True
        self._tidied = None
        self._contradicted = None
        try:
            await self._guarded(self._delivery.begin)
            loops = [
                asyncio.create_task(self._fold(asked, done)),
                asyncio.create_task(self._repeat(self._delivery.step, MAIL_EVERY, done)),
                asyncio.create_task(self._repeat(self.batches, BATCHES_EVERY, done)),
                asyncio.create_task(self._repeat(self.tidy, TIDY_EVERY, done)),
            ]
            asking = asyncio.create_task(self._ask(asked, done))
            while not stop.is_set() and await self._leadership.hold():
                await _pause(stop, WATCH_EVERY)
            done.set()
            # Nobody who stops waits for a witness that is slow.
            asking.cancel()
            await asyncio.gather(*loops)
            await asyncio.wait([asking])
        finally:
            self.leads = False

    async def _ask(self, asked: asyncio.Event, done: asyncio.Event) -> None:
        while self._contradicted is None:
            await self._guarded(self.ask_witnesses)
        asked.set()
        await self._repeat(self._submitting.step, WITNESSES_EVERY, done)

    async def _fold(self, asked: asyncio.Event, done: asyncio.Event) -> None:
        while not asked.is_set() and not done.is_set():
            await _pause(done, FOLD_EVERY)
        await self._repeat(self.fold, FOLD_EVERY, done)

    async def ask_witnesses(self) -> None:
        """Before the first fold: a database that was put back without a word is known to witnesses alone.

        Of a ledger that one of them has seen more of, or otherwise, nothing is signed. One that is slow is waited for
        as long as `submitting` does, one that is down not at all.
        """
        self._contradicted = {found.slug for found in await self._submitting.newer()}

    async def _repeat(self, step: Callable[[], Awaitable[int]], every: float, done: asyncio.Event) -> None:
        while not done.is_set():
            if not await self._guarded(step):
                await _pause(done, every)

    async def _guarded(self, step: Callable[[], Awaitable[int | None]]) -> int:
        try:
            return await step() or 0
        except Unavailable as gone:
            logger.warning("the database is away (%s); trying again", type(gone.__cause__).__name__)
        except Exception as wrong:
            # Never the exception's text: it may hold a row.
            logger.error("%s failed: %s at %s", getattr(step, "__name__", "step"), type(wrong).__name__, _place(wrong))
        await asyncio.sleep(1)
        return 0

    async def fold(self) -> int:
        """Folds whatever may be published now; how many entries it took."""
        async with self._database.read() as connection:
            waiting = await counting.petitions_waiting(connection)
        taken = 0
        for petition_id, slug, publish in waiting:
            if publish == "batched" and not await self._batch_is_due(petition_id):
                continue
            today = self._clock().date()
            async with self._database.write() as tx:
                since = await milestones.standing(tx, petition_id)
                taken += await counting.fold(tx, petition_id, slug, today=today)
                await milestones.note(tx, petition_id, since=since, keys=self._keys, today=today)
            self._publishing.published(petition_id)
        await self.publish()
        return taken

    async def publish(self) -> None:
        """Signs what was folded and is durable by now, and shows count and checkpoint together."""
        found: list[tuple[publishing.Due, Head | None, publishing.Ready]] = []
        async with self._database.read() as connection:
            for due in await publishing.due(connection, self._notary.host):
                with self._telling(due.slug):
                    await self._must_not_be_contradicted(due)
                    known = self._notary.last(due.slug)
                    ready = await publishing.ready(connection, due.petition_id, due.slug, known)
                    found.append((due, known, ready))
        # No view of the database is held while it is written.
        for due, known, ready in found:
            with self._telling(due.slug):
                await self._sign(due, known, ready)

    async def _must_not_be_contradicted(self, due: publishing.Due) -> None:
        """`SeenElsewhere` until none of its witnesses says so any more, or whoever does is asked no more."""
        if self._contradicted is None or due.slug not in self._contradicted:
            return
        async with self._database.read() as connection:
            witnesses = await publishing.witnesses(connection, due.petition_id)
        for asked in witnesses:
            if asked.trouble in witnessed.GRAVE:
                raise SeenElsewhere(due.slug, asked.witness.name, more=asked.trouble == witnessed.AHEAD)
        self._contradicted.discard(due.slug)

    @contextmanager
    def _telling(self, slug: str) -> Iterator[None]:
        """What keeps one petition from being published is told once; the others go on."""
        try:
            yield
        except Moved:
            return
        except OperatorError as wrong:
            # It names a petition and files, never a row.
            if self._told.get(slug) != str(wrong):
                logger.error("nothing more is published: %s", wrong)
            self._told[slug] = str(wrong)

    async def _sign(self, due: publishing.Due, known: Head | None, ready: publishing.Ready) -> None:
        if known is None or known.size == 0:
            async with self._database.write() as tx:
                await publishing.own_key(tx, due.petition_id, due.slug, self._notary)
        # It waits for the disk.
        note = await asyncio.to_thread(self._notary.sign, due.slug, ready.head, known)
        async with self._database.write() as tx:
            await publishing.publish(tx, due.petition_id, self._notary.origin(due.slug), note, ready.tally)

    async def remember(self) -> None:
        """Standing by: what another host has signed is known here too, should we lead some day on an older database."""
        async with self._database.read() as connection:
            heads = await publishing.heads(connection)
        for slug, head in heads:
            await asyncio.to_thread(self._notary.remember, slug, head)

    async def _batch_is_due(self, petition_id: bytes) -> bool:
        async with self._database.read() as connection:
            new, oldest = await counting.waiting(connection, petition_id)
        return self._publishing.due(petition_id, new, oldest, self._clock(), self._monotonic())

    async def batches(self) -> int:
        """One step of each act on many signatures that is under way; how many signatures it took."""
        async with self._database.read() as connection:
            running = await at_work(connection)
        taken = 0
        for petition_id, batch_id in running:
            async with self._database.write() as tx:
                taken += await batches.advance(tx, petition_id, batch_id, keys=self._keys, today=self._clock().date())
        return taken

    async def tidy(self) -> int:
        """Once a day what the calendar asks for; after writes, what was erased leaves the write-ahead log too."""
        today = self._clock().date()
        if self._tidied != today:
            more = retention.CHUNK
            while more == retention.CHUNK:
                async with self._database.write() as tx:
                    more = await retention.lapse(tx, today=today)
            async with self._database.write() as tx:
                await retention.forget_budgets(tx, today=today)
            async with self._database.write() as tx:
                await batches.forget(tx, today=today)
            async with self._database.write() as tx:
                await retention.shuffle(tx, today=today)
            await self._purge(today)
            await self._catch_up(today)
            self._tidied = today
        async with self._database.read() as connection:
            over = await exporting.over(connection, now=self._clock())
        if over:
            async with self._database.write() as tx:
                await exporting.forget(tx, over)
        async with self._database.read() as connection:
            old = await staging.over(connection, now=self._clock())
        if old:
            async with self._database.write() as tx:
                await staging.forget(tx, old)
        if self._writes != self._database.commits:
            commits = self._database.commits
            if await self._database.checkpoint():
                self._writes = commits
        return 0

    async def _catch_up(self, today: date) -> None:
        """Milestones that the count was past before anybody looked: a petition of an earlier version, or a copy."""
        async with self._database.read() as connection:
            known = await petitions.petitions(connection)
        for petition in known:
            async with self._database.write() as tx:
                await milestones.catch_up(tx, petition.id, today=today)

    async def _purge(self, today: date) -> None:
        """The records of petitions whose time is over, in steps that end between two writers' turns."""
        async with self._database.read() as connection:
            over = await keeping.due(connection, today=today)
        for petition_id in over:
            more = 1
            while more:
                async with self._database.write() as tx:
                    more = await keeping.purge(tx, petition_id, today=today)


def _place(wrong: BaseException) -> str:
    trace = wrong.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else "?"


async def _pause(until: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(until.wait(), seconds)
