"""Records written anew by a careless hand: letters slip, parts and fields are left out, blanks lost, the order changed.

The labelled records are of one kind of noise; what is weighed on them alone trusts a hand that is as careful.
"""

from dataclasses import replace

import numpy as np

from petition.domain.duplicates.records import Record
from petition.domain.names.letters import arabic

SLIP, SECOND_SLIP = 0.25, 0.06  # of a name; slips of towns and organisations are as likely as second ones
INITIAL, MIDDLE, BLANK, ORDER = 0.04, 0.15, 0.015, 0.08
GONE = 0.12
FIELDS = ("email", "phone", "city", "country", "affiliation", "category")
LATIN, ARABIC = "abcdefghijklmnoprstuvwyz", "ابتجحخدرزسشصطعغفقكلمنهوي"


def miswritten(records: list[Record], chance: np.random.Generator) -> list[Record]:
    return [_record(record, chance) for record in records]


def _record(record: Record, chance: np.random.Generator) -> Record:
    gone = {name: "" for name in FIELDS if chance.random() < GONE}
    kept = {
        name: slip(text, chance)
        for name in ("city", "affiliation")
        if (text := getattr(record, name)) and name not in gone and chance.random() < SECOND_SLIP
    }
    return replace(record, full_name=_name(record.full_name, chance), **gone, **kept)


def _name(text: str, chance: np.random.Generator) -> str:
    parts = text.split()
    if len(parts) > 2 and chance.random() < MIDDLE:
        del parts[1]
    for often in (SLIP, SECOND_SLIP):
        if chance.random() < often:
            at = int(chance.integers(len(parts)))
            parts[at] = slip(parts[at], chance)
    if len(parts) > 1 and chance.random() < INITIAL:
        parts[0] = parts[0][0] + ("" if arabic(parts[0]) else ".")
    if chance.random() < ORDER:
        parts = [parts[-1], *parts[:-1]]
    return ("" if len(parts) == 2 and chance.random() < BLANK else " ").join(parts)


def slip(text: str, chance: np.random.Generator) -> str:
    """A letter left out, exchanged, put in, or swapped with the next; short words are left alone."""
    if len(text) < 4:
        return text
    at = int(chance.integers(1, len(text) - 1))
    letters = ARABIC if arabic(text) else LATIN
    other = letters[int(chance.integers(len(letters)))]
    before, here, after = text[:at], text[at], text[at + 1 :]
    ways = (before + after, before + other + after, before + other + here + after, before + after[0] + here + after[1:])
    return ways[int(chance.integers(len(ways)))]
