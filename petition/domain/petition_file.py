"""The petition file (contract, section 6): TOML text in, a checked `PetitionFile` or `Wrong` with its line out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

STATUSES = ("draft", "open", "paused", "closed", "archived")
PUBLISH = ("live", "batched")
CLAIMS = ("open", "verified")
ASKED = ("affiliation", "city", "country")
WISHES = ("optional", "required")
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")
TITLE_LIMIT, STATEMENT_LIMIT, GOAL_LIMIT = 300, 50_000, 1_000_000_000
LABEL_LIMIT, NAME_LIMIT = 100, 200
KEYS = {
    "slug", "status", "goal", "default_language", "publish", "opens_at", "closes_at", "ask_for",
    "milestones", "reminder", "title", "statement", "categories", "addressees",
}  # fmt: skip


class Wrong(ValueError):
    """`line` counts from 1; None where the fault is that something is missing."""

    def __init__(self, line: int | None, why: str) -> None:
        self.line, self.why = line, why
        super().__init__(why)


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


def parse(content: bytes, languages: Collection[str]) -> PetitionFile:
    """`languages` are those the program has words in."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise Wrong(content[: wrong.start].count(b"\n") + 1, "is not UTF-8 text here") from None
    try:
        given = tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as wrong:
        at = re.search(r"line (\d+)", str(wrong))
        line = int(at[1]) if at else text.count("\n") + 1
        raise Wrong(line, re.sub(r"\s*\(at .*\)$", "", str(wrong))) from None
    return _Reader(text, given, languages).read()


