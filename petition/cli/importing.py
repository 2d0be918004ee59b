"""petition import SLUG FILE"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import IO

import click

from petition import cli, sheets, words
from petition.actions import importing, intake
from petition.cli import files, unlocking
from petition.db.database import Database
from petition.db.opening import opened
from petition.domain import headings, listing, tabular
from petition.domain.actors import MODERATE, Actor
from petition.domain.headings import FIELDS, Columns, Unmapped
from petition.domain.importing import METHODS
from petition.domain.listed import Listed, Reader, Vocabulary
from petition.domain.submission import ASKED
from petition.domain.tokens import Keys
from petition.errors import Conflict, FieldRefused, Forbidden, Invalid, NotFound, OperatorError
from petition.queries import imports, petitions
from petition.queries.imports import Import
from petition.queries.petitions import Petition
from petition.settings import Settings
from petition.sheets import Row, Sheet
from petition.words import Words

CHUNK = 500
TRIES = 5
SHOWN = 3
NOT_TAKEN = "takes no list now: it is a draft or archived, its safety switch is on, or its records have ended"
ENDED = "this import was undone meanwhile; nothing further was added"


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for at the command line."""

    slug: str
    file: Path
    asked: Mapping[str, str]
    usual: Mapping[str, str]
    method: str
    source: str
    encoding: str | None
    language: str | None
    dry: bool


@dataclass(slots=True)
class Told:
    """What became of the lines."""

    added: int = 0
    there: int = 0
    refused: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def _pairs(_: click.Context, option: click.Parameter, typed: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in typed:
        name, equals, value = pair.partition("=")
        if not equals or not value or name not in FIELDS:
            raise click.BadParameter(f"{pair} is not FIELD=…; the fields are {', '.join(FIELDS)}.")
        found[name] = value
    return found


@click.command()
@click.argument("slug")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--map", "asked", multiple=True, callback=_pairs, metavar="FIELD=COLUMN",
              help="This column (its heading, letter or number) is that field.")  # fmt: skip
@click.option("--set", "usual", multiple=True, callback=_pairs, metavar="FIELD=VALUE",
              help="For every row that says nothing else.")  # fmt: skip
@click.option("--method", type=click.Choice(METHODS), default="import", show_default=True)
@click.option("--source", default="", metavar="TEXT", help="Where the list comes from; kept sealed.")
@click.option("--encoding", type=click.Choice(sheets.ENCODINGS), help="Of a CSV that does not say so itself.")
@click.option("--lang", "language", type=click.Choice(["ar", "en"]), help="The words of the reasons.")
@click.option("--dry-run", "dry", is_flag=True, help="Say what would become of each row, and store nothing.")
@click.option("--undo", metavar="ID", help="Take an import back as a whole.")
@click.option("--list", "listed", is_flag=True, help="The imports there were.")
@click.option("--as", "address", metavar="EMAIL", help="As this organizer; without it, as the operator.")
def command(
    slug: str,
    file: Path | None,
    asked: dict[str, str],
    usual: dict[str, str],
    method: str,
    source: str,
    encoding: str | None,
    language: str | None,
    dry: bool,
    undo: str | None,
    listed: bool,
    address: str | None,
) -> None:
    """Signatures from a list. Each row that is refused goes to FILE.refused.csv with its reason.

    They are sealed like all others and count at once. The same file again adds nothing; interrupted, it goes on.
    """
    if (file is not None) + (undo is not None) + listed != 1:
        raise click.UsageError("One of FILE, --undo ID and --list is needed.")
    settings = cli.settings()
    try:
        if listed:
            lines = asyncio.run(_list(settings, slug))
        elif undo is not None:
            lines = asyncio.run(_undo(settings, slug, undo, address))
        else:
            assert file is not None
            order = Order(slug, file, asked, usual, method, source, encoding, language, dry)
            lines = asyncio.run(_import(settings, order, address))
    except Forbidden:
        cli.fail(f"{address} may not do this on {slug}")
    for line in lines:
        click.echo(line)


async def _actor(database: Database, keys: Keys, settings: Settings, address: str | None) -> Actor | None:
    return None if address is None else (await unlocking.signed_in(database, keys, settings, address))[0]


