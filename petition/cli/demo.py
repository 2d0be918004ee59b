"""petition demo"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from petition import cli, keyfiles
from petition.actions import counting, intake, signing
from petition.cli import serving
from petition.cli.apply import apply, read_file
from petition.cli.made_up import raw_person
from petition.db.database import Database
from petition.db.opening import opened
from petition.domain import submission
from petition.domain.petition_file import PetitionFile
from petition.domain.tokens import Keys
from petition.queries import petitions
from petition.queries.petitions import Petition
from petition.settings import Settings

FILE = Path(__file__).resolve().parent.parent / "builtin" / "boycott-sochi.toml"
DAYS = 12
GROUP = 200


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--signatures", "number", default=480, show_default=True, type=click.IntRange(0, 1_000_000), metavar="N",
              help="How many made-up signatures a new demonstration begins with.")  # fmt: skip
def command(port: int, number: int) -> None:
    """Everything from nothing on this machine: data, the built-in petition, made-up signatures, the server.

    Nothing is mailed: /demo/mail shows what would have been.
    """
    settings = cli.settings()
    listening = serving.listen("127.0.0.1", port)
    port = listening.getsockname()[1]
    if settings.sources["PETITION_BASE_URL"] == "default":
        settings = replace(settings, base_url=f"http://127.0.0.1:{port}")
    settings = replace(settings, smtp=None)
    serving.be_alone(settings)
    file = read_file(FILE)
    recovery = asyncio.run(_prepare(settings, file, number))
    here = f"http://127.0.0.1:{port}"
    click.echo("")
    click.echo(f"  the petition   {here}/ar/petitions/{file.slug}")
    click.echo(f"                 {here}/en/petitions/{file.slug}")
    click.echo(f"  its mails      {here}/demo/mail")
    click.echo(f"  its data       {settings.data_dir}")
    if recovery is not None:
        click.echo(f"  recovery key   {recovery}")
    click.echo("\n  stop with Ctrl-C\n")
    serving.run(settings, listening, is_demo=True)


async def _prepare(settings: Settings, file: PetitionFile, number: int) -> Path | None:
    _, recovery = await apply(settings, file)
    if number:
        async with opened(settings) as (database, keys):
            async with database.read() as connection:
                petition = await petitions.petition(connection, file.slug)
                begun = petition is not None and await counting.begun(connection, petition.id)
            if petition is not None and not begun:
                keyfiles.mark_made_up(settings)
                await _make_up(database, keys, petition, number)
    return recovery


async def _make_up(database: Database, keys: Keys, petition: Petition, number: int) -> None:
    """People who do not exist, through the same doors as people who do: sealed, confirmed, counted, over some days."""
    chance = random.Random(2018)
    today = datetime.now(UTC).date()
    with click.progressbar(length=number, label="  made-up signatures") as bar:
        for begin in range(0, number, GROUP):
            size = min(GROUP, number - begin)
            await _sign(database, keys, petition, chance, begin, size, _day(today, begin, number))
            bar.update(size)


def _day(today: date, position: int, number: int) -> date:
    """More at first, then fewer, as it is with petitions."""
    return today - timedelta(days=DAYS - 1 - int(DAYS * (position / number) ** 1.5))


async def _sign(
    database: Database,
    keys: Keys,
    petition: Petition,
    chance: random.Random,
    begin: int,
    size: int,
    day: date,
) -> None:
    rules = intake.rules(petition)
    categories = [category.slug for category in petition.categories]
    attempts = []
    for number in range(begin, begin + size):
        raw = raw_person(chance, number, categories)
        checked = submission.check(rules, raw)
        attempts.append(intake.prepare(petition, checked, raw["language"], keys, today=day))
    async with database.write() as tx:
        await intake.record(tx, attempts)
        await signing.confirm(tx, [signing.Confirmation(a.token, day) for a in attempts], keys=keys)
        await counting.fold(tx, petition.id, petition.slug, today=day)
