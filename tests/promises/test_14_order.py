"""Promise 14: order tells nothing.

F: "|Spearman ρ| < 0.05 between signing order and row order, and export order". (Times: test_14_times.py.)
10,000 people sign and confirm one after another, so that chance alone stays five deviations (0.01 each) below 0.05.
Row order is what a SELECT without ORDER BY gives and, on PostgreSQL, place and transaction number of each row once
`retention.shuffle` has run the next day; on SQLite also where in the file a row's parts lie.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import text

from petition.actions import intake, signing
from petition.actions.intake import Attempt
from petition.domain import submission
from tests.factories import SLUG
from tests.house import House
from tests.promises.conftest import ON_SQLITE
from tests.promises.crowd import person
from tests.promises.searching import Needles

PEOPLE = 10_000
MOST = 0.05
MOST_IN_THE_FILE = 0.15


def ranks(values: Sequence[Any]) -> list[float]:
    """From 1; equal values share their mean rank."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    for _, group in itertools.groupby(enumerate(order, 1), key=lambda pair: values[pair[1]]):
        tied = list(group)
        for _, index in tied:
            found[index] = (tied[0][0] + tied[-1][0]) / 2
    return found


def rho(ones: Sequence[Any], others: Sequence[Any]) -> float:
    """Spearman's: the correlation of the ranks. What is all the same tells nothing: 0."""
    x, y = ranks(ones), ranks(others)
    mean = (len(x) + 1) / 2
    across = sum((a - mean) * (b - mean) for a, b in zip(x, y, strict=True))
    spread = (sum((a - mean) ** 2 for a in x) * sum((b - mean) ** 2 for b in y)) ** 0.5
    return across / spread if spread else 0.0


def test_an_order_would_be_seen() -> None:
    order = list(range(1000))
    assert rho(order, order) == pytest.approx(1)
    assert rho(order, order[::-1]) == pytest.approx(-1)
    assert rho(order, [7] * 1000) == 0
    assert rho([1, 2, 3, 4, 5], [1, 2, 3, 5, 4]) == pytest.approx(0.9)
    # Half of it in order and half by chance.
    mixed = [n if n % 2 else random.Random(n).randrange(1000) for n in order]
    assert rho(order, mixed) > 0.3


class Crowd:
    """People who sign, and later confirm, in order; a few at a time share a transaction, as in the grouped writer."""

    def __init__(self, house: House, number: int = PEOPLE) -> None:
        self._house = house
        self._number = number
        self._chance = random.Random()
        self.attempts: list[Attempt] = []

    def _groups(self) -> Iterator[slice]:
        start = 0
        while start < self._number:
            end = start + self._chance.randrange(1, 40)
            yield slice(start, min(end, self._number))
            start = end

    async def sign(self) -> None:
        """All are to be shown."""
        held, today = self._house.parts, self._house.parts.today()
        petition = held.hub.snapshot(SLUG).petition
        rules = intake.rules(petition)
        for group in self._groups():
            people = [person(self._chance) for _ in range(self._number)[group]]
            checked = [submission.check(rules, one.fields()) for one in people]
            prepared = [intake.prepare(petition, one, "ar", held.keys, today=today) for one in checked]
            async with held.database.write() as tx:
                await intake.record(tx, prepared)
            self.attempts += prepared

    async def confirm(self) -> None:
        held, today = self._house.parts, self._house.parts.today()
        for group in self._groups():
            asked = [signing.Confirmation(attempt.token, today) for attempt in self.attempts[group]]
            async with held.database.write() as tx:
                await signing.confirm(tx, asked, keys=held.keys)
        while await self._house.fold():
            pass

    def order(self, found: Sequence[bytes], column: str = "id", *, letters: bool = False) -> float:
        """ρ between the order of signing and that of `found`, which names them by a column's value."""
        rows = [attempt.letter if letters else attempt.signature for attempt in self.attempts]
        places = {bytes(row[column]): n for n, row in enumerate(rows)}
        return rho(range(len(found)), [places[bytes(value)] for value in found])


async def rows(house: House, query: str) -> list[Any]:
    async with house.parts.database.read() as connection:
        return [row[0] for row in await connection.execute(text(query))]


