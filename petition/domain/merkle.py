"""The ledger's tree (RFC 6962, section 2.1) in tiles (C2SP tlog-tiles), as pure functions.

    entry ── SHA-256(0x00 ‖ entry) ──→ leaf hash        level 0, tiles of 256 hashes
    full tile's 256 hashes ── pairwise SHA-256(0x01 ‖ l ‖ r) ──→ one hash of level 1, and so on

A tile is its hashes one after another (32 bytes each). Only the rightmost tile of each level grows. Every root and
every proof is made of hashes of ranges of entries, and each such hash comes from a few tiles: `needed` says which,
`hashes` makes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

HASH = 32
WIDTH = 256
LEAF, NODE = b"\x00", b"\x01"
EMPTY = sha256(b"").digest()
MOST_HASHES = 63

Tile = tuple[int, int]  # level, number within the level
Range = tuple[int, int]  # first entry, and one past the last

_PATH = re.compile(r"(0|[1-9]\d?)((?:/x\d{3})*/\d{3})(?:\.p/([1-9]\d{0,2}))?")
_ENTRIES = re.compile(r"(entries)((?:/x\d{3})*/\d{3})(?:\.p/([1-9]\d{0,2}))?")


def leaf(entry: bytes) -> bytes:
    return sha256(LEAF + entry).digest()


def leaves(entries: Iterable[bytes]) -> bytes:
    """The entries' hashes, one after another."""
    return b"".join([sha256(LEAF + entry).digest() for entry in entries])


def node(left: bytes, right: bytes) -> bytes:
    return sha256(NODE + left + right).digest()


def top(row: bytes) -> bytes:
    """The one hash over a row of hashes, each over as many entries as the others; the last may be over fewer."""
    if not row:
        return EMPTY
    while len(row) > HASH:
        # One without a neighbour rises as it is.
        odd = row[-HASH:] if len(row) % (2 * HASH) else b""
        pairs = range(0, len(row) - len(odd), 2 * HASH)
        row = b"".join([sha256(NODE + row[at : at + 2 * HASH]).digest() for at in pairs]) + odd
    return row


# Growing


def edge(size: int) -> list[Tile]:
    """The tiles that the next entries will change: the unfinished one of each level, where it has begun."""
    tiles, level = [], 0
    while size:
        if size % WIDTH:
            tiles.append((level, size // WIDTH))
        size //= WIDTH
        level += 1
    return tiles


def extended(size: int, unfinished: Mapping[Tile, bytes], more: bytes) -> dict[Tile, bytes]:
    """Every tile that is new or has grown, when the leaf hashes `more` follow the first `size` entries.

    `unfinished`: the tiles of `edge(size)`. The work is that of the new entries and one tile for each level.
    """
    changed: dict[Tile, bytes] = {}
    level = 0
    while more:
        number, begun = divmod(size, WIDTH)
        row = (unfinished[level, number] if begun else b"")[: begun * HASH] + more
        if len(row) != begun * HASH + len(more):
            raise ValueError(f"tile {number} of level {level} has fewer than {begun} hashes")
        risen = []
        for at in range(0, len(row), WIDTH * HASH):
            tile = changed[level, number] = row[at : at + WIDTH * HASH]
            if len(tile) == WIDTH * HASH:
                risen.append(top(tile))
            number += 1
        more, size, level = b"".join(risen), size // WIDTH, level + 1
    return changed


# Ranges


def inclusion(index: int, size: int) -> list[Range]:
    """Whose hashes prove that entry `index` is among the first `size`, from the leaf's neighbour upwards."""
    if not 0 <= index < size:
        raise ValueError(f"no entry {index} among {size}")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _half(end - start)
        path.append((start, middle) if index >= middle else (middle, end))
        start, end = (middle, end) if index >= middle else (start, middle)
    return path[::-1]


def consistency(old: int, new: int) -> list[Range]:
    """Whose hashes prove that the first `old` entries of `new` are unchanged (RFC 6962, 2.1.2)."""
    if not 0 <= old <= new:
        raise ValueError(f"{new} entries cannot follow {old}")
    if old in (0, new):
        return []
    start, end, whole, path = 0, new, True, []
    while old != end:
        middle = start + _half(end - start)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start, whole = middle, False
    return ([] if whole else [(start, end)]) + path[::-1]


def _half(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _pieces(wanted: Range) -> Iterator[tuple[Tile, int, int]]:
    """The full subtrees that a range is made of, from left to right: (tile, first byte, one past the last)."""
    start, end = wanted
    while start < end:
        size = 1 << (end - start).bit_length() - 1
        if start:
            size = min(size, start & -start)
        level = (size.bit_length() - 1) // 8
        number, at = divmod(start >> 8 * level, WIDTH)
        yield (level, number), at * HASH, (at + (size >> 8 * level)) * HASH
        start += size


def needed(ranges: Iterable[Range]) -> set[Tile]:
    """The tiles that `hashes` will look at: a few for each level."""
    return {tile for wanted in ranges for tile, _, _ in _pieces(wanted)}


def hashes(ranges: Iterable[Range], tiles: Mapping[Tile, bytes]) -> list[bytes]:
    """The hash of each range, `(0, size)` being a root; `ValueError` where a tile is missing or too short."""
    found = []
    for wanted in ranges:
        above = b""
        for tile, first, last in reversed(list(_pieces(wanted))):
            row = tiles.get(tile, b"")[first:last]
            if len(row) != last - first:
                raise ValueError(f"tile {tile[1]} of level {tile[0]} has fewer than {last // HASH} hashes")
            above = node(top(row), above) if above else top(row)
        found.append(above or EMPTY)
    return found


# Checking, as whoever trusts nobody does it


def included(entry: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` leads from the leaf hash `entry` at `index` to the root of `size` entries (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, risen = index, size - 1, entry
    for step in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            risen = node(step, risen)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            risen = node(risen, step)
        at, last = at >> 1, last >> 1
    return last == 0 and risen == root


def consistent(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether `proof` shows that the tree of `new` entries begins with that of `old` (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not proof and old_root == (EMPTY if old == 0 else new_root)
    steps = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not steps:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node(step, before), node(step, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node(after, step)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


# Addresses


def width(tile: Tile, size: int) -> int:
    """How many hashes (or, at level 0, entries) the tile holds in a tree of `size` entries; 0 where it is not there."""
    level, number = tile
    return min(WIDTH, max(0, (size >> 8 * level) - number * WIDTH))


def path(level: int | str, number: int, wide: int = WIDTH) -> str:
    """`0/x001/x234/067.p/12`: a tile below `tile/`; level `entries` is the bundle of the entries themselves."""
    parts = [f"{number % 1000:03}"]
    while number := number // 1000:
        parts.append(f"x{number % 1000:03}")
    return f"{level}/{'/'.join(reversed(parts))}" + (f".p/{wide}" if wide < WIDTH else "")


def read_path(text: str) -> tuple[int | str, int, int] | None:
    """(level or `entries`, number, width); None for anything that `path` would not write."""
    found = _PATH.fullmatch(text) or _ENTRIES.fullmatch(text)
    if found is None:
        return None
    level: int | str = found[1] if found[1] == "entries" else int(found[1])
    number, wide = int(found[2].replace("/x", "").replace("/", "")), int(found[3] or WIDTH)
    if number >= 1 << 56 or (level != "entries" and int(level) > 63) or path(level, number, wide) != text:
        return None
    return level, number, wide
