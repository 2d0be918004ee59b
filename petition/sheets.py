"""Rows out of a file that somebody sent: CSV in the encodings offices use, XLSX, and our own JSON. One row at a time.

What cannot be such a file is told apart by its content, not by its name; workbooks.py reads the XLSX. A file may lie
on a disk or anywhere else that gives it as bytes (`Source`); nothing of it is written elsewhere while it is read.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from petition import workbooks
from petition.domain import headings, tabular
from petition.errors import SheetRefused

MOST_JSON_LINE = 1 << 20
BLOCK = 1 << 20
SAMPLE = 64 << 10
PARTS_AT_HAND = 3
DELIMITERS = ",;\t|"
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
ENCODINGS = ("utf-8", "utf-16", "windows-1256", "windows-1252")
# Of every other byte.
WIDE_SHARE = 0.08
ARABIC = range(0x0600, 0x0700)
# A cell whose lines are parted this much like rows holds rows that a quotation mark swallowed.
MOST_LIKE_ROWS = 0.75
_BREAK = re.compile(r"\r\n|\r|\n")

Row = tuple[int, Sequence[str]]


class Source(Protocol):
    """A file that can be opened again and again, each time from its beginning, and sought in."""

    @property
    def name(self) -> str: ...

    def open(self) -> IO[bytes]: ...


@dataclass(frozen=True, slots=True)
class OnDisk:
    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    def open(self) -> IO[bytes]:
        return self.path.open("rb")


class _Parts(io.RawIOBase):
    """The bytes of a file that lies in parts of one size, the last one shorter; a few are kept at hand."""

    def __init__(self, of: InParts) -> None:
        self._of, self._at, self._held = of, 0, dict[int, bytes]()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        begins = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._of.size}[whence]
        self._at = max(0, begins + offset)
        return self._at

    def readinto(self, into: Any) -> int:
        number, within = divmod(self._at, self._of.part_size)
        if self._at >= self._of.size:
            return 0
        if number not in self._held:
            while len(self._held) >= PARTS_AT_HAND:
                del self._held[next(iter(self._held))]
            self._held[number] = self._of.part(number)
        found = self._held[number][within : within + len(into)]
        into[: len(found)] = found
        self._at += len(found)
        return len(found)


@dataclass(frozen=True, slots=True)
class InParts:
    """A file that something else keeps; `part` gives one of its parts, from whatever thread reads."""

    name: str
    size: int
    part_size: int
    part: Callable[[int], bytes]

    def open(self) -> IO[bytes]:
        return io.BufferedReader(_Parts(self), 64 << 10)


@dataclass(frozen=True, slots=True)
class Sheet:
    """`kind`: csv, xlsx or json; `encoding` of a CSV, and whether that was a `guess`; `names`: of a JSON's fields.

    Of a workbook its `worksheet`, the others that have rows (`left`), and `apart`: the worksheet's name where a person
    chose another than would be read by itself.
    """

    source: Source
    kind: str
    encoding: str = ""
    delimiter: str = ""
    guess: bool = False
    names: tuple[str, ...] = ()
    worksheet: str = ""
    left: tuple[str, ...] = ()
    apart: str = ""

    def rows(self) -> Iterator[Row]:
        """(number as a spreadsheet counts, cells as text); rows without anything in them are left out.

        Of JSON, first its fields' names as a heading. `SheetRefused` where the file breaks off or cannot be read.
        """
        match self.kind:
            case "csv":
                found = _csv_rows(self)
            case "xlsx":
                found = workbooks.rows(self.source.name, self.source.open, self.worksheet)
            case _:
                found = _json_rows(self)
        for number, cells in found:
            if any(cells):
                # Only a table of text is guarded: elsewhere an apostrophe in front is the text's own.
                yield number, cells if self.kind == "csv" else [tabular.own(cell) for cell in cells]


def opened(
    source: Source, encoding: str | None = None, delimiter: str | None = None, worksheet: str | None = None
) -> Sheet:
    """What the file is, or `SheetRefused`, which says what to do about it."""
    try:
        with source.open() as file:
            start = file.read(8)
            if start[:4] == b"PK\x03\x04":
                return _workbook(source, file, worksheet)
            if start.startswith(b"%PDF"):
                raise SheetRefused(source.name, None, "pdf")
            if start == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
                raise SheetRefused(source.name, None, "old-or-locked")
            file.seek(0)
            if _begins_json(file.read(64)):
                return _json(source)
            return _csv(source, file, encoding, delimiter)
    except OSError as wrong:
        raise SheetRefused(source.name, None, "unreadable", why=wrong.strerror or type(wrong).__name__) from None


def _begins_json(start: bytes) -> bool:
    return start.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{"


# CSV


def _csv(source: Source, file: IO[bytes], encoding: str | None, delimiter: str | None) -> Sheet:
    file.seek(0)
    sample = file.read(SAMPLE)
    if not sample.strip():
        raise SheetRefused(source.name, None, "empty")
    known, guess = encoding, False
    if known is None:
        known = next((name for mark, name in BOMS if sample.startswith(mark)), None) or _wide(sample)
    if known is None:
        stray = _stray(file, "utf-8")
        if stray is None:
            known = "utf-8-sig"
        elif _mostly_utf8(sample):
            raise SheetRefused(source.name, stray.line, "encoding-stray", byte=f"{stray.byte:02X}")
        else:
            known, guess = _older(source, sample), True
    if stray := _stray(file, known):
        raise SheetRefused(source.name, stray.line, "encoding-wrong", encoding=known, known=", ".join(ENCODINGS))
    return Sheet(source, "csv", known, delimiter or _delimiter(_decoded(sample, known)), guess)


def _decoded(sample: bytes, encoding: str, errors: str = "strict") -> str:
    """Of a sample that may end within a letter."""
    return codecs.getincrementaldecoder(encoding)(errors).decode(sample)


def as_written_in(source: Source, encodings: Sequence[str] = ENCODINGS) -> Mapping[str, str]:
    """The first words of a CSV that are not plain English, as each encoding would have them: a person sees which."""
    with source.open() as file:
        sample = file.read(SAMPLE)
    strange = next((at for at, byte in enumerate(sample) if byte > 127), 0)
    begins = max(sample.rfind(b"\n", 0, strange) + 1, strange - 40, 0)
    begins -= begins % 2
    shown = {}
    for encoding in encodings:
        # The end may be within a letter; what cannot be read stands as a sign of its own.
        wide = encoding == "utf-16" and not sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = _decoded(sample[begins : begins + 160], "utf-16-le" if wide else encoding, "replace")
        shown[encoding] = " ".join(text.replace("\x00", "\ufffd").split())[:70]
    return shown


def _wide(sample: bytes) -> str | None:
    """UTF-16 without its mark: in plain commas and line ends every other byte is nought. One alone is a fault."""
    low, high = sample[0::2].count(0), sample[1::2].count(0)
    if max(low, high) < max(2, WIDE_SHARE * len(sample) / 2) or min(low, high) * 4 > max(low, high):
        return None
    return "utf-16-le" if high > low else "utf-16-be"


@dataclass(frozen=True, slots=True)
class _Stray:
    """The first byte that cannot stand in an encoding."""

    line: int
    byte: int


def _stray(file: IO[bytes], encoding: str) -> _Stray | None:
    """In the whole of it, a block at a time."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    file.seek(0)
    line, block = 1, b""
    try:
        while block := file.read(BLOCK):
            text = decoder.decode(block)
            if "\x00" in text:
                return _Stray(line + text.partition("\x00")[0].count("\n"), 0)
            line += text.count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as wrong:
        before = wrong.object[: wrong.start].decode(encoding, "ignore")
        return _Stray(line + before.count("\n"), wrong.object[wrong.start])
    except UnicodeError:
        return _Stray(line, block[0] if block else 0)
    return None


