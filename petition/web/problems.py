"""Errors become answers: problem+json under /api, else a page in the reader's language. The only table of statuses."""

import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException

from petition import errors
from petition.errors import PetitionError, PetitionNotFound
from petition.queries.petitions import Petition
from petition.web import parts
from petition.web.forms import BadBody, UnknownFormat, UnsupportedBody
from petition.web.pages import ProblemPage
from petition.web.parts import Asked
from petition.words import Words

logger = logging.getLogger("petition.web")

STATUS: tuple[tuple[type[PetitionError], int], ...] = (
    (errors.Invalid, 422),
    (errors.FieldRefused, 422),
    (errors.NotFound, 404),
    (errors.Forbidden, 403),
    (errors.Conflict, 409),
    (errors.Gone, 410),
    (errors.TooMany, 429),
    (errors.Unavailable, 503),
    (UnsupportedBody, 415),
    (BadBody, 400),
    (UnknownFormat, 501),
)
HTTP_CODES = {
    400: "bad-request",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
}
RETRY_UNAVAILABLE = 5
# What programs ask: they are told as programs are.
FOR_PROGRAMS = ("/api/", "/oembed")


def status_of(error: PetitionError) -> int:
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def retry_headers(error: PetitionError) -> dict[str, str]:
    if isinstance(error, errors.TooMany):
        return {"Retry-After": str(error.retry_after)}
    return {"Retry-After": str(RETRY_UNAVAILABLE)} if isinstance(error, errors.Unavailable) else {}


def language_of(request: Asked) -> str:
    """The language of the page asked for, else the reader's preferred one among those there are."""
    known = parts.of(request).catalogues
    first, *deeper = request.scope["path"].split("/")[1:]
    if first == "organizer" and deeper:
        first = deeper[0]
    if first in known:
        return first
    # A program that says nothing of languages is answered in the one that programmers read.
    default = "en" if first in ("api", "oembed") else None
    return preferred(request.headers.get("accept-language", ""), tuple(known), default)


def preferred(accept: str, known: tuple[str, ...], default: str | None = None) -> str:
    """By RFC 9110 quality values; the first known language where nothing fits."""
    ranked = []
    for position, part in enumerate(accept.split(",")[:20]):
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        language = tag.split("-")[0].lower()
        if language in known and quality > 0:
            ranked.append((-quality, position, language))
    return min(ranked)[2] if ranked else default or known[0]


def answer(request: Asked, error: PetitionError, status: int | None = None) -> Response[bytes]:
    """One clear answer, whatever door it comes out of."""
    held = parts.of(request)
    language = language_of(request)
    status, headers = status or status_of(error), {**retry_headers(error), "Cache-Control": "no-store"}
    words = held.catalogues[language]
    if request.scope["path"].startswith(FOR_PROGRAMS):
        return Response(
            _problem(error, status, words),
            status_code=status,
            media_type="application/problem+json",
            headers=headers,
        )
    page = ProblemPage(status, error.code, error.facts, _petition(request), _back(request))
    return Response(held.pages.render(page, language), status_code=status, media_type="text/html", headers=headers)


def _back(request: Asked) -> str:
    """The page of the console whose form was sent; empty for any other."""
    came = urlsplit(request.headers.get("referer", ""))
    sent = request.scope["method"] == "POST" and request.scope["path"].startswith("/organizer/")
    ours = came.netloc == request.headers.get("host") and came.path.startswith("/organizer/")
    return (f"{came.path}?{came.query}" if came.query else came.path) if sent and ours else ""


def _petition(request: Asked) -> Petition | None:
    """The petition whose address this is, so that the page can lead back to it."""
    match request.scope["path"].split("/"):
        case ["", _, "petitions", slug, *_]:
            try:
                return parts.of(request).hub.snapshot(slug).petition
            except PetitionNotFound:
                return None
    return None


def _problem(error: PetitionError, status: int, words: Words) -> bytes:
    """RFC 9457. `code` is stable; `title` and `detail` are for people; `errors` names the fields."""
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": words(f"error-title.{error.code}"),
        "status": status,
        "detail": words(f"error.{error.code}", **error.facts),
        "code": error.code,
    }
    if isinstance(error, errors.TooMany):
        problem["retry_after"] = error.retry_after
    if "message" in error.facts:
        problem["message"] = error.facts["message"]
    if isinstance(error, errors.Invalid):
        problem["errors"] = [
            {"field": name, "code": why.code, "detail": words(f"field.{why.code}", **why.facts)}
            for name, why in error.fields.items()
        ]
    return msgspec.json.encode(problem)


def on_petition_error(request: Asked, error: PetitionError) -> Response[bytes]:
    return answer(request, error)


def on_http_error(request: Asked, error: HTTPException) -> Response[bytes]:
    """The framework's own refusals, in our words."""
    known = PetitionError(HTTP_CODES.get(error.status_code, "bad-request" if error.status_code < 500 else "internal"))
    response = answer(request, known, error.status_code)
    for name, value in (error.headers or {}).items():
        if name.lower() == "allow":
            response.headers["Allow"] = ", ".join(allowed(value.split(", ")))
    return response


def allowed(methods: Iterable[str]) -> list[str]:
    """What a path answers, as it is told: whatever is got has a head as well (envelope.py)."""
    told = set(methods)
    return sorted(told | {"HEAD"} if "GET" in told else told)


def on_any_error(request: Asked, error: Exception) -> Response[bytes]:
    """Ours to mend. Told by type and place; never by text, which may hold what somebody typed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else "?"
    logger.error("%s at %s", type(error).__name__, place)
    return answer(request, PetitionError("internal"))


HANDLERS: dict[Any, Any] = {
    PetitionError: on_petition_error,
    HTTPException: on_http_error,
    Exception: on_any_error,
}
