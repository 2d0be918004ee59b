"""Acts on many signatures by a rule: choose, look, start, have it agreed to, follow, cancel, undo."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import audit, batches
from petition.actions.audit import Act
from petition.domain import batching, rules, sealing
from petition.domain.actors import DECIDE, MODERATE, READ
from petition.domain.countries import COUNTRIES
from petition.domain.rules import Rule
from petition.domain.sealing import Ring
from petition.errors import FieldRefused, Forbidden, Invalid, NotFound
from petition.queries import batches as reading
from petition.queries import organizers as accounts
from petition.queries import queue
from petition.queries.batches import Batch
from petition.queries.petitions import Petition
from petition.queries.queue import Filter
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.desk_pages import BatchesPage, BatchPage, BatchState, Line, RulePage
from petition.web.console.gate import Signed
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

SAMPLE = 10
# How long a rule waits for records to be opened before it is answered that they still are.
PATIENCE = 3.0


@get("/organizer/{language:str}/petitions/{slug:str}/batches")
async def batches_page(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug)
    async with held.database.read() as connection:
        names = {o.id: o.address_text(held.keys) for o, _ in await accounts.everyone(connection)}
        found = [
            await _state(connection, batch, names)
            for batch in await reading.of_petition(connection, petition.id)
            if batch.state != batching.DRAFT or batch.made_by == who.actor.id
        ]
    moderates = who.actor.scope(petition.id, MODERATE) is not None
    return html(held, BatchesPage(who.who(held), petition, tuple(found), moderates), language)


async def _state(connection: Any, batch: Batch, names: Mapping[bytes, str]) -> BatchState:
    made, agreed = names.get(batch.made_by, ""), names.get(batch.agreed_by or b"", "")
    return BatchState(batch, await reading.progress(connection, batch.id), made, agreed)


@get("/organizer/{language:str}/petitions/{slug:str}/batches/new")
async def new_rule(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Conditions that name nobody may stand in the address: what is unusual on the overview leads here."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug, MODERATE)
    given = {name: request.query_params.get(name, "") for name in rules.FIELDS if name != "name"}
    return html(held, await _rule_page(held, who, petition, FormState(given)), language)


async def _rule_page(held: Parts, who: Signed, petition: Petition, form: FormState, opening: int = 0) -> RulePage:
    opens = await gate.ring(held, who, petition.id) is not None
    return RulePage(who.who(held), petition, opens, form, opening)


@post("/organizer/{language:str}/petitions/{slug:str}/batches", status_code=303)
async def draft(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Chooses the signatures and keeps the choice; nothing is done to them yet."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    petition = gate.petition_for(held, who, slug, MODERATE)
    try:
        rule = rules.check(typed.values, tuple(c.slug for c in petition.categories), COUNTRIES)
        inside, read = await _inside(held, who, petition, rule)
        if inside is None:
            page = await _rule_page(held, who, petition, FormState(typed.values), opening=max(read, 1))
            return html(held, page, language)
        batch_id = await _draft(held, who, petition, rule, inside, typed)
    except Invalid as wrong:
        page = await _rule_page(held, who, petition, FormState(typed.values, wrong.fields))
        return html(held, page, language, 422)
    return redirect(f"/organizer/{language}/petitions/{slug}/batches/{batch_id.hex()}")


async def _inside(
    held: Parts, who: Signed, petition: Petition, rule: Rule
) -> tuple[Callable[[bytes], bool] | None, int]:
    """Whether a signature's record meets the rule; None, and how many were read, while records are being opened."""
    if not rule.looks_inside:
        return (lambda _: True), 0
    ring = await gate.ring(held, who, petition.id)
    if ring is None:
        raise Invalid({name: FieldRefused("rule-needs-key") for name in rules.INSIDE if getattr(rule, name)})
    index = held.searches.index(who.session.id, petition.id, ring)
    await held.searches.ready(index, PATIENCE)
    if not index.whole:
        return None, len(index.texts)
    fitting = await asyncio.to_thread(index.fitting, rule)
    return fitting.__contains__, len(index.texts)


async def _draft(
    held: Parts, who: Signed, petition: Petition, rule: Rule, inside: Callable[[bytes], bool], typed: Typed
) -> bytes:
    scope = who.actor.scope(petition.id, MODERATE)
    assert scope is not None
    async with held.database.read() as connection:
        rows = [r for r in await reading.matching(connection, petition.id, rule, scope) if inside(r.id)]
    async with held.database.write() as tx:
        return await batches.draft(
            tx,
            petition.id,
            rule,
            rows,
            act=typed.get("act"),
            category=typed.get("category_to") or None,
            reason=typed.get("reason"),
            by=who.actor,
            today=held.today(),
        )


