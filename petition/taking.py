"""Taking a list in, for the command and the console alike: how it is read, what becomes of each row, what was refused.

    understand ──→ Columns ──reader──→ Reader ──Taking.chunk──→ rows refused, each with its reason

`CHUNK` rows at a time, each chunk one transaction. A `Taking` without an import stores nothing: it tells what would
become of each row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from petition.actions import importing, intake
from petition.db.database import Database
from petition.domain import folding, headings, listing, tabular
from petition.domain.headings import FIELDS, Columns
from petition.domain.listed import Listed, Reader, Vocabulary
from petition.domain.submission import ASKED
from petition.domain.tokens import Keys
from petition.errors import Conflict, FieldRefused, Invalid, SheetRefused
from petition.queries import imports, petitions
from petition.queries.imports import Import
from petition.queries.petitions import Petition
from petition.sheets import Row, Sheet
from petition.words import Words

CHUNK = 1_000
TRIES = 5

Why = Mapping[str, FieldRefused]


class Lacking(Exception):
    """The list as a whole says too little: `no-name`, `says-no` (a `field` every row needs), `category-unknown`."""

    def __init__(self, code: str, **facts: str) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


@dataclass(slots=True)
class Told:
    """What became of the rows. `there`: added by an earlier run; `reasons`: refusals by field and code."""

    added: int = 0
    there: int = 0
    refused: int = 0
    reasons: dict[tuple[str, str], int] = field(default_factory=dict)

    def refuse(self, why: Why) -> None:
        self.refused += 1
        for name, refusal in why.items():
            told = (name, refusal.code)
            self.reasons[told] = self.reasons.get(told, 0) + 1


def first_rows(sheet: Sheet) -> list[Row]:
    """Among which its heading is looked for. `SheetRefused` where there is none."""
    first = list(islice(sheet.rows(), headings.LOOKED_AT))
    if not first:
        raise SheetRefused(sheet.source.name, None, "empty")
    return first


def guess(
    first: Sequence[Row],
    catalogues: Mapping[str, Words],
    asked: Mapping[str, str],
    remembered: Mapping[str, str] | None = None,
) -> Columns:
    """Which column is which field, by the headings of our own lists and of others'; as `headings.columns` refuses.

    `remembered`: field by heading, before all others.
    """
    ours = [name for name in listing.COLUMNS if name in FIELDS]
    own = {name: [name, *(spoken(f"column.{name}") for spoken in catalogues.values())] for name in ours}
    marks = {folding.fold(spoken(f"column.{mark}")): mark for mark in headings.MARKS for spoken in catalogues.values()}
    known = (
        headings.known_headings(own) | marks | {folding.fold(cell): name for cell, name in (remembered or {}).items()}
    )
    return headings.columns(first, known, asked)


def vocabulary(petition: Petition, catalogues: Mapping[str, Words]) -> Vocabulary:
    return Vocabulary(catalogues, {c.slug: [c.slug, *c.label.values()] for c in petition.categories})


def reader(
    columns: Columns, petition: Petition, catalogues: Mapping[str, Words], usual: Mapping[str, str], today: date
) -> Reader:
    """`usual`: by field, in words or codes, what holds for each row that says nothing else. `Lacking` if too little."""
    known, rules = vocabulary(petition, catalogues), intake.rules(petition)
    usual = {name: known.code(name, value) for name, value in usual.items()}
    if not columns.names and not {"full_name", "given_name"} & usual.keys():
        raise Lacking("no-name")
    for name in ("category", *(name for name, how in petition.ask_for.items() if how == "required")):
        if name not in columns.at and name not in usual:
            raise Lacking("says-no", field=name)
    if "category" in usual and usual["category"] not in rules.categories:
        raise Lacking("category-unknown", category=usual["category"])
    return Reader(columns, known, rules, petition.languages, usual, today)


def lines(sheet: Sheet, columns: Columns) -> Iterator[Row]:
    """The rows below the heading; where it stands again, as at the head of each page, it is nobody."""
    again = columns.again()
    return (row for row in sheet.rows() if row[0] >= columns.begins and not again(row[1]))


def left_out(columns: Columns, petition: Petition) -> list[str]:
    """Fields that the petition does not ask for, and headings that are no field."""
    unasked = [name for name in ASKED if name in columns.at and name not in petition.ask_for]
    used = set(columns.at.values())
    return [*unasked, *(cell for place, cell in enumerate(columns.heading) if cell and place not in used)]


# Writes in the transaction it is given; by row, what was refused.
Also = Callable[[Any, Mapping[int, Why]], Awaitable[None]]


class Taking:
    """One list on its way in. `held`: its import; None for a look beforehand, which stores nothing.

    `asks`: whoever has an address is sent the mail that asks whether it is right that they were listed.
    """

    def __init__(
        self,
        database: Database,
        keys: Keys,
        petition: Petition,
        reader: Reader,
        *,
        held: Import | None = None,
        asks: bool = False,
    ) -> None:
        self._database, self._keys, self._petition, self._reader = database, keys, petition, reader
        self._held, self._asks = held, asks
        self._gone: frozenset[bytes] | None = None
        # Where nothing is stored, nothing else could tell who stood in an earlier row.
        self._seen: dict[bytes, int] = {}
        self.told = Told()

    async def chunk(self, rows: Sequence[Row], also: Also | None = None) -> tuple[dict[int, Why], list[Listed]]:
        """By row, why it was refused; and those that were added, or would be.

        `also`: what is to be written in the same transaction, given what was refused. `Conflict` `import-not-taken`
        once the petition takes no list any more, `import-ended` once the import was undone; nothing of the chunk is
        in then.
        """
        wrong, wanted = await asyncio.to_thread(self._read, rows)
        if self._held is None:
            late, new = await self._look(wanted)
        else:
            late, new = await self._store(self._held, wanted, wrong, also)
        refused = wrong | {number: {"row": why} for number, why in late.items() if why is not None}
        for why in refused.values():
            self.told.refuse(why)
        self.told.there += sum(why is None for why in late.values())
        self.told.added += len(new)
        return refused, new

    def _read(self, rows: Sequence[Row]) -> tuple[dict[int, Why], list[tuple[Listed, bytes]]]:
        wrong: dict[int, Why] = {}
        wanted: list[tuple[Listed, bytes]] = []
        for number, cells in rows:
            try:
                listed = self._reader.read(number, cells)
            except Invalid as why:
                wrong[number] = why.fields
            else:
                wanted.append((listed, self._keys.identity_of(self._petition.id, listed.identity())))
        return wrong, wanted

    async def _known(self, wanted: Sequence[tuple[Listed, bytes]]) -> dict[int, FieldRefused | None]:
        """By row, why it is not added: None where it is in by an earlier run of this same import."""
        held = self._held.id if self._held else None
        async with self._database.read() as connection:
            if self._gone is None:
                self._gone = await imports.taken_out(connection, self._petition.id)
            return await importing.known(connection, held, self._petition.id, wanted, self._gone)

    async def _look(
        self, wanted: Sequence[tuple[Listed, bytes]]
    ) -> tuple[dict[int, FieldRefused | None], list[Listed]]:
        late, new = await self._known(wanted), []
        for listed, digest in wanted:
            if listed.number not in late:
                earlier = self._seen.setdefault(digest, listed.number)
                if earlier != listed.number:
                    late[listed.number] = FieldRefused("listed-twice", row=earlier)
                else:
                    new.append(listed)
        return late, new

    async def _store(
        self, held: Import, wanted: Sequence[tuple[Listed, bytes]], wrong: Mapping[int, Why], also: Also | None
    ) -> tuple[dict[int, FieldRefused | None], list[Listed]]:
        late = await self._known(wanted)
        new = [(listed, digest) for listed, digest in wanted if listed.number not in late]
        for left in reversed(range(TRIES)):
            made = await asyncio.to_thread(self._made, held, new)
            try:
                async with self._database.write() as tx:
                    found = await petitions.petition(tx, self._petition.slug)
                    importing.require_taking(found or self._petition)
                    later = late | await importing.add(tx, held, made, today=self._reader.until)
                    if also is not None:
                        await also(tx, {**wrong, **{number: {"row": why} for number, why in later.items() if why}})
                return later, [listed for listed, _ in new if listed.number not in later]
            except Conflict as ended:
                if ended.code not in ("changed-meanwhile", "key-changed") or not left:
                    raise
                # Somebody confirmed one of these addresses at this very moment and can be seen by now, or the
                # petition's key was changed.
                if ended.code == "key-changed":
                    await self._look_again()
        raise AssertionError("the last try raises")

    def _made(self, held: Import, new: Sequence[tuple[Listed, bytes]]) -> list[importing.Made]:
        today = self._reader.until
        return [
            importing.make(self._petition, listed, digest, held.method, self._keys, today=today, asks=self._asks)
            for listed, digest in new
        ]

    async def _look_again(self) -> None:
        async with self._database.read() as connection:
            self._petition = await petitions.petition(connection, self._petition.slug) or self._petition


class RefusedRows:
    """The rows that were refused, as they stood in the file, with their reasons: to be corrected and fed in again."""

    def __init__(self, columns: Columns, first: Sequence[Row], spoken: Words) -> None:
        """Of a list without a heading the file bears one all the same, so that it is understood by itself."""
        self._heading, self._words = list(columns.heading), spoken
        if not self._heading:
            self._heading = [""] * max((len(cells) for _, cells in first), default=0)
            for name, place in columns.at.items():
                if place < len(self._heading):
                    self._heading[place] = spoken(f"column.{name}")

    def begin(self) -> bytes:
        own = [*self._heading, self._words("column.refused-row"), self._words("column.refused-why")]
        return tabular.BOM.encode() + self._line(own)

    def row(self, number: int, cells: Sequence[str], why: Why) -> bytes:
        """What stands beyond the heading comes after the reason, so that the reasons stand below one another."""
        width = len(self._heading)
        own = [*cells[:width], *[""] * (width - len(cells))]
        return self._line([*own, str(number), self.reason(why), *cells[len(own) :]])

    def reason(self, why: Why) -> str:
        return " ".join(
            f"{self._words(f'column.{name}')}: {self._words.fill(f'field.{refusal.code}', refusal.facts)}"
            if name != "row"
            else self._words.fill(f"field.{refusal.code}", refusal.facts)
            for name, refusal in why.items()
        )

    def _line(self, row: Sequence[str]) -> bytes:
        return tabular.csv_bytes([[tabular.unguarded(cell) for cell in row]])
