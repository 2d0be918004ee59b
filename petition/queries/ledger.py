"""The ledger as strangers read it: tiles, bundles of entries, one signature's line. Never more than is published."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables, tiles
from petition.domain import merkle
from petition.domain.checkpoint import Receipt
from petition.domain.ledger import Broken


async def _published(connection: AsyncConnection, petition_id: bytes) -> int:
    rows = tables.table(tables.Published)
    size = (await connection.execute(select(rows.c.size).where(rows.c.petition_id == petition_id))).scalar_one()
    return int(size)


async def tile(connection: AsyncConnection, petition_id: bytes, level: int, number: int, wide: int) -> bytes | None:
    """The first `wide` hashes of a tile; None where the published tree has not so many there."""
    if merkle.width((level, number), await _published(connection, petition_id)) < wide:
        return None
    row = (await tiles.read(connection, petition_id, [(level, number)])).get((level, number), b"")[: wide * merkle.HASH]
    if len(row) != wide * merkle.HASH:
        raise Broken(f"tile {number} of level {level} is cut short")
    return row


async def bundle(connection: AsyncConnection, petition_id: bytes, number: int, wide: int) -> bytes | None:
    """The entries under the first `wide` hashes of a tile of level 0, each after its length (two bytes, big-endian)."""
    if merkle.width((0, number), await _published(connection, petition_id)) < wide:
        return None
    rows, begin = tables.table(tables.LedgerEntry), number * merkle.WIDTH
    wanted = (
        select(rows.c.body)
        .where(rows.c.petition_id == petition_id, rows.c.index >= begin, rows.c.index < begin + wide)
        .order_by(rows.c.index)
    )
    bodies = (await connection.execute(wanted)).scalars().all()
    if len(bodies) != wide:
        raise Broken(f"entries of tile {number} are missing")
    return b"".join([len(body).to_bytes(2, "big") + body for body in bodies])


async def consistency(connection: AsyncConnection, petition_id: bytes, old: int, new: int) -> list[bytes]:
    """The proof that the tree of `new` entries begins with that of `old`."""
    return await tiles.hashes(connection, petition_id, merkle.consistency(old, new))


@dataclass(frozen=True, slots=True)
class Placed:
    """A signature's own line in the published ledger, of which `checkpoint` is the signed head."""

    index: int
    entry: bytes
    size: int
    checkpoint: str


async def placed(connection: AsyncConnection, petition_id: bytes, link: bytes | None) -> Placed | None:
    """None while the line is not published. `link`: the keyed digest by which the ledger knows the signature."""
    if link is None:
        return None
    published, entries = tables.table(tables.Published), tables.table(tables.LedgerEntry)
    wanted = (
        select(entries.c.index, entries.c.body, published.c.size, published.c.checkpoint)
        .join(published, published.c.petition_id == entries.c.petition_id)
        .where(entries.c.petition_id == petition_id, entries.c.link == link)
        .where(entries.c.index < published.c.size, published.c.checkpoint != "")
        .order_by(entries.c.index)
        .limit(1)
    )
    found = (await connection.execute(wanted)).one_or_none()
    return None if found is None else Placed(*found)


async def receipt(connection: AsyncConnection, petition_id: bytes, line: Placed, code: bytes) -> Receipt:
    """The proof that a line is in the published tree, with the code that only its signatory has."""
    proof = await tiles.hashes(connection, petition_id, merkle.inclusion(line.index, line.size))
    return Receipt(code, line.entry, line.index, tuple(proof), line.checkpoint)