class _Reader:
    """Takes each key once, with its rule; knows the line of what it is looking at."""

    def __init__(self, text: str, given: dict[str, Any], languages: Collection[str]) -> None:
        self._lines = text.splitlines()
        self._given = given
        self._languages = languages

    def read(self) -> PetitionFile:
        for key in self._given:
            if key not in KEYS:
                raise self._wrong(key, f"unknown key {key!r}")
        default_language = self._one_of("default_language", tuple(self._languages), None)
        title = self._texts(self._need("title"), "title", default_language, TITLE_LIMIT)
        statement = self._texts(self._need("statement"), "statement", default_language, STATEMENT_LIMIT)
        if set(title) != set(statement):
            raise self._wrong("statement", "title and statement must be in the same languages")
        opens_at, closes_at = self._moment("opens_at"), self._moment("closes_at")
        if opens_at and closes_at and closes_at <= opens_at:
            raise self._wrong("closes_at", "closes_at must come after opens_at")
        return PetitionFile(
            slug=self._slug(self._need("slug")),
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
        )

    def _wrong(self, key: str, why: str, table: str | None = None, nth: int = 0) -> Wrong:
        """The fault with the line of `key`; of the `nth` [[table]] where there are several alike."""
        first, last = 0, len(self._lines)
        if table is not None:
            heads = [n for n, line in enumerate(self._lines) if re.match(rf"\s*\[\[\s*{table}\s*\]\]", line)]
            if nth < len(heads):
                first, last = heads[nth], heads[nth + 1] if nth + 1 < len(heads) else last
        shape = re.compile(rf"\s*(\[+\s*)?(\"?){re.escape(key)}\2\s*(\]+|[=.]|$)")
        fallback = first + 1 if table is not None else None
        return Wrong(next((n + 1 for n in range(first, last) if shape.match(self._lines[n])), fallback), why)

    def _need(self, key: str) -> Any:
        if key not in self._given:
            raise Wrong(None, f"{key} is missing")
        return self._given[key]

    def _one_of(self, key: str, known: tuple[str, ...], default: str | None) -> str:
        value = self._need(key) if default is None else self._given.get(key, default)
        if value not in known:
            raise self._wrong(key, f"{key} must be one of {', '.join(known)}")
        return str(value)

    def _slug(self, value: Any, table: str | None = None, nth: int = 0) -> str:
        if not isinstance(value, str) or not SLUG.fullmatch(value):
            raise self._wrong(
                "slug", "a slug holds 1 to 80 of a-z, 0-9 and hyphens, and neither begins nor ends with one", table, nth
            )
        return value

    def _number(self, key: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= GOAL_LIMIT:
            raise self._wrong(key, f"{key} must be a whole number from 1 to {GOAL_LIMIT}")
        return value

    def _flag(self, key: str) -> bool:
        value = self._given.get(key, False)
        if not isinstance(value, bool):
            raise self._wrong(key, f"{key} must be true or false")
        return value

    def _moment(self, key: str) -> datetime | None:
        value = self._given.get(key)
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self._wrong(key, f"{key} must be a moment with its zone, such as 2018-01-30T00:00:00Z")
        return value.astimezone(UTC)

    def _milestones(self) -> tuple[int, ...]:
        value = self._given.get("milestones", [])
        if not isinstance(value, list):
            raise self._wrong("milestones", "milestones must be a list of whole numbers")
        numbers = tuple(self._number("milestones", n) for n in value)
        if list(numbers) != sorted(set(numbers)):
            raise self._wrong("milestones", "milestones must rise")
        return numbers

    def _ask_for(self) -> dict[str, str]:
        value = self._given.get("ask_for", {})
        if not isinstance(value, dict):
            raise self._wrong("ask_for", "ask_for must be a table")
        for field, wish in value.items():
            if field not in ASKED or wish not in WISHES:
                raise self._wrong("ask_for", f"ask_for knows {', '.join(ASKED)}, each {' or '.join(WISHES)}")
        return dict(value)

    def _texts(
        self, value: Any, key: str, default_language: str, limit: int, table: str | None = None, nth: int = 0
    ) -> dict[str, str]:
        if not isinstance(value, dict) or default_language not in value:
            raise self._wrong(key, f"{key} must have a text in the default language, {default_language}", table, nth)
        for language, text in value.items():
            if language not in self._languages:
                raise self._wrong(key, f"{key}: the program has no words in the language {language!r}", table, nth)
            if not isinstance(text, str) or not text.strip() or len(text) > limit or "\0" in text:
                raise self._wrong(key, f"{key}.{language} must be a text of 1 to {limit} characters", table, nth)
        return {language: text.strip() for language, text in value.items()}

    def _tables(self, key: str, keys: set[str]) -> list[dict[str, Any]]:
        value = self._given.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self._wrong(key, f"each of {key} must be a table [[{key}]]")
        for nth, one in enumerate(value):
            for unknown in set(one) - keys:
                raise self._wrong(unknown, f"{key}: unknown key {unknown!r}", key, nth)
            for missing in keys - set(one) - {"claim"}:
                raise self._wrong(key, f"{key}: {missing} is missing", key, nth)
        return value

    def _categories(self, default_language: str) -> tuple[Mapping[str, Any], ...]:
        found: dict[str, Mapping[str, Any]] = {}
        for nth, one in enumerate(self._tables("categories", {"slug", "claim", "label"})):
            slug, claim = self._slug(one["slug"], "categories", nth), one.get("claim", "open")
            if slug in found:
                raise self._wrong("slug", f"the category {slug!r} stands there twice", "categories", nth)
            if claim not in CLAIMS:
                raise self._wrong("claim", f"claim of {slug} must be open or verified", "categories", nth)
            label = self._texts(one["label"], "label", default_language, LABEL_LIMIT, "categories", nth)
            found[slug] = {"slug": slug, "claim": claim, "label": label}
        if not found:
            raise Wrong(None, "a petition needs at least one [[categories]]")
        return tuple(found.values())

    def _addressees(self, default_language: str) -> tuple[Mapping[str, str], ...]:
        return tuple(
            self._texts(one["name"], "name", default_language, NAME_LIMIT, "addressees", nth)
            for nth, one in enumerate(self._tables("addressees", {"name"}))
        )
