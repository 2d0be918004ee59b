"""Lists being written in the background: opened with the key of a session that asked or agreed, sealed part by part.

In whichever process was asked. The petition's keys live in the task's memory and end with it; the file's own key
is sealed to whoever asked for the list before the first part is written.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from petition.actions import exporting
from petition.db.database import Database
from petition.domain import listing, sealing
from petition.domain.actors import MODERATE, Scope
from petition.domain.listing import InWords, Made, Writer
from petition.domain.sealing import Ring
from petition.domain.tokens import Keys
from petition.errors import Unavailable
from petition.queries import document as paper
from petition.queries import exports, organizers
from petition.queries import listing as lists
from petition.queries.exports import Export
from petition.queries.petitions import Petition
from petition.words import Words

logger = logging.getLogger("petition.web")


class Writing:
    """One task for each list."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        catalogues: Mapping[str, Words],
        clock: Callable[[], datetime],
        base_url: str,
    ) -> None:
        self._database, self._keys, self._catalogues, self._clock = database, keys, catalogues, clock
        self._base_url = base_url
        self._tasks: dict[bytes, asyncio.Task[None]] = {}

    def begin(self, petition: Petition, export_id: bytes, ring: Ring) -> None:
        if export_id not in self._tasks:
            task = asyncio.create_task(self._run(petition, export_id, ring))
            self._tasks[export_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(export_id, None))

    async def settled(self, export_id: bytes, seconds: float | None = None) -> None:
        """Returns once nothing is written of it here, or after so many seconds."""
        if export_id in self._tasks:
            await asyncio.wait([self._tasks[export_id]], timeout=seconds)

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, petition: Petition, export_id: bytes, ring: Ring) -> None:
        run = secrets.token_bytes(16)
        try:
            await self._write(petition, export_id, ring, run)
        except Unavailable:
            logger.warning("a list could not be written: the database is away; its page lets it begin again")
        except Exception as wrong:
            # Never the exception's text: it may hold a row.
            logger.error("a list could not be written: %s", type(wrong).__name__)
            async with self._database.write() as tx:
                await exporting.release(tx, export_id, run)

    async def _write(self, petition: Petition, export_id: bytes, ring: Ring, run: bytes) -> None:
        async with self._database.read() as connection:
            export = await exports.by_id(connection, petition.id, export_id)
            maker = await organizers.by_id(connection, export.made_by) if export else None
            actor = await organizers.actor(connection, export.made_by) if export else None
        if export is None or maker is None or actor is None:
            return
        scope = actor.scope(petition.id, MODERATE)
        if scope is None:
            return
        key = secrets.token_bytes(sealing.KEY_BYTES)
        sealed = sealing.share_key(key, maker.public_key, export_id, maker.id)
        async with self._database.write() as tx:
            if not await exporting.claim(tx, export_id, run, sealed, now=self._clock()):
                return
        rows = _Rows()
        if export.kind == listing.DOCUMENT:
            parts = self._document(petition, export, scope, rows)
        else:
            pages = lists.opened(self._database, petition.id, ring, export.meant, scope)
            writer = self._writer(petition, export, maker.address_text(self._keys))
            parts = lists.written(pages, writer, lambda page: rows.add(len(page)))
        if await self._parts(export_id, run, key, parts, rows):
            async with self._database.write() as tx:
                await exporting.finish(tx, export_id, run, undrawn=sorted(rows.undrawn), now=self._clock())

    def _writer(self, petition: Petition, export: Export, by: str) -> Writer:
        code = export.language
        labels = {c.slug: petition.in_language(c.label, code) for c in petition.categories}
        names = {code: words.name for code, words in self._catalogues.items()}
        worded = InWords(self._catalogues[code], labels, names, export.columns)
        title = petition.in_language(petition.title, code)
        made = Made(petition.slug, title, export.made_on, export.mark, by, export.reason, export.meant)
        return listing.writer(export.kind, worded, made)

    async def _document(self, petition: Petition, export: Export, scope: Scope, rows: "_Rows") -> AsyncIterator[bytes]:
        now = self._clock()
        async with self._database.read() as connection:
            told = await paper.document(
                connection,
                petition,
                self._catalogues,
                self._base_url,
                wanted=export.meant,
                scope=scope,
                language=export.language,
                now=now,
            )
        told = replace(told, mark=export.mark)
        setting = (self._database, petition.id, told, self._keys.link_of, now, rows.add)
        async for part in paper.written(*setting, zipped=told.parts > 1, undrawn=rows.undrawn):
            yield part

    async def _parts(
        self, export_id: bytes, run: bytes, key: bytes, parts: AsyncIterator[bytes], rows: "_Rows"
    ) -> bool:
        """All parts; False where another process has taken over, or the list was destroyed meanwhile."""
        number = 0
        async for part in parts:
            sealed = sealing.seal_part(part, key, export_id, number)
            async with self._database.write() as tx:
                if not await exporting.add(
                    tx, export_id, run, number, sealed, size=len(part), rows=rows.number, now=self._clock()
                ):
                    return False
            number += 1
        return True


@dataclass(slots=True)
class _Rows:
    """How many were read so far, and which scripts of theirs no font draws."""

    number: int = 0
    undrawn: set[str] = field(default_factory=set)

    def add(self, more: int) -> None:
        self.number += more
