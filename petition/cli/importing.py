"""petition import SLUG FILE"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

import click

from petition import cli, sheets, taking, words
from petition.actions import importing
from petition.cli import files, unlocking
from petition.db.database import Database
from petition.db.opening import opened
from petition.domain.actors import MODERATE, Actor
from petition.domain.headings import FIELDS, Columns, Unmapped
from petition.domain.importing import METHODS, Evidence
from petition.domain.listed import Reader
from petition.domain.tokens import Keys
from petition.errors import Conflict, FileRefused, Forbidden, NotFound, OperatorError, SheetRefused
from petition.queries import imports
from petition.queries.imports import Import
from petition.queries.petitions import Petition
from petition.settings import Settings
from petition.sheets import OnDisk, Row, Sheet
from petition.taking import Lacking, RefusedRows, Taking, Told, Why
from petition.words import Words

SHOWN = 3
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
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
    asks: bool = False
    delimiter: str | None = None
    worksheet: str | None = None


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
@click.option("--delimiter", type=click.Choice(list(DELIMITERS)), help="What parts the cells of a CSV.")
@click.option("--sheet", "worksheet", metavar="NAME", help="Of a workbook with several sheets, this one.")
@click.option("--lang", "language", type=click.Choice(["ar", "en"]), help="The words of the reasons.")
@click.option("--ask", "asks", is_flag=True, help="Mail those with an address: you were listed, is that right?")
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
    delimiter: str | None,
    worksheet: str | None,
    language: str | None,
    asks: bool,
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
            order = Order(slug, file, asked, usual, method, source, encoding, language, dry, asks,
                          DELIMITERS.get(delimiter or ""), worksheet)  # fmt: skip
            lines = asyncio.run(_import(settings, order, address))
    except Forbidden:
        cli.fail(f"{address} may not do this on {slug}")
    for line in lines:
        click.echo(line)


async def _actor(database: Database, keys: Keys, settings: Settings, address: str | None) -> Actor | None:
    return None if address is None else (await unlocking.signed_in(database, keys, settings, address))[0]


async def _import(settings: Settings, order: Order, address: str | None) -> list[str]:
    catalogues = words.load()
    try:
        sheet = sheets.opened(OnDisk(order.file), order.encoding, order.delimiter, order.worksheet)
        async with opened(settings) as (database, keys):
            petition = await unlocking.petition_of(database, order.slug)
            by = await _actor(database, keys, settings, address)
            if by is not None and not by.may(petition.id, MODERATE):
                raise Forbidden()
            try:
                importing.require_taking(petition)
            except Conflict:
                raise OperatorError(f"{order.slug} {NOT_TAKEN}") from None
            reader = _reader(sheet, order, petition, catalogues, datetime.now(UTC).date())
            number = sum(1 for _ in taking.lines(sheet, reader.columns))
            for line in _understood(sheet, reader.columns, petition):
                click.echo(cli.plain(line), err=True)
            spoken = catalogues[order.language or petition.default_language]
            return await _Run(database, keys, petition, order, by, reader, spoken).whole(sheet, number)
    except SheetRefused as wrong:
        why = catalogues["en"].fill(f"sheet.{wrong.code}", wrong.facts)
        how = " (--encoding)" if wrong.code.startswith("encoding") else ""
        raise FileRefused(cli.plain(wrong.path), wrong.line, cli.plain(why) + how) from None


def _reader(sheet: Sheet, order: Order, petition: Petition, catalogues: Mapping[str, Words], today: date) -> Reader:
    """Worded for whoever can name columns at the command line."""
    first = taking.first_rows(sheet)
    there = cli.plain(", ".join(filter(None, _heading(first))))
    try:
        columns = taking.guess(first, catalogues, order.asked)
        return taking.reader(columns, petition, catalogues, order.usual, today)
    except Unmapped as named:
        raise OperatorError(f"{order.file} has no column {named}; its first rows hold: {there}") from None
    except Lacking as lacking:
        name, slug = lacking.facts.get("field"), lacking.facts.get("category")
        told = {
            "no-name": f"{order.file}: no column is known as a name among: {there}; "
            "say which with --map full_name=COLUMN",
            "says-no": f"{order.file} says no {name}: --map {name}=COLUMN or --set {name}=VALUE says it",
            "category-unknown": f"{order.slug} has no category {slug} that one can sign as",
        }
        raise OperatorError(told[lacking.code]) from None


def _heading(first: Sequence[Row]) -> Sequence[str]:
    return max((cells for _, cells in first), key=lambda cells: sum(map(bool, cells)), default=())


def _understood(sheet: Sheet, columns: Columns, petition: Petition) -> Iterator[str]:
    """How the file was read, and what of it is left out, for a person to look at."""
    if sheet.kind == "csv":
        delimiter = {"\t": "tab"}.get(sheet.delimiter, sheet.delimiter)
        guess = " (a guess: look at the names below; --encoding says another)" if sheet.guess else ""
        yield f"read as {sheet.encoding}, cells parted by {delimiter}{guess}"
    if sheet.left:
        yield f"read from the sheet {sheet.worksheet}; not from {', '.join(sheet.left)} (--sheet NAME reads another)"
    told = [f"{name}: {_named(columns, place)}" for name, place in columns.at.items()]
    yield f"columns: {'; '.join(told)}"
    left = taking.left_out(columns, petition)
    if left:
        yield f"left out: {', '.join(left)}"
    names = [columns.at[name] for name in ("full_name", "given_name", "surname") if name in columns.at]
    for number, cells in islice(taking.lines(sheet, columns), SHOWN):
        yield f"row {number}: {' '.join(cells[place] for place in names if place < len(cells))}"


def _named(columns: Columns, place: int) -> str:
    return columns.heading[place] if place < len(columns.heading) and columns.heading[place] else f"column {place + 1}"


class _Run:
    """One file on its way in."""

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
        self._by, self._reader = by, reader
        self._spoken = spoken
        self._import: Import | None = None

    async def whole(self, sheet: Sheet, number: int) -> list[str]:
        order, path = self._order, files.free(self._order.file.with_suffix(".refused.csv"))
        whole = importing.digest_of(self._keys, self._petition.id, _sha256(order.file))
        digest = importing.of_worksheet(self._keys, self._petition.id, whole, sheet.apart)
        if not order.dry:
            source = Evidence(file=order.file.name, source=order.source)
            async with self._database.write() as tx:
                self._import = await importing.begin(
                    tx, self._petition, digest, order.method, source, by=self._by, today=self._reader.until
                )
        taken = Taking(self._database, self._keys, self._petition, self._reader, held=self._import, asks=order.asks)
        writer = RefusedRows(self._reader.columns, taking.first_rows(sheet), self._spoken)
        try:
            await self._into(path, writer, sheet, number, taken)
        except files.NotWritten as full:
            if self._import is None:
                raise
            raise self._full(full, taken.told) from None
        if not taken.told.refused:
            path.unlink()
        if self._import is not None:
            async with self._database.write() as tx:
                await importing.finish(tx, self._import, taken.told.refused, by=self._by, today=self._reader.until)
        return list(self._summary(path, taken.told))

    async def _into(self, path: Path, writer: RefusedRows, sheet: Sheet, number: int, taken: Taking) -> None:
        """Takes the rows in; those that are refused are written beside the list."""
        with files.written(path) as file:
            file.write(writer.begin())
            try:
                await self._rows(sheet, number, taken, lambda *row: file.write(writer.row(*row)))
            except Conflict as ended:
                raise self._ended(ended) from None
            file.flush()

    async def _rows(
        self, sheet: Sheet, number: int, taken: Taking, refuse: Callable[[int, Sequence[str], Why], object]
    ) -> None:
        rows = taking.lines(sheet, self._reader.columns)
        bar = click.progressbar(
            length=number, label=cli.plain(str(self._order.file)), file=sys.stderr, hidden=not _watched()
        )
        with bar:
            while chunk := list(islice(rows, taking.CHUNK)):
                refused, _ = await taken.chunk(chunk)
                for line, cells in chunk:
                    if line in refused:
                        refuse(line, cells, refused[line])
                bar.update(len(chunk))

    def _ended(self, ended: Conflict) -> OperatorError:
        if ended.code == "import-ended" or self._import is None:
            return OperatorError(ENDED)
        return OperatorError(
            f"{self._order.slug} {NOT_TAKEN}; the same file goes on later, "
            f"or --undo {self._import.id.hex()} takes back what is in"
        )

    def _full(self, full: files.NotWritten, told: Told) -> OperatorError:
        """The list is in further than the file of its refused rows."""
        assert self._import is not None
        return OperatorError(
            f"{cli.plain(str(full.path))} cannot be written ({full.why}): the rows that were refused are not kept. "
            f"{told.added + told.there:,} people are in and count; the same file goes on once there is room, "
            f"or --undo {self._import.id.hex()} takes back what is in"
        )

    def _summary(self, path: Path, told: Told) -> Iterator[str]:
        yield f"{'would be added' if self._order.dry else 'added'}: {told.added:,}"
        if told.there:
            yield f"added by an earlier run of this file: {told.there:,}"
        yield f"refused: {told.refused:,}" + (f", in {cli.plain(str(path))} with their reasons" if told.refused else "")
        if self._import is not None:
            yield f"undone as a whole by: petition import {self._order.slug} --undo {self._import.id.hex()}"


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
