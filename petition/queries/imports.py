"""Lists that were taken in, and who came with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain import importing, states


@dataclass(frozen=True, slots=True)
class Import:
    id: bytes
    petition_id: bytes
    digest: bytes
    method: str
    state: str
    source: bytes | None
    added: int
    refused: int
    made_by: bytes | None
    made_on: date


_imports, _members = tables.table(tables.Import), tables.table(tables.ImportMember)
_rows = tables.table(tables.Signature)


async def of_petition(connection: AsyncConnection, petition_id: bytes) -> tuple[Import, ...]:
    """Newest day first."""
    wanted = select(_imports).where(_imports.c.petition_id == petition_id)
    found = (await connection.execute(wanted.order_by(_imports.c.made_on.desc(), _imports.c.id))).mappings()
    return tuple(Import(**row) for row in found)


async def by_id(
    connection: AsyncConnection, petition_id: bytes, import_id: bytes, *, lock: bool = False
) -> Import | None:
    wanted = select(_imports).where(_imports.c.id == import_id, _imports.c.petition_id == petition_id)
    row = (await connection.execute(wanted.with_for_update() if lock else wanted)).mappings().one_or_none()
    return Import(**row) if row else None


async def standing(connection: AsyncConnection, petition_id: bytes, digest: bytes) -> Import | None:
    """The import of this very file that was begun and not undone."""
    wanted = select(_imports).where(
        _imports.c.petition_id == petition_id,
        _imports.c.digest == digest,
        _imports.c.state.in_((importing.RUNNING, importing.DONE)),
    )
    row = (await connection.execute(wanted.order_by(_imports.c.id).limit(1))).mappings().one_or_none()
    return Import(**row) if row else None


async def lines(connection: AsyncConnection, import_id: bytes, ids: Sequence[bytes]) -> dict[bytes, int | None]:
    """Of these signatures, those that this list brought, and by which line."""
    wanted = select(_members.c.signature_id, _members.c.row).where(
        _members.c.import_id == import_id, _members.c.signature_id.in_(ids)
    )
    return {row[0]: row[1] for row in await connection.execute(wanted)}


async def members(connection: AsyncConnection, import_id: bytes, *, limit: int) -> dict[bytes, bool]:
    """Signatures that this list brought, and whether their signatories have said that it is right."""
    wanted = select(_members.c.signature_id, _members.c.confirmed).where(_members.c.import_id == import_id)
    found = await connection.execute(wanted.order_by(_members.c.signature_id).limit(limit))
    return {row[0]: row[1] for row in found}


async def confirmed(connection: AsyncConnection, petition_id: bytes, signature_id: bytes) -> bool | None:
    """Whether its signatory has said that they are rightly listed; None where no list brought it.

    A petition's lists are few: each is asked, and no index by signature is kept for it.
    """
    mine = select(_imports.c.id).where(_imports.c.petition_id == petition_id)
    wanted = select(_members.c.confirmed).where(_members.c.import_id.in_(mine), _members.c.signature_id == signature_id)
    found: bool | None = (await connection.execute(wanted.limit(1))).scalar_one_or_none()
    return found


async def taken_out(connection: AsyncConnection, petition_id: bytes) -> frozenset[bytes]:
    """Digests of whoever withdrew or was taken out: no list may bring them back."""
    gone = (states.REJECTED, states.WITHDRAWN, states.INVALIDATED, states.MERGED)
    wanted = select(_rows.c.identity).where(
        _rows.c.petition_id == petition_id, _rows.c.state.in_(gone), _rows.c.identity.is_not(None)
    )
    return frozenset((await connection.execute(wanted)).scalars())


async def taken_out_of(
    connection: AsyncConnection, petition_id: bytes, identities: Collection[bytes]
) -> frozenset[bytes]:
    """The same of a few: by their index, without a look at all."""
    gone = (states.REJECTED, states.WITHDRAWN, states.INVALIDATED, states.MERGED)
    wanted = select(_rows.c.identity).where(
        _rows.c.petition_id == petition_id, _rows.c.state.in_(gone), _rows.c.identity.in_(identities)
    )
    return frozenset((await connection.execute(wanted)).scalars())


async def stood_in_for(connection: AsyncConnection, petition_id: bytes) -> frozenset[bytes]:
    """Signatures that others were merged into: a person who signed and confirmed is counted by them."""
    wanted = select(_rows.c.merged_into).where(
        _rows.c.petition_id == petition_id, _rows.c.state == states.MERGED, _rows.c.merged_into.is_not(None)
    )
    return frozenset((await connection.execute(wanted)).scalars())
