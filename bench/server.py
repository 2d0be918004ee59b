"""The server as `petition serve --no-worker` runs it, with a few routes of the bench beside its own.

    python -m bench.server      settings from the environment; prints its port; ends with its standard input

The ceilings run in the very process that is measured: same server, same middleware, same rules.
"""

import os
import resource
import signal
import sys
import threading
from typing import Any

from litestar import Litestar, Request, Response, Router, get, post
from litestar.params import FromPath
from sqlalchemy import event

from petition.actions import intake
from petition.app import create_app
from petition.cli import serving
from petition.settings import Settings
from petition.web import forms, parts
from petition.web.answers import redirect

_constant = {"bytes": b""}
_reads = {"select": 0}


@post("/{language:str}/petitions/{slug:str}/checked", status_code=303)
async def checked(request: Request[Any, Any, Any], language: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The ceiling of sign and confirm: the same form read and checked, and nothing stored."""
    snapshot = parts.of(request).hub.snapshot(slug)
    typed = await forms.form(request)
    typed.submission(intake.rules(snapshot.petition))
    return redirect(f"/{language}/petitions/{slug}/check-your-mail")


@get("/constant")
async def constant() -> Response[bytes]:
    """The ceiling of a page: as many bytes from a plain handler."""
    return Response(_constant["bytes"], media_type="text/html")


@post("/constant/{size:int}")
async def set_constant(size: FromPath[int]) -> Response[bytes]:
    _constant["bytes"] = os.urandom(size)
    return Response(b"")


@get("/counted")
async def counted(request: Request[Any, Any, Any]) -> Response[dict[str, int]]:
    """What this process has asked of its database so far: commits by the product's count, reads by our own."""
    return Response({"commits": parts.of(request).database.commits, "selects": _reads["select"]})


@get("/listened")
async def listen_to_database(request: Request[Any, Any, Any]) -> Response[bytes]:
    """From here on SELECTs are counted by a listener of our own, not by the product's counter."""
    database = parts.of(request).database

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        _reads["select"] += statement.lstrip().upper().startswith("SELECT")

    for engine in {database._reader, database._writer}:
        event.listen(engine.sync_engine, "before_cursor_execute", note)
    return Response(b"")


router = Router(path="/bench", route_handlers=[checked, constant, set_constant, counted, listen_to_database])


def with_bench_routes(settings: Settings, **options: Any) -> Litestar:
    app = create_app(settings, **options)
    app.register(router)
    return app


def _end_with_parent() -> None:
    """Whoever started us holds our standard input open; when it ends, however it ends, so do we."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    listening = serving.listen("127.0.0.1", 0)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    vars(serving)["create_app"] = with_bench_routes
    serving.run(Settings.from_env(os.environ), listening, works=False)


if __name__ == "__main__":
    main()
