"""Databases for the bench: each an SQLite file or a PostgreSQL database, fresh, with the built-in petition in it."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.running import Store
from petition.cli.apply import apply, read_file
from petition.cli.demo import FILE
from petition.db.opening import opened
from petition.settings import Settings
from tests import postgres

SLUG = "boycott-sochi"
IN_MEMORY = ("tmpfs", "ramfs")


@dataclass(slots=True)
class Stores:
    """Makes stores under one folder; all PostgreSQL stores are databases of one cluster."""

    folder: Path
    cluster: postgres.Cluster | None
    made: int = field(default=0)

    def new(self, name: str) -> Store:
        self.made += 1
        environment = {
            "PETITION_DATA_DIR": str(self.folder / f"{name}-{self.made}"),
            "PETITION_LIMITS": "off",
        }
        roots: tuple[int, ...] = ()
        if self.cluster is not None:
            assert self.cluster.server is not None
            database = f"{name}_{self.made}".replace("-", "_")
            self.cluster.create_database(database)
            environment["PETITION_DATABASE_URL"] = self.cluster.url(database)
            roots = (self.cluster.server.pid,)
        store = Store(name, environment, roots)
        asyncio.run(_begin(store.settings))
        return store


async def _begin(settings: Settings) -> None:
    async with opened(settings, migrating=True):
        pass
    await apply(settings, read_file(FILE))


@contextmanager
def stores(kind: str, parent: Path) -> Iterator[Stores]:
    """SQLite and PostgreSQL alike on `parent`, a real disk: in memory a durable commit would cost nothing."""
    with tempfile.TemporaryDirectory(prefix="petition-bench-", dir=parent) as folder:
        if kind == "sqlite":
            yield Stores(Path(folder), None)
            return
        # The tests keep their cluster in memory and its log short; here it lies where SQLite's file lies.
        postgres.parent_folder = lambda: parent
        postgres.SETTINGS["max_wal_size"] = "1GB"
        cluster = postgres.Cluster()
        cluster.start()
        try:
            yield Stores(Path(folder), cluster)
        finally:
            cluster.stop()


def filesystem(folder: Path) -> str:
    """The kind of filesystem that a folder lies on, for the report's first line."""
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, kind, *_ = line.split()
        if folder.is_relative_to(mount) and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]
