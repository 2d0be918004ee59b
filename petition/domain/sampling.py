"""A sample audit: who is drawn, what an auditor is given, and what its result says of all. Pure.

    drawn   of the lines that count at a checkpoint, the n with the smallest SHA-256 of
            "petition/sample/1\n" SLUG "\n" SEED "\n" INDEX, in the order of their indexes
    given   each line's record and the secret of its `bind`, so that nobody can show another person's
    bound   how many false ones of all would have come up in the sample with 95 % probability

The seed must be something that nobody knew when the checkpoint was published.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from math import exp, lgamma
from typing import Any

from petition.domain import sealing
from petition.domain.checkpoint import Malformed

WHAT = "petition sample 1"
CONFIDENCE = 0.95
GONE, CLOSED = "gone", "closed"  # why a record is missing: erased or removed since; does not open with this key


def draw(petition: str, seed: str, lines: Collection[int], number: int) -> list[int]:
    """The indexes of the drawn lines; all of them where there are fewer than `number`."""
    head = f"petition/sample/1\n{petition}\n{seed}\n".encode()

    def ticket(index: int) -> bytes:
        return hashlib.sha256(head + str(index).encode()).digest()

    return sorted(heapq.nsmallest(number, lines, key=ticket))


def bound(population: int, number: int, false: int) -> int:
    """The smallest K such that K false ones of `population` would have shown more than `false` of them among `number`
    with at least 95 % probability: with that confidence there are fewer than K. (Hypergeometric; exact.)"""
    low, high = false, population + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _at_most(false, population, middle, number) <= 1 - CONFIDENCE:
            high = middle
        else:
            low = middle
    return high


def _at_most(false: int, population: int, bad: int, number: int) -> float:
    """P(at most `false` bad ones in a draw of `number` of a population that holds `bad`)."""
    from_ = max(0, number - (population - bad))
    logs = [
        _choose(bad, k) + _choose(population - bad, number - k) - _choose(population, number)
        for k in range(from_, min(false, bad, number) + 1)
    ]
    return sum(exp(log) for log in logs)


def _choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


@dataclass(frozen=True, slots=True)
class Given:
    """What an auditor is given. `rows`: (record, secret) by index, or why there is none."""

    petition: str
    seed: str
    number: int
    checkpoint: str
    rows: Mapping[int, tuple[dict[str, Any], bytes] | str]

    def __str__(self) -> str:
        rows = [
            {"index": index, "missing": row}
            if isinstance(row, str)
            else {"index": index, "record": row[0], "secret": b64encode(row[1]).decode()}
            for index, row in sorted(self.rows.items())
        ]
        told = {"what": WHAT, "petition": self.petition, "seed": self.seed, "number": self.number}
        return json.dumps({**told, "checkpoint": self.checkpoint, "rows": rows}, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def read(cls, text: str) -> Given:
        """`Malformed` for anything that `str` would not write; nothing is verified yet."""
        try:
            told = json.loads(text)
            rows = {int(row["index"]): _row(row) for row in told["rows"]}
            read = cls(told["petition"], told["seed"], told["number"], told["checkpoint"], rows)
            texts = all(isinstance(each, str) for each in (read.petition, read.seed, read.checkpoint))
            sound = told["what"] == WHAT and texts and len(rows) == len(told["rows"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            sound = False
        if not sound or type(read.number) is not int or read.number < 1:
            raise Malformed("this is not a whole sample")
        return read


def _row(row: Any) -> tuple[dict[str, Any], bytes] | str:
    if "missing" in row:
        return str(row["missing"])
    record: dict[str, Any] = dict(row["record"])
    return record, b64decode(row["secret"], validate=True)


def swapped(given: Given, bodies: Mapping[int, bytes]) -> list[int]:
    """The lines whose record is not the one that they were made of. `bodies`: the ledger's entries by index."""
    wrong = []
    for index, row in given.rows.items():
        if not isinstance(row, str):
            record, secret = row
            made = b64encode(sealing.bind(secret, sealing.canonical(record))).decode()
            if len(secret) != 32 or index not in bodies or json.loads(bodies[index]).get("bind") != made:
                wrong.append(index)
    return sorted(wrong)


@dataclass(frozen=True, slots=True)
class Result:
    """As it is published. `false`: those who could not be confirmed, the missing among them; `day`: ISO."""

    by: str
    day: str
    seed: str
    size: int
    population: int
    number: int
    false: int

    @property
    def bound(self) -> int:
        return bound(self.population, self.number, self.false)

    @property
    def on(self) -> date:
        return date.fromisoformat(self.day)

    def row(self) -> dict[str, Any]:
        return asdict(self)


def missing(rows: Sequence[object]) -> int:
    return sum(isinstance(row, str) for row in rows)
