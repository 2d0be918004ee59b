"""Signing in and out, setting up an account, one's own password and sessions."""

import secrets
from datetime import UTC, datetime

import segno
from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import organizers, sessions
from petition.actions.limits import GUESS, SIGN_IN
from petition.domain import passwords, tokens
from petition.domain.actors import ACTIVE
from petition.errors import FieldRefused, Gone, Invalid, TooMany
from petition.queries import organizers as accounts
from petition.queries.organizers import Organizer
from petition.web import forms, guards, parts, problems
from petition.web.answers import html, redirect, spoken
from petition.web.console import gate
from petition.web.console.account_pages import AccountPage, Codes, OwnPasskey, Seat, SetUp
from petition.web.console.gate import Signed
from petition.web.console.pages import Following, SecondFactor, SignIn, StepUp
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

SAID = ("password", "session", "passkey-added", "passkey-removed")


@get("/organizer")
async def front(request: Asked) -> Response[bytes]:
    return redirect(f"/organizer/{problems.language_of(request)}", 302, "Accept-Language")


@get("/organizer/{language:str}/sign-in")
async def sign_in_page(request: Asked, language: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    spoken(held, language)
    wanted = gate.next_of(request.query_params.get("next", ""))
    return html(held, SignIn(following=Following(wanted)), language)


@post("/organizer/{language:str}/sign-in", status_code=200, request_max_body_size=gate.KEPT_BYTES)
async def sign_in(request: Asked, language: FromPath[str]) -> Response[bytes]:
    """A known and an unknown address, a right and a wrong password: the same work and, but for success, one answer."""
    held = parts.of(request)
    spoken(held, language)
    gate.require_own(request)
    typed = await forms.form(request)
    following = Following(gate.next_of(typed.get("next")), typed.get("kept"))
    try:
        token = await _first_factor(request, held, typed)
    except Invalid as wrong:
        shown = FormState({"address": typed.get("address")}, wrong.fields)
        return html(held, SignIn(shown, following), language, 422)
    except TooMany as much:
        shown = FormState({"address": typed.get("address")}, problem="too-many", facts=much.facts)
        return html(held, SignIn(shown, following), language, 429, problems.retry_headers(much))
    page = SecondFactor(following=following, passkey=await _question(held, token))
    return html(held, page, language, 200, gate.cookie(held, token))


async def _first_factor(request: Asked, held: Parts, typed: Typed) -> bytes:
    address, password = typed.get("address"), typed.get("password")
    wanting = {name: FieldRefused("required") for name in ("address", "password") if not typed.get(name)}
    if wanting:
        raise Invalid(wanting)
    guards.limit(request, "sign-in", SIGN_IN)
    try:
        login = organizers.login_of(address, held.keys)
    except FieldRefused:
        login = held.keys.login_of(address[:300])
    held.limiter.take_of("password", GUESS, login, "", now=held.monotonic())
    async with held.database.read() as connection:
        organizer = await accounts.by_login(connection, login)
    if organizer is not None and (organizer.state != ACTIVE or organizer.salt is None):
        organizer = None
    # Somebody unknown has a salt too, always the same, so that no time tells them apart.
    salt = organizer.salt if organizer and organizer.salt else tokens.digest(login)[: passwords.SALT_BYTES]
    root = await gate.derived(held, password, salt, organizer.price if organizer else None)
    if not passwords.accepts(root, organizer.password if organizer else None) or organizer is None:
        raise Invalid({"password": FieldRefused("sign-in-wrong")})
    async with held.database.write() as tx:
        await sessions.forget_old(tx, now=held.clock())
        return await sessions.begin(tx, organizer, root, now=held.clock())


@get("/organizer/{language:str}/code")
async def code_page(request: Asked, language: FromPath[str]) -> Response[bytes]:
    return redirect(f"/organizer/{spoken(parts.of(request), language)}")


@post("/organizer/{language:str}/code", status_code=200, request_max_body_size=gate.KEPT_BYTES)
async def second_factor(request: Asked, language: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    spoken(held, language)
    gate.require_own(request)
    typed = await forms.form(request)
    following = Following(gate.next_of(typed.get("next")), typed.get("kept"))
    before = gate.token_in(request)
    if before is None:
        return html(held, SignIn(following=following), language, 401)
    try:
        await _limit_codes(held, before)
        async with held.database.write() as tx:
            token = await sessions.complete(tx, before, gate.proof(held, typed), keys=held.keys, now=held.clock())
    except Invalid as wrong:
        page = SecondFactor(FormState({}, wrong.fields), following, await _question(held, before))
        return html(held, page, language, 422)
    except TooMany as much:
        shown = FormState(problem="too-many", facts=much.facts)
        page = SecondFactor(shown, following, await _question(held, before))
        return html(held, page, language, 429, problems.retry_headers(much))
    if token is None:
        return html(held, SignIn(following=following), language, 401)
    return await _begun(held, token, language, following)


async def _begun(held: Parts, token: bytes, language: str, following: Following) -> Response[bytes]:
    """Where they wanted to go; or the form that they had sent, once more."""
    if following.kept:
        async with held.database.read() as connection:
            found = await accounts.session(connection, tokens.stored(token))
            assert found is not None
            actor = await accounts.actor(connection, found[1].id)
        again = gate.resume(held, Signed(actor, found[1], found[0], token, language), following.kept)
        if again is not None:
            again.headers.update(gate.cookie(held, token))
            return again
    answer = redirect(following.next or f"/organizer/{language}")
    answer.headers.update(gate.cookie(held, token))
    return answer


async def _question(held: Parts, token: bytes) -> str:
    """Asked of whoever has shown the password; empty where there is nothing to ask for."""
    async with held.database.read() as connection:
        found = await accounts.session(connection, tokens.stored(token))
    return await gate.passkey_question(held, found[0], token) if found else ""


async def _limit_codes(held: Parts, token: bytes) -> None:
    async with held.database.read() as connection:
        found = await accounts.session(connection, tokens.stored(token))
    if found is not None:
        held.limiter.take_of("code", GUESS, found[1].id, "", now=held.monotonic())


@post("/organizer/{language:str}/sign-out", status_code=303)
async def sign_out(request: Asked, language: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who, _ = await gate.sent(request, language)
    async with held.database.write() as tx:
        await sessions.end(tx, who.session)
    held.forget(who.session.id)
    answer = redirect(f"/organizer/{language}/sign-in")
    answer.headers.update(gate.cookie(held, None))
    return answer


@post("/organizer/{language:str}/prove", status_code=200, request_max_body_size=gate.KEPT_BYTES)
async def prove(request: Asked, language: FromPath[str]) -> Response[bytes]:
    """Step-up: the form that waited for it is shown again, to be sent by a hand."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    held.limiter.take_of("code", GUESS, who.organizer.id, "", now=held.monotonic())
    try:
        async with held.database.write() as tx:
            await sessions.step_up(
                tx, who.session, who.token, gate.proof(held, typed), keys=held.keys, now=held.clock()
            )
    except Invalid as wrong:
        question = await gate.passkey_question(held, who.session, who.token)
        page = StepUp(who.who(held), typed.get("kept"), FormState({}, wrong.fields), question)
        return html(held, page, language, 422)
    return gate.resume(held, who, typed.get("kept")) or redirect(f"/organizer/{language}")


# An account's beginning


def _token(text: str) -> bytes:
    token = tokens.read(text)
    if token is None:
        raise Gone("setup-over")
    return token


async def _to_set_up(held: Parts, token: bytes) -> Organizer:
    async with held.database.read() as connection:
        return await organizers.to_set_up(connection, token, today=held.today())


def _set_up_page(held: Parts, organizer: Organizer, token: bytes, form: FormState) -> SetUp:
    address, secret = organizer.address_text(held.keys), organizers.setup_totp(token)
    uri = passwords.totp_uri(secret, address, held.pages.base_url.partition("//")[2])
    picture = segno.make(uri, error="m", micro=False).svg_data_uri(border=4, dark="#000", light="#fff", scale=4)
    return SetUp(tokens.written(token), address, picture, passwords.totp_text(secret), form)


@get("/organizer/{language:str}/set-up/{text:str}")
async def set_up_page(request: Asked, language: FromPath[str], text: FromPath[str]) -> Response[bytes]:
    held, token = parts.of(request), _token(text)
    spoken(held, language)
    return html(held, _set_up_page(held, await _to_set_up(held, token), token, FormState()), language)


@post("/organizer/{language:str}/set-up/{text:str}", status_code=200)
async def set_up(request: Asked, language: FromPath[str], text: FromPath[str]) -> Response[bytes]:
    held, token = parts.of(request), _token(text)
    spoken(held, language)
    gate.require_own(request)
    guards.limit(request, "sign-in", SIGN_IN)
    typed = await forms.form(request)
    organizer = await _to_set_up(held, token)
    wrong = _password_faults(typed, organizer.address_text(held.keys))
    secret = organizers.setup_totp(token)
    step = passwords.totp_step(secret, typed.get("code"), held.clock(), after=0)
    if step is None:
        wrong["code"] = FieldRefused("code-wrong")
    if wrong or step is None:
        return html(held, _set_up_page(held, organizer, token, FormState({}, wrong)), language, 422)
    salt = secrets.token_bytes(passwords.SALT_BYTES)
    root = await gate.derived(held, typed.get("password"), salt, None)
    async with held.database.write() as tx:
        chosen = organizers.Secrets(root, salt, secret, step)
        _, codes = await organizers.set_up(tx, token, chosen, keys=held.keys, today=held.today())
    return html(held, Codes(codes), language)


def _password_faults(typed: Typed, address: str) -> dict[str, FieldRefused]:
    wrong = {}
    try:
        passwords.require_good(typed.get("password"), address)
    except FieldRefused as why:
        wrong["password"] = why
    if typed.get("again") != typed.get("password"):
        wrong["again"] = FieldRefused("password-differs")
    return wrong


# One's own account


@get("/organizer/{language:str}/account")
async def account(request: Asked, language: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    said = request.query_params.get("said")
    return html(held, await _account(held, who, said if said in SAID else None, FormState()), language)


async def _account(held: Parts, who: Signed, said: str | None, form: FormState) -> AccountPage:
    async with held.database.read() as connection:
        mine = await accounts.sessions(connection, who.organizer.id)
        left = await accounts.recovery_codes_left(connection, who.organizer.id)
        passkeys = await accounts.passkeys(connection, who.organizer.id)
    seats = tuple(
        Seat(s.id.hex(), _moment(s.begun_at), _moment(s.seen_at), s.id == who.session.id)
        for s in mine
        if sessions.alive(s, held.clock())
    )
    named = tuple(OwnPasskey(one.id.hex(), one.name_text(held.keys), one.added_on) for one in passkeys)
    return AccountPage(who.who(held), seats, left, named, gate.site(held) is not None, said, form)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@post("/organizer/{language:str}/account/password", status_code=303)
async def change_password(request: Asked, language: FromPath[str]) -> Response[bytes]:
    """Needs the old one: whoever finds a browser open cannot take the account. The other sessions end."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    held.limiter.take_of("password", GUESS, who.organizer.login, "", now=held.monotonic())
    wrong = _password_faults(typed, who.organizer.address_text(held.keys))
    assert who.organizer.salt is not None
    old = await gate.derived(held, typed.get("old"), who.organizer.salt, who.organizer.price)
    if not passwords.accepts(old, who.organizer.password):
        wrong["old"] = FieldRefused("password-wrong")
    if wrong:
        return html(held, await _account(held, who, None, FormState({}, wrong)), language, 422)
    salt = secrets.token_bytes(passwords.SALT_BYTES)
    root = await gate.derived(held, typed.get("password"), salt, None)
    async with held.database.write() as tx:
        await organizers.change_password(tx, who.organizer, who.own_key(), root, salt, today=held.today())
        await sessions.end_others(tx, who.session)
    return redirect(f"/organizer/{language}/account?said=password")


@post("/organizer/{language:str}/account/keys", status_code=303)
async def single_keys(request: Asked, language: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    async with held.database.write() as tx:
        await organizers.set_single_keys(tx, who.organizer.id, on=typed.get("on") == "yes")
    return redirect(f"/organizer/{language}/account")


@post("/organizer/{language:str}/account/codes", status_code=200)
async def new_codes(request: Asked, language: FromPath[str]) -> Response[bytes]:
    """Instead of those that are left, which end."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=True)
    async with held.database.write() as tx:
        codes = await organizers.new_codes(tx, who.organizer.id, keys=held.keys)
    return html(held, Codes(codes), language)


@post("/organizer/{language:str}/account/sessions/{session:str}/end", status_code=303)
async def end_session(request: Asked, language: FromPath[str], session: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who, _ = await gate.sent(request, language)
    async with held.database.write() as tx:
        await sessions.end_one(tx, who.organizer.id, gate.identifier(session), today=held.today())
    held.forget(gate.identifier(session))
    return redirect(f"/organizer/{language}/account?said=session")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[
        front,
        sign_in_page,
        sign_in,
        code_page,
        second_factor,
        sign_out,
        prove,
        set_up_page,
        set_up,
        account,
        change_password,
        new_codes,
        single_keys,
        end_session,
    ],
)
