"""Lists read as offices write them: headings, words, days; and ours come back without a loss, whatever the script."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition import sheets
from petition.domain import headings, identity, paper, states
from petition.domain.headings import Unmapped
from petition.domain.listed import Listed, Reader, Vocabulary
from petition.domain.listing import COLUMNS, InWords, Made, Row, Wanted, writer
from petition.domain.submission import Rules
from petition.errors import FieldRefused, Invalid
from petition.words import load
from tests.domain import hostile_names, names_of_the_world

DAY = date(2018, 1, 30)
LABELS = {"a": ["Independents", "مستقلّون"], "b": ["FSA, commanders", "قادة الجيش الحر"]}
WORDS = load()
ASKED = {"affiliation": "optional", "city": "optional", "country": "optional"}
OWN = {
    name: [name, *(words(f"column.{name}") for words in WORDS.values())] for name in headings.FIELDS if name in COLUMNS
}
KNOWN = headings.known_headings(OWN)
VOCABULARY = Vocabulary(WORDS, {slug: [slug, *names] for slug, names in LABELS.items()})
NAMES = [
    identity.person_name(line.encode().decode("unicode_escape") if "\\" in line and line.isascii() else line)
    for name, text in vars(names_of_the_world).items()
    if name.isupper() and isinstance(text, str)
    for line in text.strip().splitlines()
    if line.strip() and "\\" not in line
]


def reader(columns: headings.Columns, **usual: str) -> Reader:
    return Reader(columns, VOCABULARY, Rules(frozenset(LABELS), ASKED), ("ar", "en"), usual, DAY)


def row(name: str, number: int = 0, **changes: Any) -> Row:
    record = {"full_name": name, "email": f"n{number}@example.org", "affiliation": "", "city": "حلب", "country": "SY"}
    record["reference"] = ""
    plain: dict[str, Any] = {"visibility": "name", "language": "ar", "category": "a", **changes}
    record |= {key: plain.pop(key) for key in tuple(plain) if key in record}
    stood = {
        "state": "confirmed",
        "reason": None,
        "verified": False,
        "method": "mail",
        "hidden": False,
        "pinned": False,
    }
    days = {"signed_on": DAY, "counted_on": DAY, "version": 1, "counted_as": plain["category"]}
    return Row(number.to_bytes(16, "big"), **{**stood, **days, **plain}, record=record)


def back(folder: Path, kind: str, lang: str, rows: list[Row]) -> list[Listed]:
    """Written as `petition export` writes it, and read as `petition import` reads it."""
    names = {slug: texts[lang == "ar"] for slug, texts in LABELS.items()}
    worded = InWords(WORDS[lang], names, {code: words.name for code, words in WORDS.items()}, COLUMNS)
    made = writer(kind, worded, Made("slug", "Title", DAY, "AAAA-BBBB", None, "press", Wanted()))
    path = folder / f"list.{kind}"
    path.write_bytes(made.begin() + made.rows(rows) + made.end())
    sheet = sheets.opened(sheets.OnDisk(path))
    found = list(sheet.rows())
    columns = headings.columns(found, KNOWN, {})
    return [reader(columns).read(number, cells) for number, cells in found if number >= columns.begins]


def same(listed: Listed, row: Row) -> bool:
    who = listed.submission
    fields = ("full_name", "affiliation", "city", "country")
    return (
        all(getattr(who, name) == row.record[name] for name in fields)
        and who.email.address == row.record["email"]
        and listed.reference == row.record["reference"]
        and (who.category, who.visibility, listed.language) == (row.category, row.visibility, row.language)
        and listed.signed_on == row.signed_on
    )


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
@pytest.mark.parametrize("lang", ["ar", "en"])
def test_names_of_every_script_come_back_as_they_were(tmp_path: Path, kind: str, lang: str) -> None:
    assert len(NAMES) > 450
    rows = [row(name, n) for n, name in enumerate(NAMES)]
    found = back(tmp_path, kind, lang, rows)
    assert [listed.submission.full_name for listed in found] == NAMES
    assert all(map(same, found, rows))


@given(st.data())
def test_every_combination_of_fields_comes_back(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    country = data.draw(st.sampled_from([code for code, _ in WORDS["en"].countries]))
    made = row(
        data.draw(st.sampled_from(NAMES)),
        country=country,
        category=data.draw(st.sampled_from(list(LABELS))),
        visibility=data.draw(st.sampled_from(states.VISIBILITIES)),
        language=data.draw(st.sampled_from(("ar", "en"))),
        signed_on=data.draw(st.dates(date(1990, 1, 1), DAY)),
        city=data.draw(st.sampled_from(["", "دير الزور", "São Paulo", "L’viv", "'s-Hertogenbosch"])),
        reference=data.draw(st.sampled_from(["", "17/3", "ورقة ١٧، سطر ٣", "-3", "=1+1", "'", "٠٠٧", "007"])),
    )
    for kind in ("csv", "json"):
        for lang in ("ar", "en"):
            (found,) = back(tmp_path_factory.mktemp("list"), kind, lang, [made])
            assert same(found, made)


@pytest.mark.parametrize(
    ("heading", "fields"),
    [
        ("Name;E-mail;Organisation", {"full_name": 0, "email": 1, "affiliation": 2}),
        ("م;الإسم الكامل:;الايميل;المحافظة;الدولة", {"full_name": 1, "email": 2, "city": 3, "country": 4}),
        ("الاسم الأول;اسم الأب;الكنية;الصفة", {"given_name": 0, "father_name": 1, "surname": 2, "category": 3}),
        ("FIRST NAME;last  name;Date signed", {"given_name": 0, "surname": 1, "signed_on": 2}),
        ("No.;Full name *;Signature", {"full_name": 1}),
    ],
)
def test_headings_are_guessed_as_people_write_them(heading: str, fields: dict[str, int]) -> None:
    assert headings.columns([(1, heading.split(";"))], KNOWN, {}).at == fields


def test_what_is_asked_for_wins_over_what_is_guessed() -> None:
    rows = [(1, ["A list of names"]), (3, ["Name", "Nickname", "Town"]), (4, ["x", "y", "z"])]
    found = headings.columns(rows, KNOWN, {"full_name": "nickname", "city": "3"})
    assert (found.at, found.begins) == ({"full_name": 1, "city": 2}, 4)
    with pytest.raises(Unmapped, match="Surname"):
        headings.columns(rows, KNOWN, {"full_name": "Surname"})


@pytest.mark.parametrize(
    "text",
    [
        "2018-01-30",
        "30/01/2018",
        "30.1.2018",
        "٣٠/١/٢٠١٨",
        "43130",
        "2018-01-30 00:00:00",
        "20180130",
        "2018-01-30T18:05Z",
    ],
)
def test_days_are_read_as_people_and_spreadsheets_write_them(text: str) -> None:
    columns = headings.columns([(1, ["name", "date", "category"])], KNOWN, {})
    assert reader(columns).read(2, ["Huda Ali", text, "a"]).signed_on == DAY


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("31.1.2018", "date-to-come"),
        ("1850-05-05", "date-too-early"),
        ("0001-01-01", "date-too-early"),
        *(
            (text, "date-unreadable")
            for text in (
                "soon",
                "2018-01-30zzz",
                "2018-01-30T25:99",
                "2018-W05-2",
                "2018-0130",
                "2018-01-300",
                "2018-02-30",
            )
        ),
    ],
)
def test_a_day_that_cannot_be_is_told(text: str, code: str) -> None:
    columns = headings.columns([(1, ["name", "date", "category"])], KNOWN, {})
    with pytest.raises(Invalid) as refused:
        reader(columns).read(2, ["Huda Ali", text, "a"])
    assert refused.value.fields == {"signed_on": refused.value.fields["signed_on"]}
    assert refused.value.fields["signed_on"].code == code


@pytest.mark.parametrize(("text", "code"), [("7" * 201, "too-long"), ("1\u202e2", "name-bidi"), ("1\x1b2", "control")])
def test_a_reference_is_one_short_line(text: str, code: str) -> None:
    columns = headings.columns([(1, ["name", "category", "reference"])], KNOWN, {})
    with pytest.raises(Invalid) as refused:
        reader(columns).read(2, ["Huda Ali", "a", text])
    assert {name: why.code for name, why in refused.value.fields.items()} == {"reference": code}


def test_hostile_names_are_refused_here_as_everywhere() -> None:
    columns = headings.columns([(1, ["name", "category"])], KNOWN, {})
    named = [value for name, value in vars(hostile_names).items() if name.isupper()]
    tricks = [line for text in named if isinstance(text, str) for line in text.strip().splitlines()]
    assert len(tricks) > 200
    for trick in tricks:
        try:
            identity.person_name(unicodedata.normalize("NFC", trick).strip())
        except FieldRefused:
            with pytest.raises(Invalid):
                reader(columns).read(2, [trick, "a"])


def test_people_without_an_address_are_known_by_all_that_is_said_of_them() -> None:
    columns = headings.columns([(1, ["name", "category", "city", "reference", "email"])], KNOWN, {})
    read = reader(columns).read
    plain = read(2, ["Huda Ali", "a", "Homs", "", ""]).identity()
    assert read(9, ["Huda Ali", "b", "Homs", "", ""]).identity() == plain
    others = [
        ["Huda Ali", "a", "", "", ""],
        ["Huda Ali", "a", "Homs", "12/3", ""],
        ["Huda Ali", "a", "Homs", "", "h@x.example"],
    ]
    assert len({plain, *(read(3, cells).identity() for cells in others)}) == 4


def test_a_category_is_its_own_code_before_anybodys_label_and_two_of_one_label_are_neither() -> None:
    labels = {"alpha": ["People"], "beta": ["People"], "gamma": ["Alpha", "غاما"]}
    known = Vocabulary(WORDS, labels)
    columns = headings.columns([(1, ["name", "category", "visibility", "language"])], KNOWN, {})
    read = Reader(columns, known, Rules(frozenset(labels), {}), ("ar", "en"), {}, DAY).read
    for word, code in (("alpha", "alpha"), ("ALPHA", "alpha"), ("غاما", "gamma"), ("beta", "beta")):
        assert read(2, ["Huda Ali", word]).submission.category == code
    found = read(2, ["Huda Ali", "beta", "NAME", "EN"])
    assert (found.submission.visibility, found.language) == ("name", "en")
    with pytest.raises(Invalid) as refused:
        read(2, ["Huda Ali", "people", "yes", "Latin"])
    told = {name: WORDS["en"].fill(f"field.{why.code}", why.facts) for name, why in refused.value.fields.items()}
    assert told["category"].endswith("understood: alpha; beta; gamma / غاما.")
    assert "anonymous" in told["visibility"]
    assert "ar / العربية; en / English" in told["language"]


def test_a_sheets_own_day_is_read_by_the_same_rule() -> None:
    sheet = {"office": "Homs", "evidence": "copies", "language": "ar"}
    assert paper.read_source({**sheet, "day": "2018-01-30"}, ("ar",), today=DAY).day == DAY
    for text, code in (("", "required"), ("2018-W05-2", "date-unreadable"), ("0001-01-01", "date-too-early")):
        with pytest.raises(Invalid) as refused:
            paper.read_source({**sheet, "day": text}, ("ar",), today=DAY)
        assert {name: why.code for name, why in refused.value.fields.items()} == {"day": code}
