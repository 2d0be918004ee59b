"""The review of duplicates: who is probably one person, why, and what an organizer makes of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import audit, moderation, telling
from petition.actions.audit import Act
from petition.domain.actors import MODERATE, READ
from petition.domain.duplicates.index import SURE, THRESHOLD
from petition.errors import FieldRefused, Invalid, NotFound
from petition.queries import queue, resembling
from petition.queries.petitions import Petition
from petition.queries.queue import Queued
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.duplicate_pages import (
    Card,
    ClusterPage,
    DecidedPage,
    DuplicatesPage,
    Proposal,
    Together,
    card_of,
    survivor_first,
)
from petition.web.console.gate import Signed
from petition.web.console.resemblances import Cluster, Pair, Resemblances
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

PAGE: Final = 20  # as many may be merged at one press: what one person can look at
PATIENCE: Final = 3.0
LEASTS: Final = (THRESHOLD, 0.8, 0.9, SURE, 0.99)
SAID: Final = ("merge", "apart", "many")


def _here(who: Signed, petition: Petition) -> str:
    return f"/organizer/{who.language}/petitions/{petition.slug}/duplicates"


async def _found(
    held: Parts, who: Signed, petition: Petition, least: float
) -> tuple[Resemblances | None, tuple[Cluster, ...]]:
    """What is known so far, of signatures that still count and that this organizer looks after."""
    ring = await gate.ring(held, who, petition.id)
    if ring is None:
        return None, ()
    made = held.likenesses.index(who.session.id, petition.id, ring)
    await held.likenesses.ready(made, PATIENCE)
    scope = who.actor.scope(petition.id, READ)
    assert scope is not None
    async with held.database.read() as connection:
        standing = await queue.standing(connection, petition.id, made.members(), scope)
        apart = await resembling.apart(connection, petition.id)
    return made, made.clusters(standing, apart, least)


def _least(asked: str) -> float:
    return next((least for least in LEASTS if f"{least:g}" == asked), THRESHOLD)


async def _cards(
    held: Parts, who: Signed, petition: Petition, members: Sequence[bytes]
) -> dict[bytes, tuple[Queued, dict[str, Any]]]:
    """Rows with their records, of those that open."""
    scope, ring = who.actor.scope(petition.id, READ), await gate.ring(held, who, petition.id)
    assert scope is not None
    async with held.database.read() as connection:
        rows = list((await queue.by_ids(connection, petition.id, members, scope)).values())
    return {row.id: (row, record) for row, record in zip(rows, gate.opened(rows, ring), strict=True) if record}


async def _noted(held: Parts, who: Signed, petition: Petition, number: int) -> None:
    """Opening records is an act: it is in the audit before anybody sees them."""
    async with held.database.write() as tx:
        seen = Act("records:duplicates", who.actor.id, petition.id, facts={"number": number})
        await audit.record(tx, seen, today=held.today())


@get("/organizer/{language:str}/petitions/{slug:str}/duplicates")
async def likely(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The likeliest first, a page at a time."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug)
    return html(held, await _likely(held, who, petition, request.query_params, FormState()), language)


async def _likely(
    held: Parts, who: Signed, petition: Petition, asked: Mapping[str, str], form: FormState
) -> DuplicatesPage:
    least = _least(asked.get("least", ""))
    made, clusters = await _found(held, who, petition, least)
    start = int(asked["from"]) if asked.get("from", "").isdecimal() and len(asked["from"]) < 7 else 0
    shown = clusters[start : start + PAGE]
    opened = await _cards(held, who, petition, [member for cluster in shown for member in cluster.members])
    if opened:
        await _noted(held, who, petition, len(opened))
    proposals = []
    for cluster in shown:
        cards = survivor_first([opened[member] for member in cluster.members if member in opened])
        if len(cards) > 1:
            proposals.append(Proposal(cards, cluster.probability))
    return DuplicatesPage(
        who.who(held),
        petition,
        tuple(proposals),
        len(clusters),
        start + PAGE if len(clusters) > start + PAGE else None,
        least,
        LEASTS,
        made is not None,
        made is None or made.whole,
        len(made.rows) if made else 0,
        made.left_out if made else 0,
        who.actor.scope(petition.id, MODERATE) is not None,
        said=asked.get("said") if asked.get("said") in SAID else None,
        form=form,
    )


@get("/organizer/{language:str}/petitions/{slug:str}/duplicates/{signature:str}")
async def cluster(
    request: Asked, language: FromPath[str], slug: FromPath[str], signature: FromPath[str]
) -> Response[bytes]:
    """The signatures that are probably one person's, side by side. One that resembles no other leads to the list."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug)
    page = await _cluster(held, who, petition, gate.identifier(signature), request.query_params, FormState())
    if page is None:
        return redirect(_here(who, petition))
    return html(held, page, language)


