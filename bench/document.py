"""The document of 3,500 names, read and set, beside the same engine on plain text of the same length."""

import asyncio
import os
import statistics
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update

from bench import rows
from bench.running import Store, cpu_seconds
from bench.signing import Pace
from bench.stores import SLUG, Stores
from bench.table import Line, say
from petition import typesetting, words
from petition.db import tables
from petition.db.database import Database
from petition.db.opening import opened
from petition.domain import document as paper
from petition.domain.actors import Scope
from petition.domain.document import Document
from petition.domain.listing import Wanted
from petition.domain.tokens import Keys
from petition.queries import document, petitions
from petition.queries.petitions import Petition

# Of so many that are laid down, about 3,500 count and are shown.
SIGNATURES, NAMES, MOST = 6_200, 3_500, 3.0
# As plain as it can be for the same readers: tagged, in the same faces, one paragraph to a line of text.
PLAIN = """
#set document(title: "Plain")
#set text(lang: "en", font: ("Libertinus Serif", "Amiri"), size: 10pt)
= Plain
#for line in json(bytes(sys.inputs.content)).lines { par(line) }
"""


def promise(made: Stores, pace: Pace) -> list[Line]:
    store = made.new("document")
    rows.fill(store, SIGNATURES)
    return asyncio.run(_measured(store, pace))


async def _measured(store: Store, pace: Pace) -> list[Line]:
    now = datetime.now(UTC)
    async with opened(store.settings) as (database, keys):
        await _publish(database)
        async with database.read() as connection:
            petition = await petitions.petition(connection, SLUG)
            assert petition is not None
            told = await document.document(
                connection, petition, words.load(), "https://petition.example",
                wanted=Wanted(), scope=Scope(None), language="ar", now=now,
            )  # fmt: skip
        lines = await _lines(database, petition, told, keys)
        figures: dict[str, list[float]] = {"document": [], "plain": []}
        size = 0
        for number in range(pace.rounds):
            say(f"the document beside plain text, round {number + 1} of {pace.rounds}")
            begun = cpu_seconds((os.getpid(), *store.roots))
            setting = (database, petition.id, told, keys.link_of, now, _ignore)
            size = sum([len(part) async for part in document.written(*setting, zipped=False)])
            between = cpu_seconds((os.getpid(), *store.roots))
            await typesetting.pdf_of(PLAIN, {"lines": lines}, now)
            figures["document"].append(between - begun)
            figures["plain"].append(cpu_seconds((os.getpid(), *store.roots)) - between)
    own, plain = (statistics.median(figures[name]) for name in ("document", "plain"))
    named, length = sum(told.shown.values()), sum(map(len, lines))
    assert abs(named - NAMES) < NAMES / 10, named
    return [
        Line(
            "Document (PDF)",
            f"{own:.2f} s for {named:,} names, {size / 1e6:.1f} MB",
            f"{plain:.2f} s ({length:,} characters of plain text)",
            f"{own / plain:.2f}",
            f"<= {MOST:.0f}",
            own / plain <= MOST,
        )
    ]


async def _publish(database: Database) -> None:
    """What was laid down is the public count: only who is behind it is named."""
    async with database.write() as tx:
        tally = (await tx.execute(select(tables.table(tables.Tally)))).mappings().one()
        public = {name: tally[name] for name in tally if name != "petition_id"}
        await tx.execute(update(tables.table(tables.Published)).values(**public))


def _ignore(_: int) -> None:
    """Nobody watches the progress."""


async def _lines(database: Database, petition: Petition, told: Document, keys: Keys) -> list[str]:
    """All that the document says, as lines: each name with its number, then every other text in it."""
    filling = paper.Filling(told)
    async for page in document.named(database, petition.id, told, keys.link_of):
        list(filling.take(page))
    content = paper.content(told, filling.rest(), filling.listed, at=told.counts.as_of, ends=True)
    names = [name for section in content["sections"] for run in section["runs"] for name in run["names"]]
    return [*(f"{number} {name}" for number, name in enumerate(names, 1)), *_texts(content, ("sections", "qr"))]


def _texts(value: Any, without: tuple[str, ...] = ()) -> list[str]:
    if isinstance(value, str):
        return [value] if len(value) > 2 else []
    inner: Callable[[Any], Any] = Mapping.values if isinstance(value, Mapping) else list
    if isinstance(value, Mapping):
        value = {name: one for name, one in value.items() if name not in without}
    return [text for one in inner(value) for text in _texts(one)] if isinstance(value, (Mapping, list)) else []
