"""Promise 14, the second half: "no stored time finer than a day", in any column of any table, and in nothing sealed."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text

from petition.actions import signing
from petition.domain import sealing, tokens
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.people import someone
from tests.promises.moments import Moments

# A petition's own opening and closing are its organizers' and public.
EXEMPT = {("petitions", "opens_at"), ("petitions", "closes_at")}
# A random number reads as a moment of these weeks once in some thousand; a column of moments does so every time.
BY_CHANCE = 0.05


def columns(connection: Connection) -> dict[tuple[str, str], tuple[str, list[Any]]]:
    """Every column of every table there is: its type, and all its values."""
    found = {}
    looking = inspect(connection)
    for name in looking.get_table_names():
        listed = looking.get_columns(name)
        wanted = ", ".join('"{}"'.format(column["name"]) for column in listed)
        values = connection.execute(text(f"SELECT {wanted} FROM {name}")).all()
        for position, column in enumerate(listed):
            found[name, column["name"]] = (str(column["type"]), [row[position] for row in values])
    return found


def telling(found: Mapping[tuple[str, str], tuple[str, list[Any]]], moments: Moments) -> list[tuple[str, str]]:
    """The columns that hold, or are made to hold, a time finer than a day."""
    told = []
    for column, (kind, values) in found.items():
        if column in EXEMPT:
            continue
        hits = [value for value in values if moments.finer_than_a_day(value)]
        by_chance = BY_CHANCE * len(values) if all(isinstance(hit, bytes | memoryview) for hit in hits) else 0
        if re.match("DATETIME|TIME|INTERVAL", kind.upper()) or len(hits) > by_chance:
            told.append(column)
    return told


async def test_no_column_holds_a_time_finer_than_a_day(open_house: Callable[..., Any]) -> None:
    begun = datetime.now(UTC)
    text_of = petition_text(reminder=True, opens_at="2017-12-20T08:30:00Z", closes_at="2018-06-01T10:00:00Z")
    house: House = await open_house(limits="on", petition=text_of)
    house.clock.now = first = datetime(2017, 12, 27, 10, 17, 23, 456789, tzinfo=UTC)
    for n in range(24):
        house.clock.pass_(minutes=7, seconds=13, milliseconds=n)
        link = await house.signed(someone(n, visibility=("name", "anonymous")[n % 2]))
        if n % 6:
            assert (await house.post(link, "confirm", agree="yes")).status_code == 303
        if act := {2: "withdraw", 3: "erase"}.get(n % 6, "deny" if n % 12 == 0 else None):
            assert (await house.post(link, act)).status_code == 303
        if n % 3 == 0:
            await house.sign(someone(n))
            await house.deliver()
        await house.fold()
    await house.sign(someone(1))
    await house.next_day(4)
    await house.deliver()
    # Some that still wait for everything, so that no table is empty.
    late = await house.signed(someone(100))
    await house.post(late, "confirm", agree="yes")
    await house.sign(someone(101))
    moments = Moments([(first, house.clock.now), (begun, datetime.now(UTC) + timedelta(minutes=1))])
    async with house.parts.database.read() as connection:
        found = await connection.run_sync(columns)
    filled = {table for (table, _), (_, values) in found.items() if values}
    assert {"signatures", "outbox", "mailed", "ledger_waiting", "ledger_entries", "tallies", "tally_days"} <= filled
    assert telling(found, moments) == []

    # Nor do the sealed values, to whoever may open them.
    token = tokens.read(late.rpartition("/")[2])
    assert token is not None
    async with house.parts.database.read() as connection:
        own = signing.own_record(await signing.standing(connection, token), token)
        mail = text("SELECT payload, signature_id FROM outbox WHERE state = 'waiting'")
        payload, about = (await connection.execute(mail)).first()  # type: ignore[misc]
        signature = text("SELECT sealed, petition_id FROM signatures WHERE sealed IS NOT NULL")
        sealed, petition_id = (await connection.execute(signature)).first()  # type: ignore[misc]
    letter = json.loads(sealing.unseal(payload, house.parts.keys.mail, about))
    record, _ = sealing.open_record(sealed, house.recovery_key(SLUG), petition_id)
    for opened in (own, letter, record):
        assert opened["language"] == "ar"
        assert not moments.finer_than_a_day(opened)


NOW = datetime(2017, 12, 30, 11, 5, 6, 700, tzinfo=UTC)
STAMP = int(NOW.timestamp())


@pytest.mark.parametrize(
    "value",
    [
        NOW,
        NOW.isoformat(),
        "2017-12-30 11:05:06",
        "11:05",
        STAMP,
        STAMP + 0.5,
        STAMP * 1000 + 17,
        STAMP * 10**9,
        str(STAMP),
        {"at": [STAMP]},
        json.dumps({"at": STAMP}).encode(),
        STAMP.to_bytes(4, "big") + b"\xff" * 12,
        (STAMP * 1000).to_bytes(6, "big") + b"\x7f\xff\xbf" + b"\xfe" * 7,
        uuid.UUID(int=((STAMP * 1000) << 80) | (7 << 76) | (2 << 62) | 0xABCDEF),
    ],
    ids=str,
)
def test_a_time_would_be_seen(value: Any) -> None:
    moments = Moments([(NOW - timedelta(days=3), NOW + timedelta(days=3))])
    values = [value.bytes, str(value)] if isinstance(value, uuid.UUID) else [value]
    assert all(moments.finer_than_a_day(one) for one in values)
    assert telling({("some", "column"): ("BLOB", values)}, moments) == [("some", "column")]
    assert telling({("petitions", "opens_at"): ("DATETIME", values)}, moments) == []


def test_a_day_and_chance_are_no_times() -> None:
    moments = Moments([(NOW - timedelta(days=3), NOW + timedelta(days=3))])
    for value in (date(2017, 12, 30), "2017-12-30", 3500, True, None, "boycott-sochi", {"name": "10 or more"}):
        assert not moments.finer_than_a_day(value)
    by_chance = [random.Random(n).randbytes(16) for n in range(5_000)]
    assert telling({("some", "id"): ("BLOB", by_chance)}, moments) == []
    assert telling({("some", "at"): ("TIMESTAMP", [])}, moments) == [("some", "at")]
