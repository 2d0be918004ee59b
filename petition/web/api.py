"""The JSON API, version 1 (contract, section 5). Described at /api/v1/openapi.json; errors are problem details."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response, Router, get, post
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.params import FromPath, FromQuery

from petition.actions.limits import SIGN
from petition.errors import NotFound
from petition.queries import signatories, timeline
from petition.queries.petitions import Petition
from petition.web import attempts, forms, guards, parts, shapes
from petition.web.hub import Snapshot
from petition.web.parts import Asked
from petition.web.shapes import answers

LIVE = {"Cache-Control": "public, max-age=1"}
MOST_ROWS = 500


def _json(value: Any, headers: Mapping[str, str] = LIVE, status: int = 200) -> Response[bytes]:
    return Response(
        msgspec.json.encode(value), status_code=status, media_type="application/json", headers=dict(headers)
    )


def _listed(petition: Petition, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "slug": petition.slug,
        "status": snapshot.phase,
        "goal": petition.goal,
        "total": snapshot.counts.total,
        "default_language": petition.default_language,
        "title": dict(petition.title),
    }


def _whole(petition: Petition, snapshot: Snapshot) -> dict[str, Any]:
    return {
        **_listed(petition, snapshot),
        "version": petition.version,
        "statement": dict(petition.statement),
        "publish": petition.publish,
        "opens_at": petition.opens_at,
        "closes_at": petition.closes_at,
        "ask_for": dict(petition.ask_for),
        "milestones": list(petition.milestones),
        "categories": [
            {"slug": c.slug, "claim": c.claim, "label": dict(c.label)} for c in petition.categories if not c.retired
        ],
        "addressees": [{"name": dict(a.name)} for a in petition.addressees],
        "pause_message": petition.pause_told,
        "milestones_reached": [{"number": number, "day": day} for number, day in snapshot.reached],
        "deliveries": [
            {
                "addressee": dict(d.addressee),
                "day": d.day,
                "how": dict(d.how),
                "by": dict(d.bearer),
                "answer": dict(d.answer),
            }
            for d in petition.deliveries
        ],
    }


@get("/petitions", responses=answers(list[shapes.ListedShape], "The petitions."))
async def petition_list(request: Asked) -> Response[bytes]:
    """Every petition that the public may see."""
    shown: Sequence[Snapshot] = parts.of(request).hub.visible()
    return _json([_listed(snapshot.petition, snapshot) for snapshot in shown])


@get("/petitions/{slug:str}", responses=answers(shapes.PetitionShape, "The petition."))
async def petition(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """One petition, whole."""
    snapshot = parts.of(request).hub.snapshot(slug)
    return _json(_whole(snapshot.petition, snapshot))


@get("/petitions/{slug:str}/counts", responses=answers(shapes.CountsShape, "The counts."))
async def petition_counts(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """The count and its layers, from memory: at most a second old."""
    return Response(parts.of(request).hub.snapshot(slug).json, media_type="application/json", headers=LIVE)


@get("/petitions/{slug:str}/press", responses=answers(shapes.PressShape, "The count in words."))
async def petition_press(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """The count as a text to be quoted, by language: true at the moment it names."""
    held = parts.of(request)
    snapshot = held.hub.snapshot(slug)
    words = held.pages.press(snapshot.petition, snapshot.counts)
    return _json({"petition": slug, "as_of": snapshot.counts.as_of, "words": words})


@get("/petitions/{slug:str}/timeline", responses=answers(shapes.TimelineShape, "The days."))
async def petition_timeline(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """What was counted and removed, day by day."""
    held = parts.of(request)
    snapshot = held.hub.snapshot(slug)
    async with held.database.read() as connection:
        days = await timeline.timeline(connection, snapshot.petition.id)
    return _json({"petition": slug, "days": [{"day": d.day, "counted": d.counted, "removed": d.removed} for d in days]})


@get("/petitions/{slug:str}/signatories", responses=answers(shapes.SignatoriesShape, "A page of names."))
async def petition_signatories(
    request: Asked,
    slug: FromPath[str],
    category: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: FromQuery[int] = signatories.PAGE,
) -> Response[bytes]:
    """Those who chose to be shown, by name; `next` leads on."""
    held = parts.of(request)
    shown = held.hub.snapshot(slug).petition
    if category is not None and shown.category(category) is None:
        raise NotFound()
    async with held.database.read() as connection:
        page = await signatories.signatories_page(
            connection, shown.id, category, after, max(1, min(limit, MOST_ROWS)), link_of=held.keys.link_of
        )
    rows = [{"name": row.name, "category": row.category} for row in page.rows]
    return _json(
        {"petition": slug, "signatories": rows, "next": page.next},
        {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"},
    )


@post(
    "/petitions/{slug:str}/signatures",
    status_code=202,
    operation_class=shapes.Signing,
    responses=answers(shapes.AcceptedShape, "A mail was sent, whoever it is.", 202),
)
async def petition_sign(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """The form's fields as JSON; `language` is the one the statement was read in. All are answered alike."""
    held = parts.of(request)
    snapshot = held.hub.snapshot(slug)
    typed = await forms.json_object(request)
    guards.limit(request, "sign", SIGN)
    language = typed.get("language") or snapshot.petition.default_language
    if language not in snapshot.petition.languages:
        typed = typed.refuse("language", "language-unknown")
    await attempts.submit(held, snapshot, typed, language, guards.burst(request))
    return _json({"status": "confirmation_sent"}, {"Cache-Control": "no-store"}, 202)


def _nothing_here(response: Response[Any]) -> Response[Any]:
    """The framework answers an unknown address beside the description with a page of its own."""
    if response.status_code == 404:
        raise NotFound()
    return response


def description() -> OpenAPIConfig:
    """/api/v1/openapi.json, and no page that would load scripts from elsewhere."""
    beside = Router(path="/api/v1", route_handlers=[], include_in_schema=False, after_request=_nothing_here)
    plugin = JsonRenderPlugin(path="/openapi.json")
    return OpenAPIConfig(title="petition", version="1", openapi_router=beside, render_plugins=[plugin])


router = Router(
    path="/api/v1",
    route_handlers=[
        petition_list, petition, petition_counts, petition_press, petition_timeline, petition_signatories,
        petition_sign,
    ],
)  # fmt: skip
