"""Two strangers recount: `petition audit`, and the reference script that imports nothing of ours."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from petition.actions import counting, publishing
from petition.actions.counting import Note
from petition.db import tables
from petition.domain import checkpoint, cosignature
from petition.domain.checkpoint import Receipt
from petition.domain.cosignature import Witness
from petition.domain.witnessed import Asked
from petition.notary import Notary
from tests.factories import CATEGORIES, SLUG, petition_text
from tests.house import House
from tests.people import LAYLA, OMAR, someone
from tests.stranger import audit, script, served
from tests.web.test_ledger import chance, counted

Open = Callable[..., Awaitable[House]]
ENTRIES, PUBLISHED = tables.table(tables.LedgerEntry), tables.table(tables.Published)


async def both(base: str, *words: str) -> tuple[tuple[int, str, str], tuple[int, str, str]]:
    receipts = [word for word in words if word.endswith(".tlog-proof")]
    return await audit(f"{base}/en/petitions/{SLUG}", *words), await script(f"{base}/ledger/{SLUG}", *receipts)


async def test_a_campaign_is_recounted_by_strangers_at_many_moments(house: House, tmp_path: Path) -> None:
    """Joining, verifying, moving, leaving, restoring, in any order: at every stop both reach the count."""
    draw, since = random.Random(2026), tmp_path / "since"
    lines: list[dict[str, Any]] = []
    petition = house.parts.hub.any_petition(SLUG).id
    slugs = [category[0] for category in CATEGORIES]
    async with served(house) as base:
        for _ in range(6):
            notes = []
            for _ in range(draw.randrange(1, 60)):
                old = [line for line in lines if draw.random() < 0.3]
                if not old or draw.random() < 0.6:
                    line = {"link": chance(1)[0], "acts": 0, "gone": False}
                    lines.append(line)
                    event, category, method = "counted", draw.choice([*slugs, None]), draw.choice(("mail", "paper"))
                    notes.append(Note(petition, line["link"], 0, event, category, method, None, *chance(2)))
                    continue
                line = draw.choice(old)
                line["acts"] += 1
                event = "restored" if line["gone"] else draw.choice(("verified", "moved", "removed"))
                category = draw.choice(slugs) if event in ("verified", "moved") else None
                reason = draw.choice(("withdrawn", "merged", "invalidated", "erased")) if event == "removed" else None
                line["gone"] = event == "removed"
                notes.append(Note(petition, line["link"], line["acts"], event, category, reason=reason))
            async with house.parts.database.write() as tx:
                await counting.note(tx, notes, today=house.clock.now.date())
            await house.fold()
            total = (await house.counts())["total"]
            ours, theirs = await both(base, *(["--since", str(since)] if since.exists() else []), "--keep", str(since))
            assert ours[0] == theirs[0] == 0, (ours, theirs)
            assert f"{total:,}, by category" in ours[1]
            assert theirs[1] == f"{total} signatures count, of {(await house.counts())['ledger_size']} entries"


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1025])
async def test_every_size_holds(house: House, size: int) -> None:
    await counted(house, size)
    await house.fold()
    async with served(house) as base:
        ours, theirs = await both(base)
    assert (ours[0], theirs[0]) == (0, 0), (ours, theirs)
    assert theirs[1] == f"{size} signatures count, of {size} entries"


async def test_receipts_and_short_codes_say_how_their_line_stands(house: House, tmp_path: Path) -> None:
    links = [await house.confirmed(someone(n)) for n in range(5)]
    files = []
    for number, link in enumerate(links[:3]):
        files.append(tmp_path / f"{number}.tlog-proof")
        files[-1].write_text((await house.http.get(f"{link}/receipt")).text)
    read = Receipt.read(files[0].read_text())
    # What editors and mails put around a text changes nothing.
    files[2].write_text(f"\N{ZERO WIDTH NO-BREAK SPACE}{files[2].read_text()}\n")
    (tmp_path / "note").write_text(checkpoint.short_code(read.index, read.entry).lower() + "\n")
    await house.post(links[1], "withdraw")
    await house.fold()
    gone = Receipt.read(files[1].read_text()).index
    async with served(house) as base:
        words = [word for file in [*files, tmp_path / "note"] for word in ("--receipt", str(file))]
        ours, theirs = await both(base, *words)
        assert (ours[0], theirs[0]) == (0, 0), (ours, theirs)
        assert ours[1].count("counts, ") == 3
        assert f"1.tlog-proof: line {gone} was withdrawn and no longer counts" in ours[1]
        theirs = await script(f"{base}/ledger/{SLUG}", *map(str, files))
        assert theirs[1].splitlines()[1:] == [
            f"{file}: line {_index(file)} {'was withdrawn' if file == files[1] else 'counts'}" for file in files
        ]


def _index(file: Path) -> int:
    return int(file.read_text().split("\nindex ")[1].split("\n")[0])


async def test_wrong_receipts_are_told_from_right_ones(house: House, tmp_path: Path) -> None:
    await house.apply(petition_text(slug="second"))
    link, other = await house.confirmed(LAYLA), await house.confirmed(OMAR, slug="second")
    text = (await house.http.get(f"{link}/receipt")).text
    read = Receipt.read(text)
    wrong = {
        "of another petition": (await house.http.get(f"{other}/receipt")).text,
        "cut short": text[:-30],
        "cut in its proof": text[: text.index("\n\n") - 9],
        "empty": "",
        "another code": str(Receipt(bytes(32), read.entry, read.index, read.proof, read.checkpoint)),
        "a short code of nobody": "0-AAAAA-AAAAA",
        "a short code beyond": "99999-AAAAA-AAAAA",
    }
    async with served(house) as base:
        for name, content in wrong.items():
            file = tmp_path / f"{name}.txt"
            file.write_text(content)
            status, told, error = await audit(f"{base}/p/{SLUG}", "--receipt", str(file))
            assert status == 1, name
            assert f"receipt {name}.txt: " in error
            assert ("cut short or altered" in error) == name.startswith("cut")
            assert len(error.splitlines()) == 1
            assert "says the same" in told
        missing = await audit(f"{base}/p/{SLUG}", "--receipt", str(tmp_path / "nowhere"))
        assert missing[0] == 1
        assert "cannot be read" in missing[2]


async def test_an_older_checkpoint_shows_history_that_was_changed_or_lost(house: House, tmp_path: Path) -> None:
    await counted(house, 3)
    async with served(house) as base:
        for name in ("true", "rewritten", "longer", "altered", "of another"):
            (tmp_path / name).write_text((await house.http.get(f"/ledger/{SLUG}/checkpoint")).text)
        seeds = [bytes.fromhex((house.settings.data_dir / "keys" / f"ledger-{SLUG}.key").read_text())]
        origin = f"petition.example/ledger/{SLUG}"
        (tmp_path / "rewritten").write_text(checkpoint.sign(origin, checkpoint.Head(3, bytes(32)), seeds))
        (tmp_path / "longer").write_text(checkpoint.sign(origin, checkpoint.Head(9, bytes(32)), seeds))
        (tmp_path / "altered").write_text((tmp_path / "true").read_text().replace("\n3\n", "\n2\n"))
        (tmp_path / "of another").write_text(checkpoint.sign("x.example", checkpoint.Head(3, bytes(32)), seeds))
        await counted(house, 4)
        expected = {
            "true": "",
            "rewritten": "history was rewritten",
            "longer": "it hides some, or lost them",
            "altered": "the signature does not hold",
            "of another": "this is a checkpoint of x.example",
        }
        for name, said in expected.items():
            status, told, error = await audit(f"{base}/p/{SLUG}", "--since", str(tmp_path / name))
            assert status == (1 if said else 0), (name, told, error)
            assert said in error
            assert ("unchanged and in order" in told) == (not said)


SEED, NAME = checkpoint.new_seed(), "witness.example/w1"
WITNESS = Witness(NAME, checkpoint.public_half(SEED))


async def cosigned(house: House, note: str, at: int = 1_514_000_000) -> None:
    """The site serves this checkpoint with the witness's word for it."""
    line = cosignature.sign(checkpoint.read_note(note)[0], at, NAME, SEED)
    asked = Asked("http://w.example", str(WITNESS)).cosigned(note, 1, line, at)
    async with house.parts.database.write() as tx:
        await publishing.ask(tx, house.parts.hub.any_petition(SLUG).id, asked)
    await house.parts.hub.poll()


