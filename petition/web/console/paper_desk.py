"""One batch being typed, as its page needs it: lines opened, what differs, what cannot count, which line comes next.

Nobody is shown the first entry of a line whose second one is still to come: who types again reads the paper.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from petition import taking
from petition.actions import importing
from petition.domain import paper
from petition.domain.listed import Listed, Reader
from petition.domain.paper import COLUMNS, COMPARING, Entry, Source
from petition.domain.sealing import Opener, Ring, Unreadable
from petition.domain.submission import ASKED
from petition.errors import FieldRefused, Invalid
from petition.queries import imports
from petition.queries.imports import Import
from petition.queries.paper import PaperBatch, PaperLine
from petition.queries.petitions import Petition
from petition.web.parts import Parts

# How a line stands: `typed` once is enough; of two entries it `waits` for the second, they agree or differ, or somebody
# has said what holds.
TYPED, WAITS, AGREED, DIFFERS, SETTLED = ("typed", "waits", "agreed", "differs", "settled")
HOLDS = (TYPED, AGREED, SETTLED)


@dataclass(frozen=True)
class DeskLine:
    """`told`: what holds, None before that is known; `why` it would not be counted; `listed`: as it would be."""

    line: PaperLine
    stands: str
    first: Entry
    second: Entry
    told: Entry | None
    listed: Listed | None = None
    why: FieldRefused | None = None

    @property
    def number(self) -> int:
        return self.line.number

    @property
    def differing(self) -> tuple[str, ...]:
        return paper.differing(self.first, self.second) if self.stands == DIFFERS else ()


@dataclass(frozen=True)
class Desk:
    batch: PaperBatch
    source: Source
    lines: tuple[DeskLine, ...]
    made: Import | None

    def line(self, number: int) -> DeskLine | None:
        return next((line for line in self.lines if line.number == number), None)

    @property
    def after(self) -> int:
        """The number of a line below all others."""
        return max((line.number for line in self.lines), default=0) + 1

    def to_type(self, organizer_id: bytes) -> tuple[int, ...]:
        """Lines that this organizer may type for the second time."""
        return tuple(each.number for each in self.lines if each.stands == WAITS and each.line.first_by != organizer_id)

    @property
    def differs(self) -> bool:
        return any(line.stands == DIFFERS for line in self.lines)

    @property
    def ready(self) -> bool:
        """It can be handed in as it stands."""
        if self.batch.state not in paper.OPEN or (self.batch.second and self.batch.state != COMPARING):
            return False
        return bool(self.lines) and all(line.stands in HOLDS for line in self.lines)


def fields(petition: Petition) -> tuple[str, ...]:
    """What is typed of a line, in the order of the form."""
    return tuple(name for name in paper.FIELDS if name not in ASKED or name in petition.ask_for)


def reader(held: Parts, petition: Petition, source: Source) -> Reader:
    """The rules of every door, for the lines of this sheet: its language, and its day."""
    usual = {"signed_on": str(source.day), "language": source.language}
    return taking.reader(COLUMNS, petition, held.catalogues, usual, held.today())


async def desk_of(
    held: Parts,
    connection: Any,
    petition: Petition,
    batch: PaperBatch,
    lines: Sequence[PaperLine],
    ring: Ring,
) -> Desk | None:
    """None where this key does not open it, or nothing of it is kept any more."""
    opener = Opener(ring, petition.id)
    try:
        source = Source.of(opener.record(batch.source)) if batch.source else None
        opened = [_opened(batch, line, opener) for line in lines]
    except Unreadable:
        return None
    if source is None:
        return None
    made = await imports.by_id(connection, petition.id, batch.import_id) if batch.import_id else None
    return Desk(batch, source, await _judged(held, connection, petition, source, opened), made)


def _opened(batch: PaperBatch, line: PaperLine, opener: Opener) -> DeskLine:
    first, second, settled = (opener.record(s) if s else None for s in (line.first, line.second, line.settled))
    told: Entry | None
    if settled is not None:
        stands, told = SETTLED, settled
    elif batch.state != COMPARING:
        stands, told = TYPED, first
    elif second is None:
        stands, told = WAITS, None
    elif first is not None and not paper.differing(first, second):
        stands, told = AGREED, first
    else:
        stands, told = DIFFERS, None
    return DeskLine(line, stands, first or paper.MISSING, second or paper.MISSING, told)


async def _judged(
    held: Parts, connection: Any, petition: Petition, source: Source, lines: Sequence[DeskLine]
) -> tuple[DeskLine, ...]:
    """With what the rules and the count say of each line that could be handed in."""
    reads, read = reader(held, petition, source), dict[int, Listed]()
    why: dict[int, FieldRefused | None] = {}
    for line in lines:
        if line.told is not None:
            try:
                read[line.number] = reads.read(line.number, paper.cells(line.told))
            except Invalid as wrong:
                # The petition has changed since: a category is gone, or more is asked for.
                why[line.number] = next(iter(wrong.fields.values()))
    wanted = [(each, held.keys.identity_of(petition.id, each.identity())) for each in read.values()]
    gone = await imports.taken_out_of(connection, petition.id, [digest for _, digest in wanted])
    why |= await importing.known(connection, None, petition.id, wanted, gone)
    return tuple(
        DeskLine(
            line.line, line.stands, line.first, line.second, line.told, read.get(line.number), why.get(line.number)
        )
        for line in lines
    )


def kept_from(entries: Sequence[Entry]) -> Mapping[str, str]:
    """What the next line most likely has in common with the last one."""
    last = next((entry for entry in reversed(entries) if entry), {})
    return {"visibility": "anonymous"} | {name: last[name] for name in paper.KEPT if last.get(name)}
