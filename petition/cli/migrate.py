"""petition migrate"""

from __future__ import annotations

import asyncio

import click

from petition import cli, keyfiles
from petition.db.database import Database
from petition.db.migrating import migrate
from petition.settings import Settings


@click.command()
def command() -> None:
    """Bring the database to this version. Safe to repeat; a newer database is refused."""
    changed = asyncio.run(_migrate(cli.settings()))
    click.echo("migrated" if changed else "nothing to do: the database is of this version")


async def _migrate(settings: Settings) -> bool:
    keyfiles.prepare(settings)
    database = Database(settings)
    try:
        return await migrate(database)
    finally:
        await database.close()
