"""Witnesses over real HTTP: honest, down, slow, lying; what they cosign is served, and none of them stops anything."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from petition import submitting
from petition.actions import publishing
from petition.app import make_worker
from petition.domain import checkpoint, cosignature
from petition.domain.checkpoint import Malformed
from petition.domain.cosignature import Witness
from petition.domain.witnessed import Asked
from petition.notary import Notary
from petition.web.witness import create_witness
from petition.words import load
from tests.factories import SLUG, petition_file
from tests.house import House
from tests.servers import Server, command, environment, free_port
from tests.stranger import at_work, audit, served
from tests.test_history import rewind
from tests.web.test_ledger import counted, get
from tests.witnesses import NAME, ORIGIN, SEED, ask, book_of, key, saying, submit

PROGRAM = (sys.executable, "-m", "petition")


async def known(house: House) -> Asked:
    async with house.parts.database.read() as connection:
        (asked,) = await publishing.witnesses(connection, house.parts.hub.any_petition(SLUG).id)
    return asked


async def test_a_witness_cosigns_what_grows_and_its_word_is_served(house: House, tmp_path: Path) -> None:
    await counted(house, 3)
    book = book_of(tmp_path / "w", await key(house))
    assert (await get(house, "witnessed")).status_code == 404
    plain = (await get(house, "checkpoint")).text
    async with at_work(create_witness(book, house.clock.wall)) as url:
        await ask(house, url, book.witness)
        for more in (0, 1, 300, 41):
            await counted(house, more) if more else None
            assert await submit(house) == 1
            note = (await get(house, "checkpoint")).text
            head = checkpoint.read(note, await key(house))
            line, at = cosignature.verified(note, book.witness)
            assert at == int(house.clock.now.timestamp())
            assert book.last(ORIGIN) == head
            assert (await get(house, "witnessed")).text == note
            assert note.endswith(line)
        assert plain != note
        # One more signature: the newest checkpoint has no cosignature yet, the one before keeps its own.
        await counted(house, 1)
        newest = (await get(house, "checkpoint")).text
        with pytest.raises(Malformed):
            cosignature.verified(newest, book.witness)
        assert checkpoint.read((await get(house, "witnessed")).text, await key(house)) == head
        for lang, words in load().items():
            page = (await house.http.get(f"/{lang}/petitions/{SLUG}/count")).text
            assert NAME in page
            assert words.number(head.size) in page
            assert words.time(house.clock.now) in page
            assert words("how.witnesses-number", number=1) in page


async def test_a_page_without_witnesses_says_what_to_do(house: House) -> None:
    await counted(house, 1)
    for lang, words in load().items():
        page = (await house.http.get(f"/{lang}/petitions/{SLUG}/count")).text
        assert words("how.witnesses-none") in page
        assert words("recount.proved") in page
        assert words("recount.not-proved") in page


async def test_a_witness_is_asked_once_a_minute_while_the_ledger_grows_and_hourly_else(
    house: House, tmp_path: Path
) -> None:
    await counted(house, 3)
    book = book_of(tmp_path / "w", await key(house))
    async with at_work(create_witness(book, house.clock.wall)) as url:
        await ask(house, url, book.witness)
        step = house.worker._submitting.step
        assert [await step(), await step()] == [1, 0]
        await counted(house, 1)
        assert await step() == 0, "a cosignature at every signature would tell when each came"
        house.clock.pass_(seconds=61)
        assert [await step(), await step()] == [1, 0]
        house.clock.pass_(minutes=30)
        assert await step() == 0
        house.clock.pass_(minutes=31)
        assert await step() == 1
        assert (await known(house)).at == int(house.clock.now.timestamp())


async def test_after_both_have_forgotten_the_size_they_find_it_again(house: House, tmp_path: Path) -> None:
    """A 409 with the size that the witness has seen is answered with the proof from there."""
    await counted(house, 5)
    book = book_of(tmp_path / "w", await key(house))
    async with at_work(create_witness(book, house.clock.wall)) as url:
        await ask(house, url, book.witness)
        assert await submit(house) == 1
        await counted(house, 30)
        await ask(house, url, book.witness)
        assert (await known(house)).size == 0
        assert await submit(house) == 1
        assert (await known(house)).size == 35


def other(text: str) -> str:
    """A cosignature over `text` by a key that is not the witness's."""
    return cosignature.sign(text, 1, NAME, checkpoint.new_seed())


def text_in(asked: bytes) -> str:
    return checkpoint.read_note(cosignature.read_request(asked.decode())[2])[0]


