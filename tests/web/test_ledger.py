"""The public ledger through HTTP: a stranger's verifier, which has nothing but these files, reaches the same count."""

from __future__ import annotations

import asyncio
import gzip
import json
import secrets
from base64 import b64decode
from hashlib import sha256

import httpx
import pytest

from petition.actions import counting
from petition.actions.counting import Note
from petition.domain import checkpoint, ledger, merkle
from petition.domain.checkpoint import Head, Verifier
from tests.domain.rfc6962 import Tree
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.people import LAYLA, OMAR, someone

LEDGER = f"/ledger/{SLUG}"


async def get(house: House, path: str, **headers: str) -> httpx.Response:
    return await house.http.get(f"{LEDGER}/{path}", headers={"accept-encoding": "identity", **headers})


async def signed_head(house: House) -> Head:
    key, note = await get(house, "key"), await get(house, "checkpoint")
    assert (key.status_code, note.status_code) == (200, 200)
    return checkpoint.read(note.text, Verifier.read(key.text))


def paths(level: int | str, size: int) -> list[str]:
    """The addresses of all tiles of a level, as the document gives them."""
    full, rest = divmod(size, 256)
    return [merkle.path(level, n) for n in range(full)] + ([merkle.path(level, full, rest)] if rest else [])


async def all_entries(house: House, size: int) -> list[bytes]:
    entries = []
    for path in paths("entries", size):
        body = (await get(house, f"tile/{path}")).content
        while body:
            length = int.from_bytes(body[:2], "big")
            entries.append(body[2 : 2 + length])
            body = body[2 + length :]
    return entries


def chance(number: int) -> list[bytes]:
    return [secrets.token_bytes(32) for _ in range(number)]


async def counted(house: House, number: int, slug: str = SLUG) -> None:
    """So many entries noted as confirming leaves them, and folded."""
    petition = house.parts.hub.any_petition(slug).id
    notes = [
        Note(petition, *chance(1), 0, "counted", "activists", "mail", None, *chance(2))  # bind and receipt
        for _ in range(number)
    ]
    async with house.parts.database.write() as tx:
        await counting.note(tx, notes, today=house.clock.now.date())
    while await house.fold():
        pass


async def test_a_new_petition_has_a_signed_checkpoint_of_nothing(house: House) -> None:
    await house.fold()
    assert await signed_head(house) == Head(0, sha256().digest())
    note = (await get(house, "checkpoint")).text
    assert note.startswith(
        "petition.example/ledger/boycott-sochi\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— "
    )


async def test_a_stranger_reaches_the_same_count(house: House) -> None:
    links = [await house.confirmed(someone(n)) for n in range(7)]
    await house.post(links[2], "withdraw")
    await house.post(links[4], "erase")
    await house.fold()
    head, counts = await signed_head(house), await house.counts()
    entries = await all_entries(house, head.size)
    assert head == Head(9, Tree(entries).mth(0, 9))
    assert counts["ledger_size"] == 9
    tally = ledger.fold(entries)
    assert (tally.total, tally.removed) == (counts["total"], counts["removed"])
    assert (await get(house, "tile/0/000.p/9")).content == b"".join(sha256(b"\0" + e).digest() for e in entries)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 600])
