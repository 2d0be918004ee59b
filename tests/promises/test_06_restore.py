"""Promise 6: restore is rehearsed.

"Backup while signing, restore into an empty box, recount, same ledger root. F: 0 lost up to the backup's moment; a
restored, older database never signs a second history (it refuses to start, and says what to do)."
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from petition.db.database import Database
from petition.domain import merkle
from petition.keyfiles import prepare
from tests.domain.rfc6962 import Tree
from tests.factories import SLUG, petition_file
from tests.house import read_mail, settings_for
from tests.people import someone
from tests.postgres import Cluster
from tests.servers import Server, command

Start = Callable[..., Server]
PATIENCE = 60.0


class Box:
    """A machine: its data directory, its database, and what is called there."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        folder.parent.mkdir(exist_ok=True)

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return command(self.folder, self.url, *words, base_url="http://p.example")

    def done(self, *words: str) -> str:
        done = self(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *words: str) -> str:
        done = self(*words)
        assert done.returncode == 1, done.stdout
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        return done.stderr


@pytest.fixture
def new_box(
    tmp_path: Path, database_kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Box]]:
    """An empty machine each time: no data directory, and a database without a table."""
    made: list[str] = []
    cluster: Cluster | None = request.getfixturevalue("cluster") if database_kind == "postgresql" else None

    def make() -> Box:
        name = f"box_{secrets.token_hex(6)}"
        if cluster is None:
            return Box(tmp_path / name / "var", "")
        made.append(name)
        cluster.create_database(name)
        monkeypatch.setenv("PATH", f"{cluster.bin_dir}:/usr/bin:/bin")
        return Box(tmp_path / name / "var", cluster.url(name))

    yield make
    for name in made:
        assert cluster is not None
        cluster.drop_database(name)


@pytest.fixture
def old_box(tmp_path: Path, database_url: str, new_box: Callable[[], Box]) -> Box:
    """The machine that serves: where the `server` fixture works."""
    new_box()
    box = Box(tmp_path / "var", database_url)
    box.done("apply", str(petition_file(tmp_path)))
    return box


