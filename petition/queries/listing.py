"""The list that is handed over: its rows page by page, opened on the way. Whoever calls holds the petition's key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.db.database import Database
from petition.domain import sealing
from petition.domain.actors import Scope
from petition.domain.listing import Row, Wanted, Writer
from petition.domain.sealing import Opener, Ring
from petition.errors import Conflict
from petition.queries.queue import within

PAGE = 1_000

_rows, _petitions = tables.table(tables.Signature), tables.table(tables.Petition)
_NAMES = [name for name in Row.__slots__ if name in _rows.c]
_OWN = [_rows.c[name] for name in _NAMES]


def _meant(petition_id: bytes, wanted: Wanted, scope: Scope) -> ColumnElement[bool]:
    """An erased signature has nothing that could be listed."""
    meant = [within(petition_id, scope), _rows.c.sealed.is_not(None), _rows.c.state.in_(wanted.states)]
    if wanted.categories:
        meant.append(func.coalesce(_rows.c.counted_as, _rows.c.category).in_(wanted.categories))
    if wanted.visibilities:
        meant.append(_rows.c.visibility.in_(wanted.visibilities))
    if wanted.since is not None:
        meant.append(_rows.c.signed_on >= wanted.since)
    if wanted.until is not None:
        meant.append(_rows.c.signed_on <= wanted.until)
    return and_(*meant)


async def number(connection: AsyncConnection, petition_id: bytes, wanted: Wanted, scope: Scope) -> int:
    """How many rows the list will have, as of now; for the console and commands alone."""
    counted = select(func.count()).where(_meant(petition_id, wanted, scope))
    return int((await connection.execute(counted)).scalar_one())


async def opened(
    database: Database, petition_id: bytes, ring: Ring, wanted: Wanted, scope: Scope
) -> AsyncIterator[list[Row]]:
    """Pages of rows in the order of their random ids, which tells nobody who signed before whom.

    Each page is a view of its own, so that a long list holds nothing up; the opening goes on in a thread. `Conflict`
    once the petition has a key that is not in the ring: rows would come that it does not open.
    """
    opener = Opener(ring, petition_id)
    after: bytes | None = None
    while True:
        page = select(*_OWN, _rows.c.sealed).where(_meant(petition_id, wanted, scope))
        if after is not None:
            page = page.where(_rows.c.id > after)
        async with database.read() as connection:
            await _require_key(connection, petition_id, ring)
            found = (await connection.execute(page.order_by(_rows.c.id).limit(PAGE))).all()
        if found:
            yield await asyncio.to_thread(_open, found, opener)
        if len(found) < PAGE:
            return
        after = found[-1].id


async def _require_key(connection: AsyncConnection, petition_id: bytes, ring: Ring) -> None:
    wanted = select(_petitions.c.public_key).where(_petitions.c.id == petition_id)
    if (await connection.execute(wanted)).scalar_one() != sealing.public_half(ring[0]):
        raise Conflict("key-changed")


def _open(found: Any, opener: Opener) -> list[Row]:
    opened = []
    for row in found:
        own, sealed = row[:-1], row[-1]
        try:
            record = opener.record(sealed)
        except sealing.Unreadable:
            record = {}
        opened.append(Row(**dict(zip(_NAMES, own, strict=True)), record=record))
    return opened


async def written(
    pages: AsyncIterator[list[Row]], writer: Writer, read: Callable[[list[Row]], None]
) -> AsyncIterator[bytes]:
    """The file's bytes, a page at a time; `read` is told each page's rows."""
    yield writer.begin()
    async for page in pages:
        read(page)
        yield await asyncio.to_thread(writer.rows, page)
    yield writer.end()
