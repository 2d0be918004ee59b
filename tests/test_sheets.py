"""Files as people have them: what a spreadsheet hides in a cell, what calls itself one, and files that lie in parts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from petition import sheets, workbooks
from petition.domain.tabular import Unseen
from petition.errors import SheetRefused, Unavailable
from petition.sheets import InParts, OnDisk

LETTERS = bytes(range(97, 123))


def book(fill: Callable[[Workbook], None]) -> bytes:
    made, out = Workbook(), io.BytesIO()
    fill(made)
    made.save(out)
    return out.getvalue()


def rows(folder: Path, content: bytes) -> list[tuple[int, list[str]]]:
    file = folder / "list.xlsx"
    file.write_bytes(content)
    return [(number, list(cells)) for number, cells in sheets.opened(OnDisk(file)).rows()]


def test_a_formula_is_what_was_last_seen_in_it_and_a_merged_cell_stands_once(tmp_path: Path) -> None:
    def fill(made: Workbook) -> None:
        sheet = made.active
        assert sheet is not None
        sheet.append(["name", "category", "country"])
        sheet.append(['=HYPERLINK("http://a.example","Huda")', "activists", "SY"])
        sheet.append(["Omar Kassem", "activists", "SY"])
        sheet.merge_cells("B2:B3")
        made.create_sheet("second").append(["left alone"])

    found = rows(tmp_path, book(fill))
    # Nothing was calculated when it was saved, so there is nothing to be seen: it stands there as what it is.
    formula = '=HYPERLINK("http://a.example","Huda")'
    assert found == [
        *((1, ["name", "category", "country"]), (2, [formula, "activists", "SY"]), (3, ["Omar Kassem", "", "SY"]))
    ]
    assert isinstance(found[1][1][0], Unseen)


def test_a_million_empty_rows_are_passed_over_and_a_row_beyond_every_sheet_is_refused(tmp_path: Path) -> None:
    def fill(made: Workbook) -> None:
        assert made.active is not None
        made.active.append(["name"])
        made.active.cell(1_000_000, 1, "Huda Ali")

    content = book(fill)
    assert rows(tmp_path, content) == [(1, ["name"]), (1_000_000, ["Huda Ali"])]
    far = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as real, zipfile.ZipFile(far, "w") as made:
        for entry in real.namelist():
            made.writestr(entry, real.read(entry).replace(b'"1000000"', b'"9000000000"'))
    with pytest.raises(SheetRefused) as refused:
        rows(tmp_path, far.getvalue())
    assert refused.value.code == "swells"


def test_two_million_empty_lines_of_a_csv_are_passed_over(tmp_path: Path) -> None:
    assert rows(tmp_path, b"name,city\n" + b",\n" * 2_000_000 + b"Huda Ali,Homs\n")[1:] == [
        (2_000_002, ["Huda Ali", "Homs"])
    ]


def test_a_workbook_with_a_password_says_so(tmp_path: Path) -> None:
    content = bytearray(book(lambda made: None))
    # The flag of an encrypted entry, in the entry itself and in the directory at the end.
    for mark, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + flag] |= 1
    with pytest.raises(SheetRefused) as refused:
        rows(tmp_path, bytes(content))
    assert refused.value.code == "locked"


@pytest.mark.parametrize("size", [0, 1, 4, 26])
def test_a_file_in_parts_reads_like_one(size: int) -> None:
    fetched: list[int] = []

    def part(number: int) -> bytes:
        fetched.append(number)
        return LETTERS[:size][number * 4 : number * 4 + 4]

    whole = LETTERS[:size]
    file = InParts("list", size, 4, part).open()
    assert file.read() == whole
    assert file.seek(-2, io.SEEK_END) == max(size - 2, 0) if size > 1 else True
    file.seek(1)
    assert file.read(6) == whole[1:7]
    assert max(fetched, default=0) <= size // 4


def refusal(folder: Path, content: str | bytes) -> tuple[str, int | None]:
    with pytest.raises(SheetRefused) as refused:
        rows(folder, content.encode() if isinstance(content, str) else content)
    return refused.value.code, refused.value.line


def test_a_quotation_mark_swallows_no_rows(tmp_path: Path) -> None:
    """Never closed, or closed by another stray one further down; what is quoted for its line breaks is read."""
    top = "full_name,category,country,city,note\nAnna One,independents,SY,A,ok\n"
    assert refusal(tmp_path, top + 'Bill,independents,SY,B,"5 inch\nCarl,independents,SY,C,x\n') == ("quote-open", 3)
    assert refusal(tmp_path, top + 'Bill,fsa,SY,"a\nb","5 inch\nCarl,fsa,SY,C,x\n') == ("quote-open", 4)
    between = "Carl,fsa,SY,C,x\nDan,fsa,SY,D,y\n"
    for last in ('Eve,fsa,SY,E,"6 inch\n', 'Eve,fsa,SY,E,6 inch"\n', 'Eve,"fsa",SY,E,y\n'):
        assert refusal(tmp_path, f'{top}Bill,fsa,SY,B,"5 inch\n{between}{last}') == ("quote-stray", 3), last
    assert refusal(tmp_path, 'name,note\nBill,"5 inch\nCarl,x\nDan,6 inch"\n') == ("quote-stray", 2)
    good = top + 'Bill "the" Two,fsa,SY,B,"Street 5, second door\r\nHoms, Syria\nby the mosque"\n'
    good += '"Carl" Three,fsa,SY,C,"5"""\n'
    assert [cells[0] for _, cells in rows(tmp_path, good.encode())] == [
        *("full_name", "Anna One", 'Bill "the" Two', "Carl Three")
    ]


