"""Lines typed from paper, before they count: where the sheet is from, what was typed of a line, by one person or two.

    typing ──(hand over)──→ comparing     where the petition asks for a second entry
      │                        │
      └──────(hand in)─────────┴──→ done  an import like any other: counted, and undone as a whole
    typing, comparing ──(drop)──→ dropped, its lines destroyed

Of two entries of one line that differ somebody says what holds. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from petition.domain import listed
from petition.domain.characters import prose
from petition.domain.headings import Columns
from petition.domain.importing import Evidence
from petition.domain.listed import Listed
from petition.errors import FieldRefused, Invalid
from petition.words import Words

STATES = TYPING, COMPARING, DONE, DROPPED = ("typing", "comparing", "done", "dropped")
OPEN = (TYPING, COMPARING)
METHOD = "paper"
# What there is to show for the lines, should anybody ask.
EVIDENCE = ("originals", "photographs", "copies", "nothing")
MOST_LINES = 200
LIMIT = 200
NOTE_LIMIT = 500
# In the order of the form; those of `submission.ASKED` only where the petition asks for them.
FIELDS = ("full_name", "affiliation", "city", "country", "category", "email", "visibility", "reference")
# What the next line on a sheet mostly has in common with the one before.
KEPT = ("city", "country", "category", "visibility")
COLUMNS = Columns({name: place for place, name in enumerate(FIELDS)}, (), 0)

# What was typed of a line, by field; empty where somebody says that it is not on the sheet.
Entry = Mapping[str, str]
MISSING: Entry = {}


@dataclass(frozen=True, slots=True)
class Source:
    """Where the lines come from. `language`: the one the statement was read in."""

    office: str
    sheet: str
    day: date
    evidence: str
    note: str
    language: str

    def record(self) -> dict[str, str]:
        return {name: str(getattr(self, name)) for name in Source.__slots__}

    @classmethod
    def of(cls, record: Mapping[str, str]) -> Source:
        return cls(**{**record, "day": date.fromisoformat(record["day"])})  # type: ignore[arg-type]

    def told(self, words: Words) -> Evidence:
        """As an import keeps where it came from, in the words of the petition's own language."""
        where = " · ".join(filter(None, (self.office, self.sheet)))
        shown = words(f"paper-evidence.{self.evidence}")
        return Evidence(
            source=where, kind="sheets", note="\n".join(filter(None, (words.day(self.day), shown, self.note)))
        )


def read_source(raw: Mapping[str, str], languages: Collection[str], *, today: date) -> Source:
    """What was typed, or `Invalid` with every field at once."""
    refused: dict[str, FieldRefused] = {}
    texts = {}
    for name, limit in (("office", LIMIT), ("sheet", LIMIT), ("note", NOTE_LIMIT)):
        try:
            texts[name] = prose(raw.get(name, ""), limit)
        except FieldRefused as why:
            refused[name] = why
    if texts.get("office") == "":
        refused["office"] = FieldRefused("required")
    day, typed = today, raw.get("day", "").strip()
    try:
        day = listed.day(typed, today)
    except FieldRefused as why:
        refused["day"] = why if typed else FieldRefused("required")
    chosen = {"evidence": EVIDENCE, "language": languages}
    for name, known in chosen.items():
        if raw.get(name, "") not in known:
            refused[name] = FieldRefused("unknown-choice")
    if refused:
        raise Invalid(refused)
    return Source(texts["office"], texts["sheet"], day, raw["evidence"], texts["note"], raw["language"])


def entry(line: Listed) -> dict[str, str]:
    """What is kept of a typed line: as the rules of every door have read it, so that a space more is no difference."""
    who = line.submission
    told = {name: getattr(who, name) for name in FIELDS if name not in ("email", "reference")}
    return {**told, "email": who.email.address, "reference": line.reference}


def cells(values: Mapping[str, str]) -> list[str]:
    """As a list's row, for `listed.Reader` with `COLUMNS`."""
    return [values.get(name, "") for name in FIELDS]


def differing(one: Entry, other: Entry) -> tuple[str, ...]:
    """The fields in which two entries of one line do not say the same; all where one says that it is not there."""
    return tuple(name for name in FIELDS if one.get(name, "") != other.get(name, ""))
