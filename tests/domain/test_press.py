"""The count in words: natural in both languages, small groups untold, nothing said of what is nought."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from petition.domain import press
from petition.domain.counts import CategoryCount, Counts
from petition.words import load

WORDS = load()
AT = datetime(2017, 12, 27, 10, 0, tzinfo=UTC)
COUNTS = Counts(
    "x", 3500, 3512, 2980, 41,
    (CategoryCount("independents", 3000, 0), CategoryCount("fsa", 0, 0), CategoryCount("journalists", 10, 10),
     CategoryCount("activists", 9, 0)),
    {"mail": 3400, "invitation": 0, "import": 100, "paper": 9}, {"withdrawn": 20, "merged": 8}, 3620, AT,
)  # fmt: skip
LABELS = {
    "en": {"independents": "Independents", "fsa": "FSA", "journalists": "Journalists", "activists": "Activists"},
    "ar": {"independents": "مستقلّون", "fsa": "قادة", "journalists": "صحفيون", "activists": "ناشطون"},
}


def said(lang: str, **changes: object) -> str:
    title = {"en": "A statement", "ar": "نداء"}[lang]
    return press.sentences(replace(COUNTS, **changes), title, LABELS[lang], "http://x.example/count", WORDS[lang])


def test_the_whole_of_it_in_english() -> None:
    assert said("en") == (
        "As of 27 December 2017, 10:00 UTC, the statement “A statement” has been signed by 3,512 people, among them "
        "Independents (3,000), Journalists (10) and Activists (fewer than 10). Of them all, 2,980 have been verified, "
        "41 await verification, 100 came in on lists and fewer than 10 signed on paper. In all, 28 signatures have "
        "been taken out of the count again. How the number came about, and how to check it: http://x.example/count"
    )


def test_the_whole_of_it_in_arabic() -> None:
    assert said("ar") == (
        "حتى ٢٧ كانون الأول ٢٠١٧، الساعة ١٠:٠٠ بالتوقيت العالمي، وقّع بيان «نداء» ٣٬٥١٢ شخصًا، من بينهم: "
        "مستقلّون (٣٬٠٠٠)، وصحفيون (١٠)، وناشطون (أقلّ من ١٠). ومن الموقّعين جميعًا ٢٬٩٨٠ جرى "
        "التحقّق من هويّتهم، و٤١ قيد التحقّق، "
        "و١٠٠ وردت تواقيعهم في قوائم، وأقلّ من ١٠ وقّعوا على ورق. وطُرح من العدد ٢٨ من التواقيع. "
        "كيف احتُسب العدد، وكيف يمكن التحقّق منه: http://x.example/count"
    )


@pytest.mark.parametrize(
    ("total", "arabic", "english"),
    [
        (0, "لم يوقّع أحد", "nobody has signed"),
        (1, "أقلّ من ١٠ أشخاص", "fewer than 10 people"),
        (9, "أقلّ من ١٠ أشخاص", "fewer than 10 people"),
        (10, "١٠ أشخاص", "by 10 people"),
        (11, "١١ شخصًا", "by 11 people"),
        (100, "١٠٠ شخص", "by 100 people"),
        (103, "١٠٣ أشخاص", "by 103 people"),
    ],
)
def test_a_number_takes_its_form_and_a_small_one_is_not_told(total: int, arabic: str, english: str) -> None:
    bare = {
        "total": total,
        "verified": 0,
        "awaiting_verification": 0,
        "by_category": (),
        "by_method": {},
        "removed": {},
    }
    assert arabic in said("ar", **bare)
    assert english in said("en", **bare)
    assert "among" not in said("en", **bare)
    assert "Of them all" not in said("en", **bare)
