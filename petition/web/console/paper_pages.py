"""The pages of the intake desk."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from petition.domain import paper
from petition.domain.importing import UNDONE
from petition.domain.paper import COMPARING, OPEN, TYPING, Source
from petition.queries.imports import Import
from petition.queries.paper import PaperBatch
from petition.queries.petitions import Petition
from petition.web.console import paper_desk
from petition.web.console.pages import EMPTY, InsidePage
from petition.web.console.paper_desk import DIFFERS, WAITS, Desk, DeskLine
from petition.web.pages import FormState


@dataclass(frozen=True)
class PaperRow:
    """A batch in the list: so many lines wait in it; `source` None where it cannot be opened."""

    batch: PaperBatch
    waiting: int
    source: Source | None
    who: str
    made: Import | None


@dataclass(frozen=True)
class PaperListPage(InsidePage):
    template = "console/papers.html"
    petition: Petition
    rows: tuple[PaperRow, ...]
    opens: bool
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/paper"

    @property
    def evidence(self) -> tuple[str, ...]:
        return paper.EVIDENCE


@dataclass(frozen=True)
class PaperPage(InsidePage):
    """One batch. `desk` None where the key is missing; `seen`: of all lines.

    `mode` of the form: the `first` entry of a line, the `second`, to `correct` or to `settle` one; empty where none is.
    """

    template = "console/paper.html"
    petition: Petition
    batch: PaperBatch
    desk: Desk | None
    organizer_id: bytes
    undoes: bool
    seen: str
    mode: str = ""
    number: int = 0
    chosen: DeskLine | None = None
    form: FormState = EMPTY
    said: Mapping[str, int] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/paper/{self.batch.id.hex()}"

    @property
    def fields(self) -> tuple[str, ...]:
        return paper_desk.fields(self.petition)

    @property
    def labels(self) -> tuple[str, ...]:
        """What may be refused, the sheet's own day and language among it."""
        return (*self.fields, "signed_on", "language")

    @property
    def undoable(self) -> bool:
        made = self.desk.made if self.desk else None
        return made is not None and made.state != UNDONE and self.undoes

    @property
    def waits_for_others(self) -> int:
        """Lines that only somebody else may type again."""
        lines = self.desk.lines if self.desk else ()
        return sum(each.stands == WAITS and each.line.first_by == self.organizer_id for each in lines)

    def at(self, number: int | None, form: FormState | None, said: Mapping[str, int]) -> "PaperPage":
        """With the form on this line, or on the next one to be typed."""
        if self.desk is None or self.batch.state not in OPEN:
            return replace(self, form=form or EMPTY, said=said)
        mode, number = self._mode(self.desk, number)
        chosen = self.desk.line(number)
        values = self._values(self.desk, mode, chosen)
        return replace(self, mode=mode, number=number, chosen=chosen, form=form or FormState(values), said=said)

    def _mode(self, desk: Desk, number: int | None) -> tuple[str, int]:
        there = desk.line(number) if number else None
        if self.batch.state == TYPING:
            return ("correct", there.number) if there else ("first", desk.after)
        if there is not None and there.stands == DIFFERS:
            return "settle", there.number
        mine = desk.to_type(self.organizer_id)
        if there is not None and there.number in mine:
            return "second", there.number
        # A number that nobody has typed: the sheet has a line more than the first entry.
        if number == desk.after or not mine:
            return ("second" if number == desk.after else ""), desk.after
        return "second", mine[0]

    def _values(self, desk: Desk, mode: str, chosen: DeskLine | None) -> Mapping[str, str]:
        if mode == "correct" and chosen:
            return chosen.first
        if mode == "settle" and chosen:
            return chosen.second or chosen.first
        if mode == "second":
            mine = [each.second for each in desk.lines if each.line.second_by == self.organizer_id]
            return paper_desk.kept_from(mine)
        return paper_desk.kept_from([each.first for each in desk.lines] if self.batch.state != COMPARING else [])
