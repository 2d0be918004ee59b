"""petition export SLUG"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from petition import cli, typesetting, words
from petition.actions import exporting
from petition.cli import files, unlocking
from petition.cli.unlocking import Unlocked
from petition.db.database import Database
from petition.db.opening import opened
from petition.domain import listing, states
from petition.domain.actors import MODERATE
from petition.domain.listing import InWords, Made, Row, Wanted
from petition.domain.tokens import Keys
from petition.errors import Conflict, OperatorError
from petition.queries import document as paper
from petition.queries import listing as lists
from petition.queries.petitions import Petition
from petition.settings import Settings

ALL = "all"
EVERY_COLUMN = (*listing.COLUMNS, *listing.BESIDES)


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for at the command line."""

    slug: str
    kind: str
    wanted: Wanted
    columns: tuple[str, ...]
    language: str | None
    reason: str
    output: Path | None


def _columns(_: click.Context, __: click.Parameter, typed: str | None) -> tuple[str, ...]:
    chosen = tuple(name.strip() for name in typed.split(",")) if typed else ()
    unknown = [name for name in chosen if name not in EVERY_COLUMN]
    if unknown:
        raise click.BadParameter(f"{unknown[0]} is no column; there are {', '.join(EVERY_COLUMN)}.")
    return tuple(dict.fromkeys(chosen))


@click.command()
@click.argument("slug")
@click.option("--format", "kind", required=True, type=click.Choice(listing.FORMATS))
@click.option("--state", "chosen", multiple=True, type=click.Choice([*states.STATES, ALL]), default=("confirmed",),
              show_default=True, help="Of these states.")  # fmt: skip
@click.option("--category", "categories", multiple=True, metavar="SLUG", help="In these categories alone.")
@click.option("--visibility", "visibilities", multiple=True, type=click.Choice(states.VISIBILITIES))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Signed on this day or later.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Signed on this day or earlier.")
@click.option("--columns", callback=_columns, metavar="NAME,…", help="These columns, in this order.")
@click.option("--lang", "language", type=click.Choice(["ar", "en"]),
              help="The words of headings and cells; of the document: which language leads.")  # fmt: skip
@click.option("--reason", type=click.Choice(listing.REASONS), default="unspecified", show_default=True,
              help="For what; kept in the audit.")  # fmt: skip
@click.option("-o", "output", type=click.Path(path_type=Path), metavar="FILE", help="- is standard output.")
@unlocking.options()
def command(
    slug: str,
    kind: str,
    chosen: tuple[str, ...],
    categories: tuple[str, ...],
    visibilities: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    columns: tuple[str, ...],
    language: str | None,
    reason: str,
    output: Path | None,
    address: str | None,
    key_file: Path | None,
) -> None:
    """The signatory list of SLUG, opened. The file bears a mark that the audit keeps with who made it and why.

    pdf is the document to hand over: the statement, the count and how it came about, those who chose to be shown by
    name or initials, the others as a number. Above 5,000 names it is a ZIP of numbered parts.
    """
    unlocking.require_one(address, key_file)
    wanted = Wanted(
        states.STATES if ALL in chosen else tuple(dict.fromkeys(chosen)),
        tuple(dict.fromkeys(categories)),
        tuple(dict.fromkeys(visibilities)),
        since.date() if since else None,
        until.date() if until else None,
    )
    order = Order(slug, kind, wanted, columns, language, reason, output)
    if kind == listing.DOCUMENT:
        _require_document(order)
    line, closed = asyncio.run(_export(cli.settings(), order, address, key_file))
    click.echo(line, err=True)
    if closed:
        cli.fail(f"{closed} of these records do not open with this key; their names and addresses are left empty")


async def _export(settings: Settings, order: Order, address: str | None, key_file: Path | None) -> tuple[str, int]:
    """What to tell, and how many records did not open."""
    async with opened(settings) as (database, keys):
        unlocked = await unlocking.unlock(database, keys, settings, order.slug, address, key_file)
        if unlocked.by is not None and not unlocked.by.scope(unlocked.petition.id, MODERATE):
            raise OperatorError(f"{address} is an auditor of {order.slug}: auditors read, and take no list out")
        unlocking.require_open(unlocked)
        for name in order.wanted.categories:
            if unlocked.petition.category(name) is None:
                raise OperatorError(f"{order.slug} has no category {name}")
        if order.kind == listing.DOCUMENT:
            return await _write_document(settings, database, keys, unlocked, order), 0
        return await _write(database, unlocked, order)


