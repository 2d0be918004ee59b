"""petition export: the list, opened, as a file that is inert, complete, marked and told in the audit."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from petition.actions import rekeying
from petition.cli import files
from petition.db import tables
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant, Scope
from petition.domain.listing import Wanted
from petition.errors import Conflict, OperatorError
from petition.keyfiles import write_recovery_key
from petition.queries import listing as lists
from petition.queries import organizers as accounts
from petition.queries import rekeyings
from tests.factories import CATEGORIES, SLUG, petition_text
from tests.house import House
from tests.organizers import PASSWORD, Browser, account
from tests.people import KARIM, LAYLA, OMAR, SALMA, someone
from tests.servers import command, environment

Open = Callable[..., Awaitable[House]]
Done = subprocess.CompletedProcess[str]
HEADINGS = (
    "Full name,Mail address,Signs as,Organisation,City,Country,Reference,Shown as,State,Verified,How it came,Language,"
    "Signed on,Counted on,Mark of this export"
).split(",")


class Desk:
    """Commands on a house that is open meanwhile."""

    def __init__(self, house: House, database_url: str) -> None:
        self.house, self.url = house, database_url
        self.folder = house.settings.data_dir
        self.key = house.recovery[SLUG]

    async def export(self, *words: str, slug: str = SLUG, **settings: str) -> Done:
        return await asyncio.to_thread(command, self.folder, self.url, "export", slug, *words, **settings)

    async def rows(self, *words: str, **settings: str) -> list[list[str]]:
        """The lines of a CSV on standard output, in English, opened with the recovery key unless told otherwise."""
        who = () if "--as" in words else ("--key", str(self.key))
        done = await self.export("--format", "csv", "--lang", "en", "-o", "-", *who, *words, **settings)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("\ufeff")
        return list(csv.reader(io.StringIO(done.stdout.removeprefix("\ufeff"), newline="")))

    async def names(self, *words: str, **settings: str) -> set[str]:
        return {row[0] for row in (await self.rows(*words, **settings))[1:]}

    async def exports(self) -> list[Any]:
        rows = tables.table(tables.AuditEntry)
        async with self.house.parts.database.read() as connection:
            wanted = select(rows).where(rows.c.verb == "list:export").order_by(rows.c.number)
            return list(await connection.execute(wanted))


@pytest.fixture
async def desk(house: House, database_url: str) -> Desk:
    """Four people count; one waits, one has withdrawn."""
    for person in (LAYLA, OMAR, SALMA, KARIM):
        await house.confirmed(person)
    await house.signed(someone(1, city="Homs"))
    await house.post(await house.confirmed(someone(2)), "withdraw")
    return Desk(house, database_url)


async def test_everyone_who_counts_is_in_the_csv_in_words(desk: Desk) -> None:
    headings, *rows = await desk.rows()
    assert headings == HEADINGS
    (mark,) = {row[-1] for row in rows}
    assert re.fullmatch(r"[A-Z2-9]{4}-[A-Z2-9]{4}", mark)
    shown, came = "name visible", ["no", "Confirmed by mail", "العربية", "2017-12-27", "2017-12-27"]
    assert sorted(row[:-1] for row in rows) == sorted(
        [
            ["ليلى حدّاد", LAYLA.email, "Independents", "", "حلب", "Syria", "", shown, "Counts", *came],
            ["Omar Najjar", OMAR.email, "Journalists", "Free Press", "", "Türkiye", "", shown, "Counts", *came],
            ["Salma Qasim", SALMA.email, "Activists", "", "", "Lebanon", "", "counted, not shown", "Counts", *came],
            ["Karim Darwish", KARIM.email, "Independents", "", "", "Syria", "", "initials", "Counts", *came],
        ]
    )


async def test_states_categories_visibilities_days_and_columns_are_chosen(desk: Desk) -> None:
    assert await desk.names("--state", "pending") == {someone(1).full_name}
    assert await desk.names("--state", "withdrawn", "--state", "pending") == {n.full_name for n in map(someone, (1, 2))}
    assert len(await desk.names("--state", "all")) == 6
    assert await desk.names("--category", "journalists", "--category", "activists") == {"Omar Najjar", "Salma Qasim"}
    assert await desk.names("--visibility", "anonymous") == {"Salma Qasim"}
    assert await desk.names("--until", "2017-12-26") == set()
    assert len(await desk.names("--since", "2017-12-27")) == 4
    rows = await desk.rows("--columns", "city,full_name", "--category", "independents", "--visibility", "name")
    assert [row[:2] for row in rows] == [["City", "Full name"], ["حلب", "ليلى حدّاد"]]


async def test_who_made_it_and_why_is_in_the_audit_under_the_files_mark(desk: Desk) -> None:
    nour = await account(desk.house, "nour@example.org", Grant(None, OWNER))
    as_nour = ("--as", "nour@example.org", "--reason", "court", "--state", "pending")
    (_, row) = await desk.rows(*as_nour, password=PASSWORD)
    await desk.rows()
    first, second = await desk.exports()
    assert (first.organizer_id, second.organizer_id) == (nour.id, None)
    assert first.facts["mark"] == row[-1]
    assert (first.facts["reason"], first.facts["rows"], first.facts["states"]) == ("court", 1, ["pending"])
    assert second.facts["reason"] == "unspecified"
    told = json.dumps([first.facts, second.facts], ensure_ascii=False)
    assert not any(word in told for word in (someone(1).full_name, someone(1).email, "nour"))
    browser = Browser(desk.house)
    await browser.sign_in(nour)
    await browser.get("/audit")
    assert f"exported the list {first.facts['mark']} For a court or an authority" in browser.text


async def test_an_organizer_takes_out_what_they_may_see_and_no_more(desk: Desk, house: House) -> None:
    petition = house.parts.hub.snapshot(SLUG).petition.id
    await account(house, "all@example.org", Grant(petition, VERIFIER))
    await account(house, "press@example.org", Grant(petition, VERIFIER, ("journalists",)))
    assert len(await desk.names("--as", "all@example.org", password=PASSWORD)) == 4
    assert await desk.names("--as", "press@example.org", password=PASSWORD) == {"Omar Najjar"}


async def test_while_records_are_being_sealed_anew_the_list_is_whole(
    desk: Desk, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some are sealed to the key as it is now, the others to the one before; the recovery key is the new one."""
    monkeypatch.setattr(rekeying, "CHUNK", 2)
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    petition, old = house.parts.hub.any_petition(SLUG), house.recovery_key(SLUG)
    async with house.parts.database.write() as tx:
        by = await accounts.actor(tx, nour.id)
        made = await rekeying.begin(tx, petition.id, old, total=6, by=by, today=house.clock.now.date())
        new = write_recovery_key(house.settings, SLUG, *made, anew=True)
        state = await rekeyings.of(tx, petition.id)
        assert state is not None
        part = rekeying.part_of(state, await rekeyings.following(tx, state, limit=2), made[0])
        assert await rekeying.advance(tx, state, part, by=nour.id, today=house.clock.now.date())
    everybody = {person.full_name for person in (LAYLA, OMAR, SALMA, KARIM)}
    assert await desk.names("--as", "nour@example.org", password=PASSWORD) == everybody
    await refused(desk, "--key", str(desk.key), told=f"of an earlier key of {SLUG}")
    desk.key = new
    assert await desk.names() == everybody


