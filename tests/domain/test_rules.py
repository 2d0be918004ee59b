"""A rule's conditions: what they fit, and what is refused with which words."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from petition.domain import batching, bursts, folding, rules
from petition.domain.countries import COUNTRIES
from petition.errors import Invalid


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("test", "Test User", True),
        ("test", "Tester User", False),
        ("test*", "Tester User", True),
        ("user test", "Test Other User", True),
        ("*احمد", "محمد الأَحمَد", True),
        ("محمد", "مُحمّد الأحمد", True),
        ("محمد", "أحمد", False),
        ("a?i", "Ali", True),
        ("a?i", "Abdi", False),
        ("[a-z]*", "Ali", False),
        ("a.i", "Abi", False),
        ("*", "anybody at all", True),
    ],
)
def test_a_name_pattern_fits_as_a_person_would_read_it(pattern: str, name: str, expected: bool) -> None:
    rule = rules.check({"name": pattern}, (), COUNTRIES)
    assert rule.test()(folding.fold(name), "", "") is expected


def test_a_mail_domain_is_meant_whole_unless_it_says_otherwise() -> None:
    for pattern, domain, expected in (
        ("example.org", "example.org", True),
        ("@Example.ORG", "example.org", True),
        ("example.org", "mail.example.org", False),
        ("*.example.org", "mail.example.org", True),
        ("*.example.org", "example.org", False),
        ("example.org", "example.org.evil.example", False),
        ("exampleXorg.net", "example.org", False),
    ):
        assert rules.check({"domain": pattern}, (), COUNTRIES).test()("", domain, "") is expected, (pattern, domain)


def test_all_conditions_must_hold_together() -> None:
    rule = rules.check({"name": "ali", "country": "sy", "domain": "example.org"}, (), COUNTRIES)
    assert rule.looks_inside
    assert rule.test()("ali", "example.org", "SY")
    for name, domain, country in (("omar", "example.org", "SY"), ("ali", "x.org", "SY"), ("ali", "example.org", "LB")):
        assert not rule.test()(name, domain, country)


@pytest.mark.parametrize(
    ("raw", "field", "code"),
    [
        ({}, "rule", "rule-empty"),
        ({"name": "   "}, "rule", "rule-empty"),
        ({"domain": "no dots"}, "domain", "domain-unreadable"),
        ({"domain": "a" * 300 + ".org"}, "domain", "too-long"),
        ({"country": "XX"}, "country", "country-unknown"),
        ({"category": "nobody"}, "category", "category-unknown"),
        ({"method": "fax"}, "method", "unknown-choice"),
        ({"burst": "ABCDEFGH"}, "burst", "burst-unknown"),
        ({"first": "27.12.2017"}, "first", "date-unreadable"),
        ({"first": "20171227"}, "first", "date-unreadable"),
        ({"first": "2017-12-27", "last": "2017-12-26"}, "last", "days-reversed"),
    ],
)
def test_a_condition_that_means_nothing_is_refused_by_name(raw: dict[str, str], field: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check(raw, ("fsa",), COUNTRIES)
    assert {name: why.code for name, why in refused.value.fields.items()} == {field: code}


@pytest.mark.parametrize(
    ("number", "total", "needed"),
    [(20, 3500, False), (21, 3500, True), (20, 2000, False), (11, 1000, True), (1, 5, False)],
)
def test_over_twenty_or_one_in_a_hundred_takes_a_second_owner(number: int, total: int, needed: bool) -> None:
    assert batching.second_owner_needed(number, total) is needed


TODAY = date(2018, 1, 20)


def days(**numbers: int) -> dict[date, int]:
    """`ago3=40`: forty signed three days ago."""
    return {TODAY - timedelta(days=int(name.removeprefix("ago"))): n for name, n in numbers.items()}


def test_a_day_far_above_the_days_before_it_is_unusual() -> None:
    usual = {TODAY - timedelta(days=n): 20 for n in range(1, 20)}
    begun = TODAY - timedelta(days=19)
    assert bursts.unusual({**usual, TODAY: 80}, TODAY, begun=begun) is None
    assert bursts.unusual({**usual, TODAY: 81}, TODAY, begun=begun) == bursts.Unusual(TODAY, 81, 20)


def test_small_numbers_and_the_first_days_are_not_unusual() -> None:
    long_ago = TODAY - timedelta(days=60)
    assert bursts.unusual(days(ago0=29), TODAY, begun=long_ago) is None
    assert bursts.unusual(days(ago0=30), TODAY, begun=long_ago) is not None
    assert bursts.unusual(days(ago0=3000), TODAY, begun=TODAY - timedelta(days=2)) is None
    assert bursts.unusual(days(ago7=3000), TODAY, begun=long_ago) is None
