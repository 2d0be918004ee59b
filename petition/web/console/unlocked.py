"""What the records of a petition are made into while a session has them open: in memory, and gone with the session.

Built in the background by whichever process is asked, from the petition's key of that session; forgotten when the
session signs out, has been idle for its half hour, or the server stops. Nothing of it touches a disk.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from petition.actions.sessions import IDLE
from petition.db.database import Database
from petition.domain import sealing
from petition.domain.sealing import Ring
from petition.errors import Unavailable
from petition.queries import petitions

logger = logging.getLogger("petition.web")

SOON = 10.0


@dataclass(slots=True)
class Made(ABC):
    """`whole`: everything that there was has been read."""

    whole: bool = False
    looked_at: float = 0.0
    used_at: float = 0.0
    task: asyncio.Task[None] | None = None

    @abstractmethod
    def empty(self) -> None:
        """Let go of every name."""


M = TypeVar("M", bound=Made)


class Unlocked(ABC, Generic[M]):
    """One thing made for each session and petition."""

    def __init__(self, database: Database, monotonic: Callable[[], float]) -> None:
        self._database, self._monotonic = database, monotonic
        self._held: dict[tuple[bytes, bytes], M] = {}

    @abstractmethod
    def _new(self) -> M: ...

    @abstractmethod
    async def _bring_up(self, made: M, petition_id: bytes, ring: Ring) -> None:
        """Read what is new, forget what is gone."""

    def index(self, session_id: bytes, petition_id: bytes, ring: Ring) -> M:
        """The session's own; its building, or bringing up to date, goes on in the background."""
        now = self._monotonic()
        self._sweep(now)
        made = self._held.get((session_id, petition_id))
        if made is None:
            made = self._held[session_id, petition_id] = self._new()
        made.used_at = now
        if made.task is None and (not made.whole or now - made.looked_at > SOON):
            made.task = asyncio.create_task(self._read(made, petition_id, ring))
        return made

    async def ready(self, made: M, seconds: float) -> None:
        """Waits a moment for it: a small petition is read whole at the first question."""
        if made.task is not None:
            await asyncio.wait([made.task], timeout=seconds)

    def forget(self, session_id: bytes) -> None:
        for held in [held for held in self._held if held[0] == session_id]:
            self._drop(held)

    async def close(self) -> None:
        """Waits for what was going on: a reading that is cut off must give its connection back first."""
        tasks = [made.task for made in self._held.values() if made.task is not None]
        for held in list(self._held):
            self._drop(held)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _sweep(self, now: float) -> None:
        for held in [held for held, made in self._held.items() if now - made.used_at > IDLE]:
            self._drop(held)

    def _drop(self, held: tuple[bytes, bytes]) -> None:
        made = self._held.pop(held)
        made.empty()
        if made.task is not None:
            made.task.cancel()

    async def _read(self, made: M, petition_id: bytes, ring: Ring) -> None:
        try:
            await self._bring_up(made, petition_id, ring)
            async with self._database.read() as connection:
                present = (await petitions.public_keys(connection, [petition_id])).get(petition_id)
            # A key that was changed meanwhile opened only a part: the next question brings the new one.
            made.whole, made.looked_at = present == sealing.public_half(ring[0]), self._monotonic()
        except Unavailable:
            logger.warning("the records could not be read; it is tried again at the next question")
        finally:
            made.task = None
        asyncio.get_running_loop().call_later(IDLE + 1, lambda: self._sweep(self._monotonic()))
