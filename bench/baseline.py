"""What anybody would write in an afternoon: names in Latin letters, blocks, and rapidfuzz for each pair in a block."""

import time
from collections import defaultdict
from itertools import combinations

from anyascii import anyascii
from rapidfuzz import fuzz

from petition.domain.duplicates.records import Record

_LARGEST = 200  # records of a block; of a larger one only neighbours are compared
_LEAST = 85.0


def linked(records: list[Record]) -> float:
    """Seconds of CPU until every pair of every block has its score."""
    begun = time.process_time()
    names = [anyascii(record.full_name).lower() for record in records]
    blocks: dict[str, list[int]] = defaultdict(list)
    for row, (name, record) in enumerate(zip(names, records, strict=True)):
        words = sorted(name.split())
        if words:
            blocks[f"n{words[0][:4]}{words[-1][:4]}"].append(row)
        if record.email:
            blocks[f"m{record.email.partition('@')[0]}"].append(row)
        if record.phone:
            blocks[f"p{record.phone[-8:]}"].append(row)
    seen: set[tuple[int, int]] = set()
    for block in blocks.values():
        near = [block] if len(block) <= _LARGEST else [block[at : at + 10] for at in range(0, len(block), 10)]
        for rows in near:
            for one, other in combinations(rows, 2):
                if fuzz.token_sort_ratio(names[one], names[other], score_cutoff=_LEAST):
                    seen.add((one, other))
    return time.process_time() - begun
