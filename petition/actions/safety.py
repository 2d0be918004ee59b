"""The safety switch: when a petition's people may be in danger, one press, from a phone.

on  ──→ no name is listed, nobody can sign, every other session ends;    the count and the ledger stay
off ──→ all as it was, by an owner who has just shown the second factor
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit
from petition.actions.audit import Act
from petition.db import tables
from petition.domain.actors import DECIDE, Actor
from petition.errors import Forbidden


async def switch(
    tx: AsyncConnection, petition_id: bytes, *, on: bool, by: Actor, session_id: bytes, today: date
) -> None:
    """Twice is once. Whoever switches it on stays signed in, on this browser."""
    if not by.may(petition_id, DECIDE):
        raise Forbidden()
    rows, sessions = tables.table(tables.Petition), tables.table(tables.Session)
    changed = (rows.c.id == petition_id) & rows.c.safe.is_(not on)
    done = await tx.execute(update(rows).where(changed).values(safe=on, revision=rows.c.revision + 1))
    if on:
        await tx.execute(delete(sessions).where(sessions.c.id != session_id))
    if done.rowcount:
        verb = "petition:make-safe" if on else "petition:make-open"
        await audit.record(tx, Act(verb, by.id, petition_id), today=today)
