"""PostgreSQL's planner: what it does with statements that it has met before, and with tables that grew at once."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from petition.db.database import Database
from petition.queries import signatures
from tests.factories import SLUG
from tests.house import House

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


async def test_every_statement_is_planned_for_the_state_it_asks_for(house: House) -> None:
    """One plan for whatever state could use no index that is of one state alone, and would read every signature."""
    petition = house.parts.hub.any_petition(SLUG).id
    async with house.parts.database.read() as connection:
        for _ in range(12):
            await signatures.counted_of(connection, [(petition, secrets.token_bytes(32)) for _ in range(3)])
        plans = "SELECT sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements WHERE statement LIKE :asked"
        kept, new = (await connection.execute(text(plans), {"asked": "%signatures.identity IN%"})).one()
    assert (kept, new) == (0, 12)


async def test_a_connection_that_is_given_up_while_it_is_made_is_closed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: asyncio.Queue[Any] = asyncio.Queue()

    async def waits(connection: Any, *_: Any, **__: Any) -> None:
        made.put_nowait(connection)
        await asyncio.Event().wait()

    async def read() -> None:
        async with database.read():
            raise AssertionError("it never stands")

    database = Database(house.settings)
    monkeypatch.setattr(asyncpg.Connection, "execute", waits)
    reading = asyncio.create_task(read())
    connection = await made.get()
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading
    assert connection.is_closed()
    await database.close()
