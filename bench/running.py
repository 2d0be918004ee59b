"""Servers and rounds: starts what is measured, runs the load, reads what it cost. Ends only what it started."""

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.load import Outcome, Plan
from petition.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Store:
    """One database with its data directory. `roots`: the database's own processes, whose CPU time counts as ours."""

    name: str
    environment: Mapping[str, str]
    roots: Sequence[int] = ()

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.environment)


@dataclass(frozen=True, slots=True)
class Running:
    store: Store
    port: int
    pid: int

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def counted(self) -> dict[str, int]:
        with urllib.request.urlopen(self.url("/bench/counted"), timeout=10) as answer:
            found: dict[str, int] = json.load(answer)
        return found

    def cpu(self) -> float:
        return cpu_seconds((self.pid, *self.store.roots))


@contextmanager
def served(store: Store) -> Iterator[Running]:
    """The web server on this store, from the moment it is ready until the block ends."""
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.server"],
        cwd=ROOT,
        env={**clean(os.environ), **store.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline() or 0)
        running = Running(store, port, server.pid)
        _wait_ready(server, running)
        yield running
    finally:
        server.terminate()
        try:
            server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_ready(server: "subprocess.Popen[bytes]", running: Running) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None and running.port:
        with suppress(OSError), urllib.request.urlopen(running.url("/readyz"), timeout=5):
            return
        time.sleep(0.1)
    raise RuntimeError("the server did not start; its own lines above say why")


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Whatever the caller has set of the product stays out of the measurement."""
    return {name: value for name, value in environment.items() if not name.startswith("PETITION_")}


def cpu_seconds(roots: Sequence[int]) -> float:
    """User and system time of these process trees, those that ended in them included."""
    children: dict[int, list[int]] = {}
    spent: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            fields = stat.read_text().rpartition(")")[2].split()
            pid = int(stat.parent.name)
            children.setdefault(int(fields[1]), []).append(pid)
            spent[pid] = sum(int(value) for value in fields[11:15]) / TICKS
    todo, total = list(roots), 0.0
    while todo:
        pid = todo.pop()
        total += spent.get(pid, 0.0)
        todo += children.get(pid, [])
    return total


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one command: seconds of CPU, and its highest memory in bytes."""

    cpu: float
    memory: int


# Who starts a program hands it its own highest memory, which Linux keeps for it: so a small one stands between.
BETWEEN = """
import os, sys
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
told = f"{os.waitstatus_to_exitcode(status)} {used.ru_utime + used.ru_stime} {used.ru_maxrss}"
os.write(int(sys.argv[1]), told.encode())
"""


def cost_of(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Cost:
    """`RuntimeError` where it fails."""
    told, tells = os.pipe()
    try:
        ended = subprocess.run(
            [sys.executable, "-ISc", BETWEEN, str(tells), *command],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[tells],
            check=True,
        )
        status, cpu, kilobytes = os.read(told, 200).split()
    finally:
        os.close(told)
        os.close(tells)
    if int(status):
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {int(status)}: {ended.stderr[-500:]!r}")
    return Cost(float(cpu), int(kilobytes) * 1024)


@dataclass(frozen=True, slots=True)
class Measured:
    """One round: what the generator saw, and the CPU milliseconds of server and database for each request."""

    outcome: Outcome
    cpu_ms: float
    commits: int

    @property
    def rate(self) -> float:
        return self.outcome.requests / self.outcome.seconds


def measure(running: Running, plan: Plan) -> Measured:
    """One round of this plan; an answer other than the expected one spoils the run, so it raises."""
    before, spent = running.counted(), running.cpu()
    outcome = Outcome(**_generate(plan))
    spent = running.cpu() - spent
    if outcome.wrong or not outcome.requests:
        asked = f"{plan.kind} {plan.path}"
        raise RuntimeError(f"{outcome.wrong} of {outcome.requests} answers to {asked} were not {plan.expect}")
    return Measured(outcome, spent * 1000 / outcome.requests, running.counted()["commits"] - before["commits"])


def _generate(plan: Plan) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        cwd=ROOT,
        input=json.dumps(asdict(plan)).encode(),
        stdout=subprocess.PIPE,
        timeout=plan.seconds + PATIENCE,
        check=True,
    )
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


@dataclass(slots=True)
class Series:
    """The rounds of one kind; what it says is their median."""

    rounds: list[Measured] = field(default_factory=list)

    def add(self, measured: Measured) -> None:
        self.rounds.append(measured)

    @property
    def rate(self) -> float:
        return statistics.median(m.rate for m in self.rounds)

    @property
    def cpu_ms(self) -> float:
        return statistics.median(m.cpu_ms for m in self.rounds)

    def times(self, other: "Series") -> float:
        """How many times the other's CPU a request takes, round by round: the machine's pace changes between them."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(mine.cpu_ms / its.cpu_ms for mine, its in pairs)

    def rates(self, other: "Series") -> float:
        """Its rate as a share of the other's, round by round."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(mine.rate / its.rate for mine, its in pairs)

    @property
    def p99(self) -> float:
        return statistics.median(m.outcome.p99 for m in self.rounds)

    @property
    def group(self) -> float:
        """Requests that shared one commit."""
        commits = sum(m.commits for m in self.rounds)
        return sum(m.outcome.requests for m in self.rounds) / commits if commits else 0.0
