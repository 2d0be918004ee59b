"""What organizers do to signatures: vouch, move, reject, invalidate, restore, hide, pin. Each act has its undoing.

    verify ⇄ unverify     the claim, and with it where the line counts
    move                  where the line counts
    reject, invalidate ⇄ restore
    merge ⇄ unmerge       one of several signatures of one person counts; the others stay as they are, uncounted
    hide ⇄ show           whether the name is listed; the count does not move
    pin ⇄ unpin           whether it leads the list; nor does it here

Every act locks its row and is refused where the row is no longer what the organizer looked at
(`seen`); it writes the row, what the ledger must be told, and last one line of the audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypedDict, Unpack

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit, counting, outbox
from petition.actions.audit import Act
from petition.db import tables
from petition.domain import identity, ledger, states
from petition.domain.actors import MODERATE, READ, Actor, Scope
from petition.domain.ledger import Told
from petition.domain.tokens import Keys
from petition.errors import Conflict, FieldRefused, Forbidden, Invalid, NotFound
from petition.queries import invitations, queue, signatures
from petition.queries.queue import Queued

Facts = Mapping[str, str | None]

STANDING = (states.PENDING, states.CONFIRMED)
UNSHOWN: Mapping[str, None] = {"shown_name": None, "shown_key": None}


class Hand(TypedDict):
    """Whose hand it is, what it saw (`Queued.seen`), and when."""

    by: Actor
    seen: str
    keys: Keys
    today: date


@dataclass(frozen=True, slots=True)
class _Case:
    """One signature, locked, and the organizer who may act on it."""

    tx: AsyncConnection
    row: Queued
    scope: Scope
    hand: Hand

    def only_if(self, fits: bool) -> None:
        if not fits or self.row.erased:
            raise Conflict("not-in-this-state")

    async def into(self, category: str | None) -> str:
        """A category of this petition that people can sign as and that this organizer looks after."""
        known = await queue.categories(self.tx, self.row.petition_id)
        if category is None or category not in known or not self.scope.holds(category):
            raise Invalid({"category": FieldRefused("category-unknown")})
        return category

    async def done(self, verb: str, facts: Facts, *told: Told, **values: Any) -> Queued:
        """Writes it all; the row as it now stands."""
        values["acts"] = self.row.acts + len(told)
        await self.tx.execute(update(_ROWS).where(_ROWS.c.id == self.row.id).values(**values))
        await counting.note(self.tx, [self._note(n, *each) for n, each in enumerate(told)], today=self.hand["today"])
        act = Act(f"signature:{verb}", self.hand["by"].id, self.row.petition_id, self.row.id, facts)
        await audit.record(self.tx, act, today=self.hand["today"])
        return replace(self.row, **{name: value for name, value in values.items() if name not in UNSHOWN})

    def _note(self, number: int, event: str, category: str | None, reason: str | None) -> counting.Note:
        link = self.hand["keys"].link_of(self.row.id)
        act = self.row.acts + number
        return counting.Note(self.row.petition_id, link, act, event, category=category, reason=reason)


_ROWS = tables.table(tables.Signature)


async def _case(tx: AsyncConnection, petition_id: bytes, signature_id: bytes, hand: Hand) -> _Case:
    scope = hand["by"].scope(petition_id, MODERATE)
    if scope is None:
        raise NotFound() if hand["by"].scope(petition_id, READ) is None else Forbidden()
    row = await queue.by_id(tx, petition_id, signature_id, scope, lock=True)
    if row is None:
        raise NotFound()
    if row.seen != hand["seen"]:
        raise Conflict("changed-meanwhile")
    return _Case(tx, row, scope, hand)


async def verify(
    tx: AsyncConnection,
    petition_id: bytes,
    signature_id: bytes,
    *,
    category: str | None = None,
    **hand: Unpack[Hand],
) -> Queued:
    """Vouches for who somebody is, and so for `category`; without one for the category they claimed."""
    case = await _case(tx, petition_id, signature_id, hand)
    case.only_if(case.row.state == states.CONFIRMED and not case.row.verified)
    target = await case.into(category or case.row.category)
    facts = {"from": case.row.counted_as, "to": target}
    told = (ledger.VERIFIED, target, None)
    # From here on it is an organizer who vouches, no invitation.
    return await case.done("verify", facts, told, verified=True, counted_as=target, invitation_id=None)


async def unverify(tx: AsyncConnection, petition_id: bytes, signature_id: bytes, **hand: Unpack[Hand]) -> Queued:
    """Back to what the claim alone comes to."""
    case = await _case(tx, petition_id, signature_id, hand)
    case.only_if(case.row.state == states.CONFIRMED and case.row.verified)
    back = case.row.category if case.row.claim == "open" else None
    facts = {"from": case.row.counted_as, "to": back}
    return await case.done("unverify", facts, *ledger.unvouched(back), verified=False, counted_as=back)


async def move(
    tx: AsyncConnection,
    petition_id: bytes,
    signature_id: bytes,
    *,
    category: str | None,
    **hand: Unpack[Hand],
) -> Queued:
    """Counts it in another category, where it stays verified if it was; in none, it awaits anew."""
    case = await _case(tx, petition_id, signature_id, hand)
    case.only_if(case.row.state == states.CONFIRMED and category != case.row.counted_as)
    target = None if category is None else await case.into(category)
    facts = {"from": case.row.counted_as, "to": target}
    verified = case.row.verified and target is not None
    return await case.done("move", facts, (ledger.MOVED, target, None), verified=verified, counted_as=target)


async def reject(
    tx: AsyncConnection, petition_id: bytes, signature_id: bytes, *, reason: str, **hand: Unpack[Hand]
) -> Queued:
    """Before it counted: it cannot be confirmed, and no mail asks for that any more."""
    case = await _case(tx, petition_id, signature_id, hand)
    case.only_if(case.row.state == states.PENDING)
    facts = {"from": states.PENDING, "to": states.REJECTED, "reason": states.reason_given(reason)}
    await outbox.forget(tx, [signature_id])
    return await case.done("reject", facts, state=states.REJECTED, reason=reason)


async def invalidate(
    tx: AsyncConnection, petition_id: bytes, signature_id: bytes, *, reason: str, **hand: Unpack[Hand]
) -> Queued:
    """After it counted: out of the count and out of the list. The ledger does not learn the organizer's reason."""
    case = await _case(tx, petition_id, signature_id, hand)
    case.only_if(case.row.state == states.CONFIRMED)
    facts = {"from": states.CONFIRMED, "to": states.INVALIDATED, "reason": states.reason_given(reason)}
    removed = (ledger.REMOVED, None, "invalidated")
    return await case.done("invalidate", facts, removed, state=states.INVALIDATED, reason=reason, **UNSHOWN)


