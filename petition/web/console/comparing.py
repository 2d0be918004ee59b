"""Whom the rows of a list resemble: those who count already and each other, by the engine that finds duplicates."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from petition.db.database import Database
from petition.domain import sealing
from petition.domain.actors import Scope
from petition.domain.duplicates.index import THRESHOLD, Index
from petition.domain.duplicates.records import Record, record_of
from petition.domain.listed import Listed
from petition.domain.sealing import Ring
from petition.domain.staged import MOST_LIKELY, Likely
from petition.places import places
from petition.queries import queue

# As many at most, those who count and the rows together: more takes minutes and the memory of a server.
MOST: Final = 120_000
AT_ONCE: Final = 500


class Known(NamedTuple):
    """Who stands in the engine's row: a signature (its id), or a row of the list (its number)."""

    name: str
    signature: bytes = b""
    row: int = 0


class Comparing:
    """The signatures first, then the rows as they are read. It lives as long as one look at a list, in memory."""

    def __init__(self) -> None:
        self._engine: Index | None = Index(places())
        self._known: list[Known] = []
        self._signatures = 0

    @property
    def possible(self) -> bool:
        """As long as there are not too many."""
        return self._engine is not None

    async def read(self, database: Database, petition_id: bytes, ring: Ring) -> int:
        """Opens whoever counts; how many these are."""
        async with database.read() as connection:
            counting = await queue.counting(connection, petition_id, Scope(None))
        if len(counting) > MOST:
            self._give_up()
            return 0
        opener = sealing.Opener(ring, petition_id)
        for start in range(0, len(counting), AT_ONCE):
            async with database.read() as connection:
                some = await queue.sealed_of(connection, petition_id, counting[start : start + AT_ONCE])
            await asyncio.to_thread(self._open, some, opener)
        self._signatures = len(self._known)
        return self._signatures

    def _open(self, some: Sequence[tuple[bytes, bytes]], opener: sealing.Opener) -> None:
        assert self._engine is not None
        for signature, text in some:
            try:
                record = opener.record(text)
            except sealing.Unreadable:
                continue
            self._engine.add(record_of(record))
            self._known.append(Known(record.get("full_name", ""), signature))

    async def add(self, rows: Sequence[Listed]) -> None:
        if self._engine is not None and len(self._known) + len(rows) > MOST:
            self._give_up()
        if self._engine is not None and rows:
            self._known += [Known(each.submission.full_name, row=each.number) for each in rows]
            await asyncio.to_thread(self._engine.extend, [_record(each) for each in rows])

    def _give_up(self) -> None:
        self._engine, self._known = None, []

    async def likely(self) -> tuple[list[Likely], int]:
        """The likeliest pairs that a row of the list is in, and how many there are of them."""
        if self._engine is None or len(self._known) == self._signatures:
            return [], 0
        return await asyncio.to_thread(self._compare, self._engine)

    def _compare(self, engine: Index) -> tuple[list[Likely], int]:
        found: list[tuple[float, int, int]] = []
        for batch in engine.pairs(THRESHOLD):
            for one, other, probability in zip(*(column.tolist() for column in batch), strict=True):
                if other >= self._signatures:
                    found.append((-round(probability, 4), other, one))
        found.sort()
        return [self._told(-minus, row, other) for minus, row, other in found[:MOST_LIKELY]], len(found)

    def _told(self, probability: float, row: int, other: int) -> Likely:
        mine, theirs = self._known[row], self._known[other]
        return Likely(mine.row, mine.name, theirs.name, probability, theirs.signature.hex(), theirs.row)


def _record(listed: Listed) -> Record:
    who = listed.submission
    return Record(who.full_name, who.email.address, "", who.city, who.country, who.affiliation)
