"""Sites that lie: whatever they sign, `petition audit` ends at once, with one line that says what is wrong."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import pytest

from petition.domain import checkpoint, ledger, merkle
from petition.domain.checkpoint import Head, Verifier
from tests.stranger import audit, run, script
from tests.test_witnesses import at_work

SEED = b"l" * 32
ORIGIN = "liar.example/ledger/p"
NONE: dict[str, Any] = {"verified": 0, "awaiting_verification": 0, "by_category": [], "by_method": {}, "removed": {}}


def line(number: int, category: str | None = "fsa") -> bytes:
    return ledger.counted("p", category, "mail", sha256(b"b%d" % number).digest(), sha256(b"r%d" % number).digest())


def counts(number: int, **changes: Any) -> dict[str, Any]:
    there = {"total": number, "by_category": [{"category": "fsa", "total": number, "verified": 0}]}
    return {"petition": "p", **NONE, **there, "by_method": {"mail": number}, "ledger_size": number, **changes}


def site(entries: Sequence[bytes], said: dict[str, Any], size: int | None = None, witnessed: str = "") -> Any:
    """Signs just these entries, or that there are `size` of them."""
    tiles = merkle.extended(0, {}, merkle.leaves(list(entries)))
    root = merkle.top(merkle.leaves(list(entries)))
    note = checkpoint.sign(ORIGIN, Head(len(entries) if size is None else size, root), [SEED])
    files = {
        "/ledger/p/key": f"{Verifier(ORIGIN, checkpoint.public_half(SEED))}\n".encode(),
        "/ledger/p/checkpoint": note.encode(),
        "/api/v1/petitions/p/counts": json.dumps(said).encode(),
    }
    if witnessed:
        files["/ledger/p/witnessed"] = note.encode() + witnessed.encode()
    for level, number in tiles:
        wide = merkle.width((level, number), len(entries))
        files[f"/ledger/p/tile/{merkle.path(level, number, wide)}"] = tiles[level, number]
    for at in range(0, len(entries), merkle.WIDTH):
        bundle = entries[at : at + merkle.WIDTH]
        path = merkle.path("entries", at // merkle.WIDTH, len(bundle))
        files[f"/ledger/p/tile/{path}"] = b"".join(len(body).to_bytes(2, "big") + body for body in bundle)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = files.get(scope["path"])
        length = (b"content-length", b"%d" % len(body or b""))
        await send({"type": "http.response.start", "status": 404 if body is None else 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body or b""})

    return app


@pytest.mark.parametrize("size", [10**11, 2**63])
async def test_more_entries_than_there_are_take_neither_time_nor_memory(size: int) -> None:
    words = (sys.executable, "-m", "petition", "audit")
    async with at_work(site([line(0)], counts(1), size=size)) as base:
        status, _, error = await run("sh", "-c", 'ulimit -v 4000000; exec "$@"', "sh", *words, f"{base}/ledger/p")
    assert status == 1
    assert len(error.splitlines()) == 1
    assert ("no ledger has so many" if size == 2**63 else "the site answers 404") in error
