"""Invitations: by the code in a link, by what is left of them, and as organizers see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain.actors import Scope
from petition.domain.invitations import OPEN, REVOKED

PAGE = 100
EXPIRED, USED_UP = "expired", "used-up"


@dataclass(frozen=True, slots=True)
class Invitation:
    """`used`: the signatures that it has vouched for, and that were not erased."""

    id: bytes
    petition_id: bytes
    category: str
    uses: int
    expires_on: date | None
    issued_by: bytes | None
    issued_on: date
    state: str
    used: int

    def stands(self, today: date) -> str:
        """open, revoked, expired or used-up; only an open one can be signed with."""
        if self.state == REVOKED:
            return REVOKED
        if self.expires_on is not None and self.expires_on < today:
            return EXPIRED
        return OPEN if self.used < self.uses else USED_UP


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """`more`: what the next page comes after; None on the last."""

    rows: tuple[Invitation, ...]
    more: bytes | None


_rows, _signatures = tables.table(tables.Invitation), tables.table(tables.Signature)
# A signature that has ever counted keeps the day on which it did.
_VOUCHED = and_(_signatures.c.invitation_id == _rows.c.id, _signatures.c.counted_on.is_not(None))


def _selected() -> Select[Any]:
    used = select(func.count()).select_from(_signatures).where(_VOUCHED).correlate(_rows).scalar_subquery()
    own = [_rows.c[name] for name in Invitation.__slots__ if name in _rows.c]
    return select(*own, used.label("used"))


async def by_code(connection: AsyncConnection, petition_id: bytes, code: bytes) -> Invitation | None:
    """`code` as it is stored. None as well for another petition's."""
    wanted = _selected().where(_rows.c.code == code, _rows.c.petition_id == petition_id)
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return Invitation(**row) if row else None


async def by_id(
    connection: AsyncConnection, petition_id: bytes, invitation_id: bytes, *, lock: bool = False
) -> Invitation | None:
    wanted = _selected().where(_rows.c.id == invitation_id, _rows.c.petition_id == petition_id)
    if lock:
        wanted = wanted.with_for_update(of=_rows)
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return Invitation(**row) if row else None


async def left(tx: AsyncConnection, ids: Iterable[bytes]) -> dict[bytes, int]:
    """How many more each of these can vouch for; none for one that was revoked.

    Locked until this transaction ends, in the order of their ids, and counted by a second statement: one that
    had to wait for the lock would count what was there before it waited.
    """
    locked = (
        await tx.execute(
            select(_rows.c.id, _rows.c.uses)
            .where(_rows.c.id.in_(set(ids)), _rows.c.state == OPEN)
            .order_by(_rows.c.id)
            .with_for_update()
        )
    ).all()
    wanted = (
        select(_signatures.c.invitation_id, func.count())
        .where(
            _signatures.c.invitation_id.in_([row.id for row in locked]),
            _signatures.c.counted_on.is_not(None),
        )
        .group_by(_signatures.c.invitation_id)
    )
    used = {row[0]: row[1] for row in await tx.execute(wanted)} if locked else {}
    return {row.id: row.uses - used.get(row.id, 0) for row in locked}


async def page(
    connection: AsyncConnection,
    petition_id: bytes,
    scope: Scope,
    *,
    after: bytes | None = None,
    limit: int = PAGE,
) -> InvitationPage:
    """Newest first, of the categories in the scope."""
    wanted = _selected().where(_rows.c.petition_id == petition_id)
    if scope.categories is not None:
        wanted = wanted.where(_rows.c.category.in_(sorted(scope.categories)))
    if after is not None:
        day = select(_rows.c.issued_on).where(_rows.c.id == after).scalar_subquery()
        wanted = wanted.where(or_(_rows.c.issued_on < day, and_(_rows.c.issued_on == day, _rows.c.id > after)))
    found = await connection.execute(wanted.order_by(_rows.c.issued_on.desc(), _rows.c.id).limit(limit + 1))
    rows = tuple(Invitation(**row) for row in found.mappings())
    return InvitationPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)
