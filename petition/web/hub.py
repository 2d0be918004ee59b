"""Snapshots of what the public sees: one poll a second for the whole process. Shared by the doors."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import msgspec

from petition.db.database import Database
from petition.domain import witnessed
from petition.domain.checkpoint import Verifier
from petition.domain.counts import Counts
from petition.domain.sampling import Result
from petition.domain.witnessed import Asked, Standing
from petition.errors import PetitionNotFound, Unavailable
from petition.queries import counts, petitions, timeline
from petition.queries.counts import Head
from petition.queries.petitions import Petition

logger = logging.getLogger("petition.live")

POLL_SECONDS = 1.0
SILENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One petition as it was read together with its counts: what every public answer is made of.

    A new one is made when the petition, the ledger's size or the phase changed; so whatever is
    rendered from a snapshot may be kept as long as the snapshot is the current one.
    """

    petition: Petition
    counts: Counts
    phase: str
    version: str
    json: bytes
    # The signed checkpoint of just these counts with its cosignatures, and the line of the key that signed; the largest
    # checkpoint that a witness cosigned. Empty before the first one.
    checkpoint: str
    vkey: str
    witnessed: str
    witnesses: tuple[Standing, ...]
    # What the texts above were made of.
    made_of: tuple[str, list[dict[str, Any]], dict[str, Any] | None]
    sample: Result | None
    # Milestones that the count ever passed, the least first, each with the day on which it first did.
    reached: tuple[tuple[int, date], ...] = ()

    @property
    def visible(self) -> bool:
        return self.phase != "draft"


class Hub:
    """Snapshots by slug, brought up to date by one task; streams wait on it and cost no read."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._snapshots: dict[str, Snapshot] = {}
        # Another object whenever any snapshot changed: what the home page is made of.
        self.edition: object = object()
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self.streams = 0

    def snapshot(self, slug: str) -> Snapshot:
        """`PetitionNotFound` for a draft too: nobody is told that it exists."""
        found = self._snapshots.get(slug)
        if found is None or not found.visible:
            raise PetitionNotFound()
        return found

    def any_petition(self, slug: str) -> Petition:
        """Drafts as well: whoever signed before it was taken back keeps their link."""
        return self._snapshots[slug].petition

    def all_petitions(self) -> tuple[Petition, ...]:
        """Drafts as well, by slug: for organizers."""
        return tuple(self._snapshots[slug].petition for slug in sorted(self._snapshots))

    def any_counts(self, slug: str) -> Counts:
        return self._snapshots[slug].counts

    def visible(self) -> list[Snapshot]:
        return [snapshot for snapshot in self._snapshots.values() if snapshot.visible]

    async def start(self) -> None:
        await self.poll()
        self._task = asyncio.create_task(self._run())

    async def poll(self) -> None:
        """One statement; a second look only where a petition's texts changed or a milestone was passed. One at a time:
        an older look never undoes a newer."""
        async with self._turn:
            await self._poll()

    async def _poll(self) -> None:
        async with self._database.read() as connection:
            now = self._clock()
            fresh: dict[str, Snapshot] = {}
            for head in await counts.heads(connection):
                known = self._snapshots.get(head.slug)
                if known is not None and known.petition.revision == head.revision:
                    petition = known.petition
                else:
                    found = await petitions.petition(connection, head.slug)
                    if found is None:
                        continue
                    petition = found
                phase = petition.phase(now)
                version = f"{head.revision}-{head.tally.size}-{phase}"
                made_of = (head.checkpoint, head.witnesses, head.sample)
                if known is not None and known.version == version and known.made_of == made_of:
                    fresh[head.slug] = known
                elif known is not None and known.version == version and known.made_of[0] == head.checkpoint:
                    # The same count and checkpoint: streams need not hear of it.
                    fresh[head.slug] = replace(known, **_texts(head))
                else:
                    tallied = counts.counts_of(petition, head.tally, now.replace(microsecond=0))
                    reached = known.reached if known is not None and known.petition is petition else ()
                    if len(reached) != head.milestones:
                        reached = tuple((await timeline.milestones_reached(connection, petition.id)).items())
                    fresh[head.slug] = Snapshot(
                        petition,
                        tallied,
                        phase,
                        version,
                        public(tallied),
                        vkey=_vkey(head),
                        reached=reached,
                        **_texts(head),
                    )
        if any(self._snapshots.get(slug) is not snapshot for slug, snapshot in fresh.items()) or len(fresh) != len(
            self._snapshots
        ):
            self._snapshots, self.edition = fresh, object()
            self._changed.set()
            self._changed = asyncio.Event()

    async def _run(self) -> None:
        while not self._closing:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.poll()
            except Unavailable:
                # The last number stays, with its own "as of"; readiness says that the database is away.
                continue
            except Exception as wrong:
                logger.error("the poll failed: %s", type(wrong).__name__)

    async def changes(self, slug: str) -> AsyncIterator[Snapshot | None]:
        """The snapshot at once, then each new one; None when nothing changed for a while."""
        last: Snapshot | None = None
        while not self._closing:
            changed = self._changed
            snapshot = self._snapshots.get(slug)
            if snapshot is None or not snapshot.visible:
                return
            if last is None or snapshot.counts is not last.counts:
                last = snapshot
                yield snapshot
            try:
                await asyncio.wait_for(changed.wait(), SILENCE_SECONDS)
            except TimeoutError:
                yield None

    def close(self) -> None:
        """Ends every stream: an open one would keep the server from stopping."""
        self._closing = True
        self._changed.set()

    async def stop(self) -> None:
        self.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])


def _texts(head: Head) -> dict[str, Any]:
    asked = [Asked.of(row) for row in head.witnesses]
    return {
        "checkpoint": witnessed.with_lines(head.checkpoint, asked),
        "witnessed": witnessed.largest(asked),
        "witnesses": witnessed.standing(asked),
        "made_of": (head.checkpoint, head.witnesses, head.sample),
        "sample": Result(**head.sample) if head.sample else None,
    }


def _vkey(head: Head) -> str:
    return f"{Verifier(head.origin, head.public_key)}\n" if head.public_key and head.origin else ""


def public(counted: Counts) -> bytes:
    """The counts object of contract, section 5."""
    return msgspec.json.encode(
        {
            "petition": counted.petition,
            "goal": counted.goal,
            "total": counted.total,
            "verified": counted.verified,
            "awaiting_verification": counted.awaiting_verification,
            "by_category": [
                {"category": c.category, "total": c.total, "verified": c.verified} for c in counted.by_category
            ],
            "by_method": dict(counted.by_method),
            "removed": dict(counted.removed),
            "ledger_size": counted.ledger_size,
            "as_of": counted.as_of,
        }
    )
