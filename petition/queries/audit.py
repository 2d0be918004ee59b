"""The audit as organizers read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables


@dataclass(frozen=True, slots=True)
class Entry:
    number: int
    day: date
    organizer_id: bytes | None
    petition_id: bytes | None
    verb: str
    subject: bytes | None
    facts: Mapping[str, Any]


_rows = tables.table(tables.AuditEntry)
_wanted = select(*(_rows.c[name] for name in Entry.__slots__)).order_by(_rows.c.number.desc())


async def page(
    connection: AsyncConnection,
    petitions: Sequence[bytes],
    *,
    accounts_too: bool,
    before: int | None = None,
    limit: int = 100,
) -> tuple[Entry, ...]:
    """Newest first: of these petitions, and with `accounts_too` of no petition in particular."""
    about = _rows.c.petition_id.in_(petitions)
    wanted = _wanted.where(about | _rows.c.petition_id.is_(None) if accounts_too else about).limit(limit)
    if before is not None:
        wanted = wanted.where(_rows.c.number < before)
    return tuple(Entry(**row) for row in (await connection.execute(wanted)).mappings())


async def of_signature(connection: AsyncConnection, petition_id: bytes, signature_id: bytes) -> tuple[Entry, ...]:
    """What organizers did with one signature, newest first."""
    mine = (_rows.c.petition_id == petition_id) & (_rows.c.subject == signature_id)
    return tuple(Entry(**row) for row in (await connection.execute(_wanted.where(mine).limit(50))).mappings())
