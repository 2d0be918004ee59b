"""LEAF. Words to colleagues about one signature, sealed to the petition's key as its record is."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit
from petition.actions.audit import Act
from petition.db import tables
from petition.domain import sealing
from petition.errors import FieldRefused, Invalid
from petition.queries import petitions

LIMIT = 2_000
_ROWS = tables.table(tables.Note)


async def write(
    tx: AsyncConnection,
    petition_id: bytes,
    signature_id: bytes,
    text: str,
    *,
    by: bytes,
    today: date,
) -> None:
    """`Invalid` for an empty one, one too long, or one with signs that cannot be stored."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Invalid({"note": FieldRefused("required")})
    if len(text) > LIMIT:
        raise Invalid({"note": FieldRefused("too-long", limit=LIMIT)})
    if any(sign < " " and sign != "\n" for sign in text):
        raise Invalid({"note": FieldRefused("control")})
    public_key = (await petitions.public_keys(tx, [petition_id]))[petition_id]
    sealed = sealing.seal_record(sealing.canonical({"text": text}), bytes(32), public_key, petition_id)
    note_id = secrets.token_bytes(16)
    row = {"id": note_id, "petition_id": petition_id, "signature_id": signature_id, "organizer_id": by, "day": today}
    await tx.execute(insert(_ROWS).values(**row, sealed=sealed))
    await audit.record(tx, Act("note:write", by, petition_id, signature_id), today=today)


async def forget(tx: AsyncConnection, signature_ids: Sequence[bytes]) -> None:
    """With what they are about: when a signature is erased, nothing said of it stays."""
    if signature_ids:
        await tx.execute(delete(_ROWS).where(_ROWS.c.signature_id.in_(signature_ids)))
