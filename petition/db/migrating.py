"""Bringing a database to this version, and saying whether it is there. Migrations lie in alembic/versions."""

from __future__ import annotations

import enum

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from petition.assets import asset
from petition.db.database import Database
from petition.db.locks import MIGRATION
from petition.errors import SchemaAhead, SchemaBehind


class Schema(enum.Enum):
    CURRENT = "current"
    BEHIND = "behind"
    AHEAD = "ahead"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(asset("alembic")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _schema(connection: Connection) -> Schema:
    scripts = ScriptDirectory.from_config(_config())
    here = MigrationContext.configure(connection).get_current_revision()
    if here == scripts.get_current_head():
        return Schema.CURRENT
    known = {script.revision for script in scripts.walk_revisions()}
    return Schema.BEHIND if here is None or here in known else Schema.AHEAD


async def schema(database: Database) -> Schema:
    async with database.read() as connection:
        return await connection.run_sync(_schema)


async def migrate(database: Database) -> bool:
    """True if there was something to do. One transaction on both databases: killed midway, nothing happened.

    On PostgreSQL an advisory lock keeps a second one waiting, and a table that somebody holds
    ends the attempt after seconds instead of stopping the site.
    """

    def upgrade(connection: Connection) -> bool:
        before = _schema(connection)
        if before is Schema.AHEAD:
            raise SchemaAhead()
        if before is Schema.CURRENT:
            return False
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return True

    async with database.write() as tx:
        if not database.sqlite:
            await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION})
            await tx.execute(text("SET LOCAL lock_timeout = '5s'"))
            await tx.execute(text("SET LOCAL statement_timeout = '15min'"))
        return await tx.run_sync(upgrade)


async def require_current(database: Database) -> None:
    """`SchemaBehind` or `SchemaAhead` unless the database is of exactly this version."""
    match await schema(database):
        case Schema.BEHIND:
            raise SchemaBehind()
        case Schema.AHEAD:
            raise SchemaAhead()
