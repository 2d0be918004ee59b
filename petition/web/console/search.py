"""Free text over sealed records: an index in memory, for as long as the session that could open them lives.

Built in the background by whichever process is asked, from the petition's key of that session; forgotten when the
session signs out, has been idle for its half hour, or the server stops. Nothing of it touches a disk.
"""

import asyncio
import logging
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from petition.actions.sessions import IDLE
from petition.db.database import Database
from petition.domain import folding, sealing
from petition.domain.rules import Rule
from petition.domain.sealing import Ring
from petition.errors import Unavailable
from petition.queries import petitions, queue

logger = logging.getLogger("petition.web")

BATCH = 1_000
FIELDS = ("email", "affiliation", "city")
SOON = 10.0


@dataclass(frozen=True, slots=True)
class Words:
    """What can be looked for in one record: all its words folded, the name first; its mail domain and country."""

    text: str
    name_end: int
    domain: str
    country: str
    day: date

    @property
    def name(self) -> str:
        return self.text[: self.name_end]


@dataclass(slots=True)
class Index:
    """`texts`: by signature. `whole`: everything that there was has been read."""

    texts: dict[bytes, Words] = field(default_factory=dict)
    whole: bool = False
    looked_at: float = 0.0
    used_at: float = 0.0
    task: asyncio.Task[None] | None = None

    def find(self, typed: str) -> list[bytes]:
        """In the order of their ids: the order of the list."""
        found = [(key, its.text) for key, its in self.texts.items()]
        for word in folding.words(typed):
            found = [pair for pair in found if word in pair[1]]
        return sorted(key for key, _ in found)

    def fitting(self, rule: Rule) -> frozenset[bytes]:
        """Those whose records meet what the rule says of them."""
        test = rule.test()
        return frozenset(key for key, its in self.texts.items() if test(its.name, its.domain, its.country))

    def domains(self) -> dict[str, Counter[date]]:
        """How many signed on each day, by mail domain."""
        found: dict[str, Counter[date]] = {}
        for its in list(self.texts.values()):
            found.setdefault(its.domain, Counter())[its.day] += 1
        return found


class Searches:
    """One index for each session and petition."""

    def __init__(self, database: Database, monotonic: Callable[[], float]) -> None:
        self._database, self._monotonic = database, monotonic
        self._held: dict[tuple[bytes, bytes], Index] = {}

    def index(self, session_id: bytes, petition_id: bytes, ring: Ring) -> Index:
        """The session's index; its building, or bringing up to date, goes on in the background."""
        now = self._monotonic()
        self._sweep(now)
        index = self._held.setdefault((session_id, petition_id), Index())
        index.used_at = now
        if index.task is None and (not index.whole or now - index.looked_at > SOON):
            index.task = asyncio.create_task(self._read(index, petition_id, ring))
        return index

    async def ready(self, index: Index, seconds: float) -> None:
        """Waits a moment for it: a small petition is searched whole at the first question."""
        if index.task is not None:
            await asyncio.wait([index.task], timeout=seconds)

    def forget(self, session_id: bytes) -> None:
        for held in [held for held in self._held if held[0] == session_id]:
            self._drop(held)

    def keep_only(self, session_id: bytes) -> None:
        for held in [held for held in self._held if held[0] != session_id]:
            self._drop(held)

    def close(self) -> None:
        for held in list(self._held):
            self._drop(held)

    def _sweep(self, now: float) -> None:
        for held in [held for held, index in self._held.items() if now - index.used_at > IDLE]:
            self._drop(held)

    def _drop(self, held: tuple[bytes, bytes]) -> None:
        index = self._held.pop(held)
        index.texts.clear()
        if index.task is not None:
            index.task.cancel()

    async def _read(self, index: Index, petition_id: bytes, ring: Ring) -> None:
        after: bytes | None = None
        there: set[bytes] = set()
        try:
            while True:
                async with self._database.read() as connection:
                    rows = await queue.sealed(connection, petition_id, after=after, limit=BATCH)
                new = [row for row in rows if row[0] not in index.texts]
                index.texts.update(await asyncio.to_thread(_opened, new, ring, petition_id))
                there.update(row[0] for row in rows)
                if len(rows) < BATCH:
                    break
                after = rows[-1][0]
            for gone in index.texts.keys() - there:
                # Erased meanwhile: it must not be found by a name that is no longer there.
                del index.texts[gone]
            async with self._database.read() as connection:
                present = (await petitions.public_keys(connection, [petition_id])).get(petition_id)
            # A key that was changed meanwhile opened only a part: the next question brings the new one.
            index.whole, index.looked_at = present == sealing.public_half(ring[0]), self._monotonic()
        except Unavailable:
            logger.warning("the search index could not be read; it is tried again at the next search")
        finally:
            index.task = None
        asyncio.get_running_loop().call_later(IDLE + 1, lambda: self._sweep(self._monotonic()))


def _opened(rows: list[tuple[bytes, bytes, date]], ring: Ring, petition_id: bytes) -> dict[bytes, Words]:
    """One at a time; a record that does not open is found by nothing."""
    found, opener = {}, sealing.Opener(ring, petition_id)
    for signature_id, sealed, day in rows:
        try:
            record = opener.record(sealed)
        except sealing.Unreadable:
            continue
        name = folding.fold(record["full_name"])
        text = " ".join((name, folding.fold(" ".join(record[field] or "" for field in FIELDS))))
        domain = sys.intern(record["email"].rpartition("@")[2].lower())
        found[signature_id] = Words(text, len(name), domain, sys.intern(record["country"] or ""), day)
    return found
