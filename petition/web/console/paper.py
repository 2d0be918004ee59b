"""The intake desk: sheets typed line by line, once or by two people, and handed in as an import.

paper_list ── begin ──→ desk ── type_line, settle, absent, drop-line ──→ hand-over ──→ hand-in ──→ undo
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import importing
from petition.actions import paper as acts
from petition.domain import paper, sealing
from petition.domain.actors import DECIDE, MODERATE
from petition.domain.paper import METHOD, TYPING, Source
from petition.domain.sealing import Opener, Ring
from petition.errors import Conflict, Forbidden, Invalid, NotFound, PetitionError
from petition.queries import imports, petitions
from petition.queries import organizers as accounts
from petition.queries import paper as reading
from petition.queries.petitions import Petition
from petition.web import parts, problems
from petition.web.answers import html, redirect
from petition.web.console import gate, paper_desk
from petition.web.console.gate import Signed
from petition.web.console.paper_desk import Desk
from petition.web.console.paper_pages import PaperListPage, PaperPage, PaperRow
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

TRIES = 5
SAID = ("kept", "dropped", "added")
ACTS = ("hand-over", "hand-in", "drop", "undo")


def _petition(held: Parts, who: Signed, slug: str) -> Petition:
    """For whoever may take in lists: on the whole of it."""
    petition = gate.petition_for(held, who, slug, MODERATE)
    if not who.actor.may(petition.id, MODERATE):
        raise Forbidden()
    return petition


@get("/organizer/{language:str}/petitions/{slug:str}/paper")
async def paper_list(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    return await _list(held, who, _petition(held, who, slug), FormState())


async def _list(held: Parts, who: Signed, petition: Petition, form: FormState, status: int = 200) -> Response[bytes]:
    ring = await gate.ring(held, who, petition.id)
    async with held.database.read() as connection:
        found = await reading.of_petition(connection, petition.id)
        made = {each.id: each for each in await imports.of_petition(connection, petition.id)}
        names = {o.id: o.address_text(held.keys) for o, _ in await accounts.everyone(connection)}
    rows = tuple(
        PaperRow(
            batch,
            number,
            _source(batch.source, ring, petition.id),
            names.get(batch.made_by, ""),
            made.get(batch.import_id or b""),
        )
        for batch, number in found
    )
    page = PaperListPage(who.who(held), petition, rows, ring is not None, form)
    return html(held, page, who.language, status)


def _source(sealed: bytes | None, ring: Ring | None, petition_id: bytes) -> Source | None:
    try:
        return Source.of(Opener(ring, petition_id).record(sealed)) if ring and sealed else None
    except sealing.Unreadable:
        return None


@post("/organizer/{language:str}/petitions/{slug:str}/paper", status_code=303)
async def begin(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    petition = _petition(held, who, slug)
    try:
        source = paper.read_source(typed.values, petition.languages, today=held.today())
        async with held.database.write() as tx:
            importing.require_taking(found := await petitions.petition(tx, slug) or petition)
            batch_id = await acts.begin(tx, found, source, by=who.actor, today=held.today())
    except Invalid as wrong:
        return await _list(held, who, petition, FormState(typed.values, wrong.fields), 422)
    except Conflict as late:
        return await _list(held, who, petition, FormState(typed.values, {}, late.code), 409)
    return redirect(_at(who, petition, batch_id))


def _at(who: Signed, petition: Petition, batch_id: bytes) -> str:
    return f"/organizer/{who.language}/petitions/{petition.slug}/paper/{batch_id.hex()}"


@get("/organizer/{language:str}/petitions/{slug:str}/paper/{stack:str}")
async def desk_page(
    request: Asked, language: FromPath[str], slug: FromPath[str], stack: FromPath[str]
) -> Response[bytes]:
    """`line`: the one in the form; without it the next. `kept`, `added`: what was just done."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition, asked = _petition(held, who, slug), request.query_params
    number = _number(asked.get("line", ""))
    said = {name: n for name in SAID if (n := _number(asked.get(name, ""))) is not None}
    return await _desk(held, who, petition, gate.identifier(stack), number=number, said=said)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else None


