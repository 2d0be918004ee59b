"""Promise 12: the answer is the same for all.

New, pending, signed, withdrawn, denied, erased, over the mail budget. F: "status, headers and body differ in 0 bytes
over 1,000 pairs", by the form and by the API, in both languages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from tests.factories import SLUG, petition_text
from tests.house import House
from tests.people import Person, someone

PAIRS = 1_000
EACH = 6


def as_bytes(answer: httpx.Response) -> bytes:
    """All that comes over the line but the date."""
    headers = b"".join(b"%s: %s\r\n" % pair for pair in answer.headers.raw if pair[0].lower() != b"date")
    return b"%d\r\n%s\r\n%s" % (answer.status_code, headers, answer.content)


class Doors:
    def __init__(self, house: House) -> None:
        self._house = house

    async def knock(self, who: Person, number: int, **changes: str) -> bytes:
        """The form or the API, in Arabic or English; each from a network of its own, so that no limit is met."""
        lang = ("ar", "en")[number // 2 % 2]
        async with self._house.client(f"10.{number // 250}.{number % 250}.7") as http:
            if number % 2:
                fields = who.fields(language=lang, **changes)
                return as_bytes(await http.post(f"/api/v1/petitions/{SLUG}/signatures", json=fields))
            return as_bytes(await http.post(f"/{lang}/petitions/{SLUG}/signatures", data=who.fields(**changes)))


async def known_people(house: House) -> dict[str, list[Person]]:
    """Some of each kind of address that the database knows."""
    kinds = "pending confirmed withdrawn denied erased lapsed again budget".split()
    people = {kind: [someone(1000 * n + m) for m in range(EACH)] for n, kind in enumerate(kinds)}
    for who in people["lapsed"]:
        await house.sign(who)
    await house.next_day(20)
    acts = {"withdrawn": "withdraw", "denied": "deny", "erased": "erase"}
    for kind in ("confirmed", "withdrawn", "erased", "again", "denied"):
        for who in people[kind]:
            link = await house.signed(who)
            if kind != "denied":
                assert (await house.post(link, "confirm", agree="yes")).status_code == 303
            if kind in acts:
                assert (await house.post(link, acts[kind])).status_code == 303
            if kind == "again":
                await house.signed(who)
    for who in people["pending"]:
        await house.sign(who)
    for who in people["budget"]:
        for _ in range(3):
            await house.sign(who)
    await house.deliver()
    assert all(len(house.mails(to=who.email)) == 2 for who in people["budget"]), "the third is over the budget"
    await house.fold()
    return people


async def test_nobody_learns_from_the_answer_who_has_signed(open_house: Callable[..., Any]) -> None:
    house: House = await open_house(limits="on")
    people = await known_people(house)
    kinds = list(people)
    doors = Doors(house)
    different = []
    for number in range(PAIRS):
        kind = kinds[number % len(kinds)]
        known = people[kind][number // len(kinds) % EACH]
        new = someone(100_000 + number)
        answers = [await doors.knock(known, number), await doors.knock(new, number)]
        # What has just become known is asked again, and the other one comes first.
        if number % 3 == 0:
            answers.append(await doors.knock(new, number))
        if any(answer != answers[0] for answer in answers):
            different.append((kind, *answers))
        assert answers[0].startswith((b"303", b"202"))
    assert len({*kinds}) == 8
    assert not different, different[0]


async def test_a_difference_of_one_byte_would_be_seen(open_house: Callable[..., Any]) -> None:
    house: House = await open_house()
    await house.apply(petition_text(slug="boycott-sochj"))
    one = await house.sign(someone(1))
    other = await house.sign(someone(1), slug="boycott-sochj")
    assert len(as_bytes(one)) == len(as_bytes(other))
    assert as_bytes(one) != as_bytes(other)
