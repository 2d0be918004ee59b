"""The petition page from memory, beside the same server answering as many constant bytes from a plain handler."""

import urllib.request

from bench.load import Plan
from bench.running import Running, Series, measure, served
from bench.signing import CONNECTIONS, Pace
from bench.stores import SLUG, Stores
from bench.table import Line, say

PATH = f"/ar/petitions/{SLUG}"
LEAST = 0.8


def size_of(running: Running, path: str) -> int:
    """Bytes of the answer's body, compressed."""
    request = urllib.request.Request(running.url(path), headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return len(answer.read())


def promise(made: Stores, pace: Pace) -> list[Line]:
    page, constant = Series(), Series()
    with served(made.new("page")) as running:
        size = size_of(running, PATH)
        request = urllib.request.Request(running.url(f"/bench/constant/{size}"), method="POST")
        urllib.request.urlopen(request, timeout=10).close()
        for number in range(pace.rounds + 1):
            say(f"petition page, round {number} of {pace.rounds}")
            bare = measure(running, Plan(running.port, "get", "/bench/constant", CONNECTIONS, pace.seconds))
            whole = measure(running, Plan(running.port, "get", PATH, CONNECTIONS, pace.seconds))
            if number:
                constant.add(bare)
                page.add(whole)
    by_rate, by_cpu = page.rate / constant.rate, constant.cpu_ms / page.cpu_ms
    return [
        Line(
            "Petition page",
            f"{page.cpu_ms:.3f} ms, {page.rate:,.0f}/s, p99 {page.p99:.0f} ms, {size:,} bytes",
            f"{constant.cpu_ms:.3f} ms, {constant.rate:,.0f}/s ({size:,} constant bytes)",
            f"{by_cpu:.2f} ({by_rate:.2f})",
            f">= {LEAST}",
            by_cpu >= LEAST,
        )
    ]
