"""petition doctor"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import click
from sqlalchemy import text

from petition import cli, keyfiles, typesetting
from petition.actions import audit, outbox, publishing
from petition.cli.ledger import TROUBLES
from petition.db.database import Database
from petition.db.opening import opened
from petition.domain import witnessed
from petition.errors import OperatorError
from petition.mail import transports
from petition.queries import petitions, rekeyings
from petition.settings import SETTINGS, Settings

# The one that ends the loss of commits when a checkpoint meets a reset of the write-ahead log, and its branches.
SOUND_SQLITE = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
MOST_SKEW_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """`grave`: it must be mended; else it is worth knowing."""

    about: str
    line: str
    grave: bool = True


@click.command()
def command() -> None:
    """Every setting with its source, and what is wrong or unsafe, with how to mend it."""
    settings = cli.settings()
    for setting in SETTINGS:
        source = settings.sources[setting.name]
        click.echo(f"{setting.name:<26}{_shown(setting.name, settings):<40} {source}")
    click.echo("")
    findings = [
        *asyncio.run(_inside(settings)),
        *_files(settings),
        *asyncio.run(_mail(settings)),
        *_address(settings),
        *_paper(),
    ]
    for finding in sorted(findings, key=lambda f: not f.grave):
        click.echo(f"{'wrong' if finding.grave else 'note':<7}{finding.about}: {finding.line}")
    grave = sum(finding.grave for finding in findings)
    if grave:
        cli.fail(f"{grave} thing{'s' if grave > 1 else ''} to mend")
    click.echo("nothing is wrong" if findings else "all is well")


def _paper() -> Iterator[Finding]:
    if (lacking := typesetting.lacking()) is not None:
        yield Finding("paper", f"no document and no sign sheet can be made here: {lacking}", grave=False)


def _shown(name: str, settings: Settings) -> str:
    """The value as given; of a secret only that there is one."""
    setting = next(s for s in SETTINGS if s.name == name)
    value = getattr(settings, setting.field)
    if setting.secret:
        return "(set, not shown)" if value else "(unset)"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "(none)"
    return str(value)


async def _inside(settings: Settings) -> list[Finding]:
    """What only an open database can tell."""
    try:
        async with opened(settings) as (database, _):
            inside = [*_sqlite(settings), *await _skew(database), *await _mails(database), *await _audit(database)]
            return [*inside, *await _keys(database, settings), *await _witnesses(database)]
    except OperatorError as wrong:
        return [Finding("database", str(wrong))]


def _sqlite(settings: Settings) -> Iterator[Finding]:
    if not settings.sqlite:
        return
    version = sqlite3.sqlite_version_info
    sound = version >= SOUND_SQLITE[0] or any(v <= version and version[:2] == v[:2] for v in SOUND_SQLITE[1:])
    if not sound:
        yield Finding(
            "database",
            f"SQLite {sqlite3.sqlite_version} is linked: versions before 3.51.3 can lose a commit when two connections"
            " write. Petition writes through one at a time under a lock; let no other program write to the file",
            grave=False,
        )


async def _skew(database: Database) -> list[Finding]:
    """PostgreSQL's clock against ours: days are counted by both."""
    if database.sqlite:
        year = datetime.now(UTC).year
        return [] if 2024 <= year < 2100 else [Finding("clock", f"this machine believes it is {year}; set its clock")]
    async with database.read() as connection:
        theirs = (await connection.execute(text("SELECT now()"))).scalar_one()
    skew = abs((datetime.now(UTC) - theirs).total_seconds())
    if skew <= MOST_SKEW_SECONDS:
        return []
    return [Finding("clock", f"{skew:.0f} s apart from the database's; let both follow the same time server")]


async def _audit(database: Database) -> list[Finding]:
    async with database.read() as connection:
        broken = await audit.broken(connection)
    if broken is None:
        return []
    return [Finding("audit", f"entry {broken} was changed or taken out; keep a copy of the database, tell the owners")]


