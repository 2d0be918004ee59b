"""Rows for spreadsheets: CSV (RFC 4180) in UTF-8 that opens in its own letters, and in it nothing is a formula."""

from __future__ import annotations

from collections.abc import Iterable

BEGINNING = "\ufeff"
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
# What a spreadsheet skips before it looks whether a formula begins.
_SKIPPED = " \u00a0\u2007\u202f\u3000\ufeff\u200b\u200e\u200f\u2066\u2067\u2068\u2069'\""


def inert(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet might reckon with it."""
    return f"'{text}" if text.startswith(("\t", "\r", "\n")) or text.lstrip(_SKIPPED).startswith(_FORMULA) else text


def row(cells: Iterable[object]) -> str:
    """One line, with its end. Numbers stay numbers; texts become inert."""
    return ",".join(_cell(cell) for cell in cells) + "\r\n"


def _cell(cell: object) -> str:
    text = str(cell) if isinstance(cell, int) else inert(str(cell))
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\r\n') else text
