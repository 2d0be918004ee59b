"""LEAF. Mails to be sent, as rows: put in with the act they tell of, claimed, marked.

A row is claimed for as long as its worker has the lead (db/locks.py): a new leader frees what
the last one held. Back-off lives in the worker's memory, since a stored time of a retry would be
a trace of when somebody signed.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import dialect, tables
from petition.domain import actors, sealing, states
from petition.domain.tokens import Keys

CONFIRM, ALREADY, REMINDER = "confirm", "already", "reminder"
# To whom a list names: "you were listed, is that right?"
LISTED = "listed"
# One mail of each kind for one signature: its id says which, so that finding a signature's mails needs no index.
NUMBERS = {CONFIRM: b"\x01", REMINDER: b"\x02", LISTED: b"\x03"}
# To an organizer. Its id follows from whom it tells of what: the same thing is told once, whoever notes it.
MILESTONE = "milestone"
TO_ORGANIZERS = {MILESTONE: b"\x10"}
WAITING, SENT, FAILED, DROPPED = "waiting", "sent", "failed", "dropped"

# The mail budget per mailbox (promise 26). Days, not hours, are stored: two days hold any 24 hours, eight any week.
A_DAY = (timedelta(days=1), 2)
A_WEEK = (timedelta(days=7), 4)


@dataclass(frozen=True, slots=True)
class Letter:
    """A claimed row, opened."""

    id: bytes
    signature_id: bytes
    petition_id: bytes
    kind: str
    attempts: int
    address: str
    mailbox: str
    name: str
    token: str
    language: str
    sealed: bytes
    number: int = 0


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so now: `says` is "pending", "already" (the address counts), the signature's state, or of a mail to an
    organizer its kind, while the account is there. Category and method are the signature's."""

    says: str
    category: str = ""
    method: str = ""


def row(
    keys: Keys,
    signature_id: bytes,
    petition_id: bytes,
    contents: dict[str, str],
    *,
    nonce: bytes,
    kind: str = CONFIRM,
    due_on: date,
) -> dict[str, Any]:
    """A new row; `contents` are the address, mailbox, name, token and language of a `Letter`."""
    payload = sealing.seal(sealing.canonical(contents), keys.mail, nonce, signature_id)
    return _row(signature_id + NUMBERS[kind], signature_id, petition_id, kind, due_on, payload)


def row_to_organizer(
    keys: Keys, organizer_id: bytes, petition_id: bytes, address: str, language: str, *, number: int, due_on: date
) -> dict[str, Any]:
    """That a petition's count has reached `number`."""
    contents = {"address": address, "mailbox": "", "name": "", "token": "", "language": language, "number": number}
    nonce = secrets.token_bytes(sealing.NONCE_BYTES)
    payload = sealing.seal(sealing.canonical(contents), keys.mail, nonce, organizer_id)
    about = hashlib.sha256(b"petition/milestone/1/" + organizer_id + petition_id + number.to_bytes(8, "big"))
    own_id = about.digest()[:16] + TO_ORGANIZERS[MILESTONE]
    return _row(own_id, organizer_id, petition_id, MILESTONE, due_on, payload)


def _row(
    own_id: bytes, signature_id: bytes, petition_id: bytes, kind: str, due_on: date, payload: bytes
) -> dict[str, Any]:
    return {
        "id": own_id,
        "signature_id": signature_id,
        "petition_id": petition_id,
        "kind": kind,
        "state": WAITING,
        "due_on": due_on,
        "attempts": 0,
        "claimed_by": None,
        "payload": payload,
    }


