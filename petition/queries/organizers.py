"""Accounts, their roles and their sessions, as the console reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain import sealing
from petition.domain.actors import ACTIVE, OWNER, REMOVED, Actor, Grant
from petition.domain.tokens import Keys


@dataclass(frozen=True, slots=True)
class Organizer:
    id: bytes
    login: bytes
    address: bytes
    language: str
    state: str
    salt: bytes | None
    price: str | None
    password: bytes | None
    public_key: bytes
    private_key: bytes
    totp: bytes | None
    totp_step: int
    setup: bytes | None
    setup_until: date | None
    single_keys: bool

    def address_text(self, keys: Keys) -> str:
        return sealing.unseal(self.address, keys.accounts, self.id).decode().strip()

    def totp_secret(self, keys: Keys) -> bytes:
        assert self.totp is not None
        return bytes.fromhex(sealing.unseal(self.totp, keys.accounts, self.id).decode().strip())


@dataclass(frozen=True, slots=True)
class Session:
    token_hash: bytes
    id: bytes
    organizer_id: bytes
    complete: bool
    begun_at: int
    seen_at: int
    proved_at: int
    proofs: int
    unlocked: bytes


@dataclass(frozen=True, slots=True)
class Passkey:
    id: bytes
    organizer_id: bytes
    credential: bytes
    public_key: bytes
    sign_count: int
    name: bytes
    added_on: date

    def name_text(self, keys: Keys) -> str:
        return sealing.unseal(self.name, keys.accounts, self.organizer_id).decode().strip()


_organizers, _sessions, _roles = (tables.table(mapped) for mapped in (tables.Organizer, tables.Session, tables.Role))


async def _one(connection: AsyncConnection, where: ColumnElement[bool], lock: bool) -> Organizer | None:
    wanted = select(_organizers).where(where)
    row = (await connection.execute(wanted.with_for_update() if lock else wanted)).mappings().one_or_none()
    return Organizer(**row) if row else None


async def by_login(connection: AsyncConnection, login: bytes, *, lock: bool = False) -> Organizer | None:
    return await _one(connection, _organizers.c.login == login, lock)


async def by_setup(connection: AsyncConnection, setup: bytes, *, lock: bool = False) -> Organizer | None:
    return await _one(connection, _organizers.c.setup == setup, lock)


async def by_id(connection: AsyncConnection, organizer_id: bytes, *, lock: bool = False) -> Organizer | None:
    return await _one(connection, _organizers.c.id == organizer_id, lock)


async def everyone(
    connection: AsyncConnection, *, lock: bool = False
) -> tuple[tuple[Organizer, tuple[Grant, ...]], ...]:
    """All accounts that were not removed, each with what it may do. `lock`: who owns what stays as it is meanwhile."""
    wanted = select(_organizers).where(_organizers.c.state != REMOVED).order_by(_organizers.c.id)
    # Not FOR UPDATE: whoever stores a share of a key refers to these rows, and must not be waited for in a circle.
    locked = wanted.with_for_update(key_share=True) if lock else wanted
    rows = (await connection.execute(locked)).mappings().all()
    held = await _grants(connection, [row["id"] for row in rows])
    return tuple((Organizer(**row), held.get(row["id"], ())) for row in rows)


async def addresses(connection: AsyncConnection, keys: Keys) -> dict[bytes, str]:
    """Everybody's address by their id, those whose account has ended as well: what they did stays theirs."""
    rows = (await connection.execute(select(_organizers))).mappings()
    return {row["id"]: Organizer(**row).address_text(keys) for row in rows}


async def actor(connection: AsyncConnection, organizer_id: bytes) -> Actor:
    return Actor(organizer_id, (await _grants(connection, [organizer_id])).get(organizer_id, ()))


async def _grants(connection: AsyncConnection, ids: Sequence[bytes]) -> dict[bytes, tuple[Grant, ...]]:
    held: dict[bytes, tuple[Grant, ...]] = {}
    for row in await connection.execute(select(_roles).where(_roles.c.organizer_id.in_(ids))):
        limited = None if row.categories is None else tuple(row.categories)
        held[row.organizer_id] = (*held.get(row.organizer_id, ()), Grant(row.petition_id, row.role, limited, row.id))
    return held


