"""The safety switch: when a petition's people may be in danger, one press, from a phone.

on  ──→ no name is listed or taken out, nobody can sign, all others who work on it are signed out;
        the count and the ledger stay
off ──→ all as it was, by an owner who has just shown the second factor
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit
from petition.actions.audit import Act
from petition.db import tables
from petition.domain.actors import DECIDE, Actor
from petition.errors import Forbidden


async def switch(
    tx: AsyncConnection, petition_id: bytes, *, on: bool, by: Actor, session_id: bytes, today: date
) -> Sequence[bytes]:
    """The sessions that it ended. Twice is once, but for those who signed in since.

    Whoever switches it on stays signed in, on this browser; so does everybody who has nothing to do with this petition.
    """
    if not by.may(petition_id, DECIDE):
        raise Forbidden()
    rows, sessions = tables.table(tables.Petition), tables.table(tables.Session)
    changed = (rows.c.id == petition_id) & rows.c.safe.is_(not on)
    done = await tx.execute(update(rows).where(changed).values(safe=on, revision=rows.c.revision + 1))
    ended: Sequence[bytes] = ()
    if on:
        roles = tables.table(tables.Role)
        here = or_(roles.c.petition_id == petition_id, roles.c.petition_id.is_(None))
        theirs = select(roles.c.organizer_id).where(here)
        others = delete(sessions).where(sessions.c.id != session_id, sessions.c.organizer_id.in_(theirs))
        ended = (await tx.execute(others.returning(sessions.c.id))).scalars().all()
    if done.rowcount or ended:
        verb = "petition:make-safe" if on else "petition:make-open"
        await audit.record(tx, Act(verb, by.id, petition_id), today=today)
    return ended