async def test_a_list_begun_before_the_key_changed_ends_rather_than_miss_a_name(house: House) -> None:
    petition, old = house.parts.hub.any_petition(SLUG), house.recovery_key(SLUG)
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    pages = lists.opened(house.parts.database, petition.id, (old,), Wanted(), Scope(None))
    async with house.parts.database.write() as tx:
        by = await accounts.actor(tx, nour.id)
        await rekeying.begin(tx, petition.id, old, total=4, by=by, today=house.clock.now.date())
    with pytest.raises(Conflict, match="key-changed"):
        await anext(pages)


async def refused(desk: Desk, *words: str, told: str, code: int = 1, slug: str = SLUG, **settings: str) -> None:
    done = await desk.export("--format", "csv", "-o", "-", *words, slug=slug, **settings)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert told in line


async def test_whoever_may_not_is_told_in_one_line_and_nothing_is_opened(desk: Desk, house: House) -> None:
    other = await house.apply(petition_text(slug="another"))
    await account(house, "there@example.org", Grant(other.petition_id, OWNER))
    await account(house, "keyless@example.org", Grant(None, OWNER), with_keys=False)
    damaged = desk.folder.parent / "damaged.key"
    damaged.write_text(desk.key.read_text().replace("private key: ", "private key: A"))
    await refused(desk, "--as", "there@example.org", told="has no role", password=PASSWORD)
    await account(house, "auditor@example.org", Grant(None, AUDITOR))
    await refused(desk, "--as", "auditor@example.org", told="auditors read", password=PASSWORD)
    await refused(desk, "--as", "keyless@example.org", told="was not given the key", password=PASSWORD)
    for address in ("there@example.org", "nobody@example.org", "not an address"):
        await refused(desk, "--as", address, told="address and password do not belong together", password="x" * 12)
    await refused(desk, "--as", "there@example.org", told="PETITION_PASSWORD")
    await refused(desk, "--key", str(house.recovery["another"]), told="of another petition")
    await refused(desk, "--key", str(damaged), told="not a recovery key, or damaged")
    await refused(desk, "--key", str(damaged.with_name("none")), told="cannot be read")
    await refused(desk, "--key", str(desk.key), told="no petition nothing", slug="nothing")
    await refused(desk, "--key", str(desk.key), "--category", "x", told="no category x")
    await refused(desk, "--key", str(desk.key), "--columns", "full_name,age", told="age is no column", code=2)
    await refused(desk, told="--as EMAIL and --key FILE", code=2)
    await refused(desk, "--as", "a@example.org", "--key", str(desk.key), told="--as EMAIL and --key FILE", code=2)
    assert await desk.exports() == []


