"""Promise 18: no core dumps; keys 0600; the console's unlocked key lives in memory for the session only."""

from __future__ import annotations

import gc
import resource
import stat
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from petition.actions import sessions
from petition.domain import passwords, sealing, tokens
from petition.domain.actors import OWNER, Grant
from petition.queries import organizers as accounts
from tests.factories import SLUG, petition_file
from tests.house import House
from tests.organizers import Browser, account
from tests.people import LAYLA
from tests.promises.conftest import ON_SQLITE
from tests.promises.searching import Hit, Needles, told
from tests.servers import Server, command, environment

QUEUE = f"/petitions/{SLUG}/queue"


def may_be_dumped(then: str, folder: Path) -> bool:
    """Whether the kernel may hand this program's memory to whatever gathers cores; asked when it ends."""
    told = "import atexit, ctypes; atexit.register(lambda: print('may', ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)));"
    words = [sys.executable, "-c", f"{told} {then}", "doctor"]
    done = subprocess.run(words, env=environment(folder / "var", ""), capture_output=True, text=True, cwd=folder)
    return done.stdout.splitlines()[-1] == "may 1"


@ON_SQLITE
def test_a_program_that_crashes_leaves_no_core_and_its_keys_are_its_owners(
    tmp_path: Path, server: Callable[..., Server]
) -> None:
    assert command(tmp_path / "var", "", "apply", str(petition_file(tmp_path))).returncode == 0
    running = server("serve")
    process = running.process
    assert process is not None
    with working(tmp_path) as worker:
        for program in (process.pid, worker):
            assert resource.prlimit(program, resource.RLIMIT_CORE) == (0, 0)
    keys = [path for name in ("keys", "recovery") for path in (tmp_path / "var" / name).rglob("*")]
    assert any(path.name == "server.key" for path in keys)
    assert any(path.suffix == ".key" and SLUG in path.name for path in keys)
    for path in (tmp_path / "var", *(tmp_path / "var").rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, path
        if path.is_file() and path in keys:
            assert mode == 0o600, path
    assert running.stop() == 0
    if sys.platform == "linux":
        assert may_be_dumped("", tmp_path), "else this is blind"
        assert not may_be_dumped("from petition.cli import main; main()", tmp_path)


@contextmanager
def working(folder: Path) -> Iterator[int]:
    """The background work as a program of its own, while the block lasts."""
    env = environment(folder / "var", "")
    words = [sys.executable, "-m", "petition", "worker"]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, cwd=folder) as worker:
        assert worker.stdout is not None
        assert b"working" in worker.stdout.readline()
        yield worker.pid
        worker.terminate()


def in_memory(digest: bytes) -> int:
    """How many containers of this process hold the bytes of this hash. (What looks for them must not hold them.)"""
    gc.collect()
    things = (thing for container in gc.get_objects() for thing in gc.get_referents(container))
    return sum(type(thing) is bytes and len(thing) == 32 and sha256(thing).digest() == digest for thing in things)


async def on_disk(house: House, browser: Browser) -> tuple[list[bytes], list[Hit]]:
    """The hashes of the petition's and of the organizer's own private key, and where either lies readable."""
    token = tokens.read(str(browser.cookie))
    assert token is not None
    async with house.parts.database.read() as connection:
        found = await accounts.session(connection, tokens.stored(token))
        assert found is not None
        own = sessions.own_key(found[0], token)
        sealed = await accounts.shared_key(connection, house.parts.hub.any_petition(SLUG).id, found[1].id)
    assert sealed is not None
    petition_key = sealing.open_share(sealed, own, house.parts.hub.any_petition(SLUG).id, found[1].id)
    assert petition_key == house.recovery_key(SLUG)
    needles = Needles()
    for name, key in (("petition", petition_key), ("own", own)):
        needles.add(name, {"raw": key, "hex": key.hex().encode(), "base64": b64encode(key)[:42]})
    recovery = house.recovery[SLUG]
    text = recovery.read_bytes()
    assert needles.in_folders(recovery.parent), "the recovery key must be found, else this is blind"
    recovery.unlink()
    hits = needles.in_folders(house.settings.data_dir)
    recovery.write_bytes(text)
    return [sha256(key).digest() for key in (petition_key, own)], hits


@ON_SQLITE
async def test_the_unlocked_key_is_nowhere_between_requests_and_the_names_go_with_the_session(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "PRICE", "1,1,64")
    await house.confirmed(LAYLA)
    browser = Browser(house)
    await browser.sign_in(await account(house, "nour@example.org", Grant(None, OWNER)))
    assert LAYLA.full_name in (await browser.get(QUEUE)).text, "the records were opened"
    assert LAYLA.full_name in (await browser.send("/queue", q=LAYLA.full_name)).text
    digests, hits = await on_disk(house, browser)
    assert not hits, told(hits)
    assert [in_memory(digest) for digest in digests] == [0, 0], "signed in, but nothing is asked at this moment"
    planted = [house.recovery_key(SLUG)]
    assert in_memory(digests[0]) == len(planted), "else this is blind"
    planted.clear()
    (index,) = house.parts.searches._held.values()
    assert index.texts
    await browser.send("/sign-out")
    assert not index.texts
    assert not house.parts.searches._held
    assert [in_memory(digest) for digest in digests] == [0, 0]
