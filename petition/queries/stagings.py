"""Lists that were sent to the console: how they stand, their sealed parts, and how a source's lists are read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain import importing


@dataclass(frozen=True, slots=True)
class Staging:
    """See db/desk.py."""

    id: bytes
    petition_id: bytes
    state: str
    made_by: bytes
    made_on: date
    key: bytes
    digest: bytes | None
    parts: int
    size: int
    rows: int | None
    seen: int
    refused: int
    asks: bool
    stopped: str | None
    run: bytes | None
    alive_at: int | None
    ends_at: int
    import_id: bytes | None


_stagings, _parts, _layouts = (tables.table(t) for t in (tables.Staging, tables.StagingPart, tables.Layout))


async def by_id(
    connection: AsyncConnection, petition_id: bytes, staging_id: bytes, made_by: bytes, *, lock: bool = False
) -> Staging | None:
    """None as well for another petition's, and for another organizer's: nobody else has its key."""
    mine = (_stagings.c.id == staging_id) & (_stagings.c.petition_id == petition_id)
    wanted = select(_stagings).where(mine, _stagings.c.made_by == made_by)
    row = (await connection.execute(wanted.with_for_update() if lock else wanted)).mappings().one_or_none()
    return Staging(**row) if row else None


async def of_organizer(connection: AsyncConnection, petition_id: bytes, made_by: bytes) -> tuple[Staging, ...]:
    """Whatever has arrived whole, newest day first."""
    wanted = select(_stagings).where(
        _stagings.c.petition_id == petition_id,
        _stagings.c.made_by == made_by,
        _stagings.c.state != importing.COMING,
    )
    found = await connection.execute(wanted.order_by(_stagings.c.made_on.desc(), _stagings.c.id))
    return tuple(Staging(**row) for row in found.mappings())


async def number(connection: AsyncConnection, petition_id: bytes, made_by: bytes) -> int:
    """How many somebody has here, those still on their way included."""
    mine = (_stagings.c.petition_id == petition_id) & (_stagings.c.made_by == made_by)
    return int((await connection.execute(select(func.count()).select_from(_stagings).where(mine))).scalar_one())


async def part(connection: AsyncConnection, staging_id: bytes, kind: str, number: int) -> bytes | None:
    wanted = select(_parts.c.sealed).where(
        _parts.c.staging_id == staging_id, _parts.c.kind == kind, _parts.c.number == number
    )
    found: bytes | None = (await connection.execute(wanted)).scalar_one_or_none()
    return found


async def numbers(connection: AsyncConnection, staging_id: bytes, kind: str) -> list[int]:
    """Which parts there are of this kind, in order."""
    wanted = select(_parts.c.number).where(_parts.c.staging_id == staging_id, _parts.c.kind == kind)
    return list((await connection.execute(wanted.order_by(_parts.c.number))).scalars())


async def layout(connection: AsyncConnection, petition_id: bytes, source: bytes) -> dict[str, Any] | None:
    wanted = select(_layouts.c.layout).where(_layouts.c.petition_id == petition_id, _layouts.c.source == source)
    found: dict[str, Any] | None = (await connection.execute(wanted)).scalar_one_or_none()
    return found
