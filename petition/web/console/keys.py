"""A petition's key: who can open the records, the recovery key for an owner who cannot, and changing it."""

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition import keyfiles
from petition.actions import organizers
from petition.domain.actors import DECIDE, READ
from petition.errors import Conflict, Invalid
from petition.queries import organizers as accounts
from petition.queries import rekeyings
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.changing import change_key, go_on
from petition.web.console.gate import Signed
from petition.web.console.pages import KeyPage
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

SAID = ("recovered", "changed")


@get("/organizer/{language:str}/petitions/{slug:str}/key")
async def key_page(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    said = request.query_params.get("said")
    return html(held, await _page(held, who, slug, said=said if said in SAID else None), language)


async def _page(
    held: Parts, who: Signed, slug: str, *, said: str | None = None, form: FormState | None = None
) -> KeyPage:
    petition = gate.petition_for(held, who, slug, READ)
    decides = who.actor.may(petition.id, DECIDE)
    async with held.database.read() as connection:
        holders = await accounts.key_holders(connection, petition.id)
        changing = await rekeyings.of(connection, petition.id)
    lies = keyfiles.recovery_path(held.settings, slug, petition.public_key) if decides else None
    return KeyPage(
        who.who(held),
        petition,
        await gate.ring(held, who, petition.id) is not None,
        decides,
        len(holders),
        changing,
        held.resealing.running(petition.id),
        lies.name if lies else None,
        said,
        form or FormState(),
    )


@post("/organizer/{language:str}/petitions/{slug:str}/key/recover", status_code=303)
async def recover(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The text of the recovery key. What was typed is not shown again: it opens every record there is."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, DECIDE)
    try:
        async with held.database.write() as tx:
            text = typed.get("recovery")
            await organizers.recover(tx, who.organizer, petition.id, text, by=who.actor, today=held.today())
    except Invalid as wrong:
        return html(held, await _page(held, who, slug, form=FormState({}, wrong.fields)), language, 422)
    return redirect(f"/organizer/{language}/petitions/{slug}/key?said=recovered")


@post("/organizer/{language:str}/petitions/{slug:str}/key/change", status_code=303)
async def change(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """A new key, where somebody who knew the present one has left or may have been found out."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, DECIDE)
    if not await change_key(held, who, petition):
        raise Conflict("key-not-held")
    return redirect(f"/organizer/{language}/petitions/{slug}/key?said=changed")


@post("/organizer/{language:str}/petitions/{slug:str}/key/continue", status_code=303)
async def carry_on(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Goes on where whoever began was stopped; twice at once does no harm."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language)
    petition = gate.petition_for(held, who, slug, DECIDE)
    ring = await gate.ring(held, who, petition.id)
    if ring is None:
        raise Conflict("key-not-held")
    await go_on(held, who, petition, ring[0])
    return redirect(f"/organizer/{language}/petitions/{slug}/key")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[key_page, recover, change, carry_on],
)
