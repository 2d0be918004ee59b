"""Blank sheets for signing on paper, as plain data for the typesetter: statement, columns, number, code, care. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from petition.domain import document, paragraphs
from petition.words import Words

PAPERS = {"a4": "a4", "letter": "us-letter"}
BOTH = "both"
ROWS = 10
MOST = 100
HIGHEST = 9_999
# Of one language, and of several side by side: what stands above the lines leaves room for them.
_OPENING = (1_000, 420)
# Each column's part of the width; nought is as narrow as a number.
_WIDTHS = {"full_name": 22, "category": 0, "affiliation": 14, "city": 11, "country": 11, "email": 22, "visibility": 0}
_ASKED = ("affiliation", "city", "country")


def content(
    texts: Mapping[str, tuple[str, str]],
    labels: Mapping[str, Sequence[str]],
    catalogues: Mapping[str, Words],
    *,
    ask_for: Mapping[str, str],
    url: str,
    paper: str,
    first: int,
    number: int,
) -> dict[str, Any]:
    """`texts`: title and statement by language, the leading one first; `labels`: its categories' by language.

    `first`: the number of the first of `number` sheets.
    """
    leading = next(iter(texts))
    openings = {code: paragraphs.opening(text, _OPENING[len(texts) > 1]) for code, (_, text) in texts.items()}
    return {
        "title": texts[leading][0],
        "paper": PAPERS[paper],
        "rows": ROWS,
        "from": first,
        "number": number,
        # Overleaf goes the whole text, in all languages, once any of them does not fit.
        "whole": all(whole for _, whole in openings.values()),
        "columns": _columns(texts, catalogues, ask_for),
        "qr": {"svg": document.code(url), "alt": url, "shown": url.partition("://")[2]},
        "languages": [
            {
                "code": code,
                "dir": catalogues[code].direction,
                "digits": list(catalogues[code].language.digits),
                "title": title,
                "opening": openings[code][0],
                "statement": paragraphs.blocks(statement),
                "categories": list(labels[code]),
                "shown": [catalogues[code](f"form.{name}") for name in ("by-name", "initials", "anonymous")],
                "words": {
                    name: catalogues[code](f"sign-sheet.{name}")
                    for name in ("sheet", "place", "day", "overleaf", "signs-as", "shown-as", "consent")
                }
                | {
                    "care-title": catalogues[code]("form.care-title"),
                    "care": f"{catalogues[code]('sign-sheet.care')} {catalogues[code]('form.care-risk')}",
                },
            }
            for code, (title, statement) in texts.items()
        ],
    }


def _columns(
    texts: Mapping[str, Any], catalogues: Mapping[str, Words], ask_for: Mapping[str, str]
) -> list[dict[str, Any]]:
    """A line's number, what the petition asks for, and the signature."""
    names = [name for name in _WIDTHS if name not in _ASKED or name in ask_for]
    columns = [("line", 0), *((name, _WIDTHS[name]) for name in names), ("signature", 17)]
    return [
        {"wide": wide, "heading": {code: catalogues[code](f"sign-sheet.{name}") for code in texts}}
        for name, wide in columns
    ]
