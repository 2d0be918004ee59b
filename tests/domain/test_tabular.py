"""Promise 35: what a spreadsheet might run stands as text, and comes back as it was."""

from __future__ import annotations

import csv
import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.domain.tabular import csv_bytes, guarded, unguarded

BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹢", "﹣", "−", "﹫")
BEFORE = ("", " ", "   ", "\u00a0", "\ufeff", "\u200b", "\u200f", "\u202e", "\u2066", "'", "''", " '")
REST = ("1+1", "SUM(A1:A9)", "cmd|' /C calc'!A0", 'HYPERLINK("http://x.example";"y")')
PAYLOADS = [f"{before}{sign}{rest}" for before, sign, rest in itertools.product(BEFORE, BEGINNINGS, REST)]


def test_there_are_enough_of_them() -> None:
    assert len(PAYLOADS) >= 200


@pytest.mark.parametrize("payload", [p for p in PAYLOADS if not p.startswith(" '")])
def test_a_payload_begins_with_an_apostrophe_and_so_with_no_formula(payload: str) -> None:
    assert guarded(payload) == f"'{payload}"
    assert unguarded(guarded(payload)) == payload


@pytest.mark.parametrize("name", ["ليلى حدّاد", "O’Brien", "'Abd al-Rahman", "d'Arc", "N!xau", "", "1=1", "a@b.example"])
def test_honest_cells_are_left_as_they_are(name: str) -> None:
    assert guarded(name) == name
    assert unguarded(name) == name


@given(st.text(alphabet=st.one_of(st.sampled_from("'=+-@＝ \t\r\n\ufeff\u200fab"), st.characters(codec="utf-8"))))
def test_every_text_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00")), min_size=2, max_size=5))
def test_every_row_comes_back_from_the_file(row: list[str]) -> None:
    (read,) = csv.reader(io.StringIO(csv_bytes([row]).decode(), newline=""))
    assert [unguarded(cell) for cell in read] == row
