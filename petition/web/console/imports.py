"""Taking lists in: sent and sealed, looked at, read otherwise, taken in, undone; and asking those whom they name."""

from collections.abc import Mapping
from typing import Final

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import asking, importing, staging
from petition.domain import importing as rules
from petition.domain import sealing, tokens
from petition.domain.actors import DECIDE, MODERATE
from petition.domain.headings import LOOKED_AT
from petition.domain.importing import DONE, KINDS, METHODS, PLAN, REFUSED, RUNNING, STAGED, TAKING, UNDOING, Evidence
from petition.domain.sealing import Ring
from petition.domain.staged import USUAL, Layout, Plan, Report, source_key
from petition.errors import Conflict, FieldRefused, Forbidden, Invalid, NotFound
from petition.queries import imports as taken
from petition.queries import organizers as accounts
from petition.queries import petitions, stagings
from petition.queries.imports import Import
from petition.queries.petitions import Petition
from petition.queries.stagings import Staging
from petition.sheets import DELIMITERS, ENCODINGS
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate, staged_files, uploads
from petition.web.console.gate import Signed
from petition.web.console.import_pages import ImportLine, ImportsPage, StagingLine, StagingPage
from petition.web.console.staged_files import Arriving
from petition.web.console.taking_in import Desk, layout_of
from petition.web.console.uploads import TooLarge
from petition.web.forms import BadBody, Typed, UnsupportedBody
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

PATIENCE: Final = 3.0
SAID: Final = ("discarded", "undoing", "asking")
ACTS: Final = ("go-on", "discard", "undo", "undo-on", "ask")


def _here(who: Signed, petition: Petition) -> str:
    return f"/organizer/{who.language}/petitions/{petition.slug}/imports"


def _for(held: Parts, who: Signed, slug: str) -> Petition:
    petition = gate.petition_for(held, who, slug, MODERATE)
    staging.require_may(who.actor, petition)
    return petition


def _open_key(who: Signed, found: Staging) -> bytes:
    try:
        return sealing.open_share(found.key, who.own_key(), found.id, who.actor.id)
    except sealing.Unreadable:
        raise Conflict("staging-moved-on") from None


# The lists there were


