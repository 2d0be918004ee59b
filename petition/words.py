"""Every text the house says, from `locale/<lang>.toml`: read once at start, checked, then only looked up.

A further language is a new catalogue and no code: its texts, plural rule, digits, months and countries all
stand in its files. A missing key, a missing plural form or a differing placeholder stops the start.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from gettext import c2py
from pathlib import Path
from string import Formatter
from typing import Any

_LOCALE = Path(__file__).resolve().parent / "locale"

Wrap = Callable[[str], str]


class CatalogueBroken(Exception):
    """A catalogue that must not be served from: says the language and the key."""


@dataclass(frozen=True)
class Plural:
    """The forms of one text, in the order of the language's plural rule; `by` names the fact that is counted."""

    by: str
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Language:
    """How a language writes: the head of its catalogue."""

    code: str
    name: str
    direction: str
    locale: str
    digits: str
    group: str
    months: tuple[str, ...]
    plural: str
    forms: tuple[str, ...]


class Words:
    """One language's texts. `words("petition.sign")`; facts fill the places, whole numbers in the language's digits.

    A place may say how its fact is written: `{at:day}`, `{at:moment}`, `{at:time}`, `{wait:span}` (seconds),
    `{code:country}`, `{n:plain}` (digits without separators).
    """

    def __init__(self, language: Language, texts: Mapping[str, str | Plural], countries: Mapping[str, str]) -> None:
        self.language = language
        self.code = language.code
        self.direction = language.direction
        self.name = language.name
        self.countries: tuple[tuple[str, str], ...] = tuple(countries.items())
        self._countries = countries
        self._texts = texts
        self.keys = frozenset(texts)
        self._digits = str.maketrans("0123456789", language.digits)
        self._form = c2py(language.plural)
        self._filler = _Filler(self)

    def __call__(self, key: str, **facts: object) -> str:
        return self.fill(key, facts)

    def __contains__(self, key: str) -> bool:
        return key in self.keys

    def template(self, key: str, facts: Mapping[str, object]) -> str:
        """The text as the catalogue has it, places unfilled, in the plural form that the facts ask for."""
        text = self._texts[key]
        if isinstance(text, str):
            return text
        count = facts[text.by]
        if not isinstance(count, int):
            raise TypeError(f"{key}: {text.by} must be a whole number")
        return text.forms[self._form(count)]

    def fill(self, key: str, facts: Mapping[str, object], wrap: Wrap = str) -> str:
        """The text with its facts; `wrap` is put round what others wrote (isolates in mail, `<bdi>` in pages)."""
        return self._filler.vformat(self.template(key, facts), (), {"": wrap, **facts})

    def digits(self, text: str) -> str:
        return text.translate(self._digits)

    def number(self, n: int) -> str:
        return self.digits(f"{n:,}".replace(",", self.language.group))

    def day(self, at: date) -> str:
        return self.digits(f"{at.day} {self.language.months[at.month - 1]} {at.year}")

    def time(self, at: datetime) -> str:
        return self.digits(at.astimezone(UTC).strftime("%H:%M"))

    def moment(self, at: datetime) -> str:
        at = at.astimezone(UTC)
        return self("unit.moment", day=self.day(at), time=self.time(at))

    def span(self, seconds: int) -> str:
        """A wait in words, rounded up to the unit that suits it."""
        for unit, size in (("hours", 3600), ("minutes", 60)):
            if seconds >= 2 * size:
                return self(f"unit.{unit}", count=-(-seconds // size))
        return self("unit.seconds", count=max(seconds, 1))

    def country(self, code: str) -> str:
        return self._countries[code]


class _Filler(Formatter):
    """`str.format` with the language's own ways of writing numbers, days and waits."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def vformat(self, text: str, args: Any, facts: Any) -> str:
        wrap: Wrap = facts[""]
        parts = []
        for literal, name, spec, _ in self.parse(text):
            parts.append(literal)
            if name is not None:
                parts.append(self._written(facts[name], spec or "", wrap))
        return "".join(parts)

    def _written(self, value: object, spec: str, wrap: Wrap) -> str:
        words = self._words
        match value, spec:
            case int(), "span":
                return words.span(value)
            case int(), "plain":
                return words.digits(str(value))
            case int(), _:
                return words.number(value)
            case datetime(), "time":
                return words.time(value)
            case datetime(), "moment":
                return words.moment(value)
            case date(), _:
                return words.day(value)
            case str(), "country":
                return words.country(value)
            case str(), _:
                return wrap(value)
        raise TypeError(f"{type(value).__name__} cannot be written as {spec!r}")


@cache
def load(folder: Path = _LOCALE) -> dict[str, Words]:
    """Every catalogue in the folder, by language code, checked against each other; read once in a process."""
    catalogues = {}
    for path in sorted(folder.glob("*.toml")):
        if not path.name.startswith("countries."):
            words = _read(path)
            catalogues[words.code] = words
    _compare(catalogues)
    return catalogues


def _read(path: Path) -> Words:
    tables = tomllib.loads(path.read_text("utf-8"))
    head: dict[str, Any] = tables.pop("language")
    language = Language(**{**head, "months": tuple(head["months"]), "forms": tuple(head["forms"])})
    if language.code != path.stem or len(language.months) != 12 or len(language.digits) != 10:
        raise CatalogueBroken(f"{path.name}: the table [language] does not describe this language")
    texts: dict[str, str | Plural] = {}
    _flatten(language, "", tables, texts)
    countries = tomllib.loads((path.parent / f"countries.{language.code}.toml").read_text("utf-8"))
    return Words(language, texts, countries)


def _flatten(language: Language, prefix: str, table: Mapping[str, Any], texts: dict[str, str | Plural]) -> None:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, str):
            texts[key] = value
        elif "other" in value:
            texts[key] = _plural(language, key, value)
        else:
            _flatten(language, f"{key}.", value, texts)


def _plural(language: Language, key: str, table: Mapping[str, str]) -> Plural:
    if set(table) - {"by"} != set(language.forms):
        raise CatalogueBroken(f"{language.code}: {key} needs the forms {', '.join(language.forms)}")
    return Plural(table.get("by", "count"), tuple(table[form] for form in language.forms))


def _compare(catalogues: Mapping[str, Words]) -> None:
    """All catalogues say the same things with the same facts; else a page would fail in one language only."""
    (first, *others) = catalogues.values()
    for other in others:
        missing = first.keys ^ other.keys | dict(first.countries).keys() ^ dict(other.countries).keys()
        if missing:
            raise CatalogueBroken(f"{first.code} and {other.code} differ in: {', '.join(sorted(missing))}")
        for key, text in first._texts.items():
            if _places(text) != _places(other._texts[key]):
                raise CatalogueBroken(f"{first.code} and {other.code} have different places in {key}")


def _places(text: str | Plural) -> set[str]:
    forms = [text] if isinstance(text, str) else text.forms
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name is not None}
