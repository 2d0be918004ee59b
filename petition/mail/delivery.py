"""Delivery: claim, render, send, mark. Mail waits where its server is away; signing never waits for mail."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from petition.actions import outbox
from petition.actions.outbox import Letter, Truth
from petition.db.database import Database
from petition.domain import states
from petition.domain.tokens import Keys
from petition.mail.messages import Composer, Message
from petition.mail.transports import Deferred, Refused, Transport, Unreachable

logger = logging.getLogger("petition.mail")

GROUP = 20
GROUPS = 50
FIRST_WAIT, LONGEST_WAIT = 30.0, 3600.0
SERVER_WAIT, SERVER_LONGEST = 2.0, 300.0


@dataclass(slots=True)
class Retry:
    letter: Letter
    at: float


class Delivery:
    """One leader's mail. Who is to be tried again, and when, is known to this object alone.

    clock: the wall clock (aware). monotonic: seconds.
    """

    def __init__(
        self,
        database: Database,
        keys: Keys,
        composer: Composer,
        transport: Transport,
        *,
        budget: bool,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._database = database
        self._keys = keys
        self._composer = composer
        self._transport = transport
        self._budget = budget
        self._clock = clock
        self._monotonic = monotonic
        self._me = secrets.token_bytes(16)
        # Whatever was claimed stands here until it is marked, so that no failure in between leaves it behind.
        self._retries: dict[bytes, Retry] = {}
        # Handed over and not marked yet: the database was away in between. Never handed over again.
        self._sent: set[bytes] = set()
        self._server_wait = 0.0
        self._server_at = 0.0

    async def begin(self) -> None:
        """A new leader frees what the last one had claimed."""
        self._retries.clear()
        async with self._database.write() as tx:
            await outbox.free(tx)

    async def step(self) -> int:
        """Sends one group, if there is any and the server is believed up; how many letters it handled."""
        now = self._monotonic()
        if now < self._server_at:
            return 0
        letters = [retry.letter for retry in self._retries.values() if retry.at <= now][:GROUP]
        if len(letters) < GROUP and len(self._retries) < 100 * GROUP:
            claimed = await self._claimed(GROUP - len(letters))
            self._retries |= {letter.id: Retry(letter, now) for letter in claimed}
            letters += claimed
        if not letters:
            return 0
        async with self._database.read() as connection:
            truth = await outbox.wanted(connection, letters)
            reminding = await outbox.reminding(connection)
        for position, letter in enumerate(letters):
            try:
                now_so = truth.get(letter.signature_id)
                kind = _kind(letter, now_so.says if now_so else None)
                remind = kind == outbox.CONFIRM and letter.petition_id in reminding
                await self._deliver(letter, kind, now_so or outbox.Truth(""), remind=remind)
            except Unreachable as gone:
                self._server_away(str(gone))
                for waiting in letters[position:]:
                    self._retries[waiting.id] = Retry(waiting, self._server_at)
                return position
        return len(letters)

    async def _claimed(self, limit: int) -> list[Letter]:
        """What may be sent of the next group. One that is over its budget whole must not hold up those behind it."""
        today = self._clock().date()
        for _ in range(GROUPS):
            async with self._database.read() as connection:
                if not await outbox.waits(connection, today=today):
                    return []
            async with self._database.write() as tx:
                letters = await outbox.claim(tx, self._keys, by=self._me, today=today, limit=limit, budget=self._budget)
            if letters:
                return letters
        return []

    async def _deliver(self, letter: Letter, kind: str | None, truth: Truth, *, remind: bool) -> None:
        if letter.id in self._sent:
            await self._mark(letter, outbox.SENT, truth, remind=remind)
            return
        if kind is None:
            await self._mark(letter, outbox.DROPPED, truth)
            return
        try:
            await self._transport.send(self._composer.compose(_message(letter, kind), now=self._clock()))
        except Unreachable:
            raise
        except Refused as over:
            logger.warning("a mail was refused for good: %s", over)
            await self._mark(letter, outbox.FAILED, truth)
        except Deferred as later:
            logger.info("a mail was put off: %s", later)
            await self._put_off(letter)
        except Exception as wrong:
            # One letter that breaks us must not keep back those behind it. Never its text: it may hold a name.
            logger.error("a mail could not be made or handed over: %s", type(wrong).__name__)
            await self._put_off(letter)
        else:
            self._server_wait = 0.0
            self._sent.add(letter.id)
            await self._mark(letter, outbox.SENT, truth, remind=remind)

    async def _mark(self, letter: Letter, state: str, truth: Truth, *, remind: bool = False) -> None:
        async with self._database.write() as tx:
            await outbox.settle(tx, letter.id, state)
            if truth.method and letter.kind == outbox.CONFIRM and state != outbox.DROPPED:
                told = {"sent": int(state == outbox.SENT), "failed": int(state == outbox.FAILED)}
                await outbox.note_day(tx, letter.petition_id, truth, day=self._clock().date(), **told)
            if remind:
                await outbox.remind_later(tx, letter, today=self._clock().date())
        self._retries.pop(letter.id, None)
        self._sent.discard(letter.id)

    async def _put_off(self, letter: Letter) -> None:
        attempts = letter.attempts + 1
        async with self._database.write() as tx:
            await outbox.keep(tx, letter, attempts)
        wait = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
        self._retries[letter.id] = Retry(replace(letter, attempts=attempts), self._monotonic() + wait)

    def _server_away(self, why: str) -> None:
        self._server_wait = min(max(SERVER_WAIT, self._server_wait * 2), SERVER_LONGEST)
        self._server_at = self._monotonic() + self._server_wait
        logger.warning("the mail server is away (%s); mail waits and is tried again", why)

    async def close(self) -> None:
        await self._transport.close()


def _message(letter: Letter, kind: str) -> Message:
    return Message(kind, letter.id, letter.address, letter.name, letter.token, letter.language, letter.number)


def _kind(letter: Letter, truth: str | None) -> str | None:
    """What is still to be said: the letter may have been overtaken by what its signatory did."""
    if letter.kind in outbox.TO_ORGANIZERS:
        return letter.kind if truth == letter.kind else None
    if letter.kind == outbox.LISTED:
        return letter.kind if truth == states.CONFIRMED else None
    if truth == states.PENDING:
        return letter.kind
    if truth == outbox.ALREADY and letter.kind == outbox.CONFIRM:
        return outbox.ALREADY
    return None
