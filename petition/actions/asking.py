"""Asking those whom a list brought whether it is right, some time after it was taken in.

The link's token lies sealed with the record: it is opened with the petition's keys, the signatory gets a copy under
it and the mail. Whom the mail budget keeps back is not asked; nobody is asked twice.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit, outbox
from petition.actions.audit import Act
from petition.db import tables
from petition.domain import identity, sealing, states, tokens
from petition.domain.actors import MODERATE, Actor
from petition.domain.sealing import Opener, Ring
from petition.domain.tokens import Keys
from petition.errors import Forbidden, NotFound
from petition.queries import imports

AT_ONCE = 200

_rows, _members = tables.table(tables.Signature), tables.table(tables.ImportMember)
_COPY = update(_rows).where(_rows.c.id == bindparam("row")).values(own_copy=bindparam("copy"))


@dataclass(frozen=True, slots=True)
class Asked:
    """One step: `sent` mails, up to the signature `upto`; `upto` is None once nobody is left."""

    sent: int
    upto: bytes | None


async def begin(tx: AsyncConnection, petition_id: bytes, import_id: bytes, *, by: Actor, today: date) -> None:
    """In the audit before the first record is opened. Whoever may moderate the whole petition may ask."""
    if not by.may(petition_id, MODERATE):
        raise Forbidden()
    if await imports.by_id(tx, petition_id, import_id) is None:
        raise NotFound()
    await audit.record(tx, Act("import:ask", by.id, petition_id, import_id), today=today)


async def step(
    tx: AsyncConnection, petition_id: bytes, import_id: bytes, upto: bytes, *, ring: Ring, keys: Keys, today: date
) -> Asked:
    """The next `AT_ONCE` who count and were not asked yet; a record that does not open is passed by."""
    joined = _members.join(_rows, _rows.c.id == _members.c.signature_id)
    wanted = (
        select(_rows.c.id, _rows.c.sealed, _rows.c.language)
        .select_from(joined)
        .where(
            _members.c.import_id == import_id,
            _members.c.signature_id > upto,
            _rows.c.petition_id == petition_id,
            _rows.c.state == states.CONFIRMED,
            _rows.c.own_copy.is_(None),
            _rows.c.sealed.is_not(None),
        )
        .order_by(_rows.c.id)
        .limit(AT_ONCE)
        .with_for_update(of=_rows)
    )
    found = (await tx.execute(wanted)).all()
    opener, copies, letters = Opener(ring, petition_id), [], []
    for row in found:
        made = _made(row, petition_id, opener, keys, today)
        if made is not None:
            copies.append({"row": row.id, "copy": made[0]})
            letters.append(made[1])
    if copies:
        await tx.execute(_COPY, copies)
        await outbox.enqueue(tx, letters)
    return Asked(len(letters), found[-1].id if found else None)


def _made(row: Any, petition_id: bytes, opener: Opener, keys: Keys, today: date) -> tuple[bytes, dict[str, Any]] | None:
    """The signatory's copy and the mail; None for whoever has no address, or whose record keeps no link."""
    try:
        record, token = opener.linked(row.sealed)
    except sealing.Unreadable:
        return None
    if token is None or not record.get("email"):
        return None
    copy_nonce, mail_nonce = (secrets.token_bytes(sealing.NONCE_BYTES) for _ in range(2))
    copy = sealing.seal(sealing.canonical(record), tokens.own_copy_key(token), copy_nonce, row.id)
    contents = {
        "address": record["email"],
        "mailbox": identity.mail_address(record["email"]).mailbox,
        "name": record["full_name"],
        "token": tokens.written(token),
        "language": row.language,
    }
    letter = outbox.row(keys, row.id, petition_id, contents, nonce=mail_nonce, kind=outbox.LISTED, due_on=today)
    return copy, letter


async def answers(connection: AsyncConnection, import_id: bytes) -> dict[str, int]:
    """Of one list: how many were `asked`, said that it is `right`, or `denied` it."""
    joined = _members.join(_rows, _rows.c.id == _members.c.signature_id)
    denied = (_rows.c.state == states.WITHDRAWN) & (_rows.c.reason == states.DENIED)

    def number(condition: Any) -> Any:
        return func.count().filter(condition)

    wanted = select(
        number(_rows.c.own_copy.is_not(None) | denied), number(_members.c.confirmed.is_(True)), number(denied)
    )
    found = (await connection.execute(wanted.select_from(joined).where(_members.c.import_id == import_id))).one()
    return dict(zip(("asked", "right", "denied"), found, strict=True))