def _require_document(order: Order) -> None:
    if order.columns or not listing.fits_document(order.wanted):
        raise click.UsageError(
            "The document holds those who count, by name: of --state, --visibility, --since, --until and --columns "
            "it takes none. --category is fine."
        )
    if (told := typesetting.lacking()) is not None:
        raise OperatorError(told)


async def _write_document(settings: Settings, database: Database, keys: Keys, unlocked: Unlocked, order: Order) -> str:
    """One PDF, or where the names are more than one takes, or FILE ends in .zip, a ZIP of several."""
    petition, now = unlocked.petition, datetime.now(UTC)
    scope = exporting.scope_of(unlocked.by, petition.id)
    language = order.language or petition.default_language
    async with database.read() as connection:
        told = await paper.document(
            connection, petition, words.load(), settings.base_url,
            wanted=order.wanted, scope=scope, language=language, now=now,
        )  # fmt: skip
    named = sum(told.shown.values())
    zipped = told.parts > 1 or (order.output is not None and order.output.suffix == ".zip")
    if zipped and order.output is not None and order.output.suffix not in (".zip", ""):
        raise OperatorError(
            f"{named:,} names make {told.parts} parts in a ZIP: give -o a name that ends in .zip, or {files.STDOUT}"
        )
    path = order.output or files.free(Path(listing.file_name(order.slug, now.date(), "zip" if zipped else "pdf")))
    with files.written(path) as file:
        ordered = (petition.id, order.wanted, listing.NAMES_ALONE, order.kind, order.reason)
        async with database.write() as tx:
            export = await exporting.begin(tx, *ordered, number=named, by=unlocked.by, today=now.date())
        marked = replace(told, mark=export.mark)
        with click.progressbar(length=named, label=str(path), file=sys.stderr, hidden=not _watched()) as bar:
            parts = paper.written(database, petition.id, marked, keys.link_of, now, bar.update, zipped=zipped)
            async for part in parts:
                file.write(part)
    held = f"{told.parts} parts in " if told.parts > 1 else ""
    return f"{told.counts.total:,} signatures, {named:,} of them named, in {held}{path}; mark {export.mark}"


async def _write(database: Database, unlocked: Unlocked, order: Order) -> tuple[str, int]:
    petition, today = unlocked.petition, datetime.now(UTC).date()
    columns = order.columns or (EVERY_COLUMN if order.kind == "json" else listing.COLUMNS)
    path = order.output or files.free(Path(listing.file_name(order.slug, today, order.kind)))
    with files.written(path) as file:
        async with database.read() as connection:
            scope = exporting.scope_of(unlocked.by, petition.id)
            number = await lists.number(connection, petition.id, order.wanted, scope)
        ordered = (petition.id, order.wanted, columns, order.kind, order.reason)
        async with database.write() as tx:
            export = await exporting.begin(tx, *ordered, number=number, by=unlocked.by, today=today)
        worded = _in_words(petition, order.language, columns)
        title = petition.in_language(petition.title, worded.words.code)
        made = Made(order.slug, title, today, export.mark, unlocked.address, order.reason, order.wanted)
        pages = lists.opened(database, petition.id, unlocked.ring, order.wanted, export.scope)
        rows = closed = 0
        with click.progressbar(length=export.number, label=str(path), file=sys.stderr, hidden=not _watched()) as bar:

            def read(page: list[Row]) -> None:
                nonlocal rows, closed
                rows += len(page)
                closed += sum(not row.record for row in page)
                bar.update(len(page))

            try:
                async for part in lists.written(pages, listing.writer(order.kind, worded, made), read):
                    file.write(part)
            except Conflict:
                raise OperatorError(
                    f"the key of {order.slug} was changed at this moment: write the list again"
                ) from None
    return f"{rows:,} signatures in {path}; mark {export.mark}", closed


def _in_words(petition: Petition, language: str | None, columns: tuple[str, ...]) -> InWords:
    catalogues = words.load()
    chosen = language or petition.default_language
    labels = {c.slug: petition.in_language(c.label, chosen) for c in petition.categories}
    return InWords(catalogues[chosen], labels, {code: w.name for code, w in catalogues.items()}, columns)


def _watched() -> bool:
    return sys.stderr.isatty()
