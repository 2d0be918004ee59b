"""Sign, confirm and fold, beside the same server reading and checking the same form without a database."""

import asyncio
import gc
import os
import secrets
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from bench import rows
from bench.load import Plan
from bench.running import Running, Series, Store, cpu_seconds, measure, served
from bench.stores import SLUG, Stores
from bench.table import Line, say
from petition.actions import counting
from petition.db.opening import opened
from petition.domain import ledger
from petition.queries import petitions

CONNECTIONS = 128
CONFIRMS = 5_000
FOLDS = 5_000
CATEGORIES = ["independents", "coalition", "interim-government", "fsa", "journalists", "activists"]
LEAST, FOLD_LEAST = 0.35, 20.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a promise is looked at: so many rounds of each kind in turn, each of so many seconds."""

    rounds: int
    seconds: float


def sign_plan(running: Running, pace: Pace, seed: str, *, stored: bool = True, most: int = 1_000_000) -> Plan:
    path = f"/ar/petitions/{SLUG}/signatures" if stored else f"/bench/ar/petitions/{SLUG}/checked"
    return Plan(
        running.port, "sign", path, CONNECTIONS, pace.seconds, most, expect=303, seed=seed, categories=CATEGORIES
    )


def confirm_plan(running: Running, pace: Pace, tokens: list[str]) -> Plan:
    return Plan(
        running.port, "confirm", "/ar/signature/TOKEN/confirm", CONNECTIONS, pace.seconds, expect=303, tokens=tokens
    )


@dataclass(slots=True)
class Folds:
    rates: list[float]
    cpu_ms: list[float]


def promise(made: Stores, pace: Pace) -> list[Line]:
    store = made.new("signing")
    say(f"{CONFIRMS * (pace.rounds + 1):,} signatures that wait to be confirmed")
    tokens = rows.pending(store, CONFIRMS * (pace.rounds + 1), "a")
    ceiling, sign, confirm, folds = Series(), Series(), Series(), Folds([], [])
    with served(store) as running:
        for number in range(pace.rounds + 1):
            say(f"sign, confirm and fold, round {number} of {pace.rounds}")
            mine = tokens[CONFIRMS * number : CONFIRMS * (number + 1)]
            bare = measure(running, sign_plan(running, pace, f"c{number}", stored=False))
            signed = measure(running, sign_plan(running, pace, f"s{number}"))
            confirmed = measure(running, confirm_plan(running, pace, mine))
            if number:  # the first round warms everything up
                ceiling.add(bare)
                sign.add(signed)
                confirm.add(confirmed)
                asyncio.run(fold(store, folds))
    return [_line("Sign", sign, ceiling), _line("Confirm", confirm, ceiling), _fold_line(folds, sign)]


def _line(name: str, subject: Series, ceiling: Series) -> Line:
    by_rate, by_cpu = subject.rates(ceiling), ceiling.times(subject)
    return Line(
        name,
        f"{subject.cpu_ms:.3f} ms, {subject.rate:,.0f}/s, p99 {subject.p99:.0f} ms, {subject.group:.0f} to a commit",
        f"{ceiling.cpu_ms:.3f} ms, {ceiling.rate:,.0f}/s (form read and checked)",
        f"{by_cpu:.2f} ({by_rate:.2f})",
        f">= {LEAST}",
        by_cpu >= LEAST,
    )


async def fold(store: Store, folds: Folds) -> None:
    """Notes as confirming leaves them, folded as the worker does it, in this process."""
    today = datetime.now(UTC).date()
    async with opened(store.settings) as (database, _):
        async with database.read() as connection:
            petition = await petitions.petition(connection, SLUG)
        assert petition is not None
        taken = FOLDS
        while taken:  # what the rounds before have confirmed
            async with database.write() as tx:
                taken = await counting.fold(tx, petition.id, SLUG, today=today)
        notes = [
            counting.Note(
                petition.id,
                secrets.token_bytes(32),
                0,
                ledger.COUNTED,
                category=CATEGORIES[n % 6] if n % 2 else None,
                method="mail",
                bind=secrets.token_bytes(32),
                receipt=secrets.token_bytes(32),
            )
            for n in range(FOLDS)
        ]
        async with database.write() as tx:
            await counting.note(tx, notes, today=today)
        # What the bench itself holds is nothing that the product's collector should have to look through.
        gc.collect()
        gc.freeze()
        roots = (os.getpid(), *store.roots)
        begun, spent = time.perf_counter(), cpu_seconds(roots)
        async with database.write() as tx:
            taken = await counting.fold(tx, petition.id, SLUG, today=today)
        folds.rates.append(taken / (time.perf_counter() - begun))
        folds.cpu_ms.append((cpu_seconds(roots) - spent) * 1000 / taken)


def _fold_line(folds: Folds, sign: Series) -> Line:
    rate, cpu_ms = statistics.median(folds.rates), statistics.median(folds.cpu_ms)
    by_rate, by_cpu = rate / sign.rate, sign.cpu_ms / cpu_ms
    return Line(
        "Fold",
        f"{cpu_ms:.4f} ms, {rate:,.0f} entries/s",
        f"{sign.cpu_ms:.3f} ms, {sign.rate:,.0f}/s (sign, one process)",
        f"{by_rate:.0f} by rate ({by_cpu:.0f} by CPU)",
        f">= {FOLD_LEAST:.0f}",
        # Of the rate: one sequencer must keep up with whoever signs, however many cores the database has beside it.
        by_rate >= FOLD_LEAST,
    )
