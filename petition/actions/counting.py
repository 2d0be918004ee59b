"""LEAF. The one place where the count moves.

    note(tx, …)   in the act's own transaction: a ledger entry without an index; no hot row
    fold(tx, …)   by one sequencer: takes what waits, gives indexes, appends to ledger and tree, writes the tally whole

What waits is taken by its absence of an index, never by "id greater than the last": that would
skip whoever began earlier and committed later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from sqlalchemy import select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import dialect, tables, tiles
from petition.domain import ledger, merkle
from petition.domain.ledger import Tally
from petition.queries import counts

FOLD_LIMIT = 5_000
CHUNK = 500
_TAKEN = ("act", "link", "event", "category", "method", "reason", "bind", "receipt")


@dataclass(frozen=True, slots=True)
class Note:
    """One entry to be. `link` is the keyed digest of its signature's id, `act` its number among that one's acts."""

    petition_id: bytes
    link: bytes
    act: int
    event: str
    category: str | None = None
    method: str | None = None
    reason: str | None = None
    bind: bytes | None = None
    receipt: bytes | None = None


async def note(tx: AsyncConnection, notes: Sequence[Note], *, today: date) -> None:
    if notes:
        rows = [{"noted_on": today, **{name: getattr(n, name) for name in Note.__slots__}} for n in notes]
        await dialect.append(tx, tables.table(tables.LedgerWaiting), rows)


async def fold(tx: AsyncConnection, petition_id: bytes, slug: str, *, today: date, limit: int = FOLD_LIMIT) -> int:
    """Appends up to `limit` waiting entries and moves the tally with them; how many it took.

    Within one fold the order is that of the links, which are as good as random: the ledger's order says no more about
    who signed when than the moment of its publication does. Their index, too, takes them best in its own order.
    """
    await dialect.one_sequencer(tx)
    taken = await _take(tx, petition_id, limit)
    if not taken:
        return 0
    tally = await counts.tally(tx, petition_id)
    # Only of those that are told of again is it asked where they stand.
    again = {link for act, link, *_ in taken if act > 0}
    lines = await _lines(tx, petition_id, again)
    size, before = tally.size, tally.total
    left = sum(tally.removed.values())
    appended, verified, new = [], 0, Counter[tuple[str | None, str]]()
    for index, (_, link, event, category, method, reason, bind, receipt) in enumerate(taken, size):
        if event == ledger.COUNTED:
            body = ledger.counted(slug, category, method, bind, receipt)
            new[category, method] += 1
            if link in again:
                lines[link] = ledger.Line(index, category, method)
        elif link not in lines:
            raise ledger.Broken(f"entry {index} is about a line that is not in the ledger")
        else:
            line = lines[link]
            body = ledger.act(slug, event, line.index, category, reason)
            lines[link] = ledger.then(tally, line, event, category, reason)
            verified += lines[link].verified and not line.verified
        appended.append({"petition_id": petition_id, "index": index, "link": link, "body": body})
    ledger.firsts(tally, new)
    await dialect.append(tx, tables.table(tables.LedgerEntry), appended)
    leaves = merkle.leaves(row["body"] for row in appended)
    await tiles.extend(tx, petition_id, size, leaves)
    await _write_tally(tx, petition_id, tally)
    removed = sum(tally.removed.values()) - left
    changed = {"counted": tally.total - before + removed, "removed": removed, "verified": verified}
    await _write_day(tx, petition_id, today, changed)
    return len(taken)


async def _take(tx: AsyncConnection, petition_id: bytes, limit: int) -> list[Any]:
    """Up to `limit`, and what else came before the last of them meanwhile: chosen one by one, they would cost the
    database four times as much."""
    waiting = tables.table(tables.LedgerWaiting)
    mine = waiting.c.petition_id == petition_id
    place = (waiting.c.link, waiting.c.act)
    first_to_stay = (await tx.execute(select(*place).where(mine).order_by(*place).offset(limit).limit(1))).first()
    if first_to_stay is not None:
        mine = mine & (tuple_(*place) < tuple_(*first_to_stay))
    # A signature's own acts keep their order; among different ones chance, which made the links, decides.
    return sorted(await dialect.take_out(tx, waiting, mine, _TAKEN), key=itemgetter(0, 1))


async def _lines(tx: AsyncConnection, petition_id: bytes, links: set[bytes]) -> dict[bytes, ledger.Line]:
    entries = tables.table(tables.LedgerEntry)
    gathered: dict[bytes, list[tuple[int, bytes]]] = {}
    wanted = sorted(links)
    for start in range(0, len(wanted), CHUNK):
        found = await tx.execute(
            select(entries.c.link, entries.c.index, entries.c.body)
            .where(entries.c.petition_id == petition_id, entries.c.link.in_(wanted[start : start + CHUNK]))
            .order_by(entries.c.index)
        )
        for row in found:
            gathered.setdefault(row[0], []).append((row[1], row[2]))
    return {link: line for link, own in gathered.items() if (line := ledger.line_of(own)) is not None}


async def _write_tally(tx: AsyncConnection, petition_id: bytes, tally: Tally) -> None:
    rows = tables.table(tables.Tally)
    await tx.execute(
        update(rows)
        .where(rows.c.petition_id == petition_id)
        .values(
            size=tally.size,
            total=tally.total,
            verified=tally.verified,
            awaiting=tally.awaiting,
            by_category=tally.by_category,
            by_method=tally.by_method,
            removed=tally.removed,
        )
    )


async def _write_day(tx: AsyncConnection, petition_id: bytes, today: date, changed: Mapping[str, int]) -> None:
    rows = tables.table(tables.TallyDay)
    mine = (rows.c.petition_id == petition_id) & (rows.c.day == today)
    before = (await tx.execute(select(*(rows.c[name] for name in changed)).where(mine))).mappings().one_or_none()
    day = {name: number + (before[name] if before else 0) for name, number in changed.items()}
    written = dialect.insert(tx, rows).values(petition_id=petition_id, day=today, **day)
    await tx.execute(written.on_conflict_do_update(index_elements=[rows.c.petition_id, rows.c.day], set_=day))


async def waiting(connection: AsyncConnection, petition_id: bytes) -> tuple[int, date | None]:
    """How many new signatures would be published that still count, and the day of the oldest waiting entry."""
    rows = tables.table(tables.LedgerWaiting)
    wanted = select(rows.c.link, rows.c.event, rows.c.noted_on).where(rows.c.petition_id == petition_id)
    found = (await connection.execute(wanted.order_by(rows.c.act))).all()
    new: dict[bytes, bool] = {}
    for row in found:
        if row.event == ledger.COUNTED or row.link in new:
            # One who left again before being published hides nobody among them.
            new[row.link] = row.event != ledger.REMOVED
    return sum(new.values()), min((row.noted_on for row in found), default=None)


async def petitions_waiting(connection: AsyncConnection) -> list[tuple[bytes, str, str]]:
    """(id, slug, publish) of the petitions that have waiting entries."""
    rows, petitions = tables.table(tables.LedgerWaiting), tables.table(tables.Petition)
    wanted = select(petitions.c.id, petitions.c.slug, petitions.c.publish).where(
        petitions.c.id.in_(select(rows.c.petition_id))
    )
    return [tuple(row) for row in await connection.execute(wanted)]


async def begun(connection: AsyncConnection, petition_id: bytes) -> bool:
    """Whether anyone was ever counted."""
    return (await counts.tally(connection, petition_id)).size > 0 or (await waiting(connection, petition_id))[0] > 0


@dataclass(frozen=True, slots=True)
class Recount:
    """Three ways to the same number. `waiting` (counted, removed, restored) are noted but not folded yet.

    `tree`: every tile is what the entries make of it.
    """

    signatures: int
    ledger: Tally
    tally: Tally
    waiting: int
    tree: bool

    @property
    def holds(self) -> bool:
        return self.ledger == self.tally and self.signatures == self.ledger.total + self.waiting and self.tree


async def entries(connection: AsyncConnection, petition_id: bytes) -> list[bytes]:
    """The ledger's entries in order, exactly as they are hashed; `ledger.Broken` if one is missing."""
    rows = tables.table(tables.LedgerEntry)
    wanted = select(rows.c.index, rows.c.body).where(rows.c.petition_id == petition_id).order_by(rows.c.index)
    bodies: list[bytes] = []
    async for row in await connection.stream(wanted):
        index, body = row
        if index != len(bodies):
            raise ledger.Broken(f"entry {len(bodies)} is missing")
        bodies.append(body)
    return bodies


async def recount(connection: AsyncConnection, petition_id: bytes) -> Recount:
    """Signatures = ledger = tally, from one consistent view. `ledger.Broken` if the entries contradict each other."""
    notes = tables.table(tables.LedgerWaiting)
    waiting_events = (
        await connection.execute(select(notes.c.event).where(notes.c.petition_id == petition_id))
    ).scalars()
    moves = {ledger.COUNTED: 1, ledger.RESTORED: 1, ledger.REMOVED: -1}
    bodies = await entries(connection, petition_id)
    return Recount(
        signatures=await counts.confirmed_signatures(connection, petition_id),
        ledger=ledger.fold(bodies),
        tally=await counts.tally(connection, petition_id),
        waiting=sum(moves.get(kind, 0) for kind in waiting_events),
        tree=await tiles.every(connection, petition_id) == merkle.extended(0, {}, merkle.leaves(bodies)),
    )
