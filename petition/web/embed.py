"""For other sites: the count in a frame, as a badge, and oEmbed. Nobody signs in a stranger's frame: a link leads here.

What is shown elsewhere tells the other site nothing of its readers, and us no more than that some page shows it.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Response, Router, get
from litestar.params import FromPath, FromQuery
from markupsafe import escape

from petition.domain.counts import Counts
from petition.errors import NotFound
from petition.queries.petitions import Petition
from petition.web import parts
from petition.web.answers import kept, spoken
from petition.web.forms import UnknownFormat
from petition.web.pages import Page
from petition.web.parts import Asked, Parts

WIDTH, HEIGHT, LEAST_WIDTH = 480, 480, 240
SVG = "image/svg+xml"
OEMBED = {"Cache-Control": "public, max-age=300"}


@dataclass(frozen=True)
class Embedded(Page):
    """Title, count and the way to the statement, small enough for any column."""

    template = "embed/count.html"
    petition: Petition
    counts: Counts
    phase: str

    def path(self, lang: str) -> str:
        return f"/{lang}/petitions/{self.petition.slug}/embed"


@dataclass(frozen=True)
class Badge(Page):
    template = "embed/badge.svg"
    counts: Counts


@get("/{language:str}/petitions/{slug:str}/embed")
async def frame(request: Asked, language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    snapshot = held.hub.snapshot(slug)
    page = Embedded(snapshot.petition, snapshot.counts, snapshot.phase)
    return kept(request, snapshot, ("embed", spoken(held, language), slug), lambda: page)


@get("/petitions/{slug:str}/badge.svg")
async def badge(request: Asked, slug: FromPath[str], lang: FromQuery[str | None] = None) -> Response[bytes]:
    """In the petition's own language unless another is asked for."""
    held = parts.of(request)
    snapshot = held.hub.snapshot(slug)
    language = spoken(held, lang or snapshot.petition.default_language)
    return kept(request, snapshot, ("badge", language, slug), lambda: Badge(snapshot.counts), SVG)


@get("/oembed")
async def oembed(
    request: Asked,
    url: FromQuery[str],
    maxwidth: FromQuery[int | None] = None,
    maxheight: FromQuery[int | None] = None,
    format: FromQuery[str] = "json",
) -> Response[bytes]:
    """The frame for a petition's address (oembed.com, type `rich`), for programs that turn links into content."""
    held = parts.of(request)
    language, slug = _named(held, request, url)
    petition = held.hub.snapshot(slug).petition
    language = spoken(held, language or petition.default_language)
    if format != "json":
        raise UnknownFormat()
    width, height = _within(WIDTH, maxwidth, LEAST_WIDTH), _within(HEIGHT, maxheight, 1)
    title, base = petition.in_language(petition.title, language), held.settings.base_url
    told: dict[str, Any] = {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": held.catalogues[language]("site.name"),
        "provider_url": f"{base}/{language}",
        "cache_age": 300,
        "width": width,
        "height": height,
        "html": (
            f'<iframe src="{base}/{language}/petitions/{quote(slug)}/embed" title="{escape(title)}"'
            f' width="{width}" height="{height}" frameborder="0" loading="lazy"></iframe>'
        ),
    }
    return Response(msgspec.json.encode(told), media_type="application/json", headers=OEMBED)


def _within(wanted: int, most: int | None, least: int) -> int:
    return wanted if most is None else max(min(wanted, most), least)


def _named(held: Parts, request: Asked, url: str) -> tuple[str | None, str]:
    """Language, where the address tells one, and slug of a page of ours; `NotFound` for any other address."""
    try:
        address = urlsplit(url)
        host = address.netloc
    except ValueError:
        raise NotFound() from None
    if host not in (held.settings.origin, request.headers.get("host")):
        raise NotFound()
    match address.path.strip("/").split("/"):
        case ["p", slug]:
            return None, slug
        case [language, "petitions", slug, *_]:
            return language, slug
    raise NotFound()


router = Router(path="/", include_in_schema=False, route_handlers=[frame, badge, oembed])
