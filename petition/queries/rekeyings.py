"""Petitions whose key is to be changed or is being changed, and how far that has come."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables

_signatures, _notes, _batches, _imports = (
    tables.table(t) for t in (tables.Signature, tables.Note, tables.Batch, tables.Import)
)
_papers, _lines = tables.table(tables.PaperBatch), tables.table(tables.PaperLine)
# Every column that is sealed to a petition's key. Its table has `id` and `petition_id`, and whoever writes it takes
# the key by `petitions.public_keys` in the same transaction.
SEALED = (
    *(_signatures.c.sealed, _notes.c.sealed, _batches.c.rule, _imports.c.source),
    *(_papers.c.source, _lines.c.first, _lines.c.second, _lines.c.settled),
)


@dataclass(frozen=True, slots=True)
class Rekeying:
    """`due`: somebody who knows the present key has left. `earlier`: the keys before, sealed to the present one.

    With `earlier` it is under way: all that is sealed (`total`) is gone through in rounds; in this `round`, `done` so
    far, up to the id `after` of that `kind` (a place in `SEALED`); `found` of them were sealed to an earlier key. A
    round that finds none is the last.
    """

    petition_id: bytes
    due: bool
    earlier: bytes | None
    total: int
    round: int
    kind: int
    after: bytes | None
    done: int
    found: int

    @property
    def under_way(self) -> bool:
        return self.earlier is not None

    @property
    def checking(self) -> bool:
        """All are sealed anew, and each is looked at once more."""
        return self.round > 1


_rows = tables.table(tables.Rekeying)


async def of(connection: AsyncConnection, petition_id: bytes, *, lock: bool = False) -> Rekeying | None:
    wanted = select(_rows).where(_rows.c.petition_id == petition_id)
    row = (await connection.execute(wanted.with_for_update() if lock else wanted)).mappings().one_or_none()
    return Rekeying(**row) if row else None


async def by_petition(connection: AsyncConnection) -> dict[bytes, Rekeying]:
    return {row["petition_id"]: Rekeying(**row) for row in (await connection.execute(select(_rows))).mappings()}


async def following(connection: AsyncConnection, was: Rekeying, *, limit: int) -> list[tuple[bytes, bytes]]:
    """(id, sealed value): what comes next, of this kind, in the order of the ids."""
    column = SEALED[was.kind]
    rows = column.table
    wanted = select(rows.c.id, column).where(rows.c.petition_id == was.petition_id, column.is_not(None))
    if was.after is not None:
        wanted = wanted.where(rows.c.id > was.after)
    return [(row[0], row[1]) for row in await connection.execute(wanted.order_by(rows.c.id).limit(limit))]


async def sealed_number(connection: AsyncConnection, petition_id: bytes) -> int:
    """How much there is to seal anew."""
    number = 0
    for column in SEALED:
        counted = select(func.count(column)).where(column.table.c.petition_id == petition_id)
        number += (await connection.execute(counted)).scalar_one()
    return number
