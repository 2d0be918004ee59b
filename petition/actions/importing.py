"""Lists taken in: each line a signature like all others, sealed and counted at once; each list undone as a whole.

    begin   the same file again goes on with the same import: what is in is known by its line, and nothing comes twice
    add     a few hundred lines by a few statements; who counts already, withdrew or stands twice is told, line by line
    finish  the lines are forgotten
    undo    in steps; what no list may take back with it stays: who signed and confirmed as well, or said it is right

Killed anywhere, the same file goes on. Nobody who withdrew or was taken out is brought back by a list.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit, counting, intake, outbox
from petition.actions.audit import Act
from petition.db import dialect, tables
from petition.domain import identity, ledger, sealing, states, tokens
from petition.domain.actors import DECIDE, MODERATE, Actor
from petition.domain.importing import DONE, RUNNING, UNDOING, UNDONE, UNDONE_REASON, Evidence
from petition.domain.listed import Listed
from petition.domain.tokens import Keys
from petition.errors import Conflict, FieldRefused, Forbidden, NotFound
from petition.queries import imports, petitions, signatures
from petition.queries.imports import Import
from petition.queries.petitions import Petition

STEP = 500
_IMPORTS, _MEMBERS, _ROWS = (tables.table(t) for t in (tables.Import, tables.ImportMember, tables.Signature))


@dataclass(frozen=True, slots=True)
class Made:
    """A line as the row it will be; `letter` the mail to whoever is asked, `note` what the ledger is told."""

    listed: Listed
    identity: bytes
    row: dict[str, Any]
    letter: dict[str, Any]
    note: counting.Note
    public_key: bytes


def require_taking(petition: Petition) -> None:
    """Lists may come after signing has closed; not into what is hidden, put away or destroyed. `Conflict` then."""
    if not petition.takes_lists:
        raise Conflict("import-not-taken")


def digest_of(keys: Keys, petition_id: bytes, file: bytes) -> bytes:
    """Knows the same file again (`file`: its SHA-256); says nothing to whoever lacks the server's key."""
    return tokens.digest(keys.identity, petition_id, b"file", file)


def of_worksheet(keys: Keys, petition_id: bytes, digest: bytes, worksheet: str) -> bytes:
    """What a file's other list is known by: `worksheet` is empty where it was read as it is by itself."""
    return tokens.digest(keys.identity, petition_id, b"sheet", digest, worksheet.encode()) if worksheet else digest


async def begin(
    tx: AsyncConnection,
    petition: Petition,
    digest: bytes,
    method: str,
    evidence: Evidence,
    *,
    by: Actor | None,
    today: date,
) -> Import:
    """The import of this file: a new one, or the one that was begun and not undone. `by` None is the operator."""
    if by is not None and not by.may(petition.id, MODERATE):
        raise Forbidden()
    require_taking(petition)
    known = await imports.standing(tx, petition.id, digest)
    if known is not None:
        return known
    public_key = (await petitions.public_keys(tx, [petition.id]))[petition.id]
    sealed = sealing.seal_record(sealing.canonical(evidence.facts()), secrets.token_bytes(32), public_key, petition.id)
    row = {"id": secrets.token_bytes(16), "petition_id": petition.id, "digest": digest, "method": method}
    made = {"state": RUNNING, "source": sealed, "added": 0, "refused": 0, "made_by": by.id if by else None}
    await tx.execute(insert(_IMPORTS).values(**row, **made, made_on=today))
    begun = Import(**row, **made, made_on=today)  # type: ignore[arg-type]
    await audit.record(tx, _act("import:begin", begun, by, method=method), today=today)
    return begun


def _act(verb: str, of: Import, by: Actor | None, **facts: Any) -> Act:
    return Act(verb, by.id if by else None, of.petition_id, of.id, facts)


