"""A thousand open count streams: what they ask of the database, and how soon a change has reached all of them."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from dataclasses import asdict
from datetime import UTC, datetime

from bench import rows
from bench.load import Plan
from bench.running import PATIENCE, ROOT, Store, served
from bench.signing import Pace
from bench.stores import SLUG, Stores
from bench.table import Line, say
from petition.actions import counting, signing
from petition.db.opening import opened
from petition.domain import tokens
from petition.notary import Notary
from petition.queries import counts, petitions

STREAMS = 1_000
CHANGES = 5
EVERY = 2.0
SOON = 2.0
READS_A_SECOND = 1.0


def promise(made: Stores, pace: Pace) -> list[Line]:
    store = made.new("streams")
    links = rows.pending(store, CHANGES, "v")
    with served(store) as running:
        urllib.request.urlopen(running.url("/bench/listened"), timeout=10).close()
        say(f"{STREAMS:,} open count streams")
        seconds = CHANGES * EVERY + SOON
        plan = Plan(running.port, "streams", f"/api/v1/petitions/{SLUG}/counts/stream", STREAMS, seconds)
        with subprocess.Popen(
            [sys.executable, "-m", "bench.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as watching:
            try:
                assert watching.stdin is not None
                assert watching.stdout is not None
                watching.stdin.write(json.dumps(asdict(plan)).encode())
                watching.stdin.close()
                opened_streams = int(watching.stdout.readline())
                begun, before, spent = time.monotonic(), running.counted(), running.cpu()
                changes = asyncio.run(_change(store, links))
                after, taken = running.counted(), time.monotonic() - begun
                spent = running.cpu() - spent
                seen = json.loads(watching.stdout.read())["sizes"]
                watching.wait(PATIENCE)
            finally:
                watching.kill()
    reads = (after["selects"] - before["selects"]) / taken
    # The ledger's size after each change is what its event is known by.
    reached = [seen.get(str(size), (0.0, float("inf"), 0)) for size in changes]
    slowest = max(last - changes[size] for size, (_, last, _) in zip(changes, reached, strict=True))
    fewest = min(count for _, _, count in reached)
    return [
        Line(
            f"{opened_streams:,} count streams",
            f"{reads:.2f} reads/s in all, {spent / taken:.2f} cores",
            "one poll a second",
            f"{reads / READS_A_SECOND:.2f}",
            "<= 1.05 reads/s",
            reads <= READS_A_SECOND * 1.05,
        ),
        Line(
            f"a change to {fewest:,} streams",
            f"the last after {slowest:.2f} s (slowest of {CHANGES} changes)",
            "",
            "",
            f"all within {SOON:.0f} s",
            fewest == STREAMS and slowest <= SOON,
        ),
    ]


async def _change(store: Store, links: list[str]) -> dict[int, float]:
    """Confirms, folds and publishes, one by one, from another process than the server; the ledger's size → when what
    is published was durable."""
    changes: dict[int, float] = {}
    notary = Notary(store.settings)
    async with opened(store.settings) as (database, keys):
        async with database.read() as connection:
            petition = await petitions.petition(connection, SLUG)
        assert petition is not None
        for link in links:
            token = tokens.read(link)
            assert token is not None
            today = datetime.now(UTC).date()
            begun = time.monotonic()
            async with database.write() as tx:
                await signing.confirm(tx, [signing.Confirmation(token, today)], keys=keys)
                await counting.fold(tx, petition.id, SLUG, today=today)
                size = (await counts.tally(tx, petition.id)).size
            await rows.publish(database, petition.id, notary)
            changes[size] = time.monotonic()
            await asyncio.sleep(max(0.0, EVERY - (time.monotonic() - begun)))
    return changes
