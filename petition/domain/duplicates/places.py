"""Towns and countries by any of their names: الشام is Damascus, Halep is حلب. The table comes from whoever starts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from petition.domain.duplicates.letters import ONE_FORM, bit_rows, letter_pairs, slips
from petition.domain.names.distance import coded, distances
from petition.domain.names.letters import LONGEST, arabic, plain, skeleton, sounds

NOWHERE: Final = -1
_NEAR_ENOUGH: Final = 0.12  # letters off for each letter of the name


def fold_place(text: str) -> str:
    """Plain words without the article, as the table has them."""
    words = "".join(c if c.isalnum() else " " for c in plain(text)).split()
    bare = [word[2:] if word.startswith("ال") and len(word) > 4 else word for word in words]
    kept = [word for word in bare if word not in ("al", "el", "ar", "as", "ad", "city", "مدينة", "محافظة")]
    return " ".join(kept or bare)


class Places:
    """One number for each place of the table. Towns and countries are asked for apart."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self._exact: dict[tuple[str, str], int] = {}
        self._near: dict[tuple[str, str], list[str]] = {}
        for number, line in enumerate(lines):
            kind, *names = line.rstrip("\n").split("\t")
            for name in names:
                self._exact.setdefault((kind, name), number)

    def number(self, kind: str, text: str) -> int:
        """NOWHERE for what the table lacks. A misspelled name is found if it is near to one place alone."""
        if not self._exact:
            return NOWHERE
        folded = fold_place(text)
        found = self._exact.get((kind, folded))
        if found is None and "," in text:
            found = self._exact.get((kind, fold_place(text.partition(",")[0])))
        if found is None and kind == "town":
            found = self._misspelled(kind, folded.replace(" ", ""))
        return NOWHERE if found is None else found

    def _misspelled(self, kind: str, word: str) -> int | None:
        """One slip of a finger away from the names of one place alone, or spelled by ear."""
        if len(word) < 4:
            return None
        if not self._near:
            self._prepare()
        met = self._slipped(kind, word)
        if len(met) == 1:
            return met.pop()
        names = self._near.get((kind, skeleton(word)), [])
        return self._by_ear(kind, word, names) if names else None

    def _prepare(self) -> None:
        """Once a name was not found: all names by their consonants, and their letters as rows of bits."""
        for kind, name in self._exact:
            self._near.setdefault((kind, skeleton(name.replace(" ", ""))), []).append(name)
        self._towns = [name for kind, name in self._exact if kind == "town"]
        joined = [name.replace(" ", "") for name in self._towns]
        self._letters = bit_rows([letter_pairs(name) for name in joined])
        self._counts = np.bitwise_count(self._letters).sum(1)
        self._texts = np.array([name.translate(ONE_FORM).encode("utf-8")[:24] for name in joined], "S24")

    def _slipped(self, kind: str, word: str) -> set[int]:
        """Places with a name one slip away. Only names that share half of their neighbouring letters are looked at."""
        own = bit_rows([letter_pairs(word)])
        shared = np.bitwise_count(self._letters & own).sum(1)
        alike = np.flatnonzero(4 * shared >= self._counts + int(np.bitwise_count(own).sum()))
        text = np.full(len(alike), word.translate(ONE_FORM).encode("utf-8")[:24], "S24")
        met = alike[slips(self._texts[alike], text) | (self._texts[alike] == text)]
        return {self._exact[kind, self._towns[k]] for k in met}

    def _by_ear(self, kind: str, word: str, names: list[str]) -> int | None:
        said = np.frombuffer(coded(sounds(word)) * len(names), np.uint8).reshape(-1, LONGEST)
        others = b"".join(coded(sounds(name.replace(" ", ""))) for name in names)
        here, there = np.full(len(names), arabic(word)), np.array([arabic(name) for name in names])
        apart = distances(said, np.frombuffer(others, np.uint8).reshape(-1, LONGEST), here, there)
        order = np.argsort(apart, kind="stable")
        best = self._exact[kind, names[order[0]]]
        rivals = [apart[k] for k in order[1:] if self._exact[kind, names[k]] != best]
        if apart[order[0]] > _NEAR_ENOUGH * len(word) or (rivals and rivals[0] < apart[order[0]] + 0.1):
            return None
        return best
