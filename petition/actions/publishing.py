"""What the public is shown: a count and the signed checkpoint of the ledger that it is the fold of, always together.

    fold        entries, tree and tally in one transaction                 actions/counting.py
    sign        once that is durable; the head is on disk first            notary.py
    publish     checkpoint and tally side by side, in one row              here

Killed anywhere in between, the next one goes on: whatever is folded and not published is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit
from petition.actions.audit import Act
from petition.db import dialect, tables, tiles
from petition.domain import checkpoint
from petition.domain.checkpoint import Head, Verifier
from petition.domain.ledger import Tally
from petition.domain.sampling import Result
from petition.domain.witnessed import Asked
from petition.notary import Notary
from petition.queries import counts

PUBLISHED = tables.table(tables.Published)


@dataclass(frozen=True, slots=True)
class Due:
    petition_id: bytes
    slug: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A count and the tree that it is the fold of, as they are durable now."""

    tally: Tally
    head: Head


async def due(connection: AsyncConnection, host: str) -> list[Due]:
    """The petitions whose fold is ahead of what the public sees, or whose checkpoint bears another address."""
    petitions, tallies = tables.table(tables.Petition), tables.table(tables.Tally)
    origin = literal(checkpoint.origin(host, "")).concat(petitions.c.slug)
    wanted = (
        select(petitions.c.id, petitions.c.slug)
        .join(tallies, tallies.c.petition_id == petitions.c.id)
        .join(PUBLISHED, PUBLISHED.c.petition_id == petitions.c.id)
        .where(or_(tallies.c.size > PUBLISHED.c.size, PUBLISHED.c.origin != origin))
    )
    return [Due(row.id, row.slug) for row in await connection.execute(wanted)]


async def own_key(tx: AsyncConnection, petition_id: bytes, slug: str, notary: Notary) -> None:
    """Makes the ledger's key where it has none; `Misconfigured` if it has one that does not lie here."""
    await dialect.one_sequencer(tx)
    mine = PUBLISHED.c.petition_id == petition_id
    known = (await tx.execute(select(PUBLISHED.c.public_key).where(mine))).scalar_one()
    if known is None:
        await tx.execute(update(tables.table(tables.Published)).where(mine).values(public_key=notary.make(slug)))
    else:
        notary.must_have(slug, known)


async def key_changed(tx: AsyncConnection, petition_id: bytes, public_key: bytes) -> None:
    """What is published is due to be signed again."""
    mine = PUBLISHED.c.petition_id == petition_id
    changed = {"public_key": public_key, "origin": "", "checkpoint": ""}
    await tx.execute(update(tables.table(tables.Published)).where(mine).values(**changed))


async def ready(connection: AsyncConnection, petition_id: bytes, slug: str, known: Head | None) -> Ready:
    """What can be signed after `known`, the last head that was signed here; `OtherHistory` if it does not follow."""
    # In this order: what is published is never ahead of what is folded.
    mine = PUBLISHED.c.petition_id == petition_id
    note = (await connection.execute(select(PUBLISHED.c.checkpoint).where(mine))).scalar_one()
    tally = await counts.tally(connection, petition_id)
    earlier = [head for head in (known, checkpoint.head_of(note)) if head is not None]
    return Ready(tally, await tiles.head_after(connection, petition_id, slug, tally.size, earlier))


@dataclass(frozen=True, slots=True)
class Standing:
    """A petition's ledger as this database holds it. `public_key` is None where it has no key yet."""

    petition_id: bytes
    slug: str
    public_key: bytes | None
    head: Head


async def standing(connection: AsyncConnection) -> list[Standing]:
    """Every ledger; `OtherHistory` for one that does not even continue what it says was published."""
    petitions, tallies = tables.table(tables.Petition), tables.table(tables.Tally)
    wanted = (
        select(petitions.c.id, petitions.c.slug, PUBLISHED.c.public_key, PUBLISHED.c.checkpoint, tallies.c.size)
        .join(tallies, tallies.c.petition_id == petitions.c.id)
        .join(PUBLISHED, PUBLISHED.c.petition_id == petitions.c.id)
        .order_by(petitions.c.slug)
    )
    found = []
    for row in (await connection.execute(wanted)).all():
        earlier = [head] if (head := checkpoint.head_of(row.checkpoint)) else []
        head = await tiles.head_after(connection, row.id, row.slug, row.size, earlier)
        found.append(Standing(row.id, row.slug, row.public_key, head))
    return found


