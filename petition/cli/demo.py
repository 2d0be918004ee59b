"""petition demo"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path

import click

from petition import cli, keyfiles
from petition.actions import counting, intake, invitations, outbox, signing
from petition.cli import serving
from petition.cli.apply import apply, read_file
from petition.cli.made_up import raw_person
from petition.cli.organizer import make
from petition.db.database import Database
from petition.db.opening import opened
from petition.domain import submission, tokens
from petition.domain.actors import OWNER, Grant
from petition.domain.petition_file import PetitionFile
from petition.domain.tokens import Keys
from petition.errors import OperatorError
from petition.queries import invitations as codes
from petition.queries import organizers as accounts
from petition.queries import petitions
from petition.queries.invitations import Invitation
from petition.queries.petitions import Petition
from petition.settings import Settings

FILE = Path(__file__).resolve().parent.parent / "builtin" / "boycott-sochi.toml"
DAYS = 12
DEMO_ADDRESS = "owner@example.org"
GROUP = 200
INVITED, INVITED_DAYS = 0.6, 60


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
    login = keyfiles.demo_login(settings)
    if login is not None:
        click.echo(f"  the console    {here}/organizer/ar")
        click.echo(f"                 {login['address']}, password {login['password']}")
        click.echo(f"                 code: {here}/demo/code")
    click.echo("\n  stop with Ctrl-C\n")
    serving.run(settings, listening, is_demo=True)


async def _prepare(settings: Settings, file: PetitionFile, number: int) -> Path | None:
    recovery = None
    if file.slug not in await _known(settings):
        # Before the petition is: where this is cut off, the next one may go on.
        keyfiles.mark_made_up(settings)
        _, recovery = await apply(settings, file)
    if number:
        async with opened(settings) as (database, keys):
            async with database.read() as connection:
                petition = await petitions.petition(connection, file.slug)
                begun = petition is not None and await counting.begun(connection, petition.id)
            if petition is not None and not begun:
                await _make_up(database, keys, petition, number)
    await _organizer(settings)
    return recovery


async def _known(settings: Settings) -> set[str]:
    """The petitions there are, all of them a demonstration's: real ones get no made-up signatures, and no page that
    shows their mails."""
    async with opened(settings) as (database, _), database.read() as connection:
        slugs = {petition.slug for petition in await petitions.petitions(connection)}
    if slugs and not keyfiles.is_made_up(settings):
        what = f"the data directory {settings.data_dir} and its database hold petitions that are no demonstration"
        raise OperatorError(f"{what}; set PETITION_DATA_DIR to one of its own")
    return slugs


async def _organizer(settings: Settings) -> None:
    """An owner to sign in as; not beside real organizers, and only while the recovery key still lies here."""
    if keyfiles.demo_login(settings) is not None:
        return
    async with opened(settings) as (database, keys):
        async with database.read() as connection:
            if await accounts.everyone(connection):
                return
        password = secrets.token_urlsafe(12)
        made = await make(replace(settings, password=password), database, keys, DEMO_ADDRESS, Grant(None, OWNER), "ar")
    assert made.secret is not None
    keyfiles.write_demo_login(settings, address=DEMO_ADDRESS, password=password, totp=made.secret.hex())


async def _make_up(database: Database, keys: Keys, petition: Petition, number: int) -> None:
    """People who do not exist, through the same doors as people who do: sealed, confirmed, counted, over some days."""
    chance = random.Random(2018)
    today = datetime.now(UTC).date()
    vouching = await _vouching(database, petition, number, _day(today, 0, number))
    with click.progressbar(length=number, label="  made-up signatures") as bar:
        for day, theirs in groupby(range(number), key=lambda position: _day(today, position, number)):
            positions = list(theirs)
            for begin in range(0, len(positions), GROUP):
                group = positions[begin : begin + GROUP]
                await _sign(database, keys, petition, chance, group, day, vouching)
                bar.update(len(group))


async def _vouching(database: Database, petition: Petition, uses: int, day: date) -> dict[str, Invitation]:
    """An invitation for each category that must be vouched for, as its office would have sent it to its members."""
    made = {}
    for category in petition.categories:
        if category.claim == "verified":
            async with database.write() as tx:
                expires_on = day + timedelta(days=INVITED_DAYS)
                ((_, code),) = await invitations.issue(
                    tx, petition.id, category.slug, uses=uses, expires_on=expires_on, by=None, today=day
                )
                found = await codes.by_code(tx, petition.id, tokens.stored(code))
            assert found is not None
            made[category.slug] = found
    return made


def _day(today: date, position: int, number: int) -> date:
    """More at first, then fewer, as it is with petitions."""
    return today - timedelta(days=DAYS - 1 - int(DAYS * (position / number) ** 1.5))


async def _sign(
    database: Database,
    keys: Keys,
    petition: Petition,
    chance: random.Random,
    numbers: Sequence[int],
    day: date,
    vouching: Mapping[str, Invitation],
) -> None:
    categories = [category.slug for category in petition.categories]
    attempts = []
    for number in numbers:
        raw = raw_person(chance, number, categories)
        invited = vouching.get(raw["category"]) if chance.random() < INVITED else None
        checked = submission.check(intake.rules(petition, invited), raw)
        attempts.append(intake.prepare(petition, checked, raw["language"], keys, today=day, invitation=invited))
    async with database.write() as tx:
        await intake.record(tx, attempts)
        for (category, method), sent in Counter(
            (a.signature["category"], a.signature["method"]) for a in attempts
        ).items():
            await outbox.note_day(tx, petition.id, outbox.Truth("pending", category, method), day=day, sent=sent)
        await signing.confirm(tx, [signing.Confirmation(a.token, day) for a in attempts], keys=keys)
        await counting.fold(tx, petition.id, petition.slug, today=day)
