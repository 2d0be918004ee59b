"""The dashboard, the team and the audit: who is here, what waits for them, who did what."""

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import audit, organizers
from petition.domain import actors
from petition.domain.actors import DECIDE, MODERATE, READ, ROLES, Grant
from petition.errors import Conflict, FieldRefused, Forbidden, Invalid
from petition.queries import audit as audits
from petition.queries import batches, queue
from petition.queries import organizers as accounts
from petition.queries.petitions import Petition
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.gate import Signed
from petition.web.console.pages import (
    AuditLine,
    AuditPage,
    Dashboard,
    Desk,
    Member,
    TeamPage,
)
from petition.web.console.unusual import unusual
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

SAID = ("role", "removed", "shared")
AUDIT_PAGE = 100


def _petitions(held: Parts, who: Signed) -> tuple[Petition, ...]:
    return tuple(p for p in held.hub.all_petitions() if who.actor.scope(p.id, READ) is not None)


@get("/organizer/{language:str}")
async def dashboard(request: Asked, language: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    desks = []
    async with held.database.read() as connection:
        for petition in _petitions(held, who):
            scope = who.actor.scope(petition.id, READ)
            assert scope is not None
            desks.append(
                Desk(
                    petition,
                    petition.phase(held.clock()),
                    held.hub.any_counts(petition.slug),
                    who.actor.role_on(petition.id) or "",
                    await queue.waiting_counts(connection, petition.id, scope),
                    await accounts.shared_key(connection, petition.id, who.organizer.id) is not None,
                    who.actor.scope(petition.id, MODERATE) is not None,
                    who.actor.may(petition.id, DECIDE),
                    await unusual(held, who, petition) if scope.categories is None else (),
                    await batches.asked(connection, petition.id),
                )
            )
    return html(held, Dashboard(who.who(held), tuple(desks)), language)


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


@get("/organizer/{language:str}/audit")
async def audit_page(request: Asked, language: FromPath[str]) -> Response[bytes]:
    """Of the petitions that this organizer may read, and of accounts where they decide."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    before = request.query_params.get("before", "")
    known = {p.id: p for p in _petitions(held, who)}
    async with held.database.read() as connection:
        rows = await audits.page(
            connection,
            tuple(known),
            accounts_too=who.actor.decides_everywhere(),
            before=int(before) if before.isdecimal() and len(before) < 10 else None,
            limit=AUDIT_PAGE,
        )
        names = {o.id: o.address_text(held.keys) for o, _ in await accounts.everyone(connection)}
        holds = await audit.broken(connection) is None
    lines = tuple(
        AuditLine(
            row.number,
            row.day,
            names.get(row.organizer_id, "") if row.organizer_id else "",
            row.verb,
            known.get(row.petition_id or b""),
            names.get(row.subject, row.subject.hex()[:8]) if row.subject else "",
            row.facts,
        )
        for row in rows
    )
    return html(
        held, AuditPage(who.who(held), lines, lines[-1].number if len(lines) == AUDIT_PAGE else None, holds), language
    )


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[dashboard, team, invite, share, remove, audit_page],
)