@get("/organizer/{language:str}/petitions/{slug:str}/imports")
async def imports_page(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    said = request.query_params.get("said")
    return await _list(held, who, _for(held, who, slug), FormState(), said=said if said in SAID else None)


async def _list(
    held: Parts, who: Signed, petition: Petition, form: FormState, *, said: str | None = None, status: int = 200
) -> Response[bytes]:
    ring = await gate.ring(held, who, petition.id)
    async with held.database.read() as connection:
        found = await taken.of_petition(connection, petition.id)
        mine = await stagings.of_organizer(connection, petition.id, who.actor.id)
        names = await accounts.addresses(connection, held.keys)
        answers = {each.id: await asking.answers(connection, each.id) for each in found}
    lines = tuple(
        ImportLine(
            each,
            names.get(each.made_by, "") if each.made_by else None,
            _evidence(each, ring),
            answers[each.id],
            _acts(held, who, each, ring is not None),
        )
        for each in found
    )
    own = tuple([StagingLine(each, await _name(held, who, each)) for each in mine])
    page = ImportsPage(
        who.who(held), petition, lines, own, ring is not None, staging.MOST_BYTES >> 20, said=said, form=form
    )
    return html(held, page, who.language, status)


async def _name(held: Parts, who: Signed, found: Staging) -> str:
    return (await staged_files.plan(held.database, found, _open_key(who, found))).evidence.file


def _evidence(found: Import, ring: Ring | None) -> Evidence | None:
    if ring is None or found.source is None:
        return None
    try:
        return Evidence.of(sealing.Opener(ring, found.petition_id).record(found.source))
    except sealing.Unreadable:
        return None


def _acts(held: Parts, who: Signed, found: Import, opens: bool) -> tuple[str, ...]:
    own = found.made_by == who.actor.id or who.actor.may(found.petition_id, DECIDE)
    idle = not held.taking_in.at_work(found.id)
    fitting = {
        "ask": found.state in (RUNNING, DONE) and found.added > 0 and opens and idle,
        "undo": found.state in (RUNNING, DONE) and own,
        "undo-on": found.state == UNDOING and own and idle,
    }
    return tuple(name for name, fits in fitting.items() if fits)


# A list comes in


class _Upload:
    """One file on its way: the form's fields come first and are looked at before a byte of it is kept."""

    def __init__(self, held: Parts, who: Signed | None, petition: Petition | None) -> None:
        self._held, self._who, self._petition = held, who, petition
        self.id, self._key = staging.new_id(), staging.new_id() + staging.new_id()
        self.arriving: Arriving | None = None
        self.fields: Mapping[str, str] = {}

    async def begin(self, fields: Mapping[str, str], _: str) -> Arriving:
        self.fields = fields
        held, who, petition = self._held, gate.require_form(self._who, fields), self._petition
        assert petition is not None
        sealed = sealing.share_key(self._key, who.organizer.public_key, self.id, who.actor.id)
        async with held.database.write() as tx:
            importing.require_taking(await petitions.petition(tx, petition.slug) or petition)
            await staging.begin(tx, petition, self.id, sealed, by=who.actor, now=held.clock())
        self.arriving = Arriving(held.database, self.id, self._key)
        return self.arriving

    async def end(self, plan: Plan) -> None:
        assert self.arriving is not None
        digest = await self.arriving.end()
        own = importing.digest_of(self._held.keys, self._petition.id if self._petition else b"", digest)
        sealed = staged_files.text(plan.facts(), self._key, self.id, PLAN)
        async with self._held.database.write() as tx:
            await staging.put(tx, self.id, PLAN, 0, sealed)
            await staging.arrived(tx, self.id, own, parts=self.arriving.parts, size=self.arriving.size)

    async def give_up(self) -> None:
        if self.arriving is not None:
            async with self._held.database.write() as tx:
                await staging.give_up(tx, self.id)


@post("/organizer/{language:str}/petitions/{slug:str}/imports", status_code=303, request_max_body_size=None)
async def send(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The form with a file. Without a session it is not kept over signing in: the file has to be chosen again."""
    held = parts.of(request)
    gate.require_own(request)
    who = await gate.signed_or_none(request, language)
    petition = _for(held, who, slug) if who else None
    coming = _Upload(held, who, petition)
    try:
        file = await uploads.received(request, coming.begin, most=staging.MOST_BYTES)
        coming.fields = file.fields
        who = gate.require_form(who, file.fields)
        assert petition is not None
        if not file.size:
            raise Invalid({"file": FieldRefused("file-missing")})
        await coming.end(await _first_plan(held, petition, file.fields, file.name))
    except (Invalid, TooLarge, UnsupportedBody, BadBody) as refused:
        await coming.give_up()
        if who is None or petition is None:
            raise gate.SignInNeeded() from None
        if isinstance(refused, UnsupportedBody | BadBody):
            raise
        too_large = FieldRefused("file-too-large", limit=staging.MOST_BYTES >> 20)
        wrong = refused.fields if isinstance(refused, Invalid) else {"file": too_large}
        return await _list(held, who, petition, FormState(coming.fields, wrong), status=422)
    except Conflict as late:
        await coming.give_up()
        if who is None or petition is None or late.code != "import-not-taken":
            raise
        return await _list(held, who, petition, FormState(coming.fields, {}, late.code), status=409)
    except BaseException:
        await coming.give_up()
        raise
    found, desk = await _desk(held, who, petition, coming.id)
    held.taking_in.look(desk)
    await held.taking_in.settled(found.id, PATIENCE)
    return redirect(f"{_here(who, petition)}/{found.id.hex()}")


async def _first_plan(held: Parts, petition: Petition, fields: Mapping[str, str], name: str) -> Plan:
    """As the last list of the same source was read, if there was one."""
    evidence = _evidence_of(fields, name)
    method = fields.get("method", "")
    plan = Plan(evidence, method if method in METHODS else METHODS[0])
    key = tokens.digest(held.keys.identity, petition.id, source_key(evidence.source))
    async with held.database.read() as connection:
        known = await stagings.layout(connection, petition.id, key) if evidence.source else None
    if known is None:
        return plan
    layout = Layout.of(known)
    return Plan(
        evidence, plan.method, layout.encoding, usual=dict(layout.usual), fields=dict(layout.fields), remembered=True
    )


def _evidence_of(values: Mapping[str, str], name: str) -> Evidence:
    def line(field: str, most: int) -> str:
        return " ".join(values.get(field, "").split())[:most]

    kind = values.get("kind", "")
    return Evidence(name, line("source", 200), kind if kind in KINDS else "", line("note", 1_000))


async def _desk(held: Parts, who: Signed, petition: Petition, staging_id: bytes) -> tuple[Staging, Desk]:
    async with held.database.read() as connection:
        found = await stagings.by_id(connection, petition.id, staging_id, who.actor.id)
    if found is None or found.state == rules.COMING:
        raise NotFound()
    ring = await gate.ring(held, who, petition.id)
    return found, Desk(petition, found, _open_key(who, found), who.actor, ring)


# It is looked at


@get("/organizer/{language:str}/petitions/{slug:str}/imports/{staging_id:str}")
async def staging_page(
    request: Asked, language: FromPath[str], slug: FromPath[str], staging_id: FromPath[str]
) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = _for(held, who, slug)
    found, desk = await _desk(held, who, petition, gate.identifier(staging_id))
    return await _look(held, who, found, desk, FormState())


async def _look(
    held: Parts, who: Signed, found: Staging, desk: Desk, form: FormState, status: int = 200
) -> Response[bytes]:
    petition = desk.petition
    plan = await staged_files.plan(held.database, found, desk.key)
    report = await staged_files.report(held.database, found, desk.key) or Report()
    async with held.database.read() as connection:
        same = await taken.standing(connection, petition.id, _digest(held, found, report))
        own = await taken.by_id(connection, petition.id, found.import_id) if found.import_id else None
    silent = found.alive_at is None or found.alive_at < int(held.clock().timestamp()) - staging.SILENT
    page = StagingPage(
        who.who(held), petition, found, plan, report, not silent, None if found.import_id else same, own,
        _usual(held, petition, who.language), form,
    )  # fmt: skip
    return html(held, page, who.language, status)


def _digest(held: Parts, found: Staging, report: Report) -> bytes:
    """What the list is known by, should it come again."""
    return importing.of_worksheet(held.keys, found.petition_id, found.digest or b"", report.apart)


def _usual(held: Parts, petition: Petition, language: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """What may be said for every row that says nothing else, as (code, words) by field."""
    words = held.catalogues[language]
    choices = {
        "category": tuple(
            (c.slug, petition.in_language(c.label, language)) for c in petition.categories if not c.retired
        ),
        "country": words.countries if "country" in petition.ask_for else (),
        "language": tuple((code, held.catalogues[code].name) for code in petition.languages if code in held.catalogues),
        "visibility": tuple((name, words(f"visibility.{name}")) for name in ("anonymous", "initials", "name")),
    }
    return {name: found for name, found in choices.items() if found}


@post(
    "/organizer/{language:str}/petitions/{slug:str}/imports/{staging_id:str}/read",
    status_code=303,
    request_max_body_size=gate.WIDE_BYTES,
)
async def read(
    request: Asked, language: FromPath[str], slug: FromPath[str], staging_id: FromPath[str]
) -> Response[bytes]:
    """Once more, as a person says: another encoding, another heading, other columns."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language, wide=True)
    petition = _for(held, who, slug)
    found, desk = await _desk(held, who, petition, gate.identifier(staging_id))
    was = await staged_files.plan(held.database, found, desk.key)
    report = await staged_files.report(held.database, found, desk.key) or Report()
    try:
        plan = _plan(typed, was, report)
    except Invalid as wrong:
        return await _look(held, who, found, desk, FormState(typed.values, wrong.fields), 422)
    async with held.database.write() as tx:
        await staging.standing(tx, petition, found.id, STAGED, by=who.actor)
        await staging.put(tx, found.id, PLAN, 0, staged_files.text(plan.facts(), desk.key, found.id, PLAN))
    held.taking_in.look(desk)
    await held.taking_in.settled(found.id, PATIENCE)
    return redirect(f"{_here(who, petition)}/{found.id.hex()}")


def _plan(typed: Typed, was: Plan, report: Report) -> Plan:
    """What was said; read by another encoding or heading, the columns are guessed anew."""
    encoding = typed.get("encoding") if typed.get("encoding") in ENCODINGS else was.encoding
    delimiter = {"tab": "\t"}.get(typed.get("delimiter"), typed.get("delimiter"))
    delimiter = delimiter if delimiter and delimiter in DELIMITERS else was.delimiter
    worksheet = typed.get("worksheet") if typed.get("worksheet") in report.left else report.worksheet
    heading = typed.get("heading")
    asked = int(heading) if heading.isdecimal() and int(heading) <= LOOKED_AT * 10 else None
    same = (
        (encoding == was.encoding or encoding == report.encoding)
        and delimiter in ("", report.delimiter)
        and (asked is None or asked == max(report.begins - 1, 0))
    )
    at = {place: typed.get(f"column-{place}") for place in range(report.width) if typed.get(f"column-{place}")}
    twice = {name for name in at.values() if list(at.values()).count(name) > 1}
    if twice:
        raise Invalid({f"column-{place}": FieldRefused("column-twice") for place, name in at.items() if name in twice})
    usual = {name: typed.get(f"usual-{name}") for name in USUAL if typed.get(f"usual-{name}")}
    method = typed.get("method") if typed.get("method") in METHODS else was.method
    evidence = _evidence_of(typed.values, was.evidence.file)
    said = bool(at) and (same or at != report.fields)
    if worksheet != report.worksheet:
        # Rows, columns and their headings were the other worksheet's.
        return Plan(evidence, method, encoding, delimiter, usual=usual, worksheet=worksheet)
    return Plan(evidence, method, encoding, delimiter, asked, at if said else None, usual, worksheet=was.worksheet)


# It is taken in, or goes


@post(
    "/organizer/{language:str}/petitions/{slug:str}/imports/{staging_id:str}/take",
    status_code=303,
)
async def take(
    request: Asked, language: FromPath[str], slug: FromPath[str], staging_id: FromPath[str]
) -> Response[bytes]:
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    petition = _for(held, who, slug)
    found, desk = await _desk(held, who, petition, gate.identifier(staging_id))
    plan = await staged_files.plan(held.database, found, desk.key)
    report = await staged_files.report(held.database, found, desk.key)
    if not plan.evidence.source:
        form = FormState({}, {"source": FieldRefused("source-missing")})
        return await _look(held, who, found, desk, form, 422)
    if report is None or not report.whole or not report.good:
        raise Conflict("staging-moved-on")
    layout = layout_of(report, plan, held.keys, petition.id)
    key = tokens.digest(held.keys.identity, petition.id, source_key(plan.evidence.source))
    async with held.database.write() as tx:
        standing = await staging.standing(tx, petition, found.id, STAGED, by=who.actor)
        begun = await importing.begin(
            tx, petition, _digest(held, found, report), plan.method, plan.evidence, by=who.actor, today=held.today()
        )
        await staging.take(tx, standing, begun.id, asks=typed.get("asks") == "yes", now=held.clock())
        await staging.remember(tx, petition.id, key, layout.facts())
    return await _go_on(held, who, desk)


async def _go_on(held: Parts, who: Signed, desk: Desk) -> Response[bytes]:
    held.taking_in.take(desk, held.catalogues[who.language])
    await held.taking_in.settled(desk.staging.id, PATIENCE)
    return redirect(f"{_here(who, desk.petition)}/{desk.staging.id.hex()}")


@post("/organizer/{language:str}/petitions/{slug:str}/imports/{staging_id:str}/refused", status_code=200)
async def refused(
    request: Asked, language: FromPath[str], slug: FromPath[str], staging_id: FromPath[str]
) -> Response[bytes]:
    """The rows that were refused, as a file: to be corrected and sent in again."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language)
    petition = _for(held, who, slug)
    found, desk = await _desk(held, who, petition, gate.identifier(staging_id))
    lines = []
    async with held.database.read() as connection:
        for number in await stagings.numbers(connection, found.id, REFUSED):
            sealed = await stagings.part(connection, found.id, REFUSED, number)
            lines.append(staged_files.opened(sealed or b"", desk.key, found.id, REFUSED, number))
    if not lines:
        raise NotFound()
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{petition.slug}-refused-{held.today().isoformat()}.csv"',
    }
    return Response(b"".join(lines), media_type="text/csv", headers=headers)


@post("/organizer/{language:str}/petitions/{slug:str}/imports/{staging_id:str}/{act:str}", status_code=303)
async def act(
    request: Asked, language: FromPath[str], slug: FromPath[str], staging_id: FromPath[str], act: FromPath[str]
) -> Response[bytes]:
    """go-on, discard: of a list that lies here; undo, undo-on, ask: of an import."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=act in ("undo", "ask"))
    petition, own_id = _for(held, who, slug), gate.identifier(staging_id)
    said = {"discard": "discarded", "undo": "undoing", "undo-on": "undoing", "ask": "asking"}
    match act:
        case "go-on":
            found, desk = await _desk(held, who, petition, own_id)
            if found.state != TAKING:
                raise Conflict("staging-moved-on")
            return await _go_on(held, who, desk)
        case "discard":
            async with held.database.write() as tx:
                await staging.discard(tx, petition, own_id, by=who.actor)
        case "undo" | "undo-on":
            async with held.database.write() as tx:
                await importing.undo(tx, petition.id, own_id, by=who.actor, today=held.today())
            held.taking_in.undo(petition, own_id)
        case "ask":
            ring = await gate.ring(held, who, petition.id)
            if ring is None:
                raise Forbidden("key-missing")
            async with held.database.write() as tx:
                await asking.begin(tx, petition.id, own_id, by=who.actor, today=held.today())
            held.taking_in.ask(petition, own_id, ring)
        case _:
            raise NotFound()
    await held.taking_in.settled(own_id, PATIENCE)
    return redirect(f"{_here(who, petition)}?said={said[act]}")


@get("/organizer/{language:str}/petitions/{slug:str}/imports/{staging_id:str}/{act:str}")
async def back_to_the_list(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The address of an act, followed instead of posted to."""
    await gate.signed(request, language)
    return redirect(f"/organizer/{language}/petitions/{slug}/imports")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[imports_page, send, staging_page, read, take, refused, act, back_to_the_list],
)