async def _keys(database: Database, settings: Settings) -> list[Finding]:
    """Keys to be changed, or being changed; and recovery keys here that open no present record."""
    async with database.read() as connection:
        known = await petitions.petitions(connection)
        changing = await rekeyings.by_petition(connection)
    findings = []
    for petition in known:
        state = changing.get(petition.id)
        if state is not None and state.due:
            line = (
                f"somebody who held the key of {petition.slug} has left; an owner who can open its records changes it"
            )
            findings.append(Finding("keys", f"{line} in the console"))
        if state is not None and state.under_way:
            line = (
                f"the records of {petition.slug} are being sealed anew to a changed key ({state.done} of {state.total})"
            )
            findings.append(Finding("keys", f"{line}; if that does not move, an owner goes on with it in the console"))
    present = {keyfiles.recovery_path(settings, p.slug, p.public_key) for p in known}
    old = [path.name for path in sorted((settings.data_dir / "recovery").glob("*.key")) if path not in present]
    if old:
        line = f"recovery keys that open old copies alone ({', '.join(old)}): destroy them once no copy needs them"
        findings.append(Finding("keys", line, grave=False))
    return findings


async def _witnesses(database: Database) -> list[Finding]:
    async with database.read() as connection:
        watched = await publishing.watched(connection)
    return [
        Finding(
            "witness",
            f"{asked.witness.name}, for {each.slug}: {TROUBLES[asked.trouble]}",
            asked.trouble in witnessed.GRAVE,
        )
        for each in watched
        for asked in each.witnesses
        if asked.trouble
    ]


async def _mails(database: Database) -> list[Finding]:
    async with database.read() as connection:
        mails = await outbox.by_state(connection)
    failed = mails.get(outbox.FAILED, 0)
    return [Finding("mail", f"{failed} could not be delivered for good", grave=False)] if failed else []


def _files(settings: Settings) -> Iterator[Finding]:
    if not settings.data_dir.is_dir():
        return
    path = keyfiles.secret_path(settings)
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding("keys", f"{path} can be read by others; run: chmod 600 {path}")
    folder = stat.S_IMODE(settings.data_dir.stat().st_mode)
    if folder & 0o077:
        yield Finding("keys", f"{settings.data_dir} is open to others; run: chmod 700 {settings.data_dir}")
    if keyfiles.is_made_up(settings):
        line = "this data directory holds a demonstration's made-up signatures; for a real petition use another"
        yield Finding("signatures", line)
    recovery = sorted((settings.data_dir / "recovery").glob("*.key"))
    if recovery:
        names = ", ".join(key.name for key in recovery)
        yield Finding(
            "keys",
            f"recovery keys still lie on this machine ({names}): whoever seizes it reads every name;"
            " move them to a medium that you keep offline",
            grave=False,
        )
    if os.geteuid() == 0:
        yield Finding("system", "this runs as root; give it a user of its own", grave=False)


async def _mail(settings: Settings) -> list[Finding]:
    smtp = settings.smtp
    if smtp is None:
        folder = settings.data_dir / "mail"
        line = f"PETITION_SMTP_URL is unset: mails, addresses in the clear, become files in {folder}"
        return [Finding("mail", line, grave=False)]
    findings = []
    if not (smtp.tls or smtp.starttls) and smtp.host not in ("localhost", "127.0.0.1", "::1"):
        line = f"addresses go to {smtp.host} unencrypted; use smtps:// or ?starttls=true"
        findings.append(Finding("mail", line))
    against = await transports.looked_at(smtp)
    if against is not None:
        line = f"{smtp.host}, port {smtp.port}, takes no mail from here ({against}); mails wait until it does"
        findings.append(Finding("mail", f"{line}. Look at PETITION_SMTP_URL"))
    return findings


def _address(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.base_url)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme == "http" and not local and not (parts.hostname or "").endswith(".onion"):
        yield Finding("address", f"{settings.base_url} is not encrypted: whoever watches the line reads who signs")
    if not settings.limits:
        yield Finding("limits", "PETITION_LIMITS is off: anyone can have mails sent to anyone", grave=False)
