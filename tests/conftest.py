"""Real databases, a real application, a clock that the test holds; whatever touches rows runs on both databases."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from petition.domain import passwords
from tests.factories import petition_text
from tests.house import House, settings_for
from tests.postgres import Cluster, NoPostgres
from tests.servers import Server

# Nothing of the developer's own surroundings may decide a test.
for name in [name for name in os.environ if name.startswith("PETITION_")]:
    del os.environ[name]

# What guessing a password costs is paid by every sign-in; here hundreds would pay it. Programs that tests start do.
passwords.PRICE = "1,1,64"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    running = Cluster()
    try:
        running.start()
    except NoPostgres as missing:
        pytest.fail(f"the tests need a PostgreSQL server: {missing}")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def migrated(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of this version, to be copied: quicker than migrating one for each test."""
    cluster.create_database("template_petition")
    environment = {
        **os.environ,
        "PETITION_DATA_DIR": str(tmp_path_factory.mktemp("template")),
        "PETITION_DATABASE_URL": cluster.url("template_petition"),
    }
    subprocess.run([sys.executable, "-m", "petition", "migrate"], env=environment, check=True, capture_output=True)
    return "template_petition"


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for SQLite: a file to be copied."""
    folder = tmp_path_factory.mktemp("template")
    environment = {**os.environ, "PETITION_DATA_DIR": str(folder)}
    subprocess.run([sys.executable, "-m", "petition", "migrate"], env=environment, check=True, capture_output=True)
    return folder / "petition.sqlite3"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def postgresql_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh migrated database on the session's server."""
    cluster: Cluster = request.getfixturevalue("cluster")
    name = f"test_{secrets.token_hex(6)}"
    cluster.create_database(name, template=request.getfixturevalue("migrated"))
    yield cluster.url(name)
    cluster.drop_database(name)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database_kind: str) -> str:
    """Empty for SQLite."""
    return "" if database_kind == "sqlite" else str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
async def open_house(
    request: pytest.FixtureRequest, tmp_path: Path, database_url: str
) -> AsyncIterator[Callable[..., House]]:
    """`await open_house(limits="on", …)`: a running application with what the test wants of settings and petition."""
    opened: list[House] = []
    folder = tmp_path / "var"
    if not database_url:
        file: Path = request.getfixturevalue("migrated_file")
        folder.mkdir(0o700)
        shutil.copy(file, folder / file.name)

    async def make(petition: str | None = petition_text(), **settings: str) -> House:
        house = House(settings_for(folder, database_url, **settings))
        await house.start()
        opened.append(house)
        if petition is not None:
            await house.apply(petition)
        return house

    yield make
    for house in reversed(opened):
        await house.stop()


@pytest.fixture
async def house(open_house: Callable[..., House]) -> House:
    """The usual one: the petition is open, no limits, mails are files, background work waits for the test."""
    return await open_house()


@pytest.fixture
async def neighbour(house: House) -> AsyncIterator[House]:
    """Another server on the same database, as behind a load balancer."""
    other = House(house.settings)
    await other.start()
    yield other
    await other.stop()


@pytest.fixture
def server(tmp_path: Path, database_url: str) -> Iterator[Callable[..., Server]]:
    """`server("serve", …)`: the real program in a process of its own, on a free port."""
    started: list[Server] = []

    def start(*words: str, **settings: str) -> Server:
        running = Server(tmp_path / "var", database_url, words, settings)
        started.append(running)
        running.start()
        return running

    yield start
    for running in started:
        running.kill()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Here and not beside the browser's tests: where several processes test, only this file is known to the first."""
    skipped = sum("browser" in report.keywords for report in terminalreporter.stats.get("skipped", ()))
    if skipped:
        terminalreporter.section("no browser", yellow=True, bold=True)
        terminalreporter.write_line(f"{skipped} tests that need a browser were SKIPPED; `make browser` installs one.")
