"""How alike two phrases are (cities, organisations, addresses), remembered, and what the records teach of it.

Two texts that people who are surely one wrote for the same thing ("الشام", "Damas") are taken for the same
where no likeness of letters could tell: see `learn`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from petition.domain.duplicates.lexicon import PHRASE_WORDS, Ints, Phrases

Floats = NDArray[np.float32]


class Likenesses:
    """Of the phrases of one comparison; each two are looked at once."""

    def __init__(self, phrases: dict[str, Phrases]) -> None:
        self._phrases = phrases
        self._known = {name: (np.zeros(0, np.int64), np.zeros(0, np.float32)) for name in phrases}
        self._learned: dict[str, dict[int, float]] = {name: {} for name in phrases}

    def of(self, name: str, left: Ints, right: Ints) -> tuple[Floats, Floats]:
        """From 0 to 1, and the rarity of the more common of the two."""
        phrases = self._phrases[name]
        low, high = np.minimum(left, right).astype(np.int64), np.maximum(left, right).astype(np.int64)
        codes, back = np.unique((low << 32) | high, return_inverse=True)
        known, values = self._known[name]
        place = np.minimum(np.searchsorted(known, codes), max(0, len(known) - 1))
        there = known[place] == codes if len(known) else np.zeros(len(codes), np.bool_)
        like = np.zeros(len(codes), np.float32)
        like[there] = values[place[there]]
        new = codes[~there]
        if len(new):
            like[~there] = self._found(name, new)
            merged = np.concatenate([known, new])
            order = np.argsort(merged, kind="stable")
            self._known[name] = merged[order], np.concatenate([values, like[~there]])[order]
        count = phrases.table["count"]
        rare = np.log((phrases.total + 20.0) / (np.maximum(count[left], count[right]) + 1.0)).astype(np.float32)
        return like[back], rare

    def _found(self, name: str, codes: NDArray[np.int64]) -> Floats:
        phrases = self._phrases[name]
        i, j = (codes >> 32).astype(np.int32), (codes & 0xFFFFFFFF).astype(np.int32)
        like = np.zeros(len(codes), np.float32)
        table = phrases.table
        place = table["place"]
        likely = i != j
        if name in ("affiliation", "address"):
            likely &= (table["mask"][i] & table["mask"][j]) != 0
        chosen = np.flatnonzero(likely)
        like[chosen] = phrase_likeness(phrases, i[chosen], j[chosen])
        if name != "affiliation":
            like = np.maximum(like, letters_shared(phrases, i, j))
        both = (place[i] >= 0) & (place[j] >= 0)
        like[both] = np.where(place[i] == place[j], 1.0, 0.0)[both]
        like[i == j] = 1
        for code, value in self._learned[name].items():
            at = np.searchsorted(codes, code)
            if at < len(codes) and codes[at] == code:
                like[at] = max(like[at], value)
        return like

    def learn(self, name: str, left: Ints, right: Ints) -> None:
        """Of pairs who are surely one person: which texts stand for the same more often than chance would have it."""
        there = (left >= 0) & (right >= 0) & (left != right)
        low = np.minimum(left, right)[there].astype(np.int64)
        high = np.maximum(left, right)[there].astype(np.int64)
        codes, times = np.unique((low << 32) | high, return_counts=True)
        sides = np.concatenate([left[left >= 0], right[right >= 0]])
        seen = np.bincount(sides, minlength=self._phrases[name].table.size + 1)
        i, j = codes >> 32, codes & 0xFFFFFFFF
        # One in three or more of the rarer text's appearances beside any other is beside this one.
        share = times / np.maximum(1, np.minimum(seen[i], seen[j]))
        sure = (times >= 2) & (share >= 0.25)
        self._learned[name] = dict(zip(codes[sure].tolist(), [0.95] * int(sure.sum()), strict=True))
        self._known[name] = (np.zeros(0, np.int64), np.zeros(0, np.float32))


def letters_shared(phrases: Phrases, one: Ints, other: Ints) -> Floats:
    """The share of neighbouring letters that two phrases have in common: fit for slips, lost blanks, changed order."""
    sets, count = phrases.table["pairs"], phrases.table["pair_count"]
    shared = np.bitwise_count(sets[one] & sets[other]).sum(1)
    share: Floats = (2 * shared / np.maximum(1, count[one].astype(np.int32) + count[other])).astype(np.float32)
    return share


def phrase_likeness(phrases: Phrases, one: Ints, other: Ints) -> Floats:
    """The share of two phrases' words, by rarity, that the other has too; nearly all where one contains the other."""
    n = len(one)
    lexicon, table = phrases.lexicon, phrases.lexicon.table
    left, right = phrases.table["words"][one], phrases.table["words"][other]
    a, b = np.repeat(left, PHRASE_WORDS, 1).ravel(), np.tile(right, (1, PHRASE_WORDS)).ravel()
    pairs = (a.astype(np.int64) << 32) | b
    pairs[(a < 0) | (b < 0)] = -1
    unique, back = np.unique(pairs, return_inverse=True)
    real = np.flatnonzero(unique >= 0)
    like = np.zeros(len(unique), np.float32)
    i, j = (unique[real] >> 32).astype(np.int32), (unique[real] & 0xFFFFFFFF).astype(np.int32)
    lengths = (table["length"][i] + table["length"][j]) / 2
    apart = lexicon.apart(i, j) / (0.2 + 0.2 * lengths)
    like[real] = np.clip(1.15 - apart, 0, 1)
    matrix = like[back].reshape(n, PHRASE_WORDS, PHRASE_WORDS)
    weigh = _weights(phrases, left), _weights(phrases, right)
    met = (matrix.max(2) * weigh[0]).sum(1), (matrix.max(1) * weigh[1]).sum(1)
    whole = weigh[0].sum(1), weigh[1].sum(1)
    together: Floats = (met[0] + met[1]) / np.maximum(1e-6, whole[0] + whole[1])
    contained = np.maximum(met[0] / np.maximum(1e-6, whole[0]), met[1] / np.maximum(1e-6, whole[1]))
    answer: Floats = np.maximum(together, np.minimum(0.85, contained * 0.9 - 0.05)).astype(np.float32)
    return answer


def _weights(phrases: Phrases, words: Any) -> Floats:
    weight = np.minimum(8.0, np.maximum(0.3, phrases.lexicon.rarity(words.ravel()))).reshape(words.shape)
    answer: Floats = np.where(words >= 0, weight, 0).astype(np.float32)
    return answer
