"""What lies sealed of a list that was sent in: written as it comes, opened part by part for whoever has its key."""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from petition.actions import staging
from petition.db.database import Database
from petition.domain import sealing
from petition.domain.importing import FILE, PLAN, REPORT
from petition.domain.staged import Plan, Report
from petition.errors import Conflict, Unavailable
from petition.queries import stagings
from petition.queries.stagings import Staging
from petition.sheets import InParts

PART: Final = 1 << 20
WAIT: Final = 60.0


def _about(staging_id: bytes, kind: str, number: int) -> bytes:
    return staging_id + number.to_bytes(8, "big") + kind.encode()


def sealed(part: bytes, key: bytes, staging_id: bytes, kind: str, number: int = 0) -> bytes:
    nonce = secrets.token_bytes(sealing.NONCE_BYTES)
    return sealing.seal_staged(part, key, nonce, _about(staging_id, kind, number))


def opened(part: bytes, key: bytes, staging_id: bytes, kind: str, number: int = 0) -> bytes:
    return sealing.open_staged(part, key, _about(staging_id, kind, number))


class Arriving:
    """A file on its way in, a sealed part at a time."""

    def __init__(self, database: Database, staging_id: bytes, key: bytes) -> None:
        self._database, self._id, self._key = database, staging_id, key
        self._some, self._hash = bytearray(), hashlib.sha256()
        self.parts = self.size = 0

    async def write(self, some: bytes) -> None:
        self._hash.update(some)
        self.size += len(some)
        self._some += some
        while len(self._some) >= PART:
            await self._store(bytes(self._some[:PART]))
            del self._some[:PART]

    async def end(self) -> bytes:
        """Its SHA-256, all of it being stored."""
        if self._some:
            await self._store(bytes(self._some))
        return self._hash.digest()

    async def _store(self, part: bytes) -> None:
        kept = sealed(part, self._key, self._id, FILE, self.parts)
        async with self._database.write() as tx:
            await staging.put(tx, self._id, FILE, self.parts, kept)
        self.parts += 1


def source(database: Database, of: Staging, key: bytes, name: str) -> InParts:
    """The file, to be read in a thread while the event loop fetches what is asked for."""
    loop = asyncio.get_running_loop()

    async def fetched(number: int) -> bytes:
        async with database.read() as connection:
            part = await stagings.part(connection, of.id, FILE, number)
        if part is None:
            raise Conflict("staging-moved-on")
        return opened(part, key, of.id, FILE, number)

    def part(number: int) -> bytes:
        try:
            return asyncio.run_coroutine_threadsafe(fetched(number), loop).result(WAIT)
        except TimeoutError:
            # Which would pass for a fault of the file.
            raise Unavailable() from None

    return InParts(name, of.size, PART, part)


async def _facts(database: Database, of: Staging, key: bytes, kind: str) -> Any:
    async with database.read() as connection:
        part = await stagings.part(connection, of.id, kind, 0)
    return None if part is None else json.loads(opened(part, key, of.id, kind))


async def plan(database: Database, of: Staging, key: bytes) -> Plan:
    return Plan.of(await _facts(database, of, key, PLAN))


async def report(database: Database, of: Staging, key: bytes) -> Report | None:
    facts = await _facts(database, of, key, REPORT)
    return None if facts is None else Report.of(facts)


def text(facts: Mapping[str, Any], key: bytes, staging_id: bytes, kind: str) -> bytes:
    """A plan or a report, sealed."""
    return sealed(json.dumps(facts, ensure_ascii=False, default=str).encode(), key, staging_id, kind)
