"""To whom a petition was delivered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain.sealing import canonical


@dataclass(frozen=True, slots=True)
class Delivery:
    """Texts by language, as owners wrote them. One that was taken back is shown to organizers alone."""

    id: bytes
    addressee: Mapping[str, str]
    day: date
    how: Mapping[str, str]
    bearer: Mapping[str, str]
    answer: Mapping[str, str]
    taken_back: bool

    @property
    def seen(self) -> str:
        """A digest of it as it is shown: a form carries it, so that nobody overwrites a colleague's words."""
        told = {name: getattr(self, name) for name in ("addressee", "how", "bearer", "answer", "taken_back")}
        return hashlib.sha256(canonical({**told, "day": str(self.day)})).hexdigest()[:20]


_rows = tables.table(tables.Delivery)


def of_row(row: Any) -> Delivery:
    return Delivery(**{name: row[name] for name in Delivery.__slots__})


async def of_petition(connection: AsyncConnection, petition_id: bytes) -> tuple[Delivery, ...]:
    """All of them, those taken back too, the newest first."""
    wanted = select(_rows).where(_rows.c.petition_id == petition_id).order_by(_rows.c.day.desc(), _rows.c.id)
    return tuple(of_row(row) for row in (await connection.execute(wanted)).mappings())
