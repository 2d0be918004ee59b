"""LEAF. Sign: whoever it is, known address or not, costs one pending row and one outbox row, and is answered alike.

Nothing is looked up here, so there is nothing that time or bytes could tell. `prepare` is the
work of one request; `record` writes a whole group of them in one transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import outbox
from petition.db import dialect, tables
from petition.domain import sealing, states, tokens
from petition.domain.submission import Rules, Submission
from petition.domain.tokens import Keys
from petition.errors import Conflict, PetitionNotOpen
from petition.queries import petitions
from petition.queries.invitations import Invitation
from petition.queries.petitions import Petition


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign, ready to be written. The token is known to nobody but the sealed mail.

    Of a list's line there may be no mail: `letter` is empty then.
    """

    signature: dict[str, Any]
    letter: dict[str, Any]
    token: bytes
    public_key: bytes


def rules(petition: Petition, invitation: Invitation | None = None) -> Rules:
    categories = frozenset(c.slug for c in petition.categories if not c.retired)
    return Rules(categories, petition.ask_for, invitation.category if invitation else None)


def require_open(petition: Petition, *, now: datetime) -> None:
    phase = petition.phase(now)
    if phase != "open":
        raise PetitionNotOpen(phase, message=petition.pause_told) if petition.pause_told else PetitionNotOpen(phase)


def prepare(
    petition: Petition,
    submission: Submission,
    language: str,
    keys: Keys,
    *,
    today: date,
    burst: str | None = None,
    method: str = states.MAIL,
    invitation: Invitation | None = None,
    kind: str | None = outbox.CONFIRM,
    reference: str = "",
    identity: bytes | None = None,
) -> Attempt:
    """Seals the record for the organizers, a copy for the signatory, the mail of that kind for the worker.

    `kind` None: no mail and no copy. With any kind but the usual one the record keeps its link's token: see importing.
    `reference` and `identity` (where it is no mail address): of a list's line alone.
    """
    # Asked for at once: each call for random bytes is one into the kernel.
    token, secret, copy_nonce, mail_nonce = _random(tokens.TOKEN_BYTES, 32, sealing.NONCE_BYTES, sealing.NONCE_BYTES)
    token_hash = tokens.stored(token)
    signature_id = tokens.signature_id(token_hash)
    record = sealing.canonical(submission.record(petition.slug, petition.version, language, reference))
    kept = None if kind == outbox.CONFIRM else token
    signature = {
        "id": signature_id,
        "petition_id": petition.id,
        "version": petition.version,
        "language": language,
        "state": states.PENDING,
        "reason": None,
        "category": submission.category,
        "counted_as": None,
        "verified": False,
        "method": states.INVITATION if invitation else method,
        "visibility": submission.visibility,
        "signed_on": today,
        "counted_on": None,
        "acts": 0,
        "token_hash": token_hash,
        "identity": identity or keys.identity_of(petition.id, submission.email.canonical),
        "merged_into": None,
        "bind": sealing.bind(secret, record),
        "sealed": sealing.seal_record(record, secret, petition.public_key, petition.id, link=kept),
        "own_copy": sealing.seal(record, tokens.own_copy_key(token), copy_nonce, signature_id) if kind else None,
        "shown_name": None,
        "shown_key": None,
        "hidden": False,
        "pinned": False,
        "burst": burst,
        "invitation_id": invitation.id if invitation else None,
    }
    if kind is None:
        return Attempt(signature, {}, token, petition.public_key)
    contents = _letter(submission, token, language)
    letter = outbox.row(keys, signature_id, petition.id, contents, nonce=mail_nonce, kind=kind, due_on=today)
    return Attempt(signature, letter, token, petition.public_key)


def _letter(submission: Submission, token: bytes, language: str) -> dict[str, str]:
    return {
        "address": submission.email.address,
        "mailbox": submission.email.mailbox,
        "name": submission.full_name,
        "token": tokens.written(token),
        "language": language,
    }


def _random(*lengths: int) -> list[bytes]:
    drawn, ends = secrets.token_bytes(sum(lengths)), list(accumulate(lengths))
    return [drawn[start:end] for start, end in zip([0, *ends], ends, strict=False)]


async def record(tx: AsyncConnection, attempts: Sequence[Attempt]) -> Sequence[None]:
    """All of them, in the order of their random ids: where rows lie in order of arrival, a group at least has none.

    `Conflict` if one is sealed to a key that its petition no longer has: it must be prepared anew.
    """
    present = await petitions.public_keys(tx, {attempt.signature["petition_id"] for attempt in attempts})
    if any(present.get(attempt.signature["petition_id"]) != attempt.public_key for attempt in attempts):
        raise Conflict("key-changed")
    ordered = sorted(attempts, key=lambda attempt: attempt.signature["id"])
    await dialect.append(tx, tables.table(tables.Signature), [attempt.signature for attempt in ordered])
    await outbox.enqueue(tx, [attempt.letter for attempt in ordered])
    return [None] * len(attempts)
