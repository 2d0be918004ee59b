"""Petitions as every page and act reads them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from petition.db import tables
from petition.domain.petition_file import PetitionFile
from petition.queries import deliveries
from petition.queries.deliveries import Delivery

VISIBLE = ("open", "paused", "closed", "archived")


@dataclass(frozen=True, slots=True)
class Category:
    slug: str
    claim: str
    label: Mapping[str, str]
    retired: bool


@dataclass(frozen=True, slots=True)
class Addressee:
    name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Petition:
    """A petition with the current version of its statement."""

    id: bytes
    slug: str
    revision: int
    status: str
    goal: int
    default_language: str
    publish: str
    opens_at: datetime | None
    closes_at: datetime | None
    ask_for: Mapping[str, str]
    milestones: tuple[int, ...]
    reminder: bool
    public_key: bytes
    version: int
    title: Mapping[str, str]
    statement: Mapping[str, str]
    categories: tuple[Category, ...]
    addressees: tuple[Addressee, ...]
    safe: bool = False
    keep_days: int = 30
    on_hold: bool = False
    delivered_on: date | None = None
    purged_on: date | None = None
    pause_message: Mapping[str, str] | None = None
    second_entry: bool = False
    # Those that stand, the newest first.
    deliveries: tuple[Delivery, ...] = ()

    @property
    def pause_told(self) -> Mapping[str, str] | None:
        """Why signing is paused, while the organizers have paused it: the safety switch tells nobody why."""
        return self.pause_message if self.status == "paused" else None

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.title)

    def in_language(self, texts: Mapping[str, str], language: str) -> str:
        return texts[language] if language in texts else texts[self.default_language]

    def category(self, slug: str | None) -> Category | None:
        return next((c for c in self.categories if c.slug == slug), None)

    @property
    def purge_on(self) -> date | None:
        """The day on which the sealed records end; None while that is not known, or they are on hold.

        Counted from whichever is later, delivery or closing: who signs after a first delivery is still to be delivered.
        """
        ends = [day for day in (self.delivered_on, self.closes_at and self.closes_at.date()) if day is not None]
        return None if not ends or self.on_hold else max(ends) + timedelta(days=self.keep_days)

    @property
    def takes_lists(self) -> bool:
        """Also after signing has closed; not while it is hidden, put away or destroyed."""
        return not self.safe and self.purged_on is None and self.status not in ("draft", "archived")

    def phase(self, now: datetime) -> str:
        """draft, upcoming, open, paused, closed or archived: the status, and where it is open, calendar and switch."""
        if self.status != "open":
            return self.status
        if self.opens_at is not None and now < self.opens_at:
            return "paused" if self.safe else "upcoming"
        if self.closes_at is not None and now >= self.closes_at:
            return "closed"
        return "paused" if self.safe else "open"


@dataclass(frozen=True, slots=True)
class OldVersion:
    """A statement as it stood before it was changed."""

    number: int
    title: Mapping[str, str]
    statement: Mapping[str, str]
    published_on: date


async def petitions(connection: AsyncConnection, slug: str | None = None) -> tuple[Petition, ...]:
    """All petitions, by slug; or the one of that slug, if there is one."""
    rows = _rows(tables.Petition)
    wanted = select(rows).order_by(rows.c.slug)
    found = (await connection.execute(wanted if slug is None else wanted.where(rows.c.slug == slug))).mappings().all()
    ids = [row["id"] for row in found]
    texts = await _by_petition(connection, tables.Version, ids, "number", "language")
    categories = await _by_petition(connection, tables.Category, ids, "position", "slug")
    addressees = await _by_petition(connection, tables.Addressee, ids, "position")
    delivered = await _by_petition(connection, tables.Delivery, ids, "day", "id")
    return tuple(
        _petition(row, *(part.get(row["id"], []) for part in (texts, categories, addressees, delivered)))
        for row in found
    )


async def public_keys(tx: AsyncConnection, ids: Collection[bytes]) -> dict[bytes, bytes]:
    """What these petitions' records are sealed to now; none of it changes until this transaction ends.

    On PostgreSQL by the lock that any signature takes on its petition (FOR KEY SHARE): nobody here waits for
    anybody but for who changes a key. On SQLite a writing transaction is alone.
    """
    return {row.id: row.public_key for row in await tx.execute(_keys_wanted(), {"ids": list(ids)})}


@cache
def _keys_wanted() -> Select[tuple[bytes, bytes]]:
    """Made once: every group of signatures asks, and making the statement is most of what that costs."""
    rows = _rows(tables.Petition)
    mine = rows.c.id.in_(bindparam("ids", expanding=True))
    return (
        select(rows.c.id, rows.c.public_key).where(mine).order_by(rows.c.id).with_for_update(read=True, key_share=True)
    )


async def is_safe(connection: AsyncConnection, petition_id: bytes) -> bool:
    """Whether its safety switch is on: no name is shown, and none leaves."""
    rows = _rows(tables.Petition)
    return bool((await connection.execute(select(rows.c.safe).where(rows.c.id == petition_id))).scalar_one_or_none())


async def petition(connection: AsyncConnection, slug: str) -> Petition | None:
    return next(iter(await petitions(connection, slug)), None)


async def old_version(connection: AsyncConnection, petition_id: bytes, number: int) -> OldVersion | None:
    rows = _rows(tables.Version)
    found = (
        (await connection.execute(select(rows).where(rows.c.petition_id == petition_id, rows.c.number == number)))
        .mappings()
        .all()
    )
    if not found:
        return None
    return OldVersion(
        number,
        {row["language"]: row["title"] for row in found},
        {row["language"]: row["statement"] for row in found},
        found[0]["published_on"],
    )


def as_file(petition: Petition) -> PetitionFile:
    """The petition as its file would describe it. A retired category is not in a file."""
    standing = [c for c in petition.categories if not c.retired]
    return PetitionFile(
        slug=petition.slug,
        status=petition.status,
        goal=petition.goal,
        default_language=petition.default_language,
        publish=petition.publish,
        opens_at=petition.opens_at,
        closes_at=petition.closes_at,
        ask_for=dict(petition.ask_for),
        milestones=petition.milestones,
        reminder=petition.reminder,
        title=dict(petition.title),
        statement=dict(petition.statement),
        categories=tuple({"slug": c.slug, "claim": c.claim, "label": dict(c.label)} for c in standing),
        addressees=tuple(dict(a.name) for a in petition.addressees),
        pause_message=None if petition.pause_message is None else dict(petition.pause_message),
        second_entry=petition.second_entry,
    )


def _rows(mapped: type[tables.Table]) -> Any:
    return tables.table(mapped)


async def _by_petition(
    connection: AsyncConnection, mapped: type[tables.Table], ids: list[bytes], *order: str
) -> dict[bytes, list[Any]]:
    rows = _rows(mapped)
    gathered: dict[bytes, list[Any]] = {}
    wanted = select(rows).where(rows.c.petition_id.in_(ids)).order_by(*(rows.c[name] for name in order))
    for row in (await connection.execute(wanted)).mappings():
        gathered.setdefault(row["petition_id"], []).append(row)
    return gathered


def _petition(
    row: Any, texts: list[Any], categories: list[Any], addressees: list[Any], delivered: list[Any]
) -> Petition:
    current = [text for text in texts if text["number"] == row["version"]]
    # The default language leads, whatever order the rows came in.
    current.sort(key=lambda text: (text["language"] != row["default_language"], text["language"]))
    fields = {name: row[name] for name in Petition.__slots__ if name in row}
    return Petition(
        **{
            **fields,
            "opens_at": _utc(row["opens_at"]),
            "closes_at": _utc(row["closes_at"]),
            "milestones": tuple(row["milestones"]),
            "title": {text["language"]: text["title"] for text in current},
            "statement": {text["language"]: text["statement"] for text in current},
            "categories": tuple(Category(c["slug"], c["claim"], c["label"], c["retired"]) for c in categories),
            "addressees": tuple(Addressee(a["name"]) for a in addressees),
            "deliveries": tuple(deliveries.of_row(d) for d in reversed(delivered) if not d["taken_back"]),
        }
    )


def _utc(moment: datetime | None) -> datetime | None:
    """SQLite keeps no zone; what we write is UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
