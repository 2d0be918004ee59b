"""What is being typed from paper, and which import it became."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables


@dataclass(frozen=True, slots=True)
class PaperBatch:
    """`second`: it asks for a second entry; `import_id`: what its lines were handed in as."""

    id: bytes
    petition_id: bytes
    state: str
    second: bool
    source: bytes | None
    made_by: bytes
    made_on: date
    import_id: bytes | None


@dataclass(frozen=True, slots=True)
class PaperLine:
    """Sealed: `first` and `second`, what two people typed of one line; `settled`, what holds where they differ."""

    id: bytes
    number: int
    first: bytes | None
    first_by: bytes | None
    second: bytes | None
    second_by: bytes | None
    settled: bytes | None

    @property
    def seen(self) -> str:
        """A digest of it as it is shown: nobody overwrites what a colleague has typed meanwhile."""
        stored = (self.first or b"", self.second or b"", self.settled or b"")
        return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in stored)).hexdigest()[:20]


_batches, _lines = tables.table(tables.PaperBatch), tables.table(tables.PaperLine)


async def of_petition(connection: AsyncConnection, petition_id: bytes) -> tuple[tuple[PaperBatch, int], ...]:
    """Newest day first, each with the number of lines that wait in it."""
    waiting = select(_lines.c.batch_id, func.count().label("number")).group_by(_lines.c.batch_id).subquery()
    wanted = (
        select(_batches, func.coalesce(waiting.c.number, 0).label("number"))
        .outerjoin(waiting, waiting.c.batch_id == _batches.c.id)
        .where(_batches.c.petition_id == petition_id)
        .order_by(_batches.c.made_on.desc(), _batches.c.id)
    )
    rows = (await connection.execute(wanted)).mappings()
    return tuple((PaperBatch(**{n: row[n] for n in PaperBatch.__slots__}), int(row["number"])) for row in rows)


async def by_id(
    connection: AsyncConnection, petition_id: bytes, batch_id: bytes, *, lock: bool = False
) -> PaperBatch | None:
    wanted = select(_batches).where(_batches.c.id == batch_id, _batches.c.petition_id == petition_id)
    row = (await connection.execute(wanted.with_for_update() if lock else wanted)).mappings().one_or_none()
    return PaperBatch(**row) if row else None


async def lines(connection: AsyncConnection, batch_id: bytes) -> tuple[PaperLine, ...]:
    """In the order of the sheet."""
    wanted = select(*(_lines.c[name] for name in PaperLine.__slots__)).where(_lines.c.batch_id == batch_id)
    return tuple(PaperLine(*row) for row in await connection.execute(wanted.order_by(_lines.c.number)))


def seen_of(lines: Sequence[PaperLine]) -> str:
    """A digest of all of them."""
    return hashlib.sha256("".join(f"{line.number} {line.seen}" for line in lines).encode()).hexdigest()[:20]
