"""The dashboard and the team: what waits, and who is here."""

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import organizers
from petition.domain import actors, funnel
from petition.domain.actors import DECIDE, MODERATE, READ, ROLES, Grant
from petition.errors import Conflict, FieldRefused, Forbidden, Invalid
from petition.queries import batches
from petition.queries import funnel as funnels
from petition.queries import organizers as accounts
from petition.queries.petitions import Petition
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.gate import Signed
from petition.web.console.pages import Dashboard, Desk, Member, TeamPage
from petition.web.console.unusual import unusual
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

SAID = ("role", "removed", "shared")


@get("/organizer/{language:str}")
async def dashboard(request: Asked, language: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    desks = [await _desk(held, who, petition) for petition in gate.readable(held, who)]
    return html(held, Dashboard(who.who(held), tuple(desks)), language)


async def _desk(held: Parts, who: Signed, petition: Petition) -> Desk:
    scope = who.actor.scope(petition.id, READ)
    assert scope is not None
    numbers = await gate.numbers(held, petition.id)
    async with held.database.read() as connection:
        opens = await accounts.shared_key(connection, petition.id, who.organizer.id) is not None
        failed = await funnels.failed(connection, petition.id, scope, limit=0)
        asked = await batches.asked(connection, petition.id)
    return Desk(
        petition,
        petition.phase(held.clock()),
        held.hub.any_counts(petition.slug),
        who.actor.role_on(petition.id) or "",
        funnel.of(numbers.cells, numbers.mails, numbers.days, scope.categories),
        opens,
        who.actor.scope(petition.id, MODERATE) is not None,
        who.actor.may(petition.id, DECIDE),
        await unusual(held, who, petition) if scope.categories is None else (),
        asked,
        failed.number,
        max(((n, numbers.milestones[n]) for n in petition.milestones if n in numbers.milestones), default=None),
    )


def _deciding(who: Signed) -> None:
    if not who.actor.decides_everywhere():
        raise Forbidden()


@get("/organizer/{language:str}/team")
async def team(request: Asked, language: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    _deciding(who)
    said = request.query_params.get("said")
    return html(held, await _team(held, who, said=said if said in SAID else None), language)


async def _team(
    held: Parts, who: Signed, *, said: str | None = None, link: str | None = None, form: FormState | None = None
) -> TeamPage:
    petitions = held.hub.all_petitions()
    async with held.database.read() as connection:
        everyone = await accounts.everyone(connection)
        holders = {p.id: await accounts.key_holders(connection, p.id) for p in petitions}
    members = []
    for organizer, grants in everyone:
        theirs = [p for p in petitions if any(g.petition_id in (None, p.id) for g in grants)]
        lacks = tuple(p for p in theirs if organizer.id not in holders[p.id])
        address = organizer.address_text(held.keys)
        members.append(
            Member(organizer.id.hex(), address, organizer.state, grants, lacks, organizer.id == who.organizer.id)
        )
    members.sort(key=lambda member: (not member.me, member.address))
    return TeamPage(who.who(held), tuple(members), petitions, link, said, form or FormState())


@post("/organizer/{language:str}/team", status_code=200)
async def invite(request: Asked, language: FromPath[str]) -> Response[bytes]:
    """A new account, or a further role; its link is shown once. Keys that this session can open are shared at once."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    _deciding(who)
    try:
        grant = _grant(held, typed)
        shares = await _keys(held, who, grant)
        async with held.database.write() as tx:
            invited = await organizers.invite(
                tx,
                typed.get("address"),
                [grant],
                language=language,
                by=who.actor.id,
                keys=held.keys,
                today=held.today(),
            )
            await organizers.share(tx, invited, shares, by=who.actor.id, today=held.today())
    except FieldRefused as why:
        page = await _team(held, who, form=FormState(typed.values, {"address": why}))
        return html(held, page, language, 422)
    except Invalid as wrong:
        return html(held, await _team(held, who, form=FormState(typed.values, wrong.fields)), language, 422)
    if invited.setup is None:
        return redirect(f"/organizer/{language}/team?said=role")
    link = organizers.setup_link(held.settings.base_url, language, invited.setup)
    return html(held, await _team(held, who, link=link), language)


def _grant(held: Parts, typed: Typed) -> Grant:
    wrong = {}
    if typed.get("role") not in ROLES:
        wrong["role"] = FieldRefused("unknown-choice")
    known = {p.slug: p for p in held.hub.all_petitions()}
    slug = typed.get("petition")
    if slug and slug not in known:
        wrong["petition"] = FieldRefused("unknown-choice")
    limited = tuple(name.removeprefix("category-") for name in sorted(typed.values) if name.startswith("category-"))
    if limited and (typed.get("role") != actors.VERIFIER or slug not in known):
        wrong["role"] = FieldRefused("categories-of-verifier")
    elif limited and not {c.slug for c in known[slug].categories} >= set(limited):
        wrong["role"] = FieldRefused("category-unknown")
    if wrong:
        raise Invalid(wrong)
    return Grant(known[slug].id if slug else None, typed.get("role"), limited or None)


async def _keys(held: Parts, who: Signed, grant: Grant) -> dict[bytes, bytes]:
    """The private keys that this grant is in need of and this session can open."""
    wanted = [p.id for p in held.hub.all_petitions() if grant.petition_id in (None, p.id)]
    opened = {petition_id: await gate.private_key(held, who, petition_id) for petition_id in wanted}
    return {petition_id: key for petition_id, key in opened.items() if key is not None}


@post("/organizer/{language:str}/team/{member:str}/share", status_code=303)
async def share(request: Asked, language: FromPath[str], member: FromPath[str]) -> Response[bytes]:
    """Whoever has a role and lacks a key gets it from one who has it."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=True)
    _deciding(who)
    async with held.database.write() as tx:
        organizer = await accounts.by_id(tx, gate.identifier(member), lock=True)
        if organizer is None:
            raise Conflict("changed-meanwhile")
        shares: dict[bytes, bytes] = {}
        for grant in (await accounts.actor(tx, organizer.id)).grants:
            shares |= await _keys(held, who, grant)
        await organizers.share(tx, organizer, shares, by=who.actor.id, today=held.today())
    return redirect(f"/organizer/{language}/team?said=shared")


@post("/organizer/{language:str}/team/{member:str}/remove", status_code=303)
async def remove(request: Asked, language: FromPath[str], member: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=True)
    _deciding(who)
    async with held.database.write() as tx:
        await organizers.remove(tx, gate.identifier(member), by=who.actor.id, today=held.today())
    return redirect(f"/organizer/{language}/team?said=removed")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[dashboard, team, invite, share, remove],
)
