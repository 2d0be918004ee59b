"""The workbook as others read it: what they find is what was put in, over several sheets if need be."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from petition.domain import workbook
from petition.domain.listing import CsvFile, InWords, JsonFile, Made, Row, Wanted, Writer, XlsxFile
from petition.domain.workbook import Cell, Workbook, column_letters
from petition.words import load
from tests.domain.test_tabular import PAYLOADS

DAY = date(2018, 1, 30)


def book(rows: Iterable[Sequence[Cell]], width: int = 1, **changes: object) -> io.BytesIO:
    given: dict[str, object] = {
        "name": "List",
        "headings": [f"h{n}" for n in range(width)],
        "widths": [10] * width,
        "right_to_left": False,
        "footer": "a & b",
        "about": ("About", [("Day", DAY), ("Mark", "=1+1")]),
    }
    made = Workbook(**{**given, **changes})  # type: ignore[arg-type]
    return io.BytesIO(made.begin() + b"".join(made.rows([row]) for row in rows) + made.end())


def test_two_hundred_payloads_become_no_formula() -> None:
    texts = [payload.replace("\r", "\n") for payload in PAYLOADS]
    sheet = load_workbook(book([[text] for text in texts]))["List"]
    cells = [cell for (cell,) in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in cells] == texts


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=60))
def test_every_text_comes_back(text: str) -> None:
    found = load_workbook(book([[text]]))["List"]["A2"].value
    assert found.replace("_x005F_", "_") == text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def test_days_and_numbers_are_themselves() -> None:
    sheet = load_workbook(book([[DAY, 7, "", None, date(1899, 1, 1)]], 5))["List"]
    assert [cell.value for cell in sheet[2]] == [datetime(2018, 1, 30), 7, None, None, "1899-01-01"]


def test_what_no_spreadsheet_can_hold_is_cut_or_replaced_and_breaks_nothing() -> None:
    sheet = load_workbook(book([["\x01bad\x0b", "x" * 40_000]], 2))["List"]
    assert sheet["A2"].value == "\ufffdbad\ufffd"
    assert len(sheet["B2"].value) == 32_767


def test_a_list_longer_than_a_sheet_goes_on_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 4)
    read = load_workbook(book([[str(n)] for n in range(7)]))
    assert read.sheetnames == ["List", "List 2", "List 3", "About"]
    assert [[c.value for (c,) in read[name].iter_rows()] for name in read.sheetnames[:3]] == [
        ["h0", "0", "1", "2"],
        ["h0", "3", "4", "5"],
        ["h0", "6"],
    ]
    assert [read[name].auto_filter.ref for name in read.sheetnames[:3]] == ["A1:A4", "A1:A4", "A1:A2"]


def test_every_part_is_well_formed_and_sheet_names_are_tamed() -> None:
    made = book([["x"]], name="[a]:*?/\\ it's & <b> " + "long " * 9, right_to_left=True)
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}, "no time of writing"
    read = load_workbook(made)
    assert len(read.sheetnames[0]) <= 31
    assert read.worksheets[0].sheet_view.rightToLeft
    assert read.worksheets[0].oddFooter.left.text.replace("&&", "&") == "a & b"


def test_columns_are_lettered() -> None:
    assert [column_letters(n) for n in (0, 25, 26, 51, 701, 702)] == ["A", "Z", "AA", "AZ", "ZZ", "AAA"]


def rows(number: int) -> list[Row]:
    record = {"full_name": "ليلى حدّاد", "email": "layla@example.org", "affiliation": "", "city": "حلب", "country": "SY"}
    ids = (n.to_bytes(16, "big") for n in range(number))
    return [
        Row(i, "confirmed", None, "a", "a", False, "mail", "name", False, False, "ar", 1, DAY, DAY, record) for i in ids
    ]


def writers() -> dict[str, Writer]:
    words = load()["ar"]
    made = Made("slug", "Title", DAY, "AAAA-BBBB", None, "press", Wanted())
    worded = InWords(words, {"a": "مستقلّون"}, {"ar": "العربية"}, ("full_name", "email", "category", "signed_on"))
    return {"csv": CsvFile(worded, made), "xlsx": XlsxFile(worded, made), "json": JsonFile(worded.columns, made)}


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_a_list_ten_times_as_long_takes_no_more_memory(kind: str) -> None:
    page, peaks = rows(1_000), []
    for pages in (3, 30):
        writer = writers()[kind]
        tracemalloc.start()
        written = len(writer.begin())
        for _ in range(pages):
            written += len(writer.rows(page))
        written += len(writer.end())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert written > 100_000
    assert peaks[1] <= 1.2 * peaks[0]
