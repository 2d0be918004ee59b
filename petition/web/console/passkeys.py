"""One's own passkeys: the page that makes one, and their end."""

from litestar import Response, Router, post
from litestar.params import FromPath

from petition.actions import passkeys as own
from petition.actions import sessions
from petition.domain import passkeys
from petition.domain.passkeys import Site
from petition.errors import FieldRefused, Invalid, NotFound
from petition.queries import organizers as accounts
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.account_pages import PasskeyPage
from petition.web.console.gate import Signed
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts


@post("/organizer/{language:str}/account/passkeys/new", status_code=200)
async def new(request: Asked, language: FromPath[str]) -> Response[bytes]:
    """After the step-up: what the browser then makes answers a question of this moment."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=True)
    return html(held, await _page(held, who, FormState()), language)


@post("/organizer/{language:str}/account/passkeys", status_code=303)
async def add(request: Asked, language: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    try:
        await _add(held, who, typed)
    except Invalid as wrong:
        shown = FormState({"name": typed.get("name")}, wrong.fields)
        return html(held, await _page(held, who, shown), language, 422)
    return redirect(f"/organizer/{language}/account?said=passkey-added")


async def _add(held: Parts, who: Signed, typed: Typed) -> None:
    wrong: dict[str, FieldRefused] = {}
    asked = passkeys.asked(_site(held), who.token, passkeys.ADD, who.session.proofs, held.clock())
    try:
        name = own.require_name(typed.get("name"))
    except FieldRefused as why:
        wrong["name"] = why
    try:
        made = passkeys.added(typed.get("passkey"), asked)
    except FieldRefused as why:
        wrong["passkey"] = why
    if wrong:
        raise Invalid(wrong)
    async with held.database.write() as tx:
        await own.add(tx, who.organizer.id, made, name, keys=held.keys, today=held.today())
        await sessions.spend(tx, who.session)


@post("/organizer/{language:str}/account/passkeys/{passkey:str}/remove", status_code=303)
async def remove(request: Asked, language: FromPath[str], passkey: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=True)
    async with held.database.write() as tx:
        await own.remove(tx, who.organizer.id, gate.identifier(passkey), today=held.today())
    return redirect(f"/organizer/{language}/account?said=passkey-removed")


def _site(held: Parts) -> Site:
    site = gate.site(held)
    if site is None:
        raise NotFound()
    return site


async def _page(held: Parts, who: Signed, form: FormState) -> PasskeyPage:
    asked = passkeys.asked(_site(held), who.token, passkeys.ADD, who.session.proofs, held.clock())
    async with held.database.read() as connection:
        known = await accounts.passkeys(connection, who.organizer.id)
    address = who.organizer.address_text(held.keys)
    options = passkeys.to_add(asked, who.organizer.id, address, [one.credential for one in known])
    return PasskeyPage(who.who(held), options, form)


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[new, add, remove],
)
