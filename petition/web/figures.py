"""The geometry of the pictures: ruler, bars, chart. Pure numbers in, percentages out; templates draw them.

Everything lies in percent of the picture's width, so that it fits any screen undistorted and needs no style
attribute. Time and growth run in the reading direction: `across` mirrors a place where that runs the other way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from petition.domain.counts import Counts
from petition.queries.timeline import Day

_LADDER = (1, 2, 5)
_MOST_BARS = 90
_LABELS_APART = 12.0


@dataclass(frozen=True)
class Mark:
    """A tick of the ruler; `label` where there is room for its number."""

    value: int
    label: bool


@dataclass(frozen=True)
class Ruler:
    """A measure from nought to `top`: the goal, or, past the goal, the next round mark."""

    total: int
    goal: int
    top: int
    step: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Bar:
    """One day, or `days` days from it: where it stands and how tall, in percent."""

    first: date
    last: date
    counted: int
    x: float
    width: float
    height: float
    peak: bool


@dataclass(frozen=True)
class Chart:
    bars: tuple[Bar, ...]
    days_each: int
    first: date
    last: date
    peak: Bar


def across(place: float, width: float, mirrored: bool) -> str:
    """Where something `width` wide begins, in percent, as an SVG attribute."""
    return percent(100 - place - width if mirrored else place)


def percent(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") + "%"


def share(part: int, whole: int) -> float:
    return 100 * min(part, whole) / whole if whole else 0.0


def round_step(span: int, most: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, … that divides `span` into at most `most` parts."""
    power = 1
    while True:
        for rung in _LADDER:
            if rung * power * most >= span:
                return rung * power
        power *= 10


def ruler(counts: Counts, milestones: Sequence[int]) -> Ruler:
    top = counts.goal
    if counts.total > top:
        step = round_step(counts.total, 8)
        top = (counts.total // step + 1) * step
    marks: list[Mark] = []
    labelled = 0.0
    for value in sorted({m for m in milestones if 0 < m < top and m != counts.goal} | ({top} - {counts.goal})):
        at = share(value, top)
        room = at - labelled >= _LABELS_APART
        labelled = at if room else labelled
        marks.append(Mark(value, room))
    return Ruler(counts.total, counts.goal, top, round_step(top, 40), tuple(marks))


def chart(timeline: Sequence[Day]) -> Chart | None:
    """Signatures counted a day, days without any included; many days are drawn several to a bar."""
    if not timeline:
        return None
    counted = {day.day: day.counted for day in timeline}
    return columns(counted, min(counted), max(counted))


def columns(counted: Mapping[date, int], first: date, last: date) -> Chart:
    """A number a day from the first to the last; what is below nought is drawn as nothing."""
    length = (last - first).days + 1
    each = -(-length // _MOST_BARS)
    sums = [
        max(sum(counted.get(first + timedelta(start + offset), 0) for offset in range(each)), 0)
        for start in range(0, length, each)
    ]
    most = max(sums)
    slot = 100 / max(len(sums), 12)
    bars = tuple(
        Bar(
            first + timedelta(index * each),
            min(first + timedelta(index * each + each - 1), last),
            n,
            index * slot,
            slot * 0.8,
            share(n, most),
            index == sums.index(most),
        )
        for index, n in enumerate(sums)
    )
    return Chart(bars, each, first, last, bars[sums.index(most)])
