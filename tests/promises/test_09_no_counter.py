"""Promise 9: the count never blocks and is never wrong for its "as of".

F: "no statement in the query record adds one to a counter": every statement of sign, deliver, confirm, withdraw,
deny, erase, lapse and fold is recorded; none sets a column from its own value, and only the fold writes a tally.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from petition.actions import counting
from petition.domain import ledger
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.people import KARIM, LAYLA, OMAR, SALMA, someone

# What an UPDATE, or an INSERT that finds its row there already, sets: up to the condition.
SETS = re.compile(r"\bSET\b(.*?)(?:\bWHERE\b|\bRETURNING\b|$)", re.DOTALL | re.IGNORECASE)
WRITES = re.compile(r"\s*(?:WITH\b.*?\b)?(INSERT|UPDATE|DELETE)\b", re.DOTALL | re.IGNORECASE)


def adds_to_itself(statement: str) -> bool:
    """Whether it sets a column to something reckoned from what stands there."""
    bare = re.sub(r"'(?:[^']|'')*'", "''", statement)
    return any(re.search(r"[+\-*|/]", given) for given in SETS.findall(bare))


def writes_tally(statement: str) -> bool:
    return bool(WRITES.match(statement) or "FOR UPDATE" in statement) and "tall" in statement


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Every statement of every engine of this process, as the database gets it."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tallies SET total = total + 1 WHERE petition_id = ?",
        "UPDATE tallies SET total=(tallies.total + $1::INTEGER) WHERE tallies.petition_id = $2",
        "INSERT INTO tally_days VALUES (?) ON CONFLICT (day) DO UPDATE SET counted = tally_days.counted + 1",
    ],
)
def test_a_counter_would_be_seen(statement: str) -> None:
    assert adds_to_itself(statement)
    assert writes_tally(statement)


async def test_nobody_who_acts_adds_to_a_number(house: House) -> None:
    with recorded() as acts:
        links = [await house.signed(who) for who in (LAYLA, OMAR, SALMA, KARIM, someone(1), someone(2))]
        for link in links[:5]:
            assert (await house.post(link, "confirm", agree="yes")).status_code == 303
        again = await house.signed(LAYLA)
        assert (await house.post(again, "confirm", agree="yes")).status_code == 303
        assert (await house.post(links[0], "visibility", visibility="initials")).status_code == 303
        assert (await house.post(links[1], "withdraw")).status_code == 303
        assert (await house.post(links[2], "erase")).status_code == 303
        assert (await house.post(links[5], "deny")).status_code == 303
        await house.signed(someone(3))
    # The record is not blind. New rows go past it (db/dialect.append), by what can change none that is there.
    for begins in ("UPDATE signatures", "DELETE FROM outbox"):
        assert any(statement.startswith(begins) for statement in acts), begins
    assert not [statement for statement in acts if adds_to_itself(statement)]
    assert not [statement for statement in acts if writes_tally(statement)]

    with recorded() as background:
        assert await house.fold() == 7
        await house.next_day(15)
    assert any(statement.startswith("UPDATE tallies") for statement in background)
    assert not [statement for statement in background if adds_to_itself(statement)]
    assert (await house.counts())["total"] == 3


@pytest.mark.parametrize("database_kind", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
async def test_signing_and_confirming_go_on_while_the_tally_is_locked(house: House) -> None:
    link = await house.signed(LAYLA)
    await house.confirmed(OMAR)
    async with house.parts.database.write() as folding:
        await folding.execute(text("LOCK TABLE tallies, tally_days IN EXCLUSIVE MODE"))
        assert (await house.post(link, "confirm", agree="yes")).status_code == 303
        assert (await house.sign(SALMA)).status_code == 303
        assert (await house.counts())["total"] == 1
    await house.fold()
    assert (await house.counts())["total"] == 2


async def test_the_count_is_the_fold_of_the_first_entries_at_every_moment(
    open_house: Callable[..., Any],
) -> None:
    house: House = await open_house(petition=petition_text())
    links = [await house.signed(someone(n, category=("journalists", "activists")[n % 2])) for n in range(12)]
    acts = [(link, "confirm") for link in links] + [
        (link, ("withdraw", "erase")[n % 2]) for n, link in enumerate(links[:6])
    ]
    petition_id = house.parts.hub.snapshot(SLUG).petition.id
    for n, (link, act) in enumerate(acts):
        assert (await house.post(link, act, agree="yes")).status_code == 303
        if n % 3 == 0:
            await house.fold()
        counts = await house.counts()
        async with house.parts.database.read() as connection:
            entries = await counting.entries(connection, petition_id)
        tally = ledger.fold(entries[: counts["ledger_size"]])
        assert (tally.total, tally.awaiting, tally.removed) == (
            counts["total"],
            counts["awaiting_verification"],
            counts["removed"],
        )
