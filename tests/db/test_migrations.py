"""Migrations lead from nothing to exactly the tables that the code speaks of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.engine import Connection

from petition import keyfiles
from petition.db import dialect, migrating, tables, tiles
from petition.db.database import Database
from petition.db.migrating import Schema, migrate, require_current, schema
from petition.domain import merkle
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


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 70_000])
async def test_a_ledger_from_before_the_tree_gets_its_tree(database: Database, size: int) -> None:
    """As a database of the version before looks, with so many entries; two petitions, one without any."""
    petition, bodies = b"p" * 16, [b'{"n":%d}' % n for n in range(size)]

    def before(connection: Connection) -> None:
        config = migrating._config()
        config.attributes["connection"] = connection
        mine = ScriptDirectory.from_config(config).get_revision("2026_11_24_ledger")
        assert mine is not None
        command.upgrade(config, str(mine.down_revision))

    async with database.write() as tx:
        await tx.run_sync(before)
        for number, (key, slug) in enumerate(((petition, "first"), (b"q" * 16, "second"))):
            await tx.execute(
                text(
                    "INSERT INTO petitions (id, slug, revision, status, goal, default_language, publish, ask_for,"
                    " milestones, reminder, public_key, version) VALUES (:id, :slug, 1, 'open', 9, 'ar', 'live', '{}',"
                    " '[]', :no, :id, 1)"
                ),
                {"id": key, "slug": slug, "no": False},
            )
            await tx.execute(
                text(
                    "INSERT INTO tallies (petition_id, size, total, verified, awaiting, by_category, by_method,"
                    """ removed) VALUES (:id, :size, :size, 0, 0, '{"fsa": [1, 0]}', '{}', '{}')"""
                ),
                {"id": key, "size": 0 if number else size},
            )
        rows = [{"petition_id": petition, "index": n, "link": b"l" * 32, "body": body} for n, body in enumerate(bodies)]
        if rows:
            await dialect.append(tx, tables.table(tables.LedgerEntry), rows)
    assert await migrate(database)
    async with database.read() as connection:
        assert await tiles.every(connection, petition) == merkle.extended(0, {}, merkle.leaves(bodies))
        assert await tiles.every(connection, b"q" * 16) == {}
        shown = (await connection.execute(select(tables.table(tables.Published)))).all()
    assert sorted((row.petition_id, row.size, row.by_category, row.checkpoint) for row in shown) == [
        (petition, size, {"fsa": [1, 0]}, ""),
        (b"q" * 16, 0, {"fsa": [1, 0]}, ""),
    ]
