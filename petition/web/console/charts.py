"""A petition in figures: how far those who signed have come, what waits for whom, mail that failed, milestones."""

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import mailing
from petition.domain import funnel
from petition.domain.actors import MODERATE, OWNER, READ, Actor, Grant
from petition.domain.funnel import Funnel
from petition.errors import Conflict
from petition.queries import funnel as funnels
from petition.queries import organizers as accounts
from petition.queries.organizers import Organizer
from petition.queries.petitions import Petition
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.pages import FiguresPage, Waits
from petition.web.parts import Asked, Parts

SAID = ("mail-again", "mail-none")
SHOWN = 10
Team = tuple[tuple[Organizer, tuple[Grant, ...]], ...]


@get("/organizer/{language:str}/petitions/{slug:str}/figures")
async def figures(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug, READ)
    scope = who.actor.scope(petition.id, READ)
    assert scope is not None
    numbers = await gate.numbers(held, petition.id)
    async with held.database.read() as connection:
        team = await accounts.everyone(connection)
        holders = await accounts.key_holders(connection, petition.id)
        failed = await funnels.failed(connection, petition.id, scope, limit=SHOWN)
    shown = funnel.of(numbers.cells, numbers.mails, numbers.days, scope.categories)
    said = request.query_params.get("said")
    page = FiguresPage(
        who.who(held),
        petition,
        petition.phase(held.clock()),
        held.hub.any_counts(slug),
        shown,
        (min(shown.by_day), max(shown.by_day)) if shown.by_day else None,
        _waits(held, petition, shown, team, holders),
        tuple(sorted(o.address_text(held.keys) for o, grants in team if _on(grants, petition) and o.id not in holders)),
        len(holders),
        who.organizer.id in holders,
        who.actor.scope(petition.id, MODERATE) is not None,
        tuple((number, numbers.milestones.get(number)) for number in sorted(set(petition.milestones))),
        failed,
        numbers.unsent,
        said if said in SAID else None,
    )
    return html(held, page, language)


def _on(grants: tuple[Grant, ...], petition: Petition) -> bool:
    return any(grant.petition_id in (None, petition.id) for grant in grants)


def _waits(held: Parts, petition: Petition, shown: Funnel, team: Team, holders: frozenset[bytes]) -> tuple[Waits, ...]:
    """For each category what awaits and who looks after it: its verifiers, or where there are none the owners."""
    waits = []
    for category in sorted(shown.awaiting, key=lambda slug: (-shown.awaiting[slug], slug)):
        actors = [(o, Actor(o.id, grants)) for o, grants in team]
        able = [(o, actor) for o, actor in actors if actor.may(petition.id, MODERATE, category)]
        verifiers = [o for o, actor in able if actor.role_on(petition.id) != OWNER] or [o for o, _ in able]
        names = {o.id: o.address_text(held.keys) for o in verifiers}
        blind = frozenset(name for key, name in names.items() if key not in holders)
        waits.append(Waits(category, shown.awaiting[category], tuple(sorted(names.values())), blind))
    return tuple(waits)


@post("/organizer/{language:str}/petitions/{slug:str}/figures/mail", status_code=303)
async def mail_again(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Those whose mail was refused for good are written to once more, under new links. A mass act: a fresh code."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, MODERATE)
    ring = await gate.ring(held, who, petition.id)
    if ring is None:
        raise Conflict("key-missing")
    async with held.database.write() as tx:
        mailed = await mailing.again(tx, petition.id, ring=ring, by=who.actor, keys=held.keys, today=held.today())
    held.kept.forget(("numbers", petition.id))
    return redirect(
        f"/organizer/{language}/petitions/{slug}/figures?said={'mail-again' if mailed.again else 'mail-none'}"
    )


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[figures, mail_again],
)
