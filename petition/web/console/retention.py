"""How long records are kept: days after delivery or closing, a legal hold, and when the next run destroys them."""

from datetime import date

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import keeping
from petition.domain.actors import DECIDE, READ
from petition.errors import FieldRefused, Invalid
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.gate import Signed
from petition.web.console.pages import RetentionPage
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts


@get("/organizer/{language:str}/petitions/{slug:str}/retention")
async def retention_page(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    return _page(held, who, slug, FormState(), said=request.query_params.get("said") == "retention")


def _page(
    held: Parts, who: Signed, slug: str, form: FormState, *, said: bool = False, status: int = 200
) -> Response[bytes]:
    petition = gate.petition_for(held, who, slug, READ)
    page = RetentionPage(
        who.who(held), petition, who.actor.may(petition.id, DECIDE), "retention" if said else None, form
    )
    return html(held, page, who.language, status)


@post("/organizer/{language:str}/petitions/{slug:str}/retention", status_code=303)
async def change(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, DECIDE)
    try:
        wanted = _wanted(typed, held.today())
    except Invalid as wrong:
        return _page(held, who, slug, FormState(typed.values, wrong.fields), status=422)
    async with held.database.write() as tx:
        await keeping.change(tx, petition.id, wanted, by=who.actor, today=held.today())
    await held.hub.poll()
    return redirect(f"/organizer/{language}/petitions/{slug}/retention?said=retention")


def _wanted(typed: Typed, today: date) -> keeping.Terms:
    wrong = {}
    days = int(typed.get("days")) if typed.get("days").isdecimal() and len(typed.get("days")) < 6 else -1
    if not 1 <= days <= keeping.LONGEST:
        wrong["days"] = FieldRefused("days-out-of-range", most=keeping.LONGEST)
    delivered = None
    try:
        delivered = date.fromisoformat(typed.get("delivered")) if typed.get("delivered") else None
    except ValueError:
        wrong["delivered"] = FieldRefused("date-unreadable")
    if delivered is not None and delivered > today:
        wrong["delivered"] = FieldRefused("date-to-come")
    if wrong:
        raise Invalid(wrong)
    return keeping.Terms(days, typed.get("hold") == "yes", delivered)


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[retention_page, change],
)
