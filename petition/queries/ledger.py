"""The ledger as strangers read it: tiles, bundles of entries, one signature's line. Never more than is published."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables, tiles
from petition.domain import merkle
from petition.domain.checkpoint import Receipt
from petition.domain.ledger import Broken

TILES, ENTRIES, PUBLISHED = (tables.table(t) for t in (tables.LedgerTile, tables.LedgerEntry, tables.Published))
# Asked thousands of times by whoever recounts, so they are put together once.
_SIZE = select(PUBLISHED.c.size).where(PUBLISHED.c.petition_id == bindparam("petition"))
_TILE = select(TILES.c.hashes).where(
    TILES.c.petition_id == bindparam("petition"),
    TILES.c.level == bindparam("level"),
    TILES.c.number == bindparam("number"),
)
_BUNDLE = (
    select(ENTRIES.c.body)
    .where(ENTRIES.c.petition_id == bindparam("petition"))
    .where(ENTRIES.c.index >= bindparam("begin"), ENTRIES.c.index < bindparam("end"))
    .order_by(ENTRIES.c.index)
)


async def size(connection: AsyncConnection, petition_id: bytes) -> int:
    """How many entries are published."""
    return int((await connection.execute(_SIZE, {"petition": petition_id})).scalar_one())


async def tile(connection: AsyncConnection, petition_id: bytes, level: int, number: int, wide: int) -> bytes:
    """The first `wide` hashes of a tile that is published."""
    wanted = {"petition": petition_id, "level": level, "number": number}
    row = ((await connection.execute(_TILE, wanted)).scalar_one_or_none() or b"")[: wide * merkle.HASH]
    if len(row) != wide * merkle.HASH:
        raise Broken(f"tile {number} of level {level} is cut short")
    return row


async def bundle(connection: AsyncConnection, petition_id: bytes, number: int, wide: int) -> bytes:
    """The entries under the first `wide` hashes of a tile of level 0 that is published, each after its length (two
    bytes, big-endian)."""
    begin = number * merkle.WIDTH
    wanted = {"petition": petition_id, "begin": begin, "end": begin + wide}
    bodies = (await connection.execute(_BUNDLE, wanted)).scalars().all()
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
    wanted = (
        select(ENTRIES.c.index, ENTRIES.c.body, PUBLISHED.c.size, PUBLISHED.c.checkpoint)
        .join(PUBLISHED, PUBLISHED.c.petition_id == ENTRIES.c.petition_id)
        .where(ENTRIES.c.petition_id == petition_id, ENTRIES.c.link == link)
        .where(ENTRIES.c.index < PUBLISHED.c.size, PUBLISHED.c.checkpoint != "")
        .order_by(ENTRIES.c.index)
        .limit(1)
    )
    found = (await connection.execute(wanted)).one_or_none()
    return None if found is None else Placed(*found)


async def receipt(connection: AsyncConnection, petition_id: bytes, line: Placed, code: bytes) -> Receipt:
    """The proof that a line is in the published tree, with the code that only its signatory has."""
    proof = await tiles.hashes(connection, petition_id, merkle.inclusion(line.index, line.size))
    return Receipt(code, line.entry, line.index, tuple(proof), line.checkpoint)
