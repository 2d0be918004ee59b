"""Which signatures organizers have told apart."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables

_rows = tables.table(tables.ToldApart)


async def apart(connection: AsyncConnection, petition_id: bytes) -> frozenset[tuple[bytes, bytes]]:
    """Pairs of signatures that are not the same person, the lesser id first."""
    found = await connection.execute(select(_rows.c.one, _rows.c.other).where(_rows.c.petition_id == petition_id))
    return frozenset((row[0], row[1]) for row in found)
