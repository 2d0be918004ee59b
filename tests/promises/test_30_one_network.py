"""Promise 30: one network, many people.

"200 honest signatories behind one address within the hour. F: 0 refused": with all limits on, each reads the page,
mistypes now and then, signs, follows the link, confirms and looks again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.factories import SLUG
from tests.house import House
from tests.people import someone

PEOPLE = 200
WITHIN = 3600
PAGE = f"/ar/petitions/{SLUG}"


async def test_a_cafe_full_of_signatories_is_refused_nothing(open_house: Callable[..., Any]) -> None:
    house: House = await open_house(limits="on")
    refused = []

    async def ask(method: str, path: str, *expected: int, **fields: str) -> None:
        answer = await house.http.request(method, path, data=fields or None)
        if answer.status_code not in expected:
            refused.append((method, path, answer.status_code))

    begun = house.clock.monotonic()
    for number in range(PEOPLE):
        who = someone(number)
        await ask("GET", PAGE, 200)
        if number % 4 == 0:
            await ask("POST", f"{PAGE}/signatures", 422, **who.fields(consent=""))
        await ask("POST", f"{PAGE}/signatures", 303, **who.fields())
        await ask("GET", f"{PAGE}/check-your-mail", 200)
        if number % 10 == 9:
            await house.deliver()
        house.clock.pass_(seconds=WITHIN / PEOPLE / 2)
    await house.deliver()
    mails = house.mails()
    assert len(mails) == PEOPLE
    for mail in mails:
        await ask("GET", mail.link, 200)
        await ask("POST", f"{mail.link}/confirm", 303, agree="yes")
        await ask("GET", mail.link, 200)
        house.clock.pass_(seconds=WITHIN / PEOPLE / 2.1)
    assert house.clock.monotonic() - begun < WITHIN
    assert refused == []
    await house.fold()
    assert (await house.counts())["total"] == PEOPLE


async def test_nor_is_a_whole_hall_at_one_moment(open_house: Callable[..., Any]) -> None:
    house: House = await open_house(limits="on")
    answers = [await house.sign(someone(number)) for number in range(PEOPLE)]
    assert {answer.status_code for answer in answers} == {303}
    await house.deliver()
    links = [mail.link for mail in house.mails()]
    assert len(links) == PEOPLE
    answers = [await house.post(link, "confirm", agree="yes") for link in links]
    assert {answer.status_code for answer in answers} == {303}
