"""A witness's one door (C2SP tlog-witness): `POST /add-checkpoint`. An application of its own, for another host."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from litestar import Litestar, Request, Response, get, post

from petition.witnessing import PLAIN, Answer, Book

# A proof has at most 63 lines, a note a few.
MOST_BYTES = 64 * 1024


def create_witness(book: Book, clock: Callable[[], datetime]) -> Litestar:
    """Cosigns what follows from what it saw before; its key is shown at `GET /`."""

    @post("/add-checkpoint", status_code=200)
    async def add_checkpoint(request: Request[Any, Any, Any]) -> Response[bytes]:
        body = await request.body()
        # It waits for the disk and for others of this ledger.
        found: Answer = await asyncio.to_thread(book.add, body, int(clock().timestamp()))
        return Response(found.body.encode(), status_code=found.status, media_type=found.kind)

    @get("/")
    async def key() -> Response[bytes]:
        return Response(f"{book.witness}\n".encode(), media_type=PLAIN)

    return Litestar(
        [add_checkpoint, key], request_max_body_size=MOST_BYTES, openapi_config=None, logging_config=None, debug=False
    )
