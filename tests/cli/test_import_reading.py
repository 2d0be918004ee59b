"""petition import: how a list is read, whatever office, program or slip of the hand it comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pytest

from tests.cli.lists import HEADING, PEOPLE, SQLITE, Desk, batch_of, bomb, text_of, two_sheets, workbook
from tests.domain.names_in_latin_letters import LATIN


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [
        *(("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t"), ("utf-16-le", ";")),
        *(("utf-16-be", ","), ("windows-1256", ";"), ("windows-1256", "\t")),
    ],
)
async def test_encodings_and_delimiters_are_found(desk: Desk, encoding: str, delimiter: str) -> None:
    done = await desk.take(text_of(PEOPLE, delimiter).encode(encoding))
    assert "added: 3" in done.stdout, done.stderr
    assert sorted(await desk.names()) == sorted(person[0] for person in PEOPLE)
    assert ("a guess" in done.stderr) == (encoding == "windows-1256")
    assert PEOPLE[0][0] in done.stderr, "the names are shown as they were read"


async def test_another_old_encoding_has_to_be_named(desk: Desk) -> None:
    content = text_of([("Zoë Müller-Größe", "z@example.org", "activists", "", "DE")]).split("\r\n", 1)[1]
    content = "name,email,category,city,country\r\n" + content
    done = await desk.take(content.encode("windows-1252"))
    assert (done.returncode, "--encoding" in done.stderr) == (1, True)
    await desk.taken(content.encode("windows-1252"), "--encoding", "windows-1252")
    assert await desk.names() == ["Zoë Müller-Größe"]


async def test_a_workbook_with_a_title_above_dates_numbers_and_empty_rows(desk: Desk) -> None:
    rows: list[Sequence[Any]] = [
        ("قائمة مكتب غازي عنتاب",),
        (),
        ("م", "الاسم", "الكنية", "الفئة", "الدولة", "التاريخ"),
        (1, "سعاد", "الخطيب", "ناشطون", "سوريا", date(2017, 12, 20)),
        *[()] * 40,
        (2, "رنا", "النجار", "independents", "TR", 43090),
        (3.0, "عمر", "القاسم", "مستقلّون", "لبنان", "٢١/١٢/٢٠١٧"),
    ]
    done = await desk.take(workbook(rows), "--map", "given_name=الاسم", name="list.xlsx")
    assert "added: 3" in done.stdout, done.stderr + done.stdout
    found = {record["full_name"]: record["row"].signed_on for record in await desk.records()}
    assert found == {
        "سعاد الخطيب": date(2017, 12, 20),
        "رنا النجار": date(2017, 12, 21),
        "عمر القاسم": date(2017, 12, 21),
    }


async def test_columns_are_named_by_heading_letter_or_number_and_what_holds_for_all_is_set(desk: Desk) -> None:
    await desk.taken(
        "x,who,z\n1,Hala Samer,\n2,Ziad Nour,Paris\n",
        *("--map", "full_name=WHO", "--map", "city=C", "--set", "category=fsa", "--set", "country=France"),
        *("--method", "paper"),
    )
    hala, ziad = await desk.records()
    assert (hala["category"], hala["country"], ziad["city"], hala["row"].method) == ("fsa", "FR", "Paris", "paper")
    await desk.taken("Dima Zein\nWael Anas\n", "--map", "full_name=1", "--set", "category=activists",
                     "--set", "country=SY", name="bare.csv")  # fmt: skip
    assert len(await desk.names()) == 4


@SQLITE
async def test_a_heading_is_nobody_wherever_it_stands(desk: Desk) -> None:
    """At the head of each page, and at the head of what was refused of a list that had none."""
    pages = text_of([PEOPLE[0], HEADING, PEOPLE[1]])
    assert "added: 2" in await desk.taken(pages)
    bare, how = "Huda Ali,x,SY\nOmar,nobody,SY\n", ("--map", "full_name=A", "--map", "email=2", "--map", "country=3")
    await desk.take(bare, *how, "--set", "category=activists", "--lang", "en", name="bare.csv")
    heading, *rows = desk.refused("bare.refused.csv")
    assert heading == ["Full name", "Mail address", "Country", "Row in the list", "Why it was refused"]
    corrected = text_of([[row[0], "", *row[2:]] for row in rows], heading=heading)
    for said in (how, ()):
        told = await desk.taken(corrected, *said, "--set", "category=activists", "--dry-run", name="again.csv")
        assert ("would be added: 2" in told, "refused: 0" in told) == (True, True), told
    untold = corrected.replace("Full name,Mail address,Country", ",,")
    told = await desk.taken(untold, *how, "--set", "category=activists", name="untold.csv")
    assert ("added: 2" in told, "refused: 0" in told) == (True, True), told


@SQLITE
async def test_a_strangers_list_does_not_command_the_terminal(desk: Desk) -> None:
    evil = "\x1b]0;owned\x07 \u202eevil\nrow 9: nobody"
    done = await desk.take(text_of([("Huda " + evil, "", "ناشطون", "", "SY", "")], heading=(*HEADING, evil)))
    other = await desk.take(text_of([], heading=("x", evil)), name="other.csv")
    for said in (done.stderr, other.stderr):
        assert "owned" in said
        assert not set("\x1b\x07\u202e") & set(said)
        assert "\nrow 9: nobody" not in said


@SQLITE
async def test_of_several_sheets_one_is_read_the_others_are_named_and_each_can_be_chosen(desk: Desk) -> None:
    done = await desk.take(two_sheets(), "--lang", "en", name="list.xlsx")
    assert "read from the sheet spring; not from Sheet, autumn (--sheet NAME" in done.stderr
    assert "added: 2" in done.stdout
    assert [row[-1] for row in desk.refused()[1:]] == [
        "Full name: A formula without a result, or an error of the spreadsheet, stands here. "
        "Open the file in its program, mend it and save it."
    ]
    other = await desk.taken(two_sheets(), "--sheet", "autumn", name="list.xlsx")
    assert "added: 1" in other
    assert batch_of(other) != batch_of(done.stdout), "each list is undone by itself"
    assert "has no sheet winter" in (await desk.run("list.xlsx", "--sheet", "winter")).stderr
    bars = "name|category|country|city\nHuda Ali|activists|SY|Homs, old, east, north, west\n"
    assert "added: 1" in await desk.taken(bars, "--delimiter", "bar", name="bars.csv")


async def wrong(
    desk: Desk, content: bytes | str, told: str, *words: str, name: str = "list.csv", code: int = 1
) -> None:
    done = await desk.take(content, *words, name=name)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr + done.stdout
    assert told in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert await desk.house.signatures() == []
    assert not list(desk.here.glob("*.refused*"))


async def test_what_is_no_list_is_told_apart_by_its_content(desk: Desk) -> None:
    good = workbook([HEADING, *PEOPLE])
    await wrong(desk, b"%PDF-1.7\n...", "is a PDF", name="list.xlsx")
    await wrong(desk, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password", name="list.xlsx")
    await wrong(desk, good[: len(good) // 2], "damaged", name="list.xlsx")
    await wrong(desk, b"", "is empty")
    await wrong(desk, b";;;\n ;;\n", "is empty")
    await wrong(desk, workbook([]), "is empty", name="list.xlsx")
    await wrong(desk, b'{"a": 1}', "no list that `petition export` wrote", name="list.json")
    await wrong(desk, b"name,category\n\xff\xfe\xfd\n", "--encoding")
    await wrong(desk, "a,b\n1,2\n", "no column is known as a name")
    await wrong(desk, "name,country\nHuda Ali,SY\n", "says no category")
    await wrong(desk, text_of(PEOPLE), "has no column age", "--map", "city=age")
    await wrong(desk, text_of(PEOPLE), "no category x", "--set", "category=x")
    await wrong(desk, text_of(PEOPLE), "is not FIELD=", "--map", "height=C", code=2)
    done = await desk.run("nowhere.csv")
    assert (done.returncode, "cannot be read" in done.stderr) == (1, True)
    assert (await desk.run()).returncode == 2
    assert "has no import abc" in (await desk.run("--undo", "abc")).stderr


async def test_a_workbook_that_swells_beyond_measure_is_not_unpacked(desk: Desk) -> None:
    content = bomb()
    assert len(content) < 200_000
    await wrong(desk, content, "unpacks to far more", name="list.xlsx")


async def test_names_of_the_world_come_in_as_they_are(desk: Desk) -> None:
    names = [name for name in LATIN.strip().splitlines() if not re.search(r"[\\`´!]", name)][:120]
    rows = [(name, f"n{n}@example.org", "activists", "", "SY") for n, name in enumerate(names)]
    await desk.taken(text_of(rows))
    assert set(await desk.names()) >= set(names)


def test_a_days_serial_is_the_spreadsheets_own() -> None:
    from petition.domain.listed import day

    today = datetime(2018, 2, 1).date()
    for text in ("43130", "2018-01-30", "30/01/2018", "30.1.2018", "٣٠/١/٢٠١٨", "2018-01-30 00:00:00"):
        assert day(text, today) == date(2018, 1, 30), text
