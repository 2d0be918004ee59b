"""What two records have in common and what sets them apart, as numbers, for many pairs at once.

`compare` gives one row for each of FEATURES. A probability is a weighted sum of them (weights.py), a reason is the
names of those that weighed most.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from petition.domain.duplicates.keys import Rows
from petition.domain.duplicates.letters import signs, slips
from petition.domain.duplicates.lexicon import WORDS, Ints
from petition.domain.duplicates.likeness import Likenesses
from petition.domain.duplicates.people import People
from petition.domain.names.distance import distances
from petition.domain.names.letters import BEGINS, LONGEST

Floats = NDArray[np.float32]

_LIMITS: Final = np.array([0.03, 0.12, 0.25, 0.42, 0.65, 0.95, 1.4], np.float32)
GRADES: Final = len(_LIMITS)
MIXTURES: Final = ("latin", "arabic", "cross")
_WORTH: Final = np.array([1.0, 0.95, 0.85, 0.65, 0.45, 0.3, 0.12, 0.0], np.float32)
SMALLEST: Final = 1000  # of a handful of records nobody can tell how rare a name is: they are judged as among so many

FEATURES: Final = (
    "size", "rare", "rare_near", "rare_far", "surplus", "plenty", "scarce",
    *(f"{mixture}_{grade}" for mixture in MIXTURES for grade in range(GRADES)),
    "identical", "spelled", "initial", "one_word", "three_words", "conflict", "conflicts", "first_conflict",
    "last_conflict", "extra", "extras", "swapped", "father", "crossed", "joined", "fits", "nameless",
    "household",
    "mail_same", "mail_plain", "mail_near", "mail_letters", "mail_digits", "mail_other",
    "phone_same", "phone_near", "phone_other",
    "city_same", "city_rare", "city_near", "city_other", "country_same", "country_other",
    "affiliation_same", "affiliation_rare", "affiliation_near", "affiliation_other",
    "born_same", "born_near", "born_other",
    "address_same", "address_near", "address_part", "address_other",
    "postcode_same", "postcode_near", "postcode_other",
    "national_id_same", "national_id_near", "national_id_other",
    "category_same", "category_other",
)  # fmt: skip
AT: Final = {name: at for at, name in enumerate(FEATURES)}


def compare(people: People, likenesses: Likenesses, one: Rows, other: Rows) -> Floats:
    """Features of the pairs (one[k], other[k]), shape (len(FEATURES), pairs)."""
    found = compare_fields(people, likenesses, one, other)
    compare_names(people, one, other, found)
    return found


def compare_fields(people: People, likenesses: Likenesses, one: Rows, other: Rows) -> Floats:
    """The same of all fields but the name, whose features are nought as yet: it costs more than all others together."""
    found = np.zeros((len(FEATURES), len(one)), np.float32)
    _mails(people, one, other, found)
    for name in ("phone", "born", "postcode", "national_id", "category"):
        _codes(people, name, one, other, found)
    _phrases(people, likenesses, one, other, found)
    return found


def compare_names(people: People, one: Rows, other: Rows, found: Floats) -> None:
    """The name's features, into what `compare_fields` found."""
    found[AT["size"]] = np.log(max(SMALLEST, people.size))
    _names(people, one, other, found)
    _joined(people, one, other, found)
    # Brothers and sisters share a telephone, a family name and a father's: the given name tells.
    found[AT["household"]] = found[AT["phone_same"]] * found[AT["first_conflict"]]


def nameless(people: People, one: Rows, other: Rows) -> NDArray[np.bool_]:
    """Whether either has no name that could be compared."""
    first = people["words"][:, 0]
    answer: NDArray[np.bool_] = (first[one] < 0) | (first[other] < 0)
    return answer


def address_fits(people: People, one: Rows, other: Rows) -> NDArray[np.bool_]:
    """Whether the address of either has about the consonants of the other's name."""
    kinds, kinds_other = people["kinds"][one], people["kinds"][other]
    answer: NDArray[np.bool_] = np.bitwise_count(kinds[:, 0] ^ kinds_other[:, 1]) <= 1
    answer |= np.bitwise_count(kinds[:, 1] ^ kinds_other[:, 0]) <= 1
    return answer


