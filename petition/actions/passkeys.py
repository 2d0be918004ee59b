"""An organizer's passkeys: added and removed by themselves. They are shown in `sessions`, beside the code.

The authenticator's code stays: whoever loses every passkey signs in as before.
"""

from __future__ import annotations

import secrets
from datetime import date

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit
from petition.actions.audit import Act
from petition.db import tables
from petition.domain import passkeys, sealing
from petition.domain.passkeys import New
from petition.domain.tokens import Keys
from petition.errors import FieldRefused, Invalid, NotFound
from petition.queries import organizers as accounts


def require_name(name: str) -> str:
    """What its organizer calls it, to tell it from their others."""
    plain = " ".join(name.split())
    if not plain:
        raise FieldRefused("required")
    if len(plain) > passkeys.NAME_LONGEST:
        raise FieldRefused("too-long", limit=passkeys.NAME_LONGEST)
    return plain


async def add(tx: AsyncConnection, organizer_id: bytes, new: New, name: str, *, keys: Keys, today: date) -> None:
    """`Invalid` where it is somebody's already, or they have enough of them."""
    # Their row first: of two that are added at once the second sees the first.
    await accounts.by_id(tx, organizer_id, lock=True)
    if len(await accounts.passkeys(tx, organizer_id)) >= passkeys.AT_MOST:
        raise Invalid({"passkey": FieldRefused("passkey-many", most=passkeys.AT_MOST)})
    if await accounts.passkey(tx, new.credential) is not None:
        raise Invalid({"passkey": FieldRefused("passkey-known")})
    row = {
        "id": secrets.token_bytes(16),
        "organizer_id": organizer_id,
        "credential": new.credential,
        "public_key": new.public_key,
        "sign_count": new.sign_count,
        "name": sealing.seal(name.encode(), keys.accounts, secrets.token_bytes(sealing.NONCE_BYTES), organizer_id),
        "added_on": today,
    }
    await tx.execute(insert(tables.table(tables.Passkey)).values(**row))
    await audit.record(tx, Act("passkey:add", organizer_id, subject=organizer_id), today=today)


async def remove(tx: AsyncConnection, organizer_id: bytes, passkey_id: bytes, *, today: date) -> None:
    rows = tables.table(tables.Passkey)
    mine = (rows.c.organizer_id == organizer_id) & (rows.c.id == passkey_id)
    if (await tx.execute(delete(rows).where(mine))).rowcount == 0:
        raise NotFound()
    await audit.record(tx, Act("passkey:remove", organizer_id, subject=organizer_id), today=today)