async def _import(settings: Settings, order: Order, address: str | None) -> list[str]:
    sheet = sheets.opened(order.file, order.encoding)
    catalogues = words.load()
    async with opened(settings) as (database, keys):
        petition = await unlocking.petition_of(database, order.slug)
        by = await _actor(database, keys, settings, address)
        if by is not None and by.scope(petition.id, MODERATE) is None:
            raise Forbidden()
        try:
            importing.require_taking(petition)
        except Conflict:
            raise OperatorError(f"{order.slug} {NOT_TAKEN}") from None
        reader = _reader(sheet, order, petition, catalogues, datetime.now(UTC).date())
        number = sum(1 for _ in _lines(sheet, reader.columns))
        for line in _understood(sheet, reader.columns, petition):
            click.echo(line, err=True)
        run = _Run(database, keys, petition, order, by, reader, catalogues[order.language or petition.default_language])
        return await run.whole(sheet, number)


def _reader(sheet: Sheet, order: Order, petition: Petition, catalogues: Mapping[str, Words], today: date) -> Reader:
    ours = [name for name in listing.COLUMNS if name in FIELDS]
    own = {name: [name, *(spoken(f"column.{name}") for spoken in catalogues.values())] for name in ours}
    first = list(islice(sheet.rows(), headings.LOOKED_AT))
    try:
        columns = headings.columns(first, headings.known_headings(own), order.asked)
    except Unmapped as named:
        there = ", ".join(filter(None, _heading(first)))
        raise OperatorError(f"{order.file} has no column {named}; its first rows hold: {there}") from None
    vocabulary = Vocabulary(catalogues, {c.slug: [c.slug, *c.label.values()] for c in petition.categories})
    usual = {name: vocabulary.code(name, value) for name, value in order.usual.items()}
    rules = intake.rules(petition)
    if not columns.names and not {"full_name", "given_name"} & usual.keys():
        raise OperatorError(
            f"{order.file}: no column is known as a name among: {', '.join(filter(None, _heading(first)))}; "
            "say which with --map full_name=COLUMN"
        )
    needed = ["category", *(name for name, how in petition.ask_for.items() if how == "required")]
    for name in needed:
        if name not in columns.at and name not in usual:
            raise OperatorError(f"{order.file} says no {name}: --map {name}=COLUMN or --set {name}=VALUE says it")
    if "category" in usual and usual["category"] not in rules.categories:
        raise OperatorError(f"{order.slug} has no category {usual['category']} that one can sign as")
    return Reader(columns, vocabulary, rules, petition.languages, usual, today)


def _heading(first: Sequence[Row]) -> Sequence[str]:
    return max((cells for _, cells in first), key=lambda cells: sum(map(bool, cells)), default=())


def _lines(sheet: Sheet, columns: Columns) -> Iterator[Row]:
    return (row for row in sheet.rows() if row[0] >= columns.begins)


def _understood(sheet: Sheet, columns: Columns, petition: Petition) -> Iterator[str]:
    """How the file was read, and what of it is left out, for a person to look at."""
    if sheet.kind == "csv":
        delimiter = {"\t": "tab"}.get(sheet.delimiter, sheet.delimiter)
        guess = " (a guess: look at the names below; --encoding says another)" if sheet.guess else ""
        yield f"read as {sheet.encoding}, cells parted by {delimiter}{guess}"
    told = [f"{name}: {_named(columns, place)}" for name, place in columns.at.items()]
    yield f"columns: {'; '.join(told)}"
    unasked = [name for name in ASKED if name in columns.at and name not in petition.ask_for]
    used = set(columns.at.values())
    left = [cell for place, cell in enumerate(columns.heading) if cell and place not in used]
    if unasked or left:
        yield f"left out: {', '.join((*unasked, *left))}"
    names = [columns.at[name] for name in ("full_name", "given_name", "surname") if name in columns.at]
    for number, cells in islice(_lines(sheet, columns), SHOWN):
        yield f"row {number}: {' '.join(cells[place] for place in names if place < len(cells))}"