def _names(people: People, one: Rows, other: Rows, found: Floats) -> None:
    """In groups by the number of words: two names of two words take a quarter of the work of two of four."""
    numbers = people["words"]
    count = np.maximum(*((numbers[rows] >= 0).sum(1, dtype=np.int8) for rows in (one, other))).clip(2)
    order = np.argsort(count, kind="stable")
    ends = np.searchsorted(count[order], np.arange(2, WORDS + 1), "right")
    named = np.zeros((AT["nameless"] + 1, len(one)), np.float32)
    named[AT["size"]] = found[AT["size"]]
    start = 0
    for width, end in zip(range(2, WORDS + 1), ends, strict=True):
        if end > start:
            group = order[start:end]
            _matched(people, numbers[one[group], :width], numbers[other[group], :width], named[:, start:end])
        start = end
    lacking = nameless(people, one[order], other[order])
    named[AT["size"] + 1 :, lacking] = 0
    named[AT["nameless"], lacking] = 1
    found[: len(named), order] = named


def _matched(people: People, left: Ints, right: Ints, found: Floats) -> None:
    """The best way to match the words of two names in any order, and what it leaves unmatched."""
    n, width = left.shape
    grade, mixture, rarity = _graded(people, left, right)
    worth = _WORTH[grade] * (rarity + 1)
    every = np.array(list(permutations(range(width))))
    sums = np.stack([sum(worth[:, k, order[k]] for k in range(width)) for order in every])
    best = every[sums.argmax(0)]
    pick = np.arange(n)[:, None], np.arange(width)[None, :], best
    grade, mixture, rarity = grade[pick], mixture[pick], rarity[pick]
    partner = np.take_along_axis(right, best, 1)
    initial = _initials(people, left, partner)
    grade[initial >= 0] = GRADES
    met = grade < GRADES
    _weigh_words(people, left, partner, grade, mixture, np.where(met, rarity, 0), found)
    lone_left = (left >= 0) & ~met & (initial != 1)
    lone_right = (partner >= 0) & ~met & (initial != 1)
    unmet, more = lone_left.sum(1), lone_right.sum(1)
    fewest, gap = np.minimum(unmet, more), np.abs(unmet - more)
    words_met = met.sum(1)
    found[AT["initial"]] = (initial == 1).sum(1)
    found[AT["one_word"]] = words_met == 1
    found[AT["three_words"]] = words_met >= 3
    found[AT["conflict"]] = fewest == 1
    found[AT["conflicts"]] = fewest >= 2
    found[AT["extra"]] = gap == 1
    found[AT["extras"]] = gap >= 2
    _places_of_words(left, right, best, met | (initial == 1), lone_left, lone_right, found)


def _places_of_words(left: Ints, right: Ints, best: Any, met: Any, lone: Any, lone_other: Any, found: Floats) -> None:
    """Which place the matched and the unmatched words have: sons bear their father's name in the second."""
    rows = np.arange(len(left))
    last, last_other = (left >= 0).sum(1) - 1, (right >= 0).sum(1) - 1
    back = np.argsort(best, 1)
    met_other = np.take_along_axis(met, back, 1)
    ends = met[rows, last] & (best[rows, last] == last_other)
    lone_right_first = np.take_along_axis(lone_other, back[:, :1], 1)[:, 0]
    found[AT["first_conflict"]] = lone[:, 0] & lone_right_first
    found[AT["last_conflict"]] = (
        lone[rows, last] & np.take_along_axis(lone_other, back[rows, last_other][:, None], 1)[:, 0]
    )
    mine = met[:, 0] & (best[:, 0] > 0) & (best[:, 0] < last_other)
    theirs = met_other[:, 0] & (back[:, 0] > 0) & (back[:, 0] < last)
    crossed = mine & theirs
    father = ends & ((mine & lone_right_first) | (theirs & lone[:, 0])) & ~crossed
    order = (met & (best != np.arange(left.shape[1]))).sum(1) >= 2
    found[AT["crossed"]], found[AT["father"]] = crossed, father
    found[AT["swapped"]] = order & ~crossed & ~father


