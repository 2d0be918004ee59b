"""Bad days: a database locked, gone or full in the middle of it. One clear answer, no false yes, and back by itself."""

from __future__ import annotations

import asyncio
import http.client
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from petition import words
from petition.db import database
from petition.web.envelope import STANDING
from tests.db.weather import IMPATIENT, away, gone, locked_by_a_stranger
from tests.factories import SLUG, petition_file
from tests.house import House
from tests.mail.smtp import Postbox
from tests.people import LAYLA, OMAR, someone
from tests.postgres import Cluster
from tests.servers import Server, command, free_port
from tests.web.test_problems import read_problem

ENGLISH = words.load()["en"]
FORM, API = f"/en/petitions/{SLUG}/signatures", f"/api/v1/petitions/{SLUG}/signatures"
Open = Callable[..., Awaitable[House]]
Start = Callable[..., Server]

only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


def keeps_what_was_typed(answer: httpx.Response) -> None:
    """503, in the reader's language, with the form as it was."""
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["cache-control"] == "no-store"
    assert ENGLISH("error.unavailable") in answer.text
    assert LAYLA.full_name in answer.text
    assert LAYLA.email in answer.text
    assert LAYLA.city in answer.text
    assert f'action="{FORM}"' in answer.text


# The database away, as the program in the test's own process sees it


async def test_while_nothing_can_be_stored_everyone_is_told_and_nothing_typed_is_lost(
    house: House, request: pytest.FixtureRequest
) -> None:
    link = await house.signed(OMAR, lang="en")
    before = await house.signatures()
    with away(house, request):
        keeps_what_was_typed(await house.http.post(FORM, data=LAYLA.fields()))
        read_problem(await house.http.post(API, json=LAYLA.fields()), 503, "unavailable")
        for act in ("confirm", "deny", "withdraw", "erase", "visibility"):
            answer = await house.post(link, act, agree="yes", visibility="name")
            assert (act, answer.status_code) == (act, 503)
            assert ENGLISH("error-title.unavailable") in answer.text
        # What is shown from memory is shown.
        assert (await house.http.get(f"/en/petitions/{SLUG}")).status_code == 200
        assert (await house.counts())["total"] == 0
        assert (await house.http.get("/healthz")).status_code == 200
    assert await house.signatures() == before
    assert (await house.http.post(FORM, data=LAYLA.fields())).status_code == 303
    assert (await house.post(link, "confirm", agree="yes")).status_code == 303
    await house.fold()
    assert (await house.counts())["total"] == 1
    assert (await house.http.get("/readyz")).status_code == 200


@only_postgresql
async def test_while_the_database_is_gone_nobody_is_sent_here(house: House, request: pytest.FixtureRequest) -> None:
    cluster: Cluster = request.getfixturevalue("cluster")
    link = await house.signed(OMAR, lang="en")
    with gone(cluster, house.settings.database_url):
        assert (await house.http.get("/readyz")).status_code == 503
        assert (await house.http.get("/healthz")).status_code == 200
        for path in (link, f"/en/petitions/{SLUG}/signatories", f"/en/petitions/{SLUG}/versions/1"):
            assert (await house.http.get(path)).status_code == 503
        read_problem(await house.http.get(f"/api/v1/petitions/{SLUG}/timeline"), 503, "unavailable")
        with pytest.raises(Exception, match="unavailable"):
            await house.parts.hub.poll()
        assert (await house.counts())["total"] == 0
    assert (await house.http.get("/readyz")).status_code == 200
    assert (await house.http.get(link)).status_code == 200


@only_sqlite
async def test_a_stranger_that_locks_the_file_is_waited_for_and_then_told_of(
    open_house: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 1)
    house = await open_house()
    with locked_by_a_stranger(house.settings.data_dir):
        # One that lets go in time is not noticed.
        waiting = asyncio.create_task(house.http.post(FORM, data=OMAR.fields()))
        await asyncio.sleep(IMPATIENT)
        assert not waiting.done()
    assert (await waiting).status_code == 303
    with locked_by_a_stranger(house.settings.data_dir):
        keeps_what_was_typed(await house.http.post(FORM, data=LAYLA.fields()))
        assert (await house.http.get(f"/en/petitions/{SLUG}/signatories")).status_code == 200
    assert (await house.http.post(FORM, data=LAYLA.fields())).status_code == 303
    assert len(await house.signatures()) == 2


async def test_a_crowd_that_meets_a_locked_door_is_told_the_truth_each(
    house: House, request: pytest.FixtureRequest
) -> None:
    async def send(number: int) -> int:
        return (await house.http.post(API, json=someone(number).fields())).status_code

    with away(house, request):
        told = await asyncio.gather(*(send(number) for number in range(40)))
    told += await asyncio.gather(*(send(number) for number in range(40, 60)))
    assert told == [503] * 40 + [202] * 20
    assert len(await house.signatures()) == 20


