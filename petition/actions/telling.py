"""Not the same person: said once of two signatures, remembered, and taken back at any time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from itertools import combinations

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit
from petition.actions.audit import Act
from petition.db import tables
from petition.domain.actors import MODERATE, Actor
from petition.errors import FieldRefused, Invalid, NotFound
from petition.queries import queue, resembling

_ROWS = tables.table(tables.ToldApart)


async def tell_apart(
    tx: AsyncConnection, petition_id: bytes, members: Collection[bytes], *, by: Actor, today: date
) -> int:
    """Each is another person than every other; how many pairs are new. `NotFound` for one that is not theirs to see."""
    scope = by.scope(petition_id, MODERATE)
    if scope is None or len(await queue.by_ids(tx, petition_id, members, scope)) != len(set(members)):
        raise NotFound()
    if len(set(members)) < 2:
        raise Invalid({"member": FieldRefused("two-needed")})
    known = await resembling.apart(tx, petition_id)
    new = [pair for pair in combinations(sorted(set(members)), 2) if pair not in known]
    for one, other in new:
        await tx.execute(
            insert(_ROWS).values(petition_id=petition_id, one=one, other=other, organizer_id=by.id, day=today)
        )
        await audit.record(tx, Act("duplicate:apart", by.id, petition_id, one, {"other": other.hex()}), today=today)
    return len(new)


async def tell_together(
    tx: AsyncConnection, petition_id: bytes, one: bytes, other: bytes, *, by: Actor, today: date
) -> None:
    """Takes it back. Twice is once."""
    scope = by.scope(petition_id, MODERATE)
    if scope is None or len(await queue.by_ids(tx, petition_id, (one, other), scope)) != 2:
        raise NotFound()
    pair = (_ROWS.c.one == min(one, other)) & (_ROWS.c.other == max(one, other))
    gone = await tx.execute(delete(_ROWS).where(_ROWS.c.petition_id == petition_id, pair))
    if gone.rowcount:
        await audit.record(tx, Act("duplicate:together", by.id, petition_id, one, {"other": other.hex()}), today=today)
