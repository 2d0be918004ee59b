"""A petition's list as it is handed over: which signatures, which columns, in whose words. Pure.

    Row (opened) ──InWords(columns)──→ cells ──a writer──→ bytes of a file

A writer is anything with `begin()`, `rows(…)` and `end()`, each giving the bytes that come next, so that a
list of any length is written with the memory of one page. `mark` leads from a file that was found back to the
audit entry of whoever made it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from petition.domain import tabular
from petition.domain.workbook import Cell, Workbook
from petition.words import Words

FORMAT = "petition-signatories/1"
REASONS = ("delivery", "verification", "court", "press", "moving", "unspecified")

# What a column holds comes from the sealed record, or from the signature's row.
SEALED = ("full_name", "email", "affiliation", "city", "country", "reference")
COLUMNS = (
    *("full_name", "email", "category", "affiliation", "city", "country", "reference", "visibility"),
    *("state", "verified", "method", "language", "signed_on", "counted_on"),
)
# In JSON, which loses nothing, these as well.
BESIDES = ("id", "claimed", "reason", "version", "hidden", "pinned")
MARK = "mark"
WIDTHS = {"full_name": 32, "email": 34, "category": 24, "affiliation": 28, "city": 18, "country": 18, "visibility": 20}
USUAL_WIDTH = 14
_MARK_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


# A list that is taken out by the console: asked for → agreed to → ready, for a day → gone.
STATES = ASKED, DECLINED, AGREED, READY, GONE = ("asked", "declined", "agreed", "ready", "gone")
# Above this many opened records a second owner has to agree, where there is one.
ALONE_MOST = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which signatures: all conditions together; empty `categories`, `visibilities` and no day stand for any.

    A category is where the signature counts, or what it claims while that awaits verification.
    """

    states: tuple[str, ...] = ("confirmed",)
    categories: tuple[str, ...] = ()
    visibilities: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Wanted:
        """The way back from `facts`."""
        since, until = (date.fromisoformat(facts[name]) if name in facts else None for name in ("since", "until"))
        states, categories, visibilities = (
            tuple(facts.get(name, ())) for name in ("states", "categories", "visibilities")
        )
        return cls(states, categories, visibilities, since, until)

    def facts(self) -> dict[str, Any]:
        """For the audit and the file itself; what was not asked for is left out."""
        told: dict[str, Any] = {"states": list(self.states)}
        for name in ("categories", "visibilities"):
            if getattr(self, name):
                told[name] = list(getattr(self, name))
        for name in ("since", "until"):
            if getattr(self, name) is not None:
                told[name] = getattr(self, name).isoformat()
        return told


@dataclass(frozen=True, slots=True)
class Row:
    """One signature, opened. `record` is empty where its record could not be opened."""

    id: bytes
    state: str
    reason: str | None
    category: str | None
    counted_as: str | None
    verified: bool
    method: str
    visibility: str
    hidden: bool
    pinned: bool
    language: str
    version: int
    signed_on: date
    counted_on: date | None
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """How a file came about. `by`: an organizer's address, or None for the recovery key."""

    petition: str
    title: str
    day: date
    mark: str
    by: str | None
    reason: str
    wanted: Wanted


def mark_of(drawn: bytes) -> str:
    """Eight letters and digits that nobody misreads, out of five random bytes."""
    number = int.from_bytes(drawn[:5], "big")
    letters = [_MARK_LETTERS[number >> 5 * at & 31] for at in range(8)]
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"


def file_name(slug: str, day: date, kind: str) -> str:
    return f"{slug}-signatories-{day.isoformat()}.{kind}"


class Writer(Protocol):
    """Bytes to be written one after the other."""

    def begin(self) -> bytes: ...

    def rows(self, rows: Sequence[Row]) -> bytes: ...

    def end(self) -> bytes: ...