async def restore(
    tx: AsyncConnection,
    petition_id: bytes,
    signature_id: bytes,
    *,
    record: Mapping[str, Any] | None = None,
    **hand: Unpack[Hand],
) -> Queued:
    """Undoes reject and invalidate. A name can come back only from the opened record; without it, it stays unlisted.

    It is verified as before, unless it was by an invitation whose people were sent back to review meanwhile.
    """
    case = await _case(tx, petition_id, signature_id, hand)
    row = case.row
    case.only_if(row.state in (states.REJECTED, states.INVALIDATED))
    if row.state == states.REJECTED:
        if row.signed_on < signatures.lapsing_before(hand["today"]):
            # Pending again, it would lapse and be erased on the same day.
            raise Conflict("restore-too-late")
        facts = {"from": row.state, "to": states.PENDING}
        return await case.done("restore", facts, state=states.PENDING, reason=None)
    return await _back_into_count(case, "restore", record)


async def merge(
    tx: AsyncConnection,
    petition_id: bytes,
    signature_id: bytes,
    others: Mapping[bytes, str],
    **hand: Unpack[Hand],
) -> Queued:
    """The others (id to what was seen of it) are the same person as this one, which alone goes on counting.

    Their records stay, so that what they add can be read beside the one that counts, and so that it can be undone.
    """
    if not others or signature_id in others:
        raise Invalid({"survivor": FieldRefused("survivor-missing")})
    # In the order of their ids: two organizers who merge the same at once wait for each other and never for ever.
    cases = {}
    for one in sorted((signature_id, *others)):
        mine: Hand = hand if one == signature_id else {**hand, "seen": others[one]}
        cases[one] = await _case(tx, petition_id, one, mine)
        cases[one].only_if(cases[one].row.state == states.CONFIRMED)
    survivor = cases.pop(signature_id)
    facts = {"from": states.CONFIRMED, "to": states.MERGED, "into": signature_id.hex()}
    for case in cases.values():
        removed = (ledger.REMOVED, None, "merged")
        await case.done("merge", facts, removed, state=states.MERGED, merged_into=signature_id, **UNSHOWN)
    return survivor.row