# The real program


def put_up(tmp_path: Path, server: Start, database_url: str, **settings: str) -> Server:
    assert command(tmp_path / "var", database_url, "migrate").returncode == 0
    applied = command(tmp_path / "var", database_url, "apply", str(petition_file(tmp_path)))
    assert applied.returncode == 0, applied.stderr
    return server("serve", **settings)


def status(running: Server, path: str) -> int:
    return httpx.get(running.base_url + path, timeout=30).status_code


def post(running: Server, path: str, **sent: Any) -> httpx.Response:
    return httpx.post(running.base_url + path, timeout=30, **sent)


class Signing:
    """People who sign one after another until told to stop; `said_yes`: how many were told that it is stored."""

    def __init__(self, running: Server) -> None:
        self._http = httpx.AsyncClient(base_url=running.base_url, timeout=30)
        self.said_yes = 0
        self.statuses: set[int] = set()
        self._ends = False
        self._task = asyncio.create_task(self._sign())

    async def _sign(self) -> None:
        number = 0
        while not self._ends:
            number += 1
            with suppress(httpx.TransportError):
                status = (await self._http.post(API, json=someone(number).fields())).status_code
                self.statuses.add(status)
                self.said_yes += status == 202

    async def until_yes(self, more: int = 5) -> None:
        """Returns once `more` people more were told yes."""
        wanted, end = self.said_yes + more, time.monotonic() + 60
        while self.said_yes < wanted:
            assert time.monotonic() < end, f"nobody is told yes any more: {self.statuses}"
            assert not self._task.done()
            await asyncio.sleep(0.02)

    async def until_refused(self) -> None:
        self.statuses.clear()
        end = time.monotonic() + 60
        while 503 not in self.statuses:
            assert time.monotonic() < end, self.statuses
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        self._ends = True
        await self._task
        await self._http.aclose()


def stored(tmp_path: Path, database_url: str, cluster: Cluster | None = None) -> int:
    if cluster is not None:
        return int(cluster.sql("SELECT count(*) FROM signatures", database_url.rpartition("/")[2]))
    with closing(sqlite3.connect(tmp_path / "var" / "petition.sqlite3")) as rows:
        assert rows.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return int(rows.execute("SELECT count(*) FROM signatures").fetchone()[0])


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[tuple[Cluster, str]]:
    """A PostgreSQL of this test's own, to be mistreated, and the address of an empty database on it."""
    cluster = Cluster()
    cluster.start()
    cluster.create_database("petition")
    yield cluster, cluster.url("petition")
    cluster.stop()


@pytest.mark.postgresql
async def test_postgresql_killed_in_the_middle_is_told_and_taken_up_again(
    tmp_path: Path, own_cluster: tuple[Cluster, str]
) -> None:
    cluster, url = own_cluster
    running = put_up(tmp_path, lambda *w, **s: _started(Server(tmp_path / "var", url, w, s)), url)
    try:
        signing = Signing(running)
        for _ in range(3):
            await signing.until_yes()
            cluster.signal_all(signal.SIGKILL)
            await signing.until_refused()
            assert status(running, "/readyz") == 503
            assert status(running, f"/en/petitions/{SLUG}") == 200
            await asyncio.to_thread(cluster.start)
            await signing.until_yes()
        await signing.stop()
        assert signing.statuses <= {202, 503}
        assert stored(tmp_path, url, cluster) >= signing.said_yes
        # The background work goes on by itself, too.
        mails = tmp_path / "var" / "mail"
        assert await until(lambda: len(list(mails.glob("*.eml"))) >= signing.said_yes)
        assert running.stop() == 0
        assert "Traceback" not in running.log.read_text()
    finally:
        running.kill()


def _started(server: Server) -> Server:
    server.start()
    return server