def make(
    petition: Petition, listed: Listed, digest: bytes, method: str, keys: Keys, *, today: date, asks: bool = False
) -> Made:
    """The row that this line becomes: sealed like every other.

    Nobody holds its link until they are asked whether they are rightly listed (`asks`, where there is an address);
    until then its token lies sealed with the record, and there is no copy for it.
    """
    kind = outbox.LISTED if asks and listed.submission.email.address else None
    attempt = intake.prepare(
        petition,
        listed.submission,
        listed.language,
        keys,
        today=today,
        method=method,
        kind=kind,
        reference=listed.reference,
        identity=digest,
    )
    category = petition.category(listed.submission.category)
    counted_as = category.slug if category is not None and category.claim == "open" else None
    record = {"full_name": listed.submission.full_name}
    row = {
        **attempt.signature,
        "state": states.CONFIRMED,
        "counted_as": counted_as,
        "signed_on": listed.signed_on,
        "counted_on": today,
        "acts": 1,
        "bind": None,
        **identity.shown_as(record, listed.submission.visibility, hidden=False),
    }
    note = counting.Note(
        petition.id,
        keys.link_of(row["id"]),
        0,
        ledger.COUNTED,
        category=counted_as,
        method=method,
        bind=attempt.signature["bind"],
        receipt=tokens.receipt(attempt.token),
    )
    return Made(listed, digest, row, attempt.letter, note, petition.public_key)


async def known(
    connection: AsyncConnection,
    import_id: bytes | None,
    petition_id: bytes,
    wanted: Sequence[tuple[Listed, bytes]],
    gone: Collection[bytes],
) -> dict[int, FieldRefused | None]:
    """By line, why it is not added: None where this import has added it already. Lines that are new are left out.

    `wanted`: lines with their digests; `gone`: of whoever withdrew or was taken out.
    """
    counted = await signatures.counted_of(connection, [(petition_id, digest) for _, digest in wanted])
    there = {digest: found for (_, digest), found in counted.items()}
    brought = await imports.lines(connection, import_id, list(there.values())) if import_id and there else {}
    first: dict[bytes, int] = {}
    told: dict[int, FieldRefused | None] = {}
    for listed, digest in wanted:
        earlier = first.setdefault(digest, listed.number)
        if digest in there:
            line = brought.get(there[digest], 0)
            told[listed.number] = None if line == listed.number else _twice(line or 0)
        elif digest in gone:
            told[listed.number] = FieldRefused("was-taken-out")
        elif earlier != listed.number:
            told[listed.number] = _twice(earlier)
    return told


def _twice(line: int) -> FieldRefused:
    return FieldRefused("listed-twice", row=line) if line else FieldRefused("counts-already")


async def add(tx: AsyncConnection, of: Import, made: Sequence[Made], *, today: date) -> dict[int, FieldRefused | None]:
    """These lines, in one transaction; by line, why one of them came too late.

    `Conflict` `import-ended` once it was undone, `changed-meanwhile` where somebody confirmed one of these addresses
    at this very moment (the transaction is to be done again), `key-changed` where the lines are to be made again.
    """
    present = await petitions.public_keys(tx, [of.petition_id])
    if any(each.public_key != present[of.petition_id] for each in made):
        raise Conflict("key-changed")
    standing = await imports.by_id(tx, of.petition_id, of.id, lock=True)
    if standing is None or standing.state not in (RUNNING, DONE):
        raise Conflict("import-ended")
    told = await known(tx, of.id, of.petition_id, [(each.listed, each.identity) for each in made], ())
    new = sorted((each for each in made if each.listed.number not in told), key=lambda each: bytes(each.row["id"]))
    try:
        await dialect.append(tx, _ROWS, [each.row for each in new])
    except IntegrityError:
        raise Conflict("changed-meanwhile") from None
    members = [
        {"import_id": of.id, "signature_id": each.row["id"], "row": each.listed.number, "confirmed": False}
        for each in new
    ]
    await dialect.append(tx, _MEMBERS, members)
    await counting.note(tx, [each.note for each in new], today=today)
    await outbox.enqueue(tx, [each.letter for each in new if each.letter])
    if new:
        so_far = {"added": _IMPORTS.c.added + len(new), "state": RUNNING}
        await tx.execute(update(_IMPORTS).where(_IMPORTS.c.id == of.id).values(**so_far))
    return told


