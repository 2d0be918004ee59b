"""The console's gate: who has signed in, whether a form is ours, and what becomes of one that came too late.

A POST is taken from our own pages alone (the browser's own word for where it comes from, and the
session's form token). One that comes without a session, with an old one's token, or before a step-up is
kept: sealed into the page that asks to sign in, and shown again afterwards to be sent by a hand.
"""

import asyncio
import hmac
import json
import secrets
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from litestar import Response

from petition.actions import sessions
from petition.domain import passkeys, passwords, sealing, tokens
from petition.domain.actors import READ, Actor
from petition.domain.passkeys import Site
from petition.domain.sealing import Ring
from petition.errors import Conflict, Forbidden, NotFound
from petition.queries import funnel, organizers
from petition.queries.funnel import Numbers
from petition.queries.organizers import Organizer, Session
from petition.queries.petitions import Petition
from petition.queries.queue import Queued
from petition.web import forms, parts, problems
from petition.web.answers import html, redirect, spoken
from petition.web.console.pages import Following, Resume, SignIn, StepUp, Who
from petition.web.forms import Typed
from petition.web.parts import Asked, Parts

COOKIE = "organizer"
# A form of two statements of 50,000 characters each fits, as it is sent and as it is kept.
WIDE_FIELDS, WIDE_BYTES = 2_000, 2 * 1024 * 1024
KEEP_MOST, KEPT_BYTES = 600_000, 1024 * 1024


class Detour(Exception):
    """Something else comes first; the router's handlers lead there."""


class SignInNeeded(Detour):
    """`kept` is the form that was sent, sealed; empty where nothing was."""

    def __init__(self, kept: str = "") -> None:
        super().__init__()
        self.kept = kept


class StepUpNeeded(Detour):
    """The second factor once more before this form is taken."""

    def __init__(self, signed: "Signed", kept: str, passkey: str) -> None:
        super().__init__()
        self.signed, self.kept, self.passkey = signed, kept, passkey


class SendAgain(Detour):
    """The form is of an older session: it is shown again."""

    def __init__(self, signed: "Signed", action: str, values: Mapping[str, str]) -> None:
        super().__init__()
        self.signed, self.action, self.values = signed, action, values


@dataclass(frozen=True, slots=True)
class Signed:
    """Whoever has signed in, for the length of one request."""

    actor: Actor
    organizer: Organizer
    session: Session
    token: bytes
    language: str

    def who(self, held: Parts) -> Who:
        address = self.organizer.address_text(held.keys)
        return Who(address, sessions.form_token(self.token), self.actor.decides_anywhere(), self.organizer.single_keys)

    def own_key(self) -> bytes:
        return sessions.own_key(self.session, self.token)


async def derived(held: Parts, password: str, salt: bytes, price: str | None) -> bytes:
    """The password's slow root: two at once and off the event loop."""
    async with held.derivations:
        return await asyncio.to_thread(passwords.root, password, salt, price)


def cookie(held: Parts, token: bytes | None) -> dict[str, str]:
    """Sent back to the console alone; unreadable to scripts; gone with the browser."""
    secure = "; Secure" if held.settings.base_url.startswith("https:") else ""
    value, ends = (tokens.written(token), "") if token else ("", "; Max-Age=0")
    return {"Set-Cookie": f"{COOKIE}={value}; Path=/organizer; HttpOnly; SameSite=Lax{secure}{ends}"}


def token_in(request: Asked) -> bytes | None:
    return tokens.read(request.cookies.get(COOKIE, ""))


async def signed(request: Asked, language: str) -> Signed:
    """`SignInNeeded` without a whole session that is still alive."""
    found = await signed_or_none(request, language)
    if found is None:
        raise SignInNeeded()
    return found


async def signed_or_none(request: Asked, language: str) -> Signed | None:
    held, token, now = parts.of(request), token_in(request), parts.of(request).clock()
    spoken(held, language)
    if token is None:
        return None
    async with held.database.read() as connection:
        found = await organizers.session(connection, tokens.stored(token))
        if found is None or not found[0].complete or not sessions.alive(found[0], now):
            return None
        actor = await organizers.actor(connection, found[1].id)
    session, organizer = found
    if sessions.to_be_noted(session, now):
        async with held.database.write() as tx:
            await sessions.note(tx, session, now=now)
    return Signed(actor, organizer, session, token, language)


