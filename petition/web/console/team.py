"""The dashboard and the team: what waits, and who is here."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import organizers
from petition.domain import actors, funnel
from petition.domain.actors import DECIDE, MODERATE, READ, ROLES, Grant
from petition.errors import Conflict, FieldRefused, Forbidden, Invalid, NotFound
from petition.queries import batches, rekeyings
from petition.queries import funnel as funnels
from petition.queries import organizers as accounts
from petition.queries.organizers import Organizer
from petition.queries.petitions import Petition
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.changing import change_key
from petition.web.console.gate import Signed
from petition.web.console.pages import Dashboard, Desk, Leaving, Member, Post, TeamPage
from petition.web.console.unusual import unusual
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

SAID = ("role", "taken", "removed", "shared")


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
        changing = await rekeyings.of(connection, petition.id)
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
        changing,
        failed.number,
        max(((n, numbers.milestones[n]) for n in petition.milestones if n in numbers.milestones), default=None),
        takes=who.actor.may(petition.id, MODERATE),
    )


def _mine(held: Parts, who: Signed) -> tuple[Petition, ...]:
    """The petitions whose people this organizer decides about; `Forbidden` if there is nothing to decide."""
    if not who.actor.decides_anywhere():
        raise Forbidden()
    return tuple(p for p in held.hub.all_petitions() if who.actor.may(p.id, DECIDE))


def _sees(who: Signed, grants: Sequence[Grant]) -> bool:
    """Colleagues with a role on one's own petitions; those of others, and of all, are for owners of all."""
    return who.actor.decides_everywhere() or any(g.petition_id and who.actor.may_give(g) for g in grants)


