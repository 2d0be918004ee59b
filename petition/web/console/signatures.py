"""The queue and one signature: what organizers see of who signed, and what they do about it."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import audit, moderation, notes
from petition.actions.audit import Act
from petition.domain import rules, sealing, states
from petition.domain.actors import MODERATE, READ
from petition.domain.sealing import Ring
from petition.errors import Conflict, Forbidden, Invalid, NotFound
from petition.queries import audit as audits
from petition.queries import batches, invitations, queue
from petition.queries import notes as noted
from petition.queries import organizers as accounts
from petition.queries.petitions import Petition
from petition.queries.queue import Filter, Queued
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.desk_pages import InvitationLine, Line, NoteLine, QueuePage, RecordPage
from petition.web.console.gate import Signed
from petition.web.console.pages import AuditLine
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

PAGE = 50
MOST_TYPED = 200
# How long a question waits for its index before it is answered from what has been read so far.
PATIENCE = 3.0
BATCH = re.compile(r"[0-9a-f]{32}")


def _chosen(asked: Mapping[str, str], petition: Petition) -> dict[str, str]:
    """The filters asked for, without those that mean nothing."""
    known = {
        "state": states.STATES,
        "category": tuple(c.slug for c in petition.categories),
        "method": states.METHODS,
        "awaiting": ("yes",),
    }
    chosen = {name: asked[name] for name in known if asked.get(name) in known[name]}
    shapes = {"batch": BATCH, "burst": rules.BURST}
    return chosen | {name: asked[name] for name, shape in shapes.items() if shape.fullmatch(asked.get(name) or "")}


def _filter(chosen: Mapping[str, str]) -> Filter:
    return Filter(
        state=chosen.get("state"),
        category=chosen.get("category"),
        awaiting=chosen.get("awaiting") == "yes",
        method=chosen.get("method"),
        batch=bytes.fromhex(chosen["batch"]) if "batch" in chosen else None,
        burst=chosen.get("burst"),
    )


@get("/organizer/{language:str}/petitions/{slug:str}/queue")
async def queue_page(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Opening records is an act: that these were seen is in the audit before anybody sees them."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug)
    chosen = _chosen(request.query_params, petition)
    return await _queue(held, who, petition, chosen, request.query_params.get("after", ""), request.query_params)


@post("/organizer/{language:str}/petitions/{slug:str}/queue", status_code=200)
async def search(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Free text over the sealed records. By POST: a name has no place in an address, which browsers keep."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    petition = gate.petition_for(held, who, slug)
    return await _queue(held, who, petition, _chosen(typed.values, petition), typed.get("after"), typed.values)


async def _queue(
    held: Parts, who: Signed, petition: Petition, chosen: dict[str, str], after: str, asked: Mapping[str, str]
) -> Response[bytes]:
    scope = who.actor.scope(petition.id, READ)
    assert scope is not None
    wanted, among, whole = asked.get("q", "").strip()[:MOST_TYPED], None, True
    if wanted and (ring := await gate.ring(held, who, petition.id)):
        index = held.searches.index(who.session.id, petition.id, ring)
        await held.searches.ready(index, PATIENCE)
        among, whole = index.find(wanted), index.whole
    async with held.database.read() as connection:
        found = await queue.page(
            connection,
            petition.id,
            _filter(chosen),
            scope,
            after=gate.identifier(after) if after else None,
            among=among,
            limit=PAGE,
        )
        waiting = await queue.waiting_counts(connection, petition.id, scope)
    ring = await gate.ring(held, who, petition.id)
    if ring is not None and found.rows:
        verb = "records:list" if among is None else "records:search"
        async with held.database.write() as tx:
            seen = Act(verb, who.actor.id, petition.id, facts={"number": len(found.rows), **chosen})
            await audit.record(tx, seen, today=held.today())
    page = QueuePage(
        who.who(held),
        petition,
        await asyncio.to_thread(_lines, found.rows, ring),
        waiting,
        chosen,
        found.more.hex() if found.more else None,
        ring is not None,
        wanted=wanted if among is not None else "",
        whole=whole,
        said="last" if asked.get("said") == "last" else None,
    )
    return html(held, page, who.language)


def _lines(rows: Sequence[Queued], ring: Ring | None) -> tuple[Line, ...]:
    return tuple(map(Line, rows, gate.opened(rows, ring)))


@get("/organizer/{language:str}/petitions/{slug:str}/signatures/{signature:str}")
async def record(
    request: Asked, language: FromPath[str], slug: FromPath[str], signature: FromPath[str]
) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug)
    row = await _row(held, who, petition, gate.identifier(signature))
    async with held.database.write() as tx:
        await audit.record(tx, Act("record:open", who.actor.id, petition.id, row.id), today=held.today())
    said = request.query_params.get("said")
    back = gate.next_of(request.query_params.get("back", ""))
    page = await _page(held, who, petition, row, back, said if said in (*ACTS, "note") else None, FormState())
    return html(held, page, language)


@get("/organizer/{language:str}/petitions/{slug:str}/next")
async def next_one(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The signature that follows `after` in the list as it was filtered; at its end, back to the list."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = gate.petition_for(held, who, slug)
    scope = who.actor.scope(petition.id, READ)
    assert scope is not None
    chosen, after = _chosen(request.query_params, petition), request.query_params.get("after", "")
    async with held.database.read() as connection:
        found = await queue.page(
            connection,
            petition.id,
            _filter(chosen),
            scope,
            after=gate.identifier(after) if after else None,
            limit=1,
        )
    back = f"/organizer/{language}/petitions/{slug}/queue?{urlencode(chosen)}"
    if not found.rows:
        return redirect(f"{back}{'&' if chosen else ''}said=last")
    here = f"/organizer/{language}/petitions/{slug}/signatures/{found.rows[0].id.hex()}"
    return redirect(f"{here}?{urlencode({'back': back})}")


async def _row(held: Parts, who: Signed, petition: Petition, signature_id: bytes) -> Queued:
    scope = who.actor.scope(petition.id, READ)
    assert scope is not None
    async with held.database.read() as connection:
        row = await queue.by_id(connection, petition.id, signature_id, scope)
    if row is None:
        raise NotFound()
    return row


async def _page(
    held: Parts, who: Signed, petition: Petition, row: Queued, back: str, said: str | None, form: FormState
) -> RecordPage:
    async with held.database.read() as connection:
        done = await audits.of_signature(connection, petition.id, row.id)
        names = {o.id: o.address_text(held.keys) for o, _ in await accounts.everyone(connection)}
        said_of_it = await noted.of_signature(connection, row.id)
        together = await batches.of_signature(connection, row.id)
        invited = await invitations.by_id(connection, petition.id, row.invitation_id) if row.invitation_id else None
        scope = who.actor.scope(petition.id, READ)
        assert scope is not None
        merged = await queue.merged_into(connection, petition.id, row.id, scope)
        into = await queue.by_id(connection, petition.id, row.merged_into, scope) if row.merged_into else None
    ring = await gate.ring(held, who, petition.id)
    history = tuple(
        AuditLine(e.number, e.day, names.get(e.organizer_id or b"", ""), e.verb, petition, "", e.facts) for e in done
    )
    line = Line(row, *gate.opened((row,), ring))
    may = who.actor.may(petition.id, MODERATE, row.category)
    here = f"/organizer/{who.language}/petitions/{petition.slug}"
    back = back or f"{here}/queue"
    following = f"{here}/next?after={row.id.hex()}&{urlsplit(back).query}"
    return RecordPage(
        who.who(held),
        petition,
        line,
        back,
        following,
        _acts(line) if may else (),
        history,
        tuple(NoteLine(names.get(n.organizer_id, ""), n.day, _text(n.sealed, ring, petition.id)) for n in said_of_it),
        together,
        InvitationLine(invited, invited.stands(held.today()), invited.issuer(names)) if invited else None,
        may and row.sealed is not None,
        _lines(merged, ring),
        Line(into, *gate.opened((into,), ring)) if into else None,
        said,
        form,
    )


def _text(sealed: bytes, ring: Ring | None, petition_id: bytes) -> str | None:
    try:
        return None if ring is None else str(sealing.Opener(ring, petition_id).record(sealed)["text"])
    except sealing.Unreadable:
        return None


def _acts(line: Line) -> tuple[str, ...]:
    """What fits where the signature stands; what needs the record needs it opened."""
    row = line.row
    if row.sealed is None:
        return ()
    if row.state == states.PENDING:
        return ("reject",)
    if row.state in (states.REJECTED, states.INVALIDATED):
        return ("restore",)
    if row.state == states.MERGED:
        return ("unmerge",)
    if row.state != states.CONFIRMED:
        return ()
    listed = (("show",) if line.record else ()) if row.hidden else ("hide",)
    return ("unverify" if row.verified else "verify", "move", *listed, "unpin" if row.pinned else "pin", "invalidate")


Acting = Callable[..., Awaitable[Queued]]
ACTS: Mapping[str, Acting] = {
    "verify": moderation.verify,
    "unverify": moderation.unverify,
    "move": moderation.move,
    "reject": moderation.reject,
    "invalidate": moderation.invalidate,
    "restore": moderation.restore,
    "unmerge": moderation.unmerge,
    "hide": moderation.hide,
    "show": moderation.show,
    "pin": moderation.pin,
    "unpin": moderation.unpin,
}


@post("/organizer/{language:str}/petitions/{slug:str}/signatures/{signature:str}/{act:str}", status_code=303)
async def act(
    request: Asked, language: FromPath[str], slug: FromPath[str], signature: FromPath[str], act: FromPath[str]
) -> Response[bytes]:
    """One act on one signature, as it was when the form was made: `seen` says how that was."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    petition = gate.petition_for(held, who, slug, MODERATE)
    if act not in ACTS:
        raise NotFound()
    row = await _row(held, who, petition, gate.identifier(signature))
    ring = await gate.ring(held, who, petition.id)
    back = gate.next_of(typed.get("back"))
    try:
        async with held.database.write() as tx:
            await ACTS[act](
                tx,
                petition.id,
                row.id,
                by=who.actor,
                seen=typed.get("seen"),
                keys=held.keys,
                today=held.today(),
                **_wants(act, typed, *gate.opened((row,), ring)),
            )
    except Invalid as wrong:
        form = FormState(typed.values, wrong.fields)
        return html(held, await _page(held, who, petition, row, back, None, form), language, 422)
    except Conflict as late:
        if late.code != "changed-meanwhile":
            raise
        now = await _row(held, who, petition, row.id)
        form = FormState(typed.values)
        return html(held, await _page(held, who, petition, now, back, "late", form), language, 409)
    query = urlencode({"said": act, "back": back} if back else {"said": act})
    return redirect(f"/organizer/{language}/petitions/{slug}/signatures/{row.id.hex()}?{query}")


