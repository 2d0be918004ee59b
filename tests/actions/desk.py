"""An organizer's desk in the test's hands: every act of moderation, and what it could change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import func, select

from petition.actions import audit, counting, moderation
from petition.db import tables
from petition.domain import actors, ledger, sealing, states, tokens
from petition.domain.actors import Actor, Grant, Scope
from petition.queries import queue
from petition.queries.queue import Queued
from tests.factories import SLUG
from tests.house import House

SIGNATURES, AUDIT, OUTBOX = (tables.table(t) for t in (tables.Signature, tables.AuditEntry, tables.Outbox))
EVERYTHING = Scope(None)
OWNER = Actor(b"o" * 16, (Grant(None, actors.OWNER),))
Acting = Callable[..., Awaitable[Queued]]
# Every act, with what it needs besides the signature.
ACTS: dict[str, tuple[Acting, dict[str, Any]]] = {
    "verify": (moderation.verify, {}),
    "unverify": (moderation.unverify, {}),
    "move": (moderation.move, {"category": "coalition"}),
    "reject": (moderation.reject, {"reason": "other"}),
    "invalidate": (moderation.invalidate, {"reason": "duplicate"}),
    "restore": (moderation.restore, {}),
    "hide": (moderation.hide, {}),
    "show": (moderation.show, {"record": {"full_name": "Layla"}}),
    "pin": (moderation.pin, {}),
    "unpin": (moderation.unpin, {}),
}


class Desk:
    """An organizer's, in the test's hands: an act on a signature as it stands, unless told what was seen."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.petition_id = house.parts.hub.any_petition(SLUG).id

    async def raw(self, which: str | bytes) -> Any:
        """The row as it lies there, by its link or its id."""
        token = tokens.read(which.rpartition("/")[2]) if isinstance(which, str) else None
        known = (which,) if token is None else (tokens.stored(token),)
        (found,) = [row for row in await self.house.signatures() if row.id in known or row.token_hash in known]
        return found

    async def row(self, which: str | bytes) -> Queued:
        found = await self.raw(which)
        async with self.house.parts.database.read() as connection:
            row = await queue.by_id(connection, found.petition_id, found.id, EVERYTHING)
        assert row is not None
        return row

    async def shown(self, link: str) -> str | None:
        found = await self.raw(link)
        assert (found.shown_name is None) == (found.shown_key is None)
        name: str | None = found.shown_name
        return name

    async def record(self, link: str) -> dict[str, Any]:
        row = await self.row(link)
        assert row.sealed is not None
        return sealing.open_record(row.sealed, self.house.recovery_key(SLUG), row.petition_id)[0]

    async def do(
        self,
        name: str,
        which: str | bytes,
        *,
        by: Actor = OWNER,
        seen: str = "",
        at: House | None = None,
        then: type[Exception] | None = None,
        **more: Any,
    ) -> Queued:
        row, (act, needs) = await self.row(which), ACTS[name]
        house = at or self.house
        async with house.parts.database.write() as tx:
            after = await act(
                tx,
                self.petition_id,
                row.id,
                by=by,
                seen=seen or row.seen,
                keys=house.parts.keys,
                today=house.clock.now.date(),
                **needs | more,
            )
            if then is not None:
                raise then
        return after

    async def all_there_is(self) -> tuple[Any, ...]:
        """What an act could change."""
        async with self.house.parts.database.read() as connection:
            waiting = (await connection.execute(select(func.count()).select_from(tables.LedgerWaiting))).scalar_one()
            mails = (await connection.execute(select(OUTBOX).order_by(OUTBOX.c.id))).all()
            audited = (await connection.execute(select(AUDIT).order_by(AUDIT.c.number))).all()
        return sorted(await self.house.signatures()), waiting, mails, audited

    async def audited(self) -> list[Any]:
        async with self.house.parts.database.read() as connection:
            assert await audit.broken(connection) is None
            return list(await connection.execute(select(AUDIT).order_by(AUDIT.c.number)))

    async def categories(self) -> dict[str, tuple[int, int]]:
        """Folded: where signatures count, as (total, verified)."""
        await self.house.fold()
        counts = await self.house.counts()
        told = {c["category"]: (c["total"], c["verified"]) for c in counts["by_category"] if c["total"]}
        return told | ({"awaiting": (n, 0)} if (n := counts["awaiting_verification"]) else {})

    async def holds(self) -> None:
        """Signatures = ledger = tally, and each signature's own line stands as its row says."""
        async with self.house.parts.database.read() as connection:
            assert (await counting.recount(connection, self.petition_id)).holds
        await self.house.fold()
        async with self.house.parts.database.read() as connection:
            found = await counting.recount(connection, self.petition_id)
            entries = (await connection.execute(select(tables.table(tables.LedgerEntry)).order_by("index"))).all()
        assert found.holds
        assert found.waiting == 0
        for row in await self.house.signatures():
            own = [(e.index, e.body) for e in entries if e.link == self.house.parts.keys.link_of(row.id)]
            line = ledger.line_of(own)
            assert len(own) == row.acts
            assert (row.state == states.CONFIRMED) == (line is not None and line.removed is None)
            if line is not None:
                assert (line.category, line.verified) == (row.counted_as, row.verified)
