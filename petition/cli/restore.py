"""petition restore FILE"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click

from petition import cli, keyfiles
from petition.actions import counting, publishing
from petition.actions.publishing import Standing
from petition.cli import files
from petition.cli.backup import KEYS
from petition.db import copying
from petition.db.database import Database
from petition.db.locks import FileLock
from petition.db.migrating import migrate
from petition.db.opening import must_belong_together, opened
from petition.domain import checkpoint
from petition.domain.checkpoint import Malformed
from petition.domain.ledger import Broken
from petition.errors import Busy, FileRefused, Misconfigured, OperatorError, OtherHistory
from petition.notary import Notary
from petition.settings import Settings

_NAME = re.compile(r"server\.key|ledger-[a-z0-9]+(?:-[a-z0-9]+)*\.(?:key|signed)")


@dataclass(frozen=True, slots=True)
class Found:
    """One ledger of the copy, recounted."""

    ledger: Standing
    total: int


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--keys", "keys_file", type=click.Path(path_type=Path), metavar="FILE",
              help="The keys that `petition backup --keys` wrote; those that are here already stay.")  # fmt: skip
@click.option("--force", is_flag=True, help="Even over live data. With SQLite what was there is kept beside it.")
def command(file: Path, keys_file: Path | None, force: bool) -> None:
    """Put the copy in FILE where the database lies, and recount it. Servers and workers must be stopped."""
    settings = cli.settings()
    kind = copying.kind_of(file)
    if kind != (copying.SQLITE if settings.sqlite else copying.POSTGRESQL):
        here = "an SQLite file" if settings.sqlite else "PostgreSQL"
        raise FileRefused(file, None, f"is a copy of a {kind} database, and PETITION_DATABASE_URL means {here}")
    keyfiles.prepare(settings)
    notary = Notary(settings)
    known = notary.known()
    with _alone(settings):
        if _is_live(settings) and not force:
            raise OperatorError(
                "there are petitions or organizers in the database already; nothing was changed."
                " To put the copy in their place: petition restore --force"
            )
        _bring_keys(settings, notary, keys_file, known)
        put = _over_sqlite if settings.sqlite else _over_postgresql
        # Before the data: whatever is cut off here, nothing is signed over a copy that might be too old.
        found = put(settings, file, lambda: notary.doubt(known))
    for each in found:
        told = f"{each.ledger.slug}: {each.ledger.head.size:,} entries, root {each.ledger.head.root.hex()}"
        click.echo(f"{told}; {each.total:,} count: signatures = ledger = tally")
    _tell(settings, notary)


def _tell(settings: Settings, notary: Notary) -> None:
    """What keeps the server from starting, at once and not only when somebody tries."""
    try:
        asyncio.run(_look(settings))
    except OtherHistory as older:
        cli.fail(f"restored, but no server will start on it: {older}")
    except OperatorError as doubt:
        if not notary.doubted():
            raise
        click.echo(f"restored; before a server may start: {doubt}")
    else:
        click.echo("restored")


async def _look(settings: Settings) -> None:
    async with opened(settings):
        pass


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Nobody serves, works or writes on the data directory meanwhile. (PostgreSQL tells who is connected.)"""
    names = ("serve.lock", "worker.lock", "write.lock") if settings.sqlite else ()
    locks = [FileLock(settings.data_dir / name) for name in names]
    try:
        for lock in locks:
            if not lock.try_now():
                raise Busy(f"the data directory {settings.data_dir}", "stop the server and the worker, then restore")
        yield
    finally:
        for lock in locks:
            lock.close()


def _is_live(settings: Settings) -> bool:
    if settings.sqlite:
        return copying.is_live_sqlite(settings.sqlite_path)
    return asyncio.run(copying.is_live_postgresql(settings.database_url))


