"""petition sample SLUG --seed VALUE"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from petition import cli
from petition.actions import audit, publishing
from petition.actions.audit import Act
from petition.cli import files, unlocking
from petition.db.opening import opened
from petition.domain import checkpoint, sampling
from petition.domain.actors import DECIDE
from petition.domain.checkpoint import Malformed
from petition.domain.ledger import Broken
from petition.domain.sampling import Given, Result
from petition.domain.sealing import Opener, Ring, Unreadable
from petition.errors import FileRefused, OperatorError
from petition.notary import Notary
from petition.queries import sampling as samples
from petition.queries.petitions import Petition
from petition.settings import Settings


@dataclass(frozen=True, slots=True)
class Draw:
    """What was asked for at the command line."""

    slug: str
    seed: str
    number: int
    at: Path | None


@click.command()
@click.argument("slug")
@click.option("--seed", required=True, metavar="VALUE", help="Public, and known to nobody before the checkpoint was.")
@click.option("-n", "number", default=300, show_default=True, type=click.IntRange(1), help="How many to draw.")
@click.option("--at", type=click.Path(path_type=Path), metavar="CHECKPOINT",
              help="Draw from those who counted then; the present one unless given.")  # fmt: skip
@click.option("-o", "output", type=click.Path(path_type=Path), metavar="FILE",
              help="The opened records, for the auditor.")  # fmt: skip
@click.option("--publish", "false", type=click.IntRange(0), metavar="FALSE",
              help="The audit is done: show on the count page that so many could not be confirmed.")  # fmt: skip
@click.option("--by", "auditor", metavar="NAME", help="With --publish: who audited, as it is shown.")
@unlocking.options(needed=False)
def command(
    slug: str,
    seed: str,
    number: int,
    at: Path | None,
    output: Path | None,
    false: int | None,
    auditor: str | None,
    address: str | None,
    key_file: Path | None,
) -> None:
    """Draw signatories of SLUG by chance that everybody can check, and open their records for an auditor.

    Without -o and --publish it only tells which lines of the ledger are drawn.
    """
    if not seed.strip() or "\n" in seed:
        raise click.UsageError("The seed is one line, and not empty.")
    if (false is None) != (auditor is None) or (false is not None and output is not None):
        raise click.UsageError("--publish FALSE and --by NAME belong together, and come after -o FILE was looked at.")
    if auditor is not None and at is None:
        raise click.UsageError("--publish is of the records that were opened: give --at the checkpoint of that time.")
    if auditor is not None and not 0 < len(auditor.strip()) <= 200:
        raise click.UsageError("--by is a name, of at most 200 characters.")
    if output is not None:
        unlocking.require_one(address, key_file)
        if output.exists():
            raise FileRefused(output, None, "exists already and is never written over; choose another name")
    draw, settings = Draw(slug, seed, number, at), cli.settings()
    try:
        if output is not None:
            asyncio.run(_open(settings, draw, output, address, key_file))
        else:
            asyncio.run(_tell(settings, draw, false, auditor))
    except Broken as broken:
        cli.fail(f"{slug}: the ledger contradicts itself: {broken}")


async def _open(settings: Settings, draw: Draw, output: Path, address: str | None, key_file: Path | None) -> None:
    async with opened(settings) as (database, keys):
        unlocked = await unlocking.unlock(database, keys, settings, draw.slug, address, key_file)
        petition, by = unlocked.petition, unlocked.by
        if by is not None and by.scope(petition.id, DECIDE) is None:
            raise OperatorError(f"{address} is no owner of {draw.slug}: owners open a sample")
        unlocking.require_open(unlocked)
        async with database.read() as connection:
            note, population, lines = await _drawn(connection, settings, petition, draw)
            sealed = await samples.sealed(connection, petition.id, lines, keys.link_of)
        # Recorded before the first record is opened.
        facts = {"seed": draw.seed, "rows": len(lines), "format": "sample"}
        async with database.write() as tx:
            act = Act("sample:open", by.id if by else None, petition.id, facts=facts)
            await audit.record(tx, act, today=datetime.now(UTC).date())
        rows = await asyncio.to_thread(_opened, lines, sealed, unlocked.ring, petition.id)
    given = Given(draw.slug, draw.seed, draw.number, note, rows)
    with files.written(output) as file:
        file.write(str(given).encode())
    gone = sampling.missing(list(rows.values()))
    click.echo(f"{len(lines):,} of {population:,} drawn; {len(lines) - gone:,} records in {output}, {gone:,} missing")
    click.echo("They are in the clear, for the auditor alone, who checks them with: petition audit URL --sample FILE")


def _opened(
    lines: list[int], sealed: dict[int, bytes], ring: Ring, petition_id: bytes
) -> dict[int, tuple[dict[str, Any], bytes] | str]:
    opener, rows = Opener(ring, petition_id), dict[int, tuple[dict[str, Any], bytes] | str]()
    for index in lines:
        try:
            rows[index] = opener.open(sealed[index]) if index in sealed else sampling.GONE
        except Unreadable:
            rows[index] = sampling.CLOSED
    return rows


async def _tell(settings: Settings, draw: Draw, false: int | None, auditor: str | None) -> None:
    today = datetime.now(UTC).date()
    async with opened(settings) as (database, _):
        petition = await unlocking.petition_of(database, draw.slug)
        async with database.read() as connection:
            note, population, lines = await _drawn(connection, settings, petition, draw)
        if false is None or auditor is None:
            click.echo(f"{len(lines):,} of {population:,} drawn: " + " ".join(map(str, lines)))
            return
        if false > len(lines):
            raise OperatorError(f"only {len(lines)} were drawn: {false} of them cannot be false")
        head = checkpoint.head_of(note)
        assert head is not None
        result = Result(auditor.strip(), today.isoformat(), draw.seed, head.size, population, len(lines), false)
        async with database.write() as tx:
            await publishing.show_sample(tx, petition.id, result, today=today)
    told = f"{false:,} of {len(lines):,} drawn from {population:,} could not be confirmed"
    click.echo(f"{told}: with 95 % confidence fewer than {result.bound:,} of all are false")


async def _drawn(connection: Any, settings: Settings, petition: Petition, draw: Draw) -> tuple[str, int, list[int]]:
    """(the checkpoint, how many counted then, the lines drawn)."""
    if draw.at is None:
        note = await publishing.shown(connection, petition.id)
        if not note:
            raise OperatorError(f"nothing of {draw.slug} is published yet; start the server first")
    else:
        note = await asyncio.to_thread(_kept, draw.at)
    try:
        head = Notary(settings).read_own(draw.slug, note)
    except Malformed as wrong:
        raise FileRefused(draw.at or "the checkpoint", None, str(wrong)) from None
    await publishing.must_follow(connection, petition.id, draw.slug, head)
    recount = await samples.recounted(connection, petition.id, draw.slug, head.size)
    standing = recount.counting()
    return note, len(standing), sampling.draw(draw.slug, draw.seed, standing, draw.number)


def _kept(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise FileRefused(path, None, f"cannot be read ({getattr(wrong, 'strerror', None) or 'no text'})") from None
