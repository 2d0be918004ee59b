"""petition ledger SLUG"""

from __future__ import annotations

import asyncio

import click

from petition import cli
from petition.actions import publishing
from petition.db.opening import opened
from petition.domain.checkpoint import Head, Verifier
from petition.notary import Notary
from petition.queries import petitions
from petition.settings import Settings


@click.command()
@click.argument("slug")
@click.option("--new-key", is_flag=True, help="Make a new key; the old one signs along, so that nobody is surprised.")
@click.option("--retire-old", is_flag=True, help="From now on the newest key signs alone.")
@click.option(
    "--begin-anew",
    is_flag=True,
    help="Only where the newest database is lost for good: a new key for what is left, seen by everyone.",
)
def command(slug: str, new_key: bool, retire_old: bool, begin_anew: bool) -> None:
    """Show the public key of SLUG's ledger and its last signed head, or change the key."""
    if new_key + retire_old + begin_anew > 1:
        raise click.UsageError("One of --new-key, --retire-old, --begin-anew at a time.")
    settings, act = cli.settings(), "new" if new_key else "retire" if retire_old else "anew" if begin_anew else None
    found = asyncio.run(_ledger(settings, slug, act))
    if found is None:
        cli.fail(f"there is no petition {slug}; create it with: petition apply FILE.toml")
    vkey, head = found
    click.echo(vkey)
    click.echo(f"the last signed head is of {head.size} entries" if head else "nothing was signed yet")
    if act == "new":
        click.echo("Publish the new line beside the old one; when everyone has it: petition ledger SLUG --retire-old")
    if act == "anew":
        click.echo("Whoever kept an old checkpoint will see the break: say publicly what was lost, and when.")


async def _ledger(settings: Settings, slug: str, act: str | None) -> tuple[str, Head | None] | None:
    notary = Notary(settings)
    async with opened(settings, going_on=act != "anew") as (database, _):
        async with database.write() as tx:
            petition = await petitions.petition(tx, slug)
            if petition is None:
                return None
            if act is None:
                await publishing.own_key(tx, petition.id, slug, notary)
            else:
                # The files first: cut off in between, the same command goes on where it stopped.
                change = {"new": notary.renew, "retire": notary.retire, "anew": notary.begin_anew}[act]
                await publishing.key_changed(tx, petition.id, change(slug))
        return str(Verifier(notary.origin(slug), notary.make(slug))), notary.last(slug)
