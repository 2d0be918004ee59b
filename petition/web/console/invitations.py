"""Invitations: links that vouch for a category. Who issued which, how often it was used; issue, revoke."""

from collections.abc import Mapping
from datetime import timedelta

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import invitations
from petition.domain import invitations as rules
from petition.domain.actors import MODERATE, READ
from petition.errors import FieldRefused, Invalid
from petition.queries import invitations as reading
from petition.queries import organizers as accounts
from petition.queries.petitions import Petition
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.desk_pages import InvitationLine, InvitationsPage
from petition.web.console.gate import Signed
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

SAID = ("revoked", "sent-back")


@get("/organizer/{language:str}/petitions/{slug:str}/invitations")
async def invitations_page(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug)
    after, said = request.query_params.get("after", ""), request.query_params.get("said")
    page = await _page(held, who, petition, after=after, said=said if said in SAID else None)
    return html(held, page, language)


async def _page(
    held: Parts,
    who: Signed,
    petition: Petition,
    *,
    after: str = "",
    said: str | None = None,
    links: tuple[str, ...] = (),
    form: FormState | None = None,
) -> InvitationsPage:
    scope = who.actor.scope(petition.id, READ)
    assert scope is not None
    async with held.database.read() as connection:
        names = {o.id: o.address_text(held.keys) for o, _ in await accounts.everyone(connection)}
        found = await reading.page(
            connection, petition.id, scope, after=gate.identifier(after) if after else None, limit=reading.PAGE
        )
    lines = tuple(
        InvitationLine(
            row,
            row.stands(held.today()),
            names.get(row.issued_by, "") if row.issued_by else "",
            who.actor.may(petition.id, MODERATE, row.category),
        )
        for row in found.rows
    )
    mine = tuple(
        category
        for category in petition.categories
        if not category.retired and who.actor.may(petition.id, MODERATE, category.slug)
    )
    more = found.more.hex() if found.more else None
    return InvitationsPage(who.who(held), petition, lines, mine, more, links, said, form or FormState())


@post("/organizer/{language:str}/petitions/{slug:str}/invitations", status_code=200)
async def issue(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """New links, shown this once. Vouching for people unseen takes the second factor once more."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, MODERATE)
    try:
        asked = _numbers(typed)
        async with held.database.write() as tx:
            codes = await invitations.issue(
                tx,
                petition.id,
                typed.get("category"),
                uses=asked["uses"],
                count=asked["count"],
                expires_on=held.today() + timedelta(days=asked["days"]),
                by=who.actor,
                today=held.today(),
            )
    except Invalid as wrong:
        page = await _page(held, who, petition, form=FormState(typed.values, wrong.fields))
        return html(held, page, language, 422)
    spoken = language if language in petition.languages else petition.default_language
    links = tuple(invitations.link(held.settings.base_url, spoken, slug, code) for code in codes)
    return html(held, await _page(held, who, petition, links=links), language)


def _numbers(typed: Typed) -> Mapping[str, int]:
    most = {"uses": rules.MOST_USES, "count": rules.MOST_AT_ONCE, "days": rules.MOST_DAYS}
    found, refused = {}, {}
    for name, limit in most.items():
        try:
            found[name] = rules.number(typed.get(name), limit)
        except FieldRefused as why:
            refused[name] = why
    if refused:
        raise Invalid(refused)
    return found


@post("/organizer/{language:str}/petitions/{slug:str}/invitations/{invitation:str}/revoke", status_code=303)
async def revoke(
    request: Asked, language: FromPath[str], slug: FromPath[str], invitation: FromPath[str]
) -> Response[bytes]:
    """`people=back` sends whoever it vouched for back to review."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, MODERATE)
    back = typed.get("people") == "back"
    async with held.database.write() as tx:
        await invitations.revoke(
            tx,
            petition.id,
            gate.identifier(invitation),
            by=who.actor,
            keys=held.keys,
            today=held.today(),
            back_to_review=back,
        )
    said = "sent-back" if back else "revoked"
    return redirect(f"/organizer/{language}/petitions/{slug}/invitations?said={said}")


@get("/organizer/{language:str}/petitions/{slug:str}/invitations/{invitation:str}/revoke")
async def back_to_the_list(
    request: Asked, language: FromPath[str], slug: FromPath[str], invitation: FromPath[str]
) -> Response[bytes]:
    """The address of an act, followed instead of posted to."""
    await gate.signed(request, language)
    return redirect(f"/organizer/{language}/petitions/{slug}/invitations")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[invitations_page, issue, revoke, back_to_the_list],
)
