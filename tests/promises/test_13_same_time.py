"""Promise 13: the time is the same for all.

"2,000 interleaved pairs. F: the classifier's AUC 0.5 ± 0.03": a known and a new address are asked in turns, in random
order within each pair, and a stranger who has only the durations guesses no better than a coin. Two interleaved samples
are compared with each other: how fast the machine is, or what else it does, does not matter.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import intake
from petition.actions.intake import Attempt
from petition.db import tables
from petition.db.grouping import Grouped
from tests.factories import SLUG
from tests.house import House
from tests.people import Person, someone
from tests.promises.conftest import ON_SQLITE

PAIRS = 2_000
MARGIN = 0.03
TRIES = 2
KNOWN = 60


def auc(ones: Sequence[int], others: Sequence[int]) -> float:
    """The chance that one of `ones` is above one of `others`, ties by half (Mann and Whitney's U, scaled)."""
    ranked = sorted([(value, True) for value in ones] + [(value, False) for value in others])
    total, start = 0.0, 0
    while start < len(ranked):
        end = start
        while end < len(ranked) and ranked[end][0] == ranked[start][0]:
            end += 1
        # Equal values share their mean rank.
        total += (start + 1 + end) / 2 * sum(mine for _, mine in ranked[start:end])
        start = end
    return (total - len(ones) * (len(ones) + 1) / 2) / (len(ones) * len(others))


def test_the_classifier_is_told_right() -> None:
    assert auc([1, 2, 3], [4, 5, 6]) == 0
    assert auc([4, 5, 6], [1, 2, 3]) == 1
    assert auc([1, 2, 2], [2, 2, 1]) == 0.5
    chance = random.Random(1)
    ones, others = ([int(chance.gauss(middle, 100)) for _ in range(5_000)] for middle in (1_000, 1_030))
    assert 0.56 < auc(others, ones) < 0.6


class Stopwatch:
    """Asks the application itself, without a client's own noise around it."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def ask(self, who: Person) -> int:
        """Nanoseconds from the request's arrival to the last byte of the answer."""
        body = urlencode(who.fields()).encode()
        path = f"/ar/petitions/{SLUG}/signatures"
        headers = [
            (b"host", b"petition.example"),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(body)).encode()),
        ]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
            "client": ("203.0.113.7", 40000), "server": ("petition.example", 80),
        }  # fmt: skip
        waiting = [{"type": "http.request", "body": body, "more_body": False}]
        statuses = []

        async def receive() -> Any:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        begun = time.perf_counter_ns()
        await self._house.app(scope, receive, send)
        ended = time.perf_counter_ns()
        assert statuses == [303]
        return ended - begun


@asynccontextmanager
async def no_garbage_collected() -> AsyncIterator[None]:
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


async def durations(house: House, known: Sequence[Person], pairs: int, first: int) -> tuple[list[int], list[int]]:
    """(known, new) for pairs in random order; names and addresses are of one length."""
    chance = random.Random()
    watch = Stopwatch(house)
    found: tuple[list[int], list[int]] = ([], [])
    for number in range(30):
        await watch.ask(someone(first - 1 - number))
    async with no_garbage_collected():
        for number in range(pairs):
            pair = [(0, known[number % len(known)]), (1, someone(first + number))]
            chance.shuffle(pair)
            for which, who in pair:
                found[which].append(await watch.ask(who))
    return found


async def known_people(house: House) -> list[Person]:
    """Pending, confirmed, withdrawn, erased; their numbers have as many digits as the new ones'."""
    people = [someone(900_000 + n) for n in range(KNOWN)]
    for n, who in enumerate(people):
        link = await house.signed(who)
        if n % 4:
            assert (await house.post(link, "confirm", agree="yes")).status_code == 303
        if n % 4 > 1:
            assert (await house.post(link, ("withdraw", "erase")[n % 2])).status_code == 303
    await house.fold()
    return people


@ON_SQLITE
async def test_nobody_learns_from_the_time_who_has_signed(house: House) -> None:
    known = await known_people(house)
    seen = []
    # By chance alone one measurement in a thousand lies outside: only two of two are a finding.
    for attempt in range(TRIES):
        ones, others = await durations(house, known, PAIRS, 100_000 + 10_000 * attempt)
        seen.append(auc(ones, others))
        print(f"AUC {seen[-1]:.4f}")
        if abs(seen[-1] - 0.5) <= MARGIN:
            return
    raise AssertionError(f"the time tells known from new: AUC {seen}")


@ON_SQLITE
async def test_a_check_that_skips_the_write_for_known_addresses_is_told_apart(house: House) -> None:
    known = await known_people(house)
    held = house.parts
    rows = tables.table(tables.Signature)

    async def early(tx: AsyncConnection, attempts: Sequence[Attempt]) -> Sequence[None]:
        identities = [attempt.signature["identity"] for attempt in attempts]
        found = (await tx.execute(select(rows.c.identity).where(rows.c.identity.in_(identities)))).scalars().all()
        new = [attempt for attempt in attempts if attempt.signature["identity"] not in found]
        if new:
            await intake.record(tx, new)
        return [None] * len(attempts)

    house.app.state.parts = replace(held, intake=Grouped(held.database, early))
    ones, others = await durations(house, known, PAIRS // 5, 100_000)
    told = auc(others, ones)
    print(f"AUC {told:.4f}")
    assert told > 0.6
