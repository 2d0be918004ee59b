"""Which signatures are probably one person's: the engine over opened records, for as long as a session has them open.

A first reading compares all with all, in blocks; whoever signs later is compared with all others alone.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from petition.domain import sealing
from petition.domain.actors import Scope
from petition.domain.duplicates.clusters import clusters
from petition.domain.duplicates.index import THRESHOLD, Index
from petition.domain.duplicates.reasons import Reason, reasons
from petition.domain.duplicates.records import record_of
from petition.domain.sealing import Ring
from petition.places import places
from petition.queries import queue
from petition.web.console.unlocked import Made, Unlocked

AT_ONCE: Final = 500
LEAST: Final = 0.2  # a pair less likely than this says nothing about a cluster either
MANY: Final = 500  # newcomers, from which on all are compared anew: a list was taken in

Pair = tuple[bytes, bytes]


class Cluster(NamedTuple):
    """Signatures of one person, probably; `probability` is that of its surest pair."""

    members: tuple[bytes, ...]
    probability: float


@dataclass(slots=True)
class Resemblances(Made):
    """`ids`: by the engine's row. `pairs`: probabilities by signature, lesser id first. `left_out` is the engine's."""

    engine: Index = field(default_factory=lambda: Index(places()))
    ids: list[bytes] = field(default_factory=list)
    rows: dict[bytes, int] = field(default_factory=dict)
    pairs: dict[Pair, float] = field(default_factory=dict)
    left_out: int = 0

    def empty(self) -> None:
        self.engine = Index()
        self.ids, self.rows, self.pairs = [], {}, {}

    def members(self) -> set[bytes]:
        """Whoever is in a pair."""
        return {member for pair in self.pairs for member in pair}

    def clusters(
        self, standing: Collection[bytes], apart: Iterable[Pair], least: float = THRESHOLD
    ) -> tuple[Cluster, ...]:
        """Of those that stand, the likeliest first; `apart` keeps asunder what was told apart."""
        known = {pair: p for pair, p in self.pairs.items() if pair[0] in standing and pair[1] in standing}
        rows = self.rows
        there = [pair for pair in apart if pair[0] in rows and pair[1] in rows]
        found = clusters(
            ((rows[one], rows[other], p) for (one, other), p in known.items()),
            max(least, LEAST),
            ((rows[one], rows[other]) for one, other in there),
        )
        answer = []
        for cluster in found:
            members = sorted(self.ids[row] for row in cluster)
            chance = max(known.get((a, b), 0.0) for at, a in enumerate(members) for b in members[at + 1 :])
            answer.append(Cluster(tuple(members), chance))
        return tuple(sorted(answer, key=lambda cluster: (-cluster.probability, cluster.members)))

    def reasons(self, one: bytes, other: bytes, opened: Mapping[bytes, Mapping[str, Any]]) -> list[Reason]:
        """Why these two may be one; empty where one has not been read yet."""
        if one not in self.rows or other not in self.rows:
            return []
        first, second = record_of(opened[one]), record_of(opened[other])
        return reasons(self.engine, self.rows[one], self.rows[other], first, second)


class Likenesses(Unlocked[Resemblances]):
    """The resemblances within one petition, for each session."""

    def _new(self) -> Resemblances:
        return Resemblances()

    async def _bring_up(self, made: Resemblances, petition_id: bytes, ring: Ring) -> None:
        async with self._database.read() as connection:
            counting = await queue.counting(connection, petition_id, Scope(None))
        new = [signature for signature in counting if signature not in made.rows]
        first = not made.rows or len(new) > MANY
        for start in range(0, len(new), AT_ONCE):
            some = new[start : start + AT_ONCE]
            async with self._database.read() as connection:
                sealed = await queue.sealed_of(connection, petition_id, some)
            await asyncio.to_thread(_add, made, sealed, ring, petition_id, not first)
        if first and new:
            await asyncio.to_thread(_compare, made)


def _add(made: Resemblances, sealed: list[tuple[bytes, bytes]], ring: Ring, petition_id: bytes, compared: bool) -> None:
    """A record that does not open resembles nothing."""
    opener, pairs = sealing.Opener(ring, petition_id), dict(made.pairs)
    for signature, text in sealed:
        try:
            record = record_of(opener.record(text))
        except sealing.Unreadable:
            continue
        row = made.engine.add(record)
        made.ids.append(signature)
        made.rows[signature] = row
        for found in made.engine.candidates_of(row, LEAST) if compared else ():
            pairs[_pair(signature, made.ids[found.row])] = found.probability
    made.pairs = pairs


def _compare(made: Resemblances) -> None:
    pairs: dict[Pair, float] = {}
    for batch in made.engine.pairs(LEAST):
        for one, other, probability in zip(*(column.tolist() for column in batch), strict=True):
            pairs[_pair(made.ids[one], made.ids[other])] = probability
    made.pairs, made.left_out = pairs, made.engine.left_out


def _pair(one: bytes, other: bytes) -> Pair:
    return (one, other) if one < other else (other, one)
