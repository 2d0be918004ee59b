"""Creating and changing a petition from its file. The same file twice changes nothing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import dialect, tables
from petition.domain import sealing
from petition.domain.ledger import Tally
from petition.domain.petition_file import PetitionFile
from petition.queries import petitions
from petition.queries.petitions import Petition

PLAIN = (
    "status", "goal", "default_language", "publish", "opens_at", "closes_at", "ask_for", "milestones", "reminder",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of it. A new petition's private key is handed out here, once, and kept nowhere."""

    slug: str
    outcome: str
    private_key: bytes | None = None
    public_key: bytes | None = None
    petition_id: bytes = b""


async def apply(tx: AsyncConnection, file: PetitionFile, *, today: date) -> Applied:
    """`created`, `updated` or `unchanged`.

    A changed text makes a new version unless the petition is still a draft, which nobody can have
    signed: so no signature ever belongs to a text that was changed under it.
    """
    known = await petitions.petition(tx, file.slug)
    if known is None:
        return await _create(tx, file, today)
    plain = {name: getattr(file, name) for name in PLAIN if getattr(file, name) != getattr(known, name)}
    texts_differ = dict(file.title) != dict(known.title) or dict(file.statement) != dict(known.statement)
    categories, addressees = (
        _categories_differ(file, known),
        file.addressees != tuple(a.name for a in known.addressees),
    )
    if not (plain or texts_differ or categories or addressees):
        return Applied(file.slug, "unchanged")
    if texts_differ:
        version = known.version if known.status == "draft" else known.version + 1
        plain["version"] = version
        rows = tables.table(tables.Version)
        await tx.execute(delete(rows).where(rows.c.petition_id == known.id, rows.c.number == version))
        await _write_texts(tx, known.id, version, file, today)
    if categories:
        await _write_categories(tx, known.id, file.categories, known.categories)
    if addressees:
        await _write_addressees(tx, known.id, file.addressees)
    rows = tables.table(tables.Petition)
    await tx.execute(update(rows).where(rows.c.id == known.id).values(revision=known.revision + 1, **plain))
    return Applied(file.slug, "updated")


async def _create(tx: AsyncConnection, file: PetitionFile, today: date) -> Applied:
    private_key, public_key = sealing.new_pair()
    petition_id = secrets.token_bytes(16)
    await tx.execute(
        insert(tables.table(tables.Petition)).values(
            id=petition_id,
            slug=file.slug,
            revision=1,
            version=1,
            public_key=public_key,
            **{name: getattr(file, name) for name in PLAIN},
        )
    )
    empty = Tally()
    await tx.execute(
        insert(tables.table(tables.Tally)).values(
            petition_id=petition_id,
            **{name: getattr(empty, name) for name in Tally.__slots__},
        )
    )
    await _write_texts(tx, petition_id, 1, file, today)
    await _write_categories(tx, petition_id, file.categories, ())
    await _write_addressees(tx, petition_id, file.addressees)
    return Applied(file.slug, "created", private_key, public_key, petition_id)


async def _write_texts(tx: AsyncConnection, petition_id: bytes, version: int, file: PetitionFile, today: date) -> None:
    rows = [
        {
            "petition_id": petition_id,
            "number": version,
            "language": language,
            "title": title,
            "statement": file.statement[language],
            "published_on": today,
        }
        for language, title in file.title.items()
    ]
    await tx.execute(insert(tables.table(tables.Version)), rows)


def _categories_differ(file: PetitionFile, known: Petition) -> bool:
    standing = [(c.slug, c.claim, dict(c.label)) for c in known.categories if not c.retired]
    return standing != [(c["slug"], c["claim"], dict(c["label"])) for c in file.categories]


async def _write_categories(
    tx: AsyncConnection,
    petition_id: bytes,
    wanted: Sequence[Mapping[str, Any]],
    known: Sequence[petitions.Category],
) -> None:
    """One that is no longer in the file is retired: people may have signed as it."""
    rows = tables.table(tables.Category)
    kept = {category["slug"] for category in wanted}
    gone = [{"slug": c.slug, "claim": c.claim, "label": dict(c.label)} for c in known if c.slug not in kept]
    for position, category in enumerate([*wanted, *gone]):
        values = {**category, "position": position, "retired": category["slug"] not in kept}
        written = dialect.insert(tx, rows).values(petition_id=petition_id, **values)
        await tx.execute(written.on_conflict_do_update(index_elements=[rows.c.petition_id, rows.c.slug], set_=values))


async def _write_addressees(tx: AsyncConnection, petition_id: bytes, names: Sequence[Mapping[str, str]]) -> None:
    rows = tables.table(tables.Addressee)
    await tx.execute(delete(rows).where(rows.c.petition_id == petition_id))
    if names:
        values = [{"petition_id": petition_id, "position": n, "name": dict(name)} for n, name in enumerate(names)]
        await tx.execute(insert(rows), values)
