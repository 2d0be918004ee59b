"""An XLSX workbook (ECMA-376) as a stream of bytes: nothing of it touches the disk on the way, and it holds one page
of rows at a time. The usual libraries gather a sheet in a temporary file, in which every name would lie readable.

Cells are typed: text is text, whatever it begins with; days and numbers are what they are. A sheet ends where
spreadsheets end, at 1,048,576 rows, and the list goes on on the next.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date

from petition.domain.archive import WRITTEN_ON, Sink

Cell = str | int | date | None

MOST_ROWS = 1_048_576
MOST_BYTES = 1 << 30
MOST_CHARACTERS = 32_767
_DAY_NOUGHT = date(1899, 12, 30).toordinal()
# Days as spreadsheets store them begin to be right on this one.
_FIRST_DAY = date(1900, 3, 1)
_LEVEL = 4
PLAIN, HEADING, DAY, LABEL = range(4)

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# What a spreadsheet would read as an escaped character.
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")

_STYLES = f"""{_HEAD}<styleSheet xmlns="{_MAIN}">\
<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>\
<fonts count="2"><font><sz val="11"/><name val="Arial"/><family val="2"/></font>\
<font><b/><sz val="11"/><name val="Arial"/><family val="2"/></font></fonts>\
<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>\
<fill><patternFill patternType="solid"><fgColor rgb="FFEFEBE3"/></patternFill></fill></fills>\
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>\
<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>\
<xf numFmtId="0" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1"/>\
<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>\
<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>\
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"""