def _mostly_utf8(sample: bytes) -> bool:
    """Letters of several bytes follow its rule far too often to do so by chance; or it is plain but for a nought."""
    text = _decoded(sample, "utf-8", "replace")
    wrong = text.count("\ufffd")
    return sum(ord(char) > 127 for char in text) - wrong > 10 * wrong or (not wrong and "\x00" in text)


def _older(source: Source, sample: bytes) -> str:
    """An encoding from before Unicode: Arabic Windows, if what it gives are Arabic letters; else nobody can know."""
    strange = [char for char in sample.decode("windows-1256", "replace") if ord(char) > 127]
    if sum(ord(char) in ARABIC for char in strange) > 0.8 * len(strange):
        return "windows-1256"
    raise SheetRefused(source.name, None, "encoding-unknown")


def _delimiter(text: str) -> str:
    """The one that most often stands in the first lines, outside of quotation marks."""
    counted = dict.fromkeys(DELIMITERS, 0)
    quoted = False
    for char in text[:8192]:
        if char == '"':
            quoted = not quoted
        elif not quoted and char in counted:
            counted[char] += 1
    return max(DELIMITERS, key=lambda char: counted[char])


def _csv_rows(sheet: Sheet) -> Iterator[Row]:
    """Quotation marks are read as leniently as spreadsheets do, but none may swallow the rows that follow it."""
    with io.TextIOWrapper(sheet.source.open(), encoding=sheet.encoding, newline="") as file:
        record: list[str] = []
        reader = csv.reader(_lines(file, record), delimiter=sheet.delimiter, strict=False)
        widths: dict[int, int] = {}
        number, line = 0, 1
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, UnicodeError):
                raise SheetRefused(sheet.source.name, line, "row-broken") from None
            if len(record) > 1:
                usual = max(widths, key=lambda width: widths[width], default=len(cells))
                _require_closed(sheet, record, cells, line, usual)
            widths[len(cells)] = widths.get(len(cells), 0) + 1
            line = reader.line_num + 1
            record.clear()
            yield number, [cell.strip() for cell in cells]


