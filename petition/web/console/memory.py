"""What one server process keeps in mind for the console: looking twice does not cost twice. Shared by the doors.

`Kept` holds numbers that are dear to count; `Chain` how far the audit's chain was followed, and that it held.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from petition.actions import audit
from petition.db.database import Database
from petition.errors import Unavailable

logger = logging.getLogger("petition.web")
T = TypeVar("T")

LEAST_SECONDS = 5.0
# What took a second is counted again after twenty at the soonest: a twentieth of a core, however large a petition is.
TIMES = 20


class Kept:
    """One value for each key, made anew when it is too old; several who ask at once wait for one making."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._values: dict[Any, tuple[Any, float]] = {}
        self._turns: dict[Any, asyncio.Lock] = {}

    async def of(self, key: Any, make: Callable[[], Awaitable[T]]) -> T:
        async with self._turns.setdefault(key, asyncio.Lock()):
            value, until = self._values.get(key, (None, float("-inf")))
            begun = self._monotonic()
            if begun >= until:
                value = await make()
                now = self._monotonic()
                self._values[key] = value, now + max(LEAST_SECONDS, TIMES * (now - begun))
            made: T = value
            return made

    def forget(self, key: Any) -> None:
        self._values.pop(key, None)


@dataclass(frozen=True, slots=True)
class Standing:
    """`checked`: entries followed so far; `whole`: all there were. `broken`: the first that does not follow."""

    checked: int
    whole: bool
    broken: int | None


class Chain:
    """Follows the audit from where it was last; what held once is not hashed again while this process lives.

    Somebody who changes an old entry behind a living process is found by `petition doctor`, which follows all of it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._link = audit.BEGINNING
        self._broken: int | None = None
        self._whole = False
        self._task: asyncio.Task[None] | None = None

    async def standing(self, seconds: float) -> Standing:
        """As it is after at most so many seconds; what is left goes on in the background."""
        if self._broken is None:
            if self._task is None:
                self._whole = False
                self._task = asyncio.create_task(self._follow())
            await asyncio.wait([self._task], timeout=seconds)
        return Standing(self._link.number, self._whole, self._broken)

    async def _follow(self) -> None:
        try:
            while True:
                async with self._database.read() as connection:
                    followed = await audit.follow(connection, self._link)
                self._link, self._broken = followed.link, followed.broken
                if followed.broken is not None or not followed.more:
                    self._whole = followed.broken is None
                    return
        except Unavailable:
            logger.warning("the audit could not be followed; it is tried again at the next look")
        finally:
            self._task = None

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