def _graded(people: People, left: Ints, right: Ints) -> tuple[Any, Any, Floats]:
    """For every two words of the names: how alike, in which scripts, how rare; shape (pairs, width, width)."""
    n, width = left.shape
    a = np.repeat(left, width, 1).ravel()
    b = np.tile(right, (1, width)).ravel()
    table = people.lexicon.table
    codes = (a.astype(np.int64) << 32) | b
    codes[(a < 0) | (b < 0)] = -1
    unique, back = np.unique(codes, return_inverse=True)
    grade = np.full(len(unique), GRADES, np.int8)
    mixture = np.zeros(len(unique), np.int8)
    rarity = np.zeros(len(unique), np.float32)
    i, j = (unique >> 32).astype(np.int32), (unique & 0xFFFFFFFF).astype(np.int32)
    difference = table["classes"][i] ^ table["classes"][j]
    likely = np.flatnonzero((unique >= 0) & (np.bitwise_count(difference) <= 3))
    # A word of six sounds cannot be near with two consonants exchanged; a longer one can.
    short = (table["length"][i[likely]] + table["length"][j[likely]]) < 13
    likely = likely[~short | (np.bitwise_count(difference[likely]) <= 2)]
    rest = np.setdiff1d(np.flatnonzero(unique >= 0), likely, assume_unique=True)
    likely = np.union1d(likely, rest[people.lexicon.slipped(i[rest], j[rest])])
    i, j = i[likely], j[likely]
    lengths = (table["length"][i] + table["length"][j]) / 2
    apart = people.lexicon.apart(i, j) / (0.2 + 0.2 * lengths)
    grade[likely] = np.searchsorted(_LIMITS, apart)
    mixture[likely] = np.where(table["arabic"][i] == table["arabic"][j], table["arabic"][i], 2)
    rarity[likely] = np.minimum(people.lexicon.rarity(i), people.lexicon.rarity(j))
    shape = (n, width, width)
    return grade[back].reshape(shape), mixture[back].reshape(shape), rarity[back].reshape(shape)


def _initials(people: People, left: Ints, right: Ints) -> NDArray[np.int8]:
    """-1: neither word is an initial; 1: one is and fits the other; 0: it does not."""
    table = people.lexicon.table
    either = (table["initial"][left] | table["initial"][right]) & (left >= 0) & (right >= 0)
    fits = BEGINS[table["codes"][left, 0], table["codes"][right, 0]]
    return np.where(either, fits, -1).astype(np.int8)


def _weigh_words(
    people: People, left: Ints, right: Ints, grade: Any, mixture: Any, rarity: Floats, found: Floats
) -> None:
    for at in range(len(MIXTURES)):
        here = mixture == at
        for step in range(GRADES):
            found[AT[f"{MIXTURES[at]}_{step}"]] = (here & (grade == step)).sum(1)
    alike = (left == right) & (left >= 0)
    found[AT["identical"]] = alike.sum(1)
    # A spelling of its own among others that sound alike is rarer than their sound.
    count, mass = people.lexicon.table["count"][left], people.lexicon.table["mass"][left]
    found[AT["spelled"]] = np.where(alike, np.log((np.maximum(mass, count) + 0.5) / (count + 0.5)), 0).sum(1)
    exact, near = rarity * (grade <= 1), rarity * ((grade == 2) | (grade == 3))
    found[AT["rare"]] = exact.sum(1)
    found[AT["rare_near"]] = near.sum(1)
    found[AT["rare_far"]] = (rarity * (grade >= 4)).sum(1)
    _add_surplus(found, slice(None))


def _add_surplus(found: Floats, rows: Any) -> None:
    """How far a name is rarer than one in all records: below nought, somebody else is likely to bear it too."""
    surplus = found[AT["rare"], rows] + 0.8 * found[AT["rare_near"], rows] - found[AT["size"], rows]
    found[AT["surplus"], rows] = np.clip(surplus, 0, 6)
    found[AT["plenty"], rows] = np.clip(surplus - 3, 0, 6)
    found[AT["scarce"], rows] = np.clip(surplus, -6, 0)


def _joined(people: People, one: Rows, other: Rows, found: Floats) -> None:
    """A name written in one word beside the same in two; and an address made of the other's name."""
    left, right = people["words"][one], people["words"][other]
    single, single_other = left[:, 1] < 0, right[:, 1] < 0
    asked = np.flatnonzero((single != single_other) & (left[:, 0] >= 0) & (right[:, 0] >= 0))
    if len(asked):
        spoken = people.lexicon.table["arabic"]
        arabic, arabic_other = spoken[left[asked, 0]], spoken[right[asked, 0]]
        apart = _between(people, one[asked], other[asked], ((0, 0), (0, 1), (1, 0)), arabic, arabic_other)
        met = asked[apart <= 0.4]
        more = np.where(single[met, None], right[met], left[met])
        rare = np.where(more >= 0, people.lexicon.rarity(more.ravel()).reshape(more.shape), 0).sum(1)
        found[AT["size"] + 1 : AT["nameless"], met] = 0
        found[AT["joined"], met] = 1
        found[AT["rare_near"], met] = rare
        _add_surplus(found, met)
    doubtful = address_fits(people, one, other) & (found[AT["conflict"]] > 0) & (left[:, 0] >= 0) & (right[:, 0] >= 0)
    asked = np.flatnonzero(doubtful & (found[AT["one_word"]] + found[AT["three_words"]] + found[AT["initial"]] > 0))
    if len(asked):
        spoken = people.lexicon.table["arabic"]
        latin = np.zeros(len(asked), np.bool_)
        apart = np.minimum(
            _between(people, one[asked], other[asked], ((2, 0), (2, 1)), latin, spoken[right[asked, 0]]),
            _between(people, one[asked], other[asked], ((0, 2), (1, 2)), spoken[left[asked, 0]], latin),
        )
        found[AT["fits"], asked] = apart <= 0.25


