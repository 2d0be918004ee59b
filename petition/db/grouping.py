"""Group commit: whatever waits at one moment goes into one transaction, and each waits for that commit.

A commit costs the disk the same for one row as for a hundred. While one group is being written
the next one gathers, so the group's size follows the load by itself: alone, a request waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db.database import Database
from petition.errors import Unavailable

LIMIT = 256
WAITING_LIMIT = 20_000

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Grouped(Generic[Item, Answer]):
    """`write(tx, items)` answers each item in order; `submit` gives one item's answer once it is durable.

    An item that breaks its group does not take the others with it: the group is then written one by
    one. What breaks on a constraint that another process was quicker to take is written once more
    alone: by then it sees what the other has done.
    """

    def __init__(
        self,
        database: Database,
        write: Callable[[AsyncConnection, Sequence[Item]], Awaitable[Sequence[Answer]]],
    ) -> None:
        self._database = database
        self._write = write
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Answer:
        if len(self._waiting) >= WAITING_LIMIT:
            raise Unavailable()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await answer

    async def drain(self) -> None:
        """Returns once nothing waits: before the database is closed."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:LIMIT], self._waiting[LIMIT:]
                await self._group(group)
        finally:
            self._task = None

    async def _group(self, group: list[tuple[Item, asyncio.Future[Answer]]], *, last: bool = False) -> None:
        try:
            async with self._database.write() as tx:
                answers = await self._write(tx, [item for item, _ in group])
        except Unavailable as gone:
            for _, future in group:
                _fail(future, gone)
        except Exception as wrong:
            if len(group) == 1 and (last or not isinstance(wrong, IntegrityError)):
                _fail(group[0][1], wrong)
                return
            for one in group:
                await self._group([one], last=len(group) == 1)
        else:
            for (_, future), answer in zip(group, answers, strict=True):
                if not future.done():
                    future.set_result(answer)


def _fail(future: asyncio.Future[Answer], why: Exception) -> None:
    if not future.done():
        future.set_exception(why)