async def _cluster(
    held: Parts, who: Signed, petition: Petition, member: bytes, asked: Mapping[str, str], form: FormState
) -> ClusterPage | None:
    made, clusters = await _found(held, who, petition, THRESHOLD)
    at = next((at for at, found in enumerate(clusters) if member in found.members), None)
    if made is None or at is None:
        return None
    found = clusters[at]
    opened = await _cards(held, who, petition, found.members)
    rows = survivor_first([opened[member] for member in found.members if member in opened])
    if len(rows) < 2:
        return None
    await _noted(held, who, petition, len(rows))
    records = {row.id: record for row, record in opened.values()}
    before = await _merged_before(held, who, petition, [row for row, _ in rows])
    first = rows[0][0].id
    cards = [Card(*rows[0], (), (), before.get(rows[0][0].identity or b""))]
    for row, record in rows[1:]:
        why = made.reasons(first, row.id, records)
        cards.append(card_of(row, record, rows[0][1], why, before.get(row.identity or b"")))
    following = clusters[at + 1].members[0].hex() if at + 1 < len(clusters) else None
    said, of = asked.get("said"), asked.get("of", "")
    return ClusterPage(
        who.who(held),
        petition,
        tuple(cards),
        found.probability,
        following,
        (at + 1, len(clusters)),
        who.actor.scope(petition.id, MODERATE) is not None,
        said=said if said in SAID else None,
        of=gate.identifier(of).hex() if of else None,
        form=form,
    )


async def _merged_before(held: Parts, who: Signed, petition: Petition, rows: Sequence[Queued]) -> dict[bytes, bytes]:
    """A person whose signature was merged may sign again with that address: whoever looks is told, and decides anew."""
    scope = who.actor.scope(petition.id, READ)
    assert scope is not None
    addresses = [row.identity for row in rows if row.identity]
    async with held.database.read() as connection:
        return await resembling.merged_before(connection, petition.id, addresses, scope)


def _members(typed: Typed) -> dict[bytes, str]:
    """The ticked ones with what was seen of each."""
    prefix = "with-"
    return {
        gate.identifier(name.removeprefix(prefix)): seen
        for name, seen in typed.values.items()
        if name.startswith(prefix)
    }


def _onward(who: Signed, petition: Petition, typed: Typed, said: str, of: bytes) -> Response[bytes]:
    """To the next of the list, which says what was done and how it is undone."""
    following = typed.get("following")
    here = _here(who, petition)
    path = f"{here}/{gate.identifier(following).hex()}" if following else here
    return redirect(f"{path}?{urlencode({'said': said, 'of': of.hex()})}")


