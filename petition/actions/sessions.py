"""Signing in: password, then second factor; what a session holds, and how it ends.

    password ──→ session (incomplete, 10 minutes) ──second factor──→ a new token, complete
                                                                      ├─ idle 30 minutes, 12 hours in all
                                                                      └─ step-up: proved again within 10 minutes

The organizer's own key lies in the session under a key that follows from the cookie's token: only the
browser's next request can open it, on whichever server process that arrives, and nobody after it ended.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit
from petition.actions.audit import Act
from petition.db import tables
from petition.domain import passkeys, passwords, sealing, tokens
from petition.domain.passkeys import Site
from petition.domain.tokens import Keys
from petition.errors import FieldRefused, Invalid
from petition.queries import organizers as accounts
from petition.queries.organizers import Organizer, Session

IDLE, WHOLE, HALFWAY, PROVED = 30 * 60, 12 * 3600, 10 * 60, 10 * 60
NOTED_EVERY = 60


@dataclass(frozen=True, slots=True)
class Proof:
    """What is shown as the second factor: a code, or a passkey's answer. `site` is None where none are offered."""

    code: str = ""
    passkey: str = ""
    site: Site | None = None


def session_key(token: bytes) -> bytes:
    return tokens.expand(token, "petition/session/1")


def form_token(token: bytes) -> str:
    """What every form of this session carries: another site cannot know it."""
    return tokens.expand(token, "petition/form/1").hex()


def own_key(session: Session, token: bytes) -> bytes:
    """The organizer's private key, for the length of one request."""
    return sealing.open_own(session.unlocked, session_key(token), session.id)


def alive(session: Session, now: datetime) -> bool:
    at = int(now.timestamp())
    if not session.complete:
        return at - session.begun_at < HALFWAY
    return at - session.seen_at < IDLE and at - session.begun_at < WHOLE


def proved(session: Session, now: datetime) -> bool:
    """The second factor was shown within the last ten minutes."""
    return session.complete and int(now.timestamp()) - session.proved_at < PROVED


async def begin(tx: AsyncConnection, organizer: Organizer, root: bytes, *, now: datetime) -> bytes:
    """A session that is good for the second factor alone; its token."""
    private_key = sealing.open_own(organizer.private_key, passwords.wrap_key(root), organizer.id)
    return await _open(tx, organizer.id, private_key, complete=False, now=now)


async def _open(
    tx: AsyncConnection, organizer_id: bytes, private_key: bytes, *, complete: bool, now: datetime
) -> bytes:
    token, session_id, at = secrets.token_bytes(tokens.TOKEN_BYTES), secrets.token_bytes(16), int(now.timestamp())
    row: dict[str, Any] = {
        "token_hash": tokens.stored(token),
        "id": session_id,
        "organizer_id": organizer_id,
        "complete": complete,
        "begun_at": at,
        "seen_at": at,
        "proved_at": at,
        "unlocked": sealing.wrap_own(private_key, session_key(token), secrets.token_bytes(12), session_id),
    }
    await tx.execute(insert(tables.table(tables.Session)).values(**row))
    return token


async def complete(tx: AsyncConnection, token: bytes, proof: Proof, *, keys: Keys, now: datetime) -> bytes | None:
    """A whole session under a new token; None if there is nothing to complete, `Invalid` if the proof is wrong."""
    found = await accounts.session(tx, tokens.stored(token))
    if found is None or found[0].complete or not alive(found[0], now):
        return None
    session, organizer = found
    await prove(tx, session, token, proof, keys=keys, now=now)
    private_key = own_key(session, token)
    await end(tx, session)
    await audit.record(tx, Act("session:begin", organizer.id, subject=organizer.id), today=now.date())
    return await _open(tx, organizer.id, private_key, complete=True, now=now)


async def prove(
    tx: AsyncConnection, session: Session, token: bytes, proof: Proof, *, keys: Keys, now: datetime
) -> None:
    """Uses up a passkey's answer, the authenticator's step or a recovery code; `Invalid` for any other, or used one."""
    organizer = await accounts.by_id(tx, session.organizer_id, lock=True)
    assert organizer is not None
    if proof.passkey:
        try:
            await _use_passkey(tx, session, token, proof, now)
        except FieldRefused as why:
            raise Invalid({"passkey": why}) from None
        return
    step = passwords.totp_step(organizer.totp_secret(keys), proof.code, now, after=organizer.totp_step)
    if step is not None:
        rows = tables.table(tables.Organizer)
        await tx.execute(update(rows).where(rows.c.id == organizer.id).values(totp_step=step))
    elif await _use_code(tx, organizer.id, proof.code, keys):
        await audit.record(tx, Act("recovery-code:use", organizer.id, subject=organizer.id), today=now.date())
    else:
        raise Invalid({"code": FieldRefused("code-wrong")})


