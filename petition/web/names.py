"""Those who chose to be shown, whole, as one file for anyone: CSV for spreadsheets, JSON for programs.

Read page by page while it is sent: the memory does not grow with the list, and a petition whose safety
switch is turned meanwhile ends its list there.
"""

from collections.abc import AsyncIterator, Callable

import msgspec
from litestar import Router, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from petition.actions.limits import LIST
from petition.domain import tabular
from petition.errors import NotFound
from petition.queries import signatories
from petition.queries.petitions import Petition
from petition.queries.signatories import SignatoriesPage, Signatory
from petition.web import guards, parts
from petition.web.answers import spoken
from petition.web.parts import Asked
from petition.web.shapes import PROBLEMS, NamesShape, answers

AT_ONCE = 1_000

Written = Callable[[tuple[Signatory, ...]], bytes]


@get(
    "/{slug:str}/signatories.csv",
    responses={
        200: ResponseSpec(str, generate_examples=False, description="The file.", media_type="text/csv"),
        **PROBLEMS,
    },
)
async def as_csv(
    request: Asked, slug: FromPath[str], category: FromQuery[str | None] = None, lang: FromQuery[str | None] = None
) -> Stream:
    """All who chose to be shown, by name; headings and categories in the words of `lang`."""
    petition = _petition(request, slug, category)
    held = parts.of(request)
    words = held.catalogues[spoken(held, lang or petition.default_language)]

    def label(signatory: Signatory) -> str:
        found = petition.category(signatory.category)
        return petition.in_language(found.label, words.code) if found else ""

    def lines(rows: tuple[Signatory, ...]) -> bytes:
        return tabular.csv_bytes((row.name, label(row)) for row in rows)

    heading = tabular.BOM.encode() + tabular.csv_bytes(
        [(words("signatories.column-name"), words("signatories.column-category"))]
    )
    return await _file(request, petition, category, "csv", heading, lines, b"")


@get("/{slug:str}/signatories.json", responses=answers(NamesShape, "The file."))
async def as_json(request: Asked, slug: FromPath[str], category: FromQuery[str | None] = None) -> Stream:
    """All who chose to be shown, by name, in one object."""
    petition = _petition(request, slug, category)
    begun = False

    def objects(rows: tuple[Signatory, ...]) -> bytes:
        nonlocal begun
        made = b",\n".join(msgspec.json.encode({"name": row.name, "category": row.category}) for row in rows)
        between = b",\n" if begun and made else b""
        begun = begun or bool(made)
        return between + made

    head = msgspec.json.encode({"petition": slug, "day": parts.of(request).today(), "signatories": []})
    return await _file(request, petition, category, "json", head.removesuffix(b"]}"), objects, b"]}\n")


def _petition(request: Asked, slug: str, category: str | None) -> Petition:
    petition = parts.of(request).hub.snapshot(slug).petition
    if category is not None and petition.category(category) is None:
        raise NotFound()
    guards.limit(request, "list", LIST)
    return petition


async def _file(
    request: Asked, petition: Petition, category: str | None, kind: str, head: bytes, written: Written, foot: bytes
) -> Stream:
    """The first page is read before the answer begins: a database that is away is still told as such."""
    held = parts.of(request)

    async def page(after: str | None) -> SignatoriesPage:
        async with held.database.read() as connection:
            return await signatories.signatories_page(
                connection, petition.id, category, after, AT_ONCE, link_of=held.keys.link_of
            )

    first = await page(None)

    async def whole() -> AsyncIterator[bytes]:
        yield head
        listed = first
        yield written(listed.rows)
        while listed.next is not None:
            listed = await page(listed.next)
            yield written(listed.rows)
        yield foot

    name = f"{petition.slug}-signatories-{held.today().isoformat()}.{kind}"
    return Stream(
        whole(),
        media_type="text/csv" if kind == "csv" else "application/json",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Robots-Tag": "noindex",
        },
    )


router = Router(path="/api/v1/petitions", route_handlers=[as_csv, as_json])
