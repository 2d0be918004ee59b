"""The petition file (contract, section 6): TOML text in, a checked `PetitionFile` or `Wrong` with its line out.

The rules are in `check`, which names every fault at once by the way to it: the console's form is checked by them too.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from petition.domain.folding import fold
from petition.errors import FieldRefused

STATUSES = ("draft", "open", "paused", "closed", "archived")
PUBLISH = ("live", "batched")
CLAIMS = ("open", "verified")
ASKED = ("affiliation", "city", "country")
WISHES = ("optional", "required")
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")
TITLE_LIMIT, STATEMENT_LIMIT, GOAL_LIMIT = 300, 50_000, 1_000_000_000
LABEL_LIMIT, NAME_LIMIT, MESSAGE_LIMIT = 100, 200, 500

Place = tuple[str | int, ...]


class Wrong(ValueError):
    """`line` counts from 1; None where the fault is that something is missing."""

    def __init__(self, line: int | None, why: str) -> None:
        self.line, self.why = line, why
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Fault:
    """`place` leads to it: ("goal",), ("title", "en"), ("categories", 2, "slug"). `why` is for an operator,
    `refused` for a form; `absent`: the key is not there at all."""

    place: Place
    why: str
    refused: FieldRefused
    absent: bool = False


class Faulty(ValueError):
    """Everything that is wrong with a petition, in the order of its keys."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(faults[0].why)


@dataclass(frozen=True, slots=True)
class PetitionFile:
    """A petition as its file describes it; the same names as the file's keys."""

    slug: str
    status: str
    goal: int
    default_language: str
    publish: str
    opens_at: datetime | None
    closes_at: datetime | None
    ask_for: Mapping[str, str]
    milestones: tuple[int, ...]
    reminder: bool
    title: Mapping[str, str]
    statement: Mapping[str, str]
    categories: tuple[Mapping[str, Any], ...]
    addressees: tuple[Mapping[str, str], ...]
    pause_message: Mapping[str, str] | None = None
    second_entry: bool = False


KEYS = tuple(field.name for field in fields(PetitionFile))


def differing(one: PetitionFile, other: PetitionFile) -> tuple[str, ...]:
    """The keys in which two files do not say the same."""
    return tuple(key for key in KEYS if getattr(one, key) != getattr(other, key))


def parse(content: bytes, languages: Collection[str]) -> PetitionFile:
    """`languages` are those the program has words in."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise Wrong(content[: wrong.start].count(b"\n") + 1, "is not UTF-8 text here") from None
    text = text.replace("\r\n", "\n")
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        at = re.search(r"line (\d+)", str(wrong))
        line = int(at[1]) if at else text.count("\n") + 1
        raise Wrong(line, re.sub(r"\s*\(at .*\)$", "", str(wrong))) from None
    try:
        return check(given, languages)
    except Faulty as faulty:
        first = faulty.faults[0]
        raise Wrong(_line(text.split("\n"), first), first.why) from None


def check(given: Mapping[str, Any], languages: Collection[str]) -> PetitionFile:
    """What a file's tables say, as a petition; `Faulty` with every fault at once."""
    reader = _Reader(given, languages)
    file = reader.read()
    if reader.faults:
        raise Faulty(reader.faults)
    return file


def _line(lines: Sequence[str], fault: Fault) -> int | None:
    """Where the fault's key stands; within the nth [[table]] where there are several alike."""
    key, first, last, fallback = str(fault.place[0]), 0, len(lines), None
    if len(fault.place) > 1 and isinstance(fault.place[1], int):
        heads = [n for n, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{key}\s*\]\]", line)]
        nth = fault.place[1]
        if nth < len(heads):
            first, last = heads[nth], heads[nth + 1] if nth + 1 < len(heads) else last
        fallback = first + 1
        if len(fault.place) > 2 and not fault.absent:
            key = str(fault.place[2])
    elif fault.absent:
        return None
    shape = re.compile(rf"\s*(\[+\s*)?(\"?){re.escape(key)}\2\s*(\]+|[=.]|$)")
    return next((n + 1 for n in range(first, last) if shape.match(lines[n])), fallback)


