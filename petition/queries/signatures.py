"""One signature by its link's token, and what its page needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain import states, tokens


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature's row with its petition's slug and its category's claim policy."""

    id: bytes
    petition_id: bytes
    slug: str
    status: str
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
    signed_on: date
    acts: int
    token_hash: bytes
    identity: bytes | None
    merged_into: bytes | None
    bind: bytes | None
    own_copy: bytes | None
    invitation_id: bytes | None
    # Not of the row: it had been confirmed before it was asked to be.
    again: bool = False

    def expired(self, today: date) -> bool:
        """Pending for over 14 days: lapsed, whether or not the worker has come by already."""
        return self.state == states.PENDING and self.signed_on + states.LAPSE_AFTER < today


def lapsing_before(today: date) -> date:
    return today - timedelta(days=states.LAPSE_AFTER.days)


def selected() -> Select[Any]:
    s, p, c = (tables.table(t) for t in (tables.Signature, tables.Petition, tables.Category))
    own = [s.c[name] for name in Signature.__slots__ if name in s.c]
    return (
        select(*own, p.c.slug.label("slug"), p.c.status.label("status"), c.c.claim.label("claim"))
        .join(p, p.c.id == s.c.petition_id)
        .outerjoin(c, (c.c.petition_id == s.c.petition_id) & (c.c.slug == s.c.category))
    )


async def by_tokens(
    connection: AsyncConnection, hashes: Sequence[bytes], *, lock: bool = False
) -> dict[bytes, Signature]:
    """The signatures of these tokens' hashes. `lock`: nobody else changes them until this transaction ends.

    Locked in the order of their ids, so that two groups never wait for each other in a circle: hence one statement
    for those that are found by their ids and those whose link was made anew.
    """
    s = tables.table(tables.Signature)
    theirs = s.c.token_hash.in_(hashes)
    first = select(s.c.id).where(s.c.id.in_([tokens.signature_id(each) for each in hashes]))
    anew = select(s.c.id).where(theirs, text(tables.LINKED_ANEW))
    wanted = selected().where(theirs, s.c.id.in_(first.union_all(anew))).order_by(s.c.id)
    if lock:
        wanted = wanted.with_for_update(of=s)
    rows = (await connection.execute(wanted)).mappings()
    return {row["token_hash"]: Signature(**row) for row in rows}


async def by_id(connection: AsyncConnection, signature_id: bytes, *, lock: bool = False) -> Signature | None:
    s = tables.table(tables.Signature)
    wanted = selected().where(s.c.id == signature_id)
    row = (await connection.execute(wanted.with_for_update(of=s) if lock else wanted)).mappings().one_or_none()
    return Signature(**row) if row else None


async def counted_of(
    connection: AsyncConnection, pairs: Sequence[tuple[bytes, bytes]]
) -> dict[tuple[bytes, bytes], bytes]:
    """For (petition, identity) pairs: which of them count already, and by which signature."""
    s = tables.table(tables.Signature)
    wanted = select(s.c.petition_id, s.c.identity, s.c.id).where(
        s.c.identity.in_({identity for _, identity in pairs}),
        s.c.petition_id.in_({petition for petition, _ in pairs}),
        s.c.state == states.CONFIRMED,
    )
    return {(row.petition_id, row.identity): row.id for row in await connection.execute(wanted)}
