"""Which records are compared at all: those that share a key, each kind of key with bounded blocks.

A key is a number made of what two records of one person are likely to share even when all else was spelled anew.
A block larger than its bound is put in order and only neighbours are compared; how many pairs that left out is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from petition.domain.duplicates.lexicon import WORDS
from petition.domain.duplicates.people import People

Keys = NDArray[np.uint64]
Rows = NDArray[np.int64]
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_NONE: Final = np.uint64(0)


def mixed(*parts: Keys) -> Keys:
    """One key of several; nought where any of them is nought."""
    found = np.zeros(len(parts[0]), np.uint64)
    empty = np.zeros(len(parts[0]), bool)
    for part in parts:
        empty |= part == _NONE
        found = (found ^ part) * _MULTIPLIER
        found ^= found >> np.uint64(29)
    found[empty] = _NONE
    return found


def text_key(values: NDArray[Any], least: int = 1) -> Keys:
    """Keys of fixed-width texts; nought for those shorter than `least`."""
    width = values.dtype.itemsize
    parts = np.ascontiguousarray(values).view(np.uint64).reshape(-1, width // 8) if width % 8 == 0 else _padded(values)
    found = np.full(len(values), np.uint64(0x51ED270B), np.uint64)
    for column in parts.T:
        found = (found ^ column) * _MULTIPLIER
        found ^= found >> np.uint64(32)
    found[np.char.str_len(values) < least] = _NONE
    return found


def _padded(values: NDArray[Any]) -> Keys:
    width = -(-values.dtype.itemsize // 8) * 8
    return values.astype(f"S{width}").view(np.uint64).reshape(-1, width // 8)


@dataclass(frozen=True)
class Kind:
    """One kind of key: the rows it is made for may repeat, once for each of a record's keys of the kind."""

    name: str
    most: int  # neighbours of a record in a block that are compared
    make: Callable[[People, slice], Iterator[Keys]]
    small: bool = False  # a larger block says too little: none of it is compared
    only: Callable[[People, Rows, Rows], NDArray[np.bool_]] | None = None  # which pairs of a block it is meant for


def _words(people: People, rows: slice, name: str = "key") -> list[Keys]:
    """The skeletons of a name's words, nought for absent ones and initials."""
    lexicon = people.lexicon.table
    numbers = people["words"][rows]
    found = lexicon[name][numbers]
    found[(numbers < 0) | lexicon["initial"][numbers]] = _NONE
    return list(found.T)


def _pairs_of(people: People, rows: slice) -> Iterator[Keys]:
    """Every two words of a name, in either order; a single word by itself."""
    keys, others = _words(people, rows), _words(people, rows, "other_key")
    single = np.where(keys[1] == _NONE, keys[0], _NONE)
    yield mixed(single, single)
    for one, other in combinations(range(WORDS), 2):
        for left, right in ((keys[one], keys[other]), (others[one], keys[other]), (keys[one], others[other])):
            yield mixed(np.minimum(left, right), np.maximum(left, right))


def _phrase(people: People, rows: slice, name: str) -> Keys:
    numbers = people[name][rows]
    found: Keys = people.phrases[name].table["key"][numbers]
    found[numbers < 0] = _NONE
    return found


def _beginning(people: People, rows: slice, letters: int) -> Keys:
    return text_key(people["mail_letters"][rows].astype(f"S{letters}").astype("S8"), letters)


def _mail(people: People, rows: slice) -> Iterator[Keys]:
    yield text_key(people["mail"][rows], 3)


def _mail_letters(people: People, rows: slice) -> Iterator[Keys]:
    yield text_key(people["mail_letters"][rows], 7)


def _mail_digits(people: People, rows: slice) -> Iterator[Keys]:
    yield text_key(people["mail_digits"][rows], 6)


def _code(name: str, least: int) -> Callable[[People, slice], Iterator[Keys]]:
    def make(people: People, rows: slice) -> Iterator[Keys]:
        yield text_key(people[name][rows], least)

    return make


def _names(people: People, rows: slice) -> Iterator[Keys]:
    yield from _pairs_of(people, rows)


def _names_with(*names: str) -> Callable[[People, slice], Iterator[Keys]]:
    def make(people: People, rows: slice) -> Iterator[Keys]:
        others = [_phrase(people, rows, name) for name in names]
        for pair in _pairs_of(people, rows):
            yield mixed(pair, *others)

    return make


def _word_with(*names: str) -> Callable[[People, slice], Iterator[Keys]]:
    def make(people: People, rows: slice) -> Iterator[Keys]:
        others = [_phrase(people, rows, name) for name in names]
        for word in _words(people, rows):
            yield mixed(word, *others)

    return make


def _three_words(people: People, rows: slice) -> Iterator[Keys]:
    """A name of three words is rarer than any two of them."""
    first, second, third, fourth = _words(people, rows)
    ordered = np.sort(np.stack([first, second, np.where(fourth == _NONE, third, fourth)]), 0)
    yield mixed(*ordered)


def _initials(people: People, rows: slice) -> Iterator[Keys]:
    """A word with the first consonant of another: "M. Ahmad" and Mohammad Ahmad."""
    numbers, first = people["words"][rows], people.lexicon.table["first"]
    begins = np.where(numbers < 0, _NONE, first[numbers])
    words = _words(people, rows)
    last = np.maximum(0, (numbers >= 0).sum(1) - 1)
    every = np.stack([*words])
    end, end_begins = every[last, np.arange(len(last))], begins[np.arange(len(last)), last]
    for at in range(1, WORDS):
        yield np.where(last >= at, mixed(begins[:, 0], words[at]), _NONE)
    yield np.where(last >= 1, mixed(end_begins, words[0]), _NONE)
    yield np.where(last >= 2, mixed(begins[:, 1], end), _NONE)