@get("/organizer/{language:str}/petitions/{slug:str}/batches/{batch:str}")
async def batch_page(
    request: Asked, language: FromPath[str], slug: FromPath[str], batch: FromPath[str]
) -> Response[bytes]:
    """How far it is, and a sample of what it is about. Opening the sample is an act like any other opening."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug)
    scope = who.actor.scope(petition.id, READ)
    assert scope is not None
    async with held.database.read() as connection:
        found = await reading.by_id(connection, petition.id, gate.identifier(batch))
        if found is None or (found.state == batching.DRAFT and found.made_by != who.actor.id):
            raise NotFound()
        names = {o.id: o.address_text(held.keys) for o, _ in await accounts.everyone(connection)}
        state = await _state(connection, found, names)
        ids = await reading.sample(connection, found.id, limit=SAMPLE)
        rows = (await queue.page(connection, petition.id, Filter(), scope, among=ids, limit=SAMPLE)).rows
        owners = await accounts.owners(connection, petition.id)
    ring = await gate.ring(held, who, petition.id)
    records = await asyncio.to_thread(gate.opened, rows, ring)
    lines = tuple(map(Line, rows, records))
    if ring is not None and rows:
        seen = Act("records:list", who.actor.id, petition.id, found.id, {"number": len(rows)})
        async with held.database.write() as tx:
            await audit.record(tx, seen, today=held.today())
    total = held.hub.any_counts(petition.slug).total
    page = BatchPage(
        who.who(held),
        petition,
        state,
        _rule(found, ring),
        lines,
        _acts(held, who, state, opens=ring is not None),
        total=total,
        second=batching.second_owner_needed(found.number, total),
        alone=owners <= {found.made_by},
        mine=found.made_by == who.actor.id,
        lists=held.relisting.busy(found.id),
    )
    return html(held, page, language)


def _rule(batch: Batch, ring: Ring | None) -> Mapping[str, str] | None:
    """Its conditions; None where they cannot be opened."""
    if ring is None or batch.rule is None:
        return None
    try:
        return sealing.Opener(ring, batch.petition_id).record(batch.rule)
    except sealing.Unreadable:
        return None


def _acts(held: Parts, who: Signed, state: BatchState, *, opens: bool) -> tuple[str, ...]:
    """What this organizer can do with it now."""
    batch = state.batch
    if who.actor.scope(batch.petition_id, MODERATE) is None:
        return ()
    owns, mine = who.actor.may(batch.petition_id, DECIDE), batch.made_by == who.actor.id
    waits = state.progress[batching.UNLISTED] and opens and not held.relisting.busy(batch.id)
    offered = {
        "start": mine and batch.state == batching.DRAFT,
        "discard": mine and batch.state == batching.DRAFT,
        "approve": owns and not mine and batch.state == batching.ASKED,
        "decline": owns and not mine and batch.state == batching.ASKED,
        "cancel": (owns or mine) and batch.state in (batching.ASKED, batching.RUNNING),
        "undo": (owns or mine) and batch.state in (batching.DONE, batching.CANCELLED) and state.changed,
        "relist": bool(waits) and batch.state in (batching.UNDOING, batching.UNDONE),
    }
    return tuple(name for name, fits in offered.items() if fits)


Acting = Callable[..., Awaitable[Any]]
ACTS: Mapping[str, Acting] = {
    "start": batches.start,
    "approve": batches.approve,
    "decline": batches.decline,
    "cancel": batches.cancel,
    "undo": batches.undo,
}


@post("/organizer/{language:str}/petitions/{slug:str}/batches/{batch:str}/{act:str}", status_code=303)
async def act(
    request: Asked, language: FromPath[str], slug: FromPath[str], batch: FromPath[str], act: FromPath[str]
) -> Response[bytes]:
    """What moves many signatures asks for the second factor once more; what stops it does not."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=act in ("start", "approve", "undo"))
    petition = gate.petition_for(held, who, slug, MODERATE)
    batch_id, here = gate.identifier(batch), f"/organizer/{language}/petitions/{slug}/batches"
    if act == "discard":
        async with held.database.write() as tx:
            await batches.discard(tx, petition.id, batch_id, by=who.actor)
        return redirect(here)
    if act == "relist":
        await _relist(held, who, petition, batch_id)
    elif act in ACTS:
        async with held.database.write() as tx:
            await ACTS[act](tx, petition.id, batch_id, by=who.actor, today=held.today())
        if act == "undo":
            await _relist(held, who, petition, batch_id)
    else:
        raise NotFound()
    return redirect(f"{here}/{batch_id.hex()}")


async def _relist(held: Parts, who: Signed, petition: Petition, batch_id: bytes) -> None:
    """Names come back with this session's ring, if it has one; without, they wait for somebody who does."""
    async with held.database.read() as connection:
        found = await reading.by_id(connection, petition.id, batch_id)
    if found is None:
        raise NotFound()
    if found.made_by != who.actor.id and not who.actor.may(petition.id, DECIDE):
        raise Forbidden()
    ring = await gate.ring(held, who, petition.id)
    if ring is not None:
        held.relisting.begin(petition.id, batch_id, ring)


@get("/organizer/{language:str}/petitions/{slug:str}/batches/{batch:str}/{act:str}")
async def back_to_the_batch(
    request: Asked, language: FromPath[str], slug: FromPath[str], batch: FromPath[str], act: FromPath[str]
) -> Response[bytes]:
    """The address of an act, followed instead of posted to."""
    await gate.signed(request, language)
    return redirect(f"/organizer/{language}/petitions/{slug}/batches/{gate.identifier(batch).hex()}")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[batches_page, new_rule, draft, batch_page, act, back_to_the_batch],
)
