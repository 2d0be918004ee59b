"""Every word and phrase that was met, once: its sounds, its keys, how often it occurs.

Rows are appended and never change place, so that a word's number may be kept. Frequencies are learned from the records
themselves: no list of names is needed, and a name that is rare in one petition may be common in the next.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from petition.domain.duplicates.letters import BITS, ONE_FORM, bit_rows, letter_pairs, letter_set, slips
from petition.domain.duplicates.places import NOWHERE, Places
from petition.domain.duplicates.vocabulary import GENERIC, concept
from petition.domain.names.distance import code, coded, distances
from petition.domain.names.letters import LONGEST, arabic, initial_class, plain, skeleton, skeletons, sounds
from petition.domain.names.words import Word, words

Ints = NDArray[np.int32]

WORDS: Final = 4  # words of a name that are compared: the first three and the last
PHRASE_WORDS: Final = 6
_CLASSES: Final = {c: 1 << at for at, c in enumerate("btsxkfhlrmn0.")}
LETTERS: Final = 16
_SLIP: Final = np.float32(0.8)  # one letter wrong, missing, too many, or two swapped: whatever they sound like
_NEIGHBOURS: Final = 24
_NEAR: Final = np.float32(0.5)


def hashed(text: str | bytes) -> int:
    """The same number for the same text on every machine and in every process."""
    return int.from_bytes(blake2b(text.encode() if isinstance(text, str) else text, digest_size=8).digest(), "little")


def classes(key: str) -> int:
    """The classes of consonants in a key, a bit for each."""
    bits = 0
    for consonant in key:
        bits |= _CLASSES.get(consonant, 0)
    return bits


class Heard(NamedTuple):
    """A word by its sounds: its key, the classes of consonants in that, the codes of the sounds."""

    key: str
    classes: int
    said: bytes


SILENT: Final = Heard("", 0, b"")


class Table:
    """Columns that grow: `columns["count"][:size]` is an ordinary array."""

    def __init__(self, **columns: tuple[Any, int]) -> None:
        self.size = 0
        self._room = 1024
        self.columns = {
            name: np.zeros((self._room, width) if width > 1 else self._room, kind)
            for name, (kind, width) in columns.items()
        }

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def cut(self) -> None:
        """No more room than its columns have."""
        self._room = len(next(iter(self.columns.values())))

    def grow(self, more: int) -> int:
        """Room for `more` rows; the number of the first of them."""
        start, self.size = self.size, self.size + more
        if self.size > self._room:
            self._room = max(self.size, self._room * 3 // 2)
            for name, column in self.columns.items():
                wider = np.zeros((self._room, *column.shape[1:]), column.dtype)
                wider[:start] = column[:start]
                self.columns[name] = wider
        return start


class Lexicon:
    """Words: of names, or of phrases."""

    def __init__(self) -> None:
        self._numbers: dict[Word, int] = {}
        self.texts: list[str] = []
        self.heard: list[Heard] = []
        self.total = 0
        self._settled = 0
        self.table = Table(
            letters=(f"S{LETTERS}", 1), codes=(np.uint8, LONGEST), other=(np.uint8, LONGEST), two=(np.bool_, 1),
            arabic=(np.bool_, 1), length=(np.float32, 1), key=(np.uint64, 1), other_key=(np.uint64, 1),
            first=(np.uint64, 1), signs=(np.uint64, 1), classes=(np.uint16, 1), initial=(np.bool_, 1),
            count=(np.float32, 1), mass=(np.float32, 1),
        )  # fmt: skip

    def number(self, word: Word) -> int:
        found = self._numbers.get(word)
        if found is None:
            found = self._numbers[word] = self._new(word)
        return found

    def _new(self, word: Word) -> int:
        at = self.table.grow(1)
        self.texts.append(word.text)
        said, keys = sounds(word.text), skeletons(word.text)
        columns = self.table.columns
        self.heard.append(Heard(keys[0], classes(keys[0]), code(said)))
        columns["letters"][at] = word.text.translate(ONE_FORM).encode(
            "iso8859_6" if arabic(word.text) else "latin-1", "replace"
        )
        columns["codes"][at] = np.frombuffer(coded(said), np.uint8)
        columns["other"][at] = np.frombuffer(coded(sounds(word.other)), np.uint8)
        columns["two"][at] = word.other != word.text
        columns["arabic"][at] = arabic(word.text)
        columns["length"][at] = max(1, len(said))
        columns["key"][at] = hashed(keys[0])
        columns["other_key"][at] = hashed(keys[1]) if len(keys) > 1 else 0
        columns["classes"][at] = self.heard[at].classes
        columns["first"][at] = hashed(f"begins {initial_class(word.text)}")
        columns["signs"][at] = letter_set(word.text)
        columns["initial"][at] = word.initial
        return at

    def count(self, numbers: Ints, by: int = 1) -> None:
        """Occurrences of words; the negative numbers of absent ones are passed over."""
        numbers = numbers[numbers >= 0]
        np.add.at(self.table["count"], numbers, by)
        self.total += by * len(numbers)

    def rarity(self, numbers: Ints) -> NDArray[np.float32]:
        """-log of the share of all words that sound like this one."""
        self.settle()
        mass = self.table["mass"][numbers]
        rare: NDArray[np.float32] = np.log((self.total + 50.0) / (mass + 0.5)).astype(np.float32)
        return rare

    def settle(self) -> None:
        """Weigh words by those near to them, anew when a quarter has come; words met since by themselves."""
        size = self.table.size
        if self._settled and self.total < self._settled * 1.25:
            return
        self._settled = max(1, self.total)
        count, key = self.table["count"][:size], self.table["key"][:size]
        # Of words as frequent the same come first whatever was met first.
        order = np.lexsort((self.table["letters"][:size], -count, key))
        starts = np.flatnonzero(np.r_[True, key[order][1:] != key[order][:-1]]) if size else np.zeros(0, int)
        place = np.arange(size) - np.repeat(starts, np.diff(np.r_[starts, size]))
        head_of = np.repeat(starts, np.diff(np.r_[starts, size]))
        mass = np.zeros(size, np.float32)
        ends = np.repeat(np.r_[starts[1:], size], np.diff(np.r_[starts, size])) if size else head_of
        for step in range(_NEIGHBOURS):
            there = head_of + step < ends
            one, other = order[there], order[(head_of + step)[there]]
            apart = self.apart(one.astype(np.int32), other.astype(np.int32))
            mass[one] += count[other] * np.maximum(0, 1 - apart / _NEAR)
        tail = place >= _NEIGHBOURS
        mass[order[tail]] += count[order[tail]]
        self.table.columns["mass"][:size] = mass

    def slipped(self, one: Ints, other: Ints) -> NDArray[np.bool_]:
        """Whether two words of one script are one slip of a finger apart, whatever they sound like."""
        table = self.table
        likely: NDArray[np.bool_] = (table["arabic"][one] == table["arabic"][other]) & (one != other)
        likely &= np.bitwise_count(table["signs"][one] ^ table["signs"][other]) <= 2
        asked = np.flatnonzero(likely)
        likely[asked] = slips(table["letters"][one[asked]], table["letters"][other[asked]])
        return likely

    def apart(self, one: Ints, other: Ints) -> NDArray[np.float32]:
        """Distances of words by number, in letters; a second reading of either (with, without an article) may serve."""
        table = self.table
        codes, second, spoken, two = table["codes"], table["other"], table["arabic"], table["two"]
        apart = np.zeros(len(one), np.float32)
        unlike = np.flatnonzero(one != other)
        i, j = one[unlike], other[unlike]
        found = distances(codes[i], codes[j], spoken[i], spoken[j])
        for left, right, may in ((second, codes, two[i]), (codes, second, two[j]), (second, second, two[i] & two[j])):
            again = np.flatnonzero(may & (found > 0.1))
            if len(again):
                a, b = i[again], j[again]
                found[again] = np.minimum(found[again], distances(left[a], right[b], spoken[a], spoken[b]) + 0.05)
        far = np.flatnonzero(found > _SLIP)
        found[far[self.slipped(i[far], j[far])]] = _SLIP
        apart[unlike] = found
        return apart


class Phrases:
    """Cities, countries, organisations, addresses: short texts that recur. Word order does not matter."""

    def __init__(self, kind: str = "", places: Places | None = None) -> None:
        self._kind = kind
        self._numbers: dict[str, int] = {}
        self.texts: list[str] = []
        self.lexicon = Lexicon()
        self._places = places
        self.table = Table(
            words=(np.int32, PHRASE_WORDS), count=(np.float32, 1), key=(np.uint64, 1), mask=(np.uint64, 1),
            place=(np.int32, 1), pairs=(np.uint64, BITS // 64), pair_count=(np.uint16, 1),
        )  # fmt: skip
        self.total = 0

    def number(self, text: str) -> int:
        """-1 for a text without letters or digits."""
        text = text.strip()
        if not text:
            return -1
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = self._new(text)
        return found

    def _new(self, text: str) -> int:
        parts = phrase_words(text)
        if not parts:
            return -1
        joined = " ".join(sorted(word.text for word in parts))
        place = self._places.number(self._kind, text) if self._places else NOWHERE
        same = self._numbers.get("\0" + joined)
        if same is not None:
            if text < self.texts[same]:
                self._written(same, text)
            self._placed(same, place)
            return same
        at = self.table.grow(1)
        self._numbers["\0" + joined] = at
        self.texts.append(text)
        self._written(at, text)
        numbers = [self.lexicon.number(word) for word in parts][:PHRASE_WORDS]
        columns = self.table.columns
        columns["words"][at] = numbers + [-1] * (PHRASE_WORDS - len(numbers))
        columns["key"][at] = hashed("|".join(sorted(skeleton(word.text) for word in parts)))
        special = [word for word in parts if word.text not in GENERIC] or parts
        mask = 0
        for word in special:
            mask |= 1 << (hashed(skeleton(word.text)) & 63)
        columns["mask"][at] = mask
        columns["place"][at] = NOWHERE
        self._placed(at, place)
        return at

    def _written(self, at: int, text: str) -> None:
        """A phrase's letters: of several writings with the same words those of the first by alphabet."""
        bits = letter_pairs(plain(text))
        self.texts[at] = text
        self.table.columns["pairs"][at] = bit_rows([bits])[0]
        self.table.columns["pair_count"][at] = bits.bit_count()

    def _placed(self, at: int, place: int) -> None:
        """Of several writings the place that comes first, whichever was met first."""
        known = int(self.table["place"][at])
        if place >= 0 and (known < 0 or place < known):
            self.table.columns["place"][at] = place
            self.table.columns["key"][at] = hashed(f"place {place}")

    def count(self, numbers: Ints, by: int = 1) -> None:
        numbers = numbers[numbers >= 0]
        np.add.at(self.table["count"], numbers, by)
        self.lexicon.count(self.table["words"][numbers].ravel(), by)
        self.total += by * len(numbers)


def phrase_words(text: str) -> list[Word]:
    """The words of a phrase without articles, general ones by what they mean ("جامعة", "Université": university)."""
    found: list[Word] = []
    for part in plain(text).replace("&", " ").replace("'", "").replace("’", "").split():
        for piece in "".join(c if c.isalnum() else " " for c in part).split():
            said = concept(piece)
            if said == "":
                continue
            found.extend([Word(said, said)] if said else words(piece) or [Word(piece, piece)])
    return found