class Crowd(threading.Thread):
    """People who sign and confirm one after another until told to stop; whose confirmation was answered."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._seen: set[str] = set()
        self.confirmed: list[str] = []
        self.enough = threading.Event()

    def run(self) -> None:
        number = 0
        with httpx.Client(base_url=self._server.base_url, timeout=30) as http:
            while not self.enough.is_set():
                number += 1
                answer = http.post(f"/en/petitions/{SLUG}/signatures", data=someone(number).fields())
                assert answer.status_code == 303, answer.text
                for path in (self._server.folder / "mail").glob("*.eml"):
                    if path.name not in self._seen:
                        self._seen.add(path.name)
                        mail = read_mail(path.read_bytes())
                        assert http.post(f"{mail.link}/confirm", data={"agree": "yes"}).status_code == 303
                        self.confirmed.append(mail.to)

    def until(self, number: int) -> None:
        end = time.monotonic() + PATIENCE
        while len(self.confirmed) < number:
            assert self.is_alive(), "the crowd met an answer it did not expect"
            assert time.monotonic() < end, f"{len(self.confirmed)} confirmed"
            time.sleep(0.02)

    def stop(self) -> None:
        self.enough.set()
        self.join(PATIENCE)
        assert not self.is_alive()


def entries(server: Server, size: int) -> list[bytes]:
    """The first entries of a ledger, as a stranger reads them."""
    found: list[bytes] = []
    for number in range(-(-size // merkle.WIDTH)):
        path = merkle.path("entries", number, merkle.width((0, number), size))
        body = httpx.get(f"{server.base_url}/ledger/{SLUG}/tile/{path}").content
        while body:
            length = int.from_bytes(body[:2], "big")
            found.append(body[2 : 2 + length])
            body = body[2 + length :]
    return found


def checkpoint_of(server: Server, least: int = 0, slug: str = SLUG) -> str:
    for _ in range(int(PATIENCE / 0.1)):
        answer = httpx.get(f"{server.base_url}/ledger/{slug}/checkpoint")
        if answer.is_success and int(answer.text.split("\n")[1]) >= least:
            return answer.text
        time.sleep(0.1)
    raise AssertionError(answer.text)


def restored(told: str) -> tuple[int, str, int]:
    """(entries, root, count) as `petition restore` tells them."""
    found = re.search(rf"{SLUG}: ([\d,]+) entries, root ([0-9a-f]{{64}}); ([\d,]+) count", told)
    assert found is not None, told
    return int(found[1].replace(",", "")), found[2], int(found[3].replace(",", ""))


def is_known(box: Box) -> bool:
    """Whether PostgreSQL has looked at the signatures."""

    async def asked() -> bool:
        connection = await asyncpg.connect(box.url)
        try:
            return bool(await connection.fetchval("SELECT count(*) FROM pg_stats WHERE tablename = 'signatures'"))
        finally:
            await connection.close()

    return asyncio.run(asked())


def test_a_backup_while_people_sign_loses_nobody_and_starts_no_second_history(
    tmp_path: Path, old_box: Box, new_box: Callable[[], Box], server: Start
) -> None:
    running = server("serve", base_url="http://p.example")
    crowd = Crowd(running)
    crowd.start()
    crowd.until(10)
    copies: list[tuple[Path, Path, int]] = []
    for n in range(2):
        copy, keys = tmp_path / f"copy-{n}", tmp_path / f"keys-{n}"
        told_before = len(crowd.confirmed)
        old_box.done("backup", str(copy), "--keys", str(keys))
        copies.append((copy, keys, told_before))
        crowd.until(told_before + 5)
    crowd.stop()
    newest = tmp_path / "newest"
    newest.write_text(checkpoint_of(running, len(crowd.confirmed)))
    size_now = int(newest.read_text().split("\n")[1])
    ledger = entries(running, size_now)
    for copy, keys, told_before in copies:
        assert stat.S_IMODE(copy.stat().st_mode) == stat.S_IMODE(keys.stat().st_mode) == 0o600
        box = new_box()
        size, root, count = restored(box.done("restore", str(copy), "--keys", str(keys)))
        # Whoever was told yes before is in the copy: published in its ledger, or noted for it.
        told = box.done("recount", SLUG)
        signatures = int(re.search(r"signatures that count +([\d,]+)", told)[1])  # type: ignore[index]
        assert signatures >= told_before
        assert count <= signatures
        assert root == Tree(ledger[:size]).mth(0, size).hex()
        # The public has seen more by now. Nothing starts before somebody says how much, and then never again.
        assert size < size_now
        assert f"petition ledger {SLUG} --last" in box.refused("serve", "--port", "0")
        assert f"petition ledger {SLUG} --last" in box.refused("worker")
        assert f"{size_now} entries was signed" in box.refused("ledger", SLUG, "--last", str(newest))
        assert f"this database holds {size} of them" in box.refused("serve", "--port", "0")
        assert f"{size_now} entries was signed" in box.refused("recount", SLUG)


def test_a_move_goes_on_with_the_same_ledger(
    tmp_path: Path, old_box: Box, new_box: Callable[[], Box], server: Start
) -> None:
    running = server("serve", base_url="http://p.example")
    crowd = Crowd(running)
    crowd.start()
    crowd.until(2)
    first, last = tmp_path / "first", tmp_path / "last"
    first.write_text(checkpoint_of(running, 1))
    crowd.until(8)
    crowd.stop()
    last.write_text(checkpoint_of(running, len(crowd.confirmed)))
    assert running.stop() == 0
    copy, keys = tmp_path / "copy", tmp_path / "keys"
    old_box.done("backup", str(copy), "--keys", str(keys))
    damaged = tmp_path / "damaged"
    damaged.write_bytes(copy.read_bytes()[:9_000])
    for way in (["--last", str(last)], ["--nothing-since"]):
        box = new_box()
        # One that failed has brought the keys and an old head: that is no knowledge of what was signed last.
        box.refused("restore", str(damaged), "--keys", str(keys))
        box.done("restore", str(copy), "--keys", str(keys))
        assert not box.url or is_known(box), "PostgreSQL would read all where it should look up a few"
        box.refused("worker")
        assert "is not the newest" in box.refused("ledger", SLUG, "--last", str(first))
        assert "is signed again" in box.done("ledger", SLUG, *way)
        assert "is signed again" not in box.done("ledger", SLUG, *way)
        assert "is signed again" not in box("ledger", "nope", *way).stdout
        moved = Server(box.folder, box.url, ("serve",), {"base_url": "http://p.example"})
        try:
            moved.start()
            assert checkpoint_of(moved) == last.read_text()
        finally:
            moved.kill()
    # The machine that knows what it signed last needs to be told nothing.
    old_box.done("restore", str(copy), "--force")
    assert f"the last signed head is of {last.read_text().splitlines()[1]} entries" in old_box.done("ledger", SLUG)


def test_a_checkpoint_that_contradicts_the_copy_or_is_another_s_starts_nothing(
    tmp_path: Path, old_box: Box, new_box: Callable[[], Box]
) -> None:
    copy, keys = tmp_path / "copy", tmp_path / "keys"
    old_box.done("backup", str(copy), "--keys", str(keys))
    box = new_box()
    box.done("restore", str(copy), "--keys", str(keys))
    other = tmp_path / "other"
    other.write_text(
        "p.example/ledger/boycott-sochi\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— x AAAAAAAA\n"
    )
    assert "no signature by the key" in box.refused("ledger", SLUG, "--last", str(other))
    assert "cannot" in box.refused("restore", str(tmp_path / "missing"))
    box.refused("worker")
    # Said openly that it was lost, it begins anew, under another key.
    first = old_box.done("ledger", SLUG).splitlines()[0]
    assert box.done("ledger", SLUG, "--begin-anew").splitlines()[0] != first
    box.done("recount", SLUG)


def test_live_data_is_replaced_only_when_forced_and_only_while_nobody_serves(
    tmp_path: Path, old_box: Box, server: Start, database_kind: str
) -> None:
    copy = tmp_path / "copy"
    assert "are not in it" in old_box.done("backup", str(copy))
    assert "never written over" in old_box.refused("backup", str(copy))
    old_box.done("apply", str(petition_file(tmp_path, slug="second")))
    assert "nothing was changed" in old_box.refused("restore", str(copy))
    old_box.done("recount", "second")
    running = server("serve")
    for words in ((), ("--force",)):
        assert "stop" in old_box.refused("restore", str(copy), *words)
    checkpoint_of(running, slug="second")
    assert running.stop() == 0
    done = old_box("restore", str(copy), "--force")
    # The second petition's ledger was signed by the server, and is not in the copy: that is told, not forgotten.
    assert done.returncode == 1
    assert "the ledger of second" in done.stderr
    if database_kind == "sqlite":
        assert (old_box.folder / "petition.sqlite3.replaced-1").exists()
    assert not list(old_box.folder.glob(".restore-*"))


def test_what_is_damaged_or_does_not_belong_changes_nothing(
    tmp_path: Path, old_box: Box, new_box: Callable[[], Box], database_kind: str
) -> None:
    copy, keys = tmp_path / "copy", tmp_path / "keys"
    old_box.done("backup", str(copy), "--keys", str(keys))
    whole = copy.read_bytes()
    assert json.loads(keys.read_text())["files"]["server.key"].strip().encode() not in whole
    box = new_box()
    assert "keys are not in" in box.refused("restore", str(copy))
    assert not (box.folder / "keys" / "server.key").exists(), "no key may be made up"
    broken = tmp_path / "broken"
    for content in (b"", b"not a copy", whole[:100], whole[: len(whole) * 2 // 3]):
        broken.write_bytes(content)
        box.refused("restore", str(broken), "--keys", str(keys))
    foreign = b"PGDMP" if database_kind == "sqlite" else b"SQLite format 3\0"
    broken.write_bytes(foreign + bytes(100))
    assert "PETITION_DATABASE_URL" in box.refused("restore", str(broken), "--keys", str(keys))
    cut = tmp_path / "cut"
    cut.write_text(keys.read_text()[:-40])
    assert "petition backup --keys" in box.refused("restore", str(copy), "--keys", str(cut))
    # All the same the box is empty, and the whole copy is taken in.
    box.done("restore", str(copy), "--keys", str(keys))
    # Another installation's keys stay, and nothing is put beside them.
    other = new_box()
    other.done("migrate")
    other("recount", SLUG)
    secret = (other.folder / "keys" / "server.key").read_text()
    assert "another server's key" in other.refused("restore", str(copy), "--keys", str(keys))
    assert "is not the key that this database belongs to" in other.refused("restore", str(copy))
    assert (other.folder / "keys" / "server.key").read_text() == secret


async def test_emptying_the_log_waits_for_no_backup(tmp_path: Path) -> None:
    """A long look at the log must not hold up everyone who signs; the log is emptied once it is over."""
    settings = settings_for(tmp_path / "var", "")
    prepare(settings)
    database = Database(settings)
    try:
        async with database.write() as tx:
            await tx.exec_driver_sql("CREATE TABLE t (x)")
        async with database.read() as looking:
            await looking.exec_driver_sql("SELECT * FROM t")
            async with database.write() as tx:
                await tx.exec_driver_sql("INSERT INTO t VALUES (1)")
            assert await asyncio.wait_for(database.checkpoint(), 5) is False
        assert await database.checkpoint() is True
    finally:
        await database.close()
