"""Mails that were refused for good, sent once more under a new link.

What such a mail said is blanked, its link's token was kept by nobody. So there is nothing to send again: the record is
opened with the petition's keys, the signatory gets a new token, a new copy under it and a new mail; the old link ends.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit, outbox
from petition.actions.audit import Act
from petition.db import tables
from petition.domain import identity, sealing, tokens
from petition.domain.actors import MODERATE, Actor
from petition.domain.sealing import Opener, Ring
from petition.domain.tokens import Keys
from petition.errors import Forbidden
from petition.queries import funnel
from petition.queries.signatures import lapsing_before

AT_ONCE = 200

_rows, _letters = tables.table(tables.Signature), tables.table(tables.Outbox)


@dataclass(frozen=True, slots=True)
class Mailed:
    """How many mails wait again, and how many records these keys did not open."""

    again: int
    unreadable: int


async def again(tx: AsyncConnection, petition_id: bytes, *, ring: Ring, by: Actor, keys: Keys, today: date) -> Mailed:
    """Up to `AT_ONCE` of those in the actor's scope. The mail budget holds here too."""
    scope = by.scope(petition_id, MODERATE)
    if scope is None:
        raise Forbidden()
    joined = _letters.join(_rows, _rows.c.id == _letters.c.signature_id)
    wanted = (
        select(_rows.c.id, _rows.c.sealed, _rows.c.bind, _rows.c.language, _letters.c.id.label("letter"))
        .select_from(joined)
        .where(
            funnel.failed_of(petition_id, scope),
            _rows.c.sealed.is_not(None),
            _rows.c.signed_on >= lapsing_before(today),
        )
        .order_by(_rows.c.id)
        .limit(AT_ONCE)
        .with_for_update(of=_rows)
    )
    opener = Opener(ring, petition_id)
    sent = unreadable = 0
    for row in (await tx.execute(wanted)).all():
        record = _opened(row, opener)
        if record is None:
            unreadable += 1
            continue
        await _write(tx, row, record, petition_id, keys=keys, today=today)
        sent += 1
    if sent:
        await audit.record(tx, Act("mail:again", by.id, petition_id, facts={"number": sent}), today=today)
    return Mailed(sent, unreadable)


def _opened(row: Any, opener: Opener) -> dict[str, Any] | None:
    """The record, if these keys open it and it is the one that was signed."""
    try:
        record, secret = opener.open(row.sealed)
    except sealing.Unreadable:
        return None
    return record if sealing.bind(secret, sealing.canonical(record)) == row.bind else None


async def _write(
    tx: AsyncConnection, row: Any, record: dict[str, Any], petition_id: bytes, *, keys: Keys, today: date
) -> None:
    token = secrets.token_bytes(tokens.TOKEN_BYTES)
    copy_nonce, mail_nonce = (secrets.token_bytes(sealing.NONCE_BYTES) for _ in range(2))
    copy = sealing.seal(sealing.canonical(record), tokens.own_copy_key(token), copy_nonce, row.id)
    await tx.execute(update(_rows).where(_rows.c.id == row.id).values(token_hash=tokens.stored(token), own_copy=copy))
    contents = {
        "address": record["email"],
        "mailbox": identity.mail_address(record["email"]).mailbox,
        "name": record["full_name"],
        "token": tokens.written(token),
        "language": row.language,
    }
    letter = outbox.row(keys, row.id, petition_id, contents, nonce=mail_nonce, due_on=today)
    await tx.execute(update(_letters).where(_letters.c.id == row.letter).values(**letter))