def test_a_json_that_broke_off_or_is_not_as_exported_is_no_list(tmp_path: Path) -> None:
    head, one = '{"list":1,"signatures":[', '{"full_name":"Anna One"}'
    two = '{"full_name":"Bill Two","city":"B","n":null}'
    whole = f"{head}\n{one},\n{two}\n]}}\n"
    assert rows(tmp_path, whole.encode()) == [
        *((1, ["full_name", "city", "n"]), (2, ["Anna One", "", ""]), (3, ["Bill Two", "B", ""]))
    ]
    lines = whole.splitlines(keepends=True)
    for number in range(1, len(lines)):
        assert refusal(tmp_path, "".join(lines[:number])) == ("breaks-off", number)
    assert refusal(tmp_path, f"{head}{one}]}}") == ("json-one-line", 1)
    assert refusal(tmp_path, f'{head}\n{{"city":["a","b"]}}\n]}}') == ("json-nested", 2)
    for strange in ("[" * 200_000, '{"a":NaN}', f"{two}\n]}}\n{one}"):
        assert refusal(tmp_path, f"{head}\n{strange}\n]}}")[0] == "json-line"


def test_the_worksheet_with_the_list_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    def fill(made: Workbook) -> None:
        cover = made.active
        assert cover is not None
        cover.append(["Signatures gathered in the spring"])
        old, notes, now = (made.create_sheet(name) for name in ("old", "notes", "now"))
        old.append(["name", "category"])
        old.sheet_state = "hidden"
        for line in range(12):
            notes.append([f"remark {line}", "more"])
        now.append(["name", "category"])
        now.append(["Huda Ali", "activists"])
        made.create_sheet("empty")

    file = tmp_path / "list.xlsx"
    file.write_bytes(book(fill))
    sheet = sheets.opened(OnDisk(file))
    assert (sheet.worksheet, sheet.left, sheet.apart) == ("now", ("Sheet", "old", "notes"), "")
    assert [cells[0] for _, cells in sheet.rows()] == ["name", "Huda Ali"]
    other = sheets.opened(OnDisk(file), worksheet="old")
    assert (other.worksheet, other.apart, list(other.rows())) == ("old", "old", [(1, ["name", "category"])])
    with pytest.raises(SheetRefused) as refused:
        sheets.opened(OnDisk(file), worksheet="empty")
    assert (refused.value.code, refused.value.facts["sheets"]) == ("no-such-sheet", "Sheet; old; notes; now")


def altered(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as real, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as other:
        for entry in real.namelist():
            other.writestr(entry, change(entry, real.read(entry)))
    return made.getvalue()


def test_a_damaged_workbook_says_so_and_what_its_store_says_is_left_alone(tmp_path: Path) -> None:
    def fill(made: Workbook) -> None:
        assert made.active is not None
        for number in range(50):
            made.active.append([f"Huda {number}", number])

    content = book(fill)
    far = altered(content, lambda name, text: text.replace(b't="n"><v>3<', b't="s"><v>999<'))
    flipped = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as real:
        sheet = real.getinfo("xl/worksheets/sheet1.xml")
        for at in range(60, 90):
            flipped[sheet.header_offset + at] ^= 0xFF
    strange = bytearray(content)
    for mark, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        strange[strange.index(mark) + method] = 99
    for what, damaged in (("far", far), ("flipped", bytes(flipped)), ("strange", bytes(strange))):
        assert refusal(tmp_path, damaged) == ("damaged", None), what

    def away(number: int) -> bytes:
        raise Unavailable()

    with pytest.raises(Unavailable):
        workbooks.worksheets("list", InParts("list", 4_000, 1_000, away).open, 1)


def test_what_a_spreadsheet_could_not_show_and_what_lies_too_far_aside_is_told(tmp_path: Path) -> None:
    def fill(made: Workbook) -> None:
        assert made.active is not None
        made.active.append(["name", "n"])
        made.active.append(["=A9"])
        made.active.append(["#N/A", 1])

    content = book(fill)
    assert [(cells[0], isinstance(cells[0], Unseen)) for _, cells in rows(tmp_path, content)] == [
        *(("name", False), ("=A9", True), ("#N/A", True))
    ]
    # A formula that came to an empty text has a result.
    seen = altered(content, lambda name, text: text.replace(b'<c r="A2">', b'<c r="A2" t="str">'))
    assert [cells[0] for _, cells in rows(tmp_path, seen)] == ["name", "#N/A"]
    far = altered(content, lambda name, text: text.replace(b'r="B3"', b'r="IW3"'))
    assert refusal(tmp_path, far) == ("too-wide", 3)


def test_one_byte_that_strayed_into_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    good = "الاسم,الصفة\nسعاد الخطيب,ناشطون\nرنا النجار,ناشطون\n".encode()
    plain = b"name,category\nHuda Ali,activists\nRana Najjar,activists\n"
    for content in (good, plain):
        for byte in (b"\x00", b"\x00a\x00"):
            assert refusal(tmp_path, content[:-3] + byte + content[-3:]) == ("encoding-stray", 3)
    assert refusal(tmp_path, good.replace(b",", b"\xff,")[:-40]) == ("encoding-stray", 1)
    long = good * 40_000
    assert refusal(tmp_path, long + b"\x81" + good) == ("encoding-stray", 120_001)
    wide = "name\nسعاد الخطيب\n".encode("utf-16-le")
    assert rows(tmp_path, wide) == [(1, ["name"]), (2, ["سعاد الخطيب"])]
