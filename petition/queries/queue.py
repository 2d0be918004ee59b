"""Signatures as organizers see them: one at a time, by pages, by numbers. Who it was stays sealed here."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain import states
from petition.domain.actors import Scope
from petition.domain.sealing import canonical
from petition.queries import counts

PAGE = 50
AWAITING = "awaiting"
SEEN_DIGITS = 16
AMONG_AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class Queued:
    """A signature's row with its claim's policy. `category` is what was claimed; an erased one has nothing sealed."""

    id: bytes
    petition_id: bytes
    version: int
    language: str
    state: str
    reason: str | None
    category: str | None
    claim: str | None
    counted_as: str | None
    verified: bool
    method: str
    visibility: str
    hidden: bool
    pinned: bool
    signed_on: date
    counted_on: date | None
    acts: int
    sealed: bytes | None
    merged_into: bytes | None
    identity: bytes | None
    invitation_id: bytes | None

    @property
    def seen(self) -> str:
        """What a form carries: an act is refused where the row has become another since."""
        looked_at = (
            *(self.state, self.reason, self.category, self.counted_as, self.verified),
            *(self.visibility, self.hidden, self.pinned, self.acts),
        )
        return hashlib.sha256(canonical(looked_at)).hexdigest()[:SEEN_DIGITS]

    @property
    def awaiting(self) -> bool:
        """Counts, and in no category until somebody vouches for the claim."""
        return self.state == states.CONFIRMED and self.counted_as is None

    @property
    def erased(self) -> bool:
        """Nothing is left of who it was."""
        return self.reason == states.ERASED or self.sealed is None


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked for; `category` is the claimed one, None stands for any."""

    state: str | None = None
    category: str | None = None
    awaiting: bool = False
    method: str | None = None
    pinned: bool | None = None
    hidden: bool | None = None
    burst: str | None = None
    batch: bytes | None = None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """`more`: what the next page comes after; None on the last."""

    rows: tuple[Queued, ...]
    more: bytes | None


_rows, _categories = tables.table(tables.Signature), tables.table(tables.Category)
_AWAITING = and_(_rows.c.state == states.CONFIRMED, _rows.c.counted_as.is_(None))


def _selected() -> Select[Any]:
    own = [_rows.c[name] for name in Queued.__slots__ if name in _rows.c]
    claimed = (_categories.c.petition_id == _rows.c.petition_id) & (_categories.c.slug == _rows.c.category)
    return select(*own, _categories.c.claim.label("claim")).outerjoin(_categories, claimed)


def within(petition_id: bytes, scope: Scope) -> ColumnElement[bool]:
    """`Scope.holds` of the claimed category, as SQL."""
    here = _rows.c.petition_id == petition_id
    return here if scope.categories is None else and_(here, _rows.c.category.in_(sorted(scope.categories)))


async def page(
    connection: AsyncConnection,
    petition_id: bytes,
    wanted: Filter,
    scope: Scope,
    *,
    after: bytes | None = None,
    among: Sequence[bytes] | None = None,
    limit: int = PAGE,
) -> QueuePage:
    """One page in the order of the random ids. Which rows are meant is read from the index, then those alone."""
    ids = select(_rows.c.id).where(within(petition_id, scope))
    for name in ("state", "category", "method", "pinned", "hidden", "burst"):
        value = getattr(wanted, name)
        if value is not None:
            ids = ids.where(_rows.c[name] == value)
    if wanted.batch is not None:
        members = tables.table(tables.BatchMember)
        ids = ids.where(_rows.c.id.in_(select(members.c.signature_id).where(members.c.batch_id == wanted.batch)))
    if wanted.awaiting:
        ids = ids.where(_AWAITING)
    if among is not None:
        return await _page_among(connection, ids, [key for key in among if after is None or key > after], limit)
    if after is not None:
        ids = ids.where(_rows.c.id > after)
    ids = ids.order_by(_rows.c.id).limit(limit + 1)
    meant = _selected().where(_rows.c.id.in_(ids)).order_by(_rows.c.id)
    return _cut([Queued(**row) for row in (await connection.execute(meant)).mappings()], limit)


def _cut(found: list[Queued], limit: int) -> QueuePage:
    rows = tuple(found[:limit])
    return QueuePage(rows, rows[-1].id if len(found) > limit else None)


async def _page_among(
    connection: AsyncConnection, within: Select[Any], among: Sequence[bytes], limit: int
) -> QueuePage:
    """Of these ids, in their order, the first that fit: asked for by parts, so that no statement grows with them."""
    found: list[Queued] = []
    for start in range(0, len(among), AMONG_AT_ONCE):
        part = within.where(_rows.c.id.in_(among[start : start + AMONG_AT_ONCE]))
        meant = _selected().where(_rows.c.id.in_(part)).order_by(_rows.c.id)
        found += [Queued(**row) for row in (await connection.execute(meant)).mappings()]
        if len(found) > limit:
            break
    return _cut(found, limit)


