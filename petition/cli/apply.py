"""petition apply FILE.toml"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from petition import cli, keyfiles, words
from petition.actions import organizers, petitions, publishing
from petition.db.opening import opened
from petition.domain import petition_file
from petition.domain.petition_file import PetitionFile
from petition.errors import Busy, FileRefused
from petition.notary import Notary
from petition.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def command(file: Path) -> None:
    """Create or update a petition from FILE; the same file twice changes nothing."""
    read = read_file(file)
    applied, recovery = asyncio.run(apply(cli.settings(), read))
    click.echo(f"{applied.slug}: {applied.outcome}")
    if recovery is not None:
        click.echo(f"recovery key written to {recovery}")
        click.echo("It opens every signature. Move it to a medium that you keep offline; nobody can make it again.")


def read_file(file: Path) -> PetitionFile:
    """The petition in the file; `FileRefused` with the line that is wrong."""
    try:
        content = file.read_bytes()
    except OSError as wrong:
        raise FileRefused(file, None, f"cannot be read ({wrong.strerror})") from None
    try:
        return petition_file.parse(content, tuple(words.load()))
    except petition_file.Wrong as wrong:
        raise FileRefused(file, wrong.line, wrong.why) from None


async def _share(tx: AsyncConnection, petition_id: bytes, private_key: bytes) -> None:
    """Whoever has a role on all petitions can open this one too."""
    for organizer in await organizers.lacking(tx, petition_id):
        await organizers.share(tx, organizer, {petition_id: private_key}, by=None, today=datetime.now(UTC).date())


async def apply(settings: Settings, file: PetitionFile) -> tuple[petitions.Applied, Path | None]:
    """What became of it, and where a new petition's recovery key lies: on the disk before the petition is committed."""
    recovery: Path | None = None
    async with opened(settings) as (database, _):
        try:
            async with database.write() as tx:
                applied = await petitions.apply(tx, file, today=datetime.now(UTC).date())
                if applied.private_key is not None and applied.public_key is not None:
                    recovery = keyfiles.write_recovery_key(settings, file.slug, applied.private_key, applied.public_key)
                    await _share(tx, applied.petition_id, applied.private_key)
                await publishing.own_key(tx, applied.petition_id, file.slug, Notary(settings))
        except BaseException as wrong:
            if recovery is not None:
                recovery.unlink(missing_ok=True)
            if isinstance(wrong, IntegrityError):
                raise Busy(f"the petition {file.slug}", "somebody else is creating it at this moment") from None
            raise
    return applied, recovery
