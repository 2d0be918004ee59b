"""LEAF. When a count passes a milestone: noted once, told to the petition's owners once.

    standing(tx, …)   the count before a fold
    note(tx, …)       after it, in the same transaction: what it passed, with a mail to each owner
    catch_up(tx, …)   what had been passed before it became a milestone: noted without a mail

A row stays for good. So a count that falls and climbs again, a second process or a killed one tell nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import outbox
from petition.db import dialect, tables
from petition.domain.tokens import Keys
from petition.queries import counts, organizers
from petition.queries.timeline import milestones_reached, timeline


async def standing(tx: AsyncConnection, petition_id: bytes) -> int:
    """The count, which nobody else moves until this transaction ends."""
    await dialect.one_sequencer(tx)
    return (await counts.tally(tx, petition_id)).total


async def note(tx: AsyncConnection, petition_id: bytes, *, since: int, keys: Keys, today: date) -> tuple[int, ...]:
    """The milestones that the count has passed `since` it stood there, as far as none had noted them before."""
    total = (await counts.tally(tx, petition_id)).total
    passed = [number for number in await _milestones(tx, petition_id) if since < number <= total]
    new = await _write(tx, petition_id, dict.fromkeys(passed, today))
    if new:
        owners = [await organizers.by_id(tx, owner) for owner in sorted(await organizers.owners(tx, petition_id))]
        letters = [
            outbox.row_to_organizer(
                keys, owner.id, petition_id, owner.address_text(keys), owner.language, number=number, due_on=today
            )
            for number in new
            for owner in owners
            if owner is not None
        ]
        await outbox.enqueue(tx, letters)
    return new


async def catch_up(tx: AsyncConnection, petition_id: bytes, *, today: date) -> tuple[int, ...]:
    """Milestones that the count was past already, with the day on which it first was."""
    await dialect.one_sequencer(tx)
    total = (await counts.tally(tx, petition_id)).total
    wanted = [number for number in await _milestones(tx, petition_id) if number <= total]
    known = await milestones_reached(tx, petition_id)
    missing = [number for number in wanted if number not in known]
    if not missing:
        return ()
    days, sums, so_far = await timeline(tx, petition_id), [], 0
    for day in days:
        so_far += day.counted - day.removed
        sums.append((so_far, day.day))
    first = {number: next((day for total, day in sums if total >= number), today) for number in missing}
    return await _write(tx, petition_id, first)


async def _milestones(tx: AsyncConnection, petition_id: bytes) -> Sequence[int]:
    rows = tables.table(tables.Petition)
    found: list[int] = (await tx.execute(select(rows.c.milestones).where(rows.c.id == petition_id))).scalar_one()
    return sorted(set(found))


async def _write(tx: AsyncConnection, petition_id: bytes, first: dict[int, date]) -> tuple[int, ...]:
    """Those of them that nobody had written before."""
    if not first:
        return ()
    rows = tables.table(tables.MilestoneReached)
    values = [{"petition_id": petition_id, "number": number, "day": day} for number, day in sorted(first.items())]
    written = dialect.insert(tx, rows).values(values)
    new = written.on_conflict_do_nothing(index_elements=[rows.c.petition_id, rows.c.number]).returning(rows.c.number)
    return tuple(sorted((await tx.execute(new)).scalars()))
