"""The signatory's acts: confirm, deny, change visibility, withdraw, erase. The link's token is who they are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import counting, notes, outbox
from petition.db import tables
from petition.domain import identity, ledger, sealing, states, tokens
from petition.domain.tokens import Keys
from petition.errors import Conflict, FieldRefused, Gone, Invalid, LinkUnknown
from petition.queries import imports, invitations, signatures
from petition.queries.signatures import Signature


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One request to confirm, with the token of its link."""

    token: bytes
    today: date


def own_record(signature: Signature, token: bytes) -> dict[str, Any]:
    """The signatory's own copy, opened by their token; `Gone` where it was erased."""
    if signature.own_copy is None:
        raise Gone("link-unknown")
    opened: dict[str, Any] = json.loads(sealing.unseal(signature.own_copy, tokens.own_copy_key(token), signature.id))
    return opened


@dataclass(slots=True)
class _Group:
    """What a group of confirmations comes to: rows to change, rows to merge, entries to note.

    `left`: how many more each invitation that somebody came with can vouch for.
    """

    keys: Keys
    counted: dict[tuple[bytes, bytes], bytes]
    left: dict[bytes, int]
    used: Counter[bytes] = field(default_factory=Counter)
    changes: list[dict[str, Any]] = field(default_factory=list)
    invited: list[dict[str, Any]] = field(default_factory=list)
    merges: list[dict[str, Any]] = field(default_factory=list)
    notes: list[counting.Note] = field(default_factory=list)

    def confirm(self, signature: Signature, confirmation: Confirmation) -> Signature:
        """The signature as it will stand: confirmed, or merged into the one that counts for its address."""
        assert signature.identity is not None
        first = self.counted.setdefault((signature.petition_id, signature.identity), signature.id)
        if first != signature.id:
            self.merges.append({"row": signature.id, "into": first})
            return replace(signature, state=states.MERGED, merged_into=first, own_copy=None)
        by, method = self._vouched_by(signature)
        counted_as = signature.category if by or signature.claim == "open" else None
        unlisted = signature.visibility == "anonymous" or signature.hidden
        record = {} if unlisted else own_record(signature, confirmation.token)
        shown = identity.shown_as(record, signature.visibility, hidden=signature.hidden)
        change = {
            "row": signature.id,
            "day": confirmation.today,
            "as": counted_as,
            "name": shown["shown_name"],
            "key": shown["shown_key"],
        }
        acts = 2 if by else 1
        if signature.invitation_id is None:
            self.changes.append(change)
        else:
            self.invited.append({**change, "by": by, "told": acts, "vouched": by is not None, "way": method})
        link = self.keys.link_of(signature.id)
        self.notes.append(
            counting.Note(
                signature.petition_id,
                link,
                0,
                ledger.COUNTED,
                category=counted_as,
                method=method,
                bind=signature.bind,
                receipt=tokens.receipt(confirmation.token),
            )
        )
        if by:
            self.notes.append(counting.Note(signature.petition_id, link, 1, ledger.VERIFIED, category=counted_as))
        return replace(
            signature,
            state=states.CONFIRMED,
            counted_as=counted_as,
            verified=by is not None,
            method=method,
            invitation_id=by,
            acts=acts,
            bind=None,
        )

    def _vouched_by(self, signature: Signature) -> tuple[bytes | None, str]:
        """The invitation that vouches for it, and the way it so comes in.

        One that was revoked or used up in the meantime vouches for nobody, and the signature came by mail alone.
        """
        invitation = signature.invitation_id
        if invitation is None:
            return None, signature.method
        if self.left.get(invitation, 0) < 1:
            return None, states.MAIL
        self.left[invitation] -= 1
        self.used[invitation] += 1
        return invitation, states.INVITATION


async def confirm(
    tx: AsyncConnection, confirmations: Sequence[Confirmation], *, keys: Keys
) -> Sequence[Signature | None]:
    """Each signature as it now stands, or None for an unknown token. Confirming twice counts once.

    Among several that wait for one address the first counts and the others are merged into it.
    Rows are locked while we look; where two processes meet all the same, the unique index on
    (petition, identity) decides and the loser's group is written again, one by one.
    One that expired, or whose petition was archived, stays as it was.

    Whoever signed in time with an invitation is verified at once, while that is open and has uses left; its row
    is locked for that, and only where somebody comes with one.
    """
    hashes = {c: tokens.stored(c.token) for c in confirmations}
    found = await signatures.by_tokens(tx, list(set(hashes.values())), lock=True)
    pending = [s for s in found.values() if s.state == states.PENDING]
    pairs = [(s.petition_id, s.identity) for s in pending if s.identity is not None]
    brought = {s.invitation_id for s in pending if s.invitation_id is not None}
    group = _Group(
        keys,
        await signatures.counted_of(tx, pairs) if pairs else {},
        await invitations.left(tx, brought) if brought else {},
    )
    found |= {key: replace(s, again=True) for key, s in found.items() if s.state == states.CONFIRMED}
    for confirmation, token_hash in hashes.items():
        signature = found.get(token_hash)
        if signature is not None and _may_confirm(signature, confirmation.today):
            found[token_hash] = group.confirm(signature, confirmation)
    await _write(tx, group)
    if group.notes:
        await counting.note(tx, group.notes, today=confirmations[0].today)
    return [found.get(hashes[c]) for c in confirmations]