def _lines(file: IO[str], record: list[str]) -> Iterator[str]:
    """Those of the row being read are gathered. The reader asks for one more than there is only inside a quotation."""
    for line in file:
        record.append(line)
        yield line
    record.append("")


def _require_closed(sheet: Sheet, record: list[str], cells: Sequence[str], line: int, usual: int) -> None:
    """A row of several lines: whether its quotation marks are there for its line breaks or strayed in by themselves."""
    name, delimiter = sheet.source.name, sheet.delimiter
    if not record[-1]:
        raise SheetRefused(name, line + _breaks("".join(cells[:-1])), "quote-open")
    for place, cell in enumerate(cells):
        # Between words a comma has a blank after it, between cells mostly none.
        parting = cell.count(delimiter) - (cell.count(f"{delimiter} ") if delimiter != " " else 0)
        if breaks := _breaks(cell):
            swallowed = parting >= max(1, breaks * (usual - 1) * MOST_LIKE_ROWS)
            if swallowed or not _strictly(record, delimiter):
                raise SheetRefused(name, line + _breaks("".join(cells[:place])), "quote-stray")


def _breaks(text: str) -> int:
    return len(_BREAK.findall(text))


def _strictly(record: list[str], delimiter: str) -> bool:
    try:
        list(csv.reader(record, delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return True


# XLSX


def _workbook(source: Source, file: IO[bytes], wanted: str | None) -> Sheet:
    """Of its worksheets the one that was asked for, or the list among them."""
    workbooks.require(source.name, file)
    found = [each for each in workbooks.worksheets(source.name, source.open, headings.LOOKED_AT) if each.first]
    if not found:
        raise SheetRefused(source.name, None, "empty")
    names = [each.name for each in found]
    if wanted and wanted not in names:
        raise SheetRefused(source.name, None, "no-such-sheet", sheet=wanted, sheets="; ".join(names))
    likely = _likely([each for each in found if not each.hidden] or found).name
    name = wanted or likely
    left = tuple(other for other in names if other != name)
    return Sheet(source, "xlsx", worksheet=name, left=left, apart="" if name == likely else name)


def _likely(found: Sequence[workbooks.Worksheet]) -> workbooks.Worksheet:
    """The first whose heading says what stands in it; else the one with most rows, as far as one looks."""
    known = headings.known_headings({name: [name] for name in headings.FIELDS})
    headed = (each for each in found if headings.recognised(each.first, known))
    return next(headed, None) or max(found, key=lambda each: len(each.first))


# JSON, as `petition export` writes it: a head, one signature to a line, a foot


def _json(source: Source) -> Sheet:
    """Read to its foot beforehand: one that broke off is no list, and any line may say more than the first."""
    names: dict[str, None] = {}
    for _, found in _objects(source):
        names |= dict.fromkeys(found)
    return Sheet(source, "json", names=tuple(names))


def _json_rows(sheet: Sheet) -> Iterator[Row]:
    if sheet.names:
        yield 1, sheet.names
    for number, found in _objects(sheet.source):
        yield number, [_plain(found.get(name)) for name in sheet.names]


def _objects(source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    with source.open() as file:
        head = file.readline(MOST_JSON_LINE)
        _, begins, rest = head.replace(b" ", b"").partition(b'"signatures":[')
        if not begins:
            raise SheetRefused(source.name, 1, "json-foreign")
        if rest.strip():
            raise SheetRefused(source.name, 1, "json-one-line")
        number, whole = 1, False
        while line := file.readline(MOST_JSON_LINE):
            number += 1
            bare = line.strip()
            if bare == b"]}" and not whole:
                whole = True
            elif bare:
                if whole:
                    raise SheetRefused(source.name, number, "json-line")
                yield number, _object(source, number, bare.removesuffix(b","))
        if not whole:
            raise SheetRefused(source.name, number, "breaks-off")


def _object(source: Source, number: int, line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise SheetRefused(source.name, number, "json-line")
    if any(isinstance(value, dict | list) for value in found.values()):
        raise SheetRefused(source.name, number, "json-nested")
    return found


def _no_number(word: str) -> None:
    raise ValueError(word)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
