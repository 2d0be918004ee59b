"""The audit as organizers read it: the newest first, by pages, by what they look for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables


@dataclass(frozen=True, slots=True)
class Entry:
    """`head_before`: that of the entry before, whichever that is; None where it is not there."""

    number: int
    day: date
    organizer_id: bytes | None
    petition_id: bytes | None
    verb: str
    subject: bytes | None
    facts: Mapping[str, Any]
    head: bytes
    head_before: bytes | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; None stands for any. `operator`: what was done at the command line, or by time."""

    organizer: bytes | None = None
    operator: bool = False
    petition: bytes | None = None
    group: str | None = None
    since: date | None = None
    until: date | None = None


ANYTHING = Wanted()
# What stands before the colon of a verb, by what people look for together; `rest` is whatever is not here.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "seen": ("record", "records"),
    "signatures": ("signature", "note"),
    "batches": ("batch", "invitation", "duplicate", "duplicates"),
    "people": ("organizer", "role", "key"),
    "access": ("session", "password", "recovery-code", "passkey"),
    "petition": ("petition", "mail", "statement", "delivery"),
    "taken": ("audit", "list", "export", "import", "paper"),
}
REST = "rest"

_rows = tables.table(tables.AuditEntry)
_wanted = select(*(_rows.c[name] for name in Entry.__slots__ if name in _rows.c)).order_by(_rows.c.number.desc())


async def _entries(connection: AsyncConnection, wanted: Select[Any]) -> tuple[Entry, ...]:
    """What is meant first, then the heads before those alone."""
    meant, before = wanted.subquery(), _rows.alias("before")
    joined = select(meant, before.c.head.label("head_before")).outerjoin(before, before.c.number == meant.c.number - 1)
    found = await connection.execute(joined.order_by(meant.c.number.desc()))
    return tuple(Entry(**row) for row in found.mappings())


def _visible(petitions: Sequence[bytes] | None) -> ColumnElement[bool]:
    if petitions is None:
        return true()
    # Of one petition its index has the order; of several the entries' own order has, and an index would be in the way.
    about = _rows.c.petition_id if len(petitions) == 1 else func.coalesce(_rows.c.petition_id, b"")
    visible: ColumnElement[bool] = about.in_(petitions)
    return visible


def _of_group(group: str) -> ColumnElement[bool]:
    if group == REST:
        return not_(or_(*(_of_group(name) for name in GROUPS)))
    return or_(false(), *(_rows.c.verb.startswith(f"{subject}:") for subject in GROUPS[group]))


def _where(wanted: Wanted) -> ColumnElement[bool]:
    given: list[ColumnElement[bool]] = []
    if wanted.organizer is not None:
        given.append(_rows.c.organizer_id == wanted.organizer)
    if wanted.operator:
        given.append(_rows.c.organizer_id.is_(None))
    if wanted.petition is not None:
        given.append(_rows.c.petition_id == wanted.petition)
    if wanted.group is not None:
        given.append(_of_group(wanted.group))
    if wanted.since is not None:
        given.append(_rows.c.day >= wanted.since)
    if wanted.until is not None:
        given.append(_rows.c.day <= wanted.until)
    return and_(*given) if given else _rows.c.number > 0


async def page(
    connection: AsyncConnection,
    petitions: Sequence[bytes] | None,
    *,
    wanted: Wanted = ANYTHING,
    before: int | None = None,
    limit: int = 100,
) -> tuple[Entry, ...]:
    """Newest first: of these petitions; with None everything, what is of no petition in particular as well."""
    found = _wanted.where(_visible(petitions), _where(wanted)).limit(limit)
    return await _entries(connection, found if before is None else found.where(_rows.c.number < before))


async def of_signature(connection: AsyncConnection, petition_id: bytes, signature_id: bytes) -> tuple[Entry, ...]:
    """What organizers did with one signature, newest first."""
    mine = (_rows.c.petition_id == petition_id) & (_rows.c.subject == signature_id)
    return await _entries(connection, _wanted.where(mine).limit(50))
