"""The draw and the bound of a sample audit, against the rule as it is written and against exact arithmetic."""

from __future__ import annotations

import hashlib
from collections import Counter
from fractions import Fraction
from math import comb

import pytest

from petition.domain import sampling
from petition.domain.checkpoint import Malformed
from petition.domain.sampling import Given


def by_the_rule(slug: str, seed: str, lines: list[int], number: int) -> list[int]:
    """docs/ledger.md, word by word."""
    hashed = {hashlib.sha256(f"petition/sample/1\n{slug}\n{seed}\n{i}".encode()).hexdigest(): i for i in lines}
    return sorted(hashed[digest] for digest in sorted(hashed)[:number])


@pytest.mark.parametrize("number", [1, 7, 300, 3_500, 5_000])
def test_who_is_drawn_follows_from_the_seed_alone(number: int) -> None:
    lines = list(range(0, 7_000, 2))
    drawn = sampling.draw("clean-water", "6 14 22 31 40 49", lines, number)
    assert drawn == by_the_rule("clean-water", "6 14 22 31 40 49", lines, number)
    assert drawn == sampling.draw("clean-water", "6 14 22 31 40 49", set(lines), number)
    assert len(drawn) == min(number, 3_500)
    if number <= 300:
        assert drawn != sampling.draw("clean-water", "6 14 22 31 40 48", lines, number)
        assert drawn != sampling.draw("other", "6 14 22 31 40 49", lines, number)


def test_every_line_is_as_likely_as_every_other() -> None:
    times = Counter(line for seed in range(2_000) for line in sampling.draw("p", str(seed), range(40), 10))
    assert set(times) == set(range(40))
    # 500 expected each, with a standard deviation of 19.4: five of them.
    assert all(abs(times[line] - 500) < 97 for line in range(40))


def at_most(false: int, population: int, bad: int, number: int) -> Fraction:
    ways = sum(comb(bad, k) * comb(population - bad, number - k) for k in range(min(false, number) + 1))
    return Fraction(ways, comb(population, number))


@pytest.mark.parametrize(
    ("population", "number", "false"),
    [
        (3_500, 300, 0),
        (3_500, 300, 1),
        (3_500, 300, 12),
        (100, 10, 0),
        (100, 100, 3),
        (100, 99, 0),
        (5, 2, 2),
        (1, 1, 0),
    ],
)
def test_the_bound_is_the_least_that_the_sample_rules_out(population: int, number: int, false: int) -> None:
    bound = sampling.bound(population, number, false)
    assert false < bound <= population + 1
    if bound <= population:
        assert at_most(false, population, bound, number) <= Fraction(5, 100)
    assert bound - 1 <= false or at_most(false, population, bound - 1, number) > Fraction(5, 100)


def test_a_file_is_read_as_it_was_written_and_others_are_refused() -> None:
    given = Given("p", "a seed", 3, "note", {1: ({"full_name": "ليلى"}, b"s" * 32), 4: "gone"})
    assert Given.read(str(given)) == given
    swaps = (("sample 1", "sample 2"), ('"number": 3', '"number": 0'), ('"index": 4', '"index": 1'))
    for bad in (*(str(given).replace(*swap) for swap in swaps), "", "[]", "{}", "null", str(given)[:-9]):
        with pytest.raises(Malformed):
            Given.read(bad)
