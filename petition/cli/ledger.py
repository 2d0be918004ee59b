"""petition ledger SLUG"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from petition import cli
from petition.actions import publishing
from petition.db.opening import opened
from petition.domain.checkpoint import Head, Malformed, Verifier
from petition.errors import FileRefused
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
@click.option("--last", type=click.Path(path_type=Path), metavar="CHECKPOINT",
              help="After a copy was put back: the newest checkpoint that anyone has kept.")  # fmt: skip
@click.option("--nothing-since", is_flag=True, help="After a copy was put back: nothing was signed since it was made.")
def command(
    slug: str, new_key: bool, retire_old: bool, begin_anew: bool, last: Path | None, nothing_since: bool
) -> None:
    """Show the public key of SLUG's ledger and its last signed head, or change the key."""
    chosen = {"new": new_key, "retire": retire_old, "anew": begin_anew, "last": last, "nothing": nothing_since}
    acts = [act for act, wanted in chosen.items() if wanted]
    if len(acts) > 1:
        raise click.UsageError("One of --new-key, --retire-old, --begin-anew, --last, --nothing-since at a time.")
    settings, act = cli.settings(), acts[0] if acts else None
    if act in ("last", "nothing"):
        asyncio.run(_assure(settings, slug, _newest(settings, slug, last) if last is not None else None))
        click.echo(f"from now on the ledger of {slug} is signed again")
    found = asyncio.run(_ledger(settings, slug, act if act in ("new", "retire", "anew") else None))
    if found is None:
        cli.fail(f"there is no petition {slug}; create it with: petition apply FILE.toml")
    vkey, head = found
    click.echo(vkey)
    click.echo(f"the last signed head is of {head.size} entries" if head else "nothing was signed yet")
    if act == "new":
        click.echo("Publish the new line beside the old one; when everyone has it: petition ledger SLUG --retire-old")
    if act == "anew":
        click.echo("Whoever kept an old checkpoint will see the break: say publicly what was lost, and when.")


def _newest(settings: Settings, slug: str, path: Path) -> Head:
    try:
        return Notary(settings).read_own(slug, path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, Malformed) as wrong:
        raise FileRefused(path, None, getattr(wrong, "strerror", None) or str(wrong)) from None


async def _assure(settings: Settings, slug: str, head: Head | None) -> None:
    """`OtherHistory` where more was signed than this database holds; then that stays known."""
    notary = Notary(settings)
    if head is not None:
        async with opened(settings, doubting=True) as (database, _), database.read() as connection:
            petition = await petitions.petition(connection, slug)
            if petition is None:
                return
            notary.remember(slug, head)
            await publishing.must_follow(connection, petition.id, slug, head)
    notary.assure(slug)


async def _ledger(settings: Settings, slug: str, act: str | None) -> tuple[str, Head | None] | None:
    notary = Notary(settings)
    async with opened(settings, going_on=act != "anew", doubting=act is None) as (database, _):
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
