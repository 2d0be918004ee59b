"""The audit as organizers read it: the newest first, by pages, by what they look for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, select
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
    "petition": ("petition", "mail", "statement"),
    "taken": ("audit", "export", "import"),
}
REST = "rest"

_rows = tables.table(tables.AuditEntry)
_before = _rows.alias("before")
_wanted = (
    select(*(_rows.c[name] for name in Entry.__slots__ if name in _rows.c), _before.c.head.label("head_before"))
    .outerjoin(_before, _before.c.number == _rows.c.number - 1)
    .order_by(_rows.c.number.desc())
)


def _visible(petitions: Sequence[bytes], accounts_too: bool) -> ColumnElement[bool]:
    about: ColumnElement[bool] = _rows.c.petition_id.in_(petitions)
    return about | _rows.c.petition_id.is_(None) if accounts_too else about


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
    petitions: Sequence[bytes],
    *,
    accounts_too: bool,
    wanted: Wanted = ANYTHING,
    before: int | None = None,
    limit: int = 100,
) -> tuple[Entry, ...]:
    """Newest first: of these petitions, and with `accounts_too` of no petition in particular."""
    found = _wanted.where(_visible(petitions, accounts_too), _where(wanted)).limit(limit)
    if before is not None:
        found = found.where(_rows.c.number < before)
    return tuple(Entry(**row) for row in (await connection.execute(found)).mappings())


async def of_signature(connection: AsyncConnection, petition_id: bytes, signature_id: bytes) -> tuple[Entry, ...]:
    """What organizers did with one signature, newest first."""
    mine = (_rows.c.petition_id == petition_id) & (_rows.c.subject == signature_id)
    return tuple(Entry(**row) for row in (await connection.execute(_wanted.where(mine).limit(50))).mappings())
