"""How the doors answer: a page for one reader, a redirect, or a page rendered once and served from memory."""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Response
from litestar.response.base import ASGIResponse

from petition.errors import NotFound
from petition.web import parts
from petition.web.pages import Page
from petition.web.parts import Asked, Parts

HTML = "text/html"
# For a second any cache may answer alone; after that it asks, and an unchanged page costs it nothing.
CACHED = "public, max-age=1, stale-while-revalidate=30"


class Ready(Response[bytes]):
    """An answer put into its wire form once and given out again and again: nothing in it belongs to one request."""

    __slots__ = ("_wire",)

    def __init__(self, body: bytes, status: int, headers: dict[str, str], kind: str = HTML) -> None:
        super().__init__(body, status_code=status, headers=headers, media_type=kind)
        self._wire = ASGIResponse(body=body, status_code=status, headers=headers, media_type=kind)

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        return self._wire


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page rendered and compressed once, kept as long as `source` is what it would be made of again."""

    source: object
    etag: bytes
    plain: Ready
    packed: Ready
    unchanged: Ready

    @classmethod
    def of(cls, source: object, body: bytes, kind: str = HTML) -> "Rendered":
        etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        headers = {"ETag": etag, "Cache-Control": CACHED, "Vary": "Accept-Encoding"}
        return cls(
            source,
            etag.encode(),
            Ready(body, 200, headers, kind),
            Ready(gzip.compress(body, 9, mtime=0), 200, {**headers, "Content-Encoding": "gzip"}, kind),
            Ready(b"", 304, headers, kind),
        )

    def answer(self, request: Asked) -> Response[bytes]:
        """Only two headers matter here: they are looked at as they came, in their small letters."""
        for name, value in request.scope["headers"]:
            if name == b"if-none-match" and (self.etag in value or value == b"*"):
                return self.unchanged
        return self.packed if takes_gzip(request) else self.plain


def takes_gzip(request: Asked) -> bool:
    return any(
        name == b"accept-encoding" and b"gzip" in value and b"gzip;q=0" not in value.replace(b" ", b"")
        for name, value in request.scope["headers"]
    )


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


def sent(
    request: Asked, page: Page, language: str, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """The same, compressed for a bad line. Only for what holds no secret: a length may tell of what it was made."""
    answer = html(parts.of(request), page, language, status, {"Vary": "Accept-Encoding", **(headers or {})})
    if takes_gzip(request):
        answer.content = gzip.compress(answer.content, 6, mtime=0)
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def redirect(to: str, status: int = 303, vary: str | None = None) -> Response[bytes]:
    headers = {"Location": to, "Cache-Control": "no-store"} | ({"Vary": vary} if vary else {})
    return Response(b"", status_code=status, headers=headers, media_type=HTML)


def is_kept(held: Parts, source: object, key: tuple[str, ...]) -> bool:
    """Whether `kept` would answer from memory."""
    rendered: Rendered | None = held.rendered.get(key)
    return rendered is not None and rendered.source is source


def kept(
    request: Asked, source: object, key: tuple[str, ...], page: Callable[[], Page], kind: str = HTML
) -> Response[bytes]:
    """The page of `key` from memory, rendered by `page()` once for each `source`."""
    held = parts.of(request)
    rendered: Rendered | None = held.rendered.get(key)
    if rendered is None or rendered.source is not source:
        rendered = held.rendered[key] = Rendered.of(source, held.pages.render(page(), key[1]), kind)
    return rendered.answer(request)
