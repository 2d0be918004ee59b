"""petition recount SLUG"""

from __future__ import annotations

import asyncio

import click

from petition import cli
from petition.actions import counting
from petition.actions.counting import Recount
from petition.db.opening import opened
from petition.domain.ledger import Broken
from petition.queries import petitions
from petition.settings import Settings


@click.command()
@click.argument("slug")
def command(slug: str) -> None:
    """Check that the signatures, the ledger and the tally of SLUG give the same number."""
    try:
        found = asyncio.run(_recount(cli.settings(), slug))
    except Broken as broken:
        cli.fail(f"{slug}: the ledger contradicts itself: {broken}")
    if found is None:
        cli.fail(f"there is no petition {slug}; create it with: petition apply FILE.toml")
    for name, value in (
        ("signatures that count", found.signatures),
        ("ledger entries", found.ledger.size),
        ("count by the ledger", found.ledger.total),
        ("waiting to be published", found.waiting),
        ("count by the tally", found.tally.total),
    ):
        click.echo(f"{name:<24}{value:>12,}")
    if not found.tree:
        cli.fail(f"{slug}: the tree is not that of the ledger's entries: something was changed; keep a copy")
    if not found.holds:
        cli.fail(f"{slug}: signatures, ledger and tally do not agree")
    click.echo("signatures = ledger = tally, and the tree is that of the ledger's entries")


async def _recount(settings: Settings, slug: str) -> Recount | None:
    async with opened(settings, doubting=True) as (database, _), database.read() as connection:
        petition = await petitions.petition(connection, slug)
        return None if petition is None else await counting.recount(connection, petition.id)
