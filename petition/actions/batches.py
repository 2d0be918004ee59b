"""Acts on many signatures by a rule: drafted, agreed to, done in the background, undone as a whole.

    draft      the signatures are chosen and stay chosen: what was shown is what will be done
    start      at once, or it waits for a second owner (domain/batching.py says when)
    advance    one step of the background's work: a few bulk statements for `STEP` signatures, then the ledger
    undo       what still stands as the batch left it; names come back by `relist`, from opened records

Killed anywhere, the next step goes on: each is one transaction, and members say how far it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit, counting, outbox
from petition.actions.audit import Act
from petition.db import dialect, tables
from petition.domain import batching, identity, sealing, states
from petition.domain.actors import DECIDE, MODERATE, Actor
from petition.domain.batching import Change, Row
from petition.domain.rules import Rule
from petition.domain.tokens import Keys
from petition.errors import Conflict, FieldRefused, Forbidden, Invalid, NotFound
from petition.queries import batches, counts, invitations, organizers, petitions, queue, signatures
from petition.queries.batches import Batch, Member

STEP = 1_000
_BATCHES, _MEMBERS, _ROWS = (tables.table(t) for t in (tables.Batch, tables.BatchMember, tables.Signature))


async def draft(
    tx: AsyncConnection,
    petition_id: bytes,
    rule: Rule,
    rows: Sequence[Row],
    *,
    act: str,
    category: str | None,
    reason: str | None,
    by: Actor,
    today: date,
) -> bytes:
    """The batch's id. Of `rows`, which fit the rule, those are taken that the act changes.

    `Invalid` if there are none, or where the act is in need of a category or a reason and has none.
    """
    scope = by.scope(petition_id, MODERATE)
    if scope is None:
        raise Forbidden()
    known = frozenset(slug for slug in await queue.categories(tx, petition_id) if scope.holds(slug))
    if act not in batching.ACTS:
        raise Invalid({"act": FieldRefused("unknown-choice")})
    if (act == batching.MOVE and category not in known) or (category is not None and category not in known):
        raise Invalid({"category_to": FieldRefused("category-unknown")})
    reason = states.reason_given(reason or "") if act in batching.WITH_REASON else None
    chosen = [
        row
        for row in rows
        if scope.holds(row.category)
        and (act != batching.VERIFY or (category or row.category) in known)
        and batching.change(act, category, reason, row) is not None
    ]
    if not chosen:
        raise Invalid({"rule": FieldRefused("rule-fits-none")})
    batch_id = secrets.token_bytes(16)
    public_key = (await petitions.public_keys(tx, [petition_id]))[petition_id]
    sealed = sealing.seal_record(sealing.canonical(rule.given()), bytes(32), public_key, petition_id)
    values = {"id": batch_id, "petition_id": petition_id, "act": act, "category": category, "reason": reason}
    made = {"rule": sealed, "state": batching.DRAFT, "number": len(chosen), "made_by": by.id, "made_on": today}
    await tx.execute(insert(_BATCHES).values(**values, **made, agreed_by=None, upto=b""))
    members = [
        {
            "batch_id": batch_id,
            "signature_id": row.id,
            "state": batching.WAITING,
            "was": row.state,
            "acts": row.acts,
            "counted_as": row.counted_as,
            "verified": row.verified,
        }
        for row in chosen
    ]
    await dialect.append(tx, _MEMBERS, members)
    return batch_id


async def start(tx: AsyncConnection, petition_id: bytes, batch_id: bytes, *, by: Actor, today: date) -> str:
    """Runs it, or has a second owner asked; its state then."""
    batch = await _own(tx, petition_id, batch_id, by, batching.DRAFT)
    total = (await counts.tally(tx, petition_id)).total
    alone = await organizers.owners(tx, petition_id) <= {by.id}
    state = batching.RUNNING
    if batching.second_owner_needed(batch.number, total) and not (alone and by.may(petition_id, DECIDE)):
        state = batching.ASKED
    facts = {"act": batch.act, "to": batch.category, "reason": batch.reason, "number": batch.number, "state": state}
    await _into(tx, batch, state, Act("batch:start", by.id, petition_id, batch_id, facts), today=today)
    return state


async def approve(tx: AsyncConnection, petition_id: bytes, batch_id: bytes, *, by: Actor, today: date) -> None:
    """By another owner than the one who asked."""
    batch = await _decided(tx, petition_id, batch_id, by)
    approved = Act("batch:approve", by.id, petition_id, batch_id, {"number": batch.number})
    await _into(tx, batch, batching.RUNNING, approved, today=today, agreed_by=by.id)


async def decline(tx: AsyncConnection, petition_id: bytes, batch_id: bytes, *, by: Actor, today: date) -> None:
    batch = await _decided(tx, petition_id, batch_id, by)
    await _into(tx, batch, batching.DECLINED, Act("batch:decline", by.id, petition_id, batch_id), today=today)


async def cancel(tx: AsyncConnection, petition_id: bytes, batch_id: bytes, *, by: Actor, today: date) -> None:
    """What is done stays done, and can be undone; nothing further is. By whoever made it, or an owner."""
    batch = await _own(tx, petition_id, batch_id, by, batching.ASKED, batching.RUNNING)
    if batch.made_by != by.id and not by.may(petition_id, DECIDE):
        raise Forbidden()
    await _into(tx, batch, batching.CANCELLED, Act("batch:cancel", by.id, petition_id, batch_id), today=today)


async def undo(tx: AsyncConnection, petition_id: bytes, batch_id: bytes, *, by: Actor, today: date) -> None:
    """As a whole; what somebody has changed since is left as it is."""
    batch = await _own(tx, petition_id, batch_id, by, batching.DONE, batching.CANCELLED)
    if batch.made_by != by.id and not by.may(petition_id, DECIDE):
        raise Forbidden()
    undone = Act("batch:undo", by.id, petition_id, batch_id)
    await _into(tx, batch, batching.UNDOING, undone, today=today, upto=b"")


async def discard(tx: AsyncConnection, petition_id: bytes, batch_id: bytes, *, by: Actor) -> None:
    """A draft that was not started leaves nothing."""
    batch = await _own(tx, petition_id, batch_id, by, batching.DRAFT)
    await _remove(tx, [batch.id])


async def _remove(tx: AsyncConnection, ids: Sequence[bytes]) -> None:
    await tx.execute(delete(_MEMBERS).where(_MEMBERS.c.batch_id.in_(ids)))
    await tx.execute(delete(_BATCHES).where(_BATCHES.c.id.in_(ids)))


async def _own(tx: AsyncConnection, petition_id: bytes, batch_id: bytes, by: Actor, *states_: str) -> Batch:
    """The batch, locked, if this organizer moderates here and it is in one of these states."""
    if by.scope(petition_id, MODERATE) is None:
        raise Forbidden()
    batch = await batches.by_id(tx, petition_id, batch_id, lock=True)
    if batch is None:
        raise NotFound()
    if batch.state == batching.DRAFT and batch.made_by != by.id:
        raise NotFound()
    if batch.state not in states_:
        raise Conflict("batch-moved-on")
    return batch


async def _decided(tx: AsyncConnection, petition_id: bytes, batch_id: bytes, by: Actor) -> Batch:
    batch = await _own(tx, petition_id, batch_id, by, batching.ASKED)
    if not by.may(petition_id, DECIDE):
        raise Forbidden()
    if batch.made_by == by.id:
        raise Forbidden("second-owner")
    return batch


async def _into(tx: AsyncConnection, batch: Batch, state: str, act: Act, *, today: date, **more: bytes) -> None:
    await tx.execute(update(_BATCHES).where(_BATCHES.c.id == batch.id).values(state=state, **more))
    await audit.record(tx, act, today=today)


async def advance(tx: AsyncConnection, petition_id: bytes, batch_id: bytes, *, keys: Keys, today: date) -> int:
    """The next `STEP` members forward or back; how many. At the end the batch says so itself."""
    batch = await batches.by_id(tx, petition_id, batch_id, lock=True)
    if batch is None or batch.state not in batching.AT_WORK:
        return 0
    forth = batch.state == batching.RUNNING
    state = batching.WAITING if forth else batching.CHANGED
    taken = await batches.members(tx, batch_id, state, limit=STEP, after=batch.upto)
    if not taken:
        ended = batching.DONE if forth else batching.UNDONE
        await tx.execute(update(_BATCHES).where(_BATCHES.c.id == batch_id).values(state=ended))
        return 0
    changes = {m.row: _forth(batch, m) for m in taken} if forth else await _back(tx, batch, taken, today)
    fitting = {row: change for row, change in changes.items() if change is not None}
    await _write(tx, petition_id, fitting, keys=keys, today=today)
    if forth and batch.act == batching.REJECT:
        await outbox.forget(tx, [row.id for row in fitting])
    became = {
        batching.CHANGED if forth else batching.BACK: [r.id for r, c in fitting.items() if not c.unlisted],
        batching.UNLISTED: [r.id for r, c in fitting.items() if c.unlisted],
        batching.SKIPPED if forth else batching.LEFT: [row.id for row, change in changes.items() if change is None],
    }
    for state, ids in became.items():
        await _mark(tx, batch_id, ids, state)
    await tx.execute(update(_BATCHES).where(_BATCHES.c.id == batch_id).values(upto=taken[-1].row.id))
    return len(taken)


def _forth(batch: Batch, member: Member) -> Change | None:
    if not batching.stands(member.stood, member.row):
        return None
    return batching.change(batch.act, batch.category, batch.reason, member.row)


async def _back(tx: AsyncConnection, batch: Batch, taken: Sequence[Member], today: date) -> dict[Row, Change | None]:
    changes = {m.row: batching.change_back(batch.act, batch.category, m.stood, m.row) for m in taken}
    if batch.act == batching.REJECT:
        # Pending again, it would lapse and be erased on the same day.
        old = {m.row for m in taken if m.signed_on < signatures.lapsing_before(today)}
        changes.update(dict.fromkeys(old))
    if batch.act == batching.INVALIDATE:
        pairs = {(batch.petition_id, m.identity): m.row for m in taken if m.identity is not None}
        # Erased meanwhile, or the same address was counted anew.
        gone = {m.row for m in taken if m.identity is None}
        changes.update(dict.fromkeys(gone | {pairs[pair] for pair in await signatures.counted_of(tx, list(pairs))}))
        recalled = await invitations.recalled(tx, [m.row.id for m in taken])
        for row, change in changes.items():
            if change is not None and row.id in recalled:
                changes[row] = batching.unvouched(change, recalled[row.id])
    return changes


async def _write(
    tx: AsyncConnection, petition_id: bytes, changes: Mapping[Row, Change], *, keys: Keys, today: date
) -> None:
    """One UPDATE for all that change alike, and what the ledger is told."""
    alike: dict[tuple[Any, ...], list[bytes]] = {}
    for row, change in changes.items():
        alike.setdefault((tuple(change.values.items()), len(change.told)), []).append(row.id)
    for (values, told), ids in alike.items():
        await tx.execute(update(_ROWS).where(_ROWS.c.id.in_(ids)).values(acts=_ROWS.c.acts + told, **dict(values)))
    notes = [
        counting.Note(petition_id, link, row.acts + number, event, category=category, reason=reason)
        for row, change in changes.items()
        if change.told
        for link in (keys.link_of(row.id),)
        for number, (event, category, reason) in enumerate(change.told)
    ]
    await counting.note(tx, notes, today=today)


async def _mark(tx: AsyncConnection, batch_id: bytes, ids: Sequence[bytes], state: str) -> None:
    if ids:
        mine = (_MEMBERS.c.batch_id == batch_id) & _MEMBERS.c.signature_id.in_(ids)
        await tx.execute(update(_MEMBERS).where(mine).values(state=state))


_LIST = (
    update(_ROWS)
    .where(_ROWS.c.id == bindparam("row"), _ROWS.c.state == states.CONFIRMED, _ROWS.c.hidden.is_(False))
    .values(shown_name=bindparam("name"), shown_key=bindparam("key"))
)


async def relist(tx: AsyncConnection, batch_id: bytes, records: Mapping[bytes, Mapping[str, Any]]) -> int:
    """Names of undone signatures come back into the list, from their opened records; how many were seen to.

    Each as its signatory has chosen by now; one that no longer counts, or was hidden or erased since, stays out of it.
    """
    members = await batches.members(tx, batch_id, batching.UNLISTED, limit=STEP)
    rows = [member.row for member in members if member.row.id in records]
    names = []
    for row in rows:
        shown = identity.shown_as(records[row.id], row.visibility, hidden=not records[row.id])
        names.append({"row": row.id, "name": shown["shown_name"], "key": shown["shown_key"]})
    if names:
        await tx.execute(_LIST, names)
    await _mark(tx, batch_id, [row.id for row in rows], batching.BACK)
    return len(rows)


async def forget(tx: AsyncConnection, *, today: date) -> None:
    """Drafts of earlier days go: nobody started them."""
    old = (_BATCHES.c.state == batching.DRAFT) & (_BATCHES.c.made_on < today)
    await _remove(tx, (await tx.execute(select(_BATCHES.c.id).where(old))).scalars().all())
