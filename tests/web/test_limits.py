"""Rate limits: per network, told with a time to wait, and generous enough for a café full of signatories."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from petition import words
from petition.actions.limits import ROTATE_SECONDS, SIGN, Limiter, Rate
from petition.errors import TooMany
from tests.factories import SLUG
from tests.house import House
from tests.people import LAYLA, OMAR
from tests.web.test_problems import read_problem

Open = Callable[..., Awaitable[House]]
ENGLISH = words.load()["en"]
FORM, API = f"/en/petitions/{SLUG}/signatures", f"/api/v1/petitions/{SLUG}/signatures"
SLOW = Rate(burst=3, per_second=0.5)


def lets_through(limiter: Limiter, address: str, now: float, most: int = 100) -> int:
    for number in range(most):
        try:
            limiter.take("sign", SLOW, address, now=now)
        except TooMany:
            return number
    return most


def test_a_burst_and_then_as_time_goes_by() -> None:
    limiter = Limiter(True)
    assert lets_through(limiter, "203.0.113.7", 100) == 3
    assert lets_through(limiter, "203.0.113.7", 101.9) == 0
    assert lets_through(limiter, "203.0.113.7", 102) == 1
    assert lets_through(limiter, "203.0.113.7", 1000) == 3


def test_after_the_time_told_the_next_one_is_let_through() -> None:
    limiter = Limiter(True)
    lets_through(limiter, "203.0.113.7", 100)
    with pytest.raises(TooMany) as refused:
        limiter.take("sign", SLOW, "203.0.113.7", now=100.7)
    limiter.take("sign", SLOW, "203.0.113.7", now=100.7 + refused.value.retry_after)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("203.0.113.7", "203.0.113.250", True),
        ("203.0.113.7", "203.0.114.7", False),
        ("203.0.113.7", "::ffff:203.0.113.9", True),
        ("2001:db8:1:100::1", "2001:db8:1:1ff::9", True),
        ("2001:db8:1:100::1", "2001:db8:1:200::1", False),
        ("nonsense", "", True),
    ],
)
def test_a_network_is_one(one: str, other: str, together: bool) -> None:
    limiter = Limiter(True)
    assert lets_through(limiter, one, 100) == 3
    assert lets_through(limiter, other, 100) == (0 if together else 3)


def test_different_acts_have_different_buckets_and_off_is_off() -> None:
    limiter = Limiter(True)
    lets_through(limiter, "203.0.113.7", 100)
    limiter.take("link", SLOW, "203.0.113.7", now=100)
    assert lets_through(Limiter(False), "203.0.113.7", 100) == 100


def test_no_address_is_kept_and_what_is_kept_is_forgotten_within_the_hour() -> None:
    limiter = Limiter(True)
    lets_through(limiter, "203.0.113.7", 100)
    kept = repr(limiter.__dict__)
    assert "203.0" not in kept
    assert b"\xcb\x00q" not in b"".join(digest for _, digest in limiter._buckets)
    before = set(limiter._buckets)
    limiter.take("sign", SLOW, "203.0.113.7", now=101 + ROTATE_SECONDS)
    assert not before & set(limiter._buckets)


def exhaust(house: House, left: int = 0) -> None:
    """As if that many had signed from this network within the last second."""
    for _ in range(int(SIGN.burst) - left):
        house.parts.limiter.take("sign", SIGN, "203.0.113.7", now=house.clock.monotonic())


async def test_who_comes_too_often_is_told_when_to_come_again(open_house: Open) -> None:
    house = await open_house(limits="on")
    exhaust(house, left=1)
    assert (await house.http.post(FORM, data=LAYLA.fields())).status_code == 303
    refused = await house.http.post(FORM, data=OMAR.fields())
    assert refused.status_code == 429
    wait = int(refused.headers["retry-after"])
    assert 1 <= wait <= 5
    assert ENGLISH("error-title.too-many") in refused.text
    assert OMAR.full_name in refused.text
    assert OMAR.email in refused.text
    problem = read_problem(await house.http.post(API, json=OMAR.fields()), 429, "too-many")
    assert problem["retry_after"] == wait
    # Others go on, and reading is never limited.
    async with house.client("198.51.100.1") as elsewhere:
        assert (await elsewhere.post(FORM, data=OMAR.fields())).status_code == 303
    assert (await house.http.get(f"/en/petitions/{SLUG}")).status_code == 200
    house.clock.pass_(seconds=wait)
    assert (await house.http.post(FORM, data=OMAR.fields())).status_code == 303


async def test_the_proxy_we_trust_says_who_it_is_and_nobody_else_does(open_house: Open) -> None:
    house = await open_house(limits="on", trusted_proxies="10.0.0.0/8")
    exhaust(house)
    claims = {
        "x-forwarded-for": "198.51.100.1",
        "forwarded": "for=198.51.100.1",
        "x-real-ip": "198.51.100.1",
        "cf-connecting-ip": "198.51.100.1",
        "true-client-ip": "198.51.100.1",
    }
    for name, value in claims.items():
        assert (await house.http.post(API, json={}, headers={name: value})).status_code == 429
    async with house.client("10.1.2.3") as proxy:
        for forwarded, status in (
            ("203.0.113.7", 429),
            ("198.51.100.1, 203.0.113.7", 429),
            ("203.0.113.7, 198.51.100.1", 422),
            ("203.0.113.7, 10.9.9.9", 429),
            ("nonsense, 203.0.113.7", 429),
            ("", 422),
        ):
            answer = await proxy.post(API, json={}, headers={"x-forwarded-for": forwarded})
            assert (forwarded, answer.status_code) == (forwarded, status)


async def test_the_signatorys_link_is_limited_too(open_house: Open) -> None:
    house = await open_house(limits="on")
    link = await house.signed(LAYLA)
    bucket = house.parts.limiter._buckets
    for key in list(bucket):
        bucket[key] = (0.0, house.clock.monotonic())
    assert (await house.http.get(link)).status_code == 200
    for key in list(bucket):
        bucket[key] = (0.0, house.clock.monotonic())
    assert (await house.http.get(link)).status_code == 429
    assert (await house.post(link, "confirm", agree="yes")).status_code == 429
    house.clock.pass_(seconds=5)
    assert (await house.post(link, "confirm", agree="yes")).status_code == 303
