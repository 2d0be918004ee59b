"""What anybody would write in an afternoon: Latin letters, a few blocks, rapidfuzz over every pair in a block."""

import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from anyascii import anyascii
from rapidfuzz import fuzz

from petition.domain.duplicates.records import Record

LARGEST = 1000  # records of a block; a larger one is left out
LEAST = 80.0
# Parts of the score: the name tells most.
NAME, MAIL, CITY, OFFICE = 0.6, 0.2, 0.1, 0.1


def linked(records: list[Record]) -> tuple[float, int]:
    """Seconds of CPU until every pair of every block has its score, and how many pairs those were."""
    begun = time.process_time()
    names = [anyascii(record.full_name).lower() for record in records]
    mails = [record.email.partition("@")[0].lower() for record in records]
    cities = [anyascii(record.city).lower() for record in records]
    offices = [anyascii(record.affiliation).lower() for record in records]
    blocks: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(names):
        for key in _keys(name, mails[row], records[row].phone, cities[row]):
            blocks[key].append(row)
    compared: set[int] = set()
    found = 0
    for block in blocks.values():
        if len(block) > LARGEST:
            continue
        for one, other in combinations(block, 2):
            pair = one * len(records) + other
            if pair in compared:
                continue
            compared.add(pair)
            score = (
                NAME * fuzz.token_sort_ratio(names[one], names[other])
                + MAIL * fuzz.ratio(mails[one], mails[other])
                + CITY * fuzz.ratio(cities[one], cities[other])
                + OFFICE * fuzz.token_set_ratio(offices[one], offices[other])
            )
            found += score >= LEAST
    return time.process_time() - begun, len(compared)


def _keys(name: str, mail: str, phone: str, city: str) -> Iterator[str]:
    words = sorted(name.split())
    if mail:
        yield f"mail {mail}"
    if digits := "".join(sign for sign in phone if sign.isdecimal())[-8:]:
        yield f"phone {digits}"
    if words:
        yield f"ends {words[0][:3]} {words[-1][:3]}"
        for word in words:
            yield f"word {word[:5]} {city[:4]}"