async def sent(request: Asked, language: str, *, proved: bool = False, wide: bool = False) -> tuple[Signed, Typed]:
    """A form of the console. `proved`: the second factor was shown within the last minutes. `wide`: of many fields,
    the shape of each being looked at."""
    held = parts.of(request)
    require_own(request)
    typed = await (forms.form(request, most=WIDE_FIELDS, fields=None) if wide else forms.form(request))
    who = await signed_or_none(request, language)
    path = request.scope["path"]
    values = {name: value for name, value in typed.values.items() if name != "csrf"}
    if who is None:
        # Of the page that asks for the code only the form that waits behind it is worth keeping.
        raise SignInNeeded(values.get("kept", "") if path.endswith("/prove") else keep(held, path, values))
    if not _ours(who, typed.get("csrf")):
        raise SendAgain(who, path, values)
    if proved:
        await require_proved(request, who, values)
    return who, replace(typed, values=values)


def require_form(who: Signed | None, fields: Mapping[str, str]) -> Signed:
    """Whoever sent a form that brings a file. It is not kept over signing in, nor over a change of session."""
    if who is None:
        raise SignInNeeded()
    if not _ours(who, fields.get("csrf", "")):
        raise Conflict("file-again")
    return who


def _ours(who: Signed, token: str) -> bool:
    return hmac.compare_digest(token.encode("utf-8", "replace"), sessions.form_token(who.token).encode())


async def require_proved(request: Asked, who: Signed, values: Mapping[str, str]) -> None:
    """The form waits until the second factor is shown once more, unless that was just done."""
    held = parts.of(request)
    if not sessions.proved(who.session, held.clock()):
        question = await passkey_question(held, who.session, who.token)
        raise StepUpNeeded(who, keep(held, request.scope["path"], values), question)


def site(held: Parts) -> Site | None:
    """Where passkeys are bound to; None where none can be used."""
    return passkeys.site_of(held.settings.base_url)


async def passkey_question(held: Parts, session: Session, token: bytes) -> str:
    """What the page of the second factor gives to the browser; empty for who has no passkey."""
    here = site(held)
    if here is None:
        return ""
    async with held.database.read() as connection:
        known = await organizers.passkeys(connection, session.organizer_id)
    asked = passkeys.asked(here, token, passkeys.SHOW, session.proofs, held.clock())
    return passkeys.to_show(asked, [one.credential for one in known])


def proof(held: Parts, typed: Typed) -> sessions.Proof:
    return sessions.Proof(typed.get("code"), typed.get("passkey"), site(held))


