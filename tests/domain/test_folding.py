"""What is typed alike is found alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.domain.folding import fold, words

ALIKE = [
    ("أحمد", "احمد"),
    ("إبراهيم", "ابراهيم"),
    ("آمنة", "امنه"),
    ("فاطمة", "فاطمه"),
    ("ليلى", "ليلي"),
    ("مُحَمَّد", "محمد"),
    ("محـــمد", "محمد"),
    ("کریم", "كريم"),
    ("مؤمن", "مومن"),
    ("وائل", "وايل"),
    ("بهاء", "بها"),
    ("٠١٢٣", "0123"),
    ("۴۵", "45"),
    ("José Núñez", "jose nunez"),
    ("MÜLLER", "muller"),
    ("  Layla   Haddad ", "layla haddad"),
    ("\u202bليلى\u202c", "ليلي"),
    ("ﻣﺤﻤﺪ", "محمد"),
]


@pytest.mark.parametrize(("written", "typed"), ALIKE, ids=range(len(ALIKE)))
def test_spellings_of_one_word_meet(written: str, typed: str) -> None:
    assert fold(written) == fold(typed)


def test_different_names_stay_apart() -> None:
    names = ["حسن", "حسين", "سليم", "سالم", "عمر", "عمرو", "احمد", "حمد", "Salem", "Selim"]
    assert len({fold(name) for name in names}) == len(names)


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_every_word_counts() -> None:
    assert words(" أحمد  حداد ") == ("احمد", "حداد")
    assert words(" \t ") == ()
