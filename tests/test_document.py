"""The document to hand over: what stands in it, that it is whole, accessible, inert, and bounded at any length."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from petition import typesetting
from petition.cli import doctor, export
from petition.db import tables
from petition.domain import document as paper
from petition.domain import paragraphs
from petition.domain.actors import Scope
from petition.domain.document import Document, Filling, Named
from petition.domain.listing import Wanted
from petition.errors import Conflict
from petition.queries import document as documents
from tests.factories import SLUG
from tests.house import House
from tests.people import KARIM, LAYLA, OMAR, SALMA, Person, someone
from tests.servers import command, environment

only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
HOSTILE = (
    '#import "@preview/x:1.0.0": * #panic("x")',
    "$ sum_(k=0)^n $ *bold* _x_ <label> @label \\ // #[",
    "evil\u202egnp.exe\u2066",
    'Line\none","names":[]}',
    "Ge\U0010fffdez",
)


async def told(house: House, wanted: Wanted | None = None, language: str = "ar") -> Document:
    petition, parts = house.parts.hub.any_petition(SLUG), house.parts
    async with parts.database.read() as connection:
        return await documents.document(
            connection, petition, parts.catalogues, "https://petition.example/",
            wanted=wanted or Wanted(), scope=Scope(None), language=language, now=house.clock.now,
        )  # fmt: skip


async def names(house: House, document: Document) -> list[Named]:
    petition, parts = house.parts.hub.any_petition(SLUG), house.parts
    pages = documents.named(parts.database, petition.id, document, parts.keys.link_of)
    return [one async for page in pages for one in page]


def contents(document: Document, named: list[Named], house: House) -> list[dict[str, Any]]:
    filling = Filling(document)
    pages = [*filling.take(named), filling.rest()]
    at = house.clock.now
    return [paper.content(document, each, filling.listed, at=at, ends=each is pages[-1]) for each in pages]


@pytest.fixture
async def crowd(house: House) -> House:
    """Eight count: six of them are named or initialled, one leads; one is not shown, one is hidden by an organizer."""
    for person in (LAYLA, OMAR, SALMA, KARIM, *(someone(n, category="independents") for n in range(3))):
        await house.confirmed(person)
    await house.confirmed(Person("د. سامي Sami", "sami@example.org", "independents", country="SY"))
    rows = tables.table(tables.Signature)
    async with house.parts.database.write() as tx:
        for name, values in ((someone(0).full_name, {"pinned": True}), (someone(1).full_name, {"shown_name": None})):
            await tx.execute(update(rows).where(rows.c.shown_name == name).values(**values))
    await house.fold()
    await house.parts.hub.poll()
    return house


async def test_those_who_are_shown_stand_in_their_order_and_the_others_are_a_number(crowd: House) -> None:
    document = await told(crowd)
    named = await names(crowd, document)
    assert [one.name for one in named if one.category == "independents"] == [
        someone(0).full_name, "د. سامي Sami", LAYLA.full_name, "K. D.", someone(2).full_name,
    ]  # fmt: skip
    (content,) = contents(document, named, crowd)
    independents = content["sections"][0]
    assert independents["title"] == {"ar": "مستقلّون", "en": "Independents"}
    assert [(run["dir"], len(run["names"])) for run in independents["runs"]] == [("ltr", 1), ("rtl", 2), ("ltr", 2)]
    assert independents["runs"][1]["names"][0] == "\u2068د. سامي Sami\u2069", "isolated"
    assert independents["runs"][1]["digits"][7] == "٧"
    english = content["languages"][1]
    rows = {row["label"]: row["number"] for row in english["named"]}
    assert rows == {
        "Named in this document": "6",
        "Independents: not shown": "1",
        "Activists: not shown": "1",
        "Together": "8",
    }
    assert content["languages"][0]["total"] == "٨"
    await it_says_how_the_count_came_about_and_how_to_check_it(crowd)


async def it_says_how_the_count_came_about_and_how_to_check_it(crowd: House) -> None:
    document = await told(crowd, language="en")
    (content,) = contents(document, [], crowd)
    assert [each["code"] for each in content["languages"]] == ["en", "ar"], "the language that was asked for leads"
    english = content["languages"][0]
    layers = {layer["title"]: {row["label"]: row["number"] for row in layer["rows"]} for layer in english["layers"]}
    assert layers["By category"]["Together"] == layers["By the way they came"]["Confirmed by mail"] == "8"
    assert english["words"]["as-of"].startswith("As of ")
    assert english["words"]["lead"].endswith("taken out again.")
    taken = replace(document, counts=replace(document.counts, by_method={"mail": 5, "paper": 3}))
    (content_taken,) = contents(taken, [], crowd)
    lead, arabic = (each["words"]["lead"] for each in content_taken["languages"])
    assert lead.endswith("told apart below."), "not everybody who counts has confirmed by mail"
    assert "من دون تأكيد عبر البريد" in arabic
    assert english["statement"][0]["text"] == [
        {"text": "We say "}, {"text": "this", "strong": True}, {"text": "."},
    ]  # fmt: skip
    assert content["addressees"] == [{"en": "The Secretary-General", "ar": "الأمين العام"}]
    rows = tables.table(tables.Published)
    async with crowd.parts.database.read() as connection:
        checkpoint = (await connection.execute(select(rows.c.checkpoint))).scalar_one()
    assert content["checkpoint"][:3] == checkpoint.splitlines()[:3]
    assert content["key"].startswith(checkpoint.splitlines()[0] + "+")
    assert content["qr"]["count"]["alt"] == f"https://petition.example/ar/petitions/{SLUG}/count"
    assert content["qr"]["count"]["svg"].startswith("<svg")


async def test_who_came_after_the_count_is_not_named_and_while_names_are_hidden_nobody_is(crowd: House) -> None:
    document = await told(crowd)
    before = await names(crowd, document)
    await crowd.confirmed(someone(7, category="independents"))
    assert await names(crowd, document) == before, "it waits for the fold"
    await crowd.fold()
    assert await names(crowd, document) == before, "it is behind the document's ledger size"
    later = await told(crowd)
    assert (later.counts.total, len(await names(crowd, later))) == (9, len(before) + 1)
    only = await told(crowd, Wanted(categories=("activists",)))
    assert (only.sections, await names(crowd, only)) == (("activists",), [])
    rows = tables.table(tables.Petition)
    async with crowd.parts.database.write() as tx:
        await tx.execute(update(rows).values(safe=True, revision=rows.c.revision + 1))
    await crowd.parts.hub.poll()
    with pytest.raises(Conflict, match="exports-stopped"):
        await told(crowd)


@only_sqlite
async def test_it_is_tagged_its_fonts_are_in_it_and_hostile_names_are_text(
    crowd: House, caplog: pytest.LogCaptureFixture
) -> None:
    document, parts = await told(crowd), crowd.parts
    named = [*await names(crowd, document), *(Named(name, "independents", False) for name in HOSTILE)]
    (content,) = contents(document, named, crowd)
    set_as = json.dumps(content["sections"], ensure_ascii=False)
    assert all(json.dumps(" ".join(name.split()), ensure_ascii=False)[1:-1] in set_as for name in HOSTILE)
    with caplog.at_level(logging.WARNING):
        made = await typesetting.pdf(documents.TEMPLATE, content, crowd.clock.now)
    assert made.startswith(b"%PDF-1.7")
    assert b"/StructTreeRoot" in made
    assert b"/MarkInfo<</Marked true" in made
    assert b"<pdfuaid:part>1<" in made
    assert {b"/Lang(ar)", b"/Lang(en)"} <= set(re.findall(rb"/Lang\(..\)", made))
    assert len(re.findall(rb"/Type/FontDescriptor", made)) == len(re.findall(rb"/FontFile[23] ", made)) >= 3
    assert re.search(rb"/Type/Pages/Count 6\b", made), "title, two of the statement, count, names, end"
    assert "\U0010fffd" in caplog.text, "what no font draws is told, and stands as a square"
    assert not any(name.split()[0] in caplog.text for name in HOSTILE[:4])
    assert await typesetting.pdf(documents.TEMPLATE, content, crowd.clock.now) == made, "the same at the same moment"
    assert parts.catalogues["ar"]("document.petition") == "عريضة"


@only_sqlite
async def test_a_long_list_comes_in_numbered_parts(crowd: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "PART", 4)
    document, petition = await told(crowd), crowd.parts.hub.any_petition(SLUG)
    read: list[int] = []
    setting = (crowd.parts.database, petition.id, document, crowd.parts.keys.link_of, crowd.clock.now, read.append)
    whole = b"".join([part async for part in documents.written(*setting, zipped=True)])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        day = crowd.clock.now.date()
        assert archive.namelist() == [f"{SLUG}-signatories-{day}.{n}.pdf" for n in (1, 2)]
        assert all(archive.read(name).startswith(b"%PDF") for name in archive.namelist())
    assert sum(read) == document.shown["independents"] + document.shown.get(None, 0) + document.shown.get(
        "activists", 0
    )


@only_sqlite
async def test_twenty_thousand_names_make_four_parts_of_five_thousand(crowd: House) -> None:
    document = await told(crowd)
    document = replace(document, shown={"independents": 20_000})
    filling, largest = Filling(document), 0
    pages = []
    for begin in range(0, 20_000, 1_000):
        some = [Named(f"{someone(n).full_name} {n}", "independents", False) for n in range(begin, begin + 1_000)]
        for full in filling.take(some):
            pages.append(full)
            largest = max(largest, len(json.dumps(paper.content(document, full, {}, at=crowd.clock.now, ends=False))))
    pages.append(filling.rest())
    assert [(each.number, each.start, each.names) for each in pages] == [
        (1, 1, 5_000), (2, 5_001, 5_000), (3, 10_001, 5_000), (4, 15_001, 5_000),
    ]  # fmt: skip
    assert pages[1].sections[0]["title"]["en"] == "Independents, continued"
    assert largest < 1_000_000, "what is held and sent at a time is one part"


@only_sqlite
async def test_the_command_writes_it_marked_and_told_in_the_audit(crowd: House, database_url: str) -> None:
    path = crowd.settings.data_dir / "handed-over.pdf"
    asked = ("export", SLUG, "--format", "pdf", "--key", str(crowd.recovery[SLUG]), "--reason", "delivery")
    done = await asyncio.to_thread(command, crowd.settings.data_dir, database_url, *asked, "-o", str(path))
    assert done.returncode == 0, done.stderr
    said = re.search(r"8 signatures, 6 of them named, in .*handed-over.pdf; mark (\S{9})", done.stderr)
    assert said, done.stderr
    rows = tables.table(tables.AuditEntry)
    async with crowd.parts.database.read() as connection:
        (facts,) = (await connection.execute(select(rows.c.facts).where(rows.c.verb == "list:export"))).scalars()
    assert (facts["format"], facts["mark"], facts["reason"], facts["rows"]) == ("pdf", said[1], "delivery", 6)
    assert said[1].encode() in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert [found.name for found in path.parent.glob("*hand*")] == [path.name], "nothing else was left behind"


@only_sqlite
async def test_a_reader_who_went_away_ends_it_quietly(crowd: House, database_url: str) -> None:
    words = [sys.executable, "-m", "petition", "export", SLUG, "--format", "pdf", "-o", "-"]
    reading, writing = os.pipe()
    os.close(reading)
    env = environment(crowd.settings.data_dir, database_url)
    process = await asyncio.create_subprocess_exec(
        *words, "--key", str(crowd.recovery[SLUG]), stdout=writing, stderr=subprocess.PIPE, env=env
    )
    os.close(writing)
    _, said = await process.communicate()
    assert process.returncode != 0
    assert b"Traceback" not in said


def test_what_has_no_place_in_it_is_refused_before_anything_is_opened() -> None:
    for words in (["--state", "pending"], ["--columns", "email"], ["--visibility", "name"], ["--since", "2018-01-01"]):
        done = CliRunner().invoke(export.command, [SLUG, "--format", "pdf", "--key", "x", *words])
        assert done.exit_code == 2
        assert "The document holds those who count" in done.output


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetting, "NEEDED", ("typst", "fontpkg_nowhere"))
    assert typesetting.lacking() == "a PDF needs fontpkg-nowhere: pip install 'petition[pdf]'"
    done = CliRunner().invoke(export.command, [SLUG, "--format", "pdf", "--key", "x"])
    assert str(done.exception) == typesetting.lacking()
    (finding,) = doctor._paper()
    assert not finding.grave
    assert "no document and no sign sheet can be made here" in finding.line


def test_a_statement_becomes_strings_and_a_summary() -> None:
    text = "# Why\n\nOne *two* **[three](https://x.example)**<b>.\n\n3. first\n4. second\n\n- a\n\n> quoted\n\n    code"
    kinds = [node["kind"] for node in paragraphs.blocks(text)]
    assert kinds == ["heading", "paragraph", "numbers", "bullets", "quote", "code"]
    assert paragraphs.blocks(text)[1]["text"] == [
        {"text": "One "},
        {"text": "two", "em": True},
        {"text": " "},
        {"text": "three", "strong": True, "href": "https://x.example"},
        {"text": "<b>."},
    ]
    assert paragraphs.blocks(text)[2]["start"] == 3
    assert paragraphs.opening("Short. It is.\n\nAll of it.") == ("Short. It is. All of it.", True)
    told, whole = paragraphs.opening("A sentence. " * 100, 200)
    assert not whole
    assert told.endswith("sentence.")
    assert len(told) <= 200
