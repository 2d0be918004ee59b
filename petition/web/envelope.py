"""The outermost wrapper of the whole application: what must hold for every answer, errors and static files included.

Security headers, HEAD as GET without its body, and the numbers for /metrics, taken from what was
really sent. It logs nothing: a line per request would be a trace of who was here when.
"""

from typing import Any

from prometheus_client import CollectorRegistry, Counter

Scope = dict[str, Any]
# What programs of others read, in a browser too.
OPEN_TO_ALL = ("/api/", "/ledger/")
KNOWN_METHODS = ("GET", "HEAD", "POST", "OPTIONS")


def policy(style_hash: str) -> str:
    """No script, style, picture or connection but our own; the one inline style is known by its hash."""
    return (
        f"default-src 'none'; style-src 'self' '{style_hash}'; script-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


class Envelope:
    """Wraps an ASGI application. `registry` gets `petition_answers_total{method,status}`."""

    def __init__(self, app: Any, *, style_hash: str, https: bool, registry: CollectorRegistry) -> None:
        self._app = app
        headers = {
            "content-security-policy": policy(style_hash),
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "same-origin",
            "permissions-policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
        }
        if https:
            headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._api_headers = [pair for pair in self._headers if pair[0] != b"cross-origin-resource-policy"] + [
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"access-control-allow-origin", b"*"),
        ]
        self._answers = Counter("petition_answers", "Answers sent", ["method", "status"], registry=registry)
        self._counters: dict[tuple[str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        extra = self._api_headers if scope["path"].startswith(OPEN_TO_ALL) else self._headers
        if method == "HEAD":
            scope = {**scope, "method": "GET"}

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._count(method, message["status"])
                message["headers"] = [*message["headers"], *extra]
                await send(message)
                if method == "HEAD":
                    # Whole at once: of a stream that never ends the asker would never see the end.
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            elif method != "HEAD":
                await send(message)

        await self._app(scope, receive, sending)

    def _count(self, method: str, status: int) -> None:
        known = method if method in KNOWN_METHODS else "other"
        counter = self._counters.get((known, status))
        if counter is None:
            counter = self._counters[known, status] = self._answers.labels(known, str(status))
        counter.inc()
