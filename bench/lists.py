"""Lists in and out: a CSV taken in by the command, and given out again; what a row costs beside the bare minimum.

What a row costs is the difference between a long list and a short one, so that starting up is not in it; the memory is
each command's highest.
"""

import asyncio
import csv
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select

from bench.running import Cost, Store, clean, cost_of, cpu_seconds
from bench.stores import SLUG, Stores
from bench.table import Line, say
from petition import keyfiles, sheets
from petition.cli.made_up import raw_person
from petition.db import tables
from petition.db.opening import opened
from petition.domain import sealing
from petition.queries import petitions
from petition.queries.petitions import Petition

SHORT, LONG, LONGEST = 10_000, 100_000, 1_000_000
LEAST_IN, LEAST_CSV, LEAST_XLSX, MOST_MEMORY = 0.25, 0.5, 0.3, 1.2
COLUMNS = ("full_name", "email", "category", "city", "country", "visibility", "language")
ROUNDS = 3


def promise(made: Stores, full: bool) -> list[Line]:
    sizes = [SHORT, LONG, *([LONGEST] if full else [])]
    costs: dict[str, dict[int, Cost]] = {"import": {}, "csv": {}, "xlsx": {}}
    parsed: list[float] = []
    written: list[float] = []
    for size in sizes:
        store = made.new(f"lists-{size}")
        file = store.settings.data_dir.parent / f"{size}.csv"
        _write(file, size)
        say(f"{size:,} rows taken in")
        costs["import"][size] = _run(store, "import", SLUG, str(file))
        (key,) = map(str, (store.settings.data_dir / "recovery").glob("*"))
        rounds = ROUNDS if size < LONGEST else 1
        given: dict[str, list[Cost]] = {"csv": [], "xlsx": []}
        for number in range(rounds):
            say(f"{size:,} rows given out, round {number + 1} of {rounds}")
            if size < LONGEST:
                parse, write = asyncio.run(_ceilings(store, file, size))
                parsed.append(parse)
                written.append(write)
            for kind in given:
                out = file.with_suffix(f".out.{kind}")
                given[kind].append(_run(store, "export", SLUG, "--format", kind, "--key", key, "-o", str(out)))
                out.unlink()
        for kind, taken in given.items():
            costs[kind][size] = Cost(statistics.median(c.cpu for c in taken), max(c.memory for c in taken))
    sealing_, opening = statistics.median(parsed), statistics.median(written)
    return [
        _line("Import", costs["import"], sealing_, "parse and seal each row", LEAST_IN),
        _line("CSV export", costs["csv"], opening, "open each record and write it", LEAST_CSV),
        _line("XLSX export", costs["xlsx"], opening, "open each record and write it", LEAST_XLSX),
        _memory("Import", costs["import"]),
        _memory("CSV export", costs["csv"]),
        _memory("XLSX export", costs["xlsx"]),
    ]


def _write(file: Path, size: int) -> None:
    chance = random.Random(11)
    categories = ["independents", "coalition", "fsa", "activists"]
    with file.open("w", newline="", encoding="utf-8-sig") as out:
        rows = csv.writer(out)
        rows.writerow(COLUMNS)
        for number in range(size):
            person = raw_person(chance, number, categories)
            rows.writerow(person[name] for name in COLUMNS)


def _run(store: Store, *words: str) -> Cost:
    """The database's CPU is among it."""
    before = cpu_seconds(store.roots)
    spent = cost_of([sys.executable, "-m", "petition", *words], {**clean(os.environ), **store.environment})
    return replace(spent, cpu=spent.cpu + cpu_seconds(store.roots) - before)


async def _ceilings(store: Store, file: Path, size: int) -> tuple[float, float]:
    """CPU seconds a row: parsed and sealed, and nothing else; opened and written, and nothing else."""
    async with opened(store.settings) as (database, _), database.read() as connection:
        petition = await petitions.petition(connection, SLUG)
        rows = tables.table(tables.Signature)
        sealed = list((await connection.execute(select(rows.c.sealed).limit(SHORT))).scalars())
    assert petition is not None
    key = keyfiles.recovery_key(store.settings, SLUG, petition.public_key)
    assert key is not None
    out = file.with_suffix(".plain")
    parsed = _each(lambda: _parsed(file, petition), size)
    written = _each(lambda: _written(sealed, key, petition, out), len(sealed))
    out.unlink()
    return parsed, written


def _each(work: Callable[[], None], rows: int) -> float:
    begun = time.process_time()
    work()
    return (time.process_time() - begun) / rows


def _parsed(file: Path, petition: Petition) -> None:
    for _, cells in sheets.opened(sheets.OnDisk(file)).rows():
        sealing.seal_plain(sealing.padded("\0".join(cells).encode()), petition.public_key, petition.id)


def _written(sealed: list[bytes], key: bytes, petition: Petition, out: Path) -> None:
    private, about = X25519PrivateKey.from_private_bytes(key), sealing.about_record(petition.id)
    with out.open("wb") as file:
        for text in sealed:
            file.write(sealing.SUITE.decrypt(text, private, about))


def _line(name: str, costs: dict[int, Cost], ceiling: float, what: str, least: float) -> Line:
    row = (costs[LONG].cpu - costs[SHORT].cpu) / (LONG - SHORT)
    return Line(
        name,
        f"{row * 1000:.3f} ms a row, {1 / row:,.0f} rows/s of one core",
        f"{ceiling * 1000:.3f} ms ({what})",
        f"{ceiling / row:.2f}",
        f">= {least:g}",
        ceiling / row >= least,
    )


def _memory(name: str, costs: dict[int, Cost]) -> Line:
    largest = max(costs)
    ratio = costs[largest].memory / costs[SHORT].memory
    return Line(
        f"{name}, memory",
        f"{costs[largest].memory / 2**20:.0f} MB at {largest:,}",
        f"{costs[SHORT].memory / 2**20:.0f} MB at {SHORT:,}",
        f"{ratio:.2f}",
        f"<= {MOST_MEMORY:g}",
        ratio <= MOST_MEMORY,
    )
