"""A delivery as owners tell it: to whom, when, how, by whom, what came back. Its fields and their rules. Pure.

Texts are by language, and one language is enough: whoever reads another is shown what there is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from petition.domain.characters import prose
from petition.errors import FieldRefused, Invalid

Texts = Mapping[str, str]
TEXTS = ("how", "bearer", "answer")
LIMIT = 300
# The addressee's name as it was when the delivery was recorded, kept when something else is corrected.
AS_RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class Told:
    """`addressee`: the name as it stood, whatever becomes of the petition's list; the other texts may be empty."""

    addressee: Texts
    day: date
    how: Texts
    bearer: Texts
    answer: Texts


def read(
    raw: Mapping[str, str],
    addressees: Sequence[Texts],
    languages: Collection[str],
    *,
    today: date,
    recorded: Texts | None = None,
) -> Told:
    """What was typed, or `Invalid` with every field at once. `recorded`: the addressee's name in what is corrected."""
    refused: dict[str, FieldRefused] = {}
    to = _addressee(raw.get("addressee", ""), addressees, recorded)
    if to is None:
        refused["addressee"] = FieldRefused("required")
    day = today
    try:
        day = _day(raw.get("day", ""), today)
    except FieldRefused as why:
        refused["day"] = why
    texts: dict[str, dict[str, str]] = {name: {} for name in TEXTS}
    for name in TEXTS:
        for language in languages:
            field = f"{name}-{language}"
            try:
                texts[name] |= {language: text} if (text := prose(raw.get(field, ""), LIMIT)) else {}
            except FieldRefused as why:
                refused[field] = why
    if not texts["how"] and not any(field.startswith("how-") for field in refused):
        refused[f"how-{next(iter(languages))}"] = FieldRefused("required")
    if refused or to is None:
        raise Invalid(refused)
    return Told(dict(to), day, **texts)


def _addressee(text: str, addressees: Sequence[Texts], recorded: Texts | None) -> Texts | None:
    if text == AS_RECORDED:
        return recorded
    return addressees[int(text)] if text in map(str, range(len(addressees))) else None


def _day(text: str, today: date) -> date:
    if not text.strip():
        raise FieldRefused("required")
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise FieldRefused("date-unreadable") from None
    if day > today:
        raise FieldRefused("date-to-come")
    return day


def over_on(days: Collection[date]) -> date | None:
    """The day from which the records are kept on: that of the last delivery that stands."""
    return max(days, default=None)
