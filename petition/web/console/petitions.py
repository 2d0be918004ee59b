"""The petition editor: texts, versions, categories, dates, status; the petition's file; a draft's preview.

What is saved goes through the rules and the act of `petition apply`: this is that file, as a form.
"""

from collections.abc import Mapping
from dataclasses import replace

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition.actions import petitions as acts
from petition.domain import petition_toml
from petition.domain.actors import DECIDE, READ
from petition.domain.petition_file import PetitionFile
from petition.errors import Conflict, Invalid, NotFound
from petition.queries import petitions, versions
from petition.queries.petitions import Petition
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate, petition_form
from petition.web.console.gate import Signed
from petition.web.console.pages import EditorPage, PreviewPage, VersionsPage, VersionTextPage
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

SAID = ("edited", "unchanged")
GRAVE = ("closed", "archived")


async def _fresh(held: Parts, who: Signed, slug: str, act: str) -> Petition:
    """As it stands now: what other processes changed is not yet in every snapshot."""
    seen = gate.petition_for(held, who, slug, act)
    async with held.database.read() as connection:
        return await petitions.petition(connection, slug) or seen


@get("/organizer/{language:str}/petitions/{slug:str}/edit")
async def editor(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = await _fresh(held, who, slug, DECIDE)
    said = request.query_params.get("said")
    values = petition_form.shown(petition, tuple(held.catalogues))
    page = _page(held, who, petition, FormState(values), _was(held, petition))
    return html(held, replace(page, said=said if said in SAID else None), language)


def _was(held: Parts, petition: Petition) -> str:
    languages = tuple(held.catalogues)
    values = petition_form.shown(petition, languages)
    return petition_form.digests(petition_form.grouped(values, petition, languages))


def _page(held: Parts, who: Signed, petition: Petition, form: FormState, was: str) -> EditorPage:
    counts = held.hub.any_counts(petition.slug)
    categories, addressees = (
        tuple(petition_form.with_blanks(petition_form.rows(form.values, key, petition)))
        for key in ("categories", "addressees")
    )
    return EditorPage(
        who.who(held),
        petition,
        form,
        revision=str(petition.revision),
        was=was,
        categories=categories,
        addressees=addressees,
        signed=counts.ledger_size > 0,
        open=frozenset(row.number for row in categories if petition_form.unfolded(row, form.errors)),
    )


@post("/organizer/{language:str}/petitions/{slug:str}/edit", request_max_body_size=gate.WIDE_BYTES)
async def edit(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """`act` is `save`; anything else shows the form again, with its texts as the public would read them."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language, wide=True)
    petition = await _fresh(held, who, slug, DECIDE)
    values, revision = dict(typed.values), typed.get("revision")
    if typed.get("act") != "save":
        page = _page(held, who, petition, FormState(values), typed.get("was"))
        return html(held, replace(page, looked=True, revision=revision), language)
    if revision != str(petition.revision):
        return _too_late(held, who, petition, typed)
    try:
        file = _file(held, petition, typed)
    except Invalid as wrong:
        page = _page(held, who, petition, FormState(values, wrong.fields), typed.get("was"))
        return html(held, page, language, 422)
    if _is_grave(petition, file):
        await gate.require_proved(request, who, values)
    try:
        async with held.database.write() as tx:
            done = await acts.apply(tx, file, by=who.actor, seen=petition.revision, today=held.today())
    except Conflict:
        return _too_late(held, who, await _fresh(held, who, slug, DECIDE), typed)
    await held.hub.poll()
    said = "unchanged" if done.outcome == "unchanged" else "edited"
    return redirect(f"/organizer/{language}/petitions/{slug}/edit?said={said}")


def _file(held: Parts, petition: Petition, typed: Typed) -> PetitionFile:
    try:
        file = petition_form.given(typed.values, petition, tuple(held.catalogues))
    except Invalid as invalid:
        raise Invalid({**invalid.fields, **typed.wrong}) from None
    if typed.wrong:
        raise Invalid(typed.wrong)
    return file


def _is_grave(petition: Petition, file: PetitionFile) -> bool:
    """What ends signing for good, or brings the day nearer on which the records are destroyed."""
    ends, then = petition.purge_on, replace(petition, closes_at=file.closes_at).purge_on
    sooner = then is not None and (ends is None or then < ends)
    return sooner or (file.status in GRAVE and file.status != petition.status)


def _too_late(held: Parts, who: Signed, petition: Petition, typed: Typed) -> Response[bytes]:
    """Somebody else has changed it since this form was made: nothing is overwritten and nothing typed is lost."""
    merged = petition_form.merged(typed.values, typed.get("was"), petition, tuple(held.catalogues))
    form = FormState(merged.values, problem="petition-changed")
    page = _page(held, who, petition, form, _was(held, petition))
    return html(held, replace(page, theirs=merged.theirs, mine=merged.mine), who.language, 409)


@get("/organizer/{language:str}/petitions/{slug:str}/preview")
async def preview(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The public page as it would be, for organizers; a draft has no other."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = await _fresh(held, who, slug, READ)
    phase = petition.phase(held.clock())
    decides = who.actor.may(petition.id, DECIDE)
    page = PreviewPage(who.who(held), petition, held.hub.any_counts(slug), phase, decides)
    return html(held, page, language)


@get("/organizer/{language:str}/petitions/{slug:str}/versions")
async def version_list(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Who signed which: how many, by version and language."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = await _fresh(held, who, slug, READ)
    async with held.database.read() as connection:
        found = await versions.versions(connection, petition.id)
    return html(held, VersionsPage(who.who(held), petition, found), language)


@get("/organizer/{language:str}/petitions/{slug:str}/versions/{number:int}")
async def version_text(
    request: Asked, language: FromPath[str], slug: FromPath[str], number: FromPath[int]
) -> Response[bytes]:
    """One version in all its languages, side by side."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = await _fresh(held, who, slug, READ)
    async with held.database.read() as connection:
        old = await petitions.old_version(connection, petition.id, number) if 0 < number <= petition.version else None
    if old is None:
        raise NotFound()
    return html(held, VersionTextPage(who.who(held), petition, number, old.title, old.statement), language)


@get("/organizer/{language:str}/petitions/{slug:str}/file")
async def file(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """What `petition apply` would change nothing by."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    petition = await _fresh(held, who, slug, READ)
    headers: Mapping[str, str] = {
        "Content-Disposition": f'attachment; filename="{petition.slug}.toml"',
        "Cache-Control": "no-store",
    }
    content = petition_toml.written(petitions.as_file(petition)).encode()
    return Response(content, media_type="application/toml", headers=dict(headers))


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[editor, edit, preview, version_list, version_text, file],
)
