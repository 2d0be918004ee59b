"""For a sample audit: the lines that count at a checkpoint, and the sealed records behind some of them."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain import states
from petition.domain.auditing import Recount

CHUNK = 500


async def recounted(connection: AsyncConnection, petition_id: bytes, slug: str, size: int) -> Recount:
    """The first `size` entries, recounted as a stranger would; `ledger.Broken` where they contradict each other."""
    rows = tables.table(tables.LedgerEntry)
    wanted = select(rows.c.body).where(rows.c.petition_id == petition_id, rows.c.index < size).order_by(rows.c.index)
    bodies = (await connection.execute(wanted)).scalars().all()
    recount = Recount(slug, {size})
    recount.add(b"".join([len(body).to_bytes(2, "big") + body for body in bodies]), size)
    return recount


async def sealed(
    connection: AsyncConnection, petition_id: bytes, indexes: Collection[int], link_of: Callable[[bytes], bytes]
) -> dict[int, bytes]:
    """The sealed record behind each of these lines, of those that still count. Looks at every signature's id: the
    database by itself does not say which line is whose."""
    entries, rows = tables.table(tables.LedgerEntry), tables.table(tables.Signature)
    chosen, index_of = sorted(indexes), dict[bytes, int]()
    for start in range(0, len(chosen), CHUNK):
        part = chosen[start : start + CHUNK]
        wanted = select(entries.c.link, entries.c.index).where(
            entries.c.petition_id == petition_id, entries.c.index.in_(part)
        )
        index_of |= {row[0]: row[1] for row in await connection.execute(wanted)}
    ids: dict[bytes, int] = {}
    counting = select(rows.c.id).where(rows.c.petition_id == petition_id, rows.c.state == states.CONFIRMED)
    async for (signature_id,) in await connection.stream(counting):
        index = index_of.get(link_of(signature_id))
        if index is not None:
            ids[signature_id] = index
    found: dict[int, bytes] = {}
    known = sorted(ids)
    for start in range(0, len(known), CHUNK):
        behind = select(rows.c.id, rows.c.sealed).where(rows.c.id.in_(known[start : start + CHUNK]))
        found |= {ids[row[0]]: row[1] for row in await connection.execute(behind) if row[1] is not None}
    return found