def _initials_and_city(people: People, rows: slice) -> Iterator[Keys]:
    city = _phrase(people, rows, "city")
    for key in _initials(people, rows):
        yield mixed(key, city)


def _one_initial(people: People, one: Rows, other: Rows) -> NDArray[np.bool_]:
    """Whether either of the two has an initial for a word."""
    numbers, initial = people["words"], people.lexicon.table["initial"]
    answer: NDArray[np.bool_] = np.zeros(len(one), np.bool_)
    for rows in (one, other):
        answer |= ((numbers[rows] >= 0) & initial[numbers[rows]]).any(1)
    return answer


def _rare_word(people: People, rows: slice) -> Iterator[Keys]:
    yield from _words(people, rows)
    yield from _words(people, rows, "other_key")


def _whole(people: People, rows: slice) -> Iterator[Keys]:
    yield from people["whole"][rows].T


def _word_mail(people: People, rows: slice) -> Iterator[Keys]:
    beginning = _beginning(people, rows, 5)
    for word in _words(people, rows):
        yield mixed(word, beginning)


def _names_mail(people: People, rows: slice) -> Iterator[Keys]:
    beginning = _beginning(people, rows, 3)
    for pair in _pairs_of(people, rows):
        yield mixed(pair, beginning)


def _word_code(name: str) -> Callable[[People, slice], Iterator[Keys]]:
    def make(people: People, rows: slice) -> Iterator[Keys]:
        value = text_key(people[name][rows], 3)
        for word in _words(people, rows):
            yield mixed(word, value)

    return make


def _address(people: People, rows: slice) -> Iterator[Keys]:
    yield _phrase(people, rows, "address")


def _address_code(name: str) -> Callable[[People, slice], Iterator[Keys]]:
    def make(people: People, rows: slice) -> Iterator[Keys]:
        yield mixed(text_key(people[name][rows], 3), _phrase(people, rows, "city"))

    return make


KINDS: Final = (
    Kind("mail", 40, _mail),
    Kind("phone", 40, _code("phone", 7)),
    Kind("mail letters", 8, _mail_letters),
    Kind("mail digits", 8, _mail_digits),
    Kind("names", 10, _names),
    Kind("three words", 12, _three_words),
    Kind("names and city", 12, _names_with("city")),
    Kind("names and affiliation", 12, _names_with("affiliation")),
    Kind("names and mail", 8, _names_mail),
    Kind("whole name", 8, _whole),
    Kind("word, city, affiliation", 10, _word_with("city", "affiliation")),
    Kind("word and city", 5, _word_with("city"), small=True),
    Kind("word and mail", 8, _word_mail, small=True),
    Kind("initial and word", 12, _initials, small=True, only=_one_initial),
    Kind("initial, word and city", 12, _initials_and_city, small=True, only=_one_initial),
    Kind("rare word", 6, _rare_word, small=True),
    Kind("national id", 20, _code("national_id", 4)),
    Kind("birth", 20, _code("born", 6)),
    Kind("word and birth", 20, _word_code("born")),
    Kind("word and postcode", 20, _word_code("postcode")),
    Kind("address", 20, _address),
    Kind("postcode and city", 6, _address_code("postcode")),
)


def keyed(kind: Kind, people: People, rows: slice) -> tuple[Keys, Rows]:
    """All keys of one kind with their rows."""
    count = range(*rows.indices(people.size))
    numbers = np.arange(count.start, count.stop, dtype=np.int64)
    keys, owners = [], []
    for found in kind.make(people, slice(count.start, count.stop)):
        there = found != _NONE
        keys.append(found[there])
        owners.append(numbers[there])
    if not keys:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    return np.concatenate(keys), np.concatenate(owners)


def _in_order(keys: Keys, owners: Rows) -> tuple[Keys, Rows]:
    """By key and owner, in one sort of numbers that hold both: of a key the upper half and more is as good as all."""
    bits = np.uint64(int(owners.max(initial=0)).bit_length())
    packed = (keys >> bits << bits) | owners.astype(np.uint64)
    packed.sort()
    parted: Keys = packed >> bits
    return parted, (packed ^ (parted << bits)).astype(np.int64)


def neighbours(keys: Keys, owners: Rows, most: int, small: bool = False) -> tuple[Rows, Rows, int]:
    """Pairs within blocks, at most `most` neighbours to either side, and how many pairs were left out."""
    keys, owners = _in_order(keys, owners)
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(keys)])
    ends = np.repeat(starts + sizes, sizes)
    place = np.flatnonzero(np.repeat(sizes <= most + 1, sizes)) if small else np.arange(len(keys))
    ones, others = [], []
    for step in range(1, most + 1):
        place = place[place + step < ends[place]]
        if not len(place):
            break
        ones.append(owners[place])
        others.append(owners[place + step])
    over = sizes[sizes > most + 1].astype(np.int64)
    left_out = 0 if small else int(((over - most) * (over - most - 1) // 2).sum())
    if not ones:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), left_out
    return np.concatenate(ones), np.concatenate(others), left_out