def _may_confirm(signature: Signature, today: date) -> bool:
    """A petition that closed meanwhile still takes those who signed in time."""
    open_still = signature.status not in ("draft", "archived")
    return open_still and signature.state == states.PENDING and not signature.expired(today)


_ROWS = tables.table(tables.Signature)
_PENDING = (_ROWS.c.id == bindparam("row")) & (_ROWS.c.state == states.PENDING)
_CONFIRM = (
    update(_ROWS)
    .where(_PENDING)
    .values(
        state=states.CONFIRMED,
        acts=1,
        bind=None,
        counted_on=bindparam("day"),
        counted_as=bindparam("as"),
        shown_name=bindparam("name"),
        shown_key=bindparam("key"),
    )
)
_INVITED = _CONFIRM.values(
    invitation_id=bindparam("by"), acts=bindparam("told"), verified=bindparam("vouched"), method=bindparam("way")
)
_INVITATIONS = tables.table(tables.Invitation)
_USED = (
    update(_INVITATIONS)
    .where(_INVITATIONS.c.id == bindparam("which"))
    .values(used=_INVITATIONS.c.used + bindparam("times"))
)
_MERGE = update(_ROWS).where(_PENDING).values(state=states.MERGED, merged_into=bindparam("into"), **tables.WIPED)


async def _write(tx: AsyncConnection, group: _Group) -> None:
    if group.changes:
        await tx.execute(_CONFIRM, group.changes)
    if group.invited:
        await tx.execute(_INVITED, group.invited)
        spent = [{"which": which, "times": times} for which, times in group.used.items()]
        if spent:
            await tx.execute(_USED, spent)
    if group.merges:
        await tx.execute(_MERGE, group.merges)
    # A reminder that still waits is no longer wanted.
    done = [row["row"] for row in (*group.changes, *group.invited, *group.merges)]
    if done:
        await outbox.forget(tx, done)
    await notes.forget(tx, [row["row"] for row in group.merges])


async def standing(tx: AsyncConnection, token: bytes, *, lock: bool = False) -> Signature:
    """The link's signature; `LinkUnknown` if it is nobody's."""
    found = await signatures.by_tokens(tx, [tokens.stored(token)], lock=lock)
    if not found:
        raise LinkUnknown()
    return next(iter(found.values()))


async def other_of(connection: AsyncConnection, signature: Signature, *, lock: bool = False) -> Signature | None:
    """The mailbox's other signature: that which this one was merged into, or which counts while this one waits.

    What an organizer merged has an address of its own: its link must not reach the other, who may after all be
    somebody else. It keeps its digest, by which it is known.
    """
    other = signature.merged_into if signature.identity is None else None
    if other is None and signature.state == states.PENDING and signature.identity is not None:
        pair = (signature.petition_id, signature.identity)
        other = (await signatures.counted_of(connection, [pair])).get(pair)
    return None if other is None else await signatures.by_id(connection, other, lock=lock)


async def _own(tx: AsyncConnection, token: bytes) -> Signature:
    """The signature that a link may act on: its own, or the one that counts for the same mailbox.

    Whoever signed again because the first mail is lost has proved control of the same mailbox,
    and must be able to take their name off. What waits on the link itself is merged into the other:
    whoever leaves by this link must not be asked by it to confirm.
    """
    signature = await standing(tx, token, lock=True)
    other = await other_of(tx, signature, lock=True)
    if other is None:
        return signature
    if signature.state == states.PENDING:
        await _change(tx, signature.id, state=states.MERGED, merged_into=other.id, **tables.WIPED)
        await outbox.forget(tx, [signature.id])
        await notes.forget(tx, [signature.id])
    return other


