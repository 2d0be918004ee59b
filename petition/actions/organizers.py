"""Accounts: invite, set up, change the password, share petitions' keys, remove."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit
from petition.actions.audit import Act
from petition.db import dialect, tables
from petition.domain import actors, identity, passwords, sealing, tokens
from petition.domain.actors import ACTIVE, INVITED, REMOVED, Actor, Grant
from petition.domain.tokens import Keys
from petition.errors import Conflict, FieldRefused, Forbidden, Gone, Invalid, NotFound
from petition.queries import organizers, petitions
from petition.queries.organizers import Organizer

SETUP_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Invited:
    """`setup`: the token of the one-time link; None where the account had been set up before."""

    id: bytes
    public_key: bytes
    setup: bytes | None


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an organizer chose: the password's slow root and its salt, the authenticator's secret and first step."""

    root: bytes
    salt: bytes
    totp: bytes
    step: int = 0


def login_of(address: str, keys: Keys) -> bytes:
    """The keyed digest of a mailbox; `FieldRefused` for what cannot be an address."""
    return keys.login_of(identity.mail_address(address).canonical)


async def invite(
    tx: AsyncConnection,
    address: str,
    grants: Sequence[Grant],
    *,
    language: str,
    by: Actor | None,
    keys: Keys,
    today: date,
) -> Invited:
    """A new account, or more roles for a known one. Whoever has not set up yet gets a new link; the old one ends.

    `by` is None for the operator. An account that waits with roles of others keeps the link that it was given with
    those: a new one would be in the hands of somebody who could not have given them.
    """
    giver = None
    if by is not None:
        # As it stands now: they may have been ended since they signed in.
        giver, by = by.id, await organizers.actor(tx, by.id)
        if not all(by.may_give(grant) for grant in grants):
            raise Forbidden()
    mail = identity.mail_address(address)
    known = await organizers.by_login(tx, keys.login_of(mail.canonical), lock=True)
    if known is not None and (known.state == ACTIVE or not await _may_link(tx, known.id, by)):
        await _grant(tx, known.id, grants, by=giver, today=today)
        return Invited(known.id, known.public_key, None)
    token = secrets.token_bytes(tokens.TOKEN_BYTES)
    private_key, public_key = sealing.new_pair()
    organizer_id = known.id if known else secrets.token_bytes(16)
    row = {
        "language": language,
        "state": INVITED,
        "salt": None,
        "price": None,
        "password": None,
        "public_key": public_key,
        "private_key": _wrapped(private_key, setup_key(token), organizer_id),
        "totp": None,
        "totp_step": 0,
        "setup": tokens.stored(token),
        "setup_until": today + SETUP_FOR,
    }
    rows = tables.table(tables.Organizer)
    if known:
        # Shares of petitions' keys were sealed to a key that is now gone.
        await _forget_shares(tx, known.id)
        await tx.execute(update(rows).where(rows.c.id == known.id).values(**row))
    else:
        sealed = sealing.seal(mail.address.encode(), keys.accounts, secrets.token_bytes(12), organizer_id)
        login = keys.login_of(mail.canonical)
        await tx.execute(insert(rows).values(id=organizer_id, login=login, address=sealed, **row))
    await audit.record(tx, Act("organizer:invite", giver, subject=organizer_id), today=today)
    await _grant(tx, organizer_id, grants, by=giver, today=today)
    return Invited(organizer_id, public_key, token)


async def _may_link(tx: AsyncConnection, organizer_id: bytes, by: Actor | None) -> bool:
    held = (await organizers.actor(tx, organizer_id)).grants
    return by is None or by.decides_everywhere() or all(by.may_give(grant) for grant in held)


