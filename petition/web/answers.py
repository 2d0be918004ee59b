"""How the doors answer: a page for one reader, a redirect, or a page rendered once and served from memory."""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from litestar import Response

from petition.errors import NotFound
from petition.web import parts
from petition.web.pages import Page
from petition.web.parts import Asked, Parts

HTML = "text/html"
# For a second any cache may answer alone; after that it asks, and an unchanged page costs it nothing.
CACHED = "public, max-age=1, stale-while-revalidate=30"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page rendered and compressed once, kept as long as `source` is what it would be made of again."""

    source: object
    plain: bytes
    packed: bytes
    etag: str

    @classmethod
    def of(cls, source: object, body: bytes) -> "Rendered":
        return cls(source, body, gzip.compress(body, 9, mtime=0), f'"{hashlib.sha256(body).hexdigest()[:20]}"')

    def answer(self, request: Asked) -> Response[bytes]:
        headers = {"ETag": self.etag, "Cache-Control": CACHED, "Vary": "Accept-Encoding"}
        asked = request.headers
        if self.etag in asked.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers, media_type=HTML)
        if "gzip" in asked.get("accept-encoding", ""):
            return Response(self.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=HTML)
        return Response(self.plain, headers=headers, media_type=HTML)


def spoken(held: Parts, language: str) -> str:
    if language not in held.catalogues:
        raise NotFound()
    return language


def html(
    held: Parts, page: Page, language: str, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """A page for one reader alone: never kept by a cache."""
    return Response(
        held.pages.render(page, language),
        status_code=status,
        media_type=HTML,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def redirect(to: str, status: int = 303, vary: str | None = None) -> Response[bytes]:
    headers = {"Location": to, "Cache-Control": "no-store"} | ({"Vary": vary} if vary else {})
    return Response(b"", status_code=status, headers=headers, media_type=HTML)


def is_kept(held: Parts, source: object, key: tuple[str, ...]) -> bool:
    """Whether `kept` would answer from memory."""
    rendered: Rendered | None = held.rendered.get(key)
    return rendered is not None and rendered.source is source


def kept(request: Asked, source: object, key: tuple[str, ...], page: Callable[[], Page]) -> Response[bytes]:
    """The page of `key` from memory, rendered by `page()` once for each `source`."""
    held = parts.of(request)
    rendered: Rendered | None = held.rendered.get(key)
    if rendered is None or rendered.source is not source:
        rendered = held.rendered[key] = Rendered.of(source, held.pages.render(page(), key[1]))
    return rendered.answer(request)
