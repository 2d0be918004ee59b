"""create_app(settings) → Litestar: the only wiring. No global app, no work at import."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from litestar import Litestar
from litestar.config.response_cache import ResponseCacheConfig
from prometheus_client import CollectorRegistry

from petition import rendering, words
from petition.actions import intake, signing
from petition.actions.limits import Limiter
from petition.db.database import SERVERS_CACHE_KIB, Database
from petition.db.grouping import Grouped
from petition.db.locks import Leadership
from petition.db.opening import opened
from petition.domain.tokens import Keys
from petition.mail import transports
from petition.mail.delivery import Delivery
from petition.mail.messages import Composer
from petition.notary import Notary
from petition.settings import Settings
from petition.submitting import Submitting
from petition.web import api, demo, embed, ledger, live, names, problems, public, signature, system
from petition.web.console import (
    accounts,
    audits,
    batches,
    charts,
    deliveries,
    duplicates,
    exports,
    imports,
    invitations,
    keys,
    paper,
    passkeys,
    petitions,
    retention,
    safety,
    sheets,
    signatures,
    team,
)
from petition.web.console.memory import Chain, Kept
from petition.web.console.relisting import Relisting
from petition.web.console.resealing import Resealing
from petition.web.console.resemblances import Likenesses
from petition.web.console.search import Searches
from petition.web.console.taking_in import TakingIn
from petition.web.console.writing import Writing
from petition.web.envelope import Envelope
from petition.web.hub import Hub
from petition.web.pages import Pages
from petition.web.parts import Parts
from petition.worker import Worker

MOST_BYTES = 64 * 1024
DOORS = (
    public.router,
    signature.router,
    embed.router,
    api.router,
    names.router,
    live.router,
    ledger.router,
    system.router,
)
CONSOLE = (
    accounts.router,
    passkeys.router,
    team.router,
    signatures.router,
    batches.router,
    duplicates.router,
    exports.router,
    imports.router,
    invitations.router,
    safety.router,
    retention.router,
    sheets.router,
    deliveries.router,
    paper.router,
    petitions.router,
    keys.router,
    charts.router,
    audits.router,
)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The wall clock (aware, UTC) and a monotonic one (seconds): passed in, so that tests hold them."""

    wall: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic


def make_worker(settings: Settings, database: Database, keys: Keys, clocks: Clocks) -> Worker:
    """The background work, for `serve` and `worker` alike."""
    catalogues = words.load()
    composer = Composer(
        rendering.environment(catalogues, mails=True), catalogues, settings.base_url, settings.mail_from
    )
    delivery = Delivery(
        database,
        keys,
        composer,
        transports.of(settings),
        budget=settings.limits,
        clock=clocks.wall,
        monotonic=clocks.monotonic,
    )
    return Worker(
        database,
        Leadership(settings),
        delivery,
        keys,
        Notary(settings),
        Submitting(database, clock=clocks.wall, monotonic=clocks.monotonic),
        clock=clocks.wall,
        monotonic=clocks.monotonic,
    )


def create_app(
    settings: Settings, *, works: bool = True, is_demo: bool = False, clocks: Clocks | None = None
) -> Litestar:
    """The web application; with `works` the background work runs in it. Broken catalogues and templates fail here."""
    return furnished(doors(is_demo=is_demo), settings, works=works, is_demo=is_demo, clocks=clocks)


def doors(*, is_demo: bool = False) -> Litestar:
    """All doors, with nothing behind them yet. Litestar looks at each for long: tests furnish the same ones anew."""
    app = Litestar(
        route_handlers=[*DOORS, *CONSOLE, demo.router] if is_demo else [*DOORS, *CONSOLE],
        lifespan=[_lived_in],
        exception_handlers=problems.HANDLERS,
        request_max_body_size=MOST_BYTES,
        openapi_config=api.description(),
        response_cache_config=ResponseCacheConfig(),
        logging_config=None,
        debug=False,
    )
    app.state.doors = app.asgi_handler
    return app


@asynccontextmanager
async def _lived_in(app: Litestar) -> AsyncIterator[None]:
    async with app.state.life(app):
        yield


def furnished(
    app: Litestar, settings: Settings, *, works: bool, is_demo: bool = False, clocks: Clocks | None = None
) -> Litestar:
    """Puts behind the doors what the settings say; again, once what was there has ended."""
    clocks = clocks or Clocks()
    catalogues = words.load()
    pages = Pages(settings.base_url, catalogues, demo=is_demo)
    registry = CollectorRegistry()

    @asynccontextmanager
    async def life(app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            database, server_keys = await stack.enter_async_context(opened(settings, cache_kib=SERVERS_CACHE_KIB))
            hub = Hub(database, clocks.wall)
            parts = Parts(
                settings=settings,
                database=database,
                keys=server_keys,
                catalogues=catalogues,
                pages=pages,
                hub=hub,
                limiter=Limiter(settings.limits),
                intake=Grouped(database, intake.record),
                confirmations=Grouped(database, partial(signing.confirm, keys=server_keys)),
                clock=clocks.wall,
                monotonic=clocks.monotonic,
                searches=Searches(database, clocks.monotonic),
                likenesses=Likenesses(database, clocks.monotonic),
                relisting=Relisting(database),
                writing=Writing(database, server_keys, catalogues, clocks.wall, settings.base_url),
                taking_in=TakingIn(database, server_keys, catalogues, clocks.wall),
                resealing=Resealing(database, clocks.wall),
                kept=Kept(clocks.monotonic),
                chain=Chain(database),
                shelf=ledger.Shelf(),
                mail_folder=settings.data_dir / "mail" if is_demo else None,
            )
            app.state.parts = parts
            app.state.registry = registry
            system.register_gauges(registry, hub)
            await hub.start()
            stack.push_async_callback(_settle, parts)
            if works:
                await stack.enter_async_context(_working(make_worker(settings, database, server_keys, clocks)))
            yield

    app.state.life = life
    https = settings.base_url.startswith("https:")
    app.asgi_handler = Envelope(  # type: ignore[assignment]
        app.state.doors, style_hash=pages.style_hash, https=https, registry=registry
    )
    return app


@asynccontextmanager
async def _working(worker: Worker) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def _settle(parts: Parts) -> None:
    await parts.searches.close()
    await parts.likenesses.close()
    await parts.relisting.close()
    await parts.writing.close()
    await parts.taking_in.close()
    await parts.resealing.close()
    parts.chain.close()
    await parts.hub.stop()
    await parts.intake.drain()
    await parts.confirmations.drain()
