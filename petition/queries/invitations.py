"""Invitations: by the code in a link, by what is left of them, and as organizers see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain import states
from petition.domain.actors import Scope
from petition.domain.invitations import OPEN, RECALLED

PAGE = 100
EXPIRED, USED_UP = "expired", "used-up"


@dataclass(frozen=True, slots=True)
class Invitation:
    """`used`: how many it has vouched for, whatever became of them. `expires_on`: its last day."""

    id: bytes
    petition_id: bytes
    category: str
    uses: int
    used: int
    expires_on: date
    issued_by: bytes | None
    issued_on: date
    state: str

    def issuer(self, names: Mapping[bytes, str]) -> str | None:
        """By whom, of these; None for the operator, empty for somebody who has left."""
        return None if self.issued_by is None else names.get(self.issued_by, "")

    def stands(self, today: date) -> str:
        """open, expired, used-up, revoked or recalled; only with an open one can be signed."""
        if self.state != OPEN:
            return self.state
        if self.expires_on < today:
            return EXPIRED
        return OPEN if self.used < self.uses else USED_UP


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """`verified`: by id, how many each vouches for now. `more`: what the next page comes after, None on the last."""

    rows: tuple[Invitation, ...]
    verified: Mapping[bytes, int]
    more: bytes | None


_rows, _signatures, _categories = (
    tables.table(mapped) for mapped in (tables.Invitation, tables.Signature, tables.Category)
)
_OWN = [_rows.c[name] for name in Invitation.__slots__]
# Verified by an invitation, and counted: an organizer who verifies somebody takes the invitation's place.
VOUCHED = and_(_signatures.c.state == states.CONFIRMED, _signatures.c.verified.is_(True))


async def by_code(connection: AsyncConnection, petition_id: bytes, code: bytes) -> Invitation | None:
    """`code` as it is stored. None as well for another petition's."""
    wanted = select(*_OWN).where(_rows.c.code == code, _rows.c.petition_id == petition_id)
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return Invitation(**row) if row else None


async def by_id(
    connection: AsyncConnection, petition_id: bytes, invitation_id: bytes, *, lock: bool = False
) -> Invitation | None:
    """None as well for another petition's. `lock`: until this transaction ends."""
    wanted = select(*_OWN).where(_rows.c.id == invitation_id, _rows.c.petition_id == petition_id)
    row = (await connection.execute(wanted.with_for_update() if lock else wanted)).mappings().one_or_none()
    return Invitation(**row) if row else None


async def left(tx: AsyncConnection, ids: Collection[bytes]) -> dict[bytes, int]:
    """How many more each of these can vouch for; none that was revoked is among them.

    Locked until this transaction ends, in the order of their ids.
    """
    wanted = select(_rows.c.id, _rows.c.uses - _rows.c.used).where(_rows.c.id.in_(ids), _rows.c.state == OPEN)
    return {row[0]: row[1] for row in await tx.execute(wanted.order_by(_rows.c.id).with_for_update())}


async def recalled(tx: AsyncConnection, signature_ids: Collection[bytes]) -> dict[bytes, str | None]:
    """Those of these signatures that only a recalled invitation vouches for, and where each counts without it.

    Whoever is just recalling one is waited for: hence no condition on its state, which the lock would not see change.
    """
    claimed = and_(_categories.c.petition_id == _signatures.c.petition_id, _categories.c.slug == _signatures.c.category)
    wanted = (
        select(_signatures.c.id, _signatures.c.category, _categories.c.claim, _rows.c.state)
        .join(_rows, _rows.c.id == _signatures.c.invitation_id)
        .outerjoin(_categories, claimed)
        .where(_signatures.c.id.in_(signature_ids), _signatures.c.verified.is_(True))
        .order_by(_rows.c.id)
        .with_for_update(read=True, of=_rows)
    )
    found = [row for row in await tx.execute(wanted) if row.state == RECALLED]
    return {row.id: row.category if row.claim == "open" else None for row in found}


async def page(
    connection: AsyncConnection,
    petition_id: bytes,
    scope: Scope,
    *,
    only: bytes | None = None,
    after: bytes | None = None,
    limit: int = PAGE,
) -> InvitationPage:
    """Newest first, of the categories in the scope; or this one alone."""
    wanted = select(*_OWN).where(_rows.c.petition_id == petition_id)
    if scope.categories is not None:
        wanted = wanted.where(_rows.c.category.in_(sorted(scope.categories)))
    if only is not None:
        wanted = wanted.where(_rows.c.id == only)
    if after is not None:
        day = select(_rows.c.issued_on).where(_rows.c.id == after).scalar_subquery()
        wanted = wanted.where(or_(_rows.c.issued_on < day, and_(_rows.c.issued_on == day, _rows.c.id > after)))
    found = await connection.execute(wanted.order_by(_rows.c.issued_on.desc(), _rows.c.id).limit(limit + 1))
    rows = tuple(Invitation(**row) for row in found.mappings())
    verified = await _verified(connection, [row.id for row in rows[:limit]])
    return InvitationPage(rows[:limit], verified, rows[limit - 1].id if len(rows) > limit else None)


async def _verified(connection: AsyncConnection, ids: Collection[bytes]) -> dict[bytes, int]:
    wanted = (
        select(_signatures.c.invitation_id, func.count())
        .where(_signatures.c.invitation_id.in_(ids), VOUCHED)
        .group_by(_signatures.c.invitation_id)
    )
    return {row[0]: row[1] for row in await connection.execute(wanted)}
