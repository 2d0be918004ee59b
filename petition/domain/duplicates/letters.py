"""Texts compared letter by letter, whatever they sound like: slips of a finger, lost blanks, changed order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BITS: Final = 256
# One form for letters that keyboards and habits exchange.
ONE_FORM: Final = str.maketrans("أإآٱىةکیگپچژڤ", "اااايهكيكبجزف")


def letter_pairs(text: str) -> int:
    """The neighbouring letters and digits of a plain text as a set of bits, its beginning and end among them."""
    letters = "^" + "".join(c for c in text.translate(ONE_FORM) if c.isalnum()) + "$"
    bits = 0
    for one, other in pairwise(letters):
        bits |= 1 << ((ord(one) * 37 + ord(other)) % BITS)
    return bits


def letter_set(text: str) -> int:
    """The letters of a plain text as a set of bits."""
    bits = 0
    for letter in text.translate(ONE_FORM):
        bits |= 1 << (ord(letter) % 64)
    return bits


def bit_rows(sets: list[int]) -> NDArray[np.uint64]:
    """Sets of bits as rows of an array."""
    whole = b"".join(bits.to_bytes(BITS // 8, "little") for bits in sets)
    return np.frombuffer(whole, np.uint64).reshape(len(sets), BITS // 64)


def signs(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Fixed-width texts as rows of codes."""
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), values.dtype.itemsize)


def slips(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether texts of four signs or more are one slip apart: a sign more, less, other, or two neighbours swapped."""
    lengths, others = np.char.str_len(left), np.char.str_len(right)
    a, b = signs(left), signs(right)
    n, width = a.shape
    rows, place = np.arange(n), np.arange(width)
    same_end = np.take_along_axis(a, (lengths[:, None] - 1 - place) % width, 1) == np.take_along_axis(
        b, (others[:, None] - 1 - place) % width, 1
    )
    prefix = np.where((a == b).all(1), width, (a != b).argmax(1))
    suffix = np.where(same_end.all(1), width, (~same_end).argmax(1))
    shorter = np.minimum(lengths, others)
    suffix = np.minimum(suffix, np.maximum(0, shorter - prefix))
    gap, gap_other = lengths - prefix - suffix, others - prefix - suffix
    at, after = np.minimum(prefix, width - 1), np.minimum(prefix + 1, width - 1)
    swapped = (a[rows, at] == b[rows, after]) & (a[rows, after] == b[rows, at]) & (gap == 2) & (gap_other == 2)
    answer: NDArray[np.bool_] = ((np.maximum(gap, gap_other) == 1) | swapped) & (shorter >= 4)
    return answer
