"""Invitations: issue them, revoke one. Signing through one is `intake`, being vouched for is `signing.confirm`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit, counting
from petition.actions.audit import Act
from petition.db import tables
from petition.domain import invitations as rules
from petition.domain import ledger, states, tokens
from petition.domain.actors import MODERATE, Actor
from petition.domain.tokens import Keys
from petition.errors import Conflict, FieldRefused, Forbidden, Invalid, NotFound
from petition.queries import invitations, queue

_ROWS, _SIGNATURES, _CATEGORIES = (
    tables.table(mapped) for mapped in (tables.Invitation, tables.Signature, tables.Category)
)


def link(base_url: str, language: str, slug: str, code: bytes) -> str:
    return f"{base_url.rstrip('/')}/{language}/petitions/{slug}?invitation={tokens.written(code)}"


async def issue(
    tx: AsyncConnection,
    petition_id: bytes,
    category: str,
    *,
    uses: int,
    expires_on: date | None,
    by: Actor | None,
    today: date,
    count: int = 1,
) -> list[bytes]:
    """The codes, told this once: only their hashes are stored. `by` None is the operator."""
    if by is not None and by.scope(petition_id, MODERATE) is None:
        raise Forbidden()
    known = category in await queue.categories(tx, petition_id)
    if not known or (by is not None and not by.may(petition_id, MODERATE, category)):
        raise Invalid({"category": FieldRefused("category-unknown")})
    codes = [secrets.token_bytes(tokens.TOKEN_BYTES) for _ in range(count)]
    issuer = None if by is None else by.id
    same = {
        "petition_id": petition_id,
        "category": category,
        "uses": uses,
        "expires_on": expires_on,
        "issued_by": issuer,
        "issued_on": today,
        "state": rules.OPEN,
    }
    await tx.execute(
        insert(_ROWS), [{"id": secrets.token_bytes(16), "code": tokens.stored(code), **same} for code in codes]
    )
    facts = {"category": category, "uses": uses, "count": count, "expires": expires_on and str(expires_on)}
    await audit.record(tx, Act("invitation:issue", issuer, petition_id, facts=facts), today=today)
    return codes


async def revoke(
    tx: AsyncConnection,
    petition_id: bytes,
    invitation_id: bytes,
    *,
    by: Actor,
    keys: Keys,
    today: date,
    back_to_review: bool,
) -> int:
    """It vouches for nobody any more; who still waits for confirmation with it will count like any other.

    With `back_to_review` whoever it has vouched for, and still counts as verified, loses that mark; how many did.
    One that was revoked before can have its people sent back later.
    """
    # Before the invitation's own lock, and in the order of their ids, as confirming takes them.
    await tx.execute(
        select(_SIGNATURES.c.id).where(_vouched(invitation_id)).order_by(_SIGNATURES.c.id).with_for_update()
    )
    invitation = await invitations.by_id(tx, petition_id, invitation_id, lock=True)
    if invitation is None:
        raise NotFound()
    if not by.may(petition_id, MODERATE, invitation.category):
        raise Forbidden()
    if invitation.state == rules.REVOKED and not back_to_review:
        raise Conflict("invitation-revoked")
    await tx.execute(update(_ROWS).where(_ROWS.c.id == invitation_id).values(state=rules.REVOKED))
    back = await _back_to_review(tx, invitation, by=by, keys=keys, today=today) if back_to_review else []
    facts = {"category": invitation.category, "back_to_review": len(back)}
    await audit.record(tx, Act("invitation:revoke", by.id, petition_id, invitation_id, facts), *back, today=today)
    return len(back)


def _vouched(invitation_id: bytes) -> Any:
    return (
        (_SIGNATURES.c.invitation_id == invitation_id)
        & (_SIGNATURES.c.state == states.CONFIRMED)
        & _SIGNATURES.c.verified.is_(True)
    )


async def _back_to_review(
    tx: AsyncConnection, invitation: invitations.Invitation, *, by: Actor, keys: Keys, today: date
) -> list[Act]:
    """As by `moderation.unverify`, all at once: in the ledger a line loses its mark by moving to no category."""
    claim = select(_CATEGORIES.c.claim).where(
        _CATEGORIES.c.petition_id == invitation.petition_id, _CATEGORIES.c.slug == invitation.category
    )
    back = invitation.category if (await tx.execute(claim)).scalar_one_or_none() == "open" else None
    told = [None] if back is None else [None, back]
    changed = (
        await tx.execute(
            update(_SIGNATURES)
            .where(_vouched(invitation.id))
            .values(verified=False, counted_as=back, acts=_SIGNATURES.c.acts + len(told))
            .returning(_SIGNATURES.c.id, _SIGNATURES.c.acts)
        )
    ).all()
    notes = [
        counting.Note(
            invitation.petition_id,
            keys.link_of(row.id),
            row.acts - len(told) + number,
            ledger.MOVED,
            category=category,
        )
        for row in changed
        for number, category in enumerate(told)
    ]
    await counting.note(tx, notes, today=today)
    facts: Mapping[str, Any] = {"to": back, "invitation": invitation.id.hex()}
    return [Act("signature:unverify", by.id, invitation.petition_id, row.id, facts) for row in changed]
