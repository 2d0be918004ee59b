"""Bad weather for a database: locked by another process, gone for a while, come back."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from petition.db import database
from tests.house import House
from tests.postgres import Cluster

# How long the program waits for a lock before it says so: ten seconds are too long for a test.
IMPATIENT = 0.3


@contextmanager
def held_elsewhere(folder: Path) -> Iterator[None]:
    """Another process of ours writes to the SQLite file and does not come to an end."""
    lock = os.open(folder / "write.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def locked_by_a_stranger(folder: Path) -> Iterator[None]:
    """A program that knows nothing of our lock has the SQLite file: a backup, a browser for databases."""
    stranger = sqlite3.connect(folder / "petition.sqlite3", isolation_level=None)
    stranger.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        stranger.execute("ROLLBACK")
        stranger.close()


@contextmanager
def gone(cluster: Cluster, url: str) -> Iterator[None]:
    """This PostgreSQL database takes no connections and has dropped those there were."""
    name = url.rpartition("/")[2]
    cluster.sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    cluster.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    try:
        yield
    finally:
        cluster.sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


@contextmanager
def away(house: House, request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing can be written, whichever database it is."""
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    with patch.context() as now:
        now.setattr(database, "BUSY_SECONDS", IMPATIENT)
        if house.settings.sqlite:
            with held_elsewhere(house.settings.data_dir):
                yield
        else:
            with gone(request.getfixturevalue("cluster"), house.settings.database_url):
                yield