async def _grant(
    tx: AsyncConnection, organizer_id: bytes, grants: Sequence[Grant], *, by: bytes | None, today: date
) -> None:
    held = (await organizers.actor(tx, organizer_id)).grants
    new = [grant for grant in grants if grant not in held]
    for grant in new:
        await tx.execute(
            insert(tables.table(tables.Role)).values(
                id=secrets.token_bytes(16),
                organizer_id=organizer_id,
                petition_id=grant.petition_id,
                role=grant.role,
                categories=None if grant.categories is None else list(grant.categories),
            )
        )
    acts = [
        Act("role:give", by, grant.petition_id, organizer_id, {"role": grant.role, "categories": grant.categories})
        for grant in new
    ]
    await audit.record(tx, *acts, today=today)


async def share(
    tx: AsyncConnection,
    organizer: Invited | Organizer,
    private_keys: Mapping[bytes, bytes],
    *,
    by: bytes | None,
    today: date,
) -> None:
    """Gives an organizer these petitions' keys (petition id → private key), sealed to their own.

    `Conflict` where a key is not the petition's: it was changed at this moment.
    """
    if not await _are_present(tx, private_keys):
        raise Conflict("key-changed")
    await _seal_to(tx, organizer, private_keys)
    acts = [Act("key:share", by, petition_id, organizer.id) for petition_id in private_keys]
    await audit.record(tx, *acts, today=today)


async def recover(
    tx: AsyncConnection, who: Organizer, petition_id: bytes, text: str, *, by: Actor, today: date
) -> None:
    """An owner's way to the records by the recovery key: `text` is the file's. `Invalid` if it is not this petition's.

    What comes of it is a share as any other organizer has it; of the recovery key itself nothing is kept.
    """
    if not by.may(petition_id, actors.DECIDE):
        raise Forbidden()
    try:
        private_keys = {petition_id: sealing.read_recovery_file(text)}
    except sealing.Unreadable:
        raise Invalid({"recovery": FieldRefused("recovery-unreadable" if text.strip() else "required")}) from None
    if not await _are_present(tx, private_keys):
        raise Invalid({"recovery": FieldRefused("recovery-foreign")})
    await _seal_to(tx, who, private_keys)
    await audit.record(tx, Act("key:recover", by.id, petition_id, who.id), today=today)


async def _are_present(tx: AsyncConnection, private_keys: Mapping[bytes, bytes]) -> bool:
    """Whether these are what the petitions' records are sealed to, and stay so until this transaction ends."""
    halves = {petition_id: sealing.public_half(key) for petition_id, key in private_keys.items()}
    return await petitions.public_keys(tx, halves) == halves


async def _seal_to(tx: AsyncConnection, who: Invited | Organizer, private_keys: Mapping[bytes, bytes]) -> None:
    rows = tables.table(tables.PetitionKey)
    for petition_id, private_key in private_keys.items():
        sealed = sealing.share_key(private_key, who.public_key, petition_id, who.id)
        new = dialect.insert(tx, rows).values(petition_id=petition_id, organizer_id=who.id, sealed=sealed)
        await tx.execute(
            new.on_conflict_do_update(index_elements=[rows.c.petition_id, rows.c.organizer_id], set_={"sealed": sealed})
        )


def setup_key(token: bytes) -> bytes:
    return tokens.expand(token, "petition/organizer/set-up/1")


def setup_link(base_url: str, language: str, token: bytes) -> str:
    return f"{base_url.rstrip('/')}/organizer/{language}/set-up/{tokens.written(token)}"


def setup_totp(token: bytes) -> bytes:
    """The authenticator's secret follows from the set-up link: the page can be shown again and nothing waits stored."""
    return tokens.expand(token, "petition/organizer/totp/1")[: passwords.TOTP_BYTES]


async def to_set_up(tx: AsyncConnection, token: bytes, *, today: date, lock: bool = False) -> Organizer:
    """The account that this link sets up; `Gone` if it was used, replaced or is over."""
    organizer = await organizers.by_setup(tx, tokens.stored(token), lock=lock)
    if organizer is None or organizer.setup_until is None or organizer.setup_until < today:
        raise Gone("setup-over")
    return organizer


