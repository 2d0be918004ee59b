"""LEAF. The private record of which organizer did or saw what, each entry chained to the one before.

    head(n) = SHA-256(head(n − 1) ‖ canonical entry n);   head(0) = 32 zero bytes

It holds no name and no address of a signatory, and of time the day: an act that follows a signature
would else tell when that was. The entries' numbers keep their order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import dialect, tables
from petition.domain.sealing import canonical

NOTHING = bytes(32)
# So many at once: a server that follows the chain answers others in between.
STRIDE = 250


@dataclass(frozen=True, slots=True)
class Act:
    """`verb` is `subject:verb`; `by` is an organizer's id, None for the operator at the command line."""

    verb: str
    by: bytes | None
    petition_id: bytes | None = None
    subject: bytes | None = None
    facts: Mapping[str, Any] | None = None


async def record(tx: AsyncConnection, *acts: Act, today: date) -> None:
    """In the act's own transaction: what is not recorded did not happen."""
    await dialect.one_auditor(tx)
    rows = tables.table(tables.AuditEntry)
    last = (await tx.execute(select(rows.c.number, rows.c.head).order_by(rows.c.number.desc()).limit(1))).one_or_none()
    number, head = (last.number, last.head) if last else (0, NOTHING)
    entries = []
    for act in acts:
        number += 1
        entry = {
            "number": number,
            "day": today,
            "organizer_id": act.by,
            "petition_id": act.petition_id,
            "verb": act.verb,
            "subject": act.subject,
            "facts": dict(act.facts or {}),
        }
        head = link(head, entry)
        entries.append({**entry, "head": head})
    if entries:
        await tx.execute(insert(rows), entries)


def link(head: bytes, entry: Mapping[str, Any]) -> bytes:
    """The head after this entry."""
    plain = {
        name: value.hex() if isinstance(value, bytes) else str(value) if isinstance(value, date) else value
        for name, value in entry.items()
        if name != "head"
    }
    return hashlib.sha256(head + canonical(plain)).digest()


@dataclass(frozen=True, slots=True)
class Link:
    """Where somebody stands who follows the chain: the last entry that held, and its head."""

    number: int
    head: bytes


BEGINNING = Link(0, NOTHING)


@dataclass(frozen=True, slots=True)
class Followed:
    """`broken`: the first entry that does not follow from the one before; `more`: there may be further ones."""

    link: Link
    broken: int | None
    more: bool


async def follow(connection: AsyncConnection, since: Link, *, limit: int = STRIDE) -> Followed:
    """Up to `limit` entries after `since`, which itself must still be there as it was."""
    rows = tables.table(tables.AuditEntry)
    if since.number:
        last = await connection.execute(select(rows.c.head).where(rows.c.number == since.number))
        if last.scalar_one_or_none() != since.head:
            return Followed(since, since.number, more=False)
    found = await connection.execute(
        select(rows).where(rows.c.number > since.number).order_by(rows.c.number).limit(limit)
    )
    number, head = since.number, since.head
    entries = found.mappings().all()
    for entry in entries:
        following = link(head, dict(entry))
        if entry["number"] != number + 1 or entry["head"] != following:
            return Followed(Link(number, head), number + 1, more=False)
        number, head = number + 1, following
    return Followed(Link(number, head), None, more=len(entries) == limit)


async def broken(connection: AsyncConnection) -> int | None:
    """The number of the first entry that does not follow from the one before; None if the whole chain holds."""
    followed = Followed(BEGINNING, None, more=True)
    while followed.more:
        followed = await follow(connection, followed.link)
    return followed.broken
