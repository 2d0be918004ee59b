"""Asking a ledger's witnesses to cosign what was published (C2SP tlog-witness): the background's way out to others.

Each is asked on its own, so that one that is slow or gone holds up nobody; nothing waits for a cosignature, and
nothing is believed that does not verify. What is sent is what anyone can read: checkpoint and proof.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import httpx

from petition.actions import publishing
from petition.actions.publishing import Watched
from petition.db.database import Database
from petition.domain import checkpoint, cosignature, witnessed
from petition.domain.checkpoint import Malformed
from petition.domain.witnessed import Asked
from petition.errors import SeenElsewhere
from petition.queries import ledger

logger = logging.getLogger("petition.witnesses")

# A cosignature bears a time: asked for at every signature, it would tell when each came.
CHANGED_SECONDS = 60.0
SAME_SECONDS = 3600.0
MOST_BACK_OFF = 3600.0
PATIENCE = 10.0
MOST_BYTES = 64 * 1024
# Seconds that a witness's clock may be ahead of ours, or behind: of a tree that did not grow it may give an older word.
MOST_AHEAD, MOST_BEHIND = 300, 7 * 86_400


class _Refused(Exception):
    """`str()` is one of the words of domain/witnessed.py."""


@dataclass(slots=True)
class _Memory:
    """Of one witness of one ledger: when it was asked last, about what, and how often in vain since."""

    asked: float
    note: str
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Newer:
    """A witness that has seen more of a ledger than is here, or another history; `trouble` is which."""

    slug: str
    witness: str
    trouble: str

    @property
    def error(self) -> SeenElsewhere:
        return SeenElsewhere(self.slug, self.witness, more=self.trouble == witnessed.AHEAD)


class Submitting:
    def __init__(self, database: Database, *, clock: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._monotonic = monotonic
        self._memory: dict[tuple[bytes, str, str], _Memory] = {}

    async def newer(self, slug: str | None = None) -> list[Newer]:
        """Asks every witness (of one ledger) at once; those that have seen more than this database shows, or others.

        To be asked for before anything is signed over a database that may have been put back. A witness says it without
        proof, and one that does not answer says nothing.
        """
        self._memory.clear()
        await self.step(slug)
        async with self._database.read() as connection:
            watched = await publishing.watched(connection)
        return [
            Newer(each.slug, asked.witness.name, asked.trouble)
            for each in watched
            for asked in each.witnesses
            if asked.trouble in witnessed.GRAVE and slug in (None, each.slug)
        ]

    async def step(self, slug: str | None = None) -> int:
        """Asks every witness (of one ledger) whose turn it is, all at once; how many cosigned."""
        async with self._database.read() as connection:
            watched = [each for each in await publishing.watched(connection) if slug in (None, each.slug)]
        turns = [(each, asked) for each in watched for asked in each.witnesses if self._is_due(each, asked)]
        if not turns:
            return 0
        async with httpx.AsyncClient(timeout=PATIENCE, headers={"User-Agent": "petition"}) as http:
            return sum(await asyncio.gather(*(self._turn(http, each, asked) for each, asked in turns)))

    def _is_due(self, watched: Watched, asked: Asked) -> bool:
        known = self._memory.get((watched.petition_id, asked.url, asked.vkey))
        if known is None:
            return True
        waited = self._monotonic() - known.asked
        if known.failures:
            return waited >= min(CHANGED_SECONDS * (1 << min(known.failures - 1, 10)), MOST_BACK_OFF)
        return waited >= (CHANGED_SECONDS if known.note != watched.note else SAME_SECONDS)

    async def _turn(self, http: httpx.AsyncClient, watched: Watched, asked: Asked) -> bool:
        key = (watched.petition_id, asked.url, asked.vkey)
        known = self._memory.setdefault(key, _Memory(0.0, ""))
        known.asked, known.note = self._monotonic(), watched.note
        try:
            async with asyncio.timeout(PATIENCE):
                now = await self._ask(http, watched, asked)
            known.failures = 0
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            now = replace(asked, trouble=witnessed.AWAY)
        except _Refused as refused:
            now = replace(asked, trouble=str(refused))
        except Malformed:
            now = replace(asked, trouble=witnessed.WRONG)
        if now.trouble:
            known.failures += 1
            if now.trouble != asked.trouble:
                logger.warning("%s does not cosign the ledger of %s: %s", asked.witness.name, watched.slug, now.trouble)
        if now != asked:
            async with self._database.write() as tx:
                await publishing.told(tx, watched.petition_id, now)
        return not now.trouble

    async def _ask(self, http: httpx.AsyncClient, watched: Watched, asked: Asked) -> Asked:
        head = checkpoint.head_of(watched.note)
        assert head is not None
        old = min(asked.size, head.size)
        answer = await self._post(http, watched, asked, old, head.size)
        if answer.status_code == 409:
            # It has seen another size last: its own word for it is asked about once.
            told = cosignature.read_size(answer.text)
            if told is None:
                # Whatever stands between us and it may say so too: without a size it is no word of a witness.
                raise _Refused(witnessed.WRONG)
            if told == old:
                raise _Refused(witnessed.CONTRADICTS)
            if told > head.size:
                raise _Refused(witnessed.AHEAD)
            answer = await self._post(http, watched, asked, told, head.size)
        if answer.status_code in (409, 422):
            raise _Refused(witnessed.CONTRADICTS)
        if answer.status_code != 200:
            raise _Refused(witnessed.REFUSED if answer.status_code in (400, 403, 404) else witnessed.FAILS)
        text, _ = checkpoint.read_note(watched.note)
        line, at = cosignature.verified(f"{text}\n{answer.text}", asked.witness)
        if not -MOST_BEHIND <= at - self._clock().timestamp() <= MOST_AHEAD:
            raise _Refused(witnessed.CLOCK)
        return asked.cosigned(watched.note, head.size, line, at)

    async def _post(
        self, http: httpx.AsyncClient, watched: Watched, asked: Asked, old: int, size: int
    ) -> httpx.Response:
        async with self._database.read() as connection:
            proof = await ledger.consistency(connection, watched.petition_id, old, size)
        body = cosignature.request(old, proof, watched.note).encode()
        address = f"{asked.url.rstrip('/')}/add-checkpoint"
        async with http.stream("POST", address, content=body) as answer:
            read = b""
            async for part in answer.aiter_bytes():
                read += part
                if len(read) > MOST_BYTES:
                    raise _Refused(witnessed.WRONG)
        with suppress(UnicodeDecodeError):
            read.decode()
            return httpx.Response(answer.status_code, content=read)
        raise _Refused(witnessed.WRONG)
