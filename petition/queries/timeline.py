"""What the ledger counted and removed, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    counted: int
    removed: int


async def milestones_reached(connection: AsyncConnection, petition_id: bytes) -> dict[int, date]:
    """Which milestones the count ever passed, and when it first did."""
    rows = tables.table(tables.MilestoneReached)
    wanted = select(rows.c.number, rows.c.day).where(rows.c.petition_id == petition_id).order_by(rows.c.number)
    return {row.number: row.day for row in await connection.execute(wanted)}


async def timeline(connection: AsyncConnection, petition_id: bytes) -> tuple[Day, ...]:
    """The days on which anything changed, oldest first."""
    rows = tables.table(tables.TallyDay)
    wanted = (
        select(rows.c.day, rows.c.counted, rows.c.removed).where(rows.c.petition_id == petition_id).order_by(rows.c.day)
    )
    return tuple(Day(*row) for row in await connection.execute(wanted))
