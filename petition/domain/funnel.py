"""How far those who signed have come: attempted, mailed, confirmed, verified, removed. Pure sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from petition.domain import states

STEPS = ("attempted", "mailed", "confirmed", "verified", "removed")


@dataclass(frozen=True, slots=True)
class Cell:
    """So many signatures (`number`) that have all this in common; `sealed`: how many of them have a record still."""

    signed_on: date
    counted_on: date | None
    category: str
    method: str
    state: str
    awaiting: bool
    verified: bool
    number: int
    sealed: int


@dataclass(frozen=True, slots=True)
class MailCell:
    """What became of mails on one day: `sent` to those who signed, `failed` for good."""

    day: date
    category: str
    method: str
    sent: int
    failed: int


@dataclass(frozen=True, slots=True)
class DayCell:
    """What the fold saw on one day, of the whole petition."""

    day: date
    removed: int
    verified: int


@dataclass(slots=True)
class Steps:
    """`confirmed`: ever counted; `removed`: of those, no longer; `verified`: of those that count, vouched for."""

    attempted: int = 0
    mailed: int = 0
    confirmed: int = 0
    verified: int = 0
    removed: int = 0

    def of(self, step: str) -> int:
        number: int = getattr(self, step)
        return number


@dataclass(slots=True)
class Funnel:
    """`by_day` holds events: who signed, was mailed, confirmed, was verified, left on that day. The others say how
    those stand today who claimed this category, or came this way. `whole`: of the whole petition, else of some
    categories, of which nobody keeps verifications and removals by the day."""

    whole: bool
    total: Steps = field(default_factory=Steps)
    by_day: dict[date, Steps] = field(default_factory=dict)
    by_category: dict[str, Steps] = field(default_factory=dict)
    by_method: dict[str, Steps] = field(default_factory=dict)
    by_state: dict[str, int] = field(default_factory=lambda: dict.fromkeys(states.STATES, 0))
    awaiting: dict[str, int] = field(default_factory=dict)
    failed: dict[date, int] = field(default_factory=dict)
    sealed: int = 0

    @property
    def steps(self) -> tuple[str, ...]:
        """What is known by the day."""
        return STEPS if self.whole else STEPS[:3]

    @property
    def waiting(self) -> int:
        return sum(self.awaiting.values())

    def day(self, day: date) -> Steps:
        return self.by_day.setdefault(day, Steps())

    def groups(self, category: str, method: str) -> tuple[Steps, Steps, Steps]:
        return (
            self.total,
            self.by_category.setdefault(category, Steps()),
            self.by_method.setdefault(method, Steps()),
        )


def of(
    cells: Iterable[Cell], mails: Iterable[MailCell], days: Iterable[DayCell], categories: frozenset[str] | None
) -> Funnel:
    """`categories`: the claims that may be seen; None for all."""
    funnel = Funnel(categories is None)
    for cell in cells:
        if categories is None or cell.category in categories:
            _put(funnel, cell)
    for mail in mails:
        if categories is None or mail.category in categories:
            funnel.day(mail.day).mailed += mail.sent
            for group in funnel.groups(mail.category, mail.method):
                group.mailed += mail.sent
            if mail.failed:
                funnel.failed[mail.day] = funnel.failed.get(mail.day, 0) + mail.failed
    for day in days if categories is None else ():
        funnel.day(day.day).verified += day.verified
        funnel.day(day.day).removed += day.removed
    return funnel


def _put(funnel: Funnel, cell: Cell) -> None:
    counted = cell.number if cell.counted_on is not None else 0
    stands = cell.state == states.CONFIRMED
    funnel.day(cell.signed_on).attempted += cell.number
    if cell.counted_on is not None:
        funnel.day(cell.counted_on).confirmed += cell.number
    for group in funnel.groups(cell.category, cell.method):
        group.attempted += cell.number
        group.confirmed += counted
        group.verified += cell.number if stands and cell.verified else 0
        group.removed += 0 if stands else counted
    funnel.by_state[cell.state] += cell.number
    funnel.sealed += cell.sealed
    if stands and cell.awaiting:
        funnel.awaiting[cell.category] = funnel.awaiting.get(cell.category, 0) + cell.number


def series(funnel: Funnel, step: str) -> Mapping[date, int]:
    """One step by the day, from the first day of all to the last; below nought only where more came back than left."""
    return {day: steps.of(step) for day, steps in sorted(funnel.by_day.items())}
