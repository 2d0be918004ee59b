"""Acts on many signatures: as they stand, what they are about, how far they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain import batching, states
from petition.domain.actors import Scope
from petition.domain.batching import Row, Stood
from petition.domain.rules import Rule

PAGE = 50


@dataclass(frozen=True, slots=True)
class Batch:
    """`number`: of signatures when it was made; `rule`: sealed, None once the records' time was over."""

    id: bytes
    petition_id: bytes
    act: str
    category: str | None
    reason: str | None
    rule: bytes | None
    state: str
    number: int
    made_by: bytes
    made_on: date
    agreed_by: bytes | None
    upto: bytes


@dataclass(frozen=True, slots=True)
class Member:
    """One signature of a batch, as it was chosen and as it is now."""

    stood: Stood
    row: Row
    identity: bytes | None
    signed_on: date


_batches, _members, _rows = (tables.table(t) for t in (tables.Batch, tables.BatchMember, tables.Signature))
_ROW = tuple(_rows.c[name] for name in Row.__slots__)
_SO_FAR = len(_ROW)


async def by_id(
    connection: AsyncConnection, petition_id: bytes, batch_id: bytes, *, lock: bool = False
) -> Batch | None:
    """None as well for another petition's."""
    wanted = select(_batches).where(_batches.c.id == batch_id, _batches.c.petition_id == petition_id)
    found = await connection.execute(wanted.with_for_update() if lock else wanted)
    row = found.mappings().one_or_none()
    return Batch(**row) if row else None


async def of_petition(connection: AsyncConnection, petition_id: bytes) -> tuple[Batch, ...]:
    """The newest days first; drafts that nobody has started last."""
    wanted = (
        select(_batches)
        .where(_batches.c.petition_id == petition_id)
        .order_by(_batches.c.state == batching.DRAFT, _batches.c.made_on.desc(), _batches.c.id)
        .limit(PAGE)
    )
    return tuple(Batch(**row) for row in (await connection.execute(wanted)).mappings())


async def of_signature(connection: AsyncConnection, signature_id: bytes) -> tuple[tuple[Batch, str], ...]:
    """The batches that had to do with one signature, and what came of it there."""
    wanted = (
        select(_batches, _members.c.state.label("member"))
        .join(_members, _members.c.batch_id == _batches.c.id)
        .where(_members.c.signature_id == signature_id, _members.c.state != batching.WAITING)
        .order_by(_batches.c.made_on.desc(), _batches.c.id)
    )
    found = [dict(row) for row in (await connection.execute(wanted)).mappings()]
    return tuple((Batch(**row), member) for row in found if (member := row.pop("member")))


async def at_work(connection: AsyncConnection) -> tuple[tuple[bytes, bytes], ...]:
    """(petition, batch) of those that a worker has to go on with."""
    wanted = select(_batches.c.petition_id, _batches.c.id).where(_batches.c.state.in_(batching.AT_WORK))
    return tuple((row[0], row[1]) for row in await connection.execute(wanted.order_by(_batches.c.id)))


async def asked(connection: AsyncConnection, petition_id: bytes) -> tuple[Batch, ...]:
    """Those that wait for a second owner."""
    wanted = select(_batches).where(_batches.c.petition_id == petition_id, _batches.c.state == batching.ASKED)
    return tuple(Batch(**row) for row in (await connection.execute(wanted)).mappings())


async def progress(connection: AsyncConnection, batch_id: bytes) -> dict[str, int]:
    """How many members are in which state."""
    wanted = select(_members.c.state, func.count()).where(_members.c.batch_id == batch_id).group_by(_members.c.state)
    return {**dict.fromkeys(batching.MEMBER_STATES, 0), **{row[0]: row[1] for row in await connection.execute(wanted)}}


async def members(
    tx: AsyncConnection, batch_id: bytes, state: str, *, limit: int, after: bytes = b""
) -> tuple[Member, ...]:
    """Up to `limit` of those in `state` by id, with their signatures locked until the end."""
    here = and_(_members.c.batch_id == batch_id, _members.c.signature_id == _rows.c.id)
    stood = (_members.c.was, _members.c.acts, _members.c.counted_as, _members.c.verified)
    wanted = (
        select(*_ROW, _rows.c.identity, _rows.c.signed_on, *(c.label(f"stood_{c.name}") for c in stood))
        .join(_members, here)
        .where(_members.c.state == state, _members.c.signature_id > after)
        .order_by(_members.c.signature_id)
        .limit(limit)
        .with_for_update(of=_rows)
    )
    return tuple(
        Member(Stood(*row[_SO_FAR + 2 :]), Row(*row[:_SO_FAR]), row[_SO_FAR], row[_SO_FAR + 1])
        for row in await tx.execute(wanted)
    )


async def unlisted(connection: AsyncConnection, batch_id: bytes, *, limit: int) -> list[tuple[bytes, bytes | None]]:
    """(id, sealed record) of undone members whose names are not back in the list yet."""
    wanted = (
        select(_rows.c.id, _rows.c.sealed)
        .join(_members, _members.c.signature_id == _rows.c.id)
        .where(_members.c.batch_id == batch_id, _members.c.state == batching.UNLISTED)
        .order_by(_rows.c.id)
    )
    return [(row[0], row[1]) for row in await connection.execute(wanted.limit(limit))]


async def sample(connection: AsyncConnection, batch_id: bytes, *, limit: int) -> tuple[bytes, ...]:
    """The first ids of a batch; as ids are random, a sample by chance."""
    wanted = select(_members.c.signature_id).where(_members.c.batch_id == batch_id).order_by(_members.c.signature_id)
    return tuple((await connection.execute(wanted.limit(limit))).scalars())


async def matching(connection: AsyncConnection, petition_id: bytes, rule: Rule, scope: Scope) -> list[Row]:
    """The standing signatures that the rule's conditions on columns fit; whatever lies sealed is not looked at."""
    where: list[ColumnElement[bool]] = [
        _rows.c.petition_id == petition_id,
        _rows.c.state.in_((states.PENDING, states.CONFIRMED)),
        _rows.c.sealed.is_not(None),
    ]
    if scope.categories is not None:
        where.append(_rows.c.category.in_(sorted(scope.categories)))
    if rule.category:
        where.append(_rows.c.category == rule.category)
    if rule.method:
        where.append(_rows.c.method == rule.method)
    if rule.burst:
        where.append(_rows.c.burst == rule.burst)
    if rule.first:
        where.append(_rows.c.signed_on >= date.fromisoformat(rule.first))
    if rule.last:
        where.append(_rows.c.signed_on <= date.fromisoformat(rule.last))
    found = await connection.execute(select(*_ROW).where(*where).order_by(_rows.c.id))
    return [Row(*row) for row in found]


async def bursts(connection: AsyncConnection, petition_id: bytes, *, least: int) -> tuple[tuple[str, date, int], ...]:
    """(label, its last day, how many) of labels that at least so many standing signatures carry, largest first."""
    number = func.count()
    wanted = (
        select(_rows.c.burst, func.max(_rows.c.signed_on), number)
        .where(
            _rows.c.petition_id == petition_id,
            _rows.c.burst.is_not(None),
            _rows.c.state.in_((states.PENDING, states.CONFIRMED)),
        )
        .group_by(_rows.c.burst)
        .having(number >= least)
        .order_by(number.desc(), _rows.c.burst)
        .limit(10)
    )
    return tuple((row[0], row[1], row[2]) for row in await connection.execute(wanted))
