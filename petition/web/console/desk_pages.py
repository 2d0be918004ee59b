"""The pages of the work on signatures: the list, one record, acts by rule, lists taken out, invitations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from petition.domain import listing, sheet
from petition.queries.batches import Batch
from petition.queries.exports import Export
from petition.queries.invitations import Invitation
from petition.queries.petitions import Category, Petition
from petition.web.console.pages import EMPTY, InsidePage
from petition.web.pages import FormState


@dataclass(frozen=True)
class Line:
    """One signature in a list: `row` a queries.queue.Queued, `record` opened, or None where there is no key."""

    row: Any
    record: Mapping[str, Any] | None


@dataclass(frozen=True)
class QueuePage(InsidePage):
    """`chosen` are the filters as asked for; `more` leads on. `wanted`: the text looked for, `whole`: in everything."""

    template = "console/queue.html"
    petition: Petition
    lines: tuple[Line, ...]
    waiting: Mapping[str, int]
    chosen: Mapping[str, str]
    more: str | None
    opens: bool
    wanted: str = ""
    whole: bool = True
    said: str | None = None

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/queue"


@dataclass(frozen=True)
class NoteLine:
    """A word to colleagues; `text` None where it cannot be opened."""

    who: str
    day: Any
    text: str | None


@dataclass(frozen=True)
class RecordPage(InsidePage):
    """One signature opened. `back`: its list, `following`: the next in it; `acts`: what may be done now.

    `invited`: the invitation that vouches for it, or that it came with while it waits. `merged`: what was merged into
    it, `into`: what it was merged into.
    """

    template = "console/record.html"
    petition: Petition
    line: Line
    back: str
    following: str
    acts: tuple[str, ...]
    history: tuple[Any, ...] = ()
    notes: tuple["NoteLine", ...] = ()
    batches: tuple[tuple[Batch, str], ...] = ()
    invited: "InvitationLine | None" = None
    writes: bool = False
    merged: tuple[Line, ...] = ()
    into: Line | None = None
    said: str | None = None
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/signatures/{self.line.row.id.hex()}"


@dataclass(frozen=True)
class BatchState:
    """An act on many: `progress` counts members by state; `made` and `agreed` are organizers' addresses."""

    batch: Batch
    progress: Mapping[str, int]
    made: str
    agreed: str

    @property
    def seen_to(self) -> int:
        """How many signatures its present run has come to."""
        forth = self.batch.number - self.progress["waiting"]
        return forth if self.batch.state != "undoing" else forth - self.progress["changed"]

    @property
    def changed(self) -> int:
        return self.progress["changed"]


@dataclass(frozen=True)
class BatchesPage(InsidePage):
    template = "console/batches.html"
    petition: Petition
    batches: tuple[BatchState, ...]
    moderates: bool

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/batches"


@dataclass(frozen=True)
class RulePage(InsidePage):
    """`opens`: this session has the key; `opening`: so many records were opened so far, if not all were yet."""

    template = "console/rule.html"
    petition: Petition
    opens: bool
    form: FormState = EMPTY
    opening: int = 0

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/batches/new"


@dataclass(frozen=True)
class BatchPage(InsidePage):
    """One act on many. `rule`: its conditions, if they can be opened; `lines`: a sample; `total`: what counts.

    `second`: it takes a second owner; `alone`: there is none; `lists`: names are coming back into the list just now.
    """

    template = "console/batch.html"
    petition: Petition
    state: BatchState
    rule: Mapping[str, str] | None
    lines: tuple[Line, ...]
    acts: tuple[str, ...]
    total: int
    second: bool
    alone: bool
    mine: bool
    lists: bool
    said: str | None = None

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/batches/{self.state.batch.id.hex()}"


@dataclass(frozen=True)
class InvitationLine:
    """`stands`: Invitation.stands; `who` issued it, None for the operator, empty for somebody who has left.

    `may`: revoke it; `verified`: how many it vouches for now.
    """

    row: Invitation
    stands: str
    who: str | None
    may: bool = False
    verified: int = 0


@dataclass(frozen=True)
class InvitationsPage(InsidePage):
    """`mine`: categories that one can vouch for; `more` leads on; `only`: this one was asked for.

    `links`: (mark, link) of those just issued, shown this once.
    """

    template = "console/invitations.html"
    petition: Petition
    lines: tuple[InvitationLine, ...]
    mine: tuple[Category, ...]
    more: str | None
    only: bool = False
    links: tuple[tuple[str, str], ...] = ()
    said: str | None = None
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/invitations"


@dataclass(frozen=True)
class SheetsPage(InsidePage):
    """`languages`: of the statement; `sets`: a PDF can be made here."""

    template = "console/sheets.html"
    petition: Petition
    languages: tuple[str, ...]
    sets: bool
    form: FormState = EMPTY

    most = sheet.MOST

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/sheets"

    @property
    def choices(self) -> tuple[str, ...]:
        """All together first, where there are several."""
        return (sheet.BOTH, *self.languages) if len(self.languages) > 1 else self.languages


@dataclass(frozen=True)
class ExportLine:
    """A list that was taken out: who made it, who agreed, and what the reader can do with it now."""

    export: Export
    made: str
    agreed: str
    acts: tuple[str, ...]


@dataclass(frozen=True)
class ExportsPage(InsidePage):
    """`opens`: this session has the key; `alone`: no other owner could agree; `sets`: a PDF can be made here."""

    template = "console/exports.html"
    petition: Petition
    exports: tuple[ExportLine, ...]
    opens: bool
    alone: bool
    form: FormState = EMPTY
    sets: bool = True

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/exports"

    @property
    def columns(self) -> tuple[str, ...]:
        return (*listing.COLUMNS, *listing.BESIDES)

    @property
    def usual(self) -> tuple[str, ...]:
        return listing.COLUMNS

    def ticked(self, name: str, otherwise: bool) -> bool:
        """As it was sent; before anything was, as it is usual."""
        return self.form.values.get(name) == "yes" if self.form.values else otherwise
