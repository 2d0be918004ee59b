"""Rows as text that a spreadsheet opens and never runs. Pure: what goes in as cells comes out as bytes.

A cell that a spreadsheet might take for a formula gets an apostrophe before it, and loses it again when the
file is read back: `guarded` and `unguarded` undo each other for every text (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

BOM = "\ufeff"

# What begins a formula, in its full-width form too, behind any blanks or invisible signs that are skipped over,
# and behind apostrophes: a text that looks guarded already is guarded once more, so that the way back is one.
_RUNS = re.compile(r"'*[\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\-@\t\r\n＝＋－﹢﹣−＠﹫]")
_HIDDEN = re.compile(r"'*[\t\r\n]")


class Unseen(str):
    """What stands for a cell in which a spreadsheet showed nothing to be taken: a formula it never calculated (then as
    the formula is written), or an error."""

    __slots__ = ()


def guarded(text: str) -> str:
    """The cell as it is written: inert in every spreadsheet."""
    return f"'{text}" if _runs(text) else text


class Own(str):
    """A cell that begins with an apostrophe of its own: nobody has guarded it."""

    __slots__ = ()


def own(cell: str) -> str:
    return Own(cell) if cell.startswith("'") and not isinstance(cell, Unseen) else cell


def unguarded(text: str) -> str:
    """The cell as it was before `guarded`."""
    if isinstance(text, Own):
        return str(text)
    return text[1:] if text.startswith("'") and _runs(text[1:]) else text


def _runs(text: str) -> bool:
    return bool(_RUNS.match(text) or _HIDDEN.match(text))


def csv_bytes(rows: Iterable[Sequence[str]]) -> bytes:
    """RFC 4180 in UTF-8, every cell guarded. A file begins with `BOM`, by which spreadsheets know its encoding."""
    text = io.StringIO()
    # Nearly every cell begins with a letter or a digit, and no such cell runs.
    csv.writer(text).writerows([cell if cell[:1].isalnum() else guarded(cell) for cell in row] for row in rows)
    return text.getvalue().encode()
