"""A list sent to the console: it lies sealed to its sender while it is looked at and taken in, and then goes.

    coming ──arrived──→ staged ──take──→ taking ──finish──→ taken ──(a day)──→ gone
                          │ └──look, as often as it is to be read otherwise
                          └──discard, or a day──→ gone

One process at a time reads it (`run`). Killed, it is begun again by its sender alone, who has its key: where it
stopped, once it is being taken in.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import dialect, tables
from petition.domain.actors import MODERATE, Actor
from petition.domain.importing import COMING, FILE, REFUSED, REPORT, STAGED, TAKEN, TAKING
from petition.errors import Conflict, FieldRefused, Forbidden, Invalid, NotFound
from petition.queries import stagings
from petition.queries.petitions import Petition
from petition.queries.stagings import Staging

KEPT = timedelta(days=1)
# One that was begun and broke off: its sender comes back to it.
UNFINISHED = timedelta(days=7)
SILENT = 60
MOST = 5
MOST_BYTES = 64 << 20

_STAGINGS, _PARTS, _LAYOUTS = (tables.table(t) for t in (tables.Staging, tables.StagingPart, tables.Layout))


def require_may(by: Actor, petition: Petition) -> None:
    """Whoever moderates the whole petition: a list may name anybody, in any category."""
    if not by.may(petition.id, MODERATE):
        raise Forbidden()


async def begin(
    tx: AsyncConnection, petition: Petition, staging_id: bytes, key: bytes, *, by: Actor, now: datetime
) -> None:
    """Before its first part is stored. `key` is sealed to the sender. `Invalid` where too many lie here already."""
    require_may(by, petition)
    if await stagings.number(tx, petition.id, by.id) >= MOST:
        raise Invalid({"file": FieldRefused("too-many-staged", limit=MOST)})
    row: dict[str, Any] = {
        "id": staging_id,
        "petition_id": petition.id,
        "state": COMING,
        "made_by": by.id,
        "made_on": now.date(),
        "key": key,
        "ends_at": int((now + KEPT).timestamp()),
        "asks": False,
        **dict.fromkeys(("digest", "rows", "stopped", "run", "alive_at", "import_id")),
        **dict.fromkeys(("parts", "size", "seen", "refused"), 0),
    }
    await tx.execute(insert(_STAGINGS).values(**row))


async def put(tx: AsyncConnection, staging_id: bytes, kind: str, number: int, sealed: bytes) -> None:
    """A part, in the place of the one that was there."""
    row = {"staging_id": staging_id, "kind": kind, "number": number, "sealed": sealed}
    written = dialect.insert(tx, _PARTS).values(**row)
    here = [_PARTS.c.staging_id, _PARTS.c.kind, _PARTS.c.number]
    await tx.execute(written.on_conflict_do_update(index_elements=here, set_={"sealed": sealed}))


async def arrived(tx: AsyncConnection, staging_id: bytes, digest: bytes, *, parts: int, size: int) -> None:
    whole = {"state": STAGED, "digest": digest, "parts": parts, "size": size}
    await tx.execute(update(_STAGINGS).where(_STAGINGS.c.id == staging_id).values(**whole))


async def standing(tx: AsyncConnection, petition: Petition, staging_id: bytes, *allowed: str, by: Actor) -> Staging:
    """One's own, locked, in one of these states."""
    require_may(by, petition)
    found = await stagings.by_id(tx, petition.id, staging_id, by.id, lock=True)
    if found is None or found.state == COMING:
        raise NotFound()
    if found.state not in allowed:
        raise Conflict("staging-moved-on")
    return found


async def claim(tx: AsyncConnection, staging_id: bytes, run: bytes, state: str, *, now: datetime) -> bool:
    """Whether this process may read it now. Looking is begun anew by whoever asks last; taking in goes on alone."""
    at = int(now.timestamp())
    mine = [_STAGINGS.c.id == staging_id, _STAGINGS.c.state == state]
    if state == TAKING:
        mine.append(or_(_STAGINGS.c.alive_at.is_(None), _STAGINGS.c.alive_at < at - SILENT))
    begun: dict[str, Any] = {"run": run, "alive_at": at, "stopped": None}
    if state == STAGED:
        begun |= {"seen": 0, "rows": None}
    taken = await tx.execute(update(_STAGINGS).where(*mine).values(**begun))
    return bool(taken.rowcount)