async def enqueue(tx: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    await dialect.append(tx, tables.table(tables.Outbox), rows)


async def free(tx: AsyncConnection) -> None:
    """A new leader: whoever had claimed before is gone."""
    rows = tables.table(tables.Outbox)
    await tx.execute(
        update(rows).where(rows.c.state == WAITING, rows.c.claimed_by.is_not(None)).values(claimed_by=None)
    )


async def waits(connection: AsyncConnection, *, today: date) -> bool:
    rows = tables.table(tables.Outbox)
    wanted = (
        select(rows.c.id).where(rows.c.state == WAITING, rows.c.claimed_by.is_(None), rows.c.due_on <= today).limit(1)
    )
    return (await connection.execute(wanted)).first() is not None


async def claim(tx: AsyncConnection, keys: Keys, *, by: bytes, today: date, limit: int, budget: bool) -> list[Letter]:
    """Up to `limit` letters that are due, may be sent and are still wanted; the others are dropped on the way.

    What counts against the budget is noted here, before anything is sent: a crash may cost one
    mail of somebody's budget, never send one too many.
    """
    rows = tables.table(tables.Outbox)
    due = (
        select(rows.c.id)
        .where(rows.c.state == WAITING, rows.c.claimed_by.is_(None), rows.c.due_on <= today)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (await tx.execute(update(rows).where(rows.c.id.in_(due)).values(claimed_by=by).returning(*rows.c))).all()
    letters = []
    for taken_row in taken:
        try:
            contents = json.loads(sealing.unseal(taken_row.payload, keys.mail, taken_row.signature_id))
        except sealing.Unreadable:
            await settle(tx, taken_row.id, FAILED)
            continue
        letters.append(
            Letter(
                taken_row.id,
                taken_row.signature_id,
                taken_row.petition_id,
                taken_row.kind,
                taken_row.attempts,
                **contents,
                sealed=taken_row.payload,
            )
        )
    allowed = await _within_budget(tx, keys, letters, today) if budget else {letter.id for letter in letters}
    for letter in letters:
        if letter.id not in allowed:
            await settle(tx, letter.id, DROPPED)
    # It counts as tried from here on: a new leader that claims it again must not take from the budget again.
    await tx.execute(update(rows).where(rows.c.id.in_(allowed), rows.c.attempts == 0).values(attempts=1))
    return [letter for letter in letters if letter.id in allowed]


async def _within_budget(tx: AsyncConnection, keys: Keys, letters: list[Letter], today: date) -> set[bytes]:
    """The ids that may go out. One that was tried before has been counted already; organizers' have no budget."""
    rows = tables.table(tables.Mailed)
    boxes = {letter.id: keys.mailbox_of(letter.mailbox) for letter in letters}
    sent: dict[bytes, list[date]] = {box: [] for box in boxes.values()}
    since = today - A_WEEK[0]
    found = await tx.execute(
        select(rows.c.mailbox, rows.c.day).where(rows.c.mailbox.in_(list(sent)), rows.c.day >= since)
    )
    for found_row in found:
        sent[found_row.mailbox].append(found_row.day)
    allowed, noted = set(), []
    for letter in letters:
        days = sent[boxes[letter.id]]
        if letter.attempts or letter.kind in TO_ORGANIZERS:
            allowed.add(letter.id)
        elif all(sum(day >= today - span for day in days) < most for span, most in (A_DAY, A_WEEK)):
            allowed.add(letter.id)
            days.append(today)
            noted.append({"id": secrets.token_bytes(16), "mailbox": boxes[letter.id], "day": today})
    if noted:
        await tx.execute(insert(rows), noted)
    return allowed


async def wanted(connection: AsyncConnection, letters: Sequence[Letter]) -> dict[bytes, Truth]:
    """For each letter's signature, or organizer, what is true now."""
    s = tables.table(tables.Signature)
    found = (
        await connection.execute(
            select(s.c.id, s.c.petition_id, s.c.identity, s.c.state, s.c.category, s.c.method).where(
                s.c.id.in_([x.signature_id for x in letters])
            )
        )
    ).all()
    counted = (
        await connection.execute(
            select(s.c.petition_id, s.c.identity).where(
                s.c.identity.in_([x.identity for x in found if x.identity]), s.c.state == states.CONFIRMED
            )
        )
    ).all()
    counting = {tuple(pair) for pair in counted}
    truths = {}
    for x in found:
        says = ALREADY if x.state == states.PENDING and (x.petition_id, x.identity) in counting else x.state
        truths[x.id] = Truth(says, x.category or "", x.method)
    told = {x.signature_id for x in letters if x.kind in TO_ORGANIZERS}
    if told:
        o = tables.table(tables.Organizer)
        here = select(o.c.id).where(o.c.id.in_(told), o.c.state == actors.ACTIVE)
        truths |= {row.id: Truth(MILESTONE) for row in await connection.execute(here)}
    return truths


async def note_day(
    tx: AsyncConnection, petition_id: bytes, truth: Truth, *, day: date, sent: int = 0, failed: int = 0
) -> None:
    """So many more of these on this day; read and written whole, by the one worker that leads."""
    rows = tables.table(tables.MailDay)
    key = {"petition_id": petition_id, "day": day, "category": truth.category, "method": truth.method}
    mine = and_(*(rows.c[name] == value for name, value in key.items()))
    wanted = select(rows.c.sent, rows.c.failed).where(mine).with_for_update()
    known = (await tx.execute(wanted)).one_or_none()
    if known is None:
        # Where two begin the day at once, one waits here for the other.
        empty = dialect.insert(tx, rows).values(**key, sent=0, failed=0)
        await tx.execute(empty.on_conflict_do_nothing(index_elements=[rows.c[name] for name in key]))
        known = (await tx.execute(wanted)).one()
    await tx.execute(update(rows).where(mine).values(sent=known.sent + sent, failed=known.failed + failed))


async def reminding(connection: AsyncConnection) -> set[bytes]:
    """The petitions whose file asks for reminders."""
    rows = tables.table(tables.Petition)
    return set((await connection.execute(select(rows.c.id).where(rows.c.reminder.is_(True)))).scalars())


async def settle(tx: AsyncConnection, outbox_id: bytes, state: str) -> None:
    """Sent, failed or dropped: nothing of whom it was for stays."""
    rows = tables.table(tables.Outbox)
    await tx.execute(update(rows).where(rows.c.id == outbox_id).values(state=state, payload=None, claimed_by=None))


async def keep(tx: AsyncConnection, letter: Letter, attempts: int) -> None:
    """To be tried again by whoever has claimed it."""
    rows = tables.table(tables.Outbox)
    await tx.execute(update(rows).where(rows.c.id == letter.id).values(attempts=attempts))


async def remind_later(tx: AsyncConnection, letter: Letter, *, today: date) -> None:
    """The reminder of a confirm mail just sent, with its payload as it was sealed."""
    due_on = today + states.REMIND_AFTER
    own_id = letter.signature_id + NUMBERS[REMINDER]
    await enqueue(tx, [_row(own_id, letter.signature_id, letter.petition_id, REMINDER, due_on, letter.sealed)])


async def forget(tx: AsyncConnection, signature_ids: Sequence[bytes]) -> None:
    """No mail of these signatures is wanted any more, nor any trace of one."""
    rows = tables.table(tables.Outbox)
    ids = [signature_id + number for signature_id in signature_ids for number in NUMBERS.values()]
    await tx.execute(delete(rows).where(rows.c.id.in_(ids)))


async def by_state(connection: AsyncConnection) -> dict[str, int]:
    """How many mails wait, went, failed and were dropped, for operators."""
    rows = tables.table(tables.Outbox)
    found = await connection.execute(select(rows.c.state, func.count()).group_by(rows.c.state))
    return {row[0]: row[1] for row in found}
