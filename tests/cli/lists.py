"""Lists as offices send them, and whoever takes them in by command."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from petition import words
from petition.actions import audit, counting
from petition.db import tables
from petition.domain import sealing
from tests.factories import SLUG
from tests.house import House
from tests.servers import command

Open = Callable[..., Awaitable[House]]
Done = subprocess.CompletedProcess[str]
SPOKEN = words.load()["ar"]
HEADING = ("الاسم الكامل", "البريد الإلكتروني", "الصفة", "المدينة", "البلد")
PEOPLE = (
    ("سعاد الخطيب", "suad@example.org", "مستقلّون", "حمص", "سوريا"),
    ("رنا النجار", "rana@example.org", "ناشطون", "برلين", "ألمانيا"),
    ("باسل درويش", "", "صحفيون", "إدلب", "سورية"),
)


class Desk:
    def __init__(self, house: House, database_url: str) -> None:
        self.house, self.url = house, database_url
        self.folder, self.here = house.settings.data_dir, house.settings.data_dir.parent

    async def run(self, *words: str, **settings: str) -> Done:
        return await asyncio.to_thread(command, self.folder, self.url, "import", SLUG, *words, **settings)

    async def take(self, content: bytes | str, *words: str, name: str = "list.csv", **settings: str) -> Done:
        (self.here / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return await self.run(name, *words, **settings)

    async def taken(self, content: bytes | str, *words: str, name: str = "list.csv", **settings: str) -> str:
        done = await self.take(content, *words, name=name, **settings)
        assert done.returncode == 0, done.stderr
        await self.house.fold()
        return done.stdout

    def refused(self, name: str = "list.refused.csv") -> list[list[str]]:
        text = (self.here / name).read_text("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline="")))

    async def records(self) -> list[dict[str, Any]]:
        """What is sealed of everyone who counts, with what stands in their rows."""
        key = self.house.recovery_key(SLUG)
        found = []
        for row in await self.house.signatures():
            if row.state == "confirmed":
                record, secret = sealing.open_record(row.sealed, key, row.petition_id)
                assert secret
                found.append({**record, "row": row})
        return sorted(found, key=by_person)

    async def names(self) -> list[str]:
        return [record["full_name"] for record in await self.records()]

    async def holds(self) -> None:
        await self.house.fold()
        async with self.house.parts.database.read() as connection:
            assert await audit.broken(connection) is None
            assert (await counting.recount(connection, self.house.parts.hub.any_petition(SLUG).id)).holds


def by_person(record: dict[str, Any]) -> tuple[str, str]:
    return record["full_name"], record.get("reference", "")


def text_of(rows: Sequence[Sequence[str]], delimiter: str = ",", heading: Sequence[str] = HEADING) -> str:
    made = io.StringIO(newline="")
    csv.writer(made, delimiter=delimiter).writerows([heading, *rows])
    return made.getvalue()


def workbook(rows: Sequence[Sequence[Any]]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def batch_of(told: str) -> str:
    return re.findall(r"--undo ([0-9a-f]{32})", told)[0]


SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


async def rows_of(house: House, mapped: Any) -> list[Any]:
    async with house.parts.database.read() as connection:
        return list(await connection.execute(select(tables.table(mapped))))


def two_sheets() -> bytes:
    book = Workbook()
    assert book.active is not None
    book.active.append(["A list of the spring"])
    for title, rows in (("spring", PEOPLE[:2]), ("autumn", PEOPLE[2:])):
        sheet = book.create_sheet(title)
        for row in (HEADING, *rows):
            sheet.append(list(row))
    book["spring"].append(["=A1", "x@example.org", "ناشطون", "", "SY"])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def bomb() -> bytes:
    import zipfile

    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook([HEADING]))) as real,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as swollen,
    ):
        for entry in real.namelist():
            if "sheet1" not in entry:
                swollen.writestr(entry, real.read(entry))
        with swollen.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(100):
                sheet.write(b" " * (1 << 20))
    return made.getvalue()


SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
