"""One line of somebody's list, read as a signature: the words of offices become our codes, then the rules of every
door decide (domain/submission.py). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from petition.domain import characters, folding, states, submission, tabular
from petition.domain.headings import PARTS, Columns
from petition.domain.submission import Rules, Submission
from petition.errors import FieldRefused, Invalid
from petition.words import Words

# As people write them, beside the catalogues' names.
COUNTRIES = {
    "turkey": "TR",
    "usa": "US",
    "united states of america": "US",
    "america": "US",
    "uk": "GB",
    "britain": "GB",
    "great britain": "GB",
    "england": "GB",
    "holland": "NL",
    "uae": "AE",
    "emirates": "AE",
    "ksa": "SA",
    "أمريكا": "US",
    "الولايات المتحدة الأمريكية": "US",
    "بريطانيا": "GB",
    "انكلترا": "GB",
    "السعودية": "SA",
    "الإمارات": "AE",
    "سورية": "SY",
    "الجمهورية العربية السورية": "SY",
}
_DAY_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})")
# No country, category or state is called by more letters.
LONGEST_WORD = 200
REFERENCE_LIMIT = 200
_ISO_DAY = re.compile(r"\d{4}(-?)\d\d\1\d\d(?![\d-])", re.ASCII)
# Whoever signed earlier signed something else.
FIRST_DAY = date(1950, 1, 1)
_SERIAL = re.compile(r"\d{5}")
_SERIALS = range(30_000, 80_000)
_NOUGHT = date(1899, 12, 30)


@dataclass(frozen=True, slots=True)
class Listed:
    """A line that can stand. `reference` is the list's own word for it, empty where it has none."""

    number: int
    submission: Submission
    language: str
    signed_on: date
    reference: str

    def identity(self) -> str:
        """What this person is known by: the mailbox, or where there is none all that the list says of them.

        So a list without addresses adds nothing when it comes again, and two people of one name count as two
        where anything at all tells them apart.
        """
        who = self.submission
        if who.email.canonical:
            return who.email.canonical
        told = (who.full_name, who.affiliation, who.city, who.country, self.reference)
        return "\0".join(("listed", *told)).casefold()


class Vocabulary:
    """The words of all catalogues, and of one petition's labels, as codes."""

    def __init__(self, catalogues: Mapping[str, Words], labels: Mapping[str, Sequence[str]]) -> None:
        """`labels`: category → how it is called in each language. A label that two of them bear names neither."""
        fold = folding.fold
        countries = {fold(name): code for name, code in COUNTRIES.items()}
        visibilities = {fold(name): name for name in states.VISIBILITIES}
        confirmed = {states.CONFIRMED}
        languages = {fold(code): code for code in catalogues}
        for words in catalogues.values():
            countries |= {fold(name): code for code, name in words.countries}
            visibilities |= {fold(words(f"visibility.{name}")): name for name in states.VISIBILITIES}
            confirmed.add(fold(words("signature-state.confirmed")))
            languages |= {fold(words.name): words.code}
        self._codes: dict[str, Mapping[str, str]] = {
            "country": countries,
            "visibility": visibilities,
            "language": languages,
            "category": _categories(labels),
        }
        self._confirmed = confirmed
        self._said = {
            "category": {slug: [slug, *names] for slug, names in labels.items()},
            "visibility": {
                name: [name, *(words(f"visibility.{name}") for words in catalogues.values())]
                for name in states.VISIBILITIES
            },
            "language": {code: [code, words.name] for code, words in catalogues.items()},
        }

    def code(self, field: str, text: str) -> str:
        """The code for these words; what is none of them stays, for the rules to judge."""
        return self._codes[field].get(_folded(text), text) if text and field in self._codes else text

    def accepted(self, field: str, codes: Iterable[str]) -> str:
        """All that means one of these codes, in the words of a list."""
        of = self._codes[field]
        said = {code: dict.fromkeys(self._said[field].get(code, [code])) for code in codes}
        return "; ".join(
            " / ".join(word for word in words if of.get(_folded(word), word) == code) for code, words in said.items()
        )

    def counts(self, text: str) -> bool:
        """Whether a list's own word for a state says that this one counts; an empty one does."""
        return not text or _folded(text) in self._confirmed


