"""Dates of birth however a list writes them, as YYYYMMDD. Pure: what cannot be read is kept as its digits."""

from __future__ import annotations

import re
from typing import Final

from petition.domain.characters import plain_digits
from petition.domain.names.letters import plain

_YEAR_FIRST: Final = re.compile(r"(\d{4})\D?(\d{1,2})\D?(\d{1,2})$")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})\D(\d{1,2})\D(\d{4}|\d{2})$")
_RUN_ON: Final = re.compile(r"(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])((?:19|20)\d{2})$")
_TIME: Final = re.compile(r"[t ]\d{1,2}:.*$|\.0$")
_YEAR_ALONE: Final = re.compile(r"\D*\d{4}\D*$")
# Nobody who signs was born before this year of the last century: of two digits the lesser ones are this century's.
_CENTURY: Final = 25
# English, French, German and Turkish by their beginnings; Levantine, Egyptian and Maghrebi by the word.
_MONTHS: Final = """
jan ocak كانون-الثاني يناير جانفي
feb fev sub shu شباط فبراير فيفري
mar mrt آذار مارس
apr avr nis نيسان أبريل ابريل أفريل افريل
may mai أيار مايو ماي
jun juin haz حزيران يونيو جوان
jul juil tem تموز يوليو جويلية يوليوز
aug aou ago agu آب أغسطس اغسطس أوت اوت غشت
sep eyl أيلول ايلول سبتمبر شتنبر
oct okt eki تشرين-الأول أكتوبر اكتوبر
nov kas تشرين-الثاني نوفمبر نونبر
dec dez ara كانون-الأول ديسمبر دجنبر
"""
_NUMBER_OF: Final = {
    plain(word).replace("-", " "): f" {number} "
    for number, line in enumerate(_MONTHS.strip().splitlines(), 1)
    for word in line.split()
}
_LATIN_WORD: Final = re.compile(r"[a-z]{3,}\.?")
_ARABIC_MONTH: Final = re.compile("|".join(sorted((w for w in _NUMBER_OF if not w.isascii()), key=len, reverse=True)))


def born(text: str) -> bytes:
    """b"" for a year alone: it says too little to be compared with a date."""
    text = _TIME.sub("", plain_digits(text.strip().lower()))
    if not text.isascii():
        text = _ARABIC_MONTH.sub(lambda found: _NUMBER_OF[found[0]], plain(text))
    text = re.sub(r"\W+", "-", _LATIN_WORD.sub(_month, text).strip()).strip("-")
    if _YEAR_ALONE.match(text):
        return b""
    if found := _YEAR_LAST.match(text):
        day, month, year = found.groups()
    elif (found := _YEAR_FIRST.match(text)) and (int(found[2]) <= 12 or not _RUN_ON.match(text)):
        year, month, day = found.groups()
    elif found := _RUN_ON.match(text):
        day, month, year = found.groups()
    else:
        return "".join(c for c in text if c.isdigit())[:8].encode()
    if len(year) == 2:
        year = f"{20 if int(year) < _CENTURY else 19}{year}"
    if int(month) > 12 >= int(day):
        day, month = month, day
    return f"{year}{month:0>2}{day:0>2}".encode()


def _month(found: re.Match[str]) -> str:
    """ "February" and "févr." are 2; any other word is a blank."""
    word = found[0]
    return next((_NUMBER_OF[word[:k]] for k in (4, 3) if word[:k] in _NUMBER_OF), " ")
