"""The tree against RFC 6962 written out, the reference roots, and every way of changing a proof."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petition.domain import merkle
from petition.domain.merkle import Range
from tests.domain.rfc6962 import Tree

# The entries and roots with which Certificate Transparency's own implementations are tested.
REFERENCE = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
REFERENCE_ROOTS = """
6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
""".split()
ENTRIES = [b"entry %d" % n for n in range(600)]
TREE = Tree(ENTRIES)


def grown(entries: list[bytes], steps: list[int] | None = None) -> dict[merkle.Tile, bytes]:
    """All tiles, the entries appended in steps of these sizes (and then the rest)."""
    tiles: dict[merkle.Tile, bytes] = {}
    size = 0
    for step in [*(steps or []), len(entries)]:
        more = entries[size : size + step]
        unfinished = {tile: tiles[tile] for tile in merkle.edge(size)}
        tiles |= merkle.extended(size, unfinished, merkle.leaves(more))
        size += len(more)
    return tiles


TILES = grown(ENTRIES)


def hashes(ranges: list[Range], tiles: dict[merkle.Tile, bytes] = TILES) -> list[bytes]:
    """With the tiles that are needed and no other."""
    return merkle.hashes(ranges, {tile: tiles[tile] for tile in merkle.needed(ranges)})


def root(size: int) -> bytes:
    (found,) = hashes([(0, size)])
    return found


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 70_000, 1_000_000])
def test_large_trees(size: int) -> None:
    """Of leaf hashes that are made up, by the plain pairwise way."""
    row = sha256(b"%d" % size).digest() * size
    tiles = merkle.extended(0, {}, row)
    (whole,) = merkle.hashes([(0, size)], tiles)
    assert whole == merkle.top(row)
    for tile, kept in tiles.items():
        assert len(kept) == merkle.HASH * merkle.width(tile, size)
    for index in (0, size // 3, size - 1):
        ranges = merkle.inclusion(index, size)
        assert len(merkle.needed(ranges)) <= 9
        assert merkle.included(row[: merkle.HASH], index, size, merkle.hashes(ranges, tiles), whole)
    for old in (1, size // 2, size - 1):
        ranges = merkle.consistency(old, size)
        assert len(merkle.needed(ranges)) <= 9
        (before,) = merkle.hashes([(0, old)], tiles)
        assert merkle.consistent(old, size, merkle.hashes(ranges, tiles), before, whole)


def test_the_example_of_the_tiles_document() -> None:
    """70,000 entries: 273 full tiles and one of 112, one full and one of 17, one of 1."""
    tiles = merkle.extended(0, {}, bytes(32) * 70_000)
    assert sorted({level for level, _ in tiles}) == [0, 1, 2]
    assert [len(tiles[0, n]) // 32 for n in (0, 272, 273)] == [256, 256, 112]
    assert [len(tiles[1, n]) // 32 for n in (0, 1)] == [256, 17]
    assert len(tiles[2, 0]) // 32 == 1
    assert len(tiles) == 274 + 2 + 1


@given(st.lists(st.integers(0, 300), max_size=12))
@settings(max_examples=60)
def test_however_it_grew_it_is_the_same_tree(steps: list[int]) -> None:
    assert grown(ENTRIES, steps) == TILES


def test_growing_touches_the_right_edge_alone() -> None:
    row = bytes(32) * 1_000_000
    tiles = merkle.extended(0, {}, row)
    unfinished = {tile: tiles[tile] for tile in merkle.edge(1_000_000)}
    assert len(unfinished) == 3
    assert set(merkle.extended(1_000_000, unfinished, bytes(32))) == {(0, 3906)}
    # One that fills its tile adds one hash above it.
    filling = merkle.extended(1_000_000, unfinished, bytes(32) * 192)
    assert set(filling) == {(0, 3906), (1, 15)}


def test_a_missing_or_short_tile_is_noticed() -> None:
    with pytest.raises(ValueError):
        merkle.extended(300, {(0, 1): bytes(32 * 43), (1, 0): bytes(32)}, bytes(32))
    with pytest.raises(ValueError):
        merkle.hashes([(0, 600)], {tile: row for tile, row in TILES.items() if tile != (0, 2)})
    with pytest.raises(ValueError):
        merkle.hashes([(0, 600)], TILES | {(0, 2): TILES[0, 2][:-32]})


@given(st.integers(1, 300), st.data())
@settings(max_examples=300)
def test_no_changed_proof_of_inclusion_holds(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaf, proof = merkle.leaf(ENTRIES[index]), hashes(merkle.inclusion(index, size))
    assert merkle.included(leaf, index, size, proof, root(size))
    other = data.draw(st.integers(0, size).filter(lambda n: n != index))
    assert not merkle.included(leaf, other, size, proof, root(size))
    assert not merkle.included(leaf, -1, size, proof, root(size))
    assert not merkle.included(merkle.leaf(b"x"), index, size, proof, root(size))
    assert not merkle.included(leaf, index, size, proof, root(size + 1))
    assert not merkle.included(leaf, index, size, [*proof, bytes(32)], root(size))
    for position in range(len(proof)):
        assert not merkle.included(leaf, index, size, proof[:position] + proof[position + 1 :], root(size))
        changed = [*proof[:position], bytes([proof[position][0] ^ 1]) + proof[position][1:], *proof[position + 1 :]]
        assert not merkle.included(leaf, index, size, changed, root(size))


@given(st.integers(2, 300), st.data())
@settings(max_examples=300)
def test_no_changed_proof_of_consistency_holds(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size - 1))
    proof = hashes(merkle.consistency(old, size))
    assert merkle.consistent(old, size, proof, root(old), root(size))
    assert not merkle.consistent(old, size, proof, bytes(32), root(size))
    assert not merkle.consistent(old, size, proof, root(old), bytes(32))
    assert not merkle.consistent(old, size, [*proof, bytes(32)], root(old), root(size))
    assert not merkle.consistent(old, size, [], root(old), root(size))
    assert not merkle.consistent(size, old, proof, root(size), root(old))
    assert not merkle.consistent(size, size, [], root(old), root(size))
    assert not merkle.consistent(0, size, [], bytes(32), root(size))
    for position in range(len(proof)):
        assert not merkle.consistent(old, size, proof[:position] + proof[position + 1 :], root(old), root(size))
        changed = [*proof[:position], bytes([proof[position][0] ^ 1]) + proof[position][1:], *proof[position + 1 :]]
        assert not merkle.consistent(old, size, changed, root(old), root(size))


@pytest.mark.parametrize(
    ("level", "number", "wide", "text"),
    [
        (0, 0, 256, "0/000"),
        (0, 273, 112, "0/273.p/112"),
        (1, 1_234_067, 256, "1/x001/x234/067"),
        ("entries", 1_000, 1, "entries/x001/000.p/1"),
        (63, 999, 255, "63/999.p/255"),
    ],
)
def test_addresses_of_tiles(level: int | str, number: int, wide: int, text: str) -> None:
    assert merkle.path(level, number, wide) == text
    assert merkle.read_path(text) == (level, number, wide)


NO_ADDRESS = (
    "0 0/ 0/0 0/00 0/0000 00/000 64/000 0/x000/000 0/x001 0/001/x000 0/000.p/0 0/000.p/256 0/000.p/01 0/000.p "
    "entry/000 entries/000.p/999 0/-01 0/０００ -1/000 0/000/ /0/000 0/000.p/12/ data/000"
).split()


@pytest.mark.parametrize("text", [*NO_ADDRESS, "", "0/000\n", "0/" + "x000/" * 9 + "000", "0" + "/x999" * 10 + "/999"])
def test_an_address_has_one_spelling(text: str) -> None:
    assert merkle.read_path(text) is None
