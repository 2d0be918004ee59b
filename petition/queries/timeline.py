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


async def timeline(connection: AsyncConnection, petition_id: bytes) -> tuple[Day, ...]:
    """The days on which anything changed, oldest first."""
    rows = tables.table(tables.TallyDay)
    wanted = (
        select(rows.c.day, rows.c.counted, rows.c.removed).where(rows.c.petition_id == petition_id).order_by(rows.c.day)
    )
    return tuple(Day(*row) for row in await connection.execute(wanted))