async def sealed(
    connection: AsyncConnection, petition_id: bytes, *, after: bytes | None, limit: int
) -> list[tuple[bytes, bytes, date]]:
    """(id, sealed record, day signed) by id, whatever their state: for a search that opens them all."""
    wanted = select(_rows.c.id, _rows.c.sealed, _rows.c.signed_on).where(
        _rows.c.petition_id == petition_id, _rows.c.sealed.is_not(None)
    )
    if after is not None:
        wanted = wanted.where(_rows.c.id > after)
    found = await connection.execute(wanted.order_by(_rows.c.id).limit(limit))
    return [(row[0], row[1], row[2]) for row in found]


async def counting(connection: AsyncConnection, petition_id: bytes, scope: Scope) -> list[bytes]:
    """The ids of all that count and whose record is there, in their order."""
    wanted = select(_rows.c.id).where(
        within(petition_id, scope), _rows.c.state == states.CONFIRMED, _rows.c.sealed.is_not(None)
    )
    return list((await connection.execute(wanted.order_by(_rows.c.id))).scalars())


async def sealed_of(
    connection: AsyncConnection, petition_id: bytes, signature_ids: Sequence[bytes]
) -> list[tuple[bytes, bytes]]:
    """(id, sealed record) of these, by id."""
    wanted = select(_rows.c.id, _rows.c.sealed).where(
        _rows.c.id.in_(signature_ids), _rows.c.petition_id == petition_id, _rows.c.sealed.is_not(None)
    )
    return [(row[0], row[1]) for row in await connection.execute(wanted.order_by(_rows.c.id))]


async def standing(
    connection: AsyncConnection, petition_id: bytes, signature_ids: Collection[bytes], scope: Scope
) -> frozenset[bytes]:
    """Which of these still count, within the scope: asked for by parts, so that no statement grows with them."""
    asked, found = sorted(signature_ids), set[bytes]()
    counts_here = within(petition_id, scope) & (_rows.c.state == states.CONFIRMED)
    for start in range(0, len(asked), AMONG_AT_ONCE):
        wanted = select(_rows.c.id).where(_rows.c.id.in_(asked[start : start + AMONG_AT_ONCE]), counts_here)
        found.update((await connection.execute(wanted)).scalars())
    return frozenset(found)


async def by_ids(
    connection: AsyncConnection, petition_id: bytes, signature_ids: Collection[bytes], scope: Scope
) -> dict[bytes, Queued]:
    """Those of these that are within the scope."""
    ids = select(_rows.c.id).where(within(petition_id, scope))
    found = await _page_among(connection, ids, sorted(signature_ids), len(signature_ids))
    return {row.id: row for row in found.rows}


async def merged_into(
    connection: AsyncConnection, petition_id: bytes, signature_id: bytes, scope: Scope
) -> tuple[Queued, ...]:
    """What an organizer merged into this one and can be taken apart again: its records are still there."""
    into = (_rows.c.merged_into == signature_id) & _rows.c.sealed.is_not(None)
    apart = _selected().where(within(petition_id, scope), _rows.c.state == states.MERGED, into)
    return tuple(Queued(**row) for row in (await connection.execute(apart.order_by(_rows.c.id))).mappings())


async def by_id(
    connection: AsyncConnection, petition_id: bytes, signature_id: bytes, scope: Scope, *, lock: bool = False
) -> Queued | None:
    """None as well for another petition's, and for one outside the scope. `lock`: until this transaction ends."""
    wanted = _selected().where(_rows.c.id == signature_id, within(petition_id, scope))
    if lock:
        wanted = wanted.with_for_update(of=_rows)
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return Queued(**row) if row else None


async def categories(connection: AsyncConnection, petition_id: bytes) -> frozenset[str]:
    """What one can still sign this petition as."""
    wanted = select(_categories.c.slug).where(
        _categories.c.petition_id == petition_id, _categories.c.retired.is_(False)
    )
    return frozenset((await connection.execute(wanted)).scalars())


async def waiting_counts(connection: AsyncConnection, petition_id: bytes, scope: Scope) -> dict[str, int]:
    """How many stand in each state, and how many of the confirmed await; of those that count, as published."""
    here, tally = within(petition_id, scope), await counts.tally(connection, petition_id)
    # By state, each from its own index: one question over all rows would read every sealed record.
    apart = select(_rows.c.state, func.count()).where(here, _rows.c.state.in_(states.APART)).group_by(_rows.c.state)
    found = {row[0]: row[1] for row in await connection.execute(apart)}
    for name, where in ((states.PENDING, _rows.c.state == states.PENDING), (AWAITING, _AWAITING)):
        found[name] = (await connection.execute(select(func.count()).where(here, where))).scalar_one()
    found[states.CONFIRMED] = tally.total
    if scope.categories is not None:
        own = sum(total for slug, (total, _) in tally.by_category.items() if slug in scope.categories)
        found[states.CONFIRMED] = own + found[AWAITING]
    return {**dict.fromkeys(states.STATES, 0), **found}
