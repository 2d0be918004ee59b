"""Taking a list out: who may, why, and the mark that leads from the file back to them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit
from petition.actions.audit import Act
from petition.domain import listing
from petition.domain.actors import READ, Actor, Scope
from petition.domain.listing import Wanted
from petition.errors import Forbidden
from petition.queries import listing as lists


@dataclass(frozen=True, slots=True)
class Export:
    """`number`: of rows when it was allowed; `scope`: where this organizer may look."""

    mark: str
    number: int
    scope: Scope


def scope_of(by: Actor | None, petition_id: bytes) -> Scope:
    """Where they may take records from; `by` None is whoever holds the recovery key. `Forbidden` without a role."""
    scope = Scope(None) if by is None else by.scope(petition_id, READ)
    if scope is None:
        raise Forbidden()
    return scope


async def begin(
    tx: AsyncConnection,
    petition_id: bytes,
    wanted: Wanted,
    columns: Sequence[str],
    kind: str,
    reason: str,
    *,
    by: Actor | None,
    today: date,
) -> Export:
    """Recorded before the first row is read: an export that broke off has been seen as well."""
    scope = scope_of(by, petition_id)
    number = await lists.number(tx, petition_id, wanted, scope)
    mark = listing.mark_of(secrets.token_bytes(5))
    facts = {"mark": mark, "format": kind, "rows": number, "reason": reason, "columns": list(columns)}
    await audit.record(
        tx, Act("list:export", by.id if by else None, petition_id, facts={**facts, **wanted.facts()}), today=today
    )
    return Export(mark, number, scope)
