"""What is known of a ledger's witnesses, as it lies in one column, and what of it is served. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from petition.domain import checkpoint, cosignature
from petition.domain.checkpoint import Malformed
from petition.domain.cosignature import Witness

# Why a witness did not cosign: a word each, for operators.
AWAY, FAILS, REFUSED, WRONG, CLOCK = "away", "fails", "refused", "wrong", "clock"
CONTRADICTS, AHEAD = "contradicts", "ahead"
GRAVE = (CONTRADICTS, AHEAD)


@dataclass(frozen=True, slots=True)
class Asked:
    """One witness of one ledger. `note` and `line`: the last checkpoint it cosigned, and how; `trouble`: why not since.

    `at`: when it says that it cosigned, in seconds since 1970. `size`: of the last tree that it is known to have seen.
    """

    url: str
    vkey: str
    size: int = 0
    note: str = ""
    line: str = ""
    at: int = 0
    trouble: str = ""

    @property
    def witness(self) -> Witness:
        return Witness.read(self.vkey)

    def cosigned(self, note: str, size: int, line: str, at: int) -> Asked:
        return replace(self, note=note, size=size, line=line, at=at, trouble="")

    def row(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, row: dict[str, Any]) -> Asked:
        return cls(**row)


@dataclass(frozen=True, slots=True)
class Standing:
    """For people: a witness that has cosigned. `size`: how many of the entries; `at`: when, by its own clock."""

    name: str
    size: int
    at: datetime


def standing(asked: Sequence[Asked]) -> tuple[Standing, ...]:
    """Those that have ever cosigned, in the order of their names."""
    found = [Standing(a.witness.name, a.size, datetime.fromtimestamp(a.at, UTC)) for a in asked if a.line]
    return tuple(sorted(found, key=lambda each: each.name))


def with_lines(note: str, asked: Sequence[Asked]) -> str:
    """A checkpoint with the cosignatures that were given to just this tree."""
    if not note:
        return note
    text, _ = checkpoint.read_note(note)
    return note + "".join(sorted(a.line for a in asked if a.line and _holds(text, a)))


def _holds(text: str, asked: Asked) -> bool:
    try:
        cosignature.verified(f"{text}\n{asked.line}", asked.witness)
    except Malformed:
        return False
    return True


def largest(asked: Sequence[Asked]) -> str:
    """The largest checkpoint that any witness cosigned, with all cosignatures of it; empty where there is none."""
    best = max((a for a in asked if a.note), key=lambda a: a.size, default=None)
    return "" if best is None else with_lines(best.note, asked)
