"""Promise 33: the client does not choose its rate bucket.

"Random X-Forwarded-For, Forwarded, X-Real-IP: one bucket": the 1,001st attempt at one moment is told to wait whatever
it claims about itself. A proxy that we trust tells its clients apart, and they cannot choose by what they prepend.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from petition.actions.limits import SIGN
from tests.factories import SLUG
from tests.house import House
from tests.promises.conftest import ON_SQLITE

pytestmark = ON_SQLITE

PATH = f"/ar/petitions/{SLUG}/signatures"
API = f"/api/v1/petitions/{SLUG}/signatures"
BURST = int(SIGN.burst)
PROXY = "10.0.0.1"


def made_up(chance: random.Random) -> dict[str, str]:
    """What a client may write about where it comes from."""

    def address() -> str:
        if chance.random() < 0.3:
            return "2001:db8:" + ":".join(f"{chance.randrange(1 << 16):x}" for _ in range(6))
        return ".".join(str(chance.randrange(1, 255)) for _ in range(4))

    return {
        "X-Forwarded-For": ", ".join(address() for _ in range(chance.randrange(1, 4))),
        "Forwarded": f'for="{address()}";proto=https, for={address()}',
        "X-Real-IP": address(),
        "X-Client-IP": address(),
        "True-Client-IP": address(),
        "CF-Connecting-IP": address(),
        "Via": f"1.1 {address()}",
    }


async def attempts(house: House, address: str, number: int, headers: Callable[[], dict[str, str]] = dict) -> set[int]:
    """The statuses of so many empty forms from one address."""
    async with house.client(address) as http:
        return {(await http.post(PATH, headers=headers())).status_code for _ in range(number)}


async def one(house: House, address: str, path: str = PATH, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with house.client(address) as http:
        return await http.post(path, headers=named)


async def test_whatever_it_claims_a_client_has_one_bucket(open_house: Callable[..., Any]) -> None:
    house: House = await open_house(limits="on")
    chance = random.Random(33)
    assert await attempts(house, "203.0.113.7", BURST, lambda: made_up(chance)) == {422}
    assert await attempts(house, "203.0.113.7", 50, lambda: made_up(chance)) == {429}
    refused = await one(house, "203.0.113.7")
    wait = int(refused.headers["retry-after"])
    assert 1 <= wait <= 3600
    # The form and the API share it, and so does the rest of its network.
    by_api = await one(house, "203.0.113.7", API, Content_Type="application/json")
    assert by_api.status_code == 400, "a body that is none is told first"
    async with house.client("203.0.113.99") as http:
        by_api = await http.post(API, json={"full_name": "x"})
    assert by_api.status_code == 429
    assert by_api.headers["retry-after"] == str(by_api.json()["retry_after"])
    # Another network is not held up, and this one only for as long as it was told.
    assert (await one(house, "203.0.114.7")).status_code == 422
    house.clock.pass_(seconds=wait)
    assert (await one(house, "203.0.113.7")).status_code == 422


async def test_one_household_with_sixth_generation_addresses_is_one_network(open_house: Callable[..., Any]) -> None:
    house: House = await open_house(limits="on")
    for number in range(BURST // 50):
        assert await attempts(house, f"2001:db8:1:2{number:02x}::{number:x}", 50) == {422}
    assert (await one(house, "2001:db8:1:2ff:a:b:c:d")).status_code == 429
    assert (await one(house, "2001:db8:1:300::1")).status_code == 422


async def test_a_trusted_proxys_clients_are_told_apart_and_cannot_choose(open_house: Callable[..., Any]) -> None:
    house: House = await open_house(limits="on", trusted_proxies="10.0.0.0/8")
    chance = random.Random(33)

    def behind(client: str) -> dict[str, str]:
        """The proxy adds the address that it sees to whatever the client wrote there."""
        claimed = made_up(chance)
        return {**claimed, "X-Forwarded-For": f"{claimed['X-Forwarded-For']}, {client}"}

    assert await attempts(house, PROXY, BURST, lambda: behind("198.51.100.1")) == {422}
    assert await attempts(house, PROXY, 20, lambda: behind("198.51.100.1")) == {429}
    assert await attempts(house, PROXY, 20, lambda: behind("198.51.101.1")) == {422}
    # The same through a second proxy of ours, and in several header lines.
    assert (await one(house, "10.9.9.9", X_Forwarded_For="198.51.100.1, 10.0.0.1")).status_code == 429
    async with house.client(PROXY) as http:
        lines = [("X-Forwarded-For", "8.8.8.8"), ("X-Forwarded-For", "198.51.100.1")]
        assert (await http.post(PATH, headers=lines)).status_code == 429
    # The others' headers are nobody's word, not even from the proxy.
    assert (await one(house, PROXY, X_Forwarded_For="198.51.100.1", Forwarded="for=8.8.8.8")).status_code == 429


@pytest.mark.parametrize(
    ("proxy", "told"),
    [
        ("10.0.0.1", "198.51.100.1:51234"),
        ("10.0.0.1", "::ffff:198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1"),
        ("10.0.0.1", '"198.51.100.1"'),
        ("10.0.0.1", "2001:db8:1::7"),
        ("10.0.0.1", "[2001:db8:1::7]"),
        ("10.0.0.1", "[2001:db8:1::7]:443"),
    ],
)
async def test_proxies_write_addresses_in_several_ways(open_house: Callable[..., Any], proxy: str, told: str) -> None:
    """And listening on IPv6 writes IPv4 ones in its own: none of it may throw all clients into one bucket."""
    house: House = await open_house(limits="on", trusted_proxies="10.0.0.0/8")
    assert (await one(house, proxy, X_Forwarded_For=told)).status_code == 422
    # A neighbour, written plainly, takes all that is left.
    neighbour = "2001:db8:1::9" if "2001" in told else "198.51.100.9"
    for _ in range(BURST - 1):
        house.parts.limiter.take("sign", SIGN, neighbour, now=house.clock.monotonic())
    assert (await one(house, proxy, X_Forwarded_For=told)).status_code == 429
    assert (await one(house, proxy, X_Forwarded_For="192.0.2.1:77")).status_code == 422