def _named(columns: Columns, place: int) -> str:
    return columns.heading[place] if place < len(columns.heading) and columns.heading[place] else f"column {place + 1}"


class _Run:
    """One file on its way in: `CHUNK` rows at a time, each chunk one transaction."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        petition: Petition,
        order: Order,
        by: Actor | None,
        reader: Reader,
        spoken: Words,
    ) -> None:
        self._database, self._keys, self._petition, self._order = database, keys, petition, order
        self._by, self._reader, self._words = by, reader, spoken
        self._told = Told()
        self._import: Import | None = None
        self._gone: frozenset[bytes] = frozenset()
        # In a dry run nothing is stored that could tell who stood in an earlier row.
        self._seen: dict[bytes, int] = {}

    async def whole(self, sheet: Sheet, number: int) -> list[str]:
        order, path = self._order, files.free(self._order.file.with_suffix(".refused.csv"))
        digest = importing.digest_of(self._keys, self._petition.id, _sha256(order.file))
        async with self._database.read() as connection:
            self._gone = await imports.taken_out(connection, self._petition.id)
        if not order.dry:
            source = f"{order.file.name}\n{order.source}".strip()
            async with self._database.write() as tx:
                self._import = await importing.begin(
                    tx, self._petition, digest, order.method, source, by=self._by, today=self._reader.until
                )
        with files.written(path) as file:
            await self._rows(sheet, number, Refused(file, self._reader.columns.heading, self._words))
            file.flush()
        if not self._told.refused:
            path.unlink()
        if self._import is not None:
            async with self._database.write() as tx:
                await importing.finish(tx, self._import, self._told.refused, by=self._by, today=self._reader.until)
        return list(self._summary(path))

    async def _rows(self, sheet: Sheet, number: int, refused: Refused) -> None:
        rows = _lines(sheet, self._reader.columns)
        bar = click.progressbar(length=number, label=str(self._order.file), file=sys.stderr, hidden=not _watched())
        with bar:
            while chunk := list(islice(rows, CHUNK)):
                told = await self._chunk(chunk)
                for line, cells in chunk:
                    why = told.get(line)
                    if why is not None:
                        refused.write(line, cells, why)
                        self._told.refused += 1
                bar.update(len(chunk))

    async def _chunk(self, chunk: Sequence[Row]) -> dict[int, Mapping[str, FieldRefused]]:
        """By row, why it was refused."""
        told: dict[int, Mapping[str, FieldRefused]] = {}
        wanted: list[tuple[Listed, bytes]] = []
        for number, cells in chunk:
            try:
                listed = self._reader.read(number, cells)
            except Invalid as wrong:
                told[number] = wrong.fields
            else:
                wanted.append((listed, self._keys.identity_of(self._petition.id, listed.identity())))
        late = await self._decided(wanted)
        self._told.there += sum(why is None for why in late.values())
        self._told.added += len(wanted) - len(late)
        return told | {number: {"row": why} for number, why in late.items() if why is not None}

    async def _decided(self, wanted: Sequence[tuple[Listed, bytes]]) -> dict[int, FieldRefused | None]:
        """By row, why it is not added: None where it is in by an earlier run of this same import."""
        held = self._import
        async with self._database.read() as connection:
            late = await importing.known(connection, held.id if held else None, self._petition.id, wanted, self._gone)
        new = [(listed, digest) for listed, digest in wanted if listed.number not in late]
        if held is None:
            for listed, digest in new:
                earlier = self._seen.setdefault(digest, listed.number)
                if earlier != listed.number:
                    late[listed.number] = FieldRefused("listed-twice", row=earlier)
            return late
        return late | await self._stored(held, new)

    async def _stored(self, held: Import, new: Sequence[tuple[Listed, bytes]]) -> dict[int, FieldRefused | None]:
        for left in reversed(range(TRIES)):
            made = [
                importing.make(self._petition, listed, digest, held.method, self._keys, today=self._reader.until)
                for listed, digest in new
            ]
            try:
                async with self._database.write() as tx:
                    found = await petitions.petition(tx, self._order.slug)
                    importing.require_taking(found or self._petition)
                    return await importing.add(tx, held, made, today=self._reader.until)
            except Conflict as ended:
                if ended.code == "changed-meanwhile" and left:
                    # Somebody confirmed one of these addresses at this very moment: by now they can be seen.
                    continue
                if ended.code == "key-changed" and left:
                    self._petition = await unlocking.petition_of(self._database, self._order.slug)
                    continue
                if ended.code == "import-ended":
                    raise OperatorError(ENDED) from None
                raise OperatorError(
                    f"{self._order.slug} {NOT_TAKEN}; the same file goes on later, "
                    f"or --undo {held.id.hex()} takes back what is in"
                ) from None
        return {}

    def _summary(self, path: Path) -> Iterator[str]:
        told, dry = self._told, self._order.dry
        yield f"{'would be added' if dry else 'added'}: {told.added:,}"
        if told.there:
            yield f"added by an earlier run of this file: {told.there:,}"
        yield f"refused: {told.refused:,}" + (f", in {path} with their reasons" if told.refused else "")
        if self._import is not None:
            yield f"undone as a whole by: petition import {self._order.slug} --undo {self._import.id.hex()}"


class Refused:
    """The rows that were refused, as they stood in the file, with their reasons: to be corrected and fed in again."""

    def __init__(self, file: IO[bytes], heading: Sequence[str], spoken: Words) -> None:
        self._file, self._words, self._width = file, spoken, len(heading)
        self._write([*heading, spoken("column.refused-row"), spoken("column.refused-why")], tabular.BOM)

    def write(self, number: int, cells: Sequence[str], why: Mapping[str, FieldRefused]) -> None:
        """What stands beyond the heading comes after the reason, so that the reasons stand below one another."""
        own = [*cells[: self._width], *[""] * (self._width - len(cells))] if self._width else list(cells)
        self._write([*own, str(number), self._reason(why), *cells[len(own) :]])

    def _reason(self, why: Mapping[str, FieldRefused]) -> str:
        return " ".join(
            f"{self._words(f'column.{name}')}: {self._words.fill(f'field.{refusal.code}', refusal.facts)}"
            if name != "row"
            else self._words.fill(f"field.{refusal.code}", refusal.facts)
            for name, refusal in why.items()
        )

    def _write(self, row: Sequence[str], before: str = "") -> None:
        self._file.write(before.encode() + tabular.csv_bytes([[tabular.unguarded(cell) for cell in row]]))


async def _undo(settings: Settings, slug: str, typed: str, address: str | None) -> list[str]:
    try:
        import_id = bytes.fromhex(typed)
    except ValueError:
        import_id = b""
    async with opened(settings) as (database, keys):
        petition, today = await unlocking.petition_of(database, slug), datetime.now(UTC).date()
        by = await _actor(database, keys, settings, address)
        try:
            async with database.write() as tx:
                found = await importing.undo(tx, petition.id, import_id, by=by, today=today)
        except NotFound:
            raise OperatorError(f"{slug} has no import {typed}; --list shows those there are") from None
        except Conflict:
            raise OperatorError(f"the import {typed} is undone already") from None
        async with database.read() as connection:
            kept = await imports.stood_in_for(connection, petition.id)
        out = left = 0
        while True:
            async with database.write() as tx:
                taken = await importing.take_back(tx, found, kept, keys=keys, today=today)
            if taken == (0, 0):
                break
            out, left = out + taken[0], left + taken[1]
    told = [f"taken out of the count: {out:,}"]
    if left:
        told.append(f"left as they are, since they signed and confirmed as well: {left:,}")
    return told


async def _list(settings: Settings, slug: str) -> list[str]:
    async with opened(settings) as (database, _):
        petition = await unlocking.petition_of(database, slug)
        async with database.read() as connection:
            found = await imports.of_petition(connection, petition.id)
    return [
        f"{i.id.hex()}  {i.made_on.isoformat()}  {i.method:<6}  {i.state:<8}  added {i.added:,}, refused {i.refused:,}"
        for i in found
    ] or [f"{slug} has no import yet"]


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _watched() -> bool:
    return sys.stderr.isatty()
