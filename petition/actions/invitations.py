"""Invitations: issue them, revoke one, recall one. Signing by one is `intake`, being vouched for is `signing.confirm`.

Two acts, because confirming locks signatures first and then their invitations: `revoke` locks the invitation alone,
and once that is written nobody confirms by it any more, so that `recall` may lock it before its people.
"""

from __future__ import annotations

import secrets
from datetime import date

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit, counting
from petition.actions.audit import Act
from petition.db import tables
from petition.domain import invitations as rules
from petition.domain import ledger, tokens
from petition.domain.actors import MODERATE, READ, Actor
from petition.domain.tokens import Keys
from petition.errors import Conflict, FieldRefused, Forbidden, Invalid, NotFound
from petition.queries import invitations, queue
from petition.queries.invitations import VOUCHED, Invitation

_ROWS, _SIGNATURES, _CATEGORIES = (
    tables.table(mapped) for mapped in (tables.Invitation, tables.Signature, tables.Category)
)
ID_BYTES = 16


def link(base_url: str, language: str, slug: str, code: bytes) -> str:
    return f"{base_url.rstrip('/')}/{language}/petitions/{slug}?invitation={tokens.written(code)}"


async def issue(
    tx: AsyncConnection,
    petition_id: bytes,
    category: str,
    *,
    uses: int,
    expires_on: date,
    by: Actor | None,
    today: date,
    count: int = 1,
) -> list[tuple[bytes, bytes]]:
    """(id, code) of each; the codes are told this once, only their hashes are stored. `by` None is the operator."""
    if by is not None and by.scope(petition_id, MODERATE) is None:
        raise Forbidden()
    known = category in await queue.categories(tx, petition_id)
    if not known or (by is not None and not by.may(petition_id, MODERATE, category)):
        raise Invalid({"category": FieldRefused("category-unknown")})
    made = [(secrets.token_bytes(ID_BYTES), secrets.token_bytes(tokens.TOKEN_BYTES)) for _ in range(count)]
    issuer = None if by is None else by.id
    same = {
        "petition_id": petition_id,
        "category": category,
        "uses": uses,
        "used": 0,
        "expires_on": expires_on,
        "issued_by": issuer,
        "issued_on": today,
        "state": rules.OPEN,
    }
    await tx.execute(insert(_ROWS), [{"id": each, "code": tokens.stored(code), **same} for each, code in made])
    facts = {"category": category, "uses": uses, "count": count, "expires": str(expires_on)}
    await audit.record(tx, Act("invitation:issue", issuer, petition_id, facts=facts), today=today)
    return made


async def revoke(
    tx: AsyncConnection, petition_id: bytes, invitation_id: bytes, *, by: Actor, today: date
) -> Invitation:
    """It vouches for nobody new: who still waits for confirmation with it will count like anybody. As it was before."""
    invitation = await _own(tx, petition_id, invitation_id, by)
    if invitation.state != rules.OPEN:
        raise Conflict("invitation-moved-on")
    await _into(tx, invitation, rules.REVOKED)
    facts = {"category": invitation.category, "used": invitation.used}
    await audit.record(tx, Act("invitation:revoke", by.id, petition_id, invitation_id, facts), today=today)
    return invitation


async def recall(
    tx: AsyncConnection, petition_id: bytes, invitation_id: bytes, *, by: Actor, keys: Keys, today: date
) -> int:
    """Whoever a revoked one still vouches for goes back to review; how many.

    Each then counts as by their claim alone. Whoever an organizer has verified since stays so. One that is out of the
    count now loses the mark when it is restored.
    """
    invitation = await _own(tx, petition_id, invitation_id, by)
    if invitation.state != rules.REVOKED:
        raise Conflict("invitation-moved-on")
    theirs = (_SIGNATURES.c.invitation_id == invitation_id) & VOUCHED
    # In the order in which others lock them.
    await tx.execute(select(_SIGNATURES.c.id).where(theirs).order_by(_SIGNATURES.c.id).with_for_update())
    claimed = (_CATEGORIES.c.petition_id == petition_id) & (_CATEGORIES.c.slug == invitation.category)
    claim = (await tx.execute(select(_CATEGORIES.c.claim).where(claimed))).scalar_one_or_none()
    back = invitation.category if claim == "open" else None
    told = ledger.unvouched(back)
    sent_back = (
        update(_SIGNATURES)
        .where(theirs)
        .values(verified=False, counted_as=back, acts=_SIGNATURES.c.acts + len(told))
        .returning(_SIGNATURES.c.id, _SIGNATURES.c.acts)
    )
    rows = (await tx.execute(sent_back)).all()
    notes = [
        counting.Note(petition_id, keys.link_of(row.id), row.acts - len(told) + number, event, category=category)
        for row in rows
        for number, (event, category, _) in enumerate(told)
    ]
    await counting.note(tx, notes, today=today)
    await _into(tx, invitation, rules.RECALLED)
    facts = {"category": invitation.category, "number": len(rows)}
    await audit.record(tx, Act("invitation:recall", by.id, petition_id, invitation_id, facts), today=today)
    return len(rows)


async def _own(tx: AsyncConnection, petition_id: bytes, invitation_id: bytes, by: Actor) -> Invitation:
    invitation = await invitations.by_id(tx, petition_id, invitation_id, lock=True)
    if invitation is None or not by.may(petition_id, READ, invitation.category):
        raise NotFound()
    if not by.may(petition_id, MODERATE, invitation.category):
        raise Forbidden()
    return invitation


async def _into(tx: AsyncConnection, invitation: Invitation, state: str) -> None:
    await tx.execute(update(_ROWS).where(_ROWS.c.id == invitation.id).values(state=state))