async def until(holds: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    return True


@only_sqlite
@pytest.mark.parametrize("how", ["a limit on the process", "a full disk"])
async def test_a_full_disk_is_told_and_taken_up_again_when_there_is_room(
    tmp_path: Path, server: Start, how: str
) -> None:
    small = tmp_path / "var"
    mounted = False
    if how == "a full disk":
        small.mkdir()
        mounted = _mount(small)
        if not mounted:
            pytest.skip("mounting a small disk needs more rights than these tests have here")
    try:
        running = put_up(tmp_path, server, "")
        signing = Signing(running)
        await signing.until_yes()
        fill = small / "fill"
        if mounted:
            _fill(fill)
        else:
            _limit(running, 1)
        await signing.until_refused()
        refused = post(running, FORM, data=LAYLA.fields())
        keeps_what_was_typed(refused)
        assert status(running, f"/en/petitions/{SLUG}") == 200
        assert running.process is not None
        assert running.process.poll() is None
        if mounted:
            fill.unlink()
        else:
            _limit(running, resource.RLIM_INFINITY)
        await signing.until_yes()
        await signing.stop()
        assert stored(tmp_path, "") >= signing.said_yes
        assert running.stop() == 0
        assert command(small, "", "recount", SLUG).returncode == 0
    finally:
        if mounted:
            with suppress(NameError):
                running.kill()
            _unmount(small)


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", folder], check=True)


def _mount(folder: Path) -> bool:
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", "tmpfs", folder], capture_output=True)
    return done.returncode == 0


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


@pytest.mark.parametrize("way", ["replace", "write_once"])
def test_a_key_file_that_the_disk_takes_only_in_part_is_not_taken_for_one(tmp_path: Path, way: str) -> None:
    """A limit on a file's size does what a full disk does: the first write ends early, and only the next one fails."""
    there = tmp_path / "some.key"
    if way == "replace":
        there.write_text("as it was")
    script = f"""
import resource, sys, pathlib
from petition import errors, keyfiles
resource.setrlimit(resource.RLIMIT_FSIZE, (5, 5))
try:
    keyfiles.{way}(pathlib.Path(sys.argv[1]), "longer than that")
except errors.Misconfigured:
    sys.exit(3)
"""
    assert subprocess.run([sys.executable, "-c", script, str(there)]).returncode == 3
    assert there.exists() == (way == "replace")
    if way == "replace":
        assert there.read_text() == "as it was"
    assert len(list(tmp_path.iterdir())) == (way == "replace")


def _limit(running: Server, size: int) -> None:
    """No file of this process may grow past `size` bytes."""
    assert running.process is not None
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def test_with_the_mail_server_dead_signing_goes_on_and_mail_comes_later(
    tmp_path: Path, server: Start, database_url: str
) -> None:
    port = free_port()
    running = put_up(tmp_path, server, database_url, smtp_url=f"smtp://127.0.0.1:{port}")
    for number in range(5):
        answer = post(running, API, json=someone(number).fields())
        assert answer.status_code == 202
    assert await until(lambda: "the mail server is away" in running.log.read_text())
    with Postbox(port=port) as postbox:
        assert await until(lambda: len(postbox.mails) == 5)
        assert running.stop() == 0
        assert sorted(mail.to for mail in postbox.mails) == sorted(someone(number).email for number in range(5))
    log = running.log.read_text()
    assert "@example.org" not in log
    assert "Person" not in log


@only_sqlite
async def test_ten_megabytes_are_refused_and_the_server_goes_on(tmp_path: Path, server: Start) -> None:
    """Also to a sender that looks for an answer only once all is sent."""
    running = put_up(tmp_path, server, "")
    for path, status in ((API, 413), (FORM, 413), ("/nowhere", 405), (f"/en/signature/{'A' * 43}/confirm", 413)):
        for body in (b"a" * 10_000_000, iter([b"a" * 100_000] * 100)):
            line = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
            kind = "application/json" if path == API else "application/x-www-form-urlencoded"
            line.request("POST", path, body, {"Content-Type": kind})
            answer = line.getresponse()
            assert answer.status == status, path
            assert answer.read()
            line.close()
        assert post(running, API, json=LAYLA.fields()).status_code == 202
    for nonsense in (b"\x16\x03\x01\r\n\r\n", b"FLY / HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as bare:
            bare.sendall(nonsense)
            told = bare.makefile("rb").read().decode()
        assert told.startswith("HTTP/1.1 400 ")
        for name, value in STANDING.items():
            assert f"{name}: {value}" in told
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


async def test_who_is_being_answered_when_the_server_is_stopped_is_answered(
    tmp_path: Path, server: Start, database_url: str, request: pytest.FixtureRequest
) -> None:
    running = put_up(tmp_path, server, database_url)
    signing = Signing(running)
    await signing.until_yes()
    assert await asyncio.to_thread(running.stop) == 0
    await asyncio.sleep(0.1)
    await signing.stop()
    assert signing.statuses == {202}
    cluster = request.getfixturevalue("cluster") if database_url else None
    assert stored(tmp_path, database_url, cluster) >= signing.said_yes


@only_postgresql
def test_a_postgresql_that_only_reads_does_not_start(
    tmp_path: Path, database_url: str, request: pytest.FixtureRequest
) -> None:
    cluster: Cluster = request.getfixturevalue("cluster")
    cluster.sql(f'ALTER DATABASE "{database_url.rpartition("/")[2]}" SET default_transaction_read_only = on')
    done = command(tmp_path / "var", database_url, "serve", "--port", "0")
    assert done.returncode == 1
    assert "PETITION_DATABASE_URL" in done.stderr
    assert len(done.stderr.splitlines()) == 1
