"""Running the web server: for `serve` and `demo`."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from types import FrameType
from typing import Any

import click
import uvicorn
from litestar import Litestar
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from petition import keyfiles
from petition.app import create_app
from petition.db.locks import FileLock
from petition.db.opening import opened
from petition.errors import Busy, Misconfigured, OperatorError
from petition.settings import Settings
from petition.web.envelope import STANDING

GRACE_SECONDS = 3
HANDOVER_SECONDS = 5
BACKLOG = 2048
# Longer than a front server keeps an idle connection (nginx: 60), or it sends a request into one just closed here.
KEEP_ALIVE_SECONDS = 75
# New objects until the collector looks: those of some dozen requests, most of which are gone by then.
YOUNG = (10_000, 10, 10)


class DayFormatter(logging.Formatter):
    """Lines carry the day and nothing finer: a time would be a trace of who did something at that time."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", datefmt="%Y-%m-%d")

    def formatException(self, ei: Any) -> str:
        """The kind of failure alone: a traceback's text may hold what somebody typed."""
        return getattr(ei[0], "__name__", "error")


def set_up_logging() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(DayFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("uvicorn.access").disabled = True
    for noisy in ("alembic", "aiosqlite", "sqlalchemy", "httpx", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class Http(HttpToolsProtocol):
    """What is no HTTP at all never reaches the application: refused here, with the headers of all other answers."""

    def send_400_response(self, msg: str) -> None:
        body = f"{msg}\n".encode()
        headers = {
            "content-type": "text/plain; charset=utf-8",
            "content-length": str(len(body)),
            "cache-control": "no-store",
            "connection": "close",
            "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
            **STANDING,
        }
        lines = ["HTTP/1.1 400 Bad Request", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self.transport.write("\r\n".join(lines).encode() + body)
        self.transport.close()


class Server(uvicorn.Server):
    """Ends the open count streams as soon as it is asked to stop: they would keep it from stopping."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        app = self.config.loaded_app if self.config.loaded else None
        while app is not None and not isinstance(app, Litestar):
            app = getattr(app, "app", None)
        parts = getattr(app.state, "parts", None) if app is not None else None
        if parts is not None:
            parts.hub.close()
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> socket.socket:
    """The listening socket, before anything else is begun: a port that is taken is told in one line."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError, TypeError, UnicodeError) as wrong:
        listening.close()
        if isinstance(wrong, OSError) and wrong.errno in (98, 48):
            raise Busy(f"port {port} on {host}", "another program listens there; choose another with --port") from None
        raise OperatorError(
            f"cannot listen on {host} port {port}: {getattr(wrong, 'strerror', None) or wrong}"
        ) from None
    listening.listen(BACKLOG)
    return listening


def run(
    settings: Settings,
    listening: socket.socket,
    *,
    works: bool = True,
    is_demo: bool = False,
    workers: int = 1,
) -> None:
    """Serves until a signal; with several workers each is a process of its own on the same socket."""
    if workers > 1 and settings.sqlite:
        raise Misconfigured(
            "PETITION_DATABASE_URL", "several web processes need PostgreSQL; with SQLite use --workers 1"
        )
    set_up_logging()
    asyncio.run(_look(settings))
    if keyfiles.is_made_up(settings) and not is_demo:
        click.echo("petition: note: the signatures in this data directory were made up by a demonstration", err=True)
    if not is_demo:
        address, port = listening.getsockname()[:2]
        click.echo(f"serving on http://{f'[{address}]' if ':' in address else address}:{port}")
    one = partial(serve_one, settings, listening, works=works, is_demo=is_demo)
    if workers == 1:
        one()
    else:
        _several(one, workers)


def serve_one(settings: Settings, listening: socket.socket, *, works: bool, is_demo: bool) -> None:
    app = create_app(settings, works=works, is_demo=is_demo)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=Http,
        # Whose X-Forwarded-For is believed is ours to say, and a line per request is a trace.
        proxy_headers=False,
        access_log=False,
        server_header=False,
        log_config=None,
        lifespan="on",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # The server stops in order at a signal and then raises it again, for whoever waits behind it: nobody does.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    server = Server(config)
    # What was loaded stays as long as the process: a look through it for garbage would take a tenth of a second.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*YOUNG)
    server.run(sockets=[listening])
    if not server.started:
        raise OperatorError("the server could not start; its last lines above say why")


def be_alone(settings: Settings) -> None:
    """With SQLite one web process serves; a second one waits a moment for the first to end, and is then told.

    Held until this process ends, however it ends.
    """
    if not settings.sqlite:
        return
    keyfiles.prepare(settings)
    lock = FileLock(settings.data_dir / "serve.lock")
    for _ in range(int(HANDOVER_SECONDS / 0.1)):
        if lock.try_now():
            return
        time.sleep(0.1)
    raise Busy(f"the data directory {settings.data_dir}", "a server runs on it; stop it, or set PETITION_DATA_DIR")


async def _look(settings: Settings) -> None:
    """Opens everything once and closes it: what is wrong is told in one line, before a server is begun."""
    async with opened(settings):
        pass


def _several(one: Callable[[], None], workers: int) -> None:
    """Parent of some web processes: starts them, passes the signal on, ends when they end."""
    context = get_context("fork")
    processes = [context.Process(target=one) for _ in range(workers)]
    for process in processes:
        process.start()
    asyncio.run(_watch(processes))


async def _watch(processes: list[Any]) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for process in processes:
            if process.is_alive():
                process.terminate()

    for number in (2, 15):
        loop.add_signal_handler(number, stop)
    while any(process.is_alive() for process in processes):
        if any(process.exitcode not in (None, 0) for process in processes):
            # One that died takes the others along: whoever keeps us running starts us whole.
            stop()
        await asyncio.sleep(0.2)
    if any(process.exitcode for process in processes):
        raise OperatorError("a web process ended by itself")
