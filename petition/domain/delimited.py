"""Lists as people have them: which encoding, which separator, which columns; a fault is told with its line.

Pure: takes bytes, gives rows. Nothing is skipped in silence: a row that cannot be read ends the reading.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Final

SEPARATORS: Final = ",;\t"


class Unreadable(Exception):
    """`line` counts from 1."""

    def __init__(self, line: int | None, why: str) -> None:
        self.line = line
        self.why = why
        super().__init__(why)


def lines_of(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines of a UTF-8 file, with or without a byte order mark; line ends are kept, as fields may hold them."""
    for number, raw in enumerate(chunks, 1):
        line = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
        if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or (number == 1 and b"\0" in line):
            raise Unreadable(number, "this is not UTF-8 but UTF-16; save the list as “CSV UTF-8”")
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as wrong:
            found = line[wrong.start]
            raise Unreadable(number, f"byte {found:#04x} is not UTF-8; save the list as “CSV UTF-8”") from None


def rows_of(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row, the header first; parted by commas, semicolons or tabs, as the header is."""
    first = next(lines, "")
    separator = max(SEPARATORS, key=lambda sign: (first.count(sign), sign == ","))

    def whole() -> Iterator[str]:
        yield first
        yield from lines

    reader = csv.reader(whole(), delimiter=separator, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            raise Unreadable(reader.line_num, f"this row cannot be read ({wrong})") from None
        if cells:
            yield reader.line_num, cells


def columns_of(header: Sequence[str], known: Sequence[str]) -> tuple[dict[str, int], dict[str, str]]:
    """Where each known column stands, and for columns unknown but alike to a known one that is missing: which."""
    names = ["_".join(name.strip().lower().replace("-", "_").split()) for name in header]
    for name in names:
        if name in known and names.count(name) > 1:
            raise Unreadable(1, f"the column {name} stands there {names.count(name)} times; keep one")
    found = {name: names.index(name) for name in known if name in names}
    missing = [name for name in known if name not in found]
    alike: dict[str, str] = {}
    for written, name in zip(header, names, strict=True):
        meant = get_close_matches(name, missing, 1, 0.8) if name not in known else []
        if meant:
            alike[written.strip()] = meant[0]
    return found, alike
