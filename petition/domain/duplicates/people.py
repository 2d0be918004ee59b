"""All records of one comparison as columns of numbers: about 250 bytes a record, whatever it held."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from petition.domain.duplicates.dates import born
from petition.domain.duplicates.lexicon import SILENT, WORDS, Heard, Lexicon, Phrases, Table, classes, hashed
from petition.domain.duplicates.places import Places
from petition.domain.duplicates.records import CODE_LENGTH, MAIL_LENGTH, NO_MAIL, Record, code, mail, phone
from petition.domain.names.distance import code as code_of
from petition.domain.names.letters import LONGEST, key_of, latin_sounds
from petition.domain.names.words import words

PHRASES: Final = ("city", "country", "affiliation", "address")
CODES: Final = ("phone", "born", "postcode", "national_id", "category")
_AT_ONCE: Final = 4096


def _written(parts: tuple[str, ...]) -> Heard:
    """What an address's words sound like, each by itself: at a joint, d and h are no dh."""
    if sum(map(len, parts)) < 4:
        return SILENT
    said = "".join(map(latin_sounds, parts))[:LONGEST]
    key = key_of(said)[0]
    return Heard(key, classes(key), code_of(said))


def _in_one(key: str, other: str) -> str:
    """Two keys as the key of both words in one: a consonant that ends the first and begins the second is one."""
    return key + other[1:] if key[-1:] == other[:1] else key + other


def _filled(said: bytes) -> bytes:
    return said[:LONGEST].ljust(LONGEST, b"\0")


class People:
    """Appended to, never reordered; the row of a record is its number."""

    def __init__(self, places: Places | None = None) -> None:
        self.lexicon = Lexicon()
        self.phrases = {
            "city": Phrases("town", places),
            "country": Phrases("country", places),
            "affiliation": Phrases(),
            "address": Phrases(),
        }
        self.table = Table(
            words=(np.int32, WORDS),
            whole=(np.uint64, 3),
            kinds=(np.uint16, 2),
            said=(f"V{3 * LONGEST}", 1),
            mail=(f"S{MAIL_LENGTH}", 1),
            mail_letters=(f"S{MAIL_LENGTH}", 1),
            mail_digits=(f"S{CODE_LENGTH}", 1),
            **dict.fromkeys(PHRASES, (np.int32, 1)),
            **dict.fromkeys(CODES, (f"S{CODE_LENGTH}", 1)),
        )

    @property
    def size(self) -> int:
        return self.table.size

    def __getitem__(self, column: str) -> NDArray[Any]:
        return self.table[column]

    def extend(self, records: Iterable[Record]) -> range:
        """The rows the records were given."""
        start, waiting = self.size, []
        for record in records:
            waiting.append(self._encoded(record))
            if len(waiting) == _AT_ONCE:
                self._store(waiting)
                waiting = []
        if waiting:
            self._store(waiting)
        return range(start, self.size)

    def arrange(self, order: NDArray[np.int64]) -> None:
        """The same rows in another order."""
        for name, column in self.table.columns.items():
            self.table.columns[name] = column[order]
        self.table.cut()

    def shrink(self, size: int) -> None:
        """Forget the rows from `size` on: they were only asked about."""
        self._counted(slice(size, self.size), -1)
        self.table.size = size

    def _encoded(self, record: Record) -> tuple[Any, ...]:
        number = self.lexicon.number
        parts = [number(word) for word in words(record.full_name)]
        if len(parts) > WORDS:
            parts = [*parts[: WORDS - 1], parts[-1]]
        address = mail(record.email) if record.email else NO_MAIL
        return (
            parts + [-1] * (WORDS - len(parts)),
            *self._whole(parts, address.words),
            *address[:3],
            self.phrases["city"].number(record.city),
            self.phrases["country"].number(record.country),
            self.phrases["affiliation"].number(record.affiliation),
            self.phrases["address"].number(record.address),
            phone(record.phone) if record.phone else b"",
            born(record.date_of_birth) if record.date_of_birth else b"",
            code(record.postcode) if record.postcode else b"",
            code(record.national_id) if record.national_id else b"",
            code(record.category) if record.category.isascii() else b"%012x" % (hashed(record.category) >> 16),
        )

    def _whole(self, parts: list[int], address: tuple[str, ...]) -> tuple[list[int], list[int], bytes]:
        """Keys, classes and sounds of the first and the last word in one, either way, and of an address's words.

        So a name meets one that lost its blank, and an address that was made of it.
        """
        first = self.lexicon.heard[parts[0]] if parts else SILENT
        last = self.lexicon.heard[parts[-1]] if len(parts) > 1 else SILENT
        written = _written(address)
        keys = {_in_one(first.key, last.key), _in_one(last.key, first.key), written.key}
        hashes = sorted([hashed(key) for key in keys if len(key) > 3])
        said = _filled(first.said + last.said) + _filled(last.said + first.said) + _filled(written.said)
        return hashes + [0] * (3 - len(hashes)), [first.classes | last.classes, written.classes], said

    def _store(self, rows: list[tuple[Any, ...]]) -> None:
        start = self.table.grow(len(rows))
        for name, values in zip(self.table.columns, zip(*rows, strict=True), strict=True):
            self.table.columns[name][start : self.size] = values
        self._counted(slice(start, self.size), 1)

    def _counted(self, rows: slice, by: int) -> None:
        self.lexicon.count(self.table["words"][rows].ravel(), by)
        for name in PHRASES:
            self.phrases[name].count(self.table[name][rows], by)
