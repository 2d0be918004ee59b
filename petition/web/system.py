"""For machines that look after the machine: alive, ready, numbers."""

from litestar import Response, Router, get
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from petition.db.migrating import Schema, schema
from petition.errors import NotFound, Unavailable
from petition.web import guards, parts
from petition.web.hub import Hub
from petition.web.parts import Asked

NO_STORE = {"Cache-Control": "no-store"}
TEXT = "text/plain"


@get("/healthz")
async def alive() -> Response[bytes]:
    return Response(b"alive\n", media_type=TEXT, headers=NO_STORE)


@get("/readyz")
async def ready(request: Asked) -> Response[bytes]:
    """200 while the database answers and is of this version, else 503."""
    try:
        state = (await schema(parts.of(request).database)).value
    except Unavailable:
        state = "away"
    if state == Schema.CURRENT.value:
        return Response(b"ready\n", media_type=TEXT, headers=NO_STORE)
    return Response(f"not ready: database {state}\n".encode(), status_code=503, media_type=TEXT, headers=NO_STORE)


@get("/metrics")
async def metrics(request: Asked) -> Response[bytes]:
    """Numbers of this process, for this machine or the token's holder; for anyone else there is nothing here."""
    if not guards.may_read_metrics(request):
        raise NotFound()
    registry: CollectorRegistry = request.app.state.registry
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4", headers=NO_STORE)


def register_gauges(registry: CollectorRegistry, hub: Hub) -> None:
    streams = Gauge("petition_count_streams", "Open count streams", registry=registry)
    streams.set_function(lambda: hub.streams)
    total = Gauge("petition_signatures", "The count", registry=registry)
    total.set_function(lambda: sum(snapshot.counts.total for snapshot in hub.visible()))


router = Router(path="/", include_in_schema=False, route_handlers=[alive, ready, metrics])