class Workbook:
    """`begin()`, any number of `rows(…)`, `end()`: the bytes of the file, one after the other.

    `widths` in characters; `footer` is printed on every page; `about` is a second sheet, (name, [(label, value)]).
    """

    def __init__(
        self,
        *,
        name: str,
        headings: Sequence[str],
        widths: Sequence[int],
        right_to_left: bool,
        footer: str,
        about: tuple[str, Sequence[tuple[str, Cell]]],
    ) -> None:
        self._name, self._headings, self._widths = name, headings, widths
        self._right_to_left, self._footer, self._about = right_to_left, footer, about
        self._sink = Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._letters = [column_letters(number) for number in range(max(len(headings), 2))]
        self._sheets: list[tuple[str, int]] = []
        self._row, self._written = 0, 0

    def begin(self) -> bytes:
        self._open(self._name)
        return self._sink.taken()

    def rows(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        lines: list[str] = []
        for cells in rows:
            if self._row >= MOST_ROWS or self._written > MOST_BYTES:
                self._put("".join(lines))
                lines = []
                self._close(self._row)
                self._open(f"{self._name} {len(self._sheets) + 1}")
            lines.append(self._line(cells))
            self._written += len(lines[-1])
        self._put("".join(lines))
        return self._sink.taken()

    def end(self) -> bytes:
        self._close(self._row)
        self._write_about()
        for path, content in self._parts():
            self._zip.writestr(_entry(path), content)
        self._zip.close()
        return self._sink.taken()

    def _open(self, name: str) -> None:
        self._sheets.append((name, 0))
        # How large it will be nobody knows beforehand: a sheet is ended long before the 2 GB of a plain archive.
        self._sheet = self._zip.open(_entry(f"xl/worksheets/sheet{len(self._sheets)}.xml"), "w")
        self._row, self._written = 0, 0
        direction = ' rightToLeft="1"' if self._right_to_left else ""
        chosen = ' tabSelected="1"' if len(self._sheets) == 1 else ""
        columns = "".join(
            f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>' for at, width in enumerate(self._widths, 1)
        )
        self._put(
            f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
            f'<sheetViews><sheetView{direction}{chosen} workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
            f"<cols>{columns}</cols><sheetData>"
        )
        self._put(self._line(self._headings, HEADING))

    def _close(self, last: int) -> None:
        self._sheets[-1] = (self._sheets[-1][0], last)
        footer = _text(f"&L{self._footer.replace('&', '&&')}&R&P / &N")
        self._put(
            f'</sheetData><autoFilter ref="A1:{self._letters[len(self._headings) - 1]}{last}"/>'
            '<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.7" header="0.3" footer="0.3"/>'
            '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>'
            f"<headerFooter><oddFooter>{footer}</oddFooter></headerFooter></worksheet>"
        )
        self._sheet.close()

    def _line(self, cells: Sequence[Cell], style: int = PLAIN) -> str:
        self._row += 1
        row = self._row
        made = [_cell(f"{letters}{row}", cell, style) for letters, cell in zip(self._letters, cells, strict=False)]
        return f'<row r="{row}">{"".join(made)}</row>'

    def _put(self, text: str) -> None:
        if text:
            self._sheet.write(text.encode())

    def _write_about(self) -> None:
        name, lines = self._about
        self._sheets.append((name, 0))
        direction = ' rightToLeft="1"' if self._right_to_left else ""
        rows = "".join(
            f'<row r="{at}">{_cell(f"A{at}", label, LABEL)}{_cell(f"B{at}", value, PLAIN)}</row>'
            for at, (label, value) in enumerate(lines, 1)
        )
        self._zip.writestr(
            _entry(f"xl/worksheets/sheet{len(self._sheets)}.xml"),
            f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView{direction} workbookViewId="0"/></sheetViews>'
            '<cols><col min="1" max="1" width="24" customWidth="1"/><col min="2" max="2" width="60" customWidth="1"/>'
            f"</cols><sheetData>{rows}</sheetData></worksheet>",
        )

    def _parts(self) -> Iterable[tuple[str, str]]:
        numbers = range(1, len(self._sheets) + 1)
        yield (
            "[Content_Types].xml",
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
            + "".join(
                f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
                for n in numbers
            )
            + "</Types>",
        )
        yield (
            "_rels/.rels",
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        yield "xl/styles.xml", _STYLES
        yield (
            "xl/_rels/workbook.xml.rels",
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
            + "".join(
                f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
                for n in numbers
            )
            + f'<Relationship Id="rId0" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        )
        yield "xl/workbook.xml", self._workbook()

    def _workbook(self) -> str:
        sheets = "".join(
            f'<sheet name="{_attribute(name)}" sheetId="{n}" r:id="rId{n}"/>'
            for n, (name, _) in enumerate(self._sheets, 1)
        )
        end = self._letters[len(self._headings) - 1]
        names = ""
        for at, (name, last) in enumerate(self._sheets[:-1]):
            here = _text(f"'{_quoted(name)}'")
            names += (
                f'<definedName name="_xlnm._FilterDatabase" localSheetId="{at}" hidden="1">'
                f"{here}!$A$1:${end}${last}</definedName>"
                f'<definedName name="_xlnm.Print_Titles" localSheetId="{at}">{here}!$1:$1</definedName>'
            )
        return (
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><bookViews><workbookView/></bookViews>'
            f"<sheets>{sheets}</sheets><definedNames>{names}</definedNames></workbook>"
        )


def column_letters(number: int) -> str:
    """0 is A, 26 is AA."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _entry(path: str) -> zipfile.ZipInfo:
    """No time of writing: the archive would else tell it to the second."""
    entry = zipfile.ZipInfo(path, WRITTEN_ON)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _cell(place: str, cell: Cell, style: int) -> str:
    styled = f' s="{style}"' if style else ""
    if isinstance(cell, str):
        if not cell:
            return ""
        return f'<c r="{place}" t="inlineStr"{styled}><is><t xml:space="preserve">{_text(cell)}</t></is></c>'
    if cell is None:
        return ""
    if isinstance(cell, date):
        if cell < _FIRST_DAY:
            return _cell(place, cell.isoformat(), style)
        return f'<c r="{place}" s="{DAY}"><v>{cell.toordinal() - _DAY_NOUGHT}</v></c>'
    return f'<c r="{place}"{styled}><v>{cell}</v></c>'


def _text(text: str) -> str:
    text = text[:MOST_CHARACTERS]
    if not text.isalnum():
        text = _ESCAPED.sub("_x005F_", _UNFIT.sub("\ufffd", text))
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text


def _attribute(name: str) -> str:
    return _text(_sheet_name(name)).replace('"', "&quot;")


def _sheet_name(name: str) -> str:
    """At most 31 characters, without those that a sheet's name cannot hold."""
    return re.sub(r"[\[\]:*?/\\]", " ", name)[:31]


def _quoted(name: str) -> str:
    return _sheet_name(name).replace("'", "''")
