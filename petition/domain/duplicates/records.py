"""What is known of one person, as written, and the plain forms in which it is kept and compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple

from petition.domain.characters import plain_digits
from petition.domain.names.letters import plain

MAIL_LENGTH: Final = 24
CODE_LENGTH: Final = 12


@dataclass(frozen=True, slots=True)
class Record:
    """Whatever a list holds of one person; an empty text is something the list does not say."""

    full_name: str = ""
    email: str = ""
    phone: str = ""
    city: str = ""
    country: str = ""
    affiliation: str = ""
    date_of_birth: str = ""
    address: str = ""
    postcode: str = ""
    national_id: str = ""
    category: str = ""


# What a signature's sealed record says of a person; the claimed category tells little and is not compared.
_SEALED: Final = ("full_name", "email", "city", "country", "affiliation")


def record_of(opened: Mapping[str, Any]) -> Record:
    """The record that was opened, as it is compared."""
    return Record(**{name: opened.get(name) or "" for name in _SEALED})


FIELDS: Final = tuple(field.name for field in fields(Record))

_SIGNS: Final = re.compile(r"[\W_]+")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_NUMBER: Final = re.compile(r"\d+")


class Mail(NamedTuple):
    """The part before the @ without signs, its letters, its digits, its words; all empty where there is no address."""

    local: bytes
    letters: bytes
    digits: bytes
    words: tuple[str, ...]


NO_MAIL: Final = Mail(b"", b"", b"", ())


def mail(text: str) -> Mail:
    """Providers that one person may use side by side, `+tags` and dots do not tell two addresses apart."""
    local, at, _ = text.strip().lower().partition("@")
    if not at:
        return NO_MAIL
    local = local.partition("+")[0] or local
    if not local.isascii():
        local = plain(local)
    bare = _SIGNS.sub("", local)
    parts = _LETTERS.findall(local.replace("_", " "))
    letters = "".join(sorted(parts)) if not bare.isalpha() else bare
    digits = "".join(_NUMBER.findall(bare))
    return Mail(_kept(bare, MAIL_LENGTH), _kept(letters, MAIL_LENGTH), _kept(digits, CODE_LENGTH), tuple(parts))


def phone(text: str) -> bytes:
    """The last eight digits: what remains whether a number is written with its country or without."""
    digits = digits_of(text)
    return digits[-8:].encode() if len(digits) >= 7 else b""


def code(text: str) -> bytes:
    """A postcode or an identity number: letters and digits alone, the last twelve."""
    return _SIGNS.sub("", plain_digits(text)).lower().encode("ascii", "ignore")[-CODE_LENGTH:]


def digits_of(text: str) -> str:
    return "".join(c for c in plain_digits(text) if c.isdigit())


def _kept(text: str, length: int) -> bytes:
    """Longer texts keep their end, where the digits stand that tell them apart."""
    return text.encode("ascii", "replace")[-length:]
