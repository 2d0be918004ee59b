"""Lists that organizers take out: how they stand, and their sealed parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain.listing import Wanted

SHOWN = 30


@dataclass(frozen=True, slots=True)
class Export:
    """`number` of rows when it was asked for, `written` so far; `size` in bytes; moments in seconds since 1970."""

    id: bytes
    petition_id: bytes
    state: str
    kind: str
    language: str
    reason: str
    wanted: dict[str, Any]
    columns: Sequence[str]
    mark: str
    number: int
    made_by: bytes
    made_on: date
    agreed_by: bytes | None
    key: bytes | None
    run: bytes | None
    alive_at: int | None
    ends_at: int | None
    written: int
    parts: int
    size: int
    undrawn: Sequence[str] | None

    @property
    def meant(self) -> Wanted:
        return Wanted.of(self.wanted)


_exports, _parts = tables.table(tables.Export), tables.table(tables.ExportPart)
_petitions = tables.table(tables.Petition)


async def by_id(
    connection: AsyncConnection, petition_id: bytes, export_id: bytes, *, lock: bool = False
) -> Export | None:
    """None as well for another petition's. `lock`: until this transaction ends."""
    wanted = select(_exports).where(_exports.c.id == export_id, _exports.c.petition_id == petition_id)
    row = (await connection.execute(wanted.with_for_update() if lock else wanted)).mappings().one_or_none()
    return Export(**row) if row else None


async def of_petition(
    connection: AsyncConnection, petition_id: bytes, *, made_by: bytes | None = None
) -> tuple[Export, ...]:
    """The last ones, newest day first; of one organizer alone where `made_by` is given."""
    wanted = select(_exports).where(_exports.c.petition_id == petition_id)
    if made_by is not None:
        wanted = wanted.where(_exports.c.made_by == made_by)
    wanted = wanted.order_by(_exports.c.made_on.desc(), _exports.c.id).limit(SHOWN)
    return tuple(Export(**row) for row in (await connection.execute(wanted)).mappings())


async def part(connection: AsyncConnection, export_id: bytes, number: int) -> bytes | None:
    """None once it is destroyed, and while the safety switch is on: a file that is being fetched breaks off."""
    wanted = (
        select(_parts.c.sealed)
        .join(_exports, _exports.c.id == _parts.c.export_id)
        .join(_petitions, _petitions.c.id == _exports.c.petition_id)
        .where(_parts.c.export_id == export_id, _parts.c.number == number, _petitions.c.safe.is_(False))
    )
    found: bytes | None = (await connection.execute(wanted)).scalar_one_or_none()
    return found
