"""Which column of somebody's list is which field: guessed from its heading, in Arabic or English. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from petition.domain import folding

# A full name may come in parts; a `reference` tells apart two people whom a list without addresses tells apart by
# nothing else (the sheet's and the line's number, say).
PARTS = ("given_name", "father_name", "surname")
FIELDS = (
    *("full_name", *PARTS, "email", "category", "affiliation", "city", "country", "visibility", "language"),
    *("signed_on", "state", "reference"),
)
LOOKED_AT = 15
# The columns that the refused rows of a list bear beside its own. No field, and never anything but a heading.
MARKS = ("refused-row", "refused-why")
_LETTERS = re.compile(r"[A-Za-z]{1,2}")

_KNOWN = {
    "full_name": "name, full name, fullname, full_name, signatory, signature name, person, names, nom, nom complet, "
    "الاسم, الاسم الكامل, الاسم الثلاثي, الاسم والنسبة, الاسم واللقب, الاسم والكنية, اسم الموقع, الموقع, الإسم, اسم",
    "given_name": "first name, given name, firstname, given_name, forename, prenom, الاسم الأول, الاسم الشخصي",
    "father_name": "father name, fathers name, father's name, middle name, اسم الأب, الأب",
    "surname": "last name, surname, family name, lastname, family, الكنية, النسبة, اسم العائلة, العائلة, اللقب, الشهرة",
    "email": "email, e-mail, mail, email address, e-mail address, mail address, courriel, البريد, البريد الإلكتروني, "
    "الايميل, إيميل, بريد, بريد إلكتروني, عنوان البريد, عنوان البريد الإلكتروني, البريد الالكتروني",
    "category": "category, signs as, group, role, type, capacity, الصفة, الفئة, التصنيف, المجموعة, صفة الموقع",
    "affiliation": "affiliation, organisation, organization, org, institution, company, employer, unit, brigade, "
    "الجهة, المؤسسة, المنظمة, جهة العمل, التشكيل, الفصيل, الكتيبة, اللواء, الهيئة",
    "city": "city, town, place, location, residence, المدينة, البلدة, المكان, مكان الإقامة, الإقامة, المحافظة",
    "country": "country, nation, country of residence, pays, البلد, الدولة, بلد الإقامة, دولة الإقامة",
    "visibility": "visibility, shown as, show, public, الظهور, طريقة الظهور, إظهار الاسم",
    "language": "language, lang, اللغة, لغة التوقيع",
    "signed_on": "signed on, date, date signed, signature date, signed, day, التاريخ, تاريخ التوقيع, اليوم",
    "state": "state, status, الحالة",
    "reference": "reference, ref, sheet and line, المرجع, رقم الورقة والسطر",
}


@dataclass(frozen=True, slots=True)
class Columns:
    """`at`: field → place in a row, from 0; `heading`: as it stands in the file; `begins`: the first row after it."""

    at: Mapping[str, int]
    heading: Sequence[str]
    begins: int

    @property
    def names(self) -> bool:
        """There is a name, whole or in parts."""
        return "full_name" in self.at or "given_name" in self.at or "surname" in self.at

    def again(self) -> Callable[[Sequence[str]], bool]:
        """Whether a row says of every column that is read what the heading says."""
        said = [(place, self.heading[place]) for place in self.at.values() if place < len(self.heading)]
        said = [(place, cell.casefold()) for place, cell in said if cell]
        return lambda cells: (
            bool(said) and all(place < len(cells) and cells[place].casefold() == cell for place, cell in said)
        )


class Unmapped(ValueError):
    """A column that was named is not in the file; `str()` is how it was named."""


def known_headings(own: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Folded heading → field; `own`: the headings that our own lists bear, by field."""
    found: dict[str, str] = {}
    for field, names in _KNOWN.items():
        for name in (*names.split(", "), *own.get(field, ())):
            found.setdefault(folding.fold(name), field)
    return found


def columns(rows: Sequence[tuple[int, Sequence[str]]], known: Mapping[str, str], asked: Mapping[str, str]) -> Columns:
    """From the first rows of a file: its heading may stand below a title. `asked`: field → heading, letter or number.

    Of several rows the one that most columns are known in; without any the file has no heading at all, and what was
    asked for by letter or number is all there is. `Unmapped` for a heading that was asked for and is not there.
    """
    best: dict[str, int] = {}
    heading: list[str] = []
    begins = most = 0
    for number, cells in rows[:LOOKED_AT]:
        found = _guessed(cells, known)
        named = [name for name in asked.values() if folding.fold(name) in {folding.fold(cell) for cell in cells}]
        ours = len({known.get(folding.fold(cell)) for cell in cells} & set(MARKS)) == len(MARKS)
        worth = len(found) + 2 * len(named) + ours * len(FIELDS)
        if worth > most:
            best, heading, begins, most = found, list(cells), number + 1, worth
    at = dict(best)
    folded = [folding.fold(cell) for cell in heading]
    for field, name in asked.items():
        place = folded.index(folding.fold(name)) if folding.fold(name) in folded else _place(name)
        if place is None:
            raise Unmapped(name)
        at = {other: where for other, where in at.items() if where != place or other == field}
        at[field] = place
    return Columns(at, heading, begins)


def recognised(rows: Sequence[tuple[int, Sequence[str]]], known: Mapping[str, str]) -> bool:
    """One of these rows is a heading."""
    return any(_guessed(cells, known) for _, cells in rows)


def _guessed(cells: Sequence[str], known: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        field = known.get(folding.fold(cell.rstrip(" :*"))) if len(cell) < 60 else None
        if field is not None and field not in MARKS:
            found.setdefault(field, place)
    # One word cannot be told from data; a name alone can.
    return found if len(found) > 1 or "full_name" in found or "given_name" in found else {}


def _place(name: str) -> int | None:
    """`B` and `2` are both the second column."""
    if name.isdecimal() and 0 < int(name) <= 16_384:
        return int(name) - 1
    if _LETTERS.fullmatch(name):
        number = 0
        for letter in name.upper():
            number = 26 * number + ord(letter) - 64
        return number - 1
    return None
