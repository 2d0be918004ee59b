"""Recording that a petition was delivered; correcting that, taking it back, putting it back. Owners alone.

Each moves the day from which records are kept on (`petitions.delivered_on`): the last delivery's that stands. An act by
which they would be destroyed at once is refused: that is decided on the page on how long they are kept.
"""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit
from petition.actions.audit import Act
from petition.db import tables
from petition.domain import delivered
from petition.domain.actors import DECIDE, Actor
from petition.domain.delivered import Told
from petition.errors import Conflict, FieldRefused, Forbidden, Invalid, NotFound
from petition.queries import deliveries
from petition.queries.deliveries import Delivery

_rows = tables.table(tables.Delivery)
_petitions = tables.table(tables.Petition)


async def record(tx: AsyncConnection, petition_id: bytes, told: Told, *, by: Actor, today: date) -> bytes:
    await _locked(tx, petition_id, by)
    delivery_id = secrets.token_bytes(16)
    await tx.execute(insert(_rows).values(id=delivery_id, petition_id=petition_id, taken_back=False, **_columns(told)))
    await _settle(tx, petition_id, Act("delivery:record", by.id, petition_id, delivery_id, _facts(told)), today=today)
    return delivery_id


async def correct(
    tx: AsyncConnection, petition_id: bytes, delivery_id: bytes, told: Told, seen: str, *, by: Actor, today: date
) -> None:
    known = await _seen(tx, petition_id, delivery_id, seen, by)
    changed = [name for name, value in _columns(told).items() if value != getattr(known, name)]
    if changed:
        await tx.execute(update(_rows).where(_rows.c.id == delivery_id).values(**_columns(told)))
        facts = {**_facts(told), "changed": changed}
        await _settle(tx, petition_id, Act("delivery:correct", by.id, petition_id, delivery_id, facts), today=today)


async def take_back(
    tx: AsyncConnection, petition_id: bytes, delivery_id: bytes, seen: str, *, back: bool, by: Actor, today: date
) -> None:
    """`back`: out of sight; else it stands again."""
    known = await _seen(tx, petition_id, delivery_id, seen, by)
    if known.taken_back != back:
        await tx.execute(update(_rows).where(_rows.c.id == delivery_id).values(taken_back=back))
        verb = "delivery:take-back" if back else "delivery:put-back"
        facts = {"day": str(known.day)}
        await _settle(tx, petition_id, Act(verb, by.id, petition_id, delivery_id, facts), today=today)


def _columns(told: Told) -> dict[str, Any]:
    return {name: getattr(told, name) for name in Told.__slots__}


def _facts(told: Told) -> dict[str, str]:
    """The words themselves are not the audit's."""
    return {"day": str(told.day)}


async def _locked(tx: AsyncConnection, petition_id: bytes, by: Actor) -> None:
    """One change at a time; whoever signs meanwhile is not kept waiting."""
    if not by.may(petition_id, DECIDE):
        raise Forbidden()
    wanted = select(_petitions.c.id).where(_petitions.c.id == petition_id)
    await tx.execute(wanted.with_for_update(key_share=True))


async def _seen(tx: AsyncConnection, petition_id: bytes, delivery_id: bytes, seen: str, by: Actor) -> Delivery:
    await _locked(tx, petition_id, by)
    known = next((d for d in await deliveries.of_petition(tx, petition_id) if d.id == delivery_id), None)
    if known is None:
        raise NotFound()
    if known.seen != seen:
        raise Conflict("delivery-changed")
    return known


async def _settle(tx: AsyncConnection, petition_id: bytes, act: Act, *, today: date) -> None:
    over = delivered.over_on([d.day for d in await deliveries.of_petition(tx, petition_id) if not d.taken_back])
    kept = (await tx.execute(select(_petitions).where(_petitions.c.id == petition_id))).mappings().one()
    ends = over + timedelta(days=kept["keep_days"]) if over else None
    if ends and ends <= today and not kept["on_hold"] and kept["purged_on"] is None:
        raise Invalid({"day": FieldRefused("delivery-ends", ends=ends)})
    changed = {"delivered_on": over, "revision": _petitions.c.revision + 1}
    await tx.execute(update(_petitions).where(_petitions.c.id == petition_id).values(**changed))
    await audit.record(tx, act, today=today)