async def _desk(
    held: Parts,
    who: Signed,
    petition: Petition,
    batch_id: bytes,
    *,
    number: int | None = None,
    said: Mapping[str, int] | None = None,
    form: FormState | None = None,
    status: int = 200,
) -> Response[bytes]:
    async with held.database.read() as connection:
        batch = await reading.by_id(connection, petition.id, batch_id)
        if batch is None:
            raise NotFound()
        lines = await reading.lines(connection, batch_id)
    ring = await gate.ring(held, who, petition.id)
    async with held.database.read() as connection:
        desk = await paper_desk.desk_of(held, connection, petition, batch, lines, ring) if ring else None
    undoes = batch.made_by == who.organizer.id or who.actor.may(petition.id, DECIDE)
    page = PaperPage(who.who(held), petition, batch, desk, who.organizer.id, undoes, reading.seen_of(lines))
    return html(held, page.at(number, form, said or {}), who.language, status)


@post("/organizer/{language:str}/petitions/{slug:str}/paper/{stack:str}", status_code=303)
async def type_line(
    request: Asked, language: FromPath[str], slug: FromPath[str], stack: FromPath[str]
) -> Response[bytes]:
    """One line, in whichever `mode` the form was in; whatever is wrong, what was typed comes back."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    petition, batch_id = _petition(held, who, slug), gate.identifier(stack)
    number = _number(typed.get("number")) or 0
    try:
        await _typed(held, who, petition, batch_id, number, typed)
    except Invalid as wrong:
        form = FormState(typed.values, wrong.fields)
        return await _desk(held, who, petition, batch_id, number=number, form=form, status=422)
    except (Conflict, Forbidden) as late:
        form = FormState(typed.values, {}, late.code)
        status = problems.status_of(late)
        return await _desk(held, who, petition, batch_id, number=_again(late, number), form=form, status=status)
    did = "dropped" if typed.get("act") == "drop-line" else "kept"
    return redirect(f"{_at(who, petition, batch_id)}?{did}={number}")


def _again(late: PetitionError, number: int) -> int | None:
    """Where a line that could not be kept is offered again: in its own place unless somebody has that by now."""
    return None if late.code in ("paper-moved-on", "paper-full", "paper-same-hand") else number


async def _typed(held: Parts, who: Signed, petition: Petition, batch_id: bytes, number: int, typed: Typed) -> None:
    ring = await gate.ring(held, who, petition.id)
    if ring is None:
        raise Conflict("key-missing")
    mode, seen, act = typed.get("mode"), typed.get("seen"), typed.get("act")
    async with held.database.write() as tx:
        desk = await _fresh(held, tx, petition, batch_id, ring)
        there = desk.line(number)
        told = paper.MISSING
        if act == "absent":
            # Only whoever types again says so, and only of a line that the first entry has.
            if mode != "second" or there is None or not there.first:
                raise Conflict("paper-moved-on")
        elif act != "drop-line":
            told = paper.entry(paper_desk.reader(held, petition, desk.source).read(number, paper.cells(typed.values)))
        if act == "drop-line":
            await acts.drop_line(tx, petition.id, batch_id, number, seen, by=who.actor, today=held.today())
        elif mode == "settle":
            await acts.settle(tx, petition.id, batch_id, number, told, seen, by=who.actor, today=held.today())
        elif mode == "second":
            if not (there and there.second == told and there.line.second_by == who.organizer.id):
                await acts.enter_again(tx, petition.id, batch_id, number, told, by=who.actor)
        # Sent twice, as by a key that is pressed too long, a line is one line.
        elif not (there and desk.batch.state == TYPING and there.first == told):
            await acts.enter(tx, petition.id, batch_id, number, told, seen, by=who.actor)


async def _fresh(held: Parts, tx: Any, petition: Petition, batch_id: bytes, ring: Ring) -> Desk:
    """As it stands in this transaction; the petition still takes lists."""
    importing.require_taking(found := await petitions.petition(tx, petition.slug) or petition)
    batch = await reading.by_id(tx, petition.id, batch_id)
    if batch is None:
        raise NotFound()
    desk = await paper_desk.desk_of(held, tx, found, batch, await reading.lines(tx, batch_id), ring)
    if desk is None:
        raise Conflict("key-changed")
    return desk


@post("/organizer/{language:str}/petitions/{slug:str}/paper/{stack:str}/{act:str}", status_code=303)
async def move(
    request: Asked, language: FromPath[str], slug: FromPath[str], stack: FromPath[str], act: FromPath[str]
) -> Response[bytes]:
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=act in ("hand-in", "undo"))
    petition, batch_id = _petition(held, who, slug), gate.identifier(stack)
    if act not in ACTS:
        raise NotFound()
    today, told = held.today(), ""
    try:
        if act == "hand-in":
            told = f"?added={await _hand_in(held, who, petition, batch_id, typed.get('seen'))}"
        elif act == "undo":
            await _undo(held, who, petition, batch_id)
        else:
            async with held.database.write() as tx:
                moved = acts.hand_over if act == "hand-over" else acts.drop
                await moved(tx, petition.id, batch_id, by=who.actor, today=today)
    except Conflict as late:
        form = FormState({}, {}, late.code)
        return await _desk(held, who, petition, batch_id, form=form, status=409)
    return redirect(_at(who, petition, batch_id) + told)


async def _hand_in(held: Parts, who: Signed, petition: Petition, batch_id: bytes, seen: str) -> int:
    """All that can count does, in one transaction; what cannot stays on the desk with its reason. How many count."""
    for left in reversed(range(TRIES)):
        ring = await gate.ring(held, who, petition.id)
        if ring is None:
            raise Conflict("key-missing")
        try:
            async with held.database.write() as tx:
                return await _handed_in(held, who, tx, petition, batch_id, ring, seen)
        except Conflict as late:
            if late.code not in ("changed-meanwhile", "key-changed") or not left:
                raise
    raise AssertionError


async def _handed_in(
    held: Parts, who: Signed, tx: Any, petition: Petition, batch_id: bytes, ring: Ring, seen: str
) -> int:
    today = held.today()
    found = await petitions.petition(tx, petition.slug) or petition
    batch = await acts.handing_in(tx, petition.id, batch_id, seen, by=who.actor)
    desk = await _fresh(held, tx, found, batch_id, ring)
    if not desk.ready:
        raise Conflict("paper-moved-on")
    going = [line.listed for line in desk.lines if line.listed is not None and line.why is None]
    if not going:
        return 0
    source = desk.source.told(held.catalogues[found.default_language])
    digest = importing.digest_of(held.keys, petition.id, hashlib.sha256(batch_id).digest())
    of = await importing.begin(tx, found, digest, METHOD, source, by=who.actor, today=today)
    known_by = held.keys.identity_of
    made = [
        importing.make(found, line, known_by(petition.id, line.identity()), METHOD, held.keys, today=today)
        for line in going
    ]
    late = await importing.add(tx, of, made, today=today)
    if late:
        raise Conflict("changed-meanwhile")
    await acts.handed_in(tx, batch, of.id, [line.number for line in going])
    await importing.finish(tx, of, len(desk.lines) - len(going), by=who.actor, today=today)
    return len(going)


async def _undo(held: Parts, who: Signed, petition: Petition, batch_id: bytes) -> None:
    """As a whole: out of the count, and erased. Cut off midway, the same again goes on."""
    async with held.database.write() as tx:
        batch = await reading.by_id(tx, petition.id, batch_id)
        if batch is None or batch.import_id is None:
            raise NotFound()
        of = await importing.undo(tx, petition.id, batch.import_id, by=who.actor, today=held.today())
    async with held.database.read() as connection:
        kept = await imports.stood_in_for(connection, petition.id)
    while True:
        async with held.database.write() as tx:
            if await importing.take_back(tx, of, kept, keys=held.keys, today=held.today()) == (0, 0):
                return


@get("/organizer/{language:str}/petitions/{slug:str}/paper/{stack:str}/{act:str}")
async def back_to_the_desk(
    request: Asked, language: FromPath[str], slug: FromPath[str], stack: FromPath[str], act: FromPath[str]
) -> Response[bytes]:
    """The address of an act, followed instead of posted to."""
    await gate.signed(request, language)
    if act not in ACTS:
        raise NotFound()
    return redirect(f"/organizer/{language}/petitions/{slug}/paper/{gate.identifier(stack).hex()}")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[paper_list, begin, desk_page, type_line, move, back_to_the_desk],
)
