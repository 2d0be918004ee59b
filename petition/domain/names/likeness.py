"""How alike two names are by themselves. What decides about two records weighs a name's rarity and all else as well."""

from __future__ import annotations

from itertools import permutations, product
from typing import Final

import numpy as np

from petition.domain.names.distance import coded, distances
from petition.domain.names.letters import BEGINS, LONGEST, arabic, sounds
from petition.domain.names.words import Word, words

SAME: Final = 0.66  # from here on two spellings are taken for one name
_INITIAL: Final = 0.85
_MISSING: Final = 0.9  # for each word that only one of the two has
_WORDS: Final = 4


def likeness(one: str, other: str) -> float:
    """From 0 to 1: the least alike of the words, in whichever order fits best; 0 where each has a word of its own."""
    left, right = words(one)[:_WORDS], words(other)[:_WORDS]
    if len(left) > len(right):
        left, right = right, left
    if not left:
        return 0.0
    alike = _matrix(left, right)
    ways = (min(alike[i][j] for i, j in enumerate(order)) for order in permutations(range(len(right)), len(left)))
    return float(max(ways) * _MISSING ** (len(right) - len(left)))


def _matrix(left: tuple[Word, ...], right: tuple[Word, ...]) -> list[list[float]]:
    return [[word_likeness(one, other) for other in right] for one in left]


def word_likeness(one: Word, other: Word) -> float:
    """The same of two words; an initial fits any word that begins so, and says little."""
    if one.initial or other.initial:
        first, second = coded(sounds(one.text))[0], coded(sounds(other.text))[0]
        return _INITIAL if BEGINS[first, second] else 0.0
    readings = list(product({one.text, one.other}, {other.text, other.other}))
    left, right = (np.frombuffer(b"".join(coded(sounds(pair[k])) for pair in readings), np.uint8) for k in (0, 1))
    spoken = [np.full(len(readings), arabic(word.text)) for word in (one, other)]
    apart = distances(left.reshape(-1, LONGEST), right.reshape(-1, LONGEST), *spoken)
    length = sum(max(1, len(sounds(word.text))) for word in (one, other)) / 2
    return float(np.clip(1 - apart.min() / (0.24 * (1 + length)), 0, 1))
