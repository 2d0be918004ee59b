"""Sign, confirm, page and counts API where 10,000, 100,000 or 1,000,000 signatures are present already."""

import time
from contextlib import ExitStack

from bench import page, rows
from bench.load import Plan
from bench.running import Running, Series, measure, served
from bench.signing import CONNECTIONS, Pace, confirm_plan, sign_plan
from bench.stores import SLUG, Stores
from bench.table import Line, say

ACTS = 1_000  # signs and confirms in a round: few, so that the smallest database stays small
READS = 8_000
MOST = 1.2
KINDS = ("Sign", "Confirm", "Petition page", "Counts API")
COUNTS = f"/api/v1/petitions/{SLUG}/counts"


def promise(made: Stores, pace: Pace, sizes: list[int]) -> list[Line]:
    """All sizes side by side, each with its own server, a round of each in turn."""
    series = {size: {kind: Series() for kind in KINDS} for size in sizes}
    with ExitStack() as stack:
        servers, tokens = {}, {}
        for size in sizes:
            begun = time.monotonic()
            store = made.new(f"size{size}")
            rows.fill(store, size)
            tokens[size] = rows.pending(store, ACTS * (pace.rounds + 1), "b")
            servers[size] = stack.enter_context(served(store))
            say(f"{size:,} signatures laid down in {time.monotonic() - begun:.0f} s")
        for number in range(pace.rounds + 1):
            say(f"sizes, round {number} of {pace.rounds}")
            for kind in KINDS:
                for size in sizes:
                    mine = tokens[size][ACTS * number : ACTS * (number + 1)]
                    measured = measure(servers[size], _plan(kind, servers[size], pace, f"z{number}", mine))
                    if number:
                        series[size][kind].add(measured)
    least = series[sizes[0]]
    return [_line(kind, size, series[size][kind], least[kind], sizes[0]) for kind in KINDS for size in sizes[1:]]


def _plan(kind: str, running: Running, pace: Pace, seed: str, tokens: list[str]) -> Plan:
    slow = Pace(pace.rounds, 30.0)  # ended by its number of requests
    if kind == "Sign":
        return sign_plan(running, slow, seed, most=ACTS)
    if kind == "Confirm":
        return confirm_plan(running, slow, tokens)
    path = page.PATH if kind == "Petition page" else COUNTS
    return Plan(running.port, "get", path, CONNECTIONS, slow.seconds, READS)


def _line(kind: str, size: int, subject: Series, least: Series, smallest: int) -> Line:
    ratio = subject.times(least)
    return Line(
        f"{kind} at {size:,}",
        f"{subject.cpu_ms:.3f} ms",
        f"{least.cpu_ms:.3f} ms at {smallest:,}",
        f"{ratio:.2f}",
        f"<= {MOST}",
        ratio <= MOST,
    )