async def of_one(house: House) -> tuple[str, str, str]:
    """The key line and the checkpoint of a ledger of one entry, and the link of whom it is about."""
    link = await house.confirmed(LAYLA)
    await house.fold()
    key, note = [(await house.http.get(f"/ledger/{SLUG}/{name}")).text for name in ("key", "checkpoint")]
    return key.strip(), note, link


async def test_what_was_signed_before_another_key_or_address_still_holds(house: House, tmp_path: Path) -> None:
    """A receipt, a kept checkpoint and what a witness cosigned, by the old key alone: they fit, and that is said."""
    first, note, link = await of_one(house)
    since, receipt, petition = tmp_path / "since", tmp_path / "mine.tlog-proof", house.parts.hub.any_petition(SLUG).id
    since.write_text(note)
    receipt.write_text((await house.http.get(f"{link}/receipt")).text)
    await cosigned(house, note)
    notary = Notary(house.settings)
    words = ["--receipt", str(receipt), "--since", str(since), "--witness", str(WITNESS)]
    for change in (notary.renew, notary.retire, None):
        if change is None:
            house = await house.restarted(base_url="https://another.example")
        else:
            async with house.parts.database.write() as tx:
                await publishing.key_changed(tx, petition, change(SLUG))
        await counted(house, 1)
        assert (await house.http.get(f"/ledger/{SLUG}/witnessed")).text.startswith(note)
        async with served(house) as base:
            ours = await audit(f"{base}/p/{SLUG}", *words)
            assert ours[0] == 0, ours
            why = "of another address: petition.example" if change is None else "signed by an earlier or another key"
            assert ours[1].count(why) == 2
            assert "1 entries from before are all there" in ours[1]
            assert "mine.tlog-proof: line 0 counts" in ours[1]
            assert f"{NAME} saw 1 entries" in ours[1]
            assert (await script(f"{base}/ledger/{SLUG}", str(receipt)))[0] == 0
            if change != notary.renew:
                ours = await audit(f"{base}/p/{SLUG}", *words, "--key", first)
                assert (ours[0], why in ours[1]) == (0, False), ours
    await house.stop()


