"""What goes into a spreadsheet is text there and nothing else (promise 35), and can be read back whole."""

from __future__ import annotations

import csv
import io

import pytest

from petition.domain import sheets

SIGNS = "=+-@＝＋－＠\t\r\n"
BEFORE = ("", " ", "  ", "\u00a0", "\ufeff", "\u200b", "\u200e", '"', "'", "\u2068")


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("sign", SIGNS)
def test_what_a_spreadsheet_would_reckon_with_begins_with_an_apostrophe(before: str, sign: str) -> None:
    assert sheets.inert(f"{before}{sign}1+1").startswith("'")


@pytest.mark.parametrize("text", ["", "ليلى حدّاد", "a=b", "1-2", "layla@example.org", "{}", "27 December"])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert sheets.inert(text) == text


def test_a_row_is_read_back_as_it_was_written() -> None:
    cells = [1, "a,b", 'say "so"', "two\nlines", "", "حلب", -5]
    (read,) = csv.reader(io.StringIO(sheets.row(cells), newline=""))
    assert read == [str(cell) for cell in cells]


def test_a_formula_is_caught_within_quotes_too() -> None:
    (read,) = csv.reader(io.StringIO(sheets.row(['=HYPERLINK("http://x","y")']), newline=""))
    assert read == ['\'=HYPERLINK("http://x","y")']