async def _use_passkey(tx: AsyncConnection, session: Session, token: bytes, proof: Proof, now: datetime) -> None:
    """`FieldRefused` unless one of this organizer's own answered what this session asked, for the first time."""
    if proof.site is None:
        raise FieldRefused("passkey-wrong")
    known = await accounts.passkey(tx, passkeys.credential_of(proof.passkey))
    if known is None or known.organizer_id != session.organizer_id:
        raise FieldRefused("passkey-wrong")
    asked = passkeys.asked(proof.site, token, passkeys.SHOW, session.proofs, now)
    sign_count = passkeys.shown(proof.passkey, asked, known.public_key, known.sign_count)
    await spend(tx, session)
    rows = tables.table(tables.Passkey)
    await tx.execute(update(rows).where(rows.c.id == known.id).values(sign_count=sign_count))


async def spend(tx: AsyncConnection, session: Session) -> None:
    """The challenges that this session has asked with end; `Invalid` if somebody was faster."""
    rows = tables.table(tables.Session)
    as_read = (rows.c.token_hash == session.token_hash) & (rows.c.proofs == session.proofs)
    if (await tx.execute(update(rows).where(as_read).values(proofs=session.proofs + 1))).rowcount != 1:
        raise Invalid({"passkey": FieldRefused("passkey-wrong")})


async def _use_code(tx: AsyncConnection, organizer_id: bytes, code: str, keys: Keys) -> bool:
    """True once for each recovery code."""
    rows = tables.table(tables.RecoveryCode)
    spent = passwords.code_digest(keys.accounts, organizer_id, code)
    mine = (rows.c.organizer_id == organizer_id) & (rows.c.digest == spent)
    return (await tx.execute(delete(rows).where(mine))).rowcount == 1


async def step_up(
    tx: AsyncConnection, session: Session, token: bytes, proof: Proof, *, keys: Keys, now: datetime
) -> None:
    await prove(tx, session, token, proof, keys=keys, now=now)
    await _change(tx, session, proved_at=int(now.timestamp()))


async def note(tx: AsyncConnection, session: Session, *, now: datetime) -> None:
    """Still there: moves the end of idleness."""
    await _change(tx, session, seen_at=int(now.timestamp()))


def to_be_noted(session: Session, now: datetime) -> bool:
    """Once a minute is enough, so that reading pages writes little."""
    return int(now.timestamp()) - session.seen_at >= NOTED_EVERY


async def end(tx: AsyncConnection, session: Session) -> None:
    rows = tables.table(tables.Session)
    await tx.execute(delete(rows).where(rows.c.token_hash == session.token_hash))


async def end_one(tx: AsyncConnection, organizer_id: bytes, session_id: bytes, *, today: date) -> None:
    """One of the organizer's own sessions, by its id."""
    rows = tables.table(tables.Session)
    mine = (rows.c.organizer_id == organizer_id) & (rows.c.id == session_id)
    if (await tx.execute(delete(rows).where(mine))).rowcount:
        await audit.record(tx, Act("session:revoke", organizer_id, subject=organizer_id), today=today)


async def end_others(tx: AsyncConnection, session: Session) -> None:
    """All of this organizer's sessions but this one: after a change of password."""
    rows = tables.table(tables.Session)
    others = (rows.c.organizer_id == session.organizer_id) & (rows.c.token_hash != session.token_hash)
    await tx.execute(delete(rows).where(others))


async def forget_old(tx: AsyncConnection, *, now: datetime) -> None:
    """What has ended by time leaves the table too."""
    rows, at = tables.table(tables.Session), int(now.timestamp())
    over = (rows.c.seen_at < at - IDLE) | (rows.c.begun_at < at - WHOLE)
    half = rows.c.complete.is_(False) & (rows.c.begun_at < at - HALFWAY)
    await tx.execute(delete(rows).where(over | half))


async def _change(tx: AsyncConnection, session: Session, **values: Any) -> None:
    rows = tables.table(tables.Session)
    await tx.execute(update(rows).where(rows.c.token_hash == session.token_hash).values(**values))
