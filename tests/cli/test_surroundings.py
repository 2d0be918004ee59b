"""The program where it is put: files it may not touch, processes beside it, signals, a database not ready for it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.cli.test_commands import refused, until
from tests.factories import SLUG, petition_file
from tests.people import LAYLA, someone
from tests.servers import PATIENCE, Server, command, environment, free_port

Start = Callable[..., Server]
Done = subprocess.CompletedProcess[str]
API = f"/api/v1/petitions/{SLUG}"

only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


@pytest.fixture
def run(tmp_path: Path, database_url: str) -> Callable[..., Done]:
    return lambda *words, **settings: command(tmp_path / "var", database_url, *words, **settings)


@pytest.fixture
def ordinary(tmp_path: Path) -> Callable[..., Done]:
    """As somebody whom permissions bind: root is only when it has laid down the right to pass them by."""
    prefix: list[str] = []
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("run by root, these tests need setpriv")
        prefix = [setpriv, "--bounding-set=-dac_override,-dac_read_search"]

    def call(*words: str) -> Done:
        return subprocess.run(
            [*prefix, sys.executable, "-m", "petition", *words],
            env=environment(tmp_path / "var", ""),
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
        )

    return call


# Files


def test_a_data_directory_of_somebody_else_is_told(tmp_path: Path, ordinary: Callable[..., Done]) -> None:
    folder = tmp_path / "var"
    folder.mkdir(mode=0o500)
    for words in (("serve", "--port", "0"), ("migrate",), ("worker",)):
        refused(ordinary(*words), "PETITION_DATA_DIR", str(folder))
    assert list(folder.iterdir()) == []
    for place in ("/proc/nowhere", "/etc/hostname"):
        looked = command(Path(place), "", "doctor")
        refused(looked, "to mend")
        assert f"PETITION_DATA_DIR: the data directory {place} cannot be written" in looked.stdout


@only_sqlite
def test_a_database_file_that_may_only_be_read_is_told(
    tmp_path: Path, run: Callable[..., Done], ordinary: Callable[..., Done]
) -> None:
    assert run("apply", str(petition_file(tmp_path))).returncode == 0
    file = tmp_path / "var" / "petition.sqlite3"
    file.chmod(0o400)
    refused(ordinary("serve", "--port", "0"), "database", "readonly")
    for path in (tmp_path / "var").glob("petition.sqlite3*"):
        path.chmod(0o600)
    assert ordinary("recount", SLUG).returncode == 0


@only_sqlite
def test_a_key_that_cannot_be_read_is_told_and_not_replaced(
    tmp_path: Path, run: Callable[..., Done], ordinary: Callable[..., Done]
) -> None:
    run("migrate")
    run("apply", str(petition_file(tmp_path)))
    key = tmp_path / "var" / "keys" / "server.key"
    before = key.read_text()
    key.chmod(0)
    refused(ordinary("serve", "--port", "0"), str(key))
    key.chmod(0o600)
    assert key.read_text() == before


@only_sqlite
def test_a_petition_whose_recovery_key_cannot_be_written_is_not_created(
    tmp_path: Path, run: Callable[..., Done], ordinary: Callable[..., Done]
) -> None:
    """Signatures that nobody could ever open must not begin."""
    assert run("migrate").returncode == 0
    recovery = tmp_path / "var" / "recovery"
    recovery.mkdir(mode=0o500)
    refused(ordinary("apply", str(petition_file(tmp_path))), str(recovery))
    refused(run("recount", SLUG), "no petition")
    recovery.chmod(0o700)
    (recovery / f"{SLUG}.key").write_text("somebody's only copy")
    refused(run("apply", str(petition_file(tmp_path))), f"{SLUG}.key")
    assert (recovery / f"{SLUG}.key").read_text() == "somebody's only copy"
    (recovery / f"{SLUG}.key").unlink()
    assert run("apply", str(petition_file(tmp_path))).returncode == 0


def test_everything_in_the_data_directory_is_its_owners_alone(tmp_path: Path, server: Start) -> None:
    running = server("demo", "--signatures", "3")
    assert httpx.post(f"{running.base_url}{API}/signatures", json=LAYLA.fields()).status_code == 202
    mails = tmp_path / "var" / "mail"
    assert until(lambda: any(mails.glob("*.eml")))
    for path in (tmp_path / "var").rglob("*"):
        mode = path.stat().st_mode & 0o077
        # A file of the database lies in a directory that nobody else may enter.
        assert mode == 0 or path.name.startswith("petition.sqlite3"), path
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0
    assert running.stop() == 0


# Two at once


def test_two_that_create_one_petition_at_once_create_it_once(
    tmp_path: Path, database_url: str, run: Callable[..., Done]
) -> None:
    assert run("migrate").returncode == 0
    file = petition_file(tmp_path)
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "petition", "apply", str(file)],
            env=environment(tmp_path / "var", database_url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=PATIENCE) for process in both]
    assert sum(f"{SLUG}: created" in out for out, _ in said) == 1, said
    assert not any("Traceback" in err for _, err in said), said
    key = (tmp_path / "var" / "recovery" / f"{SLUG}.key").read_text()
    assert re.search(r"^private key: \S+$", key, re.MULTILINE)
    assert run("apply", str(file)).stdout == f"{SLUG}: unchanged\n"


@only_postgresql
def test_postgresql_is_served_only_once_it_is_migrated(
    tmp_path: Path, request: pytest.FixtureRequest, database_url: str
) -> None:
    cluster = request.getfixturevalue("cluster")
    cluster.create_database("not_migrated")
    try:
        url = cluster.url("not_migrated")
        words = (("serve", "--port", "0"), ("worker",), ("recount", SLUG), ("apply", str(petition_file(tmp_path))))
        for call in words:
            refused(command(tmp_path / "var", url, *call), "petition migrate")
        assert command(tmp_path / "var", url, "migrate").stdout == "migrated\n"
        again = command(tmp_path / "var", url, "migrate")
        assert (again.returncode, again.stdout) == (0, "nothing to do: the database is of this version\n")
        assert command(tmp_path / "var", url, "apply", str(petition_file(tmp_path))).returncode == 0
    finally:
        cluster.drop_database("not_migrated")


def count(running: Server) -> int:
    total: int = httpx.get(f"{running.base_url}{API}/counts", timeout=10).json()["total"]
    return total


class Worker:
    """`petition worker`, beside a server that has none."""

    def __init__(self, tmp_path: Path, database_url: str) -> None:
        self.log = tmp_path / f"worker-{free_port()}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "petition", "worker"],
                env=environment(tmp_path / "var", database_url, limits="off"),
                stdout=log,
                stderr=log,
                cwd=tmp_path,
            )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)


def test_the_background_work_may_be_a_program_of_its_own_and_one_takes_over_from_another(
    tmp_path: Path, server: Start, database_url: str, run: Callable[..., Done]
) -> None:
    assert run("migrate").returncode == 0
    assert run("apply", str(petition_file(tmp_path))).returncode == 0
    running = server("serve", "--no-worker")
    mails = tmp_path / "var" / "mail"

    def sign(number: int) -> None:
        answer = httpx.post(f"{running.base_url}{API}/signatures", json=someone(number).fields(), timeout=10)
        assert answer.status_code == 202

    sign(1)
    time.sleep(1)
    assert not list(mails.glob("*.eml"))
    workers = [Worker(tmp_path, database_url) for _ in range(2)]
    try:
        assert until(lambda: len(list(mails.glob("*.eml"))) == 1)
        # Whichever of them leads: when it is gone, the other does.
        workers[0].process.kill()
        workers[0].process.wait()
        sign(2)
        assert until(lambda: len(list(mails.glob("*.eml"))) == 2)
        assert workers[1].stop() == 0
        assert "Traceback" not in workers[1].log.read_text()
    finally:
        for worker in workers:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()
    assert running.stop() == 0


@only_postgresql
def test_several_web_processes_serve_and_end_as_one(tmp_path: Path, server: Start, run: Callable[..., Done]) -> None:
    assert run("apply", str(petition_file(tmp_path))).returncode == 0
    running = server("serve", "--workers", "3")

    async def crowd() -> list[int]:
        async with httpx.AsyncClient(base_url=running.base_url, timeout=30) as http:
            answers = await asyncio.gather(
                *(http.post(f"{API}/signatures", json=someone(number).fields()) for number in range(60))
            )
        return [answer.status_code for answer in answers]

    assert set(asyncio.run(crowd())) == {202}
    mails = tmp_path / "var" / "mail"
    assert until(lambda: len(list(mails.glob("*.eml"))) == 60)
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


@only_postgresql
def test_a_web_process_that_dies_takes_the_others_along(
    tmp_path: Path, server: Start, run: Callable[..., Done]
) -> None:
    """Whoever keeps the program running then starts it whole."""
    assert run("apply", str(petition_file(tmp_path))).returncode == 0
    running = server("serve", "--workers", "2")
    assert running.process is not None
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)
    assert running.process.wait(PATIENCE) == 1
    assert running.log.read_text().splitlines()[-1].startswith("petition: ")


# Signals and pipes


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
@only_sqlite
def test_a_signal_ends_every_long_command_in_order(tmp_path: Path, server: Start, how: signal.Signals) -> None:
    running = server("demo", "--signatures", "0")
    assert running.process is not None
    running.process.send_signal(how)
    assert running.process.wait(PATIENCE) == 0
    worker = Worker(tmp_path, "")
    assert until(lambda: "working" in worker.log.read_text())
    assert worker.stop(how) == 0
    for log in (running.log, worker.log):
        assert "Traceback" not in log.read_text()


def test_a_reader_that_stops_listening_is_no_failure(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"'{sys.executable}' -m petition doctor | head -n 1"],
        env=environment(tmp_path / "var", ""),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


@only_sqlite
def test_the_log_holds_days_and_nothing_that_anybody_typed(
    tmp_path: Path, server: Start, database_url: str, run: Callable[..., Done]
) -> None:
    run("migrate")
    run("apply", str(petition_file(tmp_path)))
    running = server("serve")
    httpx.post(f"{running.base_url}{API}/signatures", json=LAYLA.fields(), timeout=10)
    httpx.get(f"{running.base_url}/en/signature/{'A' * 43}?said=secret")
    httpx.get(f"{running.base_url}/nowhere/secret", headers={"user-agent": "secret", "x-forwarded-for": "secret"})
    assert running.stop() == 0
    log = running.log.read_text()
    for word in ("secret", "AAAA", LAYLA.email, LAYLA.full_name, "GET", "POST"):
        assert word not in log
    assert not re.search(r"\d\d:\d\d", log.replace(running.base_url, ""))


@only_sqlite
def test_a_demonstration_goes_on_where_it_stopped(server: Start) -> None:
    first = server("demo", "--signatures", "8")
    assert until(lambda: count(first) == 8)
    assert first.stop() == 0
    second = server("demo", "--signatures", "8")
    assert until(lambda: count(second) == 8)
    assert second.stop() == 0


@pytest.mark.parametrize("host", ["203.0.113.1", "not a host", "é" * 80])
def test_a_host_that_is_not_this_one_is_told(tmp_path: Path, host: str) -> None:
    refused(command(tmp_path / "var", "", "serve", "--host", host, "--port", "0"), "cannot listen")
