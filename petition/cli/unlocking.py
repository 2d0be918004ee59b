"""A petition's private keys, for a command: with an organizer's password, or with the recovery key. Not a command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from petition.actions import organizers
from petition.db.database import Database
from petition.domain import passwords, sealing
from petition.domain.actors import ACTIVE, Actor
from petition.domain.sealing import Ring
from petition.domain.tokens import Keys
from petition.errors import FieldRefused, FileRefused, OperatorError
from petition.queries import organizers as accounts
from petition.queries import petitions, rekeyings
from petition.queries.petitions import Petition
from petition.settings import Settings


@dataclass(frozen=True, slots=True)
class Unlocked:
    """The petition with its keys. `by` and `address` are the organizer's, None for the holder of the recovery key."""

    petition: Petition
    ring: Ring = field(repr=False)
    by: Actor | None
    address: str | None


def options(needed: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--as EMAIL` and `--key FILE`, handed on as `address` and `key_file`."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        ends = "" if needed else " Only where records have to be opened."
        asked = f"As this organizer; the password is PETITION_PASSWORD, or asked for.{ends}"
        held = f"With the petition's recovery key.{ends}"
        who = click.option("--as", "address", metavar="EMAIL", help=asked)
        key = click.option("--key", "key_file", type=click.Path(path_type=Path), metavar="FILE", help=held)
        return who(key(function))

    return add


def require_one(address: str | None, key_file: Path | None) -> None:
    if (address is None) == (key_file is None):
        raise click.UsageError("One of --as EMAIL and --key FILE is needed.")


def password(settings: Settings, address: str) -> str:
    """From the settings, or asked for where a person watches."""
    if settings.password is not None:
        return settings.password
    if not sys.stdin.isatty():
        raise OperatorError("set PETITION_PASSWORD to the organizer's password, or call this from a terminal")
    asked: str = click.prompt(f"password of {address}", hide_input=True, err=True)
    return asked


def require_open(unlocked: Unlocked) -> None:
    if unlocked.petition.safe:
        raise OperatorError(f"the safety switch of {unlocked.petition.slug} is on: no name leaves until it is off")


async def petition_of(database: Database, slug: str) -> Petition:
    async with database.read() as connection:
        petition = await petitions.petition(connection, slug)
    if petition is None:
        raise OperatorError(f"there is no petition {slug}; `petition apply` makes one")
    return petition


async def unlock(
    database: Database, keys: Keys, settings: Settings, slug: str, address: str | None, key_file: Path | None
) -> Unlocked:
    """The petition with its key; one clear line where the password, the account or the file is not the right one."""
    petition = await petition_of(database, slug)
    if key_file is not None:
        private_key = _from_file(key_file, petition)
        async with database.read() as connection:
            changing = await rekeyings.of(connection, petition.id)
        earlier = changing.earlier if changing else None
        return Unlocked(petition, sealing.ring_of(private_key, earlier, petition.id), None, None)
    assert address is not None
    organizer, own = await signed_in(database, keys, settings, address)
    async with database.read() as connection:
        shared = await accounts.shared_ring(connection, petition.id, organizer.id)
    if organizer.role_on(petition.id) is None:
        raise OperatorError(f"{address} has no role on {slug}")
    if shared is None:
        raise OperatorError(
            f"{address} was not given the key of {slug}; an organizer who has it can share it on the team page"
        )
    sealed, earlier = shared
    private_key = sealing.open_share(sealed, own, petition.id, organizer.id)
    return Unlocked(petition, sealing.ring_of(private_key, earlier, petition.id), organizer, address)


async def signed_in(database: Database, keys: Keys, settings: Settings, address: str) -> tuple[Actor, bytes]:
    """Who this is and their own private key. An unknown account and a wrong password are told alike."""
    typed = password(settings, address)
    wrong = OperatorError("address and password do not belong together")
    try:
        login = organizers.login_of(address, keys)
    except FieldRefused:
        raise wrong from None
    async with database.read() as connection:
        organizer = await accounts.by_login(connection, login)
        if organizer is None or organizer.state != ACTIVE or organizer.salt is None:
            raise wrong
        actor = await accounts.actor(connection, organizer.id)
    root = passwords.root(typed, organizer.salt, organizer.price)
    if not passwords.accepts(root, organizer.password):
        raise wrong
    return actor, sealing.open_own(organizer.private_key, passwords.wrap_key(root), organizer.id)


def _from_file(file: Path, petition: Petition) -> bytes:
    try:
        private_key = sealing.read_recovery_file(file.read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        why = (
            f"cannot be read ({wrong.strerror})" if isinstance(wrong, OSError) else "is not a recovery key, or damaged"
        )
        raise FileRefused(file, None, why) from None
    if sealing.public_half(private_key) != petition.public_key:
        why = f"is the recovery key of another petition, or of an earlier key of {petition.slug}"
        raise FileRefused(file, None, why)
    return private_key
