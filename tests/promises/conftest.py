"""The whole program as an operator runs it, with a place of its own for everything it may write."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.factories import petition_file
from tests.postgres import Cluster
from tests.promises.post_office import PostOffice
from tests.servers import Server, command

# For what concerns one database alone, or none.
ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@dataclass
class Installation:
    """A server process and every folder that it, or its database, can write to: `server.folder` and below `root`."""

    root: Path
    server: Server
    cluster: Cluster | None

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return command(self.server.folder, self.server.database_url, *words)

    def folders(self) -> list[Path]:
        """After PostgreSQL was told to write out what it holds in memory."""
        if self.cluster is None:
            return [self.root]
        self.cluster.sql("CHECKPOINT")
        assert self.cluster.folder is not None
        return [self.root, self.cluster.folder]

    def log(self) -> str:
        return self.server.log.read_text()


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    office = PostOffice()
    office.open()
    yield office
    office.close()


@pytest.fixture
def install(
    tmp_path: Path, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Installation]]:
    """`install(limits="on", …)`: migrated, a petition applied, serving. PostgreSQL is a cluster of its own."""
    root = tmp_path / "installation"
    for folder in (root, root / "tmp"):
        folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(root / "tmp"))
    cluster = Cluster() if database_kind == "postgresql" else None
    servers: list[Server] = []

    def make(**settings: str) -> Installation:
        url = ""
        if cluster is not None:
            cluster.start()
            cluster.create_database("petition")
            url = cluster.url("petition")
        server = Server(root / "var", url, ("serve",), settings)
        servers.append(server)
        made = Installation(root, server, cluster)
        if cluster is not None:
            assert made.run("migrate").returncode == 0
        applied = made.run("apply", str(petition_file(tmp_path)))
        assert applied.returncode == 0, applied.stderr
        server.start()
        return made

    yield make
    for server in servers:
        server.kill()
    if cluster is not None:
        cluster.stop()
