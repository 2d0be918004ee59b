"""The public ledger, in C2SP's tlog-tiles: checkpoint, tiles, bundles of entries, key. For anyone's verifier.

A tile never changes once it is published, so each is put into its wire form once and kept in memory, the oldest going
first when there are too many; any cache between may keep it for ever.
"""

import gzip
from collections import OrderedDict
from dataclasses import dataclass, field

from litestar import Response, Router, get
from litestar.params import FromPath

from petition.domain import merkle
from petition.errors import NotFound, Unavailable
from petition.queries import ledger
from petition.web import parts
from petition.web.answers import Ready, takes_gzip
from petition.web.hub import Snapshot
from petition.web.parts import Asked

TEXT = "text/plain"
BYTES = "application/octet-stream"
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
SECONDS = {"Cache-Control": "public, max-age=1"}
MOST_KEPT = 64 * 1024 * 1024


@dataclass(slots=True)
class Kept:
    """One tile or bundle as it is sent; `packed` is made when the first one asks for it."""

    plain: Ready
    body: bytes
    packs: bool
    packed: Ready | None = None

    @classmethod
    def of(cls, body: bytes, packs: bool) -> "Kept":
        headers = {**FOR_EVER, "Vary": "Accept-Encoding"} if packs else FOR_EVER
        return cls(Ready(body, 200, headers, BYTES), body, packs)

    def answer(self, request: Asked) -> Response[bytes]:
        if not self.packs or not takes_gzip(request):
            return self.plain
        if self.packed is None:
            headers = {**FOR_EVER, "Vary": "Accept-Encoding", "Content-Encoding": "gzip"}
            self.packed = Ready(gzip.compress(self.body, 5, mtime=0), 200, headers, BYTES)
        return self.packed


@dataclass(slots=True)
class Shelf:
    """The tiles that were asked for last, by petition and path."""

    most: int = MOST_KEPT
    size: int = 0
    kept: OrderedDict[tuple[bytes, str], Kept] = field(default_factory=OrderedDict)

    def put(self, key: tuple[bytes, str], tile: Kept) -> None:
        if key not in self.kept:
            self.kept[key] = tile
            self.size += len(tile.body)
        while self.size > self.most:
            _, oldest = self.kept.popitem(last=False)
            self.size -= len(oldest.body)


@get("/ledger/{slug:str}/checkpoint")
async def checkpoint(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """The signed head of just the entries that the counts are the fold of."""
    return _text(parts.of(request).hub.snapshot(slug).checkpoint)


@get("/ledger/{slug:str}/witnessed")
async def cosigned(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """The largest checkpoint that a witness has cosigned, with its cosignatures."""
    note = parts.of(request).hub.snapshot(slug).witnessed
    if not note:
        raise NotFound()
    return _text(note)


@get("/ledger/{slug:str}/key")
async def key(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """The vkey line of the key that signs."""
    return _text(parts.of(request).hub.snapshot(slug).vkey)


def _text(text: str) -> Response[bytes]:
    if not text:
        # A petition so new that nothing was signed yet.
        raise Unavailable()
    return Response(text.encode(), media_type=TEXT, headers=SECONDS)


@get("/ledger/{slug:str}/tile/{tile:path}")
async def tile(request: Asked, slug: FromPath[str], tile: FromPath[str]) -> Response[bytes]:
    """`LEVEL/NUMBER` or `entries/NUMBER`, with `.p/WIDTH` for one that is not full; 404 beyond what is published."""
    held = parts.of(request)
    snapshot, path = held.hub.snapshot(slug), tile.removeprefix("/")
    key = snapshot.petition.id, path
    shelf: Shelf = held.shelf
    found = shelf.kept.get(key)
    if found is None:
        read = merkle.read_path(path)
        if read is None:
            raise NotFound()
        found = Kept.of(await _body(held, snapshot, *read), packs=read[0] == "entries")
        shelf.put(key, found)
    return found.answer(request)


async def _body(held: parts.Parts, snapshot: Snapshot, level: int | str, number: int, wide: int) -> bytes:
    petition_id, place = snapshot.petition.id, (0 if isinstance(level, str) else level, number)
    async with held.database.read() as connection:
        # Another host may have published what this one has not heard of yet.
        size = snapshot.counts.ledger_size
        if merkle.width(place, size) < wide:
            size = await ledger.size(connection, petition_id)
        if merkle.width(place, size) < wide:
            raise NotFound()
        if isinstance(level, str):
            return await ledger.bundle(connection, petition_id, number, wide)
        return await ledger.tile(connection, petition_id, level, number, wide)


router = Router(path="/", include_in_schema=False, route_handlers=[checkpoint, cosigned, key, tile])
