"""A rule that chooses signatures: conditions that must all hold. Pure.

Some look into the sealed record (mail domain, name, country); the others are columns (category, method, day, burst).
Text is compared folded (domain/folding.py); `*` stands for anything, `?` for one letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date

from petition.domain import folding
from petition.domain.states import METHODS
from petition.errors import FieldRefused, Invalid

FIELDS = ("domain", "name", "country", "category", "method", "first", "last", "burst")
INSIDE = ("domain", "name", "country")
TEXT_LIMIT = 200
BURST = re.compile(r"[0-9a-f]{8}")
DOMAIN = re.compile(r"[^\s@/]+\.[^\s@/]+")


@dataclass(frozen=True, slots=True)
class Rule:
    """Empty text for a condition that was not asked for; days as ISO dates."""

    domain: str = ""
    name: str = ""
    country: str = ""
    category: str = ""
    method: str = ""
    first: str = ""
    last: str = ""
    burst: str = ""

    @property
    def looks_inside(self) -> bool:
        """Whether records must be opened for it."""
        return any(getattr(self, name) for name in INSIDE)

    def given(self) -> dict[str, str]:
        """The conditions that were asked for."""
        return {name: value for name, value in asdict(self).items() if value}

    def test(self) -> Callable[[str, str, str], bool]:
        """(folded name, mail domain, country) → whether the conditions on a record hold."""
        name, domain = shape(self.name), shape(self.domain)

        def holds(its_name: str, its_domain: str, its_country: str) -> bool:
            return (
                (not self.country or its_country == self.country)
                and (not self.domain or domain(its_domain))
                and (not self.name or name(its_name))
            )

        return holds


def shape(pattern: str) -> Callable[[str], bool]:
    """With `*` or `?` the whole text has that shape; without, each word of the pattern is one of its words."""
    folded = folding.fold(pattern)
    if "*" not in folded and "?" not in folded:
        words = set(folded.split())
        return lambda text: words <= set(text.split())
    whole = re.compile("".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in folded), re.DOTALL)
    return lambda text: whole.fullmatch(text) is not None


def check(raw: Mapping[str, str], categories: Collection[str], countries: Collection[str]) -> Rule:
    """The rule as typed, or `Invalid` with every field's refusal at once. One without any condition is none."""
    given = {name: raw.get(name, "").strip() for name in FIELDS}
    given["domain"], given["country"] = given["domain"].lstrip("@").lower(), given["country"].upper()
    refused: dict[str, FieldRefused] = {}

    def unless(name: str, fits: bool, code: str, **facts: int) -> None:
        if given[name] and not fits:
            refused.setdefault(name, FieldRefused(code, **facts))

    for name in ("domain", "name"):
        unless(name, len(given[name]) <= TEXT_LIMIT, "too-long", limit=TEXT_LIMIT)
    unless("domain", DOMAIN.fullmatch(given["domain"]) is not None, "domain-unreadable")
    unless("name", bool(folding.fold(given["name"])), "too-short")
    unless("country", given["country"] in countries, "country-unknown")
    unless("category", given["category"] in categories, "category-unknown")
    unless("method", given["method"] in METHODS, "unknown-choice")
    unless("burst", BURST.fullmatch(given["burst"]) is not None, "burst-unknown")
    for name in ("first", "last"):
        unless(name, _day(given[name]) is not None, "date-unreadable")
    if not refused and given["first"] and given["last"]:
        unless("last", given["first"] <= given["last"], "days-reversed")
    if not any(given.values()):
        refused["rule"] = FieldRefused("rule-empty")
    if refused:
        raise Invalid(refused)
    return Rule(**given)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    # One spelling alone: the text is compared, stored and shown as it is.
    return found if found.isoformat() == text else None
