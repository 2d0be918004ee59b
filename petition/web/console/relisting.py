"""Names that come back into the list after a batch was undone: opened with the key of the session that asked.

In the background of whichever process was asked, for as long as that takes; killed, whoever has the key goes on
from the batch's page. The key lives in the task's memory and ends with it.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from petition.actions import batches
from petition.db.database import Database
from petition.domain import batching, sealing
from petition.domain.sealing import Ring
from petition.errors import Unavailable
from petition.queries import batches as reading

logger = logging.getLogger("petition.web")

EVERY = 0.5
AT_MOST = timedelta(minutes=30).total_seconds()


class Relisting:
    """One task for each batch."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tasks: dict[bytes, asyncio.Task[None]] = {}

    def begin(self, petition_id: bytes, batch_id: bytes, ring: Ring) -> None:
        if batch_id not in self._tasks:
            task = asyncio.create_task(self._run(petition_id, batch_id, ring))
            self._tasks[batch_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(batch_id, None))

    def busy(self, batch_id: bytes) -> bool:
        return batch_id in self._tasks

    async def settled(self, batch_id: bytes) -> None:
        """Returns once nothing runs for this batch."""
        if batch_id in self._tasks:
            await asyncio.wait([self._tasks[batch_id]])

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, petition_id: bytes, batch_id: bytes, ring: Ring) -> None:
        try:
            async with asyncio.timeout(AT_MOST):
                while await self.step(petition_id, batch_id, ring):
                    pass
        except (Unavailable, TimeoutError):
            logger.warning("names could not all be listed again; the batch's page says how many wait")

    async def step(self, petition_id: bytes, batch_id: bytes, ring: Ring) -> bool:
        """Lists some names again; whether there may be more to do."""
        async with self._database.read() as connection:
            batch = await reading.by_id(connection, petition_id, batch_id)
            sealed = await reading.unlisted(connection, batch_id, limit=batches.STEP)
        if sealed:
            records = await asyncio.to_thread(_opened, sealed, ring, petition_id)
            async with self._database.write() as tx:
                return await batches.relist(tx, batch_id, records) > 0
        if batch is None or batch.state != batching.UNDOING:
            return False
        # The worker has not yet come to all of them.
        await asyncio.sleep(EVERY)
        return True


def _opened(rows: list[tuple[bytes, bytes | None]], ring: Ring, petition_id: bytes) -> dict[bytes, dict[str, str]]:
    """An empty one for a record that was erased; none for one that this key does not open: its name has to wait."""
    found: dict[bytes, dict[str, str]] = {}
    opener = sealing.Opener(ring, petition_id)
    for signature_id, sealed in rows:
        with suppress(sealing.Unreadable):
            found[signature_id] = opener.record(sealed) if sealed else {}
    return found