async def unmerge(
    tx: AsyncConnection,
    petition_id: bytes,
    signature_id: bytes,
    *,
    record: Mapping[str, Any] | None = None,
    **hand: Unpack[Hand],
) -> Queued:
    """Undoes merge, whatever became of the one it was merged into."""
    case = await _case(tx, petition_id, signature_id, hand)
    case.only_if(case.row.state == states.MERGED)
    return await _back_into_count(case, "unmerge", record)


async def _back_into_count(case: _Case, verb: str, record: Mapping[str, Any] | None) -> Queued:
    row, tx = case.row, case.tx
    if await signatures.counted_of(tx, [(row.petition_id, row.identity or b"")]):
        raise Conflict("already-counts")
    shown = UNSHOWN if record is None else identity.shown_as(record, row.visibility, hidden=row.hidden)
    values: dict[str, Any] = {"state": states.CONFIRMED, "reason": None, "merged_into": None, **shown}
    told: list[Told] = [(ledger.RESTORED, None, None)]
    for counted_as in (await invitations.recalled(tx, [row.id])).values():
        values |= {"verified": False, "counted_as": counted_as}
        told += ledger.unvouched(counted_as)
    facts = {"from": row.state, "to": states.CONFIRMED}
    try:
        return await case.done(verb, facts, *told, **values)
    except IntegrityError:
        # The same address was confirmed by somebody else at this moment: the unique index has the last word.
        raise Conflict("already-counts") from None


async def hide(tx: AsyncConnection, petition_id: bytes, signature_id: bytes, **hand: Unpack[Hand]) -> Queued:
    """The name leaves the list, and its signatory's choice does not bring it back; it counts as before."""
    case = await _case(tx, petition_id, signature_id, hand)
    case.only_if(case.row.state in STANDING and not case.row.hidden)
    return await case.done("hide", {"from": "listed", "to": "hidden"}, hidden=True, **UNSHOWN)


async def show(
    tx: AsyncConnection,
    petition_id: bytes,
    signature_id: bytes,
    *,
    record: Mapping[str, Any],
    **hand: Unpack[Hand],
) -> Queued:
    """Undoes hide: as its signatory chose, and once it counts."""
    case = await _case(tx, petition_id, signature_id, hand)
    case.only_if(case.row.state in STANDING and case.row.hidden)
    counts = case.row.state == states.CONFIRMED
    shown = identity.shown_as(record, case.row.visibility, hidden=not counts)
    return await case.done("show", {"from": "hidden", "to": "listed"}, hidden=False, **shown)


async def pin(tx: AsyncConnection, petition_id: bytes, signature_id: bytes, **hand: Unpack[Hand]) -> Queued:
    """It leads the list."""
    case = await _case(tx, petition_id, signature_id, hand)
    case.only_if(case.row.state in STANDING and not case.row.pinned)
    return await case.done("pin", {"from": "unpinned", "to": "pinned"}, pinned=True)


async def unpin(tx: AsyncConnection, petition_id: bytes, signature_id: bytes, **hand: Unpack[Hand]) -> Queued:
    case = await _case(tx, petition_id, signature_id, hand)
    case.only_if(case.row.state in STANDING and case.row.pinned)
    return await case.done("unpin", {"from": "pinned", "to": "unpinned"}, pinned=False)