LIES: dict[str, tuple[Any, str]] = {
    "another's key": (saying(200, lambda asked: other(text_in(asked))), "wrong"),
    "another text": (saying(200, lambda _: cosignature.sign("a\n1\nb\n", 1, NAME, SEED)), "wrong"),
    "another time": (
        saying(200, lambda asked: cosignature.sign(text_in(asked), 1 << 40, NAME, SEED)),
        "clock",
    ),
    "a time long ago": (saying(200, lambda asked: cosignature.sign(text_in(asked), 1, NAME, SEED)), "clock"),
    "no cosignature": (saying(200, lambda _: "thank you\n"), "wrong"),
    "nothing": (saying(200, lambda _: ""), "wrong"),
    "without end": (saying(200, lambda _: "x" * (1 << 20)), "wrong"),
    "has seen more": (saying(409, lambda _: "99999\n"), "ahead"),
    "has seen others": (saying(409, lambda asked: f"{cosignature.read_request(asked.decode())[0]}\n"), "contradicts"),
    "never agrees": (saying(409, lambda _: "1\n"), "contradicts"),
    "conflict without a size": (saying(409, lambda _: "<html>no</html>"), "wrong"),
    "no such proof": (saying(422, lambda _: ""), "contradicts"),
    "unknown here": (saying(404, lambda _: ""), "refused"),
    "not signed": (saying(403, lambda _: ""), "refused"),
    "broken": (saying(500, lambda _: ""), "fails"),
    "elsewhere": (saying(302, lambda _: ""), "fails"),
}


@pytest.mark.parametrize("lie", LIES)
async def test_what_does_not_verify_is_not_served_and_what_is_wrong_is_told(house: House, lie: str) -> None:
    app, trouble = LIES[lie]
    await counted(house, 4)
    before = (await get(house, "checkpoint")).text
    async with at_work(app) as url:
        await ask(house, url, Witness(NAME, checkpoint.public_half(SEED)))
        assert await submit(house) == 0
    assert (await known(house)).trouble == trouble
    assert (await known(house)).line == ""
    assert (await get(house, "checkpoint")).text == before
    assert (await get(house, "witnessed")).status_code == 404


async def test_one_that_is_down_or_slow_holds_up_nobody_and_is_asked_less_often(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitting, "PATIENCE", 0.5)
    await counted(house, 2)
    book = book_of(tmp_path / "w", await key(house))
    silent = Witness("slow.example", checkpoint.public_half(SEED))
    gone = Witness("gone.example", checkpoint.public_half(b"g" * 32))
    async with (
        at_work(create_witness(book, house.clock.wall)) as url,
        at_work(saying(200, lambda _: "", wait=3)) as slow,
    ):
        nowhere = f"http://127.0.0.1:{free_port()}"
        for address, witness in ((slow, silent), (nowhere, gone), (url, book.witness)):
            await ask(house, address, witness)
        step = asyncio.create_task(house.worker._submitting.step())
        # People are counted meanwhile.
        await counted(house, 1)
        assert (await house.counts())["total"] == 3
        assert await step == 1
        async with house.parts.database.read() as connection:
            found = await publishing.witnesses(connection, house.parts.hub.any_petition(SLUG).id)
        assert {w.witness.name: w.trouble for w in found} == {silent.name: "away", gone.name: "away", NAME: ""}
        # After each failure the next wait is twice as long.
        asked: list[float] = []
        memory = house.worker._submitting._memory
        petition = house.parts.hub.any_petition(SLUG).id
        for _ in range(40):
            house.clock.pass_(seconds=30)
            await house.worker._submitting.step()
            asked.append(memory[petition, nowhere, str(gone)].asked)
        assert len(set(asked)) <= 6


async def test_a_witness_that_is_removed_meanwhile_stays_removed(house: House, tmp_path: Path) -> None:
    await counted(house, 2)
    book = book_of(tmp_path / "w", await key(house))
    petition = house.parts.hub.any_petition(SLUG).id
    async with house.parts.database.write() as tx:
        await publishing.ask(tx, petition, Asked("http://w.example", str(book.witness)))
        assert await publishing.ask_no_more(tx, petition, NAME)
        assert not await publishing.ask_no_more(tx, petition, NAME)
        await publishing.told(tx, petition, Asked("http://w.example", str(book.witness), trouble="away"))
        assert await publishing.witnesses(tx, petition) == []


async def test_a_stranger_checks_the_witnesses_whose_keys_they_have(house: House, tmp_path: Path) -> None:
    await counted(house, 6)
    book = book_of(tmp_path / "w", await key(house))
    forged = Witness(NAME, checkpoint.public_half(SEED))
    async with at_work(create_witness(book, house.clock.wall)) as url, served(house) as base:
        code, told, wrong = await audit(f"{base}/p/{SLUG}", "--witness", str(book.witness))
        assert code == 1
        assert "no witness has cosigned" in wrong
        await ask(house, url, book.witness)
        await submit(house)
        await counted(house, 2)
        code, told, wrong = await audit(f"{base}/p/{SLUG}", "--witness", str(book.witness))
        assert code == 0, wrong
        assert f"{NAME} saw 6 entries" in told
        code, told, _ = await audit(f"{base}/p/{SLUG}")
        assert code == 0
        assert f"{NAME} is said to have seen" in told
        code, _, wrong = await audit(f"{base}/p/{SLUG}", "--witness", str(forged))
        assert code == 1
        assert "no cosignature by witness.example/w1" in wrong
        assert (await audit(f"{base}/p/{SLUG}", "--witness", "nonsense"))[0] == 2


async def lead(house: House) -> None:
    """What a worker does when it begins to lead, and one fold."""
    await house.worker.ask_witnesses()
    await house.fold()


