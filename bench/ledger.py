"""The ledger: fold and recount beside hashing the same entries with hashlib, what a proof reads, what a tile costs.

Hashing is a leaf hash for each entry and the tree above them, in one Python process: nobody who folds, publishes or
checks can do without it.
"""

import asyncio
import gc
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from bench import page, rows, signing
from bench.running import ROOT, Running, Store, served
from bench.signing import CATEGORIES, FOLDS, Folds, Pace
from bench.stores import SLUG, Stores
from bench.table import Line, say
from petition.db import tables, tiles
from petition.db.opening import opened
from petition.domain import ledger, merkle
from petition.notary import Notary
from petition.queries import ledger as published
from petition.queries import petitions

SMALL, LARGE = 10_000, 1_000_000
PROOFS = 200
AUDITS = 3
WITHDRAWN, VERIFIED = 0.03, 0.1  # of those that are counted
LEAST_RATE, LEAST_FOLD, MOST_AUDIT, MOST_STATEMENTS, MOST_TILES = 20_000, 0.15, 3.0, 1, 3
ENTRY = tables.table(tables.LedgerEntry)


@dataclass(frozen=True, slots=True)
class Proofs:
    """The most that any proof asked for, and the levels of the tree."""

    statements: int
    tiles: int
    levels: int

    def __str__(self) -> str:
        return f"{self.statements} statement, {self.tiles} tiles of {self.levels} levels"


def promise(made: Stores, pace: Pace) -> list[Line]:
    lines = [_folded(made.new("fold"), pace)]
    small, large = made.new("small"), made.new("large")
    bodies = []
    for store, size in ((small, SMALL), (large, LARGE)):
        begun = time.monotonic()
        bodies = asyncio.run(_fill(store, size))
        say(f"a ledger of {size:,} entries in {time.monotonic() - begun:.0f} s")
    lines += [_proof_line(asyncio.run(_proofs(large, LARGE)), asyncio.run(_proofs(small, SMALL)))]
    with served(large) as running:
        lines.append(_audited(running, bodies, pace))
        for name, path in (("Tile of hashes", "0/000"), ("Bundle of entries", "entries/000")):
            lines.append(page.beside_constant_bytes(running, name, f"/ledger/{SLUG}/tile/{path}", pace))
    return lines


def hashing(bodies: list[bytes]) -> float:
    """Seconds of CPU."""
    gc.collect()
    gc.freeze()
    begun = time.process_time()
    merkle.top(merkle.leaves(bodies))
    return time.process_time() - begun


# Folding


def _folded(store: Store, pace: Pace) -> Line:
    folds, hashed = Folds([], []), []
    for number in range(pace.rounds + 1):
        say(f"fold, round {number} of {pace.rounds}")
        asyncio.run(signing.fold(store, folds))
        hashed.append(hashing(asyncio.run(_last(store))) * 1000 / FOLDS)
    rate, cpu_ms, alone = (statistics.median(kept[1:]) for kept in (folds.rates, folds.cpu_ms, hashed))
    return Line(
        "Fold beside hashing",
        f"{cpu_ms:.4f} ms, {rate:,.0f} entries/s",
        f"{alone:.4f} ms, {1000 / alone:,.0f} entries/s (hashlib alone)",
        f"{alone / cpu_ms:.2f}",
        f">= {LEAST_FOLD}, {LEAST_RATE:,}/s",
        alone / cpu_ms >= LEAST_FOLD and rate >= LEAST_RATE,
    )


async def _last(store: Store) -> list[bytes]:
    async with opened(store.settings) as (database, _), database.read() as connection:
        found = await connection.execute(select(ENTRY.c.body).order_by(ENTRY.c.index.desc()).limit(FOLDS))
        return list(found.scalars())


# A ledger of any size


async def _fill(store: Store, number: int) -> list[bytes]:
    """So many entries, as a campaign leaves them, with tree, tally and a signed checkpoint; the entries."""
    async with opened(store.settings) as (database, _):
        async with database.read() as connection:
            petition = await petitions.petition(connection, SLUG)
        assert petition is not None
        tally, bodies = ledger.Tally(), list[bytes]()
        made = _entries(tally, random.Random(number))
        while len(bodies) < number:
            bodies.append(next(made))
        await rows.lay_down(store.settings, _chunks(petition.id, bodies))
        async with database.write() as tx:
            counted = {name: getattr(tally, name) for name in ledger.Tally.__slots__}
            await tx.execute(update(tables.table(tables.Tally)).values(**counted))
            await tiles.extend(tx, petition.id, 0, merkle.leaves(bodies))
        await rows.publish(database, petition.id, Notary(store.settings))
        await database.checkpoint()
    return bodies