@post("/organizer/{language:str}/petitions/{slug:str}/duplicates/merge", status_code=303)
async def merge(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The ticked signatures are one person's; the chosen one of them counts from here on."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    petition = gate.petition_for(held, who, slug, MODERATE)
    members = _members(typed)
    survivor = gate.identifier(typed.get("survivor")) if typed.get("survivor") else b""
    try:
        if survivor not in members:
            raise Invalid({"survivor": FieldRefused("survivor-missing")})
        if len(members) < 2:
            raise Invalid({"survivor": FieldRefused("two-needed")})
        await _merge(held, who, petition, {survivor: members.pop(survivor)}, members)
    except Invalid as wrong:
        return await _again(held, who, petition, typed, wrong)
    return _onward(who, petition, typed, "merge", survivor)


async def _merge(
    held: Parts, who: Signed, petition: Petition, survivor: Mapping[bytes, str], others: Mapping[bytes, str]
) -> None:
    ((signature_id, seen),) = survivor.items()
    async with held.database.write() as tx:
        await moderation.merge(
            tx, petition.id, signature_id, others, by=who.actor, seen=seen, keys=held.keys, today=held.today()
        )


async def _again(held: Parts, who: Signed, petition: Petition, typed: Typed, wrong: Invalid) -> Response[bytes]:
    form, about = FormState(typed.values, wrong.fields), typed.get("about")
    page = await _cluster(held, who, petition, gate.identifier(about), {}, form) if about else None
    if page is None:
        raise NotFound()
    return html(held, page, who.language, 422)


@post("/organizer/{language:str}/petitions/{slug:str}/duplicates/apart", status_code=303)
async def apart(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The ticked signatures are of as many persons. Remembered, and taken back on the page of what was decided."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    petition = gate.petition_for(held, who, slug, MODERATE)
    members = list(_members(typed))
    try:
        async with held.database.write() as tx:
            await telling.tell_apart(tx, petition.id, members, by=who.actor, today=held.today())
    except Invalid as wrong:
        return await _again(held, who, petition, typed, wrong)
    return _onward(who, petition, typed, "apart", members[0])


@post("/organizer/{language:str}/petitions/{slug:str}/duplicates/many", status_code=303)
async def many(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Every ticked proposal of one page, each merged as it stood there; one that has changed since stops the rest."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, MODERATE)
    proposals = [value for name, value in sorted(typed.values.items()) if name.startswith("proposal-")]
    if not proposals:
        form = FormState(typed.values, {"proposals": FieldRefused("none-ticked")})
        return html(held, await _likely(held, who, petition, typed.values, form), language, 422)
    for proposal in proposals[:PAGE]:
        (first, *rest) = [pair.partition(".")[::2] for pair in proposal.split(",")]
        others = {gate.identifier(member): seen for member, seen in rest}
        if not others or gate.identifier(first[0]) in others:
            raise NotFound()  # no form of ours says so
        await _merge(held, who, petition, {gate.identifier(first[0]): first[1]}, others)
    return redirect(f"{_here(who, petition)}?{urlencode({'said': 'many', 'least': typed.get('least')})}")


@get("/organizer/{language:str}/petitions/{slug:str}/duplicates/decided")
async def decided(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Who was told apart, and the way back."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug)
    async with held.database.read() as connection:
        known: Sequence[Pair] = sorted(await resembling.apart(connection, petition.id))
    asked = request.query_params.get("from", "")
    start = int(asked) if asked.isdecimal() and len(asked) < 7 else 0
    shown = known[start : start + PAGE]
    opened = await _cards(held, who, petition, sorted({member for pair in shown for member in pair}))
    if opened:
        await _noted(held, who, petition, len(opened))
    pairs = tuple(Together(opened[a], opened[b]) for a, b in shown if a in opened and b in opened)
    more = start + PAGE if len(known) > start + PAGE else None
    may = who.actor.scope(petition.id, MODERATE) is not None
    ring = await gate.ring(held, who, petition.id)
    said = "together" if request.query_params.get("said") == "together" else None
    return html(held, DecidedPage(who.who(held), petition, pairs, more, ring is not None, may, said), language)


@post("/organizer/{language:str}/petitions/{slug:str}/duplicates/together", status_code=303)
async def together(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Takes back that two were told apart; nothing is merged by it."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    petition = gate.petition_for(held, who, slug, MODERATE)
    one, other = gate.identifier(typed.get("one")), gate.identifier(typed.get("other"))
    async with held.database.write() as tx:
        await telling.tell_together(tx, petition.id, one, other, by=who.actor, today=held.today())
    return redirect(f"{_here(who, petition)}/decided?said=together")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[likely, decided, cluster, merge, apart, many, together],
)
