"""The load generator, a process of its own: keep-alive connections that ask again as soon as they are answered.

    python -m bench.load < plan.json > outcome.json

Loopback only, bounded by a number of requests as well as by time. Every answer is read whole, its status checked.
"""

import asyncio
import json
import random
import re
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlencode

import uvloop

from petition.cli.made_up import raw_person

HOST = "127.0.0.1"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
PEOPLE = 400
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask.

    `kind`: get (`path` again and again), sign (`path`, a new person each time), confirm (`path` with TOKEN in it
    for each of `tokens`), streams (`path`, held open).
    """

    port: int
    kind: str
    path: str = ""
    connections: int = 64
    seconds: float = 2.0
    most: int = 1_000_000
    expect: int = 200
    seed: str = ""
    categories: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`wrong` counts answers of another status than expected and connections that broke; times in milliseconds."""

    requests: int
    seconds: float
    wrong: int
    p50: float
    p99: float


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept-Encoding: gzip\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Accept-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def requests_of(plan: Plan) -> Iterator[bytes]:
    if plan.kind == "get":
        again = get(plan.path)
        for _ in range(plan.most):
            yield again
    elif plan.kind == "confirm":
        for token in plan.tokens:
            yield post(plan.path.replace("TOKEN", token), b"agree=yes")
    else:
        yield from _signing(plan)


def _signing(plan: Plan) -> Iterator[bytes]:
    """Names, cities and choices repeat after some hundred people; no address ever does."""
    chance = random.Random(plan.seed)
    forms = []
    for number in range(PEOPLE):
        person = raw_person(chance, number, plan.categories)
        for unwanted in ("email", "language"):
            person.pop(unwanted)
        forms.append(urlencode({**person, "website": ""}).encode())
    for number in range(plan.most):
        address = f"p{plan.seed}n{number}%40example.org".encode()
        yield post(plan.path, b"email=" + address + b"&" + forms[number % PEOPLE])


class Round:
    """One run of a plan: hands out requests until time or requests are over, and gathers what came of them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.requests = requests_of(plan)
        self.begun = time.perf_counter()
        self.end = self.begun + plan.seconds
        self.times: list[float] = []
        self.wrong = 0
        self.open = 0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def next(self) -> bytes | None:
        return next(self.requests, None) if time.perf_counter() < self.end else None

    def left(self) -> None:
        self.open -= 1
        if not self.open and not self.over.done():
            self.over.set_result(None)

    def outcome(self) -> Outcome:
        taken = time.perf_counter() - self.begun
        times = sorted(self.times) or [0.0]
        return Outcome(
            len(self.times), taken, self.wrong, times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
        )


class Connection(asyncio.Protocol):
    def __init__(self, whole: Round) -> None:
        self.round = whole
        self.transport: Any = None
        self.received = b""
        self.expected = 0
        self.sent = 0.0
        self.waits = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.round.open += 1

    def ask(self) -> None:
        request = self.round.next()
        self.waits = request is not None
        if request is None:
            self.transport.close()
        else:
            self.sent = time.perf_counter()
            self.transport.write(request)

    def data_received(self, received: bytes) -> None:
        self.received += received
        if not self.expected:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return
            length = LENGTH.search(self.received, 0, end)
            self.expected = end + 4 + (int(length[1]) if length else 0)
        if len(self.received) < self.expected:
            return
        self.round.times.append(time.perf_counter() - self.sent)
        if int(self.received[9:12]) != self.round.plan.expect:
            self.round.wrong += 1
        self.received, self.expected = self.received[self.expected :], 0
        self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.waits:
            self.round.wrong += 1
        self.round.left()


async def run(plan: Plan) -> Outcome:
    loop = asyncio.get_running_loop()
    whole = Round(plan)
    pairs = [await loop.create_connection(lambda: Connection(whole), HOST, plan.port) for _ in range(plan.connections)]
    whole.begun = time.perf_counter()
    whole.end = whole.begun + plan.seconds
    for _, connection in pairs:
        connection.ask()
    await asyncio.wait_for(whole.over, plan.seconds + PATIENCE)
    return whole.outcome()


@dataclass(frozen=True, slots=True)
class Seen:
    """For each ledger size when the first and when the last stream had it (monotonic clock), and how many did."""

    open: int
    sizes: dict[str, tuple[float, float, int]]


async def watch(plan: Plan) -> Seen:
    """Opens all streams, says so with a line on standard output, then notes when each event came, for `seconds`."""
    gate = asyncio.Semaphore(50)
    moments: dict[str, list[float]] = {}
    ready, all_open = 0, asyncio.Event()

    async def one() -> None:
        nonlocal ready
        async with gate:
            reader, writer = await asyncio.open_connection(HOST, plan.port)
            writer.write(get(plan.path))
            await reader.readuntil(b"\r\n\r\n")
            ready += 1
            if ready == plan.connections:
                all_open.set()
        try:
            while line := await reader.readline():
                if line.startswith(b"data: "):
                    size = re.search(rb'"ledger_size":(\d+)', line)
                    if size:
                        moments.setdefault(size[1].decode(), []).append(time.monotonic())
        finally:
            writer.close()

    tasks = [asyncio.create_task(one()) for _ in range(plan.connections)]
    with suppress(TimeoutError):
        await asyncio.wait_for(all_open.wait(), PATIENCE)
    sys.stdout.write(f"{ready}\n")
    sys.stdout.flush()
    await asyncio.sleep(plan.seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return Seen(ready, {size: (min(when), max(when), len(when)) for size, when in moments.items()})


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if plan.kind == "streams":
        json.dump(asdict(uvloop.run(watch(plan))), sys.stdout)
    else:
        json.dump(asdict(uvloop.run(run(plan))), sys.stdout)


if __name__ == "__main__":
    main()
