"""Invitations: links that vouch for a category. Who issued which, how often used; issue, find, revoke, recall."""

import re
from collections.abc import Mapping
from datetime import timedelta

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import invitations
from petition.domain import invitations as rules
from petition.domain import tokens
from petition.domain.actors import MODERATE, READ
from petition.errors import FieldRefused, Invalid, NotFound
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
    """`only`: this one; `after`: those after this one."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug)
    asked = request.query_params
    only, after = (gate.identifier(text) if (text := asked.get(name, "")) else None for name in ("only", "after"))
    said = asked.get("said")
    page = await _page(held, who, petition, only=only, after=after, said=said if said in SAID else None)
    if only is not None and not page.lines:
        raise NotFound()
    return html(held, page, language)


async def _page(
    held: Parts,
    who: Signed,
    petition: Petition,
    *,
    only: bytes | None = None,
    after: bytes | None = None,
    said: str | None = None,
    links: tuple[tuple[str, str], ...] = (),
    form: FormState | None = None,
) -> InvitationsPage:
    scope = who.actor.scope(petition.id, READ)
    assert scope is not None
    async with held.database.read() as connection:
        names = {o.id: o.address_text(held.keys) for o, _ in await accounts.everyone(connection)}
        found = await reading.page(connection, petition.id, scope, only=only, after=after)
    lines = tuple(
        InvitationLine(
            row,
            row.stands(held.today()),
            row.issuer(names),
            who.actor.may(petition.id, MODERATE, row.category),
            found.verified.get(row.id, 0),
        )
        for row in found.rows
    )
    mine = tuple(
        category
        for category in petition.categories
        if not category.retired and who.actor.may(petition.id, MODERATE, category.slug)
    )
    more = found.more.hex() if found.more else None
    return InvitationsPage(
        who.who(held), petition, lines, mine, more, only is not None, links, said, form or FormState()
    )


@post("/organizer/{language:str}/petitions/{slug:str}/invitations", status_code=200)
async def issue(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """New links, shown this once. Vouching for people unseen takes the second factor once more."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, MODERATE)
    try:
        asked = _numbers(typed)
        async with held.database.write() as tx:
            made = await invitations.issue(
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
    links = tuple(
        (invitation.hex()[:8], invitations.link(held.settings.base_url, spoken, slug, code))
        for invitation, code in made
    )
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


@post("/organizer/{language:str}/petitions/{slug:str}/invitations/find", status_code=303)
async def find(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Which invitation a link is that turned up somewhere: only its hash is here, so it has to be shown."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    petition = gate.petition_for(held, who, slug)
    # A whole link, or the code alone.
    code = tokens.read(re.split("[&#]", typed.get("link").strip().rpartition("invitation=")[2])[0])
    found = None
    if code is not None:
        async with held.database.read() as connection:
            found = await reading.by_code(connection, petition.id, tokens.stored(code))
    if found is None or not who.actor.may(petition.id, READ, found.category):
        wrong = FormState(typed.values, {"link": FieldRefused("invitation-not-here")})
        return html(held, await _page(held, who, petition, form=wrong), language, 422)
    return redirect(f"/organizer/{language}/petitions/{slug}/invitations?only={found.id.hex()}")


@post("/organizer/{language:str}/petitions/{slug:str}/invitations/{invitation:str}/revoke", status_code=303)
async def revoke(
    request: Asked, language: FromPath[str], slug: FromPath[str], invitation: FromPath[str]
) -> Response[bytes]:
    """`people=back` sends whoever it vouched for back to review; should that fail, it is revoked all the same."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, MODERATE)
    which = gate.identifier(invitation)
    async with held.database.write() as tx:
        await invitations.revoke(tx, petition.id, which, by=who.actor, today=held.today())
    if typed.get("people") == "back":
        return await _recalled(held, who, petition, which)
    return _back_to(who, petition, which, "revoked")


@post("/organizer/{language:str}/petitions/{slug:str}/invitations/{invitation:str}/recall", status_code=303)
async def recall(
    request: Asked, language: FromPath[str], slug: FromPath[str], invitation: FromPath[str]
) -> Response[bytes]:
    """Sends the people of one that was revoked before back to review."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, MODERATE)
    return await _recalled(held, who, petition, gate.identifier(invitation))


async def _recalled(held: Parts, who: Signed, petition: Petition, invitation: bytes) -> Response[bytes]:
    async with held.database.write() as tx:
        await invitations.recall(tx, petition.id, invitation, by=who.actor, keys=held.keys, today=held.today())
    return _back_to(who, petition, invitation, "sent-back")


def _back_to(who: Signed, petition: Petition, invitation: bytes, said: str) -> Response[bytes]:
    here = f"/organizer/{who.language}/petitions/{petition.slug}/invitations"
    return redirect(f"{here}?only={invitation.hex()}&said={said}")


@get(
    [
        "/organizer/{language:str}/petitions/{slug:str}/invitations/find",
        "/organizer/{language:str}/petitions/{slug:str}/invitations/{invitation:str}/revoke",
        "/organizer/{language:str}/petitions/{slug:str}/invitations/{invitation:str}/recall",
    ]
)
async def back_to_the_list(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The address of an act, followed instead of posted to."""
    await gate.signed(request, language)
    return redirect(f"/organizer/{language}/petitions/{slug}/invitations")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[invitations_page, issue, find, revoke, recall, back_to_the_list],
)