class _Reader:
    """Takes each key once, with its rule; gathers what is wrong and goes on."""

    def __init__(self, given: Mapping[str, Any], languages: Collection[str]) -> None:
        self.faults: list[Fault] = []
        self._given = given
        self._languages = languages

    def read(self) -> PetitionFile:
        """Only to be used if nothing was found wrong."""
        for key in self._given:
            if key not in KEYS:
                self._fault((key,), f"unknown key {key!r}", FieldRefused("unknown"))
        default_language = self._one_of("default_language", tuple(self._languages), None)
        title = self._texts(("title",), self._need("title"), default_language, TITLE_LIMIT)
        statement = self._texts(("statement",), self._need("statement"), default_language, STATEMENT_LIMIT)
        self._same_languages(title, statement)
        opens_at, closes_at = self._moment("opens_at"), self._moment("closes_at")
        if opens_at and closes_at and closes_at <= opens_at:
            self._fault(("closes_at",), "closes_at must come after opens_at", FieldRefused("closes-before-opening"))
        return PetitionFile(
            slug=self._slug(("slug",), self._need("slug")),
            status=self._one_of("status", STATUSES, "draft"),
            goal=self._number("goal", self._need("goal")),
            default_language=default_language,
            publish=self._one_of("publish", PUBLISH, "live"),
            opens_at=opens_at,
            closes_at=closes_at,
            ask_for=self._ask_for(),
            milestones=self._milestones(),
            reminder=self._flag("reminder"),
            title=title,
            statement=statement,
            categories=self._categories(default_language),
            addressees=self._addressees(default_language),
            pause_message=self._pause_message(default_language),
            second_entry=self._flag("second_entry"),
        )

    def _fault(self, place: Place, why: str, refused: FieldRefused, *, absent: bool = False) -> None:
        self.faults.append(Fault(place, why, refused, absent))

    def _need(self, key: str) -> Any:
        """None, and a fault, if it is not there."""
        if key not in self._given:
            self._fault((key,), f"{key} is missing", FieldRefused("required"), absent=True)
        return self._given.get(key)

    def _one_of(self, key: str, known: tuple[str, ...], default: str | None) -> str:
        value = self._need(key) if default is None else self._given.get(key, default)
        if value not in known:
            if value is not None:
                self._fault((key,), f"{key} must be one of {', '.join(known)}", FieldRefused("unknown-choice"))
            return ""
        return str(value)

    def _slug(self, place: Place, value: Any) -> str:
        if value is not None and (not isinstance(value, str) or not SLUG.fullmatch(value)):
            why = "a slug holds 1 to 80 of a-z, 0-9 and hyphens, and neither begins nor ends with one"
            self._fault(place, why, FieldRefused("slug-unfit"))
        return str(value)

    def _number(self, key: str, value: Any) -> int:
        if value is None and key not in self._given:
            return 0
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= GOAL_LIMIT:
            why = f"{key} must be a whole number from 1 to {GOAL_LIMIT}"
            self._fault((key,), why, FieldRefused("whole-number", limit=GOAL_LIMIT))
            return 0
        return value

    def _flag(self, key: str) -> bool:
        value = self._given.get(key, False)
        if not isinstance(value, bool):
            self._fault((key,), f"{key} must be true or false", FieldRefused("unknown-choice"))
        return bool(value)

    def _moment(self, key: str) -> datetime | None:
        value = self._given.get(key)
        if value is None:
            return None
        try:
            if isinstance(value, datetime) and value.tzinfo is not None:
                return value.astimezone(UTC)
        except OverflowError:
            pass
        why = f"{key} must be a moment with its zone, such as 2018-01-30T00:00:00Z"
        self._fault((key,), why, FieldRefused("moment-unreadable"))
        return None

    def _milestones(self) -> tuple[int, ...]:
        value = self._given.get("milestones", [])
        if not isinstance(value, list):
            why = "milestones must be a list of whole numbers"
            self._fault(("milestones",), why, FieldRefused("whole-number", limit=GOAL_LIMIT))
            return ()
        before = len(self.faults)
        numbers = tuple(self._number("milestones", n) for n in value)
        if len(self.faults) > before:
            # Each number that cannot stand is the same fault of the same key.
            del self.faults[before + 1 :]
        elif list(numbers) != sorted(set(numbers)):
            self._fault(("milestones",), "milestones must rise", FieldRefused("milestones-rise"))
        return numbers

    def _ask_for(self) -> dict[str, str]:
        value = self._given.get("ask_for", {})
        if not isinstance(value, dict):
            self._fault(("ask_for",), "ask_for must be a table", FieldRefused("unknown-choice"))
            return {}
        for field, wish in value.items():
            if field not in ASKED or wish not in WISHES:
                why = f"ask_for knows {', '.join(ASKED)}, each {' or '.join(WISHES)}"
                self._fault(("ask_for", field), why, FieldRefused("unknown-choice"))
        return dict(value)

    def _texts(self, place: Place, value: Any, default_language: str, limit: int) -> dict[str, str]:
        """Text by language. None was found missing already; and without a default language none can be asked for."""
        key = str(place[-1])
        if value is None:
            return {}
        if not isinstance(value, dict) or (default_language and default_language not in value):
            why = f"{key} must have a text in the default language, {default_language}"
            self._fault((*place, default_language), why, FieldRefused("required"))
        if not isinstance(value, dict):
            return {}
        for language, text in value.items():
            if language not in self._languages:
                why = f"{key}: the program has no words in the language {language!r}"
                self._fault((*place, language), why, FieldRefused("unknown"))
            elif (refused := _refused(text, limit)) is not None:
                self._fault((*place, language), f"{key}.{language} must be a text of 1 to {limit} characters", refused)
        return {language: text.strip() for language, text in value.items() if isinstance(text, str)}

    def _same_languages(self, title: Mapping[str, str], statement: Mapping[str, str]) -> None:
        told = {fault.place for fault in self.faults}
        for key, texts, other in (("statement", statement, title), ("title", title, statement)):
            for language in other:
                if language not in texts and not told & {(key,), (key, language)}:
                    why = "title and statement must be in the same languages"
                    self._fault((key, language), why, FieldRefused("required"))

    def _pause_message(self, default_language: str) -> dict[str, str] | None:
        if "pause_message" not in self._given:
            return None
        return self._texts(("pause_message",), self._given["pause_message"], default_language, MESSAGE_LIMIT)

    def _tables(self, key: str, keys: set[str]) -> list[dict[str, Any]]:
        value = self._given.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self._fault((key,), f"each of {key} must be a table [[{key}]]", FieldRefused("not-text"))
            return []
        for nth, one in enumerate(value):
            for unknown in set(one) - keys:
                self._fault((key, nth, unknown), f"{key}: unknown key {unknown!r}", FieldRefused("unknown"))
            for missing in keys - set(one) - {"claim"}:
                why = f"{key}: {missing} is missing"
                self._fault((key, nth, missing), why, FieldRefused("required"), absent=True)
        return value

    def _categories(self, default_language: str) -> tuple[Mapping[str, Any], ...]:
        found: list[Mapping[str, Any]] = []
        seen: set[str] = set()
        for nth, one in enumerate(self._tables("categories", {"slug", "claim", "label"})):
            place = ("categories", nth)
            slug, claim = self._slug((*place, "slug"), one.get("slug")), one.get("claim", "open")
            if slug in seen:
                why = f"the category {slug!r} stands there twice"
                self._fault((*place, "slug"), why, FieldRefused("category-twice"))
            if claim not in CLAIMS:
                why = f"claim of {slug} must be open or verified"
                self._fault((*place, "claim"), why, FieldRefused("unknown-choice"))
            label = self._texts((*place, "label"), one.get("label"), default_language, LABEL_LIMIT)
            self._alike(place, slug, label, found)
            seen.add(slug)
            found.append({"slug": slug, "claim": claim, "label": label})
        if not found and not any(fault.place[0] == "categories" for fault in self.faults):
            why = "a petition needs at least one [[categories]]"
            self._fault(("categories",), why, FieldRefused("categories-none"), absent=True)
        return tuple(found)

    def _alike(self, place: Place, slug: str, label: Mapping[str, str], others: Sequence[Mapping[str, Any]]) -> None:
        """In a list or a form nobody could tell two categories apart whose labels differ by nothing but marks."""
        for lang, text in label.items():
            for other in others:
                called = {fold(other["slug"]), fold(other["label"].get(lang, ""))}
                if text and (fold(text) in called or fold(slug) == fold(other["label"].get(lang, ""))):
                    why = f"the categories {other['slug']!r} and {slug!r} are called alike in {lang}"
                    self._fault((*place, "label", lang), why, FieldRefused("label-twice", other=other["slug"]))

    def _addressees(self, default_language: str) -> tuple[Mapping[str, str], ...]:
        return tuple(
            self._texts(("addressees", nth, "name"), one.get("name"), default_language, NAME_LIMIT)
            for nth, one in enumerate(self._tables("addressees", {"name"}))
        )


def _refused(text: Any, limit: int) -> FieldRefused | None:
    if not isinstance(text, str):
        return FieldRefused("not-text")
    if not text.strip():
        return FieldRefused("required")
    if len(text) > limit:
        return FieldRefused("too-long", limit=limit)
    return FieldRefused("nul") if "\0" in text else None
