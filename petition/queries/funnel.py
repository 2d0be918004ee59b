"""The numbers behind the console's charts: one look at a petition's signatures, and the small tables by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain import states
from petition.domain.actors import Scope
from petition.domain.funnel import Cell, DayCell, MailCell
from petition.queries.timeline import milestones_reached

_rows, _mails, _letters, _days = (
    tables.table(mapped) for mapped in (tables.Signature, tables.MailDay, tables.Outbox, tables.TallyDay)
)
_AWAITING = and_(_rows.c.state == states.CONFIRMED, _rows.c.counted_as.is_(None)).label("awaiting")


@dataclass(frozen=True, slots=True)
class Numbers:
    """All that one page needs, of the whole petition."""

    cells: tuple[Cell, ...]
    mails: tuple[MailCell, ...]
    days: tuple[DayCell, ...]
    milestones: dict[int, date]
    unsent: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Signatures that still wait for a mail that was refused for good: how many, and the first of them."""

    number: int
    first: tuple[bytes, ...]


async def numbers(connection: AsyncConnection, petition_id: bytes) -> Numbers:
    """Reads every row of the petition, once, without what is sealed in it: for pages that keep it for a while."""
    return Numbers(
        await _cells(connection, petition_id),
        await _mail_cells(connection, petition_id),
        await _day_cells(connection, petition_id),
        await milestones_reached(connection, petition_id),
        await _unsent(connection, petition_id),
    )


async def _cells(connection: AsyncConnection, petition_id: bytes) -> tuple[Cell, ...]:
    own = [_rows.c[name] for name in ("signed_on", "counted_on", "category", "method", "state")]
    common = [*own, _AWAITING, _rows.c.verified]
    wanted = (
        select(*common, func.count(), func.count(_rows.c.sealed))
        .where(_rows.c.petition_id == petition_id)
        .group_by(*common)
    )
    return tuple(
        Cell(row[0], row[1], row[2] or "", row[3], row[4], bool(row[5]), row[6], row[7], row[8])
        for row in await connection.execute(wanted)
    )


async def _mail_cells(connection: AsyncConnection, petition_id: bytes) -> tuple[MailCell, ...]:
    wanted = select(*(_mails.c[name] for name in MailCell.__slots__)).where(_mails.c.petition_id == petition_id)
    return tuple(MailCell(*row) for row in await connection.execute(wanted))


async def _day_cells(connection: AsyncConnection, petition_id: bytes) -> tuple[DayCell, ...]:
    wanted = select(*(_days.c[name] for name in DayCell.__slots__)).where(_days.c.petition_id == petition_id)
    return tuple(DayCell(*row) for row in await connection.execute(wanted))


async def _unsent(connection: AsyncConnection, petition_id: bytes) -> int:
    wanted = select(func.count()).where(_letters.c.state == "waiting", _letters.c.petition_id == petition_id)
    return int((await connection.execute(wanted)).scalar_one())


async def failed(connection: AsyncConnection, petition_id: bytes, scope: Scope, *, limit: int) -> Failed:
    """Of the categories in scope, with the ids of the first `limit`."""
    here = failed_of(petition_id, scope)
    joined = _letters.join(_rows, _rows.c.id == _letters.c.signature_id)
    number = (await connection.execute(select(func.count()).select_from(joined).where(here))).scalar_one()
    first = select(_rows.c.id).select_from(joined).where(here).order_by(_rows.c.id).limit(limit)
    return Failed(int(number), tuple((await connection.execute(first)).scalars()) if number else ())


def failed_of(petition_id: bytes, scope: Scope) -> ColumnElement[bool]:
    """Of outbox and signatures joined: a mail that was given up, and somebody who could still confirm."""
    here = and_(
        _letters.c.state == "failed",
        _letters.c.kind == "confirm",
        _letters.c.petition_id == petition_id,
        _rows.c.petition_id == petition_id,
        _rows.c.state == states.PENDING,
    )
    return here if scope.categories is None else and_(here, _rows.c.category.in_(sorted(scope.categories)))