async def test_the_workbook_reads_from_right_to_left_with_typed_cells(desk: Desk) -> None:
    done = await desk.export("--format", "xlsx", "--key", str(desk.key), "--reason", "delivery")
    assert done.returncode == 0, done.stderr
    (path,) = desk.folder.parent.glob("*.xlsx")
    assert path.name == f"{SLUG}-signatories-{(await desk.exports())[0].day.isoformat()}.xlsx"
    assert path.stat().st_mode & 0o077 == 0
    book = load_workbook(path)
    sheet = book["الموقّعون"]
    assert sheet.sheet_view.rightToLeft
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:N5"
    assert sheet.print_title_rows == "$1:$1"
    assert {name: sheet.column_dimensions[name].width for name in "AC"} == {"A": 32, "C": 24}
    assert [cell.value for cell in sheet[1]][:5] == ["الاسم الكامل", "عنوان البريد", "الصفة", "الجهة", "المدينة"]
    assert all(cell.font.bold for cell in sheet[1])
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=2)}
    assert set(rows) == {person.full_name for person in (LAYLA, OMAR, SALMA, KARIM)}
    layla = rows[LAYLA.full_name]
    assert [cell.value for cell in layla][2:7] == ["مستقلّون", None, "حلب", "سوريا", None]
    assert [cell.value for cell in layla][7:10] == ["الاسم ظاهر", "محتسب", "لا"]
    assert layla[12].value == datetime(2017, 12, 27)
    assert layla[12].is_date
    about = {row[0].value: row[1].value for row in book["عن هذه القائمة"].iter_rows()}
    assert about["علامة هذه النسخة"] == (await desk.exports())[0].facts["mark"]
    assert about["الغرض"] == "للتسليم"
    assert about["استخرجها"] == "حامل مفتاح الاستعادة"
    # A second one on the same day takes a name of its own.
    await desk.export("--format", "xlsx", "--key", str(desk.key))
    assert len(list(desk.folder.parent.glob("*.xlsx"))) == 2


async def test_what_a_spreadsheet_could_run_is_text_in_both(open_house: Open, database_url: str) -> None:
    label = '=HYPERLINK("http://x.example")'
    categories = [("plain", "open", label, label), *CATEGORIES]
    house = await open_house(petition_text(categories=categories))
    await house.confirmed(someone(1, category="plain"))
    desk = Desk(house, database_url)
    ((_, row),) = [await desk.rows("--columns", "category")]
    assert row[0] == f"'{label}"
    await desk.export("--format", "xlsx", "--lang", "en", "-o", "list.xlsx", "--key", str(desk.key))
    sheet = load_workbook(desk.folder.parent / "list.xlsx")["Signatories"]
    assert (sheet["C2"].value, sheet["C2"].data_type) == (label, "s")
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


