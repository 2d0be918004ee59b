"""Opening the house: data directory, key, database and schema, all there and belonging together, or one clear line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from petition import keyfiles
from petition.db import tables, tiles
from petition.db.database import COMMANDS_CACHE_KIB, Database
from petition.db.migrating import migrate, require_current
from petition.domain.checkpoint import head_of
from petition.domain.tokens import Keys
from petition.errors import Misconfigured, OperatorError, OtherHistory, Unavailable
from petition.notary import Notary
from petition.settings import Settings

MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    migrating: bool = False,
    going_on: bool = True,
    doubting: bool = False,
    cache_kib: int = COMMANDS_CACHE_KIB,
) -> AsyncIterator[tuple[Database, Keys]]:
    """For the length of a command or of a server's life.

    SQLite is brought to this version by itself; PostgreSQL only where `migrating`, since another
    host may still serve the old one: else `SchemaBehind`. Without `going_on` a ledger may be a lost one; `doubting`
    looks at one that was put back, of which nobody has said yet what was signed last.
    """
    keyfiles.prepare(settings)
    keys = keyfiles.keys(settings)
    database = Database(settings, cache_kib=cache_kib)
    try:
        try:
            if settings.sqlite or migrating:
                await migrate(database)
            await require_current(database)
            await _must_be_durable(database)
            await _must_be_writable(database)
            await must_belong_together(database, keys)
            if going_on:
                await _must_go_on(database, Notary(settings))
            if going_on and not doubting:
                _must_be_the_newest(Notary(settings))
        except Unavailable as gone:
            raise Misconfigured("PETITION_DATABASE_URL", f"the database cannot be opened ({_cause(gone)})") from gone
        yield database, keys
    finally:
        await database.close()


async def _must_be_durable(database: Database) -> None:
    """A server that answers before the disk has it would say yes to signatures that a power cut loses."""
    if database.sqlite:
        return
    async with database.read() as connection:
        for name in MUST_BE_ON:
            if (await connection.execute(text(f"SHOW {name}"))).scalar_one() == "off":
                raise Misconfigured(
                    "PETITION_DATABASE_URL",
                    f"this PostgreSQL has {name} off and could lose signatures; turn it on",
                )


async def _must_be_writable(database: Database) -> None:
    """SQLite opens a file that may only be read, begins to write without a word, and refuses the first row.

    It is asked for a row that there never is: nothing is written, and what cannot be would be told here.
    """
    rows = tables.table(tables.Installation)
    async with database.write() as tx:
        await tx.execute(delete(rows).where(rows.c.id == 0))


async def must_belong_together(database: Database, keys: Keys) -> None:
    """With another key nobody's address would be known again, and everyone could be counted twice."""
    rows = tables.table(tables.Installation)
    async with database.read() as connection:
        check = await _check(connection)
    if check is None:
        async with database.write() as tx:
            check = await _check(tx)
            if check is None:
                await tx.execute(insert(rows).values(id=1, key_check=keys.check))
                check = keys.check
    if check != keys.check:
        raise Misconfigured(
            "PETITION_DATA_DIR",
            "keys/server.key there is not the key that this database belongs to; put the right one back from your copy",
        )


async def _must_go_on(database: Database, notary: Notary) -> None:
    """A ledger never gets a second history: what was signed must be in this database, as its beginning."""
    petitions, tallies, published = (tables.table(t) for t in (tables.Petition, tables.Tally, tables.Published))
    wanted = (
        select(petitions.c.slug, petitions.c.id, tallies.c.size, published.c.public_key, published.c.checkpoint)
        .join(tallies, tallies.c.petition_id == petitions.c.id)
        .join(published, published.c.petition_id == petitions.c.id)
    )
    signed = notary.signed()
    async with database.read() as connection:
        rows = (await connection.execute(wanted)).all()
        for slug in signed.keys() - {row.slug for row in rows}:
            raise OtherHistory(slug, signed[slug].size, 0)
        for row in rows:
            if row.public_key is not None:
                notary.must_have(row.slug, row.public_key)
            earlier = [head for head in (signed.get(row.slug), head_of(row.checkpoint)) if head is not None]
            await tiles.head_after(connection, row.id, row.slug, row.size, earlier)


def _must_be_the_newest(notary: Notary) -> None:
    """A copy put back on a machine that knows no signed head may be older than what the public has seen."""
    for slug in notary.doubted():
        raise OperatorError(
            f"the ledger of {slug} was put back from a copy, and nothing here says whether more was signed after it."
            f" Tell it with: petition ledger {slug} --last CHECKPOINT, the newest that anyone has kept; or, if the"
            f" servers were stopped before the copy was made: petition ledger {slug} --nothing-since"
        )


async def _check(connection: AsyncConnection) -> bytes | None:
    rows = tables.table(tables.Installation)
    found: bytes | None = (await connection.execute(select(rows.c.key_check))).scalar_one_or_none()
    return found


def _cause(gone: Unavailable) -> str:
    """The driver's own sentence: it names hosts and files, never a row."""
    cause = gone.__cause__
    return str(getattr(cause, "orig", None) or cause or "no answer").splitlines()[0]
