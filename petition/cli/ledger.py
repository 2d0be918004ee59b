"""petition ledger SLUG"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click

from petition import cli
from petition.actions import publishing
from petition.db.opening import opened
from petition.domain import witnessed
from petition.domain.checkpoint import Head, Malformed, Verifier
from petition.domain.cosignature import Witness
from petition.domain.witnessed import Asked
from petition.errors import FileRefused, OperatorError
from petition.notary import Notary
from petition.queries import petitions
from petition.settings import Settings
from petition.submitting import Submitting


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
@click.option("--witness", "witness", nargs=2, metavar="URL VKEY", help="Ask this witness to cosign, from now on.")
@click.option("--no-witness", metavar="NAME", help="Ask this witness no more.")
@click.option("--nothing-since", is_flag=True, help="After a copy was put back: nothing was signed since it was made.")
def command(
    slug: str,
    new_key: bool,
    retire_old: bool,
    begin_anew: bool,
    last: Path | None,
    witness: tuple[str, str] | None,
    no_witness: str | None,
    nothing_since: bool,
) -> None:
    """Show the public key of SLUG's ledger and its last signed head, or change the key."""
    chosen: dict[str, object] = {
        "new": new_key,
        "retire": retire_old,
        "anew": begin_anew,
        "last": last,
        "nothing": nothing_since,
    }
    chosen |= {"witness": witness, "no-witness": no_witness}
    acts = [act for act, wanted in chosen.items() if wanted]
    if len(acts) > 1:
        raise click.UsageError("One act at a time: see --help.")
    settings, act = cli.settings(), acts[0] if acts else None
    if act in ("last", "nothing"):
        was_doubted = slug in Notary(settings).doubted()
        asyncio.run(_assure(settings, slug, _newest(settings, slug, last) if last is not None else None))
        if was_doubted:
            click.echo(f"from now on the ledger of {slug} is signed again")
    change = _asking(witness, no_witness)
    found = asyncio.run(_ledger(settings, slug, act if act in ("new", "retire", "anew") else None, change))
    if found is None:
        cli.fail(f"there is no petition {slug}; create it with: petition apply FILE.toml")
    vkey, head, witnesses = found
    click.echo(vkey)
    click.echo(f"the last signed head is of {head.size} entries" if head else "nothing was signed yet")
    for asked in witnesses:
        click.echo(f"witness {asked.witness.name} at {asked.url}: {_seen(asked)}")
    if act == "new":
        click.echo("Publish the new line beside the old one; when everyone has it: petition ledger SLUG --retire-old")
    if act == "anew":
        click.echo("Whoever kept an old checkpoint will see the break: say publicly what was lost, and when.")


def _asking(witness: tuple[str, str] | None, no_witness: str | None) -> Asked | str | None:
    """The witness to be asked, or the name of the one to be asked no more."""
    if witness is None:
        return no_witness
    url, vkey = witness
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise click.UsageError(f"{url} is not a witness's address, such as https://witness.example")
    try:
        return Asked(url.rstrip("/"), str(Witness.read(vkey)))
    except ValueError as wrong:
        raise click.UsageError(f"{vkey}: {wrong}.") from None


TROUBLES = {
    witnessed.AWAY: "it does not answer",
    witnessed.FAILS: "it answers with an error: is that its address, without a proxy that turns us away?",
    witnessed.REFUSED: "it refuses: is this ledger's key line in its list?",
    witnessed.WRONG: "its answer is not a cosignature by its key, nor a size that it has seen",
    witnessed.CLOCK: "its clock and this machine's are too far apart: one of the two is wrong",
    witnessed.CONTRADICTS: "it has seen another history of this ledger: look into that at once",
    witnessed.AHEAD: "it has seen more entries than this database holds: look into that at once",
}


def _seen(asked: Asked) -> str:
    at = datetime.fromtimestamp(asked.at, UTC)
    seen = f"cosigned {asked.size:,} entries on {at:%Y-%m-%d %H:%M} UTC" if asked.line else "nothing cosigned yet"
    return f"{seen}; {TROUBLES[asked.trouble]}" if asked.trouble else seen


def _newest(settings: Settings, slug: str, path: Path) -> Head:
    try:
        return Notary(settings).read_own(slug, path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, Malformed) as wrong:
        raise FileRefused(path, None, getattr(wrong, "strerror", None) or str(wrong)) from None


def _must_be_newest(head: Head, copied: Head | None) -> None:
    if copied is not None and head.size < copied.size:
        raise OperatorError(
            f"that checkpoint is of {head.size:,} entries, and the copy itself bears one of {copied.size:,}:"
            " it is not the newest that anybody has kept"
        )


async def _assure(settings: Settings, slug: str, head: Head | None) -> None:
    """`OtherHistory` where more was signed than this database holds, and then that stays known; `SeenElsewhere` where a
    witness says so. One that does not answer holds up nobody."""
    notary = Notary(settings)
    async with opened(settings, doubting=True) as (database, _):
        async with database.read() as connection:
            petition = await petitions.petition(connection, slug)
            if petition is None:
                return
            if head is not None:
                _must_be_newest(head, dict(await publishing.heads(connection)).get(slug))
                notary.remember(slug, head)
                await publishing.must_follow(connection, petition.id, slug, head)
        for found in await Submitting(database, clock=_now, monotonic=time.monotonic).newer(slug):
            raise found.error
    notary.assure(slug)


def _now() -> datetime:
    return datetime.now(UTC)


async def _ledger(
    settings: Settings, slug: str, act: str | None, change: Asked | str | None
) -> tuple[str, Head | None, list[Asked]] | None:
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
                made = {"new": notary.renew, "retire": notary.retire, "anew": notary.begin_anew}[act]
                await publishing.key_changed(tx, petition.id, made(slug))
            if isinstance(change, Asked):
                await publishing.ask(tx, petition.id, change)
            elif change is not None and not await publishing.ask_no_more(tx, petition.id, change):
                raise OperatorError(f"{change} is not a witness of {slug}")
            witnesses = await publishing.witnesses(tx, petition.id)
        return str(Verifier(notary.origin(slug), notary.make(slug))), notary.last(slug), witnesses