async def finish(tx: AsyncConnection, of: Import, refused: int, *, by: Actor | None, today: date) -> Import:
    """Every line was read. Which line somebody came from is forgotten: the order of a list is its own business."""
    standing = await imports.by_id(tx, of.petition_id, of.id, lock=True)
    if standing is None or standing.state not in (RUNNING, DONE):
        raise Conflict("import-ended")
    if standing.state == RUNNING:
        await tx.execute(update(_IMPORTS).where(_IMPORTS.c.id == of.id).values(state=DONE, refused=refused))
        await tx.execute(update(_MEMBERS).where(_MEMBERS.c.import_id == of.id).values(row=None))
        await dialect.looked_at(tx, _ROWS, _MEMBERS)
        ended = _act("import:end", standing, by, added=standing.added, refused=refused)
        await audit.record(tx, ended, today=today)
    return standing


async def undo(tx: AsyncConnection, petition_id: bytes, import_id: bytes, *, by: Actor | None, today: date) -> Import:
    """Nothing more is added from now on; `take_back` does the rest. Of an import of one's own, or by an owner."""
    found = await imports.by_id(tx, petition_id, import_id, lock=True)
    if found is None:
        raise NotFound()
    own = by is not None and found.made_by == by.id and by.may(petition_id, MODERATE)
    if by is not None and not own and not by.may(petition_id, DECIDE):
        raise Forbidden()
    if found.state == UNDONE:
        raise Conflict("import-ended")
    if found.state != UNDOING:
        await tx.execute(update(_IMPORTS).where(_IMPORTS.c.id == import_id).values(state=UNDOING))
        await audit.record(tx, _act("import:undo", found, by, added=found.added), today=today)
    return found


_GONE = {"state": states.INVALIDATED, "reason": UNDONE_REASON, **tables.WIPED}


async def take_back(
    tx: AsyncConnection, of: Import, kept: Collection[bytes], *, keys: Keys, today: date
) -> tuple[int, int]:
    """One step back: (taken out of the count, left as they are); (0, 0) when there is nothing left.

    Out of the count and erased: what a wrong list said of people is not kept. `kept`: whom others were merged into.
    """
    ids = await imports.members(tx, of.id, limit=STEP)
    if not ids:
        await tx.execute(update(_IMPORTS).where(_IMPORTS.c.id == of.id).values(state=UNDONE))
        return 0, 0
    going = [signature_id for signature_id, confirmed in ids.items() if not confirmed and signature_id not in kept]
    wanted = select(_ROWS.c.id, _ROWS.c.state, _ROWS.c.acts).where(_ROWS.c.id.in_(going)).order_by(_ROWS.c.id)
    rows = (await tx.execute(wanted.with_for_update())).all()
    counted = [row for row in rows if row.state == states.CONFIRMED]
    apart = [row.id for row in rows if row.state != states.CONFIRMED]
    if counted:
        mine = _ROWS.c.id.in_([row.id for row in counted])
        await tx.execute(update(_ROWS).where(mine).values(acts=_ROWS.c.acts + 1, **_GONE))
    if apart:
        await tx.execute(update(_ROWS).where(_ROWS.c.id.in_(apart)).values(**tables.WIPED))
    notes = [
        counting.Note(of.petition_id, keys.link_of(row.id), row.acts, ledger.REMOVED, reason="invalidated")
        for row in counted
    ]
    await counting.note(tx, notes, today=today)
    await tx.execute(delete(_MEMBERS).where(_MEMBERS.c.import_id == of.id, _MEMBERS.c.signature_id.in_(list(ids))))
    return len(counted), len(ids) - len(rows)
