"""An index of records in which duplicates are found: all at once, or those of one newcomer.

    index = Index(places())
    index.extend(records)               # read once, in any order
    for batch in index.pairs(): …       # all likely pairs, batch by batch
    index.candidates(newcomer)          # against all others, without a rescan
    index.add(newcomer)

Rows are numbered in the order they were added. The same records in the same order give the same answers, on any
machine; in another order the same pairs, as long as no block was too large to be compared whole (`left_out`). Whoever
has a list whose order means nothing puts them in an order of their own first (`arrange`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from petition.domain.duplicates.evidence import FEATURES, address_fits, compare, compare_fields, compare_names, nameless
from petition.domain.duplicates.keys import KINDS, Keys, Kind, Rows, keyed, neighbours
from petition.domain.duplicates.likeness import Likenesses
from petition.domain.duplicates.people import People
from petition.domain.duplicates.places import Places
from petition.domain.duplicates.records import Record
from petition.domain.duplicates.weights import INTERCEPT, WEIGHTS

Floats = NDArray[np.float32]

AT_ONCE: Final = 1 << 17
# Pairs whose every other evidence is an address or a number: they teach what stands for the same organisation.
_TEACHERS: Final = ("mail", "phone", "national id")
_SURE: Final = 3.0
# Sure pairs for each record in the sets the weights come from, and how far another rate may move the log-odds.
_SURE_RATE: Final = 0.042
_SHIFT_MOST: Final = 2.0
_TAIL: Final = 2000  # newcomers that are looked up one by one before they are sorted in
_BLOCK: Final = 200  # rows of one block that a newcomer is compared with
_NAMES_MORE: Final = np.float32(2.0)  # what a name may weigh beside another more than beside itself
_VECTOR: Final = np.array([WEIGHTS.get(name, 0.0) for name in FEATURES], np.float32)


class Pairs(NamedTuple):
    """Rows of the earlier and the later record, and the probability that they are one person."""

    one: Rows
    other: Rows
    probability: Floats


class Candidate(NamedTuple):
    row: int
    probability: float


# From which probability two records are better called one person than two: half of the F1 that can be reached is where
# it is greatest. It is the same for every size: a probability itself falls as a set grows, since a namesake becomes
# likelier.
THRESHOLD: Final = 0.42
SURE: Final = 0.983  # from here on a pair may be proposed without a look at each: 99 of 100 are right


def shift_of(sure: int, size: int) -> float:
    """What is added to all log-odds of a set that is fuller of sure duplicates than those the weights come from.

    Never taken away: a set whose duplicates are hidden well has few sure ones and no fewer duplicates.
    """
    usual = _SURE_RATE * size + 10
    return float(np.clip(np.log(max(sure, 1) / usual), 0, _SHIFT_MOST))


def no_progress(_done: float) -> None:
    """Nobody watches."""


class Index:
    """`left_out`: pairs that shared a key and were not compared for it, since too many others did."""

    def __init__(self, places: Iterable[str] = ()) -> None:
        self.people = People(Places(places))
        self.likenesses = Likenesses(self.people.phrases)
        self.left_out = 0
        self.shift = 0.0
        self._sorted: dict[str, tuple[Keys, NDArray[np.uint32]]] = {}
        self._tail: dict[str, dict[int, list[int]]] = {kind.name: defaultdict(list) for kind in KINDS}
        self._indexed = 0
        self._sorted_size = 0

    @property
    def size(self) -> int:
        return self.people.size

    def add(self, record: Record) -> int:
        """The record's row."""
        return self.extend([record])[0]

    def extend(self, records: Iterable[Record]) -> range:
        return self.people.extend(records)

    def arrange(self, order: Sequence[int]) -> None:
        """Number the rows anew, the one that is `order[0]` first. Nothing may have been compared yet."""
        self.people.arrange(np.asarray(order, np.int64))

    def probability(self, one: Rows, other: Rows) -> Floats:
        return _probability(self._log_odds(one, other) + np.float32(self.shift))

    def _log_odds(self, one: Rows, other: Rows) -> Floats:
        return _weighed(compare(self.people, self.likenesses, one, other))

    def _likely_log_odds(self, one: Rows, other: Rows, own: Floats, least: float) -> tuple[Rows, Floats]:
        """Which of the pairs may reach `least`, and their log-odds.

        A name weighs little more beside any other than beside itself: where all else is too far apart for even that,
        names are not compared. So seven of ten pairs that share a key are done with at a quarter of the cost.
        """
        found = compare_fields(self.people, self.likenesses, one, other)
        most = _weighed(found) + np.minimum(own[one], own[other]) + _NAMES_MORE
        kept = np.flatnonzero(
            (most >= least) | address_fits(self.people, one, other) | nameless(self.people, one, other)
        )
        found = found[:, kept]
        compare_names(self.people, one[kept], other[kept], found)
        return kept, _weighed(found)

    def _own(self) -> Floats:
        """What each record's name weighs beside itself."""
        own = np.empty(self.size, np.float32)
        for start in range(0, self.size, AT_ONCE):
            rows = np.arange(start, min(self.size, start + AT_ONCE))
            found = np.zeros((len(FEATURES), len(rows)), np.float32)
            compare_names(self.people, rows, rows, found)
            own[rows] = _weighed(found) - np.float32(INTERCEPT)
        return own

    def pairs(self, least: float = 0.05, progress: Callable[[float], None] = no_progress) -> Iterator[Pairs]:
        """All pairs of probability `least` or more, in batches, each pair once. `progress` is told the share done."""
        codes = self._chosen(progress)
        self._learn(codes)
        size, own = self.size, self._own()
        log_least = np.log(max(1e-9, least) / (1 - min(least, 1 - 1e-9))) - _SHIFT_MOST
        self.shift, sure, likely = 0.0, 0, []
        for start in range(0, len(codes), AT_ONCE):
            some = codes[start : start + AT_ONCE]
            hopeful, log_odds = self._likely_log_odds(*np.divmod(some, size), own, log_least)
            sure += int((log_odds >= _SURE).sum())
            kept = np.flatnonzero(log_odds >= log_least)
            likely.append((some[hopeful[kept]], log_odds[kept]))
            progress(0.2 + 0.8 * min(1.0, (start + AT_ONCE) / len(codes)))
        self.shift = shift_of(sure, size)
        for some, log_odds in likely:
            probability = _probability(log_odds + np.float32(self.shift))
            kept = np.flatnonzero(probability >= least)
            one, other = np.divmod(some[kept], size)
            yield Pairs(one, other, probability[kept])

    def _chosen(self, progress: Callable[[float], None]) -> NDArray[np.int64]:
        """Every pair that shares a key, as one*size + other, in order."""
        self.left_out = 0
        found = [self._chosen_by(kind, progress, at) for at, kind in enumerate(KINDS)]
        codes = np.concatenate(found) if found else np.zeros(0, np.int64)
        codes.sort()
        return codes[np.r_[True, codes[1:] != codes[:-1]]] if len(codes) else codes

    def _chosen_by(self, kind: Kind, progress: Callable[[float], None], at: int = 0) -> NDArray[np.int64]:
        keys, owners = keyed(kind, self.people, slice(0, self.size))
        one, other, left_out = neighbours(keys, owners, kind.most, kind.small)
        self.left_out += left_out
        progress(0.2 * (at + 1) / len(KINDS))
        differ = one != other
        if kind.only:
            differ &= kind.only(self.people, one, other)
        one, other = one[differ], other[differ]
        codes: NDArray[np.int64] = np.minimum(one, other) * self.size + np.maximum(one, other)
        return codes

    def _learn(self, codes: NDArray[np.int64]) -> None:
        """From pairs that address or number make sure: which organisations' names stand for the same."""
        before = self.left_out
        some = [self._chosen_by(kind, no_progress) for kind in KINDS if kind.name in _TEACHERS]
        self.left_out = before
        one, other = np.divmod(np.unique(np.concatenate(some)), self.size)
        if not len(one):
            return
        features = compare(self.people, self.likenesses, one, other)
        for name in ("affiliation", "city"):
            blind = _VECTOR.copy()
            blind[[at for at, feature in enumerate(FEATURES) if feature.startswith(name)]] = 0
            sure = np.flatnonzero(blind @ features + INTERCEPT > _SURE)
            column = self.people[name]
            self.likenesses.learn(name, column[one[sure]], column[other[sure]])

    def candidates(self, record: Record, least: float = 0.05) -> list[Candidate]:
        """Who the record may be a duplicate of, the likeliest first. The record itself is not kept."""
        self._sort_in()
        row = self.people.extend([record])[0]
        try:
            return self._likely(row, least)
        finally:
            self.people.shrink(row)

    def candidates_of(self, row: int, least: float = 0.05) -> list[Candidate]:
        """The same for a record that is kept."""
        self._sort_in()
        return self._likely(row, least)

    def evidence(self, one: int, other: int) -> dict[str, float]:
        """What each piece of evidence between two kept records adds to the log-odds, as far as it adds anything."""
        rows = np.array([min(one, other)]), np.array([max(one, other)])
        weighed = compare(self.people, self.likenesses, *rows)[:, 0] * _VECTOR
        return {name: float(value) for name, value in zip(FEATURES, weighed, strict=True) if value}

    def _likely(self, row: int, least: float) -> list[Candidate]:
        rows = self._sharing(row)
        here = np.full(len(rows), row, np.int64)
        probability = self.probability(np.minimum(here, rows), np.maximum(here, rows))
        order = np.lexsort((rows, -probability))
        return [Candidate(int(rows[k]), float(probability[k])) for k in order if probability[k] >= least]

    def _sharing(self, row: int) -> Rows:
        """Rows that share a key with this one."""
        found: set[int] = set()
        for kind in KINDS:
            keys, _ = keyed(kind, self.people, slice(row, row + 1))
            sorted_keys, owners = self._sorted[kind.name]
            most = kind.most + 1 if kind.small else _BLOCK
            for key in keys:
                first = int(np.searchsorted(sorted_keys, key))
                last = int(np.searchsorted(sorted_keys, key, "right"))
                newer = self._tail[kind.name].get(int(key), [])
                if kind.small and last - first + len(newer) > most:
                    continue
                found.update(owners[first : min(last, first + most)].tolist(), newer[-most:])
        rows: Rows = np.array(sorted(found - {row}), np.int64)
        return rows

    def _sort_in(self) -> None:
        """Keys of rows that came since, in a table of their own while they are few."""
        new = self.size - self._indexed
        if not new and self._sorted:
            return
        if self._sorted and self.size - self._sorted_size < _TAIL:
            for kind in KINDS:
                keys, owners = keyed(kind, self.people, slice(self._indexed, self.size))
                for key, owner in zip(keys.tolist(), owners.tolist(), strict=True):
                    self._tail[kind.name][key].append(owner)
        else:
            for kind in KINDS:
                keys, owners = keyed(kind, self.people, slice(0, self.size))
                order = np.lexsort((owners, keys))
                self._sorted[kind.name] = keys[order], owners[order].astype(np.uint32)
                self._tail[kind.name].clear()
            self._sorted_size = self.size
        self._indexed = self.size


def _weighed(features: Floats) -> Floats:
    """The log-odds. Not by a product of matrices: that wakes a thread on each core for a millisecond's work."""
    log_odds: Floats = np.einsum("fp,f->p", features, _VECTOR) + np.float32(INTERCEPT)
    return log_odds


def _probability(log_odds: Floats) -> Floats:
    return (1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))).astype(np.float32)