async def set_up(
    tx: AsyncConnection, token: bytes, chosen: Secrets, *, keys: Keys, today: date
) -> tuple[Organizer, tuple[str, ...]]:
    """The account as it was, and its recovery codes, told this once."""
    organizer = await to_set_up(tx, token, today=today, lock=True)
    private_key = sealing.open_own(organizer.private_key, setup_key(token), organizer.id)
    await _write_secrets(tx, organizer.id, private_key, chosen, keys)
    await audit.record(tx, Act("organizer:set-up", organizer.id, subject=organizer.id), today=today)
    return organizer, await new_codes(tx, organizer.id, keys=keys)


async def _write_secrets(
    tx: AsyncConnection, organizer_id: bytes, private_key: bytes, chosen: Secrets, keys: Keys
) -> None:
    totp = sealing.seal(chosen.totp.hex().encode(), keys.accounts, secrets.token_bytes(12), organizer_id)
    await _change(
        tx,
        organizer_id,
        state=ACTIVE,
        totp=totp,
        totp_step=chosen.step,
        setup=None,
        setup_until=None,
        **_locked(organizer_id, private_key, chosen.root, chosen.salt),
    )


def _locked(organizer_id: bytes, private_key: bytes, root: bytes, salt: bytes) -> dict[str, Any]:
    return {
        "salt": salt,
        "price": passwords.PRICE,
        "password": passwords.check_of(root),
        "private_key": _wrapped(private_key, passwords.wrap_key(root), organizer_id),
    }


async def change_password(
    tx: AsyncConnection, organizer: Organizer, private_key: bytes, root: bytes, salt: bytes, *, today: date
) -> None:
    """The own key is wrapped anew; shares of petitions' keys are sealed to that key and stay as they are."""
    await _change(tx, organizer.id, **_locked(organizer.id, private_key, root, salt))
    await audit.record(tx, Act("password:change", organizer.id, subject=organizer.id), today=today)


async def new_codes(tx: AsyncConnection, organizer_id: bytes, *, keys: Keys) -> tuple[str, ...]:
    """Ten recovery codes instead of those that were left."""
    rows = tables.table(tables.RecoveryCode)
    codes = tuple(passwords.recovery_code(secrets.token_bytes(passwords.CODE_BYTES)) for _ in range(passwords.CODES))
    await tx.execute(delete(rows).where(rows.c.organizer_id == organizer_id))
    await tx.execute(
        insert(rows),
        [
            {"organizer_id": organizer_id, "digest": passwords.code_digest(keys.accounts, organizer_id, code)}
            for code in codes
        ],
    )
    return codes


async def remove(tx: AsyncConnection, organizer_id: bytes, *, by: Actor, today: date) -> tuple[bytes, ...]:
    """Ends the account: no role, no share, no session. The last owner of everything cannot be removed.

    The petitions whose key they held: those keys are to be changed.
    """
    everyone = await organizers.everyone(tx, lock=True)
    # As it stands now: of two owners who end each other the second has been ended.
    if not (await organizers.actor(tx, by.id)).decides_everywhere():
        raise Forbidden()
    _require_another_owner(everyone, organizer_id)
    left = await _leave(tx, organizer_id, ())
    for mapped in (tables.Role, tables.Session, tables.RecoveryCode, tables.Passkey):
        rows = tables.table(mapped)
        await tx.execute(delete(rows).where(rows.c.organizer_id == organizer_id))
    await _change(tx, organizer_id, state=REMOVED, password=None, totp=None, setup=None, private_key=b"")
    await audit.record(tx, Act("organizer:remove", by.id, subject=organizer_id), today=today)
    return left


