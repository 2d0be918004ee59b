"""Free text over sealed records: an index in memory, for as long as the session that could open them lives."""

import asyncio
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from petition.domain import folding, sealing
from petition.domain.rules import Rule
from petition.domain.sealing import Ring
from petition.queries import queue
from petition.web.console.unlocked import Made, Unlocked

BATCH = 1_000
FIELDS = ("email", "affiliation", "city")


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
class Index(Made):
    """`texts`: by signature."""

    texts: dict[bytes, Words] = field(default_factory=dict)

    def empty(self) -> None:
        self.texts.clear()

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


class Searches(Unlocked[Index]):
    """One index for each session and petition."""

    def _new(self) -> Index:
        return Index()

    async def _bring_up(self, made: Index, petition_id: bytes, ring: Ring) -> None:
        after: bytes | None = None
        there: set[bytes] = set()
        while True:
            async with self._database.read() as connection:
                rows = await queue.sealed(connection, petition_id, after=after, limit=BATCH)
            new = [row for row in rows if row[0] not in made.texts]
            made.texts.update(await asyncio.to_thread(_opened, new, ring, petition_id))
            there.update(row[0] for row in rows)
            if len(rows) < BATCH:
                break
            after = rows[-1][0]
        for gone in made.texts.keys() - there:
            # Erased meanwhile: it must not be found by a name that is no longer there.
            del made.texts[gone]


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