async def spread(house: House, crowd: Crowd) -> dict[str, float]:
    """ρ of every order that a reader of the database has without asking for one."""
    found = {
        "signatures": crowd.order(await rows(house, "SELECT id FROM signatures")),
        "outbox": crowd.order(await rows(house, "SELECT signature_id FROM outbox"), "signature_id", letters=True),
    }
    if not house.parts.database.sqlite:
        for name, column in (("signatures", "id"), ("outbox", "signature_id")):
            for place in ("ctid", "xmin"):
                listed = await pairs(house, f"SELECT {column}, {place}::text FROM {name}")
                found[f"{name} by {place}"] = by_value(crowd, listed, column, letters=name == "outbox")
    return found


async def pairs(house: House, query: str) -> list[Any]:
    async with house.parts.database.read() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


def by_value(crowd: Crowd, listed: Sequence[tuple[bytes, str]], column: str, *, letters: bool) -> float:
    """ρ between the order of signing and a value of each row: place on the disk, or transaction number."""
    numbers = {bytes(key): [int(number) for number in re.findall(r"\d+", value)] for key, value in listed}
    own = [attempt.letter if letters else attempt.signature for attempt in crowd.attempts]
    standing = [numbers[row[column]] for row in own if row[column] in numbers]
    return rho(range(len(standing)), standing)


async def exported(house: House) -> list[str]:
    """Every name that is shown, in the order of the public list."""
    names: list[str] = []
    after: str | None = ""
    while after is not None:
        query = {"limit": "500"} | ({"after": after} if after else {})
        page = (await house.http.get(f"/api/v1/petitions/{SLUG}/signatories", params=query)).json()
        names += [row["name"] for row in page["signatories"]]
        after = page["next"]
    return names


async def test_row_order_and_export_order_tell_nothing_of_signing_order(house: House) -> None:
    crowd = Crowd(house)
    await crowd.sign()
    if not house.parts.database.sqlite:
        # On the day itself PostgreSQL's rows lie as they came: so this can tell.
        same_day = await spread(house, crowd)
        assert min(same_day["signatures by ctid"], same_day["signatures by xmin"]) > 0.99
    await house.next_day()
    seen = {f"signed: {name}": value for name, value in (await spread(house, crowd)).items()}
    await crowd.confirm()
    await house.next_day()
    confirmed = await spread(house, crowd)
    seen |= {f"confirmed: {name}": value for name, value in confirmed.items() if "outbox" not in name}
    names = await exported(house)
    listed = await rows(house, "SELECT id FROM signatures WHERE shown_name IS NOT NULL ORDER BY shown_key, id")
    assert len(names) == len(listed) == PEOPLE
    seen["export"] = crowd.order(listed)
    print("\n".join(f"ρ {value:+.4f} {name}" for name, value in seen.items()))
    assert len(seen) == (4 if house.parts.database.sqlite else 10)
    assert {name: value for name, value in seen.items() if abs(value) >= MOST} == {}


@ON_SQLITE
async def test_the_file_itself_tells_nothing_of_signing_order(house: House) -> None:
    """Where each row's parts lie, byte by byte. Pages that the file grew by last hold a few more of the last: hence
    0.15; with parts on overflow pages it was 0.99999."""
    crowd = Crowd(house, 4_000)
    await crowd.sign()
    await house.worker.tidy()
    content = house.settings.sqlite_path.read_bytes()
    parts = {
        "token_hash": [attempt.signature["token_hash"] for attempt in crowd.attempts],
        "end of sealed": [attempt.signature["sealed"][-16:] for attempt in crowd.attempts],
        "end of own_copy": [attempt.signature["own_copy"][-16:] for attempt in crowd.attempts],
        "end of payload": [attempt.letter["payload"][-16:] for attempt in crowd.attempts],
    }
    seen = {name: rho(range(len(wanted)), places(content, wanted)) for name, wanted in parts.items()}
    print("\n".join(f"ρ {value:+.4f} {name}" for name, value in seen.items()))
    assert {name: value for name, value in seen.items() if abs(value) >= MOST_IN_THE_FILE} == {}


def places(content: bytes, wanted: Sequence[bytes]) -> list[int]:
    """Where in `content` each first stands."""
    needles = Needles()
    for number, value in enumerate(wanted):
        needles.add(str(number), {"raw": value})
    found: dict[str, int] = {}
    for label, place in needles.places(content):
        found.setdefault(label, place)
    return [found[str(number)] for number in range(len(wanted))]