def _between(people: People, one: Rows, other: Rows, ways: Any, arabic: Any, arabic_other: Any) -> Floats:
    """The least distance of what is said in whole names (0, 1: either order) and addresses (2), for its length."""
    left = people["said"][one].view(np.uint8).reshape(-1, 3, LONGEST)
    right = people["said"][other].view(np.uint8).reshape(-1, 3, LONGEST)
    least = np.full(len(one), 9, np.float32)
    for mine, theirs in ways:
        length = ((left[:, mine] != 0).sum(1) + (right[:, theirs] != 0).sum(1)) / 2
        apart = distances(left[:, mine], right[:, theirs], arabic, arabic_other) / (0.2 + 0.2 * length)
        least = np.where(length >= 4, np.minimum(least, apart), least)
    return least


def _mails(people: People, one: Rows, other: Rows, found: Floats) -> None:
    left, right = people["mail"][one], people["mail"][other]
    both = (left != b"") & (right != b"")
    same = both & (left == right)
    digits, others = people["mail_digits"][one], people["mail_digits"][other]
    numbered = np.char.str_len(digits) >= 2
    letters, more = people["mail_letters"][one], people["mail_letters"][other]
    # A slip among the letters, or in a number too long to be a year: 1986 and 1985 are two people.
    long = (np.char.str_len(digits) >= 5) & (np.char.str_len(others) >= 5) & (letters == more)
    rest = np.flatnonzero(both & ~same & ((digits == others) | long))
    near = np.zeros(len(one), bool)
    near[rest] = slips(left[rest], right[rest])
    letters_same = both & ~same & ~near & (letters == more) & (np.char.str_len(letters) >= 5)
    digits_same = both & ~same & ~near & ~letters_same & (digits == others) & (np.char.str_len(digits) >= 4)
    found[AT["mail_same"]], found[AT["mail_plain"]] = same & numbered, same & ~numbered
    found[AT["mail_near"]] = near
    found[AT["mail_letters"]], found[AT["mail_digits"]] = letters_same, digits_same
    found[AT["mail_other"]] = both & ~(same | near | letters_same | digits_same)


def _codes(people: People, name: str, one: Rows, other: Rows, found: Floats) -> None:
    left, right = people[name][one], people[name][other]
    both = (left != b"") & (right != b"")
    if not both.any():
        return
    same = both & (left == right)
    if name == "category":
        found[AT["category_same"]], found[AT["category_other"]] = same, both & ~same
        return
    rest = np.flatnonzero(both & ~same)
    near = np.zeros(len(one), bool)
    near[rest] = slips(left[rest], right[rest])
    if name == "born":
        near[rest] |= _day_for_month(left[rest], right[rest])
    found[AT[f"{name}_same"]], found[AT[f"{name}_near"]] = same, near
    found[AT[f"{name}_other"]] = both & ~same & ~near


def _day_for_month(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.bool_]:
    a, b = signs(left), signs(right)
    swapped = np.concatenate([a[:, :4], a[:, 6:8], a[:, 4:6]], 1)
    same: NDArray[np.bool_] = (swapped == b[:, :8]).all(1)
    return same


def _phrases(people: People, likenesses: Likenesses, one: Rows, other: Rows, found: Floats) -> None:
    for name in ("city", "country", "affiliation", "address"):
        left, right = people[name][one], people[name][other]
        both = np.flatnonzero((left >= 0) & (right >= 0))
        if not len(both):
            continue
        like, rare = likenesses.of(name, left[both], right[both])
        same, near = like >= 0.88, (like >= 0.62) & (like < 0.88)
        if name == "address":
            part = (like >= 0.35) & ~same & ~near
            found[AT["address_part"], both] = part
            near = near | part
        found[AT[f"{name}_same"], both] = same
        found[AT[f"{name}_other"], both] = ~same & ~near if name != "country" else ~same
        if name != "country":
            found[AT[f"{name}_near"], both] = near & (like >= 0.62)
        if name in ("city", "affiliation"):
            found[AT[f"{name}_rare"], both] = np.where(same | near, rare, 0)
