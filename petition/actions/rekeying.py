"""A petition's new key: from one moment on everything is sealed to it, and what was stored before is sealed anew.

    begin    new pair; public half into the petition, private half to every holder;     one transaction
             the keys before: sealed to the new one, so that whoever has that reads all
    advance  a few records, from whichever key opens them to the new one                one transaction each
             … until a whole round finds none of an earlier key: then those keys are destroyed

Killed anywhere in between, every record opens by the new key or by one that the new key opens. Nobody who has
the earlier key alone opens anything that is stored from `begin` on: who signs is asked for the present key in
the transaction that stores them (`intake.record`), and so is who shares one (`organizers.share`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit
from petition.actions.audit import Act
from petition.db import dialect, tables
from petition.domain import sealing
from petition.domain.actors import DECIDE, Actor
from petition.domain.sealing import Opener, Unreadable
from petition.errors import Conflict, Forbidden
from petition.queries import rekeyings
from petition.queries.rekeyings import Rekeying

CHUNK = 250

_PETITIONS, _REKEYINGS = (tables.table(t) for t in (tables.Petition, tables.Rekeying))


async def begin(
    tx: AsyncConnection, petition_id: bytes, private_key: bytes, *, total: int, by: Actor, today: date
) -> tuple[bytes, bytes]:
    """The new (private, public) key; `private_key` is the present one. The recovery key is the caller's to write.

    `Conflict` where somebody else has changed the key meanwhile. `total`: how many records there are, for progress.
    """
    if not by.may(petition_id, DECIDE):
        raise Forbidden()
    # Whoever is storing a signature or a share at this moment comes first; whoever comes later sees the new key.
    locked = select(_PETITIONS.c.public_key).where(_PETITIONS.c.id == petition_id).with_for_update()
    if (await tx.execute(locked)).scalar_one() != sealing.public_half(private_key):
        raise Conflict("key-changed")
    was = await rekeyings.of(tx, petition_id)
    before = sealing.open_ring(was.earlier, private_key, petition_id) if was and was.earlier else ()
    new_private, new_public = sealing.new_pair()
    state = {
        "due": False,
        "earlier": sealing.seal_ring((private_key, *before), new_public, petition_id),
        "total": total,
        **_beginning(1),
    }
    row = dialect.insert(tx, _REKEYINGS).values(petition_id=petition_id, **state)
    await tx.execute(row.on_conflict_do_update(index_elements=[_REKEYINGS.c.petition_id], set_=state))
    changed = {"public_key": new_public, "revision": _PETITIONS.c.revision + 1}
    await tx.execute(update(_PETITIONS).where(_PETITIONS.c.id == petition_id).values(**changed))
    holders = await _share(tx, petition_id, new_private)
    await audit.record(tx, Act("key:change", by.id, petition_id, facts={"holders": holders}), today=today)
    return new_private, new_public


def _beginning(number: int) -> dict[str, Any]:
    """Of a round."""
    return {"round": number, "kind": 0, "after": None, "done": 0, "found": 0}


async def _share(tx: AsyncConnection, petition_id: bytes, private_key: bytes) -> int:
    """Every holder's share becomes one of the new key; how many there are."""
    shares, people = tables.table(tables.PetitionKey), tables.table(tables.Organizer)
    wanted = select(people.c.id, people.c.public_key).join(shares, shares.c.organizer_id == people.c.id)
    holders = (await tx.execute(wanted.where(shares.c.petition_id == petition_id))).all()
    for organizer_id, public_key in holders:
        mine = (shares.c.petition_id == petition_id) & (shares.c.organizer_id == organizer_id)
        sealed = sealing.share_key(private_key, public_key, petition_id, organizer_id)
        await tx.execute(update(shares).where(mine).values(sealed=sealed))
    return len(holders)


@dataclass(frozen=True, slots=True)
class Part:
    """Some values gone through: how many, up to which id (None: the last of their kind), and those sealed anew."""

    number: int
    up_to: bytes | None
    anew: list[dict[str, Any]] = field(repr=False)


def part_of(was: Rekeying, rows: Sequence[tuple[bytes, bytes]], private_key: bytes) -> Part:
    """The work on what `rekeyings.following` gave for this state, up to `CHUNK` rows. CPU alone: off the event loop.

    `Unreadable` if `private_key` is no longer the petition's. What no key opens was damaged before: it stays.
    """
    assert was.earlier is not None
    public_key = sealing.public_half(private_key)
    present = Opener(private_key, was.petition_id)
    earlier = Opener(sealing.open_ring(was.earlier, private_key, was.petition_id), was.petition_id)
    anew = []
    for signature_id, sealed in rows:
        if present.opens(sealed):
            continue
        try:
            plain = earlier.plain(sealed)
        except Unreadable:
            continue
        fresh = sealing.seal_plain(plain, public_key, was.petition_id)
        anew.append({"row": signature_id, "was": sealed, "fresh": fresh})
    return Part(len(rows), rows[-1][0] if len(rows) == CHUNK else None, anew)


def _reseal(column: Any) -> Any:
    """What was erased or moved since it was read stays as it is; the next round finds it if it is still there."""
    rows = column.table
    unchanged = (rows.c.id == bindparam("row")) & (column == bindparam("was"))
    return update(rows).where(unchanged).values({column: bindparam("fresh")})


_RESEAL = tuple(_reseal(column) for column in rekeyings.SEALED)


async def advance(tx: AsyncConnection, was: Rekeying, part: Part, *, by: bytes, today: date) -> bool:
    """Writes a part, unless somebody else has moved on from `was`. Whether there is more to do."""
    now = await rekeyings.of(tx, was.petition_id, lock=True)
    if now is None or _place(now) != _place(was):
        return now is not None and now.under_way
    if part.anew:
        await tx.execute(_RESEAL[now.kind], part.anew)
    done, found = now.done + part.number, now.found + len(part.anew)
    if part.up_to is not None:
        await _change(tx, now, done=done, found=found, after=part.up_to)
    elif now.kind + 1 < len(rekeyings.SEALED):
        await _change(tx, now, done=done, found=found, kind=now.kind + 1, after=None)
    elif found:
        await _change(tx, now, **_beginning(now.round + 1))
    else:
        await _destroy_earlier(tx, now, by=by, today=today)
        return False
    return True


def _place(state: Rekeying) -> tuple[object, ...]:
    return state.earlier, state.round, state.kind, state.after


async def _destroy_earlier(tx: AsyncConnection, now: Rekeying, *, by: bytes, today: date) -> None:
    if now.due:
        await _change(tx, now, earlier=None)
    else:
        await tx.execute(delete(_REKEYINGS).where(_REKEYINGS.c.petition_id == now.petition_id))
    await audit.record(tx, Act("key:finish", by, now.petition_id, facts={"records": now.total}), today=today)


async def _change(tx: AsyncConnection, now: Rekeying, **values: Any) -> None:
    await tx.execute(update(_REKEYINGS).where(_REKEYINGS.c.petition_id == now.petition_id).values(**values))
