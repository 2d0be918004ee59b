"""The petition page from memory, beside the same server answering as many constant bytes; other files likewise."""

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
    with served(made.new("page")) as running:
        return [beside_constant_bytes(running, "Petition page", PATH, pace)]


def beside_constant_bytes(running: Running, name: str, path: str, pace: Pace) -> Line:
    answer, constant = Series(), Series()
    size = size_of(running, path)
    request = urllib.request.Request(running.url(f"/bench/constant/{size}"), method="POST")
    urllib.request.urlopen(request, timeout=10).close()
    for number in range(pace.rounds + 1):
        say(f"{name}, round {number} of {pace.rounds}")
        bare = measure(running, Plan(running.port, "get", "/bench/constant", CONNECTIONS, pace.seconds))
        whole = measure(running, Plan(running.port, "get", path, CONNECTIONS, pace.seconds))
        if number:
            constant.add(bare)
            answer.add(whole)
    by_rate, by_cpu = answer.rates(constant), constant.times(answer)
    return Line(
        name,
        f"{answer.cpu_ms:.3f} ms, {answer.rate:,.0f}/s, p99 {answer.p99:.0f} ms, {size:,} bytes",
        f"{constant.cpu_ms:.3f} ms, {constant.rate:,.0f}/s ({size:,} constant bytes)",
        f"{by_cpu:.2f} ({by_rate:.2f})",
        f">= {LEAST}",
        by_cpu >= LEAST,
    )
