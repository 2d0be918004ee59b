"""The public doors: statement, sign form and sign, signatories, the count. No cookie, the same for everyone."""

import gzip

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery

from petition.actions.limits import SIGN
from petition.errors import FieldRefused, Invalid, NotFound, PetitionError, TooMany, Unavailable
from petition.queries import petitions, signatories, timeline
from petition.web import attempts, forms, guards, parts, problems
from petition.web.answers import html, is_kept, kept, redirect, sent, spoken
from petition.web.forms import Typed
from petition.web.hub import Snapshot
from petition.web.pages import (
    CheckYourMail,
    CountPage,
    FormState,
    Home,
    InvitedPage,
    Listed,
    PetitionPage,
    RecountPage,
    SignatoryList,
    VersionPage,
)
from petition.web.parts import Asked


@get("/")
async def front(request: Asked) -> Response[bytes]:
    held = parts.of(request)
    language = problems.preferred(request.headers.get("accept-language", ""), tuple(held.catalogues))
    return redirect(f"/{language}", 302, "Accept-Language")


@get("/p/{slug:str}")
async def short_link(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """For posters and QR codes."""
    held = parts.of(request)
    petition = held.hub.snapshot(slug).petition
    known = tuple(language for language in petition.languages if language in held.catalogues)
    accept = request.headers.get("accept-language", "")
    language = problems.preferred(accept, known, petition.default_language)
    return redirect(f"/{language}/petitions/{slug}", 302, "Accept-Language")


@get("/{language:str}")
async def home(request: Asked, language: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    shown = held.hub.visible()
    page = Home(tuple(Listed(s.petition, s.phase, s.counts.total) for s in shown))
    return kept(request, held.hub.edition, ("home", spoken(held, language)), lambda: page)


@get("/{language:str}/petitions/{slug:str}")
async def statement(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    snapshot = held.hub.snapshot(slug)
    if b"invitation=" in request.scope["query_string"]:
        return await _to_one_invited(request, snapshot, spoken(held, language))
    return kept(
        request,
        snapshot,
        ("petition", spoken(held, language), slug),
        lambda: _statement(snapshot, FormState()),
    )


async def _to_one_invited(request: Asked, snapshot: Snapshot, language: str) -> Response[bytes]:
    """For this reader alone: the form carries the code, or says kindly that it is worth nothing any more."""
    held, code = parts.of(request), request.query_params.get("invitation", "")
    invitation = await attempts.invited(held, snapshot.petition, code)
    if invitation is not None:
        form = FormState({"invitation": code.strip(), "category": invitation.category})
    elif code.strip():
        form = FormState({}, {"invitation": FieldRefused("invitation-unknown")})
    else:
        form = FormState()
    return html(held, _statement(snapshot, form), language, headers={"X-Robots-Tag": "noindex"})


def _statement(snapshot: Snapshot, form: FormState) -> PetitionPage:
    older = tuple(range(1, snapshot.petition.version))
    carries = form.values.get("invitation") and "invitation" not in form.errors
    page = InvitedPage if carries else PetitionPage
    return page(snapshot.petition, snapshot.counts, snapshot.phase, form, older, snapshot.reached)


@post("/{language:str}/petitions/{slug:str}/signatures", status_code=303)
async def sign(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The same bytes whether the address is new, pending or has signed: the truth goes only to the mailbox."""
    held = parts.of(request)
    snapshot = held.hub.snapshot(slug)
    spoken(held, language)
    typed = Typed({}, {})
    try:
        typed = await forms.form(request)
        guards.limit(request, "sign", SIGN)
        await attempts.submit(held, snapshot, typed, language, guards.burst(request))
    except (Invalid, TooMany, Unavailable) as refused:
        form = _form(typed, refused)
        status, headers = problems.status_of(refused), problems.retry_headers(refused)
        return sent(request, _statement(snapshot, form), language, status, headers)
    return redirect(f"/{language}/petitions/{slug}/check-your-mail")


@get("/{language:str}/petitions/{slug:str}/signatures")
async def back_to_the_form(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Whoever loads the address of a refused form again is led to an empty one."""
    held = parts.of(request)
    held.hub.snapshot(slug)
    return redirect(f"/{spoken(held, language)}/petitions/{slug}#sign")


def _form(typed: Typed, refused: PetitionError) -> FormState:
    if isinstance(refused, Invalid):
        return FormState(typed.values, refused.fields)
    return FormState(typed.values, {}, refused.code, refused.facts)


@get("/{language:str}/petitions/{slug:str}/check-your-mail")
async def check_your_mail(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    petition = held.hub.snapshot(slug).petition
    return kept(request, petition, ("mail", spoken(held, language), slug), lambda: CheckYourMail(petition))


@get("/{language:str}/petitions/{slug:str}/signatories")
async def signatory_list(
    request: Asked,
    language: FromPath[str],
    slug: FromPath[str],
    category: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
) -> Response[bytes]:
    held = parts.of(request)
    petition = held.hub.snapshot(slug).petition
    spoken(held, language)
    category = category or None
    if category is not None and petition.category(category) is None:
        raise NotFound()
    async with held.database.read() as connection:
        listed = await signatories.signatories_page(connection, petition.id, category, after, link_of=held.keys.link_of)
    page = SignatoryList(petition, listed, category, after or None)
    # Names may be withdrawn at any moment: no cache keeps this page, and no search engine.
    return sent(request, page, language, headers={"X-Robots-Tag": "noindex"})


@get("/{language:str}/petitions/{slug:str}/count")
async def count(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    snapshot = held.hub.snapshot(slug)
    spoken(held, language)
    key = ("count", language, slug)
    days: tuple[timeline.Day, ...] = ()
    if not is_kept(held, snapshot, key):
        async with held.database.read() as connection:
            days = await timeline.timeline(connection, snapshot.petition.id)
    return kept(
        request,
        snapshot,
        key,
        lambda: CountPage(
            snapshot.petition, snapshot.counts, days, snapshot.witnesses, snapshot.sample, snapshot.reached
        ),
    )


@get("/{language:str}/petitions/{slug:str}/recount")
async def recount(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Also recounts in the browser, with no more than the public files."""
    held = parts.of(request)
    petition = held.hub.snapshot(slug).petition
    key, address = ("recount", spoken(held, language), slug), f"{held.settings.base_url}/p/{slug}"
    return kept(request, petition, key, lambda: RecountPage(petition, address))


@get("/{language:str}/petitions/{slug:str}/versions/{number:int}")
async def version(
    request: Asked, language: FromPath[str], slug: FromPath[str], number: FromPath[int]
) -> Response[bytes]:
    """An earlier text, for those who signed it."""
    held = parts.of(request)
    petition = held.hub.snapshot(slug).petition
    spoken(held, language)
    if not 0 < number <= petition.version:
        raise NotFound()
    async with held.database.read() as connection:
        old = await petitions.old_version(connection, petition.id, number)
    if old is None:
        raise NotFound()
    return sent(request, VersionPage(petition, number, old.title, old.statement), language)


@get("/{language:str}/petitions/{slug:str}/qr.svg")
async def qr_code(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    spoken(held, language)
    held.hub.snapshot(slug)
    return Response(held.pages.qr(slug), media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


@get("/static/{digest:str}/{name:str}")
async def static(request: Asked, digest: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """Under the hash of its own content, so kept for ever."""
    found = parts.of(request).pages.static.get(f"/static/{digest}/{name}")
    if found is None:
        raise NotFound()
    content, media_type = found
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers = gzip.compress(content, 9, mtime=0), {**headers, "Content-Encoding": "gzip"}
    return Response(content, media_type=media_type, headers=headers)


@get("/robots.txt")
async def robots() -> Response[bytes]:
    """Lists of names and personal links stay out of search engines."""
    rules = "User-agent: *\nDisallow: /*/signature/\nDisallow: /*/petitions/*/signatories\nDisallow: /organizer/\n"
    return Response(rules.encode(), media_type="text/plain", headers={"Cache-Control": "public, max-age=86400"})


router = Router(
    path="/",
    include_in_schema=False,
    route_handlers=[
        front,
        short_link,
        home,
        statement,
        sign,
        back_to_the_form,
        check_your_mail,
        signatory_list,
        count,
        version,
        recount,
        qr_code,
        static,
        robots,
    ],
)
