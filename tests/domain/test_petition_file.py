"""The petition file: what it may hold, and that each fault names its line."""

import tomllib
from datetime import UTC, datetime

import pytest

from petition.domain import petition_file
from petition.domain.petition_file import Faulty, PetitionFile, Wrong
from tests.factories import petition_text

LANGUAGES = ("ar", "en")


def parse(text: str) -> PetitionFile:
    return petition_file.parse(text.encode(), LANGUAGES)


def test_a_whole_file_is_read() -> None:
    file = parse(petition_text(opens_at="2017-12-25T00:00:00Z", closes_at="2018-01-30T02:00:00+02:00", reminder=True))
    assert file.slug == "boycott-sochi"
    assert file.opens_at == datetime(2017, 12, 25, tzinfo=UTC)
    assert file.closes_at == datetime(2018, 1, 30, tzinfo=UTC)
    assert file.milestones == (1000, 2000, 3000, 3500)
    assert file.ask_for == {"affiliation": "optional", "city": "optional", "country": "required"}
    assert [c["slug"] for c in file.categories][:2] == ["independents", "coalition"]
    assert file.reminder is True


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    text = petition_text()
    assert petition_file.parse(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), LANGUAGES) == parse(text)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('status = "open"', 'status = "opne"', "status must be one of"),
        ("goal = 3500", "goal = 0", "goal must be a whole number"),
        ("goal = 3500", "goal = true", "goal must be a whole number"),
        ("goal = 3500", 'goal = "many"', "goal must be a whole number"),
        ('slug = "boycott-sochi"', 'slug = "Boycott Sochi"', "a slug holds"),
        ('publish = "live"', 'publish = "hourly"', "publish must be one of"),
        ("reminder = false", 'reminder = "no"', "reminder must be true or false"),
        ("milestones = [1000, 2000, 3000, 3500]", "milestones = [2000, 1000]", "milestones must rise"),
        ("milestones = [1000, 2000, 3000, 3500]", "milestones = [-1]", "whole number"),
        ('default_language = "ar"', 'default_language = "xx"', "default_language must be one of"),
        ("goal = 3500", "goal = 3500\ngaol = 1", "unknown key 'gaol'"),
        ("ask_for = {", 'ask_for = { phone = "required",', "ask_for knows"),
        ('claim = "open"', 'claim = "maybe"', "claim of independents"),
        ('[[categories]]\nslug = "coalition"', '[[categories]]\nslug = "independents"', "stands there twice"),
        ("goal = 3500", "goal = 3500\nopens_at = 2017-12-25", "a moment with its zone"),
        ("goal = 3500", "goal = 3500\nopens_at = 2017-12-25T00:00:00", "a moment with its zone"),
        ("goal = 3500", "goal = ", "Invalid value"),
        ("goal = 3500", "goal = 3500\ngoal = 3500", "overwrite"),
    ],
)
def test_each_fault_is_told_with_its_line(old: str, new: str, says: str) -> None:
    text = petition_text()
    assert old in text
    with pytest.raises(Wrong, match=says) as caught:
        parse(text.replace(old, new, 1))
    assert caught.value.line is not None


def test_the_line_is_the_right_one() -> None:
    text = petition_text().replace("goal = 3500", "goal = -5", 1)
    with pytest.raises(Wrong) as caught:
        parse(text)
    assert text.splitlines()[caught.value.line - 1] == "goal = -5"  # type: ignore[operator]


@pytest.mark.parametrize(
    ("broken", "whole"),
    [('claim = "maybe"', 'claim = "open"'), ('slug = "Activists"', 'slug = "activists"')],
)
def test_of_several_tables_the_broken_one_is_named(broken: str, whole: str) -> None:
    before, found, after = petition_text().rpartition(whole)
    assert found
    text = before + broken + after
    with pytest.raises(Wrong) as caught:
        parse(text)
    assert caught.value.line == text.splitlines().index(broken) + 1


def test_what_is_missing_is_named() -> None:
    with pytest.raises(Wrong, match="slug is missing"):
        parse(petition_text().replace('slug = "boycott-sochi"\n', "", 1))
    with pytest.raises(Wrong, match="at least one"):
        parse(petition_text(categories=()))


