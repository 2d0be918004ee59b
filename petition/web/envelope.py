"""The outermost wrapper of the whole application: what must hold for every answer, errors and static files included.

Security headers, HEAD as GET without its body, OPTIONS as the refusal of a method (of paths whose parameters are
called otherwise the framework would tell one door's methods alone), and the numbers for /metrics, taken from what was
really sent. It logs nothing: a line per request would be a trace of who was here when.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from prometheus_client import CollectorRegistry, Counter

Scope = dict[str, Any]
# What programs of others read, in a browser too.
OPEN_TO_ALL = ("/api/", "/ledger/", "/oembed")
# What pages of others show, in a frame or as a picture.
SHOWN_ELSEWHERE = re.compile(r"(?:/[a-z]+)?/petitions/[^/]+/(?:embed|badge\.svg)")
KNOWN_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
# No door answers to it: what it is refused with names what the path does answer to.
UNKNOWN = "UNKNOWN"
STANDING = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# A body longer than any form is taken whole before it is refused, as far as this: many a sender
# looks for an answer only once all is sent, and would see no more than a line cut off.
LONG_BODY, MOST_TAKEN, MOST_SECONDS = 64 * 1024, 16 * 1024 * 1024, 10.0


def policy(style_hash: str, framed_by: str = "'none'") -> str:
    """No script, style, picture or connection but our own; the one inline style is known by its hash."""
    return (
        f"default-src 'none'; style-src 'self' '{style_hash}'; script-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {framed_by}"
    )


class Envelope:
    """Wraps an ASGI application. `registry` gets `petition_answers_total{method,status}`."""

    def __init__(self, app: Any, *, style_hash: str, https: bool, registry: CollectorRegistry) -> None:
        self._app = app
        headers = {"content-security-policy": policy(style_hash), **STANDING}
        if https:
            headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
        self._headers = _encoded(headers)
        open_to_all = headers | {"cross-origin-resource-policy": "cross-origin"}
        self._api_headers = _encoded(open_to_all | {"access-control-allow-origin": "*"})
        framed = open_to_all | {"content-security-policy": policy(style_hash, framed_by="*")}
        del framed["x-frame-options"]
        self._framed_headers = _encoded(framed)
        self._answers = Counter("petition_answers", "Answers sent", ["method", "status"], registry=registry)
        self._counters: dict[tuple[str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        extra = self._extra(scope["path"])
        if method == "HEAD":
            scope = {**scope, "method": "GET"}
        elif method == "OPTIONS":
            scope = {**scope, "method": UNKNOWN}
        bare = method == "HEAD"
        rest = None
        if method not in ("GET", "HEAD") and _is_long(scope["headers"]):
            receive = rest = Rest(receive)

        async def sending(message: Any) -> None:
            nonlocal bare
            if message["type"] == "http.response.start":
                if method == "OPTIONS" and message["status"] == 405:
                    bare = True
                    message = {**message, "status": 204, "headers": [h for h in message["headers"] if h[0] == b"allow"]}
                if rest is not None:
                    await rest.take()
                self._count(method, message["status"])
                message["headers"] = [*message["headers"], *extra]
                await send(message)
                if bare:
                    # Whole at once: of a stream that never ends the asker would never see the end.
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            elif not bare:
                await send(message)

        await self._app(scope, receive, sending)

    def _extra(self, path: str) -> list[tuple[bytes, bytes]]:
        if path.startswith(OPEN_TO_ALL):
            return self._api_headers
        if SHOWN_ELSEWHERE.fullmatch(path):
            return self._framed_headers
        return self._headers

    def _count(self, method: str, status: int) -> None:
        known = method if method in KNOWN_METHODS else "other"
        counter = self._counters.get((known, status))
        if counter is None:
            counter = self._counters[known, status] = self._answers.labels(known, str(status))
        counter.inc()


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _is_long(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Or of a length that nobody told."""
    for name, value in headers:
        if name == b"transfer-encoding" or (name == b"content-length" and value.isdigit() and int(value) > LONG_BODY):
            return True
    return False


class Rest:
    """`receive` of a long body, which knows whether there is more, and takes what the application left."""

    def __init__(self, receive: Any) -> None:
        self._receive = receive
        self._more = True

    async def __call__(self) -> Any:
        message = await self._receive()
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def take(self) -> None:
        taken = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(MOST_SECONDS):
                while self._more and taken < MOST_TAKEN:
                    taken += len((await self()).get("body", b""))
