"""Promise 26: no mail cannon.

"10,000 posts for one victim (dots, plus, case, IDN variants), over 20 petitions. F: ≤ 2 mails in 24 h, ≤ 4 in 7 days,
across restarts." The posts come over eight days from many networks, in bursts and one by one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from petition.domain.identity import mail_address
from petition.web import attempts
from petition.web.forms import Typed
from tests.factories import petition_text
from tests.house import House
from tests.people import LAYLA, someone

POSTS = 10_000
PETITIONS = 20
DAYS = 8
A_DAY = (timedelta(hours=24), 2)
A_WEEK = (timedelta(days=7), 4)
BURSTS = 50


def dotted(chance: random.Random, local: str) -> str:
    return "".join(letter + "." * (chance.random() < 0.3) for letter in local[:-1]) + local[-1]


def in_some_case(chance: random.Random, text: str) -> str:
    return "".join(chance.choice((letter.lower(), letter.upper())) for letter in text)


def tagged(chance: random.Random, local: str) -> str:
    return local if chance.random() < 0.3 else f"{local}+{chance.randrange(10**6)}"


def at_gmail(chance: random.Random) -> str:
    local = tagged(chance, in_some_case(chance, dotted(chance, "victimhaddad")))
    return f"{local}@{in_some_case(chance, chance.choice(('gmail.com', 'googlemail.com')))}"


def at_an_unknown_host(chance: random.Random) -> str:
    """Of whose mailboxes we know nothing: dots and tags may reach the same one, so that the budget overlooks them."""
    local = tagged(chance, in_some_case(chance, dotted(chance, "victimhaddad")))
    return f"{local}@{in_some_case(chance, 'example.org')}"


def in_another_script(chance: random.Random) -> str:
    """One international domain in all its spellings, and digits and signs of other keyboards."""
    domain = chance.choice(
        ("bücher.example.org", "BÜCHER.example.org", "bu\u0308cher.example.org", "xn--bcher-kva.example.org",
         "bücher。example.org", "ｂücher.example.org", "bücher．example．org")
    )  # fmt: skip
    at = chance.choice(("@", "＠", " @ "))
    local = tagged(chance, in_some_case(chance, dotted(chance, "victim7")))
    return f"{local.replace('7', chance.choice('7٧۷'))}{at}{domain}"


VICTIMS = {"gmail": at_gmail, "unknown host": at_an_unknown_host, "another script": in_another_script}


@pytest.mark.parametrize("spelled", VICTIMS.values(), ids=VICTIMS.keys())
def test_all_these_spellings_are_one_mailbox(spelled: Callable[[random.Random], str]) -> None:
    chance = random.Random(26)
    written = {spelled(chance) for _ in range(500)}
    assert len(written) > 200
    assert len({mail_address(address).mailbox for address in written}) == 1


class Cannon:
    """Attempts through the door that form and API share, from whichever network."""

    def __init__(self, house: House, spelled: Callable[[random.Random], str], chance: random.Random) -> None:
        self.house = house
        self._spelled = spelled
        self._chance = chance

    async def by_http(self, number: int) -> None:
        slug = f"petition-{self._chance.randrange(PETITIONS)}"
        fields = LAYLA.fields(email=self._spelled(self._chance), full_name=f"Layla {'abcdefgh'[number % 8] * 3}")
        async with self.house.client(f"10.{number // 250 % 250}.{number % 250}.9") as http:
            answer = await http.post(f"/ar/petitions/{slug}/signatures", data=fields)
        assert answer.status_code == 303, answer.text

    async def directly(self, number: int) -> None:
        held = self.house.parts
        snapshot = held.hub.snapshot(f"petition-{number % PETITIONS}")
        typed = Typed(LAYLA.fields(email=self._spelled(self._chance)), {})
        await attempts.submit(held, snapshot, typed, "ar", None)

    async def burst(self, begin: int, end: int) -> None:
        """One in ten over HTTP."""
        await asyncio.gather(*(self.by_http(n) if n % 10 == 0 else self.directly(n) for n in range(begin, end)))


def times_of(house: House) -> list[datetime]:
    """When mails went to the victim, by their Date."""
    return sorted(
        parsedate_to_datetime(str(mail.message["Date"])) for mail in house.mails() if "victim" in _plain(mail.to)
    )


def _plain(address: str) -> str:
    return address.replace(".", "").lower()


def most_within(times: Sequence[datetime], span: timedelta) -> int:
    return max((sum(begin <= time < begin + span for time in times) for begin in times), default=0)


def test_a_mail_too_many_would_be_counted() -> None:
    noon = datetime(2017, 12, 27, 12)
    times = [noon + timedelta(hours=hours) for hours in (0, 23, 24, 25, 100)]
    assert most_within(times, A_DAY[0]) == 3
    assert most_within(times, A_WEEK[0]) == 5
    assert most_within([noon, noon + timedelta(hours=24)], A_DAY[0]) == 1


@pytest.mark.parametrize("spelled", VICTIMS.values(), ids=VICTIMS.keys())
async def test_nobody_can_be_shot_at(
    open_house: Callable[..., Any], spelled: Callable[[random.Random], str], database_kind: str
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    # Reminders count as well.
    house: House = await open_house(limits="on", petition=None)
    for n in range(PETITIONS):
        await house.apply(petition_text(slug=f"petition-{n}", reminder=n % 2 == 0))
    cannon = Cannon(house, spelled, chance)
    posts = POSTS if spelled is at_gmail and database_kind == "sqlite" else POSTS // 5
    each = posts // BURSTS
    confirmed = 0
    try:
        for burst in range(BURSTS):
            await cannon.burst(burst * each, (burst + 1) * each)
            await house.deliver()
            if burst == 3:
                # They once confirm, so that "you have signed already" is mailed from then on.
                answers = [await house.post(mail.link, "confirm", agree="yes") for mail in house.mails()]
                confirmed = sum(answer.status_code == 303 for answer in answers)
            if burst % 12 == 5:
                house = cannon.house = await house.restarted()
            house.clock.pass_(hours=DAYS * 24 / BURSTS * chance.uniform(0.7, 1.3))
            if burst % 6 == 0:
                await house.worker.tidy()
                await house.deliver()
            # Somebody else is not held up by it.
            if burst in (10, 40):
                await cannon.burst(0, 100)
                await house.sign(someone(burst), slug="petition-1")
                await house.deliver()
                assert house.mails(to=someone(burst).email)
    finally:
        await house.stop()
    times = times_of(house)
    print(f"{len(times)} mails for {posts} posts, {times[0]} to {times[-1]}")
    assert most_within(times, A_DAY[0]) == A_DAY[1]
    assert most_within(times, A_WEEK[0]) == A_WEEK[1]
    assert 4 <= len(times) <= 8
    assert confirmed == 2
