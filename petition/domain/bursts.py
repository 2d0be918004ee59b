"""Which day stands out among the days before it. Pure; days alone, as nothing finer is known of a signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

LEAST = 30
TIMES = 4
LOOK_BACK = timedelta(days=7)
COMPARED = 14
# A petition's first days have nothing to be compared with: every one of them would stand out.
HISTORY = 3


@dataclass(frozen=True, slots=True)
class Unusual:
    """`number` signed on `day`; on the fortnight's days before it, half the time no more than `usual` did."""

    day: date
    number: int
    usual: int


def unusual(by_day: Mapping[date, int], today: date, *, begun: date) -> Unusual | None:
    """The latest day of the last week with at least `LEAST` and over `TIMES` as many as is usual, if there is one.

    `begun`: the petition's first day.
    """
    for back in range(LOOK_BACK.days):
        day = today - timedelta(days=back)
        number = by_day.get(day, 0)
        known = min((day - begun).days, COMPARED)
        if number < LEAST or known < HISTORY:
            continue
        usual = int(median(by_day.get(day - timedelta(days=n), 0) for n in range(1, known + 1)))
        if number > TIMES * usual:
            return Unusual(day, number, usual)
    return None
