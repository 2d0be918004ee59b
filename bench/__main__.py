"""`python -m bench`: measures every speed promise on this machine and prints one table for each database."""

import argparse
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import desk, document, ledger, lists, page, signing, sizes, streams
from bench.signing import Pace
from bench.stores import Stores, filesystem, stores
from bench.table import Line, print_table, say
from tests.postgres import NoPostgres

PROMISES = ("signing", "page", "sizes", "streams", "desk", "document", "lists", "ledger")
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
SMALL, LARGE = [10_000, 100_000], [10_000, 100_000, 1_000_000]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="a million signatures too (minutes more, 10 GB of disk)")
    parser.add_argument("--database", choices=tuple(NAMES), help="only this database")
    parser.add_argument("--only", choices=PROMISES, action="append", help="only this promise; may be repeated")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each kind (5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="seconds of a round (2)")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="where the databases lie (/var/tmp)")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    pace = Pace(asked.rounds, asked.seconds)
    kept: dict[str, Callable[[Stores], list[Line]]] = {
        "signing": lambda made: signing.promise(made, pace),
        "page": lambda made: page.promise(made, pace),
        "sizes": lambda made: sizes.promise(made, pace, LARGE if asked.full else SMALL),
        "streams": lambda made: streams.promise(made, pace),
        "desk": lambda made: desk.promise(made, pace),
        "document": lambda made: document.promise(made, pace),
        "lists": lambda made: lists.promise(made, asked.full),
        "ledger": lambda made: ledger.promise(made, pace),
    }
    sys.stdout.write(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {asked.folder} is {filesystem(asked.folder)}; "
        f"medians of {pace.rounds} rounds of {pace.seconds:g} s, ceiling and figure in turn, ratios round by round, "
        f"{signing.CONNECTIONS} connections; ratios of CPU time, of rates in brackets\n\n"
    )
    sys.stdout.flush()
    missed = 0
    for kind in [asked.database] if asked.database else list(NAMES):
        begun, lines = time.monotonic(), []
        try:
            with stores(kind, asked.folder) as made:
                for name in asked.only or PROMISES:
                    say(f"{NAMES[kind]}: {name}")
                    lines += kept[name](made)
        except NoPostgres as none:
            sys.stdout.write(f"{NAMES[kind]}: not measured, {none}\n")
            continue
        print_table(f"{NAMES[kind]} ({time.monotonic() - begun:.0f} s)", lines)
        missed += sum(not line.met for line in lines)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
