"""The live count as server-sent events. A stream waits on the hub and costs the database nothing."""

from collections.abc import AsyncIterator

from litestar import Router, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response import Stream

from petition.errors import Unavailable
from petition.web import parts
from petition.web.parts import Asked
from petition.web.shapes import PROBLEMS

MOST_STREAMS = 15_000


@get(
    "/{slug:str}/counts/stream",
    media_type="text/event-stream",
    responses={
        200: ResponseSpec(str, generate_examples=False, description="Events.", media_type="text/event-stream"),
        **PROBLEMS,
    },
)
async def stream(request: Asked, slug: FromPath[str]) -> Stream:
    """Server-sent events named `counts`: the first at once, then on change, at most one a second."""
    hub = parts.of(request).hub
    hub.snapshot(slug)
    if hub.streams >= MOST_STREAMS:
        raise Unavailable()

    async def events() -> AsyncIterator[bytes]:
        hub.streams += 1
        try:
            yield b"retry: 5000\n\n"
            async for snapshot in hub.changes(slug):
                if snapshot is None:
                    yield b": still here\n\n"
                else:
                    yield b"event: counts\nid: %s\ndata: %s\n\n" % (snapshot.version.encode(), snapshot.json)
        finally:
            hub.streams -= 1

    return Stream(
        events(),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


router = Router(path="/api/v1/petitions", route_handlers=[stream])
