"""A petition written as its file is read back as the very same, whatever its texts hold."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import petition
from petition.domain import petition_file, petition_toml
from petition.domain.petition_file import PetitionFile
from tests.factories import petition_text

LANGUAGES = ("ar", "en")
HOSTILE = (
    'a "quoted" word',
    'three """ of them',
    'five """"" and at the end "',
    'ends with two ""',
    "a back\\slash, and at the end \\",
    '\\"',
    "\\u0041 is not an A",
    "\n\na leading line and one behind\n",
    "\r\nof another system\r\n",
    "a lone \r in the middle",
    "tab\there",
    "".join(map(chr, range(1, 32))) + "\x7f",
    "# not a comment\n[title]\nen = 'no'",
    "بيان «إلى» العالم\u200f\u2067\u2069 – \U0001f54a \u2028 \u0085 \ufeff",
    "'''",
    "line \\\n  continued",
    "x" * 50_000,
)


def whole(**changes: object) -> PetitionFile:
    file = petition_file.parse(petition_text().encode(), LANGUAGES)
    return replace(file, **changes)


def again(file: PetitionFile) -> PetitionFile:
    return petition_file.parse(petition_toml.written(file).encode(), LANGUAGES)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("written", [petition_toml.text, petition_toml.long_text])
def test_a_text_comes_back_as_it_was(text: str, written: object) -> None:
    assert tomllib.loads(f"before = 1\nx = {written(text)}\nafter = 2\n") == {"before": 1, "x": text, "after": 2}  # type: ignore[operator]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_as_it_was(text: str) -> None:
    for written in (petition_toml.text, petition_toml.long_text):
        assert tomllib.loads(f"x = {written(text)}\n")["x"] == text


def test_a_long_text_keeps_its_lines() -> None:
    assert petition_toml.long_text('one "word"\n\ntwo') == '"""\none "word"\n\ntwo"""'


@pytest.mark.parametrize("text", [text.strip() for text in HOSTILE])
def test_a_petition_with_such_texts_comes_back_as_it_was(text: str) -> None:
    file = whole(
        title={"ar": text[:300].strip(), "en": "A title"},
        statement={"ar": text, "en": "We say"},
        categories=({"slug": "all", "claim": "open", "label": {"ar": text[:100].strip()}},),
        addressees=({"ar": text[:200].strip(), "en": "To"}, {"ar": "إلى"}),
        pause_message={"ar": text[:500].strip()},
    )
    assert again(file) == file


@pytest.mark.parametrize(
    "changes",
    [
        {"opens_at": datetime(2017, 12, 25, tzinfo=UTC), "closes_at": datetime(2018, 1, 30, 23, 59, 59, 1, tzinfo=UTC)},
        {"ask_for": {}, "milestones": (), "addressees": ()},
        {"ask_for": {"country": "required", "city": "optional"}, "reminder": True, "publish": "batched"},
        {"title": {"ar": "بيان"}, "statement": {"ar": "نص"}, "status": "draft", "goal": 1},
    ],
)
def test_every_other_key_comes_back_as_it_was(changes: dict[str, object]) -> None:
    assert again(whole(**changes)) == whole(**changes)


def test_the_builtin_petition_comes_back_as_it_was() -> None:
    content = (Path(petition.__file__).parent / "builtin" / "boycott-sochi.toml").read_bytes()
    file = petition_file.parse(content, LANGUAGES)
    assert again(file) == file
