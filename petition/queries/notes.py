"""Words to colleagues, as they lie there: sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables


@dataclass(frozen=True, slots=True)
class Note:
    organizer_id: bytes
    day: date
    sealed: bytes


async def of_signature(connection: AsyncConnection, signature_id: bytes) -> tuple[Note, ...]:
    """The newest days first."""
    rows = tables.table(tables.Note)
    wanted = select(*(rows.c[name] for name in Note.__slots__)).where(rows.c.signature_id == signature_id)
    return tuple(Note(*row) for row in await connection.execute(wanted.order_by(rows.c.day.desc(), rows.c.id)))
