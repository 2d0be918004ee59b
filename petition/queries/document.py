"""The document to hand over, as it is read: the published count with its checkpoint, and those who are shown.

Names come from what is public already: no record is opened, and no key needed. Page by page, so that a list of any
length takes the memory of one part.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from petition import typesetting
from petition.db import tables
from petition.db.database import Database
from petition.domain import document as paper
from petition.domain import ledger
from petition.domain.actors import Scope
from petition.domain.archive import Archive
from petition.domain.checkpoint import Verifier
from petition.domain.document import Document, Filling, Named, Pages, Text
from petition.domain.listing import Wanted, file_name
from petition.errors import Conflict
from petition.queries import counts
from petition.queries.petitions import Petition
from petition.words import Words

PAGE = 1_000
TEMPLATE = "document.typ"
_rows, _published = tables.table(tables.Signature), tables.table(tables.Published)
_entries, _waiting = tables.table(tables.LedgerEntry), tables.table(tables.LedgerWaiting)
# What makes somebody count who did not.
_COMING = (ledger.COUNTED, ledger.RESTORED)


async def document(
    connection: AsyncConnection,
    petition: Petition,
    catalogues: Mapping[str, Words],
    base_url: str,
    *,
    wanted: Wanted,
    scope: Scope,
    language: str,
    now: datetime,
) -> Document:
    """All but names and mark, as of `now`. `language` leads. `Conflict` while the safety switch hides all names."""
    if petition.safe:
        raise Conflict("exports-stopped")
    row = (await connection.execute(select(_published).where(_published.c.petition_id == petition.id))).mappings().one()
    chosen = chosen_of(petition, wanted, scope)
    shown = await _shown(connection, petition.id)
    base, home = base_url.rstrip("/"), petition.default_language
    short, count = f"{base}/p/{petition.slug}", f"{base}/{home}/petitions/{petition.slug}/count"
    return Document(
        slug=petition.slug,
        texts=_texts(petition, catalogues, language),
        catalogues=catalogues,
        counts=counts.counts_of(petition, counts.tally_of(row), now.replace(microsecond=0)),
        chosen=chosen,
        shown={category: n for category, n in shown.items() if chosen is None or category in chosen},
        mark="",
        day=now.date(),
        checkpoint=row["checkpoint"],
        key=str(Verifier(row["origin"], row["public_key"])) if row["public_key"] and row["origin"] else "",
        petition_url=short,
        petition_code=paper.code(short),
        count_url=count,
        count_code=paper.code(count),
    )


def chosen_of(petition: Petition, wanted: Wanted, scope: Scope) -> tuple[str, ...] | None:
    """Which categories it lists: those asked for, of those that this organizer may see."""
    if not wanted.categories and scope.categories is None:
        return None
    slugs = [category.slug for category in petition.categories]
    return tuple(slug for slug in slugs if scope.holds(slug) and (not wanted.categories or slug in wanted.categories))


def _texts(petition: Petition, catalogues: Mapping[str, Words], language: str) -> dict[str, Text]:
    spoken = sorted((code for code in petition.languages if code in catalogues), key=lambda code: code != language)
    return {
        code: Text(
            petition.title[code],
            petition.statement[code],
            tuple(petition.in_language(each.name, code) for each in petition.addressees),
            {each.slug: petition.in_language(each.label, code) for each in petition.categories},
        )
        for code in spoken
    }


async def _shown(connection: AsyncConnection, petition_id: bytes) -> dict[str | None, int]:
    numbered = (
        select(_rows.c.counted_as, func.count())
        .where(_rows.c.petition_id == petition_id, _rows.c.shown_name.is_not(None))
        .group_by(_rows.c.counted_as)
    )
    return {row[0]: row[1] for row in await connection.execute(numbered)}


async def named(
    database: Database, petition_id: bytes, told: Document, link_of: Callable[[bytes], bytes]
) -> AsyncIterator[list[Named]]:
    """By category; pinned first, then each way of writing in its own order, that of the leading language first.

    Whoever came to count after the document's count is left out: the two always agree. `link_of` leads from a
    signature's id to its ledger entry.
    """
    leading = told.catalogues[next(iter(told.texts))].direction
    ways = (leading, "ltr" if leading == "rtl" else "rtl")
    for category in told.sections:
        where = _rows.c.counted_as.is_(None) if category is None else _rows.c.counted_as == category
        wanted = select(_rows.c.id, _rows.c.shown_name, _rows.c.shown_key).where(
            _rows.c.petition_id == petition_id, _rows.c.shown_name.is_not(None), where
        )
        for pinned, fitting in ((True, ways), (False, ways[:1]), (False, ways[1:])):
            of_kind = wanted.where(_rows.c.pinned.is_(pinned))
            async for page, since in _pages(database, petition_id, of_kind, told.counts.ledger_size):
                yield [
                    Named(row.shown_name, category, pinned)
                    for row in page
                    if paper.direction(row.shown_name) in fitting and (not since or link_of(row.id) not in since)
                ]


async def _pages(
    database: Database, petition_id: bytes, wanted: Select[Any], size: int
) -> AsyncIterator[tuple[Any, Collection[bytes]]]:
    """Pages by keyset, each with the links of those who came since the ledger had this size."""
    place: tuple[str, bytes] | None = None
    while True:
        page = wanted if place is None else wanted.where(tuple_(_rows.c.shown_key, _rows.c.id) > tuple_(*place))
        async with database.read() as connection:
            found = (await connection.execute(page.order_by(_rows.c.shown_key, _rows.c.id).limit(PAGE))).all()
            since = await _since(connection, petition_id, size) if found else set()
        yield found, since
        if len(found) < PAGE:
            return
        place = (found[-1].shown_key, found[-1].id)


async def _since(connection: AsyncConnection, petition_id: bytes, size: int) -> set[bytes]:
    entries = select(_entries.c.link, _entries.c.body).where(
        _entries.c.petition_id == petition_id, _entries.c.index >= size
    )
    marks = [f'"event":"{event}"'.encode() for event in _COMING]
    links = {row.link for row in await connection.execute(entries) if any(mark in row.body for mark in marks)}
    waiting = select(_waiting.c.link).where(_waiting.c.petition_id == petition_id, _waiting.c.event.in_(_COMING))
    return links | set((await connection.execute(waiting)).scalars())


async def written(
    database: Database,
    petition_id: bytes,
    told: Document,
    link_of: Callable[[bytes], bytes],
    now: datetime,
    read: Callable[[int], None],
    *,
    zipped: bool,
    undrawn: set[str] | None = None,
) -> AsyncIterator[bytes]:
    """The file's bytes: one PDF, or a ZIP of numbered ones. `read` is told how many names were taken in.

    `undrawn`: as of `typesetting.pdf`.
    """
    filling, archive = Filling(told), Archive()

    async def made(pages: Pages, *, ends: bool) -> bytes:
        content = paper.content(told, pages, filling.listed, at=now, ends=ends)
        pdf = await typesetting.pdf(TEMPLATE, content, now, undrawn=undrawn)
        name = file_name(told.slug, told.day, f"{pages.number:0{len(str(told.parts))}}.pdf")
        return archive.add(name, pdf) if zipped else pdf

    async for page in named(database, petition_id, told, link_of):
        for full in filling.take(page):
            yield await made(full, ends=False)
        read(len(page))
    yield await made(filling.rest(), ends=True)
    if zipped:
        yield archive.end()