async def take(
    tx: AsyncConnection, organizer_id: bytes, role_id: bytes, *, by: Actor, today: date
) -> tuple[bytes, ...]:
    """Takes one role away; the petitions that its holder reads no more and whose key they held, as of `remove`."""
    everyone = await organizers.everyone(tx, lock=True)
    by = await organizers.actor(tx, by.id)
    held = (await organizers.actor(tx, organizer_id)).grants
    taken = next((grant for grant in held if grant.id == role_id), None)
    if taken is None or not by.may_give(taken):
        raise NotFound()
    if taken.petition_id is None and taken.role == actors.OWNER:
        _require_another_owner(everyone, organizer_id)
    rows = tables.table(tables.Role)
    await tx.execute(delete(rows).where(rows.c.id == role_id))
    facts = {"role": taken.role, "categories": taken.categories}
    await audit.record(tx, Act("role:take", by.id, taken.petition_id, organizer_id, facts), today=today)
    return await _leave(tx, organizer_id, [grant for grant in held if grant.id != role_id])


def _require_another_owner(everyone: Iterable[tuple[Organizer, Sequence[Grant]]], organizer_id: bytes) -> None:
    if not any(_owns_all(who, grants) for who, grants in everyone if who.id != organizer_id):
        raise Conflict("last-owner")


async def _leave(tx: AsyncConnection, organizer_id: bytes, kept: Sequence[Grant]) -> tuple[bytes, ...]:
    """Without a role on a petition nobody holds its key; that they once did makes it due to be changed."""
    shares, due = tables.table(tables.PetitionKey), tables.table(tables.Rekeying)
    held = (await tx.execute(select(shares.c.petition_id).where(shares.c.organizer_id == organizer_id))).scalars()
    left = sorted(petition_id for petition_id in held if not any(grant.covers(petition_id) for grant in kept))
    # The petitions' rows first: whoever changes a key at this moment is waited for, or waits.
    await petitions.public_keys(tx, left)
    mine = (shares.c.organizer_id == organizer_id) & shares.c.petition_id.in_(left)
    await tx.execute(delete(shares).where(mine))
    begun = dict.fromkeys(("total", "round", "kind", "done", "found"), 0)
    for petition_id in left:
        row = dialect.insert(tx, due).values(petition_id=petition_id, due=True, **begun)
        await tx.execute(row.on_conflict_do_update(index_elements=[due.c.petition_id], set_={"due": True}))
    return tuple(left)


def _owns_all(who: Organizer, grants: Iterable[Grant]) -> bool:
    return who.state == ACTIVE and any(g.petition_id is None and g.role == actors.OWNER for g in grants)


async def _forget_shares(tx: AsyncConnection, organizer_id: bytes) -> None:
    rows = tables.table(tables.PetitionKey)
    await tx.execute(delete(rows).where(rows.c.organizer_id == organizer_id))


async def lacking(tx: AsyncConnection, petition_id: bytes) -> tuple[Organizer, ...]:
    """Who has a role on this petition and no share of its key yet."""
    holders = await organizers.key_holders(tx, petition_id)
    return tuple(
        who
        for who, grants in await organizers.everyone(tx)
        if who.id not in holders and any(grant.covers(petition_id) for grant in grants)
    )


def _wrapped(private_key: bytes, key: bytes, organizer_id: bytes) -> bytes:
    return sealing.wrap_own(private_key, key, secrets.token_bytes(sealing.NONCE_BYTES), organizer_id)


async def _change(tx: AsyncConnection, organizer_id: bytes, **values: Any) -> None:
    rows = tables.table(tables.Organizer)
    await tx.execute(update(rows).where(rows.c.id == organizer_id).values(**values))


async def all_petitions(tx: AsyncConnection) -> dict[str, tuple[bytes, bytes]]:
    """slug → (id, public key)."""
    rows = tables.table(tables.Petition)
    found = await tx.execute(select(rows.c.slug, rows.c.id, rows.c.public_key))
    return {row.slug: (row.id, row.public_key) for row in found}


async def set_single_keys(tx: AsyncConnection, organizer_id: bytes, *, on: bool) -> None:
    """Whether single keys work the pages, for this account."""
    rows = tables.table(tables.Organizer)
    await tx.execute(update(rows).where(rows.c.id == organizer_id).values(single_keys=on))
