"""What ends by the calendar: pending signatures lapse, budgets are forgotten, the order of a day is lost."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import notes, outbox
from petition.db import tables
from petition.domain import states
from petition.queries.signatures import lapsing_before

CHUNK = 500


async def lapse(tx: AsyncConnection, *, today: date) -> int:
    """Pending for over 14 days: lapsed and erased. Up to `CHUNK` at once; how many."""
    rows = tables.table(tables.Signature)
    due = (
        (
            await tx.execute(
                select(rows.c.id)
                .where(rows.c.state == states.PENDING, rows.c.signed_on < lapsing_before(today))
                .limit(CHUNK)
                .with_for_update(skip_locked=True)
            )
        )
        .scalars()
        .all()
    )
    if due:
        await tx.execute(update(rows).where(rows.c.id.in_(due)).values(state=states.LAPSED, **tables.WIPED))
        await outbox.forget(tx, due)
        await notes.forget(tx, due)
    return len(due)


async def forget_budgets(tx: AsyncConnection, *, today: date) -> None:
    rows = tables.table(tables.Mailed)
    await tx.execute(delete(rows).where(rows.c.day < today - outbox.A_WEEK[0]))


async def shuffle(tx: AsyncConnection, *, today: date) -> int:
    """PostgreSQL keeps rows in the order they came: those of the last days are laid again by their random ids.

    One statement, one transaction: afterwards neither a row's place nor its transaction number
    tells who came first. SQLite's rows lie in the order of their ids from the start.
    """
    if tx.dialect.name != "postgresql":
        return 0
    since = today - timedelta(days=2)
    moved = 0
    for name, days in (("signatures", "signed_on counted_on"), ("outbox", "due_on"), ("mailed", "day")):
        past = " OR ".join(f"{day} >= :since AND {day} < :today" for day in days.split())
        result = await tx.execute(
            text(
                f"WITH gone AS (DELETE FROM {name} WHERE {past} RETURNING *) "
                f"INSERT INTO {name} SELECT * FROM gone ORDER BY id"
            ),
            {"since": since, "today": today},
        )
        moved += result.rowcount
    return moved