def test_both_texts_must_be_in_the_same_languages() -> None:
    with pytest.raises(Wrong, match="same languages"):
        parse(petition_text(title={"ar": "بيان"}))
    with pytest.raises(Wrong, match="no words in the language 'fr'"):
        parse(petition_text(title={"ar": "بيان", "fr": "Non"}, statement={"ar": "نص", "fr": "Texte"}))
    with pytest.raises(Wrong, match="default language"):
        parse(petition_text(title={"en": "No"}, statement={"en": "Text"}))


def test_a_petition_may_be_in_one_language_alone() -> None:
    assert set(parse(petition_text(title={"ar": "بيان"}, statement={"ar": "نص"})).title) == {"ar"}


def test_closing_must_come_after_opening() -> None:
    with pytest.raises(Wrong, match="after opens_at"):
        parse(petition_text(opens_at="2018-01-30T00:00:00Z", closes_at="2018-01-30T00:00:00Z"))


@pytest.mark.parametrize("content", [b"\xff\xfe", "slug = 'x'\ngoal = 'é'".encode("latin-1"), b'slug = "a\0b"'])
def test_bytes_that_are_no_text_are_told_with_their_line(content: bytes) -> None:
    with pytest.raises(Wrong) as caught:
        petition_file.parse(content, LANGUAGES)
    assert caught.value.line is not None


def test_an_overlong_text_is_refused() -> None:
    with pytest.raises(Wrong, match="1 to 50000 characters"):
        parse(petition_text(statement={"ar": "ب" * 50_001, "en": "b"}))


def test_all_faults_are_found_at_once_each_with_its_place() -> None:
    given = tomllib.loads(petition_text(goal=0, status="opne", milestones=[0, -1], title={"ar": "", "en": "x" * 301}))
    given["categories"][1] |= {"slug": "No", "claim": "maybe", "label": {"en": "No Arabic"}}
    given["statement"].pop("en")
    with pytest.raises(Faulty) as caught:
        petition_file.check(given, LANGUAGES)
    assert [(fault.place, fault.refused.code) for fault in caught.value.faults] == [
        (("title", "ar"), "required"),
        (("title", "en"), "too-long"),
        (("statement", "en"), "required"),
        (("status",), "unknown-choice"),
        (("goal",), "whole-number"),
        (("milestones",), "whole-number"),
        (("categories", 1, "slug"), "slug-unfit"),
        (("categories", 1, "claim"), "unknown-choice"),
        (("categories", 1, "label", "ar"), "required"),
    ]


def test_two_categories_are_not_called_alike() -> None:
    given = tomllib.loads(petition_text())
    first, second, third = given["categories"][:3]
    second["label"]["ar"] = first["label"]["ar"] + "\u064e"
    third["label"]["en"] = first["slug"].upper()
    with pytest.raises(Faulty) as caught:
        petition_file.check(given, LANGUAGES)
    assert [(fault.place, fault.refused.code) for fault in caught.value.faults] == [
        (("categories", 1, "label", "ar"), "label-twice"),
        (("categories", 2, "label", "en"), "label-twice"),
    ]


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ('pause_message = "soon"', "pause_message must have a text"),
        ('pause_message = { en = "Back soon" }', "in the default language, ar"),
        (f'pause_message = {{ ar = "{"x" * 501}" }}', "1 to 500 characters"),
        ("opens_at = 0001-01-01T00:00:00+14:00", "a moment with its zone"),
    ],
)
def test_what_is_optional_has_its_rules_too(extra: str, says: str) -> None:
    with pytest.raises(Wrong, match=says) as caught:
        parse(petition_text().replace("goal = 3500", f"goal = 3500\n{extra}", 1))
    assert caught.value.line == 4


def test_a_pause_has_its_message() -> None:
    file = parse(petition_text().replace("goal = 3500", 'pause_message = { ar = "نعود غدًا" }\ngoal = 3500', 1))
    assert file.pause_message == {"ar": "نعود غدًا"}
    assert parse(petition_text()).pause_message is None