def require_own(request: Asked) -> None:
    """From our own pages: every browser of the last years says so itself, an older one names its origin."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        own = site in ("same-origin", "none")
    else:
        origin = request.headers.get("origin")
        own = origin is None or urlsplit(origin).netloc in (request.headers.get("host"), _own_host(request))
    if not own:
        raise Forbidden("form-foreign")


def _own_host(request: Asked) -> str:
    return urlsplit(parts.of(request).settings.base_url).netloc


def keep(held: Parts, path: str, values: Mapping[str, str]) -> str:
    """A form to be shown again, sealed to this server; empty if it is too long for that."""
    plain = json.dumps({"path": path, "values": dict(values)}, ensure_ascii=False).encode()
    if len(plain) > KEEP_MOST:
        return ""
    sealed = sealing.seal(zlib.compress(plain), held.keys.resume, secrets.token_bytes(sealing.NONCE_BYTES), b"")
    return urlsafe_b64encode(sealed).decode()


def kept(held: Parts, text: str) -> tuple[str, dict[str, str]] | None:
    """(address, values) of a kept form; None if there is none, or somebody has changed it."""
    try:
        sealed = urlsafe_b64decode(text)
        opened: dict[str, Any] = json.loads(zlib.decompress(sealing.unseal(sealed, held.keys.resume, b"")))
    except (sealing.Unreadable, ValueError):
        return None
    return opened["path"], opened["values"]


def next_of(text: str) -> str:
    """A way back inside the console; empty for any other."""
    plain = text.isascii() and text.isprintable() and not set(text) & set("\\ ")
    return text if plain and text.startswith("/organizer/") and "//" not in text else ""


def resume(held: Parts, who: Signed, text: str) -> Response[bytes] | None:
    found = kept(held, text)
    return None if found is None else html(held, Resume(who.who(held), *found), who.language)


def petition_for(held: Parts, who: Signed, slug: str, act: str = READ) -> Petition:
    """The petition, if this organizer may do that on it; to anybody else it does not exist."""
    petition = next((p for p in held.hub.all_petitions() if p.slug == slug), None)
    if petition is None:
        raise NotFound()
    if who.actor.scope(petition.id, READ) is None:
        raise NotFound()
    if who.actor.scope(petition.id, act) is None:
        raise Forbidden()
    return petition


def readable(held: Parts, who: Signed) -> tuple[Petition, ...]:
    """The petitions that this organizer may read, by slug."""
    return tuple(p for p in held.hub.all_petitions() if who.actor.scope(p.id, READ) is not None)


async def numbers(held: Parts, petition_id: bytes) -> Numbers:
    """Of the whole petition, as they were some seconds ago at most: who may see them is asked by whoever shows them."""

    async def counted() -> Numbers:
        async with held.database.read() as connection:
            return await funnel.numbers(connection, petition_id)

    return await held.kept.of(("numbers", petition_id), counted)


def identifier(text: str) -> bytes:
    """An id in an address; `NotFound` if it cannot be one."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        raise NotFound() from None
    if len(found) != 16:
        raise NotFound()
    return found


async def ring(held: Parts, who: Signed, petition_id: bytes) -> Ring | None:
    """The petition's private keys, the present one first, for the length of one request; None while nobody shared it.

    Ask after the rows that they are to open: whoever changes the key in between leaves the earlier one in the ring.
    """
    async with held.database.read() as connection:
        shared = await organizers.shared_ring(connection, petition_id, who.organizer.id)
    if shared is None:
        return None
    sealed, earlier = shared
    try:
        present = sealing.open_share(sealed, who.own_key(), petition_id, who.organizer.id)
        return sealing.ring_of(present, earlier, petition_id)
    except sealing.Unreadable:
        return None


def opened(rows: Sequence[Queued], ring: Ring | None) -> tuple[dict[str, Any] | None, ...]:
    """The records of one petition's signatures; None without the key, or where nothing is sealed any more."""
    if ring is None or not rows:
        return (None,) * len(rows)
    opener = sealing.Opener(ring, rows[0].petition_id)

    def record(row: Queued) -> dict[str, Any] | None:
        try:
            return None if row.sealed is None else opener.record(row.sealed)
        except sealing.Unreadable:
            return None

    return tuple(record(row) for row in rows)


def to_sign_in(request: Asked, error: SignInNeeded) -> Response[bytes]:
    held, language = parts.of(request), problems.language_of(request)
    if request.method == "POST":
        return html(held, SignIn(following=Following(kept=error.kept)), language, 401)
    path, query = request.scope["path"], request.scope["query_string"].decode("ascii", "replace")
    back = next_of(path + (f"?{query}" if query else ""))
    return redirect(
        f"/organizer/{language}/sign-in" + (f"?{urlencode({'next': back}, quote_via=quote)}" if back else "")
    )


def to_step_up(request: Asked, error: StepUpNeeded) -> Response[bytes]:
    held = parts.of(request)
    return html(held, StepUp(error.signed.who(held), error.kept, passkey=error.passkey), error.signed.language)


def to_send_again(request: Asked, error: SendAgain) -> Response[bytes]:
    held = parts.of(request)
    return html(held, Resume(error.signed.who(held), error.action, error.values), error.signed.language)


HANDLERS: dict[Any, Any] = {SignInNeeded: to_sign_in, StepUpNeeded: to_step_up, SendAgain: to_send_again}
