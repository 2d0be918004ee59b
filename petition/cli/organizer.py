"""petition organizer add"""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime

import click

from petition import cli, keyfiles, words
from petition.actions import organizers
from petition.actions.organizers import Secrets
from petition.db.database import Database
from petition.db.opening import opened
from petition.domain import actors, passwords
from petition.domain.actors import Grant
from petition.domain.tokens import Keys
from petition.errors import FieldRefused, OperatorError
from petition.queries import petitions
from petition.settings import Settings


@click.group(no_args_is_help=False)
def command() -> None:
    """Accounts of those who verify."""


@command.command()
@click.argument("email")
@click.option("--role", required=True, type=click.Choice(actors.ROLES))
@click.option("--petition", "slug", metavar="SLUG", help="On this petition alone; without it on all.")
@click.option("--category", "categories", multiple=True, metavar="SLUG", help="A verifier of this category alone.")
@click.option("--lang", "language", default="ar", show_default=True, type=click.Choice(["ar", "en"]))
def add(email: str, role: str, slug: str | None, categories: tuple[str, ...], language: str) -> None:
    """Add an organizer, or a further role of one; prints a one-time set-up link, good for seven days.

    With PETITION_PASSWORD set the account is made at once, and its authenticator's key is printed.
    """
    if categories and (role != actors.VERIFIER or slug is None):
        raise click.UsageError("--category needs --role verifier and --petition.")
    settings = cli.settings()
    try:
        for line in asyncio.run(_add(settings, email, role, slug, categories, language)):
            click.echo(line)
    except FieldRefused as why:
        told = words.load()["en"](f"field.{why.code}", **why.facts)
        raise click.UsageError(f"{email} is not a mail address that can be used: {told}") from None


async def _add(
    settings: Settings, email: str, role: str, slug: str | None, categories: tuple[str, ...], language: str
) -> list[str]:
    async with opened(settings) as (database, keys):
        petition_id = await _petition_id(database, slug, categories)
        grant = Grant(petition_id, role, tuple(sorted(categories)) or None)
        made = await make(settings, database, keys, email, grant, language)
    told = [f"{email}: {role} of {slug or 'all petitions'}"]
    if made.link:
        told.append(f"set-up link, to be opened within seven days: {made.link}")
    if made.totp:
        told.append(f"authenticator: {made.totp}")
    told += [f"recovery code: {code}" for code in made.codes]
    told += [
        f"the key of {name} was not shared: its recovery key does not lie in {settings.data_dir / 'recovery'}; "
        "an organizer who has it can share it on the team page"
        for name in made.lacking
    ]
    return told


async def _petition_id(database: Database, slug: str | None, categories: tuple[str, ...]) -> bytes | None:
    if slug is None:
        return None
    async with database.read() as connection:
        petition = await petitions.petition(connection, slug)
    if petition is None:
        raise OperatorError(f"there is no petition {slug}; `petition apply` makes one")
    unknown = [name for name in categories if petition.category(name) is None]
    if unknown:
        raise OperatorError(f"{slug} has no category {unknown[0]}")
    return petition.id


class Made:
    """`link` where somebody has yet to set up; `totp` and `codes` where the account was made at once."""

    def __init__(self) -> None:
        self.link: str | None = None
        self.totp: str | None = None
        self.secret: bytes | None = None
        self.codes: tuple[str, ...] = ()
        self.lacking: list[str] = []


async def make(settings: Settings, database: Database, keys: Keys, email: str, grant: Grant, language: str) -> Made:
    """The account with the keys of the petitions whose recovery keys still lie here; at once with a password set."""
    made, now, password = Made(), datetime.now(UTC), settings.password
    if password is not None:
        try:
            passwords.require_good(password, email)
        except FieldRefused as why:
            told = words.load()["en"](f"field.{why.code}", **why.facts)
            raise OperatorError(f"PETITION_PASSWORD: {told}") from None
    async with database.write() as tx:
        invited = await organizers.invite(tx, email, [grant], language=language, by=None, keys=keys, today=now.date())
        private_keys = {}
        for slug, (petition_id, public_key) in (await organizers.all_petitions(tx)).items():
            if grant.petition_id in (None, petition_id):
                private_key = keyfiles.recovery_key(settings, slug, public_key)
                if private_key is None:
                    made.lacking.append(slug)
                else:
                    private_keys[petition_id] = private_key
        await organizers.share(tx, invited, private_keys, by=None, today=now.date())
        if invited.setup is not None and password is not None:
            salt, made.secret = secrets.token_bytes(passwords.SALT_BYTES), organizers.setup_totp(invited.setup)
            chosen = Secrets(passwords.root(password, salt), salt, made.secret)
            organizer, made.codes = await organizers.set_up(tx, invited.setup, chosen, keys=keys, today=now.date())
            made.totp = passwords.totp_uri(
                made.secret, organizer.address_text(keys), settings.base_url.partition("//")[2]
            )
        elif invited.setup is not None:
            made.link = organizers.setup_link(settings.base_url, language, invited.setup)
    return made