async def test_all_tiles_of_a_size_are_served_and_no_more(house: House, size: int) -> None:
    await counted(house, size)
    head = await signed_head(house)
    entries = await all_entries(house, size)
    tree = Tree(entries)
    assert (head.size, head.root) == (size, tree.mth(0, size))
    hashes = b"".join([(await get(house, f"tile/{path}")).content for path in paths(0, size)])
    assert hashes == b"".join(tree.mth(n, n + 1) for n in range(size))
    for path in paths(1, size // 256):
        tile = (await get(house, f"tile/{path}")).content
        assert tile == b"".join(tree.mth(n * 256, n * 256 + 256) for n in range(size // 256))
    # Every partial tile of an earlier size is still there; none of a later one.
    widest = min(size, 255)
    assert (await get(house, f"tile/0/000.p/{widest}")).content == hashes[: 32 * widest]
    assert (await get(house, "tile/0/000.p/1")).content == hashes[:32]
    beyond = [merkle.path(level, size // 256, size % 256 + 1) for level in (0, "entries")]
    for path in [*beyond, "1/001", "2/000.p/1", "0/x001/000", "0/999", "entries/999", "7/000.p/1", "0/000.p/0"]:
        if path not in paths(0, size):
            assert (await get(house, f"tile/{path}")).status_code == 404, path


async def test_what_another_host_has_published_is_served_before_this_one_hears_of_it(house: House) -> None:
    await counted(house, 3)
    link = await house.signed(LAYLA)
    assert (await house.post(link, "confirm", agree="yes")).status_code == 303
    await house.worker.fold()
    assert (await signed_head(house)).size == 3
    for path in ("tile/0/000.p/4", "tile/entries/000.p/4"):
        assert (await get(house, path)).status_code == 200
    assert (await get(house, "tile/0/000.p/5")).status_code == 404
    await house.parts.hub.poll()
    assert (await signed_head(house)).size == 4


@pytest.mark.parametrize(
    "path", "tile/0/0 tile/00/000 tile/entries tile/ tile/0/000/ tile/0/000.p/999 tile/x/000 other".split()
)
async def test_an_address_that_is_none_is_not_found(house: House, path: str) -> None:
    await counted(house, 1)
    assert (await get(house, path)).status_code in (404, 405)


async def test_what_never_changes_may_be_kept_for_ever_and_checkpoints_for_seconds(house: House) -> None:
    await counted(house, 3)
    for path in ("tile/0/000.p/3", "tile/entries/000.p/3"):
        for _ in range(2):
            answer = await get(house, path)
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["content-type"] == "application/octet-stream"
    for path in ("checkpoint", "key"):
        answer = await get(house, path)
        assert answer.headers["cache-control"] == "public, max-age=1"
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "set-cookie" not in answer.headers


async def test_bundles_are_packed_for_whoever_takes_it(house: House) -> None:
    await counted(house, 256)
    plain = await get(house, "tile/entries/000")
    async with house.http.stream("GET", f"{LEDGER}/tile/entries/000", headers={"accept-encoding": "gzip"}) as packed:
        raw = b"".join([part async for part in packed.aiter_raw()])
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 2


async def test_the_shelf_of_tiles_forgets_the_oldest(house: House) -> None:
    await counted(house, 300)
    house.parts.shelf.most = 100_000
    before = {path: (await get(house, f"tile/{path}")).content for path in paths("entries", 300) + paths(0, 300)}
    assert house.parts.shelf.size <= 100_000
    assert house.parts.shelf.size == sum(len(tile.body) for tile in house.parts.shelf.kept.values())
    for path, content in before.items():
        assert (await get(house, f"tile/{path}")).content == content
        assert house.parts.shelf.size <= 100_000


async def test_a_draft_has_no_public_ledger(house: House) -> None:
    await counted(house, 1)
    await house.apply(petition_text(status="draft"))
    for path in ("checkpoint", "key", "tile/0/000.p/1"):
        assert (await get(house, path)).status_code == 404


async def test_each_ledger_is_its_own(house: House) -> None:
    await house.apply(petition_text(slug="second"))
    await house.confirmed(LAYLA)
    await house.confirmed(OMAR, slug="second")
    keys = [(await house.http.get(f"/ledger/{slug}/key")).text for slug in (SLUG, "second")]
    notes = [(await house.http.get(f"/ledger/{slug}/checkpoint")).text for slug in (SLUG, "second")]
    assert keys[0].partition("+")[2] != keys[1].partition("+")[2]
    with pytest.raises(checkpoint.Malformed):
        checkpoint.read(notes[1], Verifier.read(keys[0]))
    entry = json.loads((await house.http.get("/ledger/second/tile/entries/000.p/1")).content[2:])
    assert entry["petition"] == "second"
    assert set(entry) == {"bind", "category", "event", "method", "petition", "receipt", "v"}
    assert len(b64decode(entry["bind"])) == 32


async def test_count_and_checkpoint_are_of_the_same_size_at_every_moment(house: House) -> None:
    """While one process folds and publishes, whoever looks sees both of one size."""
    petition = house.parts.hub.any_petition(SLUG).id
    seen: set[int] = set()
    done = asyncio.Event()

    async def look() -> None:
        while not done.is_set():
            await house.parts.hub.poll()
            snapshot = house.parts.hub.snapshot(SLUG)
            size = snapshot.counts.ledger_size
            assert (checkpoint.head_of(snapshot.checkpoint) or Head(0, b"")).size == size
            assert snapshot.counts.total == size
            seen.add(size)
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    for n in range(30):
        note = Note(petition, secrets.token_bytes(32), 0, "counted", None, "mail", None, bytes([n]) * 32, bytes(32))
        async with house.parts.database.write() as tx:
            await counting.note(tx, [note], today=house.clock.now.date())
        await house.worker.fold()
    done.set()
    await looking
    assert len(seen) > 3
