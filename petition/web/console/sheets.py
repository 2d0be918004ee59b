"""Blank sheets for signing on paper: chosen on a page, made at once, kept nowhere."""

from collections.abc import Mapping

from litestar import Response, Router, get, post
from litestar.params import FromPath

from petition import typesetting
from petition.domain import sheet
from petition.errors import FieldRefused, Invalid
from petition.queries.petitions import Petition
from petition.web import parts
from petition.web.answers import html
from petition.web.console import gate
from petition.web.console.desk_pages import SheetsPage
from petition.web.console.gate import Signed
from petition.web.forms import Typed
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts


@get("/organizer/{language:str}/petitions/{slug:str}/sheets")
async def sheets_page(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who = await gate.signed(request, language)
    return _page(held, who, gate.petition_for(held, who, slug), FormState())


def _page(held: Parts, who: Signed, petition: Petition, form: FormState, status: int = 200) -> Response[bytes]:
    page = SheetsPage(who.who(held), petition, _languages(held, petition), typesetting.lacking() is None, form)
    return html(held, page, who.language, status)


def _languages(held: Parts, petition: Petition) -> tuple[str, ...]:
    """Those of the statement that we have words in, the petition's own first."""
    return tuple(code for code in petition.languages if code in held.catalogues)


@post("/organizer/{language:str}/petitions/{slug:str}/sheets", status_code=200)
async def make(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    who, typed = await gate.sent(request, language)
    petition = gate.petition_for(held, who, slug)
    try:
        codes, paper, first, number = _order(_languages(held, petition), typed)
    except Invalid as wrong:
        return _page(held, who, petition, FormState(typed.values, wrong.fields), 422)
    content = sheet.content(
        {code: (petition.title[code], petition.statement[code]) for code in codes},
        {code: [petition.in_language(c.label, code) for c in petition.categories if not c.retired] for code in codes},
        held.catalogues,
        ask_for=petition.ask_for,
        url=f"{held.pages.base_url}/p/{petition.slug}",
        paper=paper,
        first=first,
        number=number,
    )
    made = await typesetting.pdf("sheet.typ", content, held.clock())
    name = f"{petition.slug}-sheets-{first}-{first + number - 1}.pdf"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(made, media_type="application/pdf", headers=headers)


def _order(languages: tuple[str, ...], typed: Typed) -> tuple[tuple[str, ...], str, int, int]:
    """Languages, paper, the first sheet's number, and how many."""
    wrong: dict[str, FieldRefused] = {}
    if typesetting.lacking() is not None:
        wrong["number"] = FieldRefused("pdf-not-installed")
    known: Mapping[str, tuple[str, ...]] = {sheet.BOTH: languages, **{code: (code,) for code in languages}}
    for name, choices in (("languages", known), ("paper", sheet.PAPERS)):
        if typed.get(name) not in choices:
            wrong[name] = FieldRefused("unknown-choice")

    def number(name: str, most: int) -> int:
        told = typed.get(name).strip()
        found = int(told) if told.isdecimal() and len(told) <= len(str(most)) else 0
        if not 1 <= found <= most:
            wrong[name] = FieldRefused("not-a-number-to", most=most)
        return found

    first, many = number("first", sheet.HIGHEST), number("number", sheet.MOST)
    if not wrong and first + many - 1 > sheet.HIGHEST:
        # The last of them has a number as well.
        wrong["first"] = FieldRefused("not-a-number-to", most=sheet.HIGHEST - many + 1)
    if wrong:
        raise Invalid(wrong)
    return known[typed.get("languages")], typed.get("paper"), first, many


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[sheets_page, make],
)
