"""Made-up people whose names and addresses stand nowhere else: random letters, so that a find is a find."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.people import Person
from tests.promises.searching import Needles, digests, spellings

LATIN = "abcdefghijklmnopqrstuvwxyz"
ARABIC = "بتثجحخدرزسشصضطظعغفقكلمنهوي"


def person(chance: random.Random, **changes: str) -> Person:
    """Every other one writes Arabic; some write capitals in their address."""
    letters = chance.choice((LATIN, ARABIC))
    given, family = (_word(chance, letters, 9).capitalize() for _ in range(2))
    local = f"{_word(chance, LATIN, 10)}.{_word(chance, LATIN, 6)}"
    return Person(
        full_name=f"{given} {family}",
        email=f"{local.title() if chance.random() < 0.2 else local}@example.org",
        affiliation=_word(chance, LATIN, 12).capitalize(),
        city=_word(chance, letters, 9).capitalize(),
        **changes,
    )


def _word(chance: random.Random, letters: str, length: int) -> str:
    return "".join(chance.choices(letters, k=length))


@dataclass(frozen=True)
class Known:
    """What would betray a person: their address in any spelling or digest, and unless it is shown their name."""

    person: Person
    name_is_shown: bool = False

    def add_to(self, needles: Needles) -> None:
        typed = self.person.email
        local, _, domain = typed.partition("@")
        bare = local.lower().replace(".", "")
        for address in {typed, typed.lower(), f"{local.lower()}@{domain}", f"{bare}@{domain}"}:
            needles.add(f"address {address}", spellings(address))
            needles.add(f"digest of {address}", digests(address))
        for part in {local, local.lower(), bare}:
            needles.add(f"local part {part}", spellings(part))
        for text in (self.person.affiliation, self.person.city):
            needles.add(f"own words {text}", spellings(text))
        if not self.name_is_shown:
            add_name(needles, self.person)


def add_name(needles: Needles, person: Person) -> None:
    name = person.full_name
    for text in {name, name.casefold(), *name.split(), *name.casefold().split()}:
        needles.add(f"name {text}", spellings(text))
