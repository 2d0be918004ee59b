"""Taking the list out: chosen, agreed to by a second owner where it is long, written in the background, fetched."""

from collections.abc import AsyncIterator, Mapping
from datetime import date

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Stream

from petition import typesetting
from petition.actions import exporting
from petition.domain import listing, sealing, states
from petition.domain.actors import DECIDE, MODERATE
from petition.domain.listing import AGREED, ASKED, READY, Wanted
from petition.errors import Conflict, FieldRefused, Invalid, NotFound
from petition.queries import exports as reading
from petition.queries import organizers as accounts
from petition.queries.exports import Export
from petition.queries.petitions import Petition
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate
from petition.web.console.desk_pages import ExportLine, ExportsPage
from petition.web.console.gate import Signed
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

# How long a short list is waited for, so that it can be fetched from the very next page.
PATIENCE = 3.0
MEDIA = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "pdf": "application/pdf",
    "zip": "application/zip",
}
ARCHIVE = b"PK"


@get("/organizer/{language:str}/petitions/{slug:str}/exports")
async def exports_page(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    return await _page(held, who, gate.petition_for(held, who, slug, MODERATE), FormState())


async def _page(held: Parts, who: Signed, petition: Petition, form: FormState, status: int = 200) -> Response[bytes]:
    decides = who.actor.may(petition.id, DECIDE)
    async with held.database.read() as connection:
        found = await reading.of_petition(connection, petition.id, made_by=None if decides else who.actor.id)
        names = {o.id: o.address_text(held.keys) for o, _ in await accounts.everyone(connection)}
        alone = not await accounts.owners(connection, petition.id) - {who.actor.id}
    opens = await gate.ring(held, who, petition.id) is not None
    at = int(held.clock().timestamp())
    lines = tuple(
        ExportLine(
            export,
            names.get(export.made_by, ""),
            names.get(export.agreed_by or b"", ""),
            _acts(export, who, decides, opens, at),
        )
        for export in found
    )
    return html(
        held,
        ExportsPage(who.who(held), petition, lines, opens, alone, form, typesetting.lacking() is None),
        who.language,
        status,
    )


def _acts(export: Export, who: Signed, decides: bool, opens: bool, at: int) -> tuple[str, ...]:
    """What this organizer can do with it now."""
    mine = export.made_by == who.actor.id
    silent = export.alive_at is None or export.alive_at < at - exporting.SILENT
    fitting = {
        "approve": export.state == ASKED and decides and not mine,
        "decline": export.state == ASKED and decides and not mine,
        "write": export.state == AGREED and silent and opens and (mine or decides),
        "fetch": export.state == READY and mine,
        "destroy": (export.state in (ASKED, AGREED, READY) and mine) or (export.state == READY and decides),
    }
    return tuple(name for name, fits in fitting.items() if fits)


@post("/organizer/{language:str}/petitions/{slug:str}/exports", status_code=303)
async def ask(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, MODERATE)
    ring = await gate.ring(held, who, petition.id)
    try:
        wanted, columns, kind, spoken, reason = _order(held, petition, typed)
        if ring is None:
            raise Invalid({"wanted": FieldRefused("no-key")})
        async with held.database.write() as tx:
            asked = await exporting.ask(
                tx, petition.id, wanted, columns, kind, spoken, reason, by=who.actor, today=held.today()
            )
    except Invalid as wrong:
        return await _page(held, who, petition, FormState(typed.values, wrong.fields), 422)
    if asked.state == AGREED:
        held.writing.begin(petition, asked.id, ring)
        await held.writing.settled(asked.id, PATIENCE)
    return redirect(f"/organizer/{language}/petitions/{slug}/exports")


def _order(held: Parts, petition: Petition, typed: Typed) -> tuple[Wanted, tuple[str, ...], str, str, str]:
    """What was chosen: which signatures, columns, format, language, reason."""
    wrong: dict[str, FieldRefused] = {}

    def one_of(name: str, known: tuple[str, ...], otherwise: str = "unknown-choice") -> str:
        if typed.get(name) not in known:
            wrong[name] = FieldRefused(otherwise)
        return typed.get(name)

    def day(name: str) -> date | None:
        try:
            return date.fromisoformat(typed.get(name)) if typed.get(name) else None
        except ValueError:
            wrong[name] = FieldRefused("date-unreadable")
            return None

    chosen = _ticked(typed.values, "state-", states.STATES)
    columns = _ticked(typed.values, "column-", (*listing.COLUMNS, *listing.BESIDES))
    kind = one_of("format", listing.FORMATS)
    if kind == listing.DOCUMENT:
        columns = listing.NAMES_ALONE
        if typesetting.lacking() is not None:
            wrong["format"] = FieldRefused("pdf-not-installed")
    if petition.safe:
        wrong["format"] = FieldRefused("names-hidden")
    spoken = one_of("words", tuple(held.catalogues))
    reason = one_of("reason", listing.REASONS[:-1], "reason-missing")
    if not chosen:
        wrong["wanted"] = FieldRefused("state-missing")
    if not columns:
        wrong["columns"] = FieldRefused("column-missing")
    wanted = Wanted(
        chosen,
        _ticked(typed.values, "category-", tuple(c.slug for c in petition.categories)),
        _ticked(typed.values, "visibility-", states.VISIBILITIES),
        day("since"),
        day("until"),
    )
    if kind == listing.DOCUMENT and chosen and not listing.fits_document(wanted):
        wrong["wanted"] = FieldRefused("document-whole")
    if wrong:
        raise Invalid(wrong)
    return wanted, columns, kind, spoken, reason


def _ticked(values: Mapping[str, str], prefix: str, known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in known if values.get(prefix + name) == "yes")


@post("/organizer/{language:str}/petitions/{slug:str}/exports/{export:str}/fetch", status_code=200)
async def fetch(
    request: Asked, language: FromPath[str], slug: FromPath[str], export: FromPath[str]
) -> Stream | Response[bytes]:
    """The file, opened while it is sent. A part that is destroyed meanwhile breaks it off, and its length tells so."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=True)
    petition = gate.petition_for(held, who, slug, MODERATE)
    async with held.database.write() as tx:
        found = await exporting.fetch(tx, petition.id, gate.identifier(export), by=who.actor, now=held.clock())
    try:
        key = sealing.open_share(found.key or b"", who.own_key(), found.id, who.actor.id)
    except sealing.Unreadable:
        raise Conflict("export-moved-on") from None

    async def piece(number: int) -> bytes:
        async with held.database.read() as connection:
            sealed = await reading.part(connection, found.id, number)
        return sealing.open_part(sealed or b"", key, found.id, number)

    async def whole() -> AsyncIterator[bytes]:
        for number in range(found.parts):
            yield await piece(number)

    kind = found.kind
    if kind == listing.DOCUMENT and (await piece(0)).startswith(ARCHIVE):
        kind = "zip"  # a long one comes in numbered parts
    name = listing.file_name(petition.slug, found.made_on, kind)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(found.size),
    }
    return Stream(whole(), media_type=MEDIA[kind], headers=headers)


@post("/organizer/{language:str}/petitions/{slug:str}/exports/{export:str}/{act:str}", status_code=303)
async def act(
    request: Asked, language: FromPath[str], slug: FromPath[str], export: FromPath[str], act: FromPath[str]
) -> Response[bytes]:
    """approve, decline, write (again), destroy."""
    held = parts.of(request)
    who, _ = await gate.sent(request, language, proved=act in ("approve", "decline"))
    petition, export_id = gate.petition_for(held, who, slug, MODERATE), gate.identifier(export)
    match act:
        case "approve" | "decline":
            async with held.database.write() as tx:
                agrees = act == "approve"
                await exporting.decide(tx, petition.id, export_id, agrees=agrees, by=who.actor, today=held.today())
        case "destroy":
            async with held.database.write() as tx:
                await exporting.destroy(tx, petition.id, export_id, by=who.actor, today=held.today())
        case "write":
            async with held.database.read() as connection:
                found = await reading.by_id(connection, petition.id, export_id)
            if found is None or (found.made_by != who.actor.id and not who.actor.may(petition.id, DECIDE)):
                raise NotFound()
        case _:
            raise NotFound()
    if act in ("approve", "write"):
        ring = await gate.ring(held, who, petition.id)
        if ring is not None:
            held.writing.begin(petition, export_id, ring)
            await held.writing.settled(export_id, PATIENCE)
    return redirect(f"/organizer/{language}/petitions/{slug}/exports")


@get(
    [
        "/organizer/{language:str}/petitions/{slug:str}/exports/{export:str}/fetch",
        "/organizer/{language:str}/petitions/{slug:str}/exports/{export:str}/{act:str}",
    ]
)
async def back_to_the_page(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The address of an act, followed instead of posted to."""
    await gate.signed(request, language)
    return redirect(f"/organizer/{language}/petitions/{slug}/exports")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[exports_page, ask, fetch, act, back_to_the_page],
)