async def test_the_json_holds_everything_in_codes(desk: Desk) -> None:
    done = await desk.export("--format", "json", "--state", "all", "-o", "-", "--key", str(desk.key))
    whole = json.loads(done.stdout)
    assert (whole["list"], whole["petition"], whole["by"]) == ("petition-signatories/1", SLUG, None)
    assert whole["mark"] == (await desk.exports())[0].facts["mark"]
    by_name = {row["full_name"]: row for row in whole["signatures"]}
    assert len(by_name) == len(whole["signatures"]) == 6
    omar = by_name["Omar Najjar"]
    assert re.fullmatch("[0-9a-f]{32}", omar.pop("id"))
    assert omar == {
        "full_name": "Omar Najjar",
        "email": OMAR.email,
        "category": "journalists",
        "claimed": "journalists",
        "affiliation": "Free Press",
        "city": "",
        "country": "TR",
        "reference": "",
        "visibility": "name",
        "state": "confirmed",
        "reason": None,
        "verified": False,
        "hidden": False,
        "pinned": False,
        "method": "mail",
        "language": "ar",
        "version": 1,
        "signed_on": "2017-12-27",
        "counted_on": "2017-12-27",
    }


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
async def test_an_empty_list_is_a_whole_file_too(desk: Desk, kind: str) -> None:
    path = desk.folder.parent / f"empty.{kind}"
    done = await desk.export("--format", kind, "--state", "merged", "-o", str(path), "--key", str(desk.key))
    assert done.returncode == 0, done.stderr
    match kind:
        case "csv":
            assert len(path.read_text("utf-8-sig").splitlines()) == 1
        case "xlsx":
            assert load_workbook(path)["الموقّعون"].max_row == 1
        case _:
            assert json.loads(path.read_text("utf-8"))["signatures"] == []


async def test_a_damaged_record_is_told_and_takes_nobody_along(desk: Desk, house: House) -> None:
    rows = tables.table(tables.Signature)
    async with house.parts.database.write() as tx:
        await tx.execute(update(rows).where(rows.c.category == "journalists").values(sealed=bytes(400)))
    done = await desk.export("--format", "json", "-o", "-", "--key", str(desk.key))
    assert done.returncode == 1
    assert "1 of these records do not open" in done.stderr
    assert sorted(row["full_name"] for row in json.loads(done.stdout)["signatures"]) == sorted(
        ["", LAYLA.full_name, SALMA.full_name, KARIM.full_name]
    )


FULL = """
import pathlib, resource, sys
from petition.cli import files
from petition.errors import OperatorError
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    with files.written(pathlib.Path(sys.argv[1])) as file:
        file.write(bytes(100_000))
except OperatorError as told:
    sys.exit(str(told))
"""


def test_a_disk_that_is_full_leaves_no_half_file_and_what_was_there_stays(tmp_path: Path) -> None:
    there = tmp_path / "list.csv"
    there.write_text("the old list")
    done = subprocess.run([sys.executable, "-c", FULL, str(there)], capture_output=True, text=True)
    assert "cannot be written" in done.stderr
    assert there.read_text() == "the old list"
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]


def test_a_link_stays_one_and_a_pipe_or_a_device_is_written_into(tmp_path: Path) -> None:
    real, link, pipe = tmp_path / "real.csv", tmp_path / "link.csv", tmp_path / "pipe"
    real.write_text("the old list")
    link.symlink_to(real)
    with files.written(link) as file:
        file.write(b"the new list")
    assert (link.is_symlink(), real.read_text()) == (True, "the new list")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with files.written(pipe) as file:
        file.write(b"all of it")
    assert (os.read(reader, 100), pipe.is_fifo()) == (b"all of it", True)
    os.close(reader)
    device = Path("/dev/full")
    with pytest.raises(OperatorError, match="cannot be written"), files.written(device) as file:
        file.write(b"x")
    assert device.is_char_device()
    with pytest.raises(OperatorError, match="cannot be written"), files.written(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.csv", "pipe", "real.csv"]


async def test_an_output_that_takes_nothing_is_told_in_one_line(desk: Desk) -> None:
    def run() -> Done:
        words = [sys.executable, "-m", "petition", "export", SLUG, "--format", "csv", "-o", "-", "--key", str(desk.key)]
        with Path("/dev/full").open("w") as nowhere:
            return subprocess.run(
                words, stdout=nowhere, stderr=subprocess.PIPE, text=True, env=environment(desk.folder, desk.url)
            )

    ended = await asyncio.to_thread(run)
    assert ended.returncode == 1
    assert re.fullmatch(r"petition: standard output cannot be written .*\n", ended.stderr)
