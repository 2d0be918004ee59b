"""To whom the statement was delivered: recorded, corrected, taken back and put back by owners; public at once."""

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import delivering
from petition.domain import delivered
from petition.domain.actors import DECIDE, READ
from petition.errors import Conflict, Invalid, NotFound
from petition.queries import deliveries as reading
from petition.queries.deliveries import Delivery
from petition.queries.petitions import Petition
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.gate import Signed
from petition.web.console.pages import DeliveriesPage
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts


@get("/organizer/{language:str}/petitions/{slug:str}/deliveries")
async def deliveries_page(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """`correct`: the one whose words stand in the form."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug, READ)
    asked = request.query_params
    correcting = gate.identifier(asked["correct"]) if asked.get("correct") else None
    said = "edited" if asked.get("said") == "edited" else None
    return await _page(held, who, petition, correcting=correcting, said=said)


async def _page(
    held: Parts,
    who: Signed,
    petition: Petition,
    *,
    correcting: bytes | None = None,
    form: FormState | None = None,
    said: str | None = None,
    status: int = 200,
) -> Response[bytes]:
    async with held.database.read() as connection:
        found = await reading.of_petition(connection, petition.id)
    chosen = _one(found, correcting) if correcting is not None else None
    shown = form or FormState(_as_typed(chosen) if chosen else {})
    decides = who.actor.may(petition.id, DECIDE)
    page = DeliveriesPage(who.who(held), petition, found, decides, chosen, shown, said)
    return html(held, page, who.language, status)


def _one(found: tuple[Delivery, ...], delivery_id: bytes) -> Delivery:
    chosen = next((each for each in found if each.id == delivery_id), None)
    if chosen is None:
        raise NotFound()
    return chosen


def _as_typed(known: Delivery) -> dict[str, str]:
    values = {"addressee": delivered.AS_RECORDED, "day": str(known.day)}
    for name in delivered.TEXTS:
        values |= {f"{name}-{language}": text for language, text in getattr(known, name).items()}
    return values


@post("/organizer/{language:str}/petitions/{slug:str}/deliveries", status_code=303)
async def record(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """A delivery sets the day from which the records are kept on: the second factor once more."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, DECIDE)
    try:
        told = _told(held, petition, typed)
        async with held.database.write() as tx:
            await delivering.record(tx, petition.id, told, by=who.actor, today=held.today())
    except Invalid as wrong:
        return await _page(held, who, petition, form=FormState(typed.values, wrong.fields), status=422)
    return await _back(held, who, petition)


@post("/organizer/{language:str}/petitions/{slug:str}/deliveries/{delivery:str}", status_code=303)
async def correct(
    request: Asked, language: FromPath[str], slug: FromPath[str], delivery: FromPath[str]
) -> Response[bytes]:
    """`seen`: what the form was made from. Of a colleague's change one is told; what was typed stays."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, DECIDE)
    which = gate.identifier(delivery)
    try:
        async with held.database.write() as tx:
            known = _one(await reading.of_petition(tx, petition.id), which)
            told = _told(held, petition, typed, known)
            await delivering.correct(tx, petition.id, which, told, typed.get("seen"), by=who.actor, today=held.today())
    except Invalid as wrong:
        form = FormState(typed.values, wrong.fields)
        return await _page(held, who, petition, correcting=which, form=form, status=422)
    except Conflict as late:
        return await _page(
            held, who, petition, correcting=which, form=FormState(typed.values, {}, late.code), status=409
        )
    return await _back(held, who, petition)


def _told(held: Parts, petition: Petition, typed: Typed, known: Delivery | None = None) -> delivered.Told:
    names = [addressee.name for addressee in petition.addressees]
    recorded = known.addressee if known else None
    return delivered.read(typed.values, names, tuple(held.catalogues), today=held.today(), recorded=recorded)


@post("/organizer/{language:str}/petitions/{slug:str}/deliveries/{delivery:str}/take-back", status_code=303)
async def take_back(
    request: Asked, language: FromPath[str], slug: FromPath[str], delivery: FromPath[str]
) -> Response[bytes]:
    return await _moved(request, language, slug, delivery, back=True)


@post("/organizer/{language:str}/petitions/{slug:str}/deliveries/{delivery:str}/put-back", status_code=303)
async def put_back(
    request: Asked, language: FromPath[str], slug: FromPath[str], delivery: FromPath[str]
) -> Response[bytes]:
    return await _moved(request, language, slug, delivery, back=False)


async def _moved(request: Asked, language: str, slug: str, delivery: str, *, back: bool) -> Response[bytes]:
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, DECIDE)
    which = gate.identifier(delivery)
    try:
        async with held.database.write() as tx:
            await delivering.take_back(
                tx, petition.id, which, typed.get("seen"), back=back, by=who.actor, today=held.today()
            )
    except Invalid as wrong:
        return await _page(held, who, petition, form=FormState({}, wrong.fields), status=422)
    return await _back(held, who, petition)


async def _back(held: Parts, who: Signed, petition: Petition) -> Response[bytes]:
    await held.hub.poll()
    return redirect(f"/organizer/{who.language}/petitions/{petition.slug}/deliveries?said=edited")


@get(
    [
        "/organizer/{language:str}/petitions/{slug:str}/deliveries/{delivery:str}",
        "/organizer/{language:str}/petitions/{slug:str}/deliveries/{delivery:str}/take-back",
        "/organizer/{language:str}/petitions/{slug:str}/deliveries/{delivery:str}/put-back",
    ]
)
async def back_to_the_list(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The address of an act, followed instead of posted to."""
    await gate.signed(request, language)
    return redirect(f"/organizer/{language}/petitions/{slug}/deliveries")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[deliveries_page, record, correct, take_back, put_back, back_to_the_list],
)
