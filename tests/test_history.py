"""One history: whatever is killed, put back, altered or doubled, signed heads never contradict each other."""

from __future__ import annotations

import asyncio
import shutil
import stat
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select, update

from petition.actions import counting, publishing
from petition.app import make_worker
from petition.db import tables
from petition.db.opening import opened
from petition.domain import checkpoint
from petition.domain.checkpoint import Head, Verifier
from petition.errors import Misconfigured, OperatorError, OtherHistory
from petition.notary import Moved, Notary
from tests.factories import SLUG, petition_file
from tests.house import House
from tests.people import someone
from tests.servers import Server, command
from tests.web.test_ledger import counted, signed_head

Open = Callable[..., Awaitable[House]]
ENTRIES, TILES, TALLIES, PUBLISHED = (
    tables.table(t) for t in (tables.LedgerEntry, tables.LedgerTile, tables.Tally, tables.Published)
)


def keys(house: House) -> Path:
    return house.settings.data_dir / "keys"


async def begin(house: House) -> None:
    """What every start and every command begins with."""
    async with opened(house.settings):
        pass


def notary(house: House) -> Notary:
    return Notary(house.settings)


async def rewind(house: House) -> Callable[[], Awaitable[None]]:
    """What the database holds now; called, it holds that again: a backup put back."""
    kept: dict[Any, list[dict[str, Any]]] = {}
    async with house.parts.database.read() as connection:
        for table in (ENTRIES, TILES, TALLIES, PUBLISHED):
            kept[table] = [dict(row) for row in (await connection.execute(select(table))).mappings()]

    async def back() -> None:
        async with house.parts.database.write() as tx:
            for table, rows in kept.items():
                await tx.execute(delete(table))
                if rows:
                    await tx.execute(table.insert(), rows)

    return back


async def test_the_key_and_the_last_head_lie_beside_the_database_for_their_owner_alone(house: House) -> None:
    await counted(house, 3)
    for name in (f"ledger-{SLUG}.key", f"ledger-{SLUG}.signed"):
        assert stat.S_IMODE((keys(house) / name).stat().st_mode) == 0o600
    assert notary(house).last(SLUG) == await signed_head(house)


async def test_folded_and_killed_before_signing_the_next_one_goes_on(house: House) -> None:
    await counted(house, 2)
    await house.signed(someone(1))
    note = (await house.http.get(f"/ledger/{SLUG}/checkpoint")).text
    link = house.mails()[-1].link
    await house.post(link, "confirm", agree="yes")
    petition = house.parts.hub.any_petition(SLUG)
    async with house.parts.database.write() as tx:
        assert await counting.fold(tx, petition.id, SLUG, today=house.clock.now.date()) == 1
    again = await house.restarted()
    try:
        # Until it is signed the public sees the count before, with the checkpoint before.
        assert (await again.counts())["total"] == 2
        assert (await again.http.get(f"/ledger/{SLUG}/checkpoint")).text == note
        await again.fold()
        assert (await again.counts())["total"] == 3
        assert (await signed_head(again)).size == 3
    finally:
        await again.stop()


async def test_signed_and_killed_before_publishing_the_same_head_is_signed_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await counted(house, 2)

    async def killed(*_: Any) -> None:
        raise asyncio.CancelledError()

    monkeypatch.setattr(publishing, "publish", killed)
    with pytest.raises(asyncio.CancelledError):
        await counted(house, 1)
    monkeypatch.undo()
    known = notary(house).last(SLUG)
    assert known is not None
    assert known.size == 3
    again = await house.restarted()
    try:
        await again.fold()
        assert await signed_head(again) == known
    finally:
        await again.stop()


async def test_a_shorter_database_does_not_start(house: House) -> None:
    await counted(house, 3)
    back = await rewind(house)
    await counted(house, 2)
    await back()
    await house.stop()
    with pytest.raises(OtherHistory, match=f"{SLUG}: a checkpoint of 5 entries was signed, and this database holds 3"):
        await begin(house)


async def test_another_history_of_the_same_length_does_not_start(house: House) -> None:
    await counted(house, 3)
    back = await rewind(house)
    await counted(house, 2)
    await back()
    # It goes on from the older copy, as if nothing had been signed.
    head = keys(house) / f"ledger-{SLUG}.signed"
    kept = head.read_text()
    head.write_text(checkpoint.text_of("petition.example/ledger/boycott-sochi", (await older(house))))
    await house.parts.hub.poll()
    await counted(house, 4)
    head.write_text(kept)
    await house.stop()
    with pytest.raises(OtherHistory, match="holds other ones"):
        await begin(house)


async def older(house: House) -> Head:
    async with house.parts.database.read() as connection:
        note = (await connection.execute(select(PUBLISHED.c.checkpoint))).scalar_one()
    head = checkpoint.head_of(note)
    assert head is not None
    return head


