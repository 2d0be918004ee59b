"""Creating and changing a petition from its file. The same file twice changes nothing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.actions import audit, milestones
from petition.actions.audit import Act
from petition.db import dialect, tables
from petition.domain import sealing
from petition.domain.actors import DECIDE, Actor
from petition.domain.ledger import Tally
from petition.domain.petition_file import PetitionFile, differing
from petition.errors import Conflict, Forbidden, NotFound
from petition.queries import petitions
from petition.queries.petitions import Petition

PLAIN = (
    "status", "goal", "default_language", "publish", "opens_at", "closes_at", "ask_for", "milestones", "reminder",
    "pause_message", "second_entry",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of it. A new petition's private key is handed out here, once, and kept nowhere."""

    slug: str
    outcome: str
    private_key: bytes | None = None
    public_key: bytes | None = None
    petition_id: bytes = b""


async def apply(
    tx: AsyncConnection, file: PetitionFile, *, today: date, by: Actor | None = None, seen: int | None = None
) -> Applied:
    """`created`, `updated` or `unchanged`. `by` is None for the operator, who alone creates.

    `seen` is the revision that whoever changed it had before their eyes: `Conflict` if it is another by now.
    A changed text makes a new version unless nobody can have signed the old one, so that no
    signature ever belongs to a text that was changed under it.
    """
    await _lock(tx, file.slug)
    known = await petitions.petition(tx, file.slug)
    if known is None:
        if by is not None:
            raise NotFound()
        return await _create(tx, file, today)
    if by is not None and not by.may(known.id, DECIDE):
        raise Forbidden()
    if seen is not None and seen != known.revision:
        raise Conflict("petition-changed")
    changed = differing(file, petitions.as_file(known))
    if not changed:
        return Applied(file.slug, "unchanged", petition_id=known.id)
    plain = {name: getattr(file, name) for name in PLAIN if name in changed}
    if "title" in changed or "statement" in changed:
        plain["version"] = await _write_version(tx, known, file, today)
    if "categories" in changed:
        await _write_categories(tx, known.id, file.categories, known.categories)
    if "addressees" in changed:
        await _write_addressees(tx, known.id, file.addressees)
    rows = tables.table(tables.Petition)
    await tx.execute(update(rows).where(rows.c.id == known.id).values(revision=known.revision + 1, **plain))
    if "milestones" in plain:
        await milestones.catch_up(tx, known.id, today=today)
    facts = {"changed": list(changed), "version": plain.get("version", known.version)}
    await audit.record(tx, Act("petition:edit", by.id if by else None, known.id, facts=facts), today=today)
    return Applied(file.slug, "updated", petition_id=known.id)


async def _lock(tx: AsyncConnection, slug: str) -> None:
    """One change of a petition at a time. Who signs meanwhile is not kept waiting: only keys are shared with them."""
    rows = tables.table(tables.Petition)
    await tx.execute(select(rows.c.id).where(rows.c.slug == slug).with_for_update(key_share=True))


async def _write_version(tx: AsyncConnection, known: Petition, file: PetitionFile, today: date) -> int:
    """The number of the version that now holds these texts: a draft's own while nobody has signed it."""
    signatures = tables.table(tables.Signature)
    signed = select(signatures.c.id).where(signatures.c.petition_id == known.id).limit(1)
    draft = known.status == "draft" and (await tx.execute(signed)).first() is None
    version = known.version if draft else known.version + 1
    rows = tables.table(tables.Version)
    await tx.execute(delete(rows).where(rows.c.petition_id == known.id, rows.c.number == version))
    await _write_texts(tx, known.id, version, file, today)
    return version


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
    nought = {name: getattr(empty, name) for name in Tally.__slots__}
    for kept in (tables.Tally, tables.Published):
        await tx.execute(insert(tables.table(kept)).values(petition_id=petition_id, **nought))
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
