"""Names across scripts: spellings of one name meet, different names stay apart, whatever is typed is borne."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.domain.names.letters import LONGEST, skeletons, sounds
from petition.domain.names.likeness import SAME, likeness
from petition.domain.names.words import words
from tests.domain.names_alike import apart, one_name
from tests.domain.names_of_the_world import WRITTEN_BY_HAND

ARABIC_WORDS = st.lists(st.text("ابتثجحخدذرزسشصضطظعغفقكلمنهويأإآةىئؤء", min_size=2, max_size=8), min_size=1, max_size=4)
LATIN_WORDS = st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=10), min_size=1, max_size=4)
FULL_NAMES = st.one_of(ARABIC_WORDS, LATIN_WORDS).map(" ".join)


def texts(name: str) -> list[str]:
    return [word.text for word in words(name)]


def test_the_tables_are_as_large_as_promised() -> None:
    assert len(set(one_name())) >= 200
    assert len(set(apart())) >= 200


@pytest.mark.parametrize(("one", "other"), one_name(), ids=" = ".join)
def test_spellings_of_one_name_are_told_to_be_one(one: str, other: str) -> None:
    assert likeness(one, other) >= SAME


@pytest.mark.parametrize(("one", "other"), apart(), ids=" ≠ ".join)
def test_different_names_are_told_apart(one: str, other: str) -> None:
    assert likeness(one, other) < SAME


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hassan Haddad", "Hussein Haddad"),
        ("سالم الخطيب", "سليم الخطيب"),
        ("Omar Shami", "عمرو الشامي"),
        ("Ahmad Khoury", "حمد خوري"),
        ("Mohammad Ahmad", "رزان زيتونة"),
    ],
)
def test_one_name_in_common_does_not_make_two_people_alike(one: str, other: str) -> None:
    assert likeness(one, other) < SAME


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Dr. M. Al-Ahmad", "محمد الأحمد"),
        ("المهندس سامي العلي", "Sami Al Ali"),
        ("الأحمد محمد", "Mohamad Alahmad"),
        ("أ.د. نور الدين حمدان", "Noureddine Hamdan, PhD"),
        ("Mo7ammad 3abd el Ra7man", "محمد عبد الرحمن"),
        ("Ali Hassan Khoury", "علي خوري"),
        ("کریم حداد", "كريم حداد"),
        ("ساميالحمصي", "Sami Homsi"),
        ("SalmaDroubi", "سلمى الدروبي"),
        ("K. Haddad", "خالد حداد"),
        ("S. Khoury", "شادي خوري"),
    ],
)
def test_titles_particles_order_initials_and_chat_letters_do_not_part(one: str, other: str) -> None:
    assert likeness(one, other) >= SAME


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("د. رزان زيتونة", ["رزان", "زيتونة"]),
        ("Prof. Dr. Alaa Ghoga", ["alaa", "ghoga"]),
        ("السيد علي", ["سيد", "علي"]),  # a title before one word may as well be a name
        ("Mohammed bin Salman", ["mohammed", "salman"]),
        ("Abd El Aziz Melhem", ["abdaziz", "melhem"]),
        ("Abou Hamdan, Ahmad", ["abuhamdan", "ahmad"]),
        ("J.R. Tolkien", ["j", "r", "tolkien"]),
    ],
)
def test_a_name_is_taken_apart(name: str, parts: list[str]) -> None:
    assert texts(name) == parts


@pytest.mark.parametrize("name", ["", " ", "…", "12345", "😀👍", "-", "\u200f\u200e", "ـــ"])
def test_what_holds_no_name_has_no_words(name: str) -> None:
    assert words(name) == ()
    assert likeness(name, "Ahmad") == 0.0


@pytest.mark.parametrize("name", WRITTEN_BY_HAND)
def test_every_name_of_the_world_is_itself(name: str) -> None:
    if words(name):
        assert likeness(name, name) >= 0.85


@given(FULL_NAMES, FULL_NAMES)
def test_likeness_is_the_same_from_both_sides(one: str, other: str) -> None:
    assert likeness(one, other) == pytest.approx(likeness(other, one), abs=1e-6)
    assert 0.0 <= likeness(one, other) <= 1.0


@given(FULL_NAMES)
def test_a_name_does_not_depend_on_how_its_letters_are_encoded(name: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert texts(unicodedata.normalize(form, name)) == texts(unicodedata.normalize("NFC", name))
    assert texts(name.upper()) == texts(name)


@given(ARABIC_WORDS)
def test_vowel_signs_tatweel_and_marks_of_direction_say_nothing(name: list[str]) -> None:
    plain = " ".join(name)
    voweled = " ".join("".join(letter + "َ" for letter in word) for word in name)
    stretched = " ".join(word[0] + "ـ" + word[1:] for word in name)
    assert texts(voweled) == texts(stretched) == texts("\u200f" + plain) == texts(plain)


@given(st.text(max_size=400))
def test_whatever_is_typed_is_borne(text: str) -> None:
    for word in words(text):
        assert len(sounds(word.text)) <= LONGEST
        assert all(skeletons(word.text))
    assert 0.0 <= likeness(text, "محمد الأحمد") <= 1.0