@dataclass(frozen=True)
class InWords:
    """Cells as a person reads them: countries, categories and states in the words of one language."""

    words: Words
    labels: Mapping[str, str]
    languages: Mapping[str, str]
    columns: Sequence[str]
    _getters: tuple[Callable[[Row], Cell], ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_getters", tuple(self._getter(name) for name in self.columns))

    def headings(self) -> list[str]:
        return [self.words(f"column.{name}") for name in self.columns]

    def cells(self, row: Row) -> list[Cell]:
        return [getter(row) for getter in self._getters]

    def _getter(self, name: str) -> Callable[[Row], Cell]:
        words = self.words
        yes, no = words("list.yes"), words("list.no")
        match name:
            case "country":
                countries = dict(words.countries)
                return lambda row: countries.get(row.record.get("country") or "", row.record.get("country") or "")
            case "full_name" | "email" | "affiliation" | "city" | "reference":
                return lambda row: row.record.get(name) or ""
            case "category":
                return lambda row: self._label(row.counted_as or row.category)
            case "claimed":
                return lambda row: self._label(row.category)
            case "verified" | "hidden" | "pinned":
                return lambda row: yes if getattr(row, name) else no
            case "state":
                return lambda row: words(f"signature-state.{row.state}")
            case "visibility":
                return lambda row: words(f"visibility.{row.visibility}")
            case "method":
                return lambda row: words(f"how.{row.method}")
            case "language":
                return lambda row: self.languages.get(row.language, row.language)
            case "id":
                return lambda row: row.id.hex()
        return lambda row: getattr(row, name)

    def _label(self, slug: str | None) -> str:
        return self.labels.get(slug, slug) if slug else ""


class CsvFile:
    """UTF-8 with a byte order mark, so that Arabic opens right; the exporter's mark at the end of every line."""

    def __init__(self, worded: InWords, made: Made) -> None:
        self._worded, self._mark = worded, made.mark

    def begin(self) -> bytes:
        headings = [*self._worded.headings(), self._worded.words(f"column.{MARK}")]
        return tabular.BOM.encode() + tabular.csv_bytes([headings])

    def rows(self, rows: Sequence[Row]) -> bytes:
        cells = self._worded.cells
        return tabular.csv_bytes([*map(_plain, cells(row)), self._mark] for row in rows)

    def end(self) -> bytes:
        return b""


def _plain(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return "" if cell is None else cell.isoformat() if isinstance(cell, date) else str(cell)


class XlsxFile:
    """A workbook: the list, and a sheet that says how it came about; the mark in its footer as well."""

    def __init__(self, worded: InWords, made: Made) -> None:
        words = worded.words
        self._worded = worded
        self._book = Workbook(
            name=words("list.sheet"),
            headings=worded.headings(),
            widths=[WIDTHS.get(name, USUAL_WIDTH) for name in worded.columns],
            right_to_left=words.direction == "rtl",
            footer=f"{made.petition} · {made.day.isoformat()} · {made.mark}",
            about=(words("list.about"), _about(worded, made)),
        )

    def begin(self) -> bytes:
        return self._book.begin()

    def rows(self, rows: Sequence[Row]) -> bytes:
        cells = self._worded.cells
        return self._book.rows([cells(row) for row in rows])

    def end(self) -> bytes:
        return self._book.end()


def _about(worded: InWords, made: Made) -> list[tuple[str, Cell]]:
    """Label and value, line by line."""
    words, wanted = worded.words, made.wanted
    comma = words("console.comma")
    told: list[tuple[str, Cell]] = [
        (words("list.petition"), made.title),
        (words("list.day"), made.day),
        (words("list.by"), made.by or words("list.by-key")),
        (words("list.reason"), words(f"export-reason.{made.reason}")),
        (words("column.mark"), made.mark),
        (words("column.state"), comma.join(words(f"signature-state.{state}") for state in wanted.states)),
    ]
    if wanted.categories:
        told.append((words("column.category"), comma.join(worded.labels.get(c, c) for c in wanted.categories)))
    if wanted.visibilities:
        told.append((words("column.visibility"), comma.join(words(f"visibility.{v}") for v in wanted.visibilities)))
    for name in ("since", "until"):
        if getattr(wanted, name) is not None:
            told.append((words(f"list.{name}"), getattr(wanted, name)))
    return told


class JsonFile:
    """Everything, in codes: one object, one signature to a line, to be imported again without a loss."""

    def __init__(self, columns: Sequence[str], made: Made) -> None:
        self._columns, self._made = columns, made
        self._begun = False

    def begin(self) -> bytes:
        made = self._made
        head: dict[str, Any] = {
            "list": FORMAT,
            "petition": made.petition,
            "day": made.day.isoformat(),
            "mark": made.mark,
            "by": made.by,
            "reason": made.reason,
            "wanted": made.wanted.facts(),
            "signatures": [],
        }
        return _json(head).removesuffix(b"]}")

    def rows(self, rows: Sequence[Row]) -> bytes:
        lines = [_json({name: _coded(row, name) for name in self._columns}) for row in rows]
        before = b",\n" if self._begun else b"\n"
        self._begun = self._begun or bool(lines)
        return before + b",\n".join(lines) if lines else b""

    def end(self) -> bytes:
        return b"\n]}\n"


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _json(value: Any) -> bytes:
    return _JSON.encode(value).encode()


def _coded(row: Row, name: str) -> Any:
    match name:
        case "id":
            return row.id.hex()
        case "category":
            return row.counted_as or row.category
        case "claimed":
            return row.category
        case "signed_on" | "counted_on":
            day = getattr(row, name)
            return day.isoformat() if day else None
    return row.record.get(name, "") if name in SEALED else getattr(row, name)


# The document (domain/document.py) is no table: it names those who are shown, in any language, and needs no key.
DOCUMENT = "pdf"
NAMES_ALONE = ("full_name",)
TABLES = ("csv", "xlsx", "json")
FORMATS = (*TABLES, DOCUMENT)


def fits_document(wanted: Wanted) -> bool:
    """It holds those who count, of all categories or some: chosen otherwise it would not add up to the count."""
    return wanted == Wanted(categories=wanted.categories)


def writer(kind: str, worded: InWords, made: Made) -> Writer:
    """One of `TABLES`."""
    match kind:
        case "csv":
            return CsvFile(worded, made)
        case "xlsx":
            return XlsxFile(worded, made)
    return JsonFile(worded.columns, made)
