"""What organizers have said of signatures that look alike: told apart, or merged."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain import states
from petition.domain.actors import Scope
from petition.queries import queue

_rows, _signatures = tables.table(tables.ToldApart), tables.table(tables.Signature)


async def apart(connection: AsyncConnection, petition_id: bytes) -> frozenset[tuple[bytes, bytes]]:
    """Pairs of signatures that are not the same person, the lesser id first."""
    found = await connection.execute(select(_rows.c.one, _rows.c.other).where(_rows.c.petition_id == petition_id))
    return frozenset((row[0], row[1]) for row in found)


async def merged_before(
    connection: AsyncConnection, petition_id: bytes, identities: Collection[bytes], scope: Scope
) -> dict[bytes, bytes]:
    """Of these addresses those whose signature an organizer merged, and one such signature each."""
    found = await connection.execute(
        select(_signatures.c.identity, _signatures.c.id)
        .where(
            queue.within(petition_id, scope),
            _signatures.c.state == states.MERGED,
            _signatures.c.merged_into.is_not(None),
            _signatures.c.sealed.is_not(None),
            _signatures.c.identity.in_(identities),
        )
        .order_by(_signatures.c.id)
    )
    return {row[0]: row[1] for row in found}
