"""The versions of a petition's statement, and how many signed which, in which language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain import states


@dataclass(frozen=True, slots=True)
class SignedVersion:
    """One text. `counted` signatures of it count now, `waiting` ones wait to be confirmed."""

    number: int
    language: str
    title: str
    published_on: date
    counted: int
    waiting: int


async def versions(connection: AsyncConnection, petition_id: bytes) -> tuple[SignedVersion, ...]:
    """Newest first, each in its languages. Reads every signature of the petition: for organizers alone."""
    signatures, texts = tables.table(tables.Signature), tables.table(tables.Version)
    of = (signatures.c.version, signatures.c.language, signatures.c.state)
    told = (
        select(*of, func.count().label("number"))
        .where(signatures.c.petition_id == petition_id, signatures.c.state.in_((states.CONFIRMED, states.PENDING)))
        .group_by(*of)
    )
    numbers = {(row.version, row.language, row.state): row.number for row in await connection.execute(told)}
    wanted = select(texts).where(texts.c.petition_id == petition_id).order_by(texts.c.number.desc(), texts.c.language)
    return tuple(
        SignedVersion(
            row["number"],
            row["language"],
            row["title"],
            row["published_on"],
            numbers.get((row["number"], row["language"], states.CONFIRMED), 0),
            numbers.get((row["number"], row["language"], states.PENDING), 0),
        )
        for row in (await connection.execute(wanted)).mappings()
    )