async def test_what_an_earlier_key_is_said_to_have_signed_and_does_not_fit_is_no_less_wrong(
    house: House, tmp_path: Path
) -> None:
    """Whether it was this ledger's, only its key tells."""
    first, note, _ = await of_one(house)
    notary, petition = Notary(house.settings), house.parts.hub.any_petition(SLUG).id
    for change in (notary.renew, notary.retire):
        async with house.parts.database.write() as tx:
            await publishing.key_changed(tx, petition, change(SLUG))
    await counted(house, 1)
    name, head = checkpoint.Verifier.read(first).name, checkpoint.Head(1, bytes(32))
    lies = {
        "rewritten": checkpoint.sign(name, head, [checkpoint.new_seed()]),
        "altered": note.replace("\n1\n", "\n2\n"),
        "unsigned": note[: note.index("— ")] + cosignature.sign(checkpoint.read_note(note)[0], 1, NAME, SEED),
    }
    for lie, content in lies.items():
        (tmp_path / lie).write_text(content)
    # A cosigned one that nobody's key speaks for stands by itself.
    await cosigned(house, lies["rewritten"], at=1)
    async with served(house) as base:
        for lie, keys, why in (
            ("rewritten", [], "if that is this ledger's, the site's first 1 entries are others"),
            ("rewritten", ["--key", first], "if that is this ledger's, the site's first 1 entries are others"),
            ("altered", ["--key", first], "the signature does not hold"),
            ("unsigned", [], "there is no signature by a key of"),
        ):
            found = await audit(f"{base}/p/{SLUG}", "--since", str(tmp_path / lie), *keys)
            assert found[0] == 1
            assert why in found[2]
        alone = await audit(f"{base}/p/{SLUG}")
        assert (alone[0], "stands by itself" in alone[1]) == (0, True), alone
        assert (await audit(f"{base}/p/{SLUG}", "--witness", str(WITNESS)))[0] == 1
        assert (await audit(f"{base}/p/{SLUG}", "--key", "none"))[0] == 2


async def test_tiles_or_counts_that_do_not_fit_are_caught(house: House) -> None:
    await counted(house, 300)
    kept, counts = tables.table(tables.LedgerTile), {"total": 301}
    async with house.parts.database.read() as connection:
        row = (
            await connection.execute(select(kept.c.hashes).where(kept.c.level == 0, kept.c.number == 1))
        ).scalar_one()
    async with served(house) as base:
        for table, values, restored, why in (
            (kept, {"hashes": row[:-32] + bytes(32)}, {"hashes": row}, "tiles are not what the entries make"),
            (PUBLISHED, counts, {"total": 300}, "total: the ledger says 300, the site 301"),
        ):
            where = (table.c.level == 0) & (table.c.number == 1) if table is kept else table.c.size == 300
            for change, holds in ((values, False), (restored, True)):
                async with house.parts.database.write() as tx:
                    await tx.execute(update(table).where(where).values(**change))
                house.parts.shelf.kept.clear()
                house.parts.hub._snapshots.clear()
                await house.parts.hub.poll()
                status, _, error = await audit(f"{base}/p/{SLUG}")
                assert status == (0 if holds else 1), error
                assert holds or why in error


async def test_whatever_the_address_answers_one_line_says_what_is_wrong(house: House) -> None:
    async with served(house) as base:
        for url, status, why in (
            (f"{base}/p/nothing", 1, "the site answers 404"),
            ("http://127.0.0.1:9/p/x", 1, "cannot be had"),
            (base, 2, "not the address of a petition"),
            ("ftp://x/p/y", 2, "not the address of a petition"),
            ("http://[/p/y", 2, "not the address of a petition"),
        ):
            found, _, error = await audit(url)
            assert (found, len(error.splitlines())) == (status, 1), error
            assert why in error


async def test_an_unknown_key_is_refused(house: House) -> None:
    await counted(house, 2)
    note = (await house.http.get(f"/ledger/{SLUG}/checkpoint")).text
    forged = note[: note.index("— ")] + checkpoint.signature(
        note.partition("\n\n")[0] + "\n", f"petition.example/ledger/{SLUG}", bytes(32)
    )
    async with house.parts.database.write() as tx:
        await tx.execute(update(PUBLISHED).values(checkpoint=forged))
    await house.parts.hub.poll()
    async with served(house) as base:
        ours, theirs = await both(base)
    assert (ours[0], theirs[0]) == (1, 1)
    assert "there is no signature by the key" in ours[2]
