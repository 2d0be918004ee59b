"""A list that is looked at before it is taken in: how it is to be read, and what was understood of it. Pure.

    Plan    ── what a person said of it: evidence, encoding, heading, which column is which field
    Report  ── what reading it came to: first rows, refusals by row and column, whom it resembles

Both lie sealed beside the file, as JSON: they hold names.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from petition.domain import folding
from petition.domain.headings import Columns
from petition.domain.importing import Evidence

# As many problems and resemblances are shown; what is beyond them is counted, and comes back in the file.
MOST_TOLD = 200
MOST_LIKELY = 100
SHOWN = 6
USUAL = ("category", "country", "language", "visibility")

Row = tuple[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """`at`: field by column, from 0, as a person said; None to guess. `heading`: its row, 0 for none, None to guess.

    `fields`: by a heading's digest, as the last list of the same source had them; `remembered`: nothing else was said
    yet. `worksheet`: of a workbook, by name; empty to guess.
    """

    evidence: Evidence
    method: str
    encoding: str = ""
    delimiter: str = ""
    heading: int | None = None
    at: Mapping[int, str] | None = None
    usual: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    remembered: bool = False
    worksheet: str = ""

    def facts(self) -> dict[str, Any]:
        at = None if self.at is None else {str(place): name for place, name in self.at.items()}
        return {**asdict(self), "at": at}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Plan:
        at = facts["at"]
        places = None if at is None else {int(place): name for place, name in at.items()}
        return cls(**{**facts, "evidence": Evidence.of(facts["evidence"]), "at": places})

    def columns(self, first: Sequence[Row], guessed: Columns) -> Columns:
        """What a person said over what was guessed."""
        heading, begins = guessed.heading, guessed.begins
        if self.heading is not None:
            heading = next((list(cells) for number, cells in first if number == self.heading), [])
            begins = self.heading + 1 if heading else 0
        at = guessed.at if self.at is None else {name: place for place, name in self.at.items()}
        return Columns(at, heading, begins)


def of_heading(first: Sequence[Row], plan: Plan) -> Sequence[Row]:
    """The rows among which the heading is to be found."""
    return first if plan.heading is None else [row for row in first if row[0] == plan.heading]


@dataclass(frozen=True, slots=True)
class Layout:
    """How lists of one source are read. `fields`: by a heading's digest, so that no heading lies readable."""

    fields: Mapping[str, str]
    usual: Mapping[str, str]
    encoding: str

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Layout:
        return cls(**facts)


def source_key(source: str) -> bytes:
    """What a source is known by: as people write it, not quite the same each time."""
    return b"source\0" + folding.fold(source).encode()


def heading_key(heading: str) -> bytes:
    return b"heading\0" + folding.fold(heading).encode()


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal: of a row (`column` None), or of what stands in one of its columns (`heading`, from 0)."""

    row: int
    name: str
    column: int | None
    cell: str
    code: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Likely:
    """A row that may be somebody who counts already (`signature`, an id in hexadecimal), or another row."""

    row: int
    name: str
    other: str
    probability: float
    signature: str = ""
    other_row: int = 0


@dataclass(slots=True)
class Report:
    """`wrong`: (code, line, facts) why it cannot be read at all; `lacks`: (code, facts) what it says too little of.

    `written`: a CSV's first words in each encoding, where that was guessed or has to be told. `compared`: None while it
    is not known; else whether it was compared with who counts. `whole`: read to its end. `worksheet`, `left`,
    `apart`: of a workbook, as `sheets.Sheet` has them.
    """

    kind: str = ""
    encoding: str = ""
    delimiter: str = ""
    guess: bool = False
    written: dict[str, str] = field(default_factory=dict)
    wrong: tuple[str, int | None, Mapping[str, Any]] | None = None
    lacks: tuple[str, Mapping[str, Any]] | None = None
    first: list[Row] = field(default_factory=list)
    heading: list[str] = field(default_factory=list)
    begins: int = 0
    at: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    rows: int = 0
    good: int = 0
    refused: int = 0
    addresses: int = 0
    problems: list[Problem] = field(default_factory=list)
    likely: list[Likely] = field(default_factory=list)
    likely_all: int = 0
    compared: bool | None = None
    whole: bool = False
    worksheet: str = ""
    left: list[str] = field(default_factory=list)
    apart: str = ""

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Report:
        made = cls(**{each.name: facts[each.name] for each in dataclasses.fields(cls) if each.name in facts})
        made.problems = [Problem(**each) for each in facts["problems"]]
        made.likely = [Likely(**each) for each in facts["likely"]]
        return made

    @property
    def width(self) -> int:
        return max((len(self.heading), *(len(cells) for _, cells in self.first)), default=0)

    @property
    def fields(self) -> dict[int, str]:
        """Field by column."""
        return {place: name for name, place in self.at.items()}

    def examples(self, place: int) -> list[str]:
        """What stands in a column, below the heading."""
        below = [cells[place] for number, cells in self.first if number >= self.begins and place < len(cells)]
        return [cell for cell in below if cell][:3]
