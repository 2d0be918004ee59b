"""Migrations lead from nothing to exactly the tables that the code speaks of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.engine import Connection

from petition import keyfiles
from petition.db import tables
from petition.db.database import Database
from petition.db.migrating import Schema, migrate, require_current, schema
from petition.errors import SchemaAhead, SchemaBehind
from tests.house import settings_for
from tests.postgres import Cluster


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, database_kind: str) -> Iterator[str]:
    """A database that nothing has been done to."""
    if database_kind == "sqlite":
        yield ""
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    cluster.create_database("empty_one")
    yield cluster.url("empty_one")
    cluster.drop_database("empty_one")


@pytest.fixture
async def database(tmp_path: Path, empty_url: str) -> AsyncIterator[Database]:
    settings = settings_for(tmp_path / "var", empty_url)
    keyfiles.prepare(settings)
    opened = Database(settings)
    yield opened
    await opened.close()


async def test_an_empty_database_becomes_what_the_tables_say(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, tables.Table.metadata))

    assert await migrate(database)
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_does_nothing(database: Database) -> None:
    assert await migrate(database)
    assert not await migrate(database)
    assert await schema(database) is Schema.CURRENT


async def test_two_at_once_do_it_once(database: Database) -> None:
    assert sorted(await asyncio.gather(migrate(database), migrate(database))) == [False, True]


async def test_a_newer_database_is_refused_and_left_alone(database: Database) -> None:
    await migrate(database)
    async with database.write() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '2999_01_01_unknown'"))
    assert await schema(database) is Schema.AHEAD
    with pytest.raises(SchemaAhead):
        await require_current(database)
    with pytest.raises(SchemaAhead):
        await migrate(database)
    async with database.read() as connection:
        left = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
    assert left == "2999_01_01_unknown"


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_postgresql_is_not_served_before_it_is_migrated(database: Database) -> None:
    with pytest.raises(SchemaBehind):
        await require_current(database)


async def test_one_that_was_cut_off_left_nothing_half_done(database: Database) -> None:
    """Both databases take a migration back whole: what a kill would do, done by raising in its last step."""

    async def cut_off() -> None:
        async with database.write() as tx:
            await tx.run_sync(tables.Table.metadata.create_all)
            raise RuntimeError("cut off")

    with pytest.raises(RuntimeError):
        await cut_off()
    assert await schema(database) is Schema.BEHIND
    assert await migrate(database)
    assert await schema(database) is Schema.CURRENT
