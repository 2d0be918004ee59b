"""How long a petition's sealed records are kept, and their end. What remains is the ledger and the count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit, notes, outbox
from petition.actions.audit import Act
from petition.db import tables
from petition.domain import states
from petition.domain.actors import DECIDE, Actor
from petition.errors import Forbidden
from petition.queries import deliveries, petitions

LONGEST = 3650
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Terms:
    """`days` after delivery, or after closing where nothing was delivered; nothing ends while on `hold`.

    `delivered_on` is for a delivery that is not to be shown: where one is recorded, that one decides.
    """

    days: int
    hold: bool
    delivered_on: date | None


async def change(tx: AsyncConnection, petition_id: bytes, terms: Terms, *, by: Actor, today: date) -> None:
    if not by.may(petition_id, DECIDE):
        raise Forbidden()
    rows = tables.table(tables.Petition)
    # The row first, as whoever records a delivery does.
    locked = select(rows.c.delivered_on).where(rows.c.id == petition_id).with_for_update(key_share=True)
    known = (await tx.execute(locked)).scalar_one()
    recorded = any(not delivery.taken_back for delivery in await deliveries.of_petition(tx, petition_id))
    delivered_on = known if recorded else terms.delivered_on
    changed: dict[str, Any] = {
        "keep_days": terms.days,
        "on_hold": terms.hold,
        "delivered_on": delivered_on,
        "revision": rows.c.revision + 1,
    }
    await tx.execute(update(rows).where(rows.c.id == petition_id).values(**changed))
    facts = {"days": terms.days, "hold": terms.hold, "delivered": str(delivered_on or "")}
    await audit.record(tx, Act("petition:keep", by.id, petition_id, facts=facts), today=today)


async def due(tx: AsyncConnection, *, today: date) -> tuple[bytes, ...]:
    """The petitions whose records have come to their end."""
    return tuple(
        p.id
        for p in await petitions.petitions(tx)
        if p.purged_on is None and (ends := p.purge_on) is not None and ends <= today
    )


async def purge(tx: AsyncConnection, petition_id: bytes, *, today: date) -> int:
    """Everything that follows from a person goes; up to `CHUNK` signatures at once, how many. At the end it is noted.

    Killed midway the next run goes on where this one was.
    """
    rows = tables.table(tables.Signature)
    left = or_(rows.c.sealed.is_not(None), rows.c.identity.is_not(None), rows.c.shown_name.is_not(None))
    wanted = select(rows.c.id).where(rows.c.petition_id == petition_id, left).limit(CHUNK)
    ids = (await tx.execute(wanted)).scalars().all()
    if ids:
        state = case((rows.c.state == states.PENDING, states.LAPSED), else_=rows.c.state)
        await tx.execute(update(rows).where(rows.c.id.in_(ids)).values(state=state, **tables.WIPED))
        await outbox.forget(tx, ids)
        await notes.forget(tx, ids)
    else:
        batches, lines = tables.table(tables.Batch), tables.table(tables.PaperLine)
        await tx.execute(update(batches).where(batches.c.petition_id == petition_id).values(rule=None))
        await tx.execute(delete(lines).where(lines.c.petition_id == petition_id))
        for papers in (tables.table(tables.Import), tables.table(tables.PaperBatch)):
            await tx.execute(update(papers).where(papers.c.petition_id == petition_id).values(source=None))
        await _forget_lists(tx, petition_id)
        shares, mine = tables.table(tables.PetitionKey), tables.table(tables.Petition)
        # The petition's row first, as whoever changes its key does.
        await tx.execute(
            update(mine).where(mine.c.id == petition_id).values(purged_on=today, revision=mine.c.revision + 1)
        )
        for keys in (shares, tables.table(tables.Rekeying)):
            await tx.execute(delete(keys).where(keys.c.petition_id == petition_id))
        await audit.record(tx, Act("petition:purge", None, petition_id), today=today)
    return len(ids)


async def _forget_lists(tx: AsyncConnection, petition_id: bytes) -> None:
    """Those that were sent in and not taken in yet, and how lists were read."""
    lists, parts, layouts = (tables.table(t) for t in (tables.Staging, tables.StagingPart, tables.Layout))
    mine = select(lists.c.id).where(lists.c.petition_id == petition_id)
    await tx.execute(delete(parts).where(parts.c.staging_id.in_(mine)))
    for rows in (lists, layouts):
        await tx.execute(delete(rows).where(rows.c.petition_id == petition_id))
