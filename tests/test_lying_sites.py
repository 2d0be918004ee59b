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
from tests.stranger import at_work, audit, run, script

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


@pytest.mark.parametrize("name", ["key", "checkpoint", "witnessed", "tile/entries/000.p/1", "tile/0/000.p/1"])
async def test_a_file_without_end_is_given_up(name: str) -> None:
    honest, path = site([line(0)], counts(1)), f"/ledger/p/{name}"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != path:
            await honest(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1_000):  # as good as without end
            await send({"type": "http.response.body", "body": bytes(1 << 16), "more_body": True})

    async with at_work(app) as base:
        status, told, error = await audit(f"{base}/ledger/p")
    assert status == 1, told
    assert "cannot be had" in error
    assert len(error.splitlines()) == 1


def escaping(name: str) -> str:
    """A signature line by somebody of this name."""
    return f"— {name} {b64encode(bytes(68)).decode()}\n"


ESC = "\x1b[1A\x1b[2Keverything holds"


@pytest.mark.parametrize(
    ("said", "witnessed", "why"),
    [
        (counts(1, by_category=2 * counts(1)["by_category"]), "", "category fsa: the site names it twice"),
        (counts(1, petition="q"), "", "of another petition: q"),
        (counts(1, petition=ESC), "", "of another petition: \\x1b[1A"),
        (
            counts(1, by_category=[{"category": ESC, "total": 9, "verified": 0}]),
            "",
            "category \\x1b[1A\\x1b[2Keverything",
        ),
        (counts(1), escaping("w\x9b2J"), "this is not a signed note"),
        (counts(1), escaping("w\N{RIGHT-TO-LEFT OVERRIDE}"), "this is not a signed note"),
    ],
    ids=["twice", "another's", "another's, escaping", "escaping", "a witness that escapes", "one that turns round"],
)
async def test_what_a_site_says_is_compared_whole_and_shown_harmless(
    said: dict[str, Any], witnessed: str, why: str
) -> None:
    async with at_work(site([line(0)], said, witnessed=witnessed)) as base:
        status, told, error = await audit(f"{base}/ledger/p")
    assert status == 1, told
    assert why in error
    assert "everything holds" not in told
    assert (told + error).replace("\n", "").isprintable()


def respelt(body: bytes) -> bytes:
    """The same digest in base64, with other bits where none count."""
    bind = json.loads(body)["bind"]
    other = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return body.replace(bind.encode(), f"{bind[:42]}{other[other.index(bind[42]) + 1]}=".encode())


BIND = json.loads(line(0))["bind"].encode()
STRANGE = {
    "no digest": line(1).replace(json.loads(line(1))["receipt"].encode(), b"=" * 44),
    "a digest in another spelling": respelt(line(1)),
    "a bind again": line(1).replace(json.loads(line(1))["bind"].encode(), BIND),
    "a reason that is none": b'{"event":"removed","of":0,"petition":"p","reason":"","v":1}',
    "of true": b'{"event":"removed","of":true,"petition":"p","reason":"merged","v":1}',
}


@pytest.mark.parametrize("body", STRANGE.values(), ids=STRANGE.keys())
async def test_an_entry_that_is_none_is_seen_by_the_script_too(body: bytes) -> None:
    """Each with just the counts that a careless fold would come to."""
    number = 2 if body[:6] == b'{"bind' else 1
    removed = {"total": 1, "by_method": {"mail": 1}, "removed": {"merged": 1}} if b"true" in body else {}
    entries = [line(0), *([line(2)] if removed else []), body]
    async with at_work(site(entries, counts(number, ledger_size=len(entries), **removed))) as base:
        status, _, error = await script(f"{base}/ledger/p")
        assert (status, error[:6]) == (1, "WRONG:"), error
        assert (await audit(f"{base}/ledger/p"))[0] == 1
