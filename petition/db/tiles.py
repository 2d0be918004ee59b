"""The tree's tiles as rows. What they mean is said in domain/merkle.py; only the fold writes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import dialect, tables
from petition.domain import merkle
from petition.domain.checkpoint import Head
from petition.domain.merkle import Range, Tile
from petition.errors import OperatorError, OtherHistory


async def read(connection: AsyncConnection, petition_id: bytes, wanted: Collection[Tile]) -> dict[Tile, bytes]:
    """Those of the wanted tiles that there are."""
    if not wanted:
        return {}
    rows = tables.table(tables.LedgerTile)
    found = await connection.execute(
        select(rows.c.level, rows.c.number, rows.c.hashes).where(
            rows.c.petition_id == petition_id, tuple_(rows.c.level, rows.c.number).in_(sorted(wanted))
        )
    )
    return {(row.level, row.number): row.hashes for row in found}


async def extend(tx: AsyncConnection, petition_id: bytes, size: int, leaves: bytes) -> None:
    """Puts the hashes of the entries that follow the first `size` into the tree; `ValueError` if it has fewer."""
    unfinished = await read(tx, petition_id, merkle.edge(size))
    changed = merkle.extended(size, unfinished, leaves)
    rows = tables.table(tables.LedgerTile)
    written = dialect.insert(tx, rows)
    await tx.execute(
        written.on_conflict_do_update(
            index_elements=[rows.c.petition_id, rows.c.level, rows.c.number],
            set_={"hashes": written.excluded.hashes},
        ),
        _rows(petition_id, changed),
    )


def _rows(petition_id: bytes, tiles: Mapping[Tile, bytes]) -> list[dict[str, object]]:
    return [
        {"petition_id": petition_id, "level": level, "number": number, "hashes": row}
        for (level, number), row in tiles.items()
    ]


async def hashes(connection: AsyncConnection, petition_id: bytes, ranges: Collection[Range]) -> list[bytes]:
    """The hash of each range of entries, from as many tiles as the tree has levels; `ValueError` if one is missing."""
    return merkle.hashes(ranges, await read(connection, petition_id, merkle.needed(ranges)))


async def every(connection: AsyncConnection, petition_id: bytes) -> dict[Tile, bytes]:
    """The whole tree, for `petition recount` alone."""
    rows = tables.table(tables.LedgerTile)
    wanted = select(rows.c.level, rows.c.number, rows.c.hashes).where(rows.c.petition_id == petition_id)
    return {(row.level, row.number): row.hashes for row in await connection.execute(wanted)}


async def head_after(
    connection: AsyncConnection, petition_id: bytes, slug: str, size: int, earlier: Collection[Head]
) -> Head:
    """The tree of the first `size` entries; `OtherHistory` unless each earlier head is one of its beginnings."""
    for head in earlier:
        if head.size > size:
            raise OtherHistory(slug, head.size, size)
    ranges = [(0, size), *((0, head.size) for head in earlier)]
    try:
        root, *before = await hashes(connection, petition_id, ranges)
    except ValueError as wrong:
        raise OperatorError(
            f"the ledger of {slug} is damaged ({wrong}); bring a whole copy of the database back"
        ) from None
    for head, found in zip(earlier, before, strict=True):
        if head.root != found:
            raise OtherHistory(slug, head.size, size)
    return Head(size, root)
