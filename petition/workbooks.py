"""Rows out of an XLSX workbook, one at a time: which worksheets it has, and what stands in the cells of one.

Nothing is unpacked beyond a limit that any honest list stays far below, and no formula is calculated: a cell is what
was last seen in it, and `tabular.Unseen` where nothing was. Whatever is wrong with the bytes is one refusal,
`damaged`; what the file is fetched from may fail in its own words.
"""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

from petition.domain.tabular import Unseen
from petition.errors import SheetRefused

MOST_COLUMNS = 256
MOST_ROWS = 1 << 20
MOST_UNPACKED = 2 << 30
MOST_SHARED = 256 << 20
# Sheets shrink to a twentieth; a hundredth and less is what bombs are made of.
MOST_RATIO, HONEST_SIZE = 150, 64 << 20
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
WRONG = (
    *(zipfile.BadZipFile, zlib.error, ParseError, EOFError, NotImplementedError, RecursionError),
    *(LookupError, ValueError, TypeError, AttributeError, OverflowError),
)

Row = tuple[int, Sequence[str]]
Opener = Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True)
class Worksheet:
    """`first`: of its rows that have anything in them."""

    name: str
    hidden: bool
    first: Sequence[Row]


def require(name: str, file: IO[bytes]) -> None:
    """A spreadsheet, and none that unpacks to more than anybody's list."""
    with _whole(name), zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
    if "xl/workbook.xml" not in {entry.filename for entry in entries}:
        raise SheetRefused(name, None, "no-workbook")
    if any(entry.flag_bits & 1 for entry in entries):
        raise SheetRefused(name, None, "locked")
    if any(entry.compress_type not in PACKED for entry in entries):
        raise SheetRefused(name, None, "damaged")
    for entry in entries:
        swollen = entry.file_size > HONEST_SIZE and entry.file_size > MOST_RATIO * max(entry.compress_size, 1)
        shared = entry.filename == "xl/sharedStrings.xml" and entry.file_size > MOST_SHARED
        if swollen or shared or sum(e.file_size for e in entries) > MOST_UNPACKED:
            raise SheetRefused(name, None, "swells")


def worksheets(name: str, opener: Opener, most: int) -> list[Worksheet]:
    """All there are, with their first rows, so many."""
    with _book(name, opener) as book:
        return [
            Worksheet(sheet.title, sheet.sheet_state != "visible", list(islice(_rows(name, book, sheet), most)))
            for sheet in book.worksheets
        ]


def rows(name: str, opener: Opener, worksheet: str) -> Iterator[Row]:
    with _book(name, opener) as book:
        yield from _rows(name, book, next(sheet for sheet in book.worksheets if sheet.title == worksheet))


@contextmanager
def _whole(name: str) -> Iterator[None]:
    """Around all that reads the bytes, and nothing else."""
    try:
        yield
    except OSError as wrong:
        # The reader's own, about what it read, has no number.
        if wrong.errno is not None:
            raise
        raise SheetRefused(name, None, "damaged") from None
    except WRONG:
        raise SheetRefused(name, None, "damaged") from None


@contextmanager
def _book(name: str, opener: Opener) -> Iterator[Any]:
    with opener() as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _whole(name):
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        yield book


def _rows(name: str, book: Any, sheet: Any) -> Iterator[Row]:
    last = 0
    with _whole(name), sheet._get_source() as source:
        parser = _Cells(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        for number, cells in parser.parse():
            if number > MOST_ROWS:
                # A row may call itself any number.
                raise SheetRefused(name, number, "swells")
            if number <= last:
                raise SheetRefused(name, None, "damaged")
            last = number
            if texts := _texts(name, number, cells):
                yield number, texts


class _Cells(WorkSheetParser):  # type: ignore[misc]
    """Tells a cell that was never calculated from an empty one."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().parse_cell(element)
        if found["value"] is None:
            formula = element.find(FORMULA_TAG)
            # A formula that came to no text at all says so: its empty value is one of text.
            if formula is not None and (element.find(VALUE_TAG) is None or element.get("t") != "str"):
                found["value"] = Unseen(f"={formula.text or ''}")
        elif found["data_type"] == "e":
            found["value"] = Unseen(found["value"])
        return found


def _texts(name: str, number: int, cells: Sequence[dict[str, Any]]) -> list[str]:
    """As far as anything stands in the row."""
    texts: list[str] = []
    for cell in cells:
        text = _text(cell["value"])
        if text:
            place = cell["column"] - 1
            if place >= MOST_COLUMNS:
                raise SheetRefused(name, number, "too-wide", most=MOST_COLUMNS)
            texts.extend([""] * (place + 1 - len(texts)))
            texts[place] = text
    return texts


def _text(cell: Any) -> str:
    if cell is None or isinstance(cell, Unseen):
        return cell or ""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == cell.time().min else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