async def deny(tx: AsyncConnection, token: bytes, *, keys: Keys, today: date) -> Signature:
    """ "This was not me": a pending signature ends and everything in it is erased. Once confirmed, use withdraw.

    Whoever a list brought, and who has not said that it is right, leaves the count as well; the digest of the address
    stays, so that no list brings them back.
    """
    signature = await standing(tx, token, lock=True)
    if signature.state == states.PENDING:
        await _change(tx, signature.id, state=states.WITHDRAWN, reason=states.DENIED, **tables.WIPED)
    elif await asked(tx, signature):
        gone = {**tables.WIPED, "identity": signature.identity, "acts": signature.acts + 1}
        await _change(tx, signature.id, state=states.WITHDRAWN, reason=states.DENIED, **gone)
        await _removed(tx, signature, "withdrawn", keys=keys, today=today)
    else:
        return signature
    await outbox.forget(tx, [signature.id])
    await notes.forget(tx, [signature.id])
    return signature


async def asked(connection: AsyncConnection, signature: Signature) -> bool:
    """Whether it counts because a list says so, and its signatory has yet to tell whether that is right."""
    listed = signature.method in states.LISTED and signature.own_copy is not None
    counts = signature.state == states.CONFIRMED
    return listed and counts and await imports.confirmed(connection, signature.petition_id, signature.id) is False


async def affirm(tx: AsyncConnection, token: bytes) -> bool:
    """ "Yes, that is right", said by whom a list brought; False where there was nothing to say."""
    signature = await standing(tx, token, lock=True)
    if not await asked(tx, signature):
        return False
    members, lists = tables.table(tables.ImportMember), tables.table(tables.Import)
    theirs = select(lists.c.id).where(lists.c.petition_id == signature.petition_id)
    mine = members.c.import_id.in_(theirs) & (members.c.signature_id == signature.id)
    await tx.execute(update(members).where(mine).values(confirmed=True))
    await outbox.forget(tx, [signature.id])
    return True


async def change_visibility(tx: AsyncConnection, token: bytes, visibility: str) -> Signature:
    """The name is read from the signatory's own copy. What an organizer hid stays so, whatever is chosen."""
    if visibility not in states.VISIBILITIES:
        raise Invalid({"visibility": FieldRefused("visibility-unknown")})
    signature = await standing(tx, token, lock=True)
    if signature.state != states.CONFIRMED:
        raise Conflict("link-not-confirmed")
    shown = identity.shown_as(own_record(signature, token), visibility, hidden=signature.hidden)
    await _change(tx, signature.id, visibility=visibility, **shown)
    return signature


async def withdraw(tx: AsyncConnection, token: bytes, *, keys: Keys, today: date) -> Signature:
    """Out of the count and out of the list; the sealed record stays until erased. Twice is once."""
    signature = await _own(tx, token)
    if signature.state == states.CONFIRMED:
        await _change(
            tx, signature.id, state=states.WITHDRAWN, acts=signature.acts + 1, shown_name=None, shown_key=None
        )
        await _removed(tx, signature, "withdrawn", keys=keys, today=today)
    elif signature.state == states.PENDING:
        await deny(tx, token, keys=keys, today=today)
    return signature


async def erase(tx: AsyncConnection, token: bytes, *, keys: Keys, today: date) -> Signature:
    """Withdrawn, and nothing left that follows from the person: no record, no copy, no digest, no mail.

    So nothing knows them again, should a list name them. Whoever said that a list was wrong was promised the opposite:
    of them nothing but the digest is left, and that stays.
    """
    signature = await _own(tx, token)
    if signature.state == states.CONFIRMED:
        await _change(
            tx,
            signature.id,
            state=states.WITHDRAWN,
            reason=states.ERASED,
            acts=signature.acts + 1,
            **tables.WIPED,
        )
        await _removed(tx, signature, "erased", keys=keys, today=today)
    elif signature.state == states.PENDING:
        await _change(tx, signature.id, state=states.WITHDRAWN, reason=states.ERASED, **tables.WIPED)
    elif signature.reason == states.DENIED and signature.identity is not None:
        return signature
    elif signature.reason != states.ERASED:
        await _change(tx, signature.id, reason=states.ERASED, **tables.WIPED)
    await outbox.forget(tx, [signature.id])
    await notes.forget(tx, [signature.id])
    return signature


async def _removed(tx: AsyncConnection, signature: Signature, reason: str, *, keys: Keys, today: date) -> None:
    gone = counting.Note(
        signature.petition_id, keys.link_of(signature.id), signature.acts, ledger.REMOVED, reason=reason
    )
    await counting.note(tx, [gone], today=today)


async def _change(tx: AsyncConnection, signature_id: bytes, **values: Any) -> None:
    await tx.execute(update(_ROWS).where(_ROWS.c.id == signature_id).values(**values))