async def must_follow(connection: AsyncConnection, petition_id: bytes, slug: str, head: Head) -> None:
    """`OtherHistory` unless `head`, which was signed, is a beginning of this database's ledger."""
    size = (await counts.tally(connection, petition_id)).size
    await tiles.head_after(connection, petition_id, slug, size, [head])


async def heads(connection: AsyncConnection) -> list[tuple[str, Head]]:
    """(slug, head) of what is published, where the signature holds."""
    petitions = tables.table(tables.Petition)
    wanted = select(petitions.c.slug, PUBLISHED.c.public_key, PUBLISHED.c.origin, PUBLISHED.c.checkpoint).join(
        PUBLISHED, PUBLISHED.c.petition_id == petitions.c.id
    )
    return [
        (row.slug, checkpoint.read(row.checkpoint, Verifier(row.origin, row.public_key)))
        for row in await connection.execute(wanted)
        if row.checkpoint and row.public_key
    ]


@dataclass(frozen=True, slots=True)
class Watched:
    """A published checkpoint, and whom to ask to cosign it."""

    petition_id: bytes
    slug: str
    note: str
    witnesses: tuple[Asked, ...]


async def watched(connection: AsyncConnection) -> list[Watched]:
    """Of every petition that has a signed checkpoint and a witness."""
    petitions = tables.table(tables.Petition)
    wanted = select(petitions.c.id, petitions.c.slug, PUBLISHED.c.checkpoint, PUBLISHED.c.witnesses).join(
        PUBLISHED, PUBLISHED.c.petition_id == petitions.c.id
    )
    return [
        Watched(row.id, row.slug, row.checkpoint, tuple(map(Asked.of, row.witnesses)))
        for row in await connection.execute(wanted)
        if row.checkpoint and row.witnesses
    ]


async def witnesses(connection: AsyncConnection, petition_id: bytes) -> list[Asked]:
    mine = PUBLISHED.c.petition_id == petition_id
    return list(map(Asked.of, (await connection.execute(select(PUBLISHED.c.witnesses).where(mine))).scalar_one()))


async def told(tx: AsyncConnection, petition_id: bytes, asked: Asked) -> None:
    """What came of asking, unless the witness is no longer one."""
    await dialect.one_sequencer(tx)
    known = await witnesses(tx, petition_id)
    await _write(tx, petition_id, [asked if (w.vkey, w.url) == (asked.vkey, asked.url) else w for w in known])


async def ask(tx: AsyncConnection, petition_id: bytes, asked: Asked) -> None:
    """From now on this witness is asked too; of one name there is one."""
    await dialect.one_sequencer(tx)
    others = [w for w in await witnesses(tx, petition_id) if w.witness.name != asked.witness.name]
    await _write(tx, petition_id, [*others, asked])


async def ask_no_more(tx: AsyncConnection, petition_id: bytes, name: str) -> bool:
    """False if there is no such witness."""
    await dialect.one_sequencer(tx)
    known = await witnesses(tx, petition_id)
    left = [w for w in known if w.witness.name != name]
    await _write(tx, petition_id, left)
    return len(left) < len(known)


async def _write(tx: AsyncConnection, petition_id: bytes, asked: list[Asked]) -> None:
    rows = tables.table(tables.Published)
    values = {"witnesses": [each.row() for each in asked]}
    await tx.execute(update(rows).where(rows.c.petition_id == petition_id).values(**values))


async def shown(connection: AsyncConnection, petition_id: bytes) -> str:
    """The published checkpoint; empty before the first one."""
    mine = PUBLISHED.c.petition_id == petition_id
    return str((await connection.execute(select(PUBLISHED.c.checkpoint).where(mine))).scalar_one())


async def show_sample(tx: AsyncConnection, petition_id: bytes, result: Result, *, today: date) -> None:
    """In place of an earlier one; the audit keeps that one."""
    rows = tables.table(tables.Published)
    await tx.execute(update(rows).where(rows.c.petition_id == petition_id).values(sample=result.row()))
    await audit.record(tx, Act("sample:publish", None, petition_id, facts=result.row()), today=today)


async def publish(tx: AsyncConnection, petition_id: bytes, origin: str, note: str, tally: Tally) -> None:
    """Never a smaller tree in place of a larger one."""
    values: dict[str, Any] = {name: getattr(tally, name) for name in Tally.__slots__}
    await tx.execute(
        update(tables.table(tables.Published))
        .where(PUBLISHED.c.petition_id == petition_id, PUBLISHED.c.size <= tally.size)
        .values(origin=origin, checkpoint=note, **values)
    )