def _wants(act: str, typed: Typed, opened: dict[str, Any] | None) -> dict[str, Any]:
    """What an act needs besides the signature."""
    match act:
        case "verify" | "move":
            return {"category": typed.get("category") or None}
        case "reject" | "invalidate":
            return {"reason": typed.get("reason")}
        case "restore" | "unmerge":
            return {"record": opened}
        case "show":
            if opened is None:
                raise NotFound()
            return {"record": opened}
    return {}


@post("/organizer/{language:str}/petitions/{slug:str}/signatures/{signature:str}/note", status_code=303)
async def note(
    request: Asked, language: FromPath[str], slug: FromPath[str], signature: FromPath[str]
) -> Response[bytes]:
    """A word to colleagues. It changes nothing about the signature, so it is taken however that stands by now."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    petition = gate.petition_for(held, who, slug, MODERATE)
    row = await _row(held, who, petition, gate.identifier(signature))
    if not who.actor.may(petition.id, MODERATE, row.category):
        raise Forbidden()
    back = gate.next_of(typed.get("back"))
    try:
        if row.sealed is None:
            raise Conflict("not-in-this-state")
        async with held.database.write() as tx:
            await notes.write(
                tx,
                petition.id,
                row.id,
                typed.get("note"),
                by=who.actor.id,
                today=held.today(),
            )
    except Invalid as wrong:
        form = FormState(typed.values, wrong.fields)
        return html(held, await _page(held, who, petition, row, back, None, form), language, 422)
    query = urlencode({"said": "note", "back": back} if back else {"said": "note"})
    return redirect(f"/organizer/{language}/petitions/{slug}/signatures/{row.id.hex()}?{query}")


@get("/organizer/{language:str}/petitions/{slug:str}/signatures/{signature:str}/{act:str}")
async def back_to_the_record(
    request: Asked, language: FromPath[str], slug: FromPath[str], signature: FromPath[str], act: FromPath[str]
) -> Response[bytes]:
    """The address of an act, followed instead of posted to."""
    await gate.signed(request, language)
    return redirect(f"/organizer/{language}/petitions/{slug}/signatures/{gate.identifier(signature).hex()}")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[queue_page, search, next_one, record, note, act, back_to_the_record],
)