async def advance(tx: AsyncConnection, staging_id: bytes, run: bytes, *, now: datetime, **so_far: Any) -> None:
    """How far this run has come; `Conflict` where it is no longer the one that reads: nothing of its step is kept."""
    mine = (_STAGINGS.c.id == staging_id) & (_STAGINGS.c.run == run)
    done = await tx.execute(update(_STAGINGS).where(mine).values(alive_at=int(now.timestamp()), **so_far))
    if not done.rowcount:
        raise Conflict("staging-moved-on")


async def release(tx: AsyncConnection, staging_id: bytes, run: bytes, *, stopped: str | None = None) -> None:
    """Nobody reads it any more; `stopped`: why not."""
    mine = (_STAGINGS.c.id == staging_id) & (_STAGINGS.c.run == run)
    await tx.execute(update(_STAGINGS).where(mine).values(run=None, alive_at=None, stopped=stopped))


async def take(tx: AsyncConnection, found: Staging, import_id: bytes, *, asks: bool, now: datetime) -> None:
    """From here on it is taken in, as that import."""
    ends_at = int((now + UNFINISHED).timestamp())
    begun = {"state": TAKING, "import_id": import_id, "asks": asks, "seen": 0, "refused": 0, "ends_at": ends_at}
    fresh = dict.fromkeys(("run", "alive_at", "stopped"))
    await tx.execute(update(_STAGINGS).where(_STAGINGS.c.id == found.id).values(**begun, **fresh))


async def finish(tx: AsyncConnection, staging_id: bytes, run: bytes, *, now: datetime) -> None:
    """The file and what was understood of it go at once; what was refused stays for a day."""
    await advance(tx, staging_id, run, now=now, state=TAKEN, ends_at=int((now + KEPT).timestamp()))
    await release(tx, staging_id, run)
    gone = (_PARTS.c.staging_id == staging_id) & _PARTS.c.kind.in_((FILE, REPORT))
    await tx.execute(delete(_PARTS).where(gone))


async def discard(tx: AsyncConnection, petition: Petition, staging_id: bytes, *, by: Actor) -> Staging:
    """Nothing of it stays here; who was taken in from it stays counted, and can be undone."""
    found = await standing(tx, petition, staging_id, STAGED, TAKING, TAKEN, by=by)
    await _end(tx, [found.id])
    return found


async def give_up(tx: AsyncConnection, staging_id: bytes) -> None:
    """It never arrived whole."""
    await _end(tx, [staging_id])


async def over(connection: AsyncConnection, *, now: datetime) -> Sequence[bytes]:
    """Which have come to their end."""
    ended = select(_STAGINGS.c.id).where(_STAGINGS.c.ends_at <= int(now.timestamp()))
    return (await connection.execute(ended)).scalars().all()


async def forget(tx: AsyncConnection, ids: Sequence[bytes]) -> None:
    """These go, their time being over."""
    await _end(tx, ids)


async def _end(tx: AsyncConnection, ids: Sequence[bytes]) -> None:
    await tx.execute(delete(_PARTS).where(_PARTS.c.staging_id.in_(ids)))
    await tx.execute(delete(_STAGINGS).where(_STAGINGS.c.id.in_(ids)))


async def forget_refused(tx: AsyncConnection, staging_id: bytes) -> None:
    """What an earlier try refused: it is told anew."""
    await tx.execute(delete(_PARTS).where(_PARTS.c.staging_id == staging_id, _PARTS.c.kind == REFUSED))


async def remember(tx: AsyncConnection, petition_id: bytes, source: bytes, layout: Mapping[str, Any]) -> None:
    """How lists of this source are read from now on."""
    row = {"petition_id": petition_id, "source": source, "layout": dict(layout)}
    written = dialect.insert(tx, _LAYOUTS).values(**row)
    here = [_LAYOUTS.c.petition_id, _LAYOUTS.c.source]
    await tx.execute(written.on_conflict_do_update(index_elements=here, set_={"layout": dict(layout)}))


def new_id() -> bytes:
    return secrets.token_bytes(16)