def _entries(tally: ledger.Tally, chance: random.Random) -> Iterator[bytes]:
    """The tally is of just those that were taken out."""
    while True:
        category = chance.choice([*CATEGORIES, None])
        line = ledger.first(tally, category, "mail")
        yield ledger.counted(SLUG, category, "mail", chance.randbytes(32), chance.randbytes(32))
        drawn = chance.random()
        if drawn < WITHDRAWN:
            ledger.then(tally, line, ledger.REMOVED, None, "withdrawn")
            yield ledger.act(SLUG, ledger.REMOVED, line.index, None, "withdrawn")
        elif drawn < WITHDRAWN + VERIFIED and category is not None:
            ledger.then(tally, line, ledger.VERIFIED, category, None)
            yield ledger.act(SLUG, ledger.VERIFIED, line.index, category, None)


def _chunks(petition_id: bytes, bodies: list[bytes]) -> Iterator[dict[Any, list[dict[str, Any]]]]:
    for start in range(0, len(bodies), rows.CHUNK):
        part = bodies[start : start + rows.CHUNK]
        entries = [
            {"petition_id": petition_id, "index": start + n, "link": os.urandom(32), "body": body}
            for n, body in enumerate(part)
        ]
        yield {ENTRY: entries}


# Proofs


async def _proofs(store: Store, size: int) -> Proofs:
    """Of lines and of beginnings at random, as receipts and witnesses ask for them."""
    chance, statements, wanted = random.Random(size), 0, 0
    async with opened(store.settings) as (database, _), database.read() as connection:
        petition = await petitions.petition(connection, SLUG)
        assert petition is not None
        for _ in range(PROOFS):
            index, old = chance.randrange(size), chance.randrange(1, size)
            before = database.statements
            line = published.Placed(index, b"", size, "")
            await published.receipt(connection, petition.id, line, bytes(32))
            statements = max(statements, database.statements - before)
            before = database.statements
            await published.consistency(connection, petition.id, old, size)
            statements = max(statements, database.statements - before)
            for ranges in (merkle.inclusion(index, size), merkle.consistency(old, size)):
                wanted = max(wanted, len(merkle.needed(ranges)))
    return Proofs(statements, wanted, len(merkle.edge(size)))


def _proof_line(large: Proofs, small: Proofs) -> Line:
    return Line(
        f"Proof in {LARGE:,}",
        f"{large}",
        f"{small} ({SMALL:,} entries)",
        f"{large.tiles / large.levels:.1f} tiles a level",
        f"<= {MOST_TILES}, {MOST_STATEMENTS} statement",
        large.statements <= MOST_STATEMENTS and large.tiles <= MOST_TILES * large.levels,
    )


# Recounting


def _audited(running: Running, bodies: list[bytes], pace: Pace) -> Line:
    """`petition audit` as anyone calls it, start and all; the server's own time is not its."""
    audits, times, hashed = [], [], []
    for number in range(min(pace.rounds, AUDITS)):
        say(f"audit, round {number + 1} of {min(pace.rounds, AUDITS)}")
        hashed.append(hashing(bodies))
        begun, spent = time.perf_counter(), _of_children()
        command = [sys.executable, "-m", "petition", "audit", running.url(f"/p/{SLUG}")]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        audits.append(_of_children() - spent)
        times.append(time.perf_counter() - begun)
        hashed[-1] = (hashed[-1] + hashing(bodies)) / 2
    cpu, wall, alone = (statistics.median(kept) for kept in (audits, times, hashed))
    return Line(
        f"Audit of {len(bodies):,}",
        f"{cpu:.1f} s, {wall:.1f} s on the clock",
        f"{alone:.1f} s (hashlib alone)",
        f"{cpu / alone:.2f}",
        f"<= {MOST_AUDIT:.0f}",
        cpu / alone <= MOST_AUDIT,
    )


def _of_children() -> float:
    """CPU of those that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
