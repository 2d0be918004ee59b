"""petition link FILE.csv"""

from __future__ import annotations

import csv
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, Final, TextIO

import click

from petition import cli
from petition.domain.delimited import Unreadable, lines_of, rows_of
from petition.domain.duplicates.clusters import Link, clusters, links
from petition.domain.duplicates.columns import columns
from petition.domain.duplicates.index import THRESHOLD, Index
from petition.domain.duplicates.records import FIELDS, Record
from petition.errors import FileRefused
from petition.places import places

JOINED_FROM: Final = 0.2  # below, a threshold asks for all resemblances and nothing is joined to clusters
_READING: Final = 0.25  # of the whole work

Progress = Callable[[float], None]


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--threshold", type=click.FloatRange(0, 1), help="Least score of a pair (its own, by size, unless given)."
)
@click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write (standard output).")
def command(file: Path, threshold: float | None, output: Path | None) -> None:
    """Pairs of rows of FILE.csv that are probably one person, as id1,id2,score; the score is a probability.

    FILE.csv needs a column id and a column full_name (or given_name and surname); of email, phone, city, country,
    affiliation, date_of_birth, address, postcode, national_id and category it uses what is there.
    """
    threshold = THRESHOLD if threshold is None else threshold
    if math.isnan(threshold):
        raise click.BadParameter("a number from 0 to 1", param_hint="'--threshold'")
    if output is not None and output.exists() and output.samefile(file):
        cli.fail(f"{output} is the list itself; write the pairs into another file")
    with _watched() as progress:
        ids, index = _read(file, progress)
        found = _linked(index, threshold, progress)
    with _opened(output) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("id1", "id2", "score"))
        writer.writerows((ids[link.one], ids[link.other], f"{link.probability:.6f}") for link in found)
    if index.left_out:
        click.echo(
            f"petition: {index.left_out:,} pairs who share a common name or little else were left uncompared", err=True
        )


def _read(path: Path, progress: Progress) -> tuple[list[str], Index]:
    """The ids by row, and the index of what stands beside them, both by id: the order of the rows says nothing."""
    index = Index(places())
    ids: list[str] = []
    try:
        with path.open("rb") as file:
            index.extend(_records(path, file, ids, progress))
    except Unreadable as wrong:
        raise FileRefused(path, wrong.line, wrong.why) from None
    except OSError as wrong:
        raise FileRefused(path, None, f"cannot be read: {wrong.strerror}") from None
    order = sorted(range(len(ids)), key=ids.__getitem__)
    index.arrange(order)
    return [ids[at] for at in order], index


def _records(path: Path, file: BinaryIO, ids: list[str], progress: Progress) -> Iterator[Record]:
    size = max(1, os.fstat(file.fileno()).st_size)
    rows = rows_of(lines_of(file))
    line, header = next(rows, (1, []))
    at = _columns(path, header)
    (identity,) = at.pop("id")
    make = _maker(at, len(header))
    seen: dict[str, int] = {}
    for line, cells in rows:
        if len(cells) != len(header):
            raise Unreadable(line, f"{len(cells)} cells, but the header has {len(header)}")
        known = cells[identity].strip()
        if not known:
            raise Unreadable(line, "the id is empty")
        if seen.setdefault(known, line) != line:
            raise Unreadable(line, f"the id {known} stands in line {seen[known]} already")
        ids.append(known)
        yield make(cells)
        if line % 4096 == 0:
            progress(_READING * min(1.0, file.tell() / size))


def _maker(at: Mapping[str, tuple[int, ...]], width: int) -> Callable[[list[str]], Record]:
    """The record of a row of cells. What a list lacks is an empty cell behind its own, what it has in parts another."""
    parts = {name: places for name, places in at.items() if len(places) > 1}
    behind = {name: width + number for number, name in enumerate(parts, 1)}
    alone = {name: place for name, (place, *more) in at.items() if not more}
    chosen = itemgetter(*({**alone, **behind}.get(name, width) for name in FIELDS))

    def made(cells: list[str]) -> Record:
        joined = [" ".join([cells[place] for place in places]) for places in parts.values()]
        return Record(*chosen([*cells, "", *joined]))

    return made


def _columns(path: Path, header: list[str]) -> dict[str, tuple[int, ...]]:
    found = columns(header)
    for field, names in found.taken.items():
        click.echo(f"petition: {path}: taken for {field}: {', '.join(names)}", err=True)
    for written, meant in found.alike.items():
        click.echo(f"petition: {path}: not used: is {written!r} meant for {meant}?", err=True)
    return dict(found.at)


def _linked(index: Index, threshold: float, progress: Progress) -> list[Link]:
    """Pairs at or above the threshold, the surest first, without those that clusters keep apart."""
    pairs = [
        (one, other, probability)
        for batch in index.pairs(min(threshold, JOINED_FROM), lambda done: progress(_READING + (1 - _READING) * done))
        for one, other, probability in zip(*(column.tolist() for column in batch), strict=True)
    ]
    joined = threshold >= JOINED_FROM
    found = links(pairs, clusters(pairs, threshold)) if joined else [Link(*pair) for pair in pairs]
    return sorted(found, key=lambda link: (-link.probability, link.one, link.other))


@contextmanager
def _watched() -> Iterator[Progress]:
    """A bar on standard error when that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=1000, label="linking", file=sys.stderr) as bar:
        yield lambda done: bar.update(max(0, int(done * 1000) - bar.pos))


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears under its name when it is whole."""
    if output is None:
        yield sys.stdout
        return
    unfinished = output.with_name(output.name + ".part")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as out:
            yield out
        unfinished.replace(output)
    except OSError as wrong:
        cli.fail(f"{output} cannot be written: {wrong.strerror}")
    finally:
        unfinished.unlink(missing_ok=True)