def _bring_keys(settings: Settings, notary: Notary, path: Path | None, known: set[str]) -> None:
    """Those that are not here. A server's key is never made anew: with another nobody would be known again.

    A last head that they bring may be an old one. Doubt is here before it: if this restore ends early, the next one
    must not take that head for what this machine itself has signed.
    """
    secret = keyfiles.secret_path(settings)
    brought = _read_keys(path) if path is not None else {}
    server = brought.get(secret.name)
    if secret.exists() and server is not None and secret.read_text().split() != server.split():
        raise FileRefused(path, None, f"holds another server's key than {secret}; nothing was changed")
    for name, content in brought.items():
        here = secret.with_name(name)
        if name.endswith(".signed"):
            slug = name.removeprefix("ledger-").removesuffix(".signed")
            if slug not in known:
                notary.hesitate(slug)
            notary.remember(slug, checkpoint.read_text(content)[1])
        elif not here.exists():
            keyfiles.write_once(here, content)
    if not secret.exists():
        raise Misconfigured(
            "PETITION_DATA_DIR",
            f"the database's keys are not in {secret.parent}; give the file of `petition backup --keys`, or copy them",
        )


def _read_keys(path: Path) -> dict[str, str]:
    try:
        told = json.loads(path.read_text("utf-8"))
        kept: dict[str, str] = told["files"]
        sound = told["what"] == KEYS and all(_NAME.fullmatch(n) and isinstance(c, str) for n, c in kept.items())
        for name, content in kept.items():
            if name.endswith(".signed"):
                checkpoint.read_text(content)
            else:
                sound = sound and all(len(bytes.fromhex(line)) == 32 for line in content.split() or [""])
    except OSError as wrong:
        raise FileRefused(path, None, f"cannot be read ({wrong.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError, Malformed):
        sound = False
    if not sound:
        raise FileRefused(path, None, "is not a file of `petition backup --keys`, or damaged; nothing was changed")
    return kept


def _over_sqlite(settings: Settings, file: Path, before: Callable[[], object]) -> list[Found]:
    """Checked and recounted beside the database before it takes its place."""
    staging = settings.data_dir / f".restore-{secrets.token_hex(4)}"
    try:
        staging.mkdir(mode=0o700)
        aside = replace(settings, data_dir=staging)
        with files.watched(str(file)) as progress:
            copying.stage_sqlite(file, aside.sqlite_path, progress)
        found = asyncio.run(_checked(aside, settings, file))
        before()
        was = copying.place_sqlite(aside.sqlite_path, settings.sqlite_path)
    except OSError as wrong:
        raise OperatorError(f"{staging} cannot be written ({wrong.strerror}); nothing was changed") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    if was is not None:
        click.echo(f"what was there before is {was}; destroy it when you need it no more")
    return found


def _over_postgresql(settings: Settings, file: Path, before: Callable[[], object]) -> list[Found]:
    before()
    with files.watched(str(file)) as progress:
        asyncio.run(copying.place_postgresql(file, settings.database_url, progress))
    return asyncio.run(_checked(settings, settings, file))


async def _checked(at: Settings, home: Settings, file: Path) -> list[Found]:
    """Brings what was copied to this version, and counts it from the records, from the ledger and from the tally."""
    database, notary, found = Database(at), Notary(home), []
    try:
        await migrate(database)
        await must_belong_together(database, keyfiles.keys(home))
        async with database.read() as connection:
            for ledger in await publishing.standing(connection):
                if ledger.public_key is not None:
                    notary.must_have(ledger.slug, ledger.public_key)
                recount = await counting.recount(connection, ledger.petition_id)
                if not recount.holds:
                    raise FileRefused(file, None, f"does not hold: {ledger.slug}'s signatures, ledger and tally differ")
                found.append(Found(ledger, recount.tally.total))
        await database.checkpoint()
    except Broken as broken:
        raise FileRefused(file, None, f"holds a ledger that contradicts itself: {broken}") from None
    finally:
        await database.close()
    return found