def _categories(labels: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """By what they are called; their own codes before anybody's label."""
    found: dict[str, set[str]] = {}
    for slug, names in labels.items():
        for name in names:
            found.setdefault(folding.fold(name), set()).add(slug)
    clear = {name: slugs.pop() for name, slugs in found.items() if len(slugs) == 1}
    return clear | {folding.fold(slug): slug for slug in labels}


# The same few words stand in every line of a list.
_fold = lru_cache(maxsize=2_000)(folding.fold)


def _folded(text: str) -> str:
    return _fold(text) if len(text) < LONGEST_WORD else ""


@dataclass(frozen=True)
class Reader:
    """`usual`: what holds for every line that says nothing else; `until`: nobody can have signed later."""

    columns: Columns
    vocabulary: Vocabulary
    rules: Rules
    languages: Sequence[str]
    usual: Mapping[str, str]
    until: date

    def read(self, number: int, cells: Sequence[str]) -> Listed:
        """The line, or `Invalid` with every field's refusal at once."""
        refused: dict[str, FieldRefused] = {}
        unseen = [name for name, place in self.columns.at.items() if isinstance(_at(cells, place), tabular.Unseen)]
        if unseen:
            raise Invalid({name: FieldRefused("not-calculated") for name in unseen})
        raw = {field: self._cell(field, cells) for field in (*self.columns.at, *self.usual)}
        if not raw.get("full_name"):
            raw["full_name"] = " ".join(filter(None, (raw.get(part, "") for part in PARTS)))
        if self.columns.heading and any(cells[len(self.columns.heading) :]):
            refused["row"] = FieldRefused("row-too-long")
        if not self.vocabulary.counts(raw.get("state", "")):
            refused["state"] = FieldRefused("not-counted-there")
        signed_on = self.until
        try:
            signed_on = day(raw["signed_on"], self.until) if raw.get("signed_on") else self.until
        except FieldRefused as why:
            refused["signed_on"] = why
        reference = ""
        try:
            reference = characters.prose(raw.get("reference", ""), REFERENCE_LIMIT)
        except FieldRefused as why:
            refused["reference"] = why
        language = raw.get("language") or self.languages[0]
        if language not in self.languages:
            refused["language"] = FieldRefused("language-unknown")
        raw["visibility"] = raw.get("visibility") or "anonymous"
        asked = {name: value for name, value in raw.items() if name in submission.FIELDS}
        try:
            made = submission.check(self.rules, {**asked, "consent": "yes"}, listed=True)
        except Invalid as wrong:
            raise Invalid(self._worded({**wrong.fields, **refused})) from None
        if refused:
            raise Invalid(self._worded(refused))
        return Listed(number, made, language, signed_on, reference)

    def _worded(self, refused: Mapping[str, FieldRefused]) -> dict[str, FieldRefused]:
        """Who wrote a list has no choices before them: they are told the words."""
        codes = {
            "category": sorted(self.rules.categories),
            "visibility": states.VISIBILITIES,
            "language": self.languages,
        }
        return {
            name: FieldRefused("word-unknown", accepted=self.vocabulary.accepted(name, codes[name]))
            if why.code == f"{name}-unknown" and name in codes
            else why
            for name, why in refused.items()
        }

    def _cell(self, field: str, cells: Sequence[str]) -> str:
        place = self.columns.at.get(field)
        text = tabular.unguarded(cells[place]).strip() if place is not None and place < len(cells) else ""
        return self.vocabulary.code(field, text or self.usual.get(field, ""))


def _at(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def day(text: str, until: date) -> date:
    """2018-01-30, 30/01/2018 or 30.1.2018, whatever script its digits are of, or as spreadsheets store a day."""
    plain = characters.plain_digits(text.strip())
    try:
        if found := _DAY_FIRST.fullmatch(plain):
            read = date(int(found[3]), int(found[2]), int(found[1]))
        elif _SERIAL.fullmatch(plain) and int(plain) in _SERIALS:
            read = _NOUGHT + timedelta(days=int(plain))
        else:
            read = _iso(plain)
    except ValueError:
        raise FieldRefused("date-unreadable") from None
    return within(read, until)


def _iso(text: str) -> date:
    """With a time of day or without; neither a week nor anything behind it."""
    if not _ISO_DAY.match(text):
        raise ValueError(text)
    return datetime.fromisoformat(text).date()


def within(read: date, until: date) -> date:
    """The day, if anybody can have signed on it."""
    if read > until:
        raise FieldRefused("date-to-come")
    if read < FIRST_DAY:
        raise FieldRefused("date-too-early")
    return read