async def session(connection: AsyncConnection, token_hash: bytes) -> tuple[Session, Organizer] | None:
    """The session and its account, if that may still sign in."""
    row = (
        (await connection.execute(select(_sessions).where(_sessions.c.token_hash == token_hash)))
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    organizer = await by_id(connection, row["organizer_id"])
    if organizer is None or organizer.state != ACTIVE:
        return None
    return Session(**row), organizer


async def sessions(connection: AsyncConnection, organizer_id: bytes) -> tuple[Session, ...]:
    """Newest first."""
    wanted = select(_sessions).where(_sessions.c.organizer_id == organizer_id, _sessions.c.complete.is_(True))
    found = (await connection.execute(wanted.order_by(_sessions.c.seen_at.desc()))).mappings()
    return tuple(Session(**row) for row in found)


async def shared_key(connection: AsyncConnection, petition_id: bytes, organizer_id: bytes) -> bytes | None:
    """The petition's private key as it is sealed to this organizer."""
    rows = tables.table(tables.PetitionKey)
    wanted = select(rows.c.sealed).where(rows.c.petition_id == petition_id, rows.c.organizer_id == organizer_id)
    found: bytes | None = (await connection.execute(wanted)).scalar_one_or_none()
    return found


async def shared_ring(
    connection: AsyncConnection, petition_id: bytes, organizer_id: bytes
) -> tuple[bytes, bytes | None] | None:
    """The present key as it is sealed to this organizer, and the earlier ones as they are sealed to that key.

    By one statement: the two fit together even while somebody changes the key.
    """
    shares, changing = tables.table(tables.PetitionKey), tables.table(tables.Rekeying)
    wanted = (
        select(shares.c.sealed, changing.c.earlier)
        .outerjoin(changing, changing.c.petition_id == shares.c.petition_id)
        .where(shares.c.petition_id == petition_id, shares.c.organizer_id == organizer_id)
    )
    row = (await connection.execute(wanted)).one_or_none()
    return None if row is None else (row.sealed, row.earlier)


async def key_holders(connection: AsyncConnection, petition_id: bytes) -> frozenset[bytes]:
    rows = tables.table(tables.PetitionKey)
    found = await connection.execute(select(rows.c.organizer_id).where(rows.c.petition_id == petition_id))
    return frozenset(found.scalars())


async def recovery_codes_left(connection: AsyncConnection, organizer_id: bytes) -> int:
    rows = tables.table(tables.RecoveryCode)
    found = await connection.execute(select(rows.c.digest).where(rows.c.organizer_id == organizer_id))
    return len(found.all())


async def passkeys(connection: AsyncConnection, organizer_id: bytes) -> tuple[Passkey, ...]:
    """Oldest first."""
    rows = tables.table(tables.Passkey)
    wanted = select(rows).where(rows.c.organizer_id == organizer_id).order_by(rows.c.added_on, rows.c.id)
    return tuple(Passkey(**row) for row in (await connection.execute(wanted)).mappings())


async def passkey(connection: AsyncConnection, credential: bytes) -> Passkey | None:
    """Whoever's it is."""
    rows = tables.table(tables.Passkey)
    row = (await connection.execute(select(rows).where(rows.c.credential == credential))).mappings().one_or_none()
    return Passkey(**row) if row else None


async def owners(connection: AsyncConnection, petition_id: bytes) -> frozenset[bytes]:
    """Accounts that are set up and own this petition, or all."""
    wanted = (
        select(_roles.c.organizer_id)
        .join(_organizers, _organizers.c.id == _roles.c.organizer_id)
        .where(
            _roles.c.role == OWNER,
            _organizers.c.state == ACTIVE,
            (_roles.c.petition_id == petition_id) | _roles.c.petition_id.is_(None),
        )
    )
    return frozenset((await connection.execute(wanted)).scalars())
