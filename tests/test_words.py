"""The catalogues: complete, alike, right in their numbers, months and plurals."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from petition.domain.countries import COUNTRIES
from petition.words import CatalogueBroken, Words, load

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = load()
AR, EN = CATALOGUES["ar"], CATALOGUES["en"]


def test_both_languages_say_the_same_things() -> None:
    assert set(CATALOGUES) == {"ar", "en"}
    assert AR.keys == EN.keys


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "لا تواقيع بعد"),
        (1, "توقيع واحد"),
        (2, "توقيعان"),
        (3, "٣ تواقيع"),
        (10, "١٠ تواقيع"),
        (11, "١١ توقيعًا"),
        (99, "٩٩ توقيعًا"),
        (100, "١٠٠ توقيع"),
        (102, "١٠٢ توقيع"),
        (103, "١٠٣ تواقيع"),
        (3142, "٣٬١٤٢ توقيعًا"),
        (3500, "٣٬٥٠٠ توقيع"),
    ],
)
def test_arabic_has_all_six_plural_forms(count: int, said: str) -> None:
    assert AR("home.total", total=count) == said


@pytest.mark.parametrize(("count", "said"), [(0, "0 signatures"), (1, "1 signature"), (3500, "3,500 signatures")])
def test_english_has_two_plural_forms(count: int, said: str) -> None:
    assert EN("home.total", total=count) == said


def test_months_are_the_levantine_ones() -> None:
    months = [AR.day(date(2018, month, 1)).split(" ", 1)[1].rsplit(" ", 1)[0] for month in range(1, 13)]
    assert months == [
        "كانون الثاني", "شباط", "آذار", "نيسان", "أيار", "حزيران",
        "تموز", "آب", "أيلول", "تشرين الأول", "تشرين الثاني", "كانون الأول",
    ]  # fmt: skip


def test_days_and_moments_are_in_the_languages_digits() -> None:
    at = datetime(2018, 1, 30, 14, 5, tzinfo=UTC)
    assert EN.day(at) == "30 January 2018"
    assert AR.day(at) == "٣٠ كانون الثاني ٢٠١٨"
    assert EN.moment(at) == "30 January 2018, 14:05 UTC"
    assert AR.moment(at) == "٣٠ كانون الثاني ٢٠١٨، الساعة ١٤:٠٥ بالتوقيت العالمي"


def test_numbers_are_separated_as_the_language_does() -> None:
    assert (EN.number(1234567), AR.number(1234567), AR.digits("404")) == ("1,234,567", "١٬٢٣٤٬٥٦٧", "٤٠٤")


@pytest.mark.parametrize(
    ("seconds", "english", "arabic"),
    [
        (1, "1 second", "ثانية واحدة"),
        (30, "30 seconds", "٣٠ ثانيةً"),
        (121, "3 minutes", "٣ دقائق"),
        (7200, "2 hours", "ساعتين"),
    ],
)
def test_a_wait_is_told_in_the_unit_that_suits_it(seconds: int, english: str, arabic: str) -> None:
    assert english in EN("error.too-many", retry_after=seconds)
    assert arabic in AR("error.too-many", retry_after=seconds)


def test_every_country_has_a_name_and_syria_and_its_neighbours_come_first() -> None:
    for words in CATALOGUES.values():
        codes = [code for code, _ in words.countries]
        assert set(codes) == set(COUNTRIES)
        assert codes[:6] == ["SY", "LB", "JO", "IQ", "PS", "TR"]
        assert len({name for _, name in words.countries}) == len(codes)
    names = [name for _, name in EN.countries][6:]
    assert names[0] == "Afghanistan"
    assert names[-1] == "Zimbabwe"
    assert (EN.country("DE"), AR.country("DE")) == ("Germany", "ألمانيا")


def test_every_code_in_the_house_has_words() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "petition").rglob("*.py"))
    refusals = set(re.findall(r"FieldRefused\(\"([a-z0-9-]+)\"", sources))
    errors = set(re.findall(r"^ +code = \"([a-z-]+)\"", sources, re.MULTILINE)) - {"error"}
    errors |= set(re.findall(r"(?:Conflict|Gone|NotFound|Forbidden|PetitionError)\(\"([a-z-]+)\"", sources))
    assert refusals
    assert errors
    assert not {code for code in refusals if f"field.{code}" not in EN}
    assert not {code for code in errors if f"error.{code}" not in EN or f"error-title.{code}" not in EN}


def test_every_error_has_a_title() -> None:
    of = {
        prefix: {key.split(".", 1)[1] for key in EN.keys if key.startswith(f"{prefix}.")}
        for prefix in ("error", "error-title")
    }
    assert of["error"] == of["error-title"]


def test_every_key_that_a_template_names_exists() -> None:
    for path in (ROOT / "templates").rglob("*.*"):
        for key, more in re.findall(r"\b(?:say|words)\(\"([a-z.-]+)\"( ~)?", path.read_text("utf-8")):
            assert more or key in EN, f"{path.name}: {key}"


def test_texts_hold_no_markup_and_no_straight_quotes() -> None:
    for path in (ROOT / "petition" / "locale").glob("*.toml"):
        texts = re.sub(r"^plural = .*$", "", path.read_text("utf-8"), flags=re.MULTILINE)
        for words in re.findall(r'= "(.*?)"', texts):
            assert not set(words) & set("<>&'"), f"{path.name}: {words}"


def test_a_count_is_always_given_or_the_text_fails_at_once() -> None:
    with pytest.raises(KeyError):
        EN("home.total")
    with pytest.raises(KeyError):
        EN("no.such.key")


def _catalogues(folder: Path, change: tuple[str, str]) -> dict[str, Words]:
    for path in (ROOT / "petition" / "locale").glob("*.toml"):
        text = path.read_text("utf-8")
        if path.name == "en.toml":
            assert change[0] in text
            text = text.replace(*change, 1)
        (folder / path.name).write_text(text, "utf-8")
    return load(folder)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('back = "Back to the statement"', ""), "mailed.back"),
        (('ruler = "{total} of {goal}"', 'ruler = "{total}"'), "count.ruler"),
        (('{ one = "{count} hour", other', "{ other"), "unit.hours"),
        (('"January", ', ""), "en.toml"),
    ],
)
def test_a_broken_catalogue_stops_the_start(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    with pytest.raises(CatalogueBroken, match=told):
        _catalogues(tmp_path, change)


def test_a_further_language_is_a_new_file_and_no_code(tmp_path: Path) -> None:
    text = (ROOT / "petition" / "locale" / "en.toml").read_text("utf-8").replace('code = "en"', 'code = "ku"')
    (tmp_path / "ku.toml").write_text(text, "utf-8")
    for name in ("en.toml", "countries.en.toml"):
        (tmp_path / name).write_text((ROOT / "petition" / "locale" / name).read_text("utf-8"), "utf-8")
    (tmp_path / "countries.ku.toml").write_text((tmp_path / "countries.en.toml").read_text("utf-8"), "utf-8")
    assert set(load(tmp_path)) == {"en", "ku"}
