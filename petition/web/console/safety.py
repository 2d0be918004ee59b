"""The safety switch: hides all names, pauses signing, ends all other sessions; and back."""

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import safety
from petition.domain.actors import DECIDE
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.gate import Signed
from petition.web.console.pages import SafetyPage
from petition.web.parts import Asked, Parts


@get("/organizer/{language:str}/petitions/{slug:str}/safety")
async def safety_page(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug, DECIDE)
    return html(held, SafetyPage(who.who(held), petition), language)


@post("/organizer/{language:str}/petitions/{slug:str}/safety/on", status_code=303)
async def switch_on(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """One press is enough: whoever needs this has no time."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language)
    return await _switch(held, who, slug, on=True)


@post("/organizer/{language:str}/petitions/{slug:str}/safety/off", status_code=303)
async def switch_off(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=True)
    return await _switch(held, who, slug, on=False)


async def _switch(held: Parts, who: Signed, slug: str, *, on: bool) -> Response[bytes]:
    petition = gate.petition_for(held, who, slug, DECIDE)
    async with held.database.write() as tx:
        ended = await safety.switch(tx, petition.id, on=on, by=who.actor, session_id=who.session.id, today=held.today())
    for session_id in ended:
        held.searches.forget(session_id)
        held.likenesses.forget(session_id)
    await held.hub.poll()
    return redirect(f"/organizer/{who.language}/petitions/{slug}/safety")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[safety_page, switch_on, switch_off],
)
