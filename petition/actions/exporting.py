"""Taking a list out: who may, why, and the mark that leads from the file back to them.

    begin                    a command writes the file itself, to where it was told to
    ask ──(few, or a single owner)──→ agreed ──claim, add, finish──→ ready, for a day ──→ gone
     └──→ asked ──approve──┘  └──decline──→ declined

By the console a list is written by whichever process was asked, in sealed parts. Killed, its claim grows old
and another one begins anew, under a key of its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit
from petition.actions.audit import Act
from petition.db import tables
from petition.domain import listing
from petition.domain.actors import DECIDE, MODERATE, Actor, Scope
from petition.domain.listing import AGREED, ASKED, DECLINED, GONE, READY, Wanted
from petition.errors import Conflict, FieldRefused, Forbidden, Invalid, NotFound
from petition.queries import exports, organizers, petitions
from petition.queries import listing as lists
from petition.queries.exports import Export as Asked

KEPT = timedelta(days=1)
UNANSWERED = timedelta(days=14)
# A process that has not written for so many seconds is taken for dead: it writes a page in a fraction of one.
SILENT = 60
_EXPORTS, _PARTS = tables.table(tables.Export), tables.table(tables.ExportPart)
_PETITIONS = tables.table(tables.Petition)
_IS_OPEN = _EXPORTS.c.petition_id.in_(select(_PETITIONS.c.id).where(_PETITIONS.c.safe.is_(False)))


@dataclass(frozen=True, slots=True)
class Export:
    """`number`: of rows when it was allowed; `scope`: where this organizer may look."""

    mark: str
    number: int
    scope: Scope


def scope_of(by: Actor | None, petition_id: bytes) -> Scope:
    """Where they may take records from; `by` None is whoever holds the recovery key.

    `Forbidden` for auditors too: they open and read, one by one, and take nothing away.
    """
    scope = Scope(None) if by is None else by.scope(petition_id, MODERATE)
    if scope is None:
        raise Forbidden()
    return scope


async def _must_be_open(tx: AsyncConnection, petition_id: bytes) -> None:
    """`Conflict` while the safety switch is on: what was not taken out yet stays here."""
    if await petitions.is_safe(tx, petition_id):
        raise Conflict("exports-stopped")


async def begin(
    tx: AsyncConnection,
    petition_id: bytes,
    wanted: Wanted,
    columns: Sequence[str],
    kind: str,
    reason: str,
    *,
    number: int,
    by: Actor | None,
    today: date,
) -> Export:
    """Recorded before the first row is opened: an export that broke off has been seen as well.

    `number`: of rows, counted beforehand: counting them here would draw the whole list through the writer's memory.
    """
    await _must_be_open(tx, petition_id)
    scope = scope_of(by, petition_id)
    mark = listing.mark_of(secrets.token_bytes(5))
    facts = {"mark": mark, "format": kind, "rows": number, "reason": reason, "columns": list(columns)}
    await audit.record(
        tx, Act("list:export", by.id if by else None, petition_id, facts={**facts, **wanted.facts()}), today=today
    )
    return Export(mark, number, scope)


async def ask(
    tx: AsyncConnection,
    petition_id: bytes,
    wanted: Wanted,
    columns: Sequence[str],
    kind: str,
    language: str,
    reason: str,
    *,
    by: Actor,
    today: date,
) -> Asked:
    """By the console: agreed at once, or it waits for a second owner. `Invalid` where it would be empty."""
    await _must_be_open(tx, petition_id)
    number = await lists.number(tx, petition_id, wanted, scope_of(by, petition_id))
    if not number:
        raise Invalid({"wanted": FieldRefused("list-empty")})
    others = await organizers.owners(tx, petition_id) - {by.id}
    row: dict[str, Any] = {
        "id": secrets.token_bytes(16),
        "petition_id": petition_id,
        # The document holds what anybody can read on the list of signatories: no record is opened for it.
        "state": ASKED if number > listing.ALONE_MOST and others and kind != listing.DOCUMENT else AGREED,
        "kind": kind,
        "language": language,
        "reason": reason,
        "wanted": wanted.facts(),
        "columns": list(columns),
        "mark": listing.mark_of(secrets.token_bytes(5)),
        "number": number,
        "made_by": by.id,
        "made_on": today,
        **dict.fromkeys(("agreed_by", "key", "run", "alive_at", "ends_at")),
        "undrawn": [],
        **dict.fromkeys(("written", "parts", "size"), 0),
    }
    await tx.execute(insert(_EXPORTS).values(**row))
    asked = Asked(**row)
    verb = "list:ask" if asked.state == ASKED else "list:export"
    more = {"format": kind, "rows": number, "columns": list(columns), **wanted.facts()}
    await audit.record(tx, _act(verb, asked, by, **more), today=today)
    return asked


def _act(verb: str, export: Asked, by: Actor, **facts: Any) -> Act:
    return Act(verb, by.id, export.petition_id, facts={"mark": export.mark, "reason": export.reason, **facts})


async def _standing(
    tx: AsyncConnection, petition_id: bytes, export_id: bytes, *allowed: str, by: Actor, owners: bool = True
) -> Asked:
    """The export, locked, in one of these states; for whoever made it, and for `owners`. To others there is none."""
    found = await exports.by_id(tx, petition_id, export_id, lock=True)
    if found is None or (found.made_by != by.id and not (owners and by.may(petition_id, DECIDE))):
        raise NotFound()
    if found.state not in allowed:
        raise Conflict("export-moved-on")
    return found


async def decide(
    tx: AsyncConnection, petition_id: bytes, export_id: bytes, *, agrees: bool, by: Actor, today: date
) -> Asked:
    """By another owner than the one who asked."""
    found = await _standing(tx, petition_id, export_id, ASKED, by=by)
    if found.made_by == by.id:
        raise Forbidden("second-owner")
    if agrees:
        await _must_be_open(tx, petition_id)
    into = {"state": AGREED, "agreed_by": by.id} if agrees else {"state": DECLINED}
    await tx.execute(update(_EXPORTS).where(_EXPORTS.c.id == export_id).values(**into))
    await audit.record(tx, _act("list:approve" if agrees else "list:decline", found, by), today=today)
    return found


async def claim(tx: AsyncConnection, export_id: bytes, run: bytes, key: bytes, *, now: datetime) -> bool:
    """Whether this process may write it now. What another one began before it died goes."""
    at = int(now.timestamp())
    free = or_(_EXPORTS.c.alive_at.is_(None), _EXPORTS.c.alive_at < at - SILENT)
    mine = update(_EXPORTS).where(_EXPORTS.c.id == export_id, _EXPORTS.c.state == AGREED, free, _IS_OPEN)
    taken = await tx.execute(mine.values(run=run, key=key, alive_at=at, written=0, parts=0, size=0))
    if taken.rowcount:
        await tx.execute(delete(_PARTS).where(_PARTS.c.export_id == export_id))
    return bool(taken.rowcount)


def _of_run(export_id: bytes, run: bytes) -> ColumnElement[bool]:
    return and_(_EXPORTS.c.id == export_id, _EXPORTS.c.run == run, _EXPORTS.c.state == AGREED, _IS_OPEN)


async def add(
    tx: AsyncConnection,
    export_id: bytes,
    run: bytes,
    number: int,
    sealed: bytes,
    *,
    size: int,
    rows: int,
    now: datetime,
) -> bool:
    """One more part; False where this process no longer writes it."""
    so_far = {"parts": number + 1, "size": _EXPORTS.c.size + size, "written": rows, "alive_at": int(now.timestamp())}
    done = await tx.execute(update(_EXPORTS).where(_of_run(export_id, run)).values(**so_far))
    if done.rowcount:
        await tx.execute(insert(_PARTS).values(export_id=export_id, number=number, sealed=sealed))
    return bool(done.rowcount)


async def finish(
    tx: AsyncConnection, export_id: bytes, run: bytes, *, now: datetime, undrawn: Sequence[str] = ()
) -> None:
    """`undrawn`: scripts that squares stand for in it."""
    ready: dict[str, Any] = {"state": READY, "run": None, "alive_at": None, "ends_at": int((now + KEPT).timestamp())}
    await tx.execute(update(_EXPORTS).where(_of_run(export_id, run)).values(**ready, undrawn=list(undrawn)))


async def release(tx: AsyncConnection, export_id: bytes, run: bytes) -> None:
    """It could not be written: whoever asked for it may begin again at once."""
    mine = and_(_EXPORTS.c.id == export_id, _EXPORTS.c.run == run)
    await tx.execute(update(_EXPORTS).where(mine).values(run=None, alive_at=None))


async def fetch(tx: AsyncConnection, petition_id: bytes, export_id: bytes, *, by: Actor, now: datetime) -> Asked:
    """By whoever made it alone: nobody else has its key."""
    found = await _standing(tx, petition_id, export_id, READY, by=by, owners=False)
    await _must_be_open(tx, petition_id)
    if found.ends_at is None or found.ends_at <= int(now.timestamp()):
        raise Conflict("export-moved-on")
    await audit.record(tx, _act("list:fetch", found, by), today=now.date())
    return found


async def destroy(tx: AsyncConnection, petition_id: bytes, export_id: bytes, *, by: Actor, today: date) -> None:
    """Before its time; by whoever made it, or an owner."""
    found = await _standing(tx, petition_id, export_id, ASKED, AGREED, READY, by=by)
    await _end(tx, [export_id])
    await audit.record(tx, _act("list:destroy", found, by), today=today)


async def over(connection: AsyncConnection, *, now: datetime) -> Sequence[bytes]:
    """Which have come to their end: fetched or not, after a day; unanswered or unwritten, after two weeks."""
    rows = _EXPORTS
    ended = (rows.c.state == READY) & (rows.c.ends_at <= int(now.timestamp()))
    old = rows.c.state.in_((ASKED, AGREED)) & (rows.c.made_on < now.date() - UNANSWERED)
    return (await connection.execute(select(rows.c.id).where(or_(ended, old)))).scalars().all()


async def forget(tx: AsyncConnection, ids: Sequence[bytes]) -> None:
    """These are destroyed, their time being over."""
    await _end(tx, ids)


async def _end(tx: AsyncConnection, ids: Sequence[bytes]) -> None:
    """Its parts and the key to them; that there was one stays."""
    if ids:
        await tx.execute(delete(_PARTS).where(_PARTS.c.export_id.in_(ids)))
        gone = {"state": GONE, **dict.fromkeys(("key", "run", "alive_at", "ends_at"))}
        await tx.execute(update(_EXPORTS).where(_EXPORTS.c.id.in_(ids)).values(**gone))
