"""Those who chose to be shown, in the order of their names: the order of signing is stored nowhere."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.queries import petitions

PAGE = 100
ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Signatory:
    """A name or initials as shown, and the category it counts in, or None while its claim awaits verification."""

    name: str
    category: str | None


@dataclass(frozen=True, slots=True)
class SignatoriesPage:
    rows: tuple[Signatory, ...]
    next: str | None


async def signatories_page(
    connection: AsyncConnection,
    petition_id: bytes,
    category: str | None,
    after: str | None,
    limit: int = PAGE,
    *,
    link_of: Callable[[bytes], bytes],
) -> SignatoriesPage:
    """One page by keyset; `after` is the `next` of the page before. A cursor that is none begins anew.

    A name is listed from when its signature is in the published count: where counts are published
    in batches, a new name must not tell what the count keeps back. `link_of` leads from a
    signature's id to its ledger entry. A page may so be shorter than `limit`. While the petition's
    safety switch is on nobody is listed. The first page begins with those whom organizers put there.
    """
    if await petitions.is_safe(connection, petition_id):
        return SignatoriesPage((), None)
    unpublished = await _unpublished(connection, petition_id)
    rows = tables.table(tables.Signature)
    wanted = (
        select(rows.c.id, rows.c.shown_name, rows.c.shown_key, rows.c.counted_as)
        .where(rows.c.petition_id == petition_id, rows.c.shown_name.is_not(None))
        .order_by(rows.c.shown_key, rows.c.id)
    )
    if category is not None:
        wanted = wanted.where(rows.c.counted_as == category)
    place = _place(after)
    leading = [] if place else (await connection.execute(wanted.where(rows.c.pinned))).all()
    wanted = wanted.where(rows.c.pinned.is_(False)).limit(limit + 1)
    if place is not None:
        wanted = wanted.where(tuple_(rows.c.shown_key, rows.c.id) > tuple_(*place))
    found = (await connection.execute(wanted)).all()
    more = len(found) > limit
    found = found[:limit]
    cursor = urlsafe_b64encode(found[-1].id + found[-1].shown_key.encode()).decode() if more else None
    listed = [row for row in (*leading, *found) if not unpublished or link_of(row.id) not in unpublished]
    return SignatoriesPage(tuple(Signatory(row.shown_name, row.counted_as) for row in listed), cursor)


async def _unpublished(connection: AsyncConnection, petition_id: bytes) -> set[bytes]:
    """The links of those whose being counted waits for the fold."""
    rows = tables.table(tables.LedgerWaiting)
    wanted = select(rows.c.link).where(rows.c.petition_id == petition_id, rows.c.act == 0)
    return set((await connection.execute(wanted)).scalars())


def _place(after: str | None) -> tuple[str, bytes] | None:
    try:
        raw = urlsafe_b64decode((after or "").encode())
        key = raw[ID_BYTES:].decode()
        # PostgreSQL takes no NUL, and no name holds one.
        return (key, raw[:ID_BYTES]) if key and "\0" not in key else None
    except ValueError:
        return None