@get("/organizer/{language:str}/team")
async def team(request: Asked, language: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    said = request.query_params.get("said")
    return html(held, await _team(held, who, said=said if said in SAID else None), language)


async def _team(
    held: Parts, who: Signed, *, said: str | None = None, link: str | None = None, form: FormState | None = None
) -> TeamPage:
    mine = _mine(held, who)
    async with held.database.read() as connection:
        everyone = await accounts.everyone(connection)
        holders = {p.id: await accounts.key_holders(connection, p.id) for p in mine}
        changing = await rekeyings.by_petition(connection)
    seen = [(organizer, grants) for organizer, grants in everyone if _sees(who, grants)]
    members = [_member(held, who, organizer, grants, mine, holders) for organizer, grants in seen]
    return TeamPage(
        who.who(held),
        tuple(sorted(members, key=lambda member: (not member.me, member.address))),
        mine,
        who.actor.decides_everywhere(),
        sum(any(g.petition_id is None for g in grants) for _, grants in everyone) if mine else 0,
        {p.id: changing[p.id] for p in mine if p.id in changing},
        link,
        said,
        form or FormState(),
    )


def _member(
    held: Parts,
    who: Signed,
    organizer: Organizer,
    grants: Sequence[Grant],
    mine: Sequence[Petition],
    holders: Mapping[bytes, frozenset[bytes]],
) -> Member:
    """What of somebody is this organizer's to see: their roles on one's own petitions."""
    holds = [p for p in mine if organizer.id in holders[p.id]]

    def leaving(kept: Sequence[Grant]) -> Leaving:
        gone = tuple(p for p in holds if not any(grant.covers(p.id) for grant in kept))
        return Leaving(gone, tuple(p for p in gone if len(holders[p.id]) == 1))

    posts = tuple(
        Post(grant, grant.id.hex(), leaving([g for g in grants if g.id != grant.id]))
        for grant in grants
        if who.actor.may_give(grant)
    )
    lacks = tuple(p for p in mine if p not in holds and any(grant.covers(p.id) for grant in grants))
    address, me = organizer.address_text(held.keys), organizer.id == who.organizer.id
    return Member(organizer.id.hex(), address, organizer.state, posts, lacks, leaving(()), me)


@post("/organizer/{language:str}/team", status_code=200)
async def invite(request: Asked, language: FromPath[str]) -> Response[bytes]:
    """A new account, or a further role; its link is shown once. Keys that this session can open are shared at once."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    mine = _mine(held, who)
    try:
        grant = _grant(who, mine, typed)
        shares = await _keys(held, who, mine, [grant])
        async with held.database.write() as tx:
            invited = await organizers.invite(
                tx,
                typed.get("address"),
                [grant],
                language=language,
                by=who.actor,
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


def _grant(who: Signed, mine: Sequence[Petition], typed: Typed) -> Grant:
    wrong = {}
    if typed.get("role") not in ROLES:
        wrong["role"] = FieldRefused("unknown-choice")
    known = {p.slug: p for p in mine}
    slug = typed.get("petition")
    if slug not in known and (slug or not who.actor.decides_everywhere()):
        wrong["petition"] = FieldRefused("unknown-choice")
    limited = tuple(name.removeprefix("category-") for name in sorted(typed.values) if name.startswith("category-"))
    if limited and (typed.get("role") != actors.VERIFIER or slug not in known):
        wrong["role"] = FieldRefused("categories-of-verifier")
    elif limited and not {c.slug for c in known[slug].categories} >= set(limited):
        wrong["role"] = FieldRefused("category-unknown")
    if wrong:
        raise Invalid(wrong)
    return Grant(known[slug].id if slug else None, typed.get("role"), limited or None)


async def _keys(held: Parts, who: Signed, mine: Sequence[Petition], grants: Sequence[Grant]) -> dict[bytes, bytes]:
    """The private keys that these grants are in need of and this session can open."""
    wanted = [p.id for p in mine if any(grant.covers(p.id) for grant in grants)]
    rings = {petition_id: await gate.ring(held, who, petition_id) for petition_id in wanted}
    return {petition_id: ring[0] for petition_id, ring in rings.items() if ring is not None}


@post("/organizer/{language:str}/team/{member:str}/share", status_code=303)
async def share(request: Asked, language: FromPath[str], member: FromPath[str]) -> Response[bytes]:
    """Whoever has a role and lacks a key gets it from one who has it."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=True)
    mine = _mine(held, who)
    async with held.database.write() as tx:
        organizer = await accounts.by_id(tx, gate.identifier(member), lock=True)
        grants = (await accounts.actor(tx, gate.identifier(member))).grants
        if organizer is None or not _sees(who, grants):
            raise NotFound()
        shares = await _keys(held, who, mine, grants)
        await organizers.share(tx, organizer, shares, by=who.actor.id, today=held.today())
    return redirect(f"/organizer/{language}/team?said=shared")


@post("/organizer/{language:str}/team/{member:str}/remove", status_code=303)
async def remove(request: Asked, language: FromPath[str], member: FromPath[str]) -> Response[bytes]:
    """The account ends first and whatever comes; then the keys that its owner held are changed."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=True)
    if not who.actor.decides_everywhere():
        raise Forbidden()
    gone = gate.identifier(member)
    async with held.database.write() as tx:
        seats = await accounts.sessions(tx, gone)
        left = await organizers.remove(tx, gone, by=who.actor, today=held.today())
    for seat in seats:
        held.forget(seat.id)
    return await _left(held, who, gone, left, "removed")


@post("/organizer/{language:str}/team/{member:str}/roles/{role:str}/take", status_code=303)
async def take(request: Asked, language: FromPath[str], member: FromPath[str], role: FromPath[str]) -> Response[bytes]:
    """One role; where it was the last on a petition, that petition's key is changed."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=True)
    _mine(held, who)
    whose = gate.identifier(member)
    async with held.database.write() as tx:
        seats = await accounts.sessions(tx, whose)
        left = await organizers.take(tx, whose, gate.identifier(role), by=who.actor, today=held.today())
    for seat in seats:
        held.forget(seat.id)
    return await _left(held, who, whose, left, "taken")


async def _left(held: Parts, who: Signed, gone: bytes, left: Sequence[bytes], said: str) -> Response[bytes]:
    """A key that cannot be changed now stays due, and the page says so."""
    for petition in held.hub.all_petitions():
        if petition.id in left and gone != who.organizer.id:
            with suppress(Conflict):
                await change_key(held, who, petition)
    return redirect(f"/organizer/{who.language}/team?said={said}")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[dashboard, team, invite, share, remove, take],
)