async def test_a_running_server_signs_nothing_over_a_database_that_was_put_back(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await counted(house, 3)
    back = await rewind(house)
    await counted(house, 2)
    signed = notary(house).last(SLUG)
    await back()
    await counted(house, 1)
    await counted(house, 5)
    assert notary(house).last(SLUG) == signed
    assert (await house.counts())["ledger_size"] == 3
    assert "nothing more is published: the ledger of boycott-sochi: a checkpoint of 5 entries" in caplog.text
    assert caplog.text.count("nothing more is published") <= 2


@pytest.mark.parametrize(
    "tampering",
    [
        update(TILES).values(hashes=b"\x01" * 96),
        delete(TILES),
        update(TILES).values(hashes=b"\x01" * 32),
    ],
    ids=["changed", "gone", "cut short"],
)
async def test_a_tree_that_was_tampered_with_does_not_start(house: House, tampering: Any) -> None:
    await counted(house, 3)
    async with house.parts.database.write() as tx:
        await tx.execute(tampering)
    await house.stop()
    with pytest.raises(OperatorError, match="the ledger of boycott-sochi"):
        await begin(house)


async def test_an_empty_database_beside_a_signed_head_does_not_start(open_house: Open) -> None:
    house = await open_house()
    await counted(house, 2)
    async with house.parts.database.write() as tx:
        for name in "Published Tally TallyDay Version Category Addressee Petition".split():
            await tx.execute(delete(tables.table(getattr(tables, name))))
    await house.stop()
    with pytest.raises(OtherHistory, match="holds 0 of them"):
        await begin(house)


async def test_without_its_key_a_ledger_does_not_start(house: House) -> None:
    await counted(house, 1)
    key = keys(house) / f"ledger-{SLUG}.key"
    kept = key.read_text()
    for wrong in (None, "", "00" * 32, kept[:20]):
        key.unlink()
        if wrong is not None:
            key.write_text(wrong)
        if house._life is not None:
            await house.stop()
        with pytest.raises(Misconfigured, match=f"ledger-{SLUG}.key"):
            await begin(house)
        key.touch()
    key.write_text(kept)
    await begin(house)


async def test_a_damaged_head_file_does_not_start(house: House) -> None:
    await counted(house, 1)
    await house.stop()
    (keys(house) / f"ledger-{SLUG}.signed").write_text("petition.example\n1\n")
    with pytest.raises(Misconfigured, match="last signed head"):
        await begin(house)


async def test_two_that_sign_at_once_never_contradict_each_other(house: House) -> None:
    """Two workers of one machine that both believe they lead, over and over."""
    other = make_worker(house.settings, house.parts.database, house.parts.keys, house.clocks)
    sizes = [0]
    for n in range(12):
        await house.signed(someone(n))
        await house.post(house.mails()[-1].link, "confirm", agree="yes") if n % 3 else None
        await asyncio.gather(house.worker.fold(), other.fold(), house.worker.publish(), other.publish())
        await house.fold()
        head = await signed_head(house)
        assert notary(house).last(SLUG) == head
        assert head.size >= sizes[-1]
        sizes.append(head.size)
    async with house.parts.database.read() as connection:
        assert (await counting.recount(connection, house.parts.hub.any_petition(SLUG).id)).holds


async def test_a_clock_that_was_set_back_changes_no_history(house: House) -> None:
    """Order is that of the fold: neither entries nor heads know a time."""
    sizes = []
    for days in (0, -3, 1, -400, 500):
        house.clock.now += timedelta(days=days)
        await counted(house, 3)
        head = await signed_head(house)
        assert notary(house).last(SLUG) == head
        assert (await house.counts())["ledger_size"] == head.size
        sizes.append(head.size)
    assert sizes == [3, 6, 9, 12, 15]
    async with house.parts.database.read() as connection:
        found = await counting.recount(connection, house.parts.hub.any_petition(SLUG).id)
    assert found.ledger == found.tally
    assert found.tree
    again = await house.restarted()
    await again.stop()


async def test_whoever_comes_late_signs_nothing_smaller(house: House) -> None:
    await counted(house, 4)
    keeper, known = notary(house), notary(house).last(SLUG)
    assert known is not None
    with pytest.raises(Moved):
        keeper.sign(SLUG, Head(3, bytes(32)), known)
    with pytest.raises(Moved):
        keeper.sign(SLUG, Head(9, bytes(32)), Head(3, bytes(32)))
    with pytest.raises(Moved):
        keeper.sign(SLUG, Head(9, bytes(32)), None)
    assert keeper.last(SLUG) == known


async def test_a_host_that_stands_by_remembers_what_another_signed(house: House, tmp_path: Path) -> None:
    await counted(house, 4)
    # Another host: the same key, its own data directory.
    other = Notary(house.settings.__class__.from_env(
        {"PETITION_DATA_DIR": str(tmp_path / "host"), "PETITION_BASE_URL": house.settings.base_url}
    ))  # fmt: skip
    (tmp_path / "host" / "keys").mkdir(parents=True)
    shutil.copy(keys(house) / f"ledger-{SLUG}.key", tmp_path / "host" / "keys")
    standing_by = make_worker(house.settings, house.parts.database, house.parts.keys, house.clocks)
    standing_by._notary = other
    await standing_by.remember()
    assert other.last(SLUG) == notary(house).last(SLUG)


async def test_another_address_is_another_name_for_the_same_tree(house: House) -> None:
    await counted(house, 2)
    before = await signed_head(house)
    again = await house.restarted(base_url="https://moved.example")
    try:
        await again.fold()
        assert await signed_head(again) == before
        key = (await again.http.get(f"/ledger/{SLUG}/key")).text
        assert Verifier.read(key).name == f"moved.example/ledger/{SLUG}"
    finally:
        await again.stop()


def test_apply_makes_the_key_and_a_copy_put_back_is_refused_by_the_real_program(
    tmp_path: Path,
) -> None:
    """With files: the database of yesterday, the keys of today."""
    folder = tmp_path / "var"
    assert command(folder, "", "apply", str(petition_file(tmp_path))).returncode == 0
    assert (folder / "keys" / f"ledger-{SLUG}.key").exists()
    yesterday = {path.name: path.read_bytes() for path in folder.glob("petition.sqlite3*")}
    signed = folder / "keys" / f"ledger-{SLUG}.signed"
    signed.write_text(checkpoint.text_of(f"127.0.0.1:8000/ledger/{SLUG}", Head(12, bytes(32))))
    for path in folder.glob("petition.sqlite3*"):
        path.write_bytes(yesterday[path.name])
    for words in (("serve", "--port", "0"), ("worker",), ("recount", SLUG)):
        refused = command(folder, "", *words)
        assert refused.returncode == 1
        assert len(refused.stderr.strip().splitlines()) == 1
        assert "a checkpoint of 12 entries was signed, and this database holds 0 of them" in refused.stderr
        assert "docs/operating.md" in refused.stderr
    told = command(folder, "", "doctor")
    assert told.returncode == 1
    assert "12 entries" in told.stdout


def soon(url: str) -> str:
    """What is there once the first head is signed."""
    for _ in range(200):
        answer = httpx.get(url)
        if answer.is_success:
            return answer.text
        time.sleep(0.1)
    raise AssertionError(answer.text)


def test_a_key_is_changed_with_both_signatures_and_a_lost_ledger_begins_anew(
    tmp_path: Path, database_url: str, server: Callable[..., Server]
) -> None:
    folder = tmp_path / "var"
    assert command(folder, database_url, "apply", str(petition_file(tmp_path))).returncode == 0
    keys, notes = [], []
    for act in ([], ["--new-key"], ["--retire-old"], ["--begin-anew"]):
        told = command(folder, database_url, "ledger", SLUG, *act, base_url="http://p.example")
        assert told.returncode == 0, told.stderr
        keys.append(Verifier.read(told.stdout.splitlines()[0]))
        running = server("serve", base_url="http://p.example")
        notes.append(soon(f"{running.base_url}/ledger/{SLUG}/checkpoint"))
        assert httpx.get(f"{running.base_url}/ledger/{SLUG}/key").text == f"{keys[-1]}\n"
        assert running.stop() == 0
    first, second, still, anew = keys
    assert first != second == still != anew
    checkpoint.read(notes[1], first)
    checkpoint.read(notes[1], second)
    for note, key in ((notes[0], second), (notes[2], first), (notes[3], second), (notes[3], first)):
        with pytest.raises(checkpoint.Malformed):
            checkpoint.read(note, key)
    assert command(folder, database_url, "ledger", SLUG, "--new-key", "--retire-old").returncode == 2
    assert command(folder, database_url, "ledger", "nothing").returncode == 1
    # The older database: refused, until it is said openly that a history was lost.
    signed = folder / "keys" / f"ledger-{SLUG}.signed"
    signed.write_text(checkpoint.text_of(f"p.example/ledger/{SLUG}", Head(12, bytes(32))))
    assert command(folder, database_url, "recount", SLUG).returncode == 1
    told = command(folder, database_url, "ledger", SLUG, "--begin-anew")
    assert "say publicly what was lost" in told.stdout
    assert Verifier.read(told.stdout.splitlines()[0]).public != anew.public
    assert command(folder, database_url, "recount", SLUG).returncode == 0
