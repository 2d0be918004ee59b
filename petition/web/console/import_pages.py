"""The pages of lists that are taken in: those there were, and one that is looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from petition.domain import importing
from petition.domain.headings import FIELDS
from petition.domain.importing import Evidence
from petition.domain.staged import Plan, Report
from petition.queries.imports import Import
from petition.queries.petitions import Petition
from petition.queries.stagings import Staging
from petition.sheets import DELIMITERS, ENCODINGS
from petition.web.console.pages import EMPTY, InsidePage
from petition.web.pages import FormState


@dataclass(frozen=True)
class ImportLine:
    """A list that was taken in. `who`: its organizer, None for the operator; `evidence` None where it cannot be opened.

    `answers`: how many were asked, said that it is right, denied it. `acts`: what the reader can do with it now.
    """

    row: Import
    who: str | None
    evidence: Evidence | None
    answers: Mapping[str, int]
    acts: tuple[str, ...]


@dataclass(frozen=True)
class StagingLine:
    """One's own list that lies here; `name`: of its file."""

    row: Staging
    name: str


@dataclass(frozen=True)
class ImportsPage(InsidePage):
    """`opens`: this session has the petition's key; `most`: how large a file may be, in MB."""

    template = "console/imports.html"
    petition: Petition
    imports: tuple[ImportLine, ...]
    stagings: tuple[StagingLine, ...]
    opens: bool
    most: int
    said: str | None = None
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/imports"

    @property
    def typed(self) -> Mapping[str, str]:
        """What stands in the form: a file has to be chosen again, nothing else has to be typed again."""
        usual = dict.fromkeys(("source", "kind", "note"), "") | {"method": importing.METHODS[0]}
        return usual | {name: self.form.values[name] for name in usual if self.form.values.get(name)}

    @property
    def kinds(self) -> tuple[str, ...]:
        return importing.KINDS

    @property
    def methods(self) -> tuple[str, ...]:
        return importing.METHODS


@dataclass(frozen=True)
class StagingPage(InsidePage):
    """`reading`: some process is at it. `same`: this very file was taken in before, as that import. `usual`: what may
    be said for all rows, as (value, words) by field."""

    template = "console/staging.html"
    petition: Petition
    staging: Staging
    plan: Plan
    report: Report
    reading: bool
    same: Import | None
    import_: Import | None
    usual: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/imports/{self.staging.id.hex()}"

    @property
    def kinds(self) -> tuple[str, ...]:
        return importing.KINDS

    @property
    def methods(self) -> tuple[str, ...]:
        return importing.METHODS

    @property
    def fields(self) -> tuple[str, ...]:
        """What a column may be: what this petition does not ask for is left out of every list."""
        asked = self.petition.ask_for
        return tuple(name for name in FIELDS if name not in ("affiliation", "city", "country") or name in asked)

    @property
    def encodings(self) -> tuple[str, ...]:
        return ENCODINGS

    @property
    def delimiters(self) -> tuple[str, ...]:
        return tuple(DELIMITERS)

    @property
    def stopped(self) -> str | None:
        return self.staging.stopped

    def letter(self, place: int) -> str:
        """A column as spreadsheets call it."""
        letters = ""
        while place >= 0:
            letters = chr(65 + place % 26) + letters
            place = place // 26 - 1
        return letters
