"""The tally as it is stored, and the public counts made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain import states
from petition.domain.counts import CategoryCount, Counts
from petition.domain.ledger import Tally
from petition.queries.petitions import Petition


@dataclass(frozen=True, slots=True)
class Head:
    """What changes when a page must change: the petition's revision, the published count and its checkpoint."""

    slug: str
    revision: int
    tally: Tally
    origin: str
    checkpoint: str
    public_key: bytes | None
    # As they lie there: made into something only when they have changed.
    witnesses: list[dict[str, Any]]
    sample: dict[str, Any] | None
    milestones: int  # how many were ever passed


async def heads(connection: AsyncConnection) -> tuple[Head, ...]:
    """Every petition's head in one statement: the live poll's one read."""
    petitions, published = tables.table(tables.Petition), tables.table(tables.Published)
    reached = tables.table(tables.MilestoneReached)
    passed = select(func.count()).where(reached.c.petition_id == petitions.c.id).scalar_subquery().label("milestones")
    joined = select(petitions.c.slug, petitions.c.revision, published, passed).join(
        published, published.c.petition_id == petitions.c.id
    )
    rows = (await connection.execute(joined)).mappings().all()
    return tuple(
        Head(
            row["slug"],
            row["revision"],
            tally_of(row),
            row["origin"],
            row["checkpoint"],
            row["public_key"],
            row["witnesses"],
            row["sample"],
            row["milestones"],
        )
        for row in rows
    )


async def tally(connection: AsyncConnection, petition_id: bytes) -> Tally:
    rows = tables.table(tables.Tally)
    row = (await connection.execute(select(rows).where(rows.c.petition_id == petition_id))).mappings().one()
    return tally_of(row)


def tally_of(row: Any) -> Tally:
    return Tally(
        row["size"],
        row["total"],
        row["verified"],
        row["awaiting"],
        {slug: list(pair) for slug, pair in row["by_category"].items()},
        _in_order(states.METHODS, row["by_method"]),
        _in_order(states.REASONS, row["removed"]),
    )


def _in_order(names: Sequence[str], numbers: Mapping[str, int]) -> dict[str, int]:
    """PostgreSQL gives an object's names back in an order of its own; what is published has one order everywhere."""
    return {name: numbers[name] for name in names if name in numbers}


def counts_of(petition: Petition, tally: Tally, as_of: datetime) -> Counts:
    """Every category of the petition is listed, at nought too; a retired one only while somebody counts in it."""
    listed = [c.slug for c in petition.categories if not c.retired or tally.by_category.get(c.slug, [0])[0]]
    return Counts(
        petition=petition.slug,
        goal=petition.goal,
        total=tally.total,
        verified=tally.verified,
        awaiting_verification=tally.awaiting,
        by_category=tuple(CategoryCount(slug, *tally.by_category.get(slug, (0, 0))) for slug in listed),
        by_method=tally.by_method,
        removed=tally.removed,
        ledger_size=tally.size,
        as_of=as_of,
    )


async def confirmed_signatures(connection: AsyncConnection, petition_id: bytes) -> int:
    """The slow truth, for `petition recount` alone: never on a public path."""
    rows = tables.table(tables.Signature)
    wanted = select(func.count()).where(rows.c.petition_id == petition_id, rows.c.state == "confirmed")
    return int((await connection.execute(wanted)).scalar_one())