async def test_over_a_database_that_was_put_back_nothing_is_signed_that_a_witness_knows_more_of(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Even where the last signed head was put back with it, as a copy of the whole machine would."""
    await counted(house, 3)
    book = book_of(tmp_path / "w", await key(house))
    async with at_work(create_witness(book, house.clock.wall)) as url:
        await ask(house, url, book.witness)
        assert await submit(house) == 1
        signed = house.settings.data_dir / "keys" / f"ledger-{SLUG}.signed"
        back, head = await rewind(house), signed.read_text()
        await counted(house, 4)
        assert await submit(house) == 1
        await back()
        signed.write_text(head)
        house.worker = make_worker(house.settings, house.parts.database, house.parts.keys, house.clocks)
        await lead(house)
        await counted(house, 5)
        assert signed.read_text() == head
        assert (await house.counts())["ledger_size"] == 3
        assert f"witness {NAME} has seen more entries than this database holds" in caplog.text
        assert caplog.text.count("nothing more is published") == 1
        # The operator's word does not outweigh the witness's, until they say that it is wrong.
        notary = Notary(house.settings)
        notary.doubt(set())
        told = await asyncio.to_thread(calls, house, "--nothing-since")
        assert told.returncode == 1
        assert f"petition ledger {SLUG} --no-witness {NAME}" in told.stderr
        assert notary.doubted() == [SLUG]
        assert calls(house, "--no-witness", NAME).returncode == 0
        assert calls(house, "--nothing-since").returncode == 0
        await house.fold()
        assert (await house.counts())["ledger_size"] == 8


async def test_witnesses_that_agree_or_are_away_keep_nobody_from_signing(house: House, tmp_path: Path) -> None:
    await counted(house, 3)
    book = book_of(tmp_path / "w", await key(house))
    async with at_work(create_witness(book, house.clock.wall)) as url:
        await ask(house, url, book.witness)
        await ask(house, f"http://127.0.0.1:{free_port()}", Witness("gone.example", checkpoint.public_half(SEED)))
        assert await submit(house) == 1
        await lead(house)
        await counted(house, 2)
        assert (await house.counts())["ledger_size"] == 5
        # One that lies is heard at the beginning alone, and no longer than it lies.
        lying = Witness("lying.example", checkpoint.public_half(SEED))
        async with at_work(saying(409, lambda _: "99999\n")) as liar:
            await ask(house, liar, lying)
            await lead(house)
            await counted(house, 1)
            assert (await house.counts())["ledger_size"] == 5
        await submit(house)
        await house.fold()
        assert (await house.counts())["ledger_size"] == 6


def calls(house: House, *words: str) -> subprocess.CompletedProcess[str]:
    folder, url = house.settings.data_dir, house.settings.database_url
    return command(folder, url, "ledger", SLUG, *words, base_url=house.settings.base_url)


def until(shown: Callable[[], str]) -> str:
    for _ in range(600):
        if found := shown():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_two_organizations_run_the_two_programs(
    tmp_path: Path, server: Callable[..., Server], database_url: str
) -> None:
    folder, origin = tmp_path / "var", "p.example"
    calls = lambda *words: command(folder, database_url, *words, base_url=f"http://{origin}")  # noqa: E731
    assert calls("apply", str(petition_file(tmp_path))).returncode == 0
    line = calls("ledger", SLUG).stdout.splitlines()[0]
    there = tmp_path / "there"
    there.mkdir()
    (there / "logs").write_text(f"# the petition\n{line}\n")
    port = free_port()
    witness = subprocess.Popen(
        [*PROGRAM, "witness", "--name", NAME, "--logs", str(there / "logs"), "--port", str(port)],
        env=environment(there / "var", ""), cwd=there, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert witness.stdout is not None
        vkey = witness.stdout.readline()
        added = calls("ledger", SLUG, "--witness", f"http://127.0.0.1:{port}", vkey)
        assert f"witness {NAME} at http://127.0.0.1:{port}: nothing cosigned yet" in added.stdout
        running = server("serve", base_url=f"http://{origin}")

        def cosigned() -> str:
            answer = httpx.get(f"{running.base_url}/ledger/{SLUG}/witnessed")
            return answer.text if answer.is_success else ""

        note = until(cosigned)
        assert "cosigned 0 entries" in calls("ledger", SLUG).stdout
        assert cosignature.verified(note, Witness.read(vkey))[1] > 0
        assert running.stop() == 0
    finally:
        witness.terminate()
        witness.wait(30)
        witness.stdout.close()
    assert calls("ledger", SLUG, "--no-witness", NAME).returncode == 0
    assert NAME not in calls("ledger", SLUG).stdout
    for words in (("--no-witness", NAME), ("--witness", "http://w.example", "nonsense"),
                  ("--witness", "ftp://w", vkey), ("--witness", "http://w.example", line)):  # fmt: skip
        assert calls("ledger", SLUG, *words).returncode in (1, 2)
    assert command(there / "var", "", "witness", "--name", NAME).returncode == 2
    assert command(there / "var", "", "witness", "--name", "a b", "--log", line).returncode == 2
