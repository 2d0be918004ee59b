"""Typing from paper: each line is sealed before it is stored, and counts only when the batch is handed in.

Handing in is actions/importing.py's, in the same transaction as `handed_in`: what was typed is an import then.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit
from petition.actions.audit import Act
from petition.db import tables
from petition.domain import paper, sealing
from petition.domain.actors import MODERATE, Actor
from petition.domain.paper import COMPARING, DONE, DROPPED, OPEN, TYPING, Entry, Source
from petition.errors import Conflict, Forbidden, NotFound
from petition.queries import paper as reading
from petition.queries import petitions
from petition.queries.paper import PaperBatch, PaperLine
from petition.queries.petitions import Petition

_batches, _lines = tables.table(tables.PaperBatch), tables.table(tables.PaperLine)


async def begin(tx: AsyncConnection, petition: Petition, source: Source, *, by: Actor, today: date) -> bytes:
    """An empty batch. Whether it asks for a second entry is decided now, by the petition."""
    _require(by, petition.id)
    batch_id = secrets.token_bytes(16)
    made: dict[str, Any] = {
        "id": batch_id,
        "petition_id": petition.id,
        "state": TYPING,
        "second": petition.second_entry,
        "source": await _sealed(tx, petition.id, source.record()),
        "made_by": by.id,
        "made_on": today,
        "import_id": None,
    }
    await tx.execute(insert(_batches).values(**made))
    facts = {"second": petition.second_entry, "evidence": source.evidence}
    await audit.record(tx, Act("paper:begin", by.id, petition.id, batch_id, facts), today=today)
    return batch_id


async def enter(
    tx: AsyncConnection, petition_id: bytes, batch_id: bytes, number: int, told: Entry, seen: str, *, by: Actor
) -> None:
    """The first entry of a line: a new one (`seen` empty), or another one for what is there."""
    batch, lines = await _open(tx, petition_id, batch_id, by)
    _in(batch, TYPING)
    known = _line(lines, number)
    if (known.seen if known else "") != seen:
        raise Conflict("paper-moved-on")
    await _write(tx, batch, number, known, first=await _sealed(tx, petition_id, told), first_by=by.id)


async def enter_again(
    tx: AsyncConnection, petition_id: bytes, batch_id: bytes, number: int, told: Entry, *, by: Actor
) -> None:
    """The second entry of a line, by another person; of one that the first left out, by anybody."""
    batch, lines = await _open(tx, petition_id, batch_id, by)
    _in(batch, COMPARING)
    known = _line(lines, number)
    if known is not None and (known.second is not None or known.settled is not None):
        raise Conflict("paper-moved-on")
    if known is not None and known.first_by == by.id:
        raise Forbidden("paper-same-hand")
    await _write(tx, batch, number, known, second=await _sealed(tx, petition_id, told), second_by=by.id)


async def settle(
    tx: AsyncConnection,
    petition_id: bytes,
    batch_id: bytes,
    number: int,
    told: Entry,
    seen: str,
    *,
    by: Actor,
    today: date,
) -> None:
    """What holds where two entries differ."""
    batch, lines = await _open(tx, petition_id, batch_id, by)
    known = _line(lines, number)
    _in(batch, COMPARING)
    if known is None or known.seen != seen:
        raise Conflict("paper-moved-on")
    await _write(tx, batch, number, known, settled=await _sealed(tx, petition_id, told))
    act = Act("paper:settle", by.id, petition_id, batch_id, {"line": number})
    await audit.record(tx, act, today=today)


async def drop_line(
    tx: AsyncConnection, petition_id: bytes, batch_id: bytes, number: int, seen: str, *, by: Actor, today: date
) -> None:
    """A line goes, with whatever was typed of it."""
    batch, lines = await _open(tx, petition_id, batch_id, by)
    known = _line(lines, number)
    if known is None or known.seen != seen:
        raise Conflict("paper-moved-on")
    await tx.execute(delete(_lines).where(_lines.c.id == known.id))
    await audit.record(tx, Act("paper:drop-line", by.id, petition_id, batch_id, {"line": number}), today=today)
    if len(lines) == 1 and batch.import_id is not None:
        await _move(tx, batch_id, DONE)


async def hand_over(tx: AsyncConnection, petition_id: bytes, batch_id: bytes, *, by: Actor, today: date) -> None:
    """To somebody else, who types it all again."""
    batch, lines = await _open(tx, petition_id, batch_id, by)
    _in(batch, TYPING)
    if not lines or not batch.second:
        raise Conflict("paper-moved-on")
    await _move(tx, batch_id, COMPARING)
    act = Act("paper:hand-over", by.id, petition_id, batch_id, {"lines": len(lines)})
    await audit.record(tx, act, today=today)


async def drop(tx: AsyncConnection, petition_id: bytes, batch_id: bytes, *, by: Actor, today: date) -> None:
    """All that waits in it is destroyed; what was handed in before stays."""
    batch, lines = await _open(tx, petition_id, batch_id, by)
    await tx.execute(delete(_lines).where(_lines.c.batch_id == batch_id))
    await _move(tx, batch_id, DONE if batch.import_id else DROPPED)
    await audit.record(tx, Act("paper:drop", by.id, petition_id, batch_id, {"lines": len(lines)}), today=today)


async def handing_in(tx: AsyncConnection, petition_id: bytes, batch_id: bytes, seen: str, *, by: Actor) -> PaperBatch:
    """The batch, locked, with exactly the lines that were looked at (`queries/paper.seen_of`); `Conflict` otherwise."""
    batch, lines = await _open(tx, petition_id, batch_id, by)
    _in(batch, COMPARING if batch.second else TYPING)
    if reading.seen_of(lines) != seen:
        raise Conflict("paper-moved-on")
    return batch


async def handed_in(tx: AsyncConnection, batch: PaperBatch, import_id: bytes, numbers: Collection[int]) -> bool:
    """These lines are in an import now: nothing of them is kept here. Whether they were the last."""
    gone = (_lines.c.batch_id == batch.id, _lines.c.number.in_(numbers))
    await tx.execute(delete(_lines).where(*gone))
    last = not await reading.lines(tx, batch.id)
    await tx.execute(update(_batches).where(_batches.c.id == batch.id).values(import_id=import_id))
    if last:
        await _move(tx, batch.id, DONE)
    return last


def _require(by: Actor, petition_id: bytes) -> None:
    """As for any list that is taken in: on the whole petition."""
    if not by.may(petition_id, MODERATE):
        raise Forbidden()


async def _open(
    tx: AsyncConnection, petition_id: bytes, batch_id: bytes, by: Actor
) -> tuple[PaperBatch, tuple[PaperLine, ...]]:
    """The batch under its lock, with its lines; `Conflict` once it is done or dropped."""
    _require(by, petition_id)
    # Its petition's key before the batch, as everywhere: docs/house.md has the order of locks.
    await petitions.public_keys(tx, [petition_id])
    batch = await reading.by_id(tx, petition_id, batch_id, lock=True)
    if batch is None:
        raise NotFound()
    if batch.state not in OPEN:
        raise Conflict("paper-moved-on")
    return batch, await reading.lines(tx, batch_id)


def _in(batch: PaperBatch, state: str) -> None:
    if batch.state != state:
        raise Conflict("paper-moved-on")


def _line(lines: Collection[PaperLine], number: int) -> PaperLine | None:
    if not 1 <= number <= paper.MOST_LINES:
        raise Conflict("paper-full")
    return next((line for line in lines if line.number == number), None)


async def _write(
    tx: AsyncConnection, batch: PaperBatch, number: int, known: PaperLine | None, **values: bytes | None
) -> None:
    if known is not None:
        await tx.execute(update(_lines).where(_lines.c.id == known.id).values(**values))
    else:
        line = {"id": secrets.token_bytes(16), "petition_id": batch.petition_id, "batch_id": batch.id}
        await tx.execute(insert(_lines).values(**line, number=number, **values))


async def _move(tx: AsyncConnection, batch_id: bytes, state: str) -> None:
    await tx.execute(update(_batches).where(_batches.c.id == batch_id).values(state=state))


async def _sealed(tx: AsyncConnection, petition_id: bytes, told: Entry) -> bytes:
    public_key = (await petitions.public_keys(tx, [petition_id]))[petition_id]
    return sealing.seal_record(sealing.canonical(dict(told)), secrets.token_bytes(32), public_key, petition_id)
