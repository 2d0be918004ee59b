"""petition import: lists as offices send them, each row in or told why not, nothing twice, undone as a whole."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from petition.actions import asking, importing, rekeying
from petition.cli.importing import Order
from petition.cli.importing import _import as run_import
from petition.db import tables
from petition.db.opening import opened
from petition.domain import sealing
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Actor, Grant
from petition.errors import OperatorError
from tests.cli.lists import HEADING, PEOPLE, SPOKEN, SQLITE, Desk, Open, batch_of, by_person, rows_of, text_of
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import PASSWORD, account
from tests.people import LAYLA, OMAR, SALMA, someone
from tests.servers import command, environment


async def test_everyone_on_the_list_is_sealed_counted_and_kept_apart_by_method(desk: Desk, house: House) -> None:
    await house.confirmed(LAYLA)
    told = await desk.taken(text_of(PEOPLE))
    assert "added: 3" in told
    assert "refused: 0" in told
    assert not (desk.here / "list.refused.csv").exists()
    counts = await house.counts()
    assert counts["by_method"] == {"mail": 1, "invitation": 0, "import": 3, "paper": 0}
    assert (counts["total"], counts["awaiting_verification"]) == (4, 1), "a journalist has yet to be verified"
    suad = next(r for r in await desk.records() if r["email"] == "suad@example.org")
    assert (suad["full_name"], suad["category"], suad["city"], suad["country"]) == (
        *("سعاد الخطيب", "independents", "حمص", "SY"),
    )
    row = suad["row"]
    assert (row.method, row.visibility, row.shown_name, row.own_copy) == ("import", "anonymous", None, None)
    assert house.mails("suad@example.org") == []
    await desk.holds()


async def test_nothing_of_a_list_is_readable_in_the_database(desk: Desk) -> None:
    await desk.taken(text_of(PEOPLE), "--source", "Office of Gaziantep, sheet 12")
    if not desk.url:
        for path in desk.folder.glob("petition.sqlite3*"):
            content = path.read_bytes()
            for word in ("suad@example.org", "سعاد الخطيب", "Gaziantep", "list.csv"):
                assert word.encode() not in content, (path, word)
    (made,) = await rows_of(desk.house, tables.Import)
    assert b"Gaziantep" not in made.source
    record, _ = sealing.open_record(made.source, desk.house.recovery_key(SLUG), made.petition_id)
    assert record == {"file": "list.csv", "source": "Office of Gaziantep, sheet 12"}


async def test_refused_rows_come_back_with_reasons_are_corrected_and_fed_in_again(desk: Desk) -> None:
    people = [
        *PEOPLE,
        ("<b>", "nobody", "dancers", "x", "Atlantis"),
        ("Two\nLines", "two@example.org", "activists", "", "SY"),
        ("\u202eevil", "e@example.org", "activists", "", "SY"),
        ("Joined Mails", "a@example.org; b@example.org", "activists", "", "SY"),
        ("Too Long", "t@example.org", "activists", "", "SY", *["more"] * 195),
        ("", "", "", "", "SY"),
    ]
    told = await desk.taken(text_of(people), "--lang", "en")
    assert "added: 3" in told
    assert "refused: 6" in told
    heading, *rows = desk.refused()
    assert heading == [*HEADING, "Row in the list", "Why it was refused"]
    assert [row[5] for row in rows] == ["5", "6", "8", "9", "10", "11"] or [int(row[5]) for row in rows] == sorted(
        int(row[5]) for row in rows
    )
    reasons = {row[0]: row[6] for row in rows}
    for word in ("Full name:", "Mail address:", "Signs as:", "Country:"):
        assert word in reasons["<b>"]
    assert "more cells than there are headings" in reasons["Too Long"]
    assert "Mail address" in reasons["Joined Mails"]
    assert all(reasons.values())
    assert await desk.names() == sorted(person[0] for person in PEOPLE)
    # Corrected as a person would, and fed in as it is.
    good = {
        "<b>": ("Huda Ali", "h@example.org", "activists", "x", "SY"),
        "Joined Mails": ("Joined Mails", "a@example.org"),
    }
    corrected = [[*good.get(row[0], row[:5]), *row[len(good.get(row[0], row[:5])) :]] for row in rows]
    told = await desk.taken(text_of(corrected, heading=heading), name="again.csv")
    assert "added: 2" in told
    assert len(desk.refused("again.refused.csv")) == 5


@SQLITE
async def test_a_disk_that_fills_up_tells_who_is_in_and_how_it_goes_on(
    desk: Desk, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = text_of([*PEOPLE, ("x", "", "", "", "")])
    (desk.here / "list.csv").write_text(content, "utf-8")
    nothing = dict[str, str]()
    order = Order(SLUG, desk.here / "list.csv", nothing, nothing, "import", "", None, None, False)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OperatorError) as told:
            await run_import(house.settings, order, None)
    said = told.value.message
    assert "No space left on device" in said
    assert "3 people are in and count; the same file goes on" in said
    assert "nothing" not in said
    assert not list(desk.here.glob("*.part"))
    again = await desk.taken(content)
    assert "added by an earlier run of this file: 3" in again
    assert batch_of(again) == batch_of(said)


async def test_the_same_file_again_and_the_same_people_in_another_add_nothing(desk: Desk, house: House) -> None:
    first = await desk.taken(text_of(PEOPLE))
    again = await desk.taken(text_of(PEOPLE))
    assert "added: 0" in again
    assert "refused: 3" in again
    assert batch_of(first) == batch_of(again)
    told = await desk.taken(text_of([*reversed(PEOPLE), PEOPLE[0]], ";"), name="other.csv")
    assert "added: 0" in told
    assert (await house.counts())["total"] == 3
    await desk.holds()


async def test_who_stands_twice_is_told_the_first_row_and_a_reference_tells_two_apart(desk: Desk) -> None:
    twice = [("باسل درويش", "", "ناشطون", "", "SY")] * 2
    await desk.taken(text_of(twice), "--lang", "en")
    (_, row) = desk.refused()
    assert "row 2 of this list" in row[-1]
    named = [(*person, f"12/{n}") for n, person in enumerate(twice, 1)]
    told = await desk.taken(text_of(named, heading=(*HEADING, "reference")), name="sheet.csv")
    assert "added: 2" in told
    assert len(await desk.names()) == 3


async def test_whoever_counts_withdrew_or_waits_keeps_their_say(desk: Desk, house: House) -> None:
    await house.confirmed(LAYLA)
    gone = await house.confirmed(OMAR)
    await house.post(gone, "withdraw")
    waiting = await house.signed(SALMA)
    rows = [(p.full_name, p.email.upper(), p.category, "", p.country) for p in (LAYLA, OMAR, SALMA)]
    told = await desk.taken(text_of(rows), "--lang", "en")
    assert "added: 1" in told
    assert [(row[0], row[-1].split(".")[0]) for row in desk.refused()[1:]] == [
        (LAYLA.full_name, "This person counts already"),
        (OMAR.full_name, "This person withdrew or was taken out, and is not brought back by a list"),
    ]
    # Who was listed and then confirms by their own mail counts once.
    assert (await house.post(waiting, "confirm", agree="yes")).status_code == 303
    await house.fold()
    assert (await house.counts())["total"] == 2
    await desk.holds()


async def test_a_dry_run_says_the_same_and_stores_nothing(desk: Desk) -> None:
    people = [*PEOPLE, PEOPLE[0], ("", "x", "", "", "")]
    told = await desk.taken(text_of(people), "--dry-run")
    assert "would be added: 3" in told
    assert "refused: 2" in told
    assert len(desk.refused()) == 3
    assert await desk.house.signatures() == []
    assert await rows_of(desk.house, tables.Import) == []


async def test_a_list_is_undone_as_a_whole_and_can_come_again(desk: Desk, house: House) -> None:
    link = await house.confirmed(LAYLA)
    before = await house.counts()
    batch = batch_of(await desk.taken(text_of([(*PEOPLE[0], "name"), *PEOPLE[1:]], heading=(*HEADING, "visibility"))))
    assert PEOPLE[0][0] in (await house.http.get(f"/en/petitions/{SLUG}/signatories")).text
    done = await desk.run("--undo", batch)
    assert "taken out of the count: 3" in done.stdout, done.stderr
    await house.fold()
    counts = await house.counts()
    assert (counts["total"], counts["removed"]["invalidated"]) == (before["total"], 3)
    assert PEOPLE[0][0] not in (await house.http.get(f"/en/petitions/{SLUG}/signatories")).text
    left = [row for row in await house.signatures() if row.method == "import"]
    assert {(r.state, r.sealed, r.identity, r.shown_name) for r in left} == {("invalidated", None, None, None)}
    assert (await house.http.get(link)).status_code == 200
    assert "undone already" in (await desk.run("--undo", batch)).stderr
    await desk.holds()
    again = await desk.taken(text_of(PEOPLE), name="again.csv")
    assert "added: 3" in again
    listed = (await desk.run("--list")).stdout.splitlines()
    assert len(listed) == 2
    assert {line.split()[3] for line in listed} == {"undone", "done"}
    await desk.holds()


async def test_undoing_a_list_takes_nobody_who_confirmed_by_mail_as_well(desk: Desk, house: House) -> None:
    batch = batch_of(await desk.taken(text_of([(LAYLA.full_name, LAYLA.email, LAYLA.category, "", "SY"), *PEOPLE])))
    await house.confirmed(LAYLA)
    done = await desk.run("--undo", batch)
    assert "taken out of the count: 3" in done.stdout
    assert "signed and confirmed as well: 1" in done.stdout
    assert await desk.names() == [LAYLA.full_name]
    await desk.holds()


async def test_who_may_and_what_the_audit_keeps(desk: Desk, house: House) -> None:
    await account(house, "nour@example.org", Grant(None, OWNER))
    petition = house.parts.hub.snapshot(SLUG).petition.id
    verifier = await account(house, "vera@example.org", Grant(petition, VERIFIER))
    await account(house, "auditor@example.org", Grant(petition, AUDITOR))
    await account(house, "lina@example.org", Grant(petition, VERIFIER, ("activists",)))
    refused = await desk.take(text_of(PEOPLE), "--as", "auditor@example.org", password=PASSWORD)
    assert (refused.returncode, "may not" in refused.stderr) == (1, True)
    limited = await desk.take(text_of(PEOPLE), "--as", "lina@example.org", "--dry-run", password=PASSWORD)
    assert (limited.returncode, "may not" in limited.stderr) == (1, True), "nor look, where they may not take in"
    wrong = await desk.take(text_of(PEOPLE), "--as", "vera@example.org", password="x" * 12)
    assert (wrong.returncode, "do not belong together" in wrong.stderr) == (1, True)
    told = await desk.taken(text_of(PEOPLE), "--as", "vera@example.org", password=PASSWORD)
    assert (await desk.run("--undo", batch_of(told), "--as", "nour@example.org", password=PASSWORD)).returncode == 0
    entries = [e for e in await rows_of(house, tables.AuditEntry) if e.verb.startswith("import:")]
    entries.sort(key=lambda entry: entry.number)
    assert [e.verb for e in entries] == ["import:begin", "import:end", "import:undo"]
    assert entries[0].organizer_id == verifier.id
    assert entries[1].facts == {"added": 3, "refused": 0}
    facts = json.dumps([e.facts for e in entries], ensure_ascii=False)
    assert not any(word in facts for word in ("suad", "سعاد", "list.csv"))


@pytest.mark.parametrize("changes", [{"status": "draft"}, {"status": "archived"}])
async def test_a_petition_that_takes_no_list_says_so(open_house: Open, database_url: str, changes: Any) -> None:
    desk = Desk(await open_house(petition_text(**changes)), database_url)
    done = await desk.take(text_of(PEOPLE))
    assert (done.returncode, "takes no list now" in done.stderr) == (1, True)
    assert await desk.house.signatures() == []


async def test_a_closed_petition_takes_what_was_signed_on_paper_in_time(open_house: Open, database_url: str) -> None:
    desk = Desk(await open_house(petition_text(status="closed")), database_url)
    assert "added: 3" in await desk.taken(text_of(PEOPLE), "--method", "paper")


async def test_an_exported_list_comes_in_again_without_a_loss(open_house: Open, database_url: str) -> None:
    house = await open_house()
    desk = Desk(house, database_url)
    for person in (
        LAYLA,
        OMAR,
        SALMA,
        someone(3, city="دير الزور", affiliation="a -dash (b)"),
        someone(4, affiliation="'-5"),
    ):
        await house.confirmed(person)
    # Whom nothing but the list's own word tells apart.
    alike = [("Same Name", "", "independents", "", "SY", f"17/{line}") for line in (1, 2)]
    assert "added: 2" in await desk.taken(text_of(alike, heading=(*HEADING, "reference")))
    kept = [{k: v for k, v in r.items() if k != "row"} for r in await desk.records()]
    shown = sorted((r.visibility, r.shown_name, r.language) for r in await house.signatures())
    for kind in ("csv", "xlsx", "json"):
        words = ("export", SLUG, "--format", kind, "-o", f"out.{kind}", "--key", str(house.recovery[SLUG]))
        done = await asyncio.to_thread(command, desk.folder, desk.url, *words)
        assert done.returncode == 0, done.stderr
        again = await asyncio.to_thread(command, desk.folder, desk.url, "import", SLUG, f"out.{kind}")
        assert "added: 0" in again.stdout, "one's own list moves no count"
    await house.apply(petition_text(slug="second"))
    for kind in ("csv", "xlsx", "json"):
        words = ("import", "second", f"out.{kind}")
        done = await asyncio.to_thread(command, desk.folder, desk.url, *words)
        assert f"added: {len(kept)}" in done.stdout, done.stderr + done.stdout
        key, rows = house.recovery_key("second"), []
        petition = house.parts.hub.any_petition("second").id
        for row in await house.signatures():
            if row.petition_id == petition and row.state == "confirmed":
                rows.append((row, sealing.open_record(row.sealed, key, petition)[0]))
        found = sorted((record for _, record in rows), key=by_person)
        assert [{**record, "petition": SLUG} for record in found] == kept, kind
        assert sorted((r.visibility, r.shown_name, r.language) for r, _ in rows) == shown
        await asyncio.to_thread(command, desk.folder, desk.url, "import", "second", "--undo", batch_of(done.stdout))


async def test_killed_midway_the_same_file_goes_on_and_every_row_is_in_once(desk: Desk, house: House) -> None:
    rows = [(someone(n).full_name, f"p{n}@example.org", "activists", "", "SY") for n in range(2_600)]
    rows.insert(40, rows[3])
    (desk.here / "long.csv").write_text(text_of(rows))

    def interrupted() -> int:
        env = environment(desk.folder, desk.url)
        process = subprocess.Popen(
            [sys.executable, "-m", "petition", "import", SLUG, "long.csv"],
            env=env, cwd=desk.here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while process.poll() is None:
            if asyncio.run_coroutine_threadsafe(count(), loop).result() > 400:
                process.kill()
                return process.wait()
        raise AssertionError("it was quicker than the test")

    async def count() -> int:
        return len(await rows_of(house, tables.ImportMember))

    loop = asyncio.get_running_loop()
    assert await asyncio.to_thread(interrupted) < 0
    assert 400 < await count() < 2_600
    done = await desk.run("long.csv", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "refused: 1" in done.stdout
    (line,) = desk.refused("long.refused.csv")[1:]
    assert "row 5 of this list" in line[-1], "as if nothing had happened"
    assert len(await desk.names()) == 2_600
    (made,) = await rows_of(house, tables.Import)
    assert (made.state, made.added) == ("done", 2_600)
    assert {member.row for member in await rows_of(house, tables.ImportMember)} == {None}
    await desk.holds()


async def test_a_list_under_way_while_the_key_changes_is_made_anew_by_the_present_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    (house.settings.data_dir.parent / "list.csv").write_text(text_of(PEOPLE), "utf-8")
    petition = house.parts.hub.any_petition(SLUG)
    owner, fresh, today = Actor(bytes(16), (Grant(None, OWNER),)), [], house.clock.now.date()
    make = importing.make

    def late(*given: Any, **more: Any) -> Any:
        made = make(*given, **more)
        if not fresh:

            async def change() -> None:
                async with opened(house.settings) as (database, _), database.write() as tx:
                    key = house.recovery_key(SLUG)
                    fresh.append((await rekeying.begin(tx, petition.id, key, total=0, by=owner, today=today))[0])

            aside = threading.Thread(target=lambda: asyncio.run(change()))
            aside.start()
            aside.join()
        return made

    monkeypatch.setattr(importing, "make", late)
    file, nothing = house.settings.data_dir.parent / "list.csv", dict[str, str]()
    order = Order(SLUG, file, nothing, nothing, "import", "", None, None, False)
    told = await run_import(house.settings, order, None)
    assert told[0] == "added: 3"
    rows = await house.signatures()
    assert len(rows) == 3
    for row in rows:
        assert sealing.open_record(row.sealed, fresh[0], petition.id)


async def test_two_at_once_add_everyone_once(desk: Desk, house: House) -> None:
    rows = [(someone(n).full_name, f"p{n}@example.org", "activists", "", "SY") for n in range(900)]
    (desk.here / "one.csv").write_text(text_of(rows))
    (desk.here / "two.csv").write_text(text_of([*reversed(rows)]))
    both = await asyncio.gather(desk.run("one.csv"), desk.run("two.csv"))
    assert [done.returncode for done in both] == [0, 0], [done.stderr for done in both]
    assert sum(int(re.findall(r"^added: (\d+)", done.stdout, re.M)[0]) for done in both) == 900
    assert len(await desk.names()) == 900
    await desk.holds()


async def test_whoever_is_listed_may_be_asked_and_their_answer_holds(desk: Desk, house: House) -> None:
    """By choice as the list is taken in; yes keeps, no takes out of the count and out of every later list."""
    house.clock.now = datetime.now(UTC)
    told = await desk.taken(text_of(PEOPLE), "--ask")
    await house.deliver()
    mails = {mail.to: mail for mail in house.mails()}
    assert set(mails) == {"suad@example.org", "rana@example.org"}, "who has no address is not asked"
    yes, no = mails["suad@example.org"], mails["rana@example.org"]
    assert PEOPLE[0][0] not in yes.subject
    assert PEOPLE[0][0] in yes.text
    assert SPOKEN("listed.title") in (await house.http.get(yes.link)).text
    assert (await house.post(yes.link, "confirm")).status_code == 422, "nobody says yes without ticking"
    answered = await house.http.get((await house.post(yes.link, "confirm", agree="yes")).headers["location"])
    assert SPOKEN("said.listed") in answered.text
    # A scanner that sends the form as it found it only comes to the next page.
    assert 'name="sure"' in (await house.post(no.link, "deny", step="1")).text
    assert (await house.counts())["total"] == 3
    assert (await house.post(no.link, "deny", step="2", sure="yes")).status_code == 303
    await house.fold()
    counts = await house.counts()
    assert (counts["total"], counts["removed"]) == (2, {"withdrawn": 1, "merged": 0, "invalidated": 0})
    (gone,) = [row for row in await house.signatures() if row.state == "withdrawn"]
    assert (gone.sealed, gone.own_copy, gone.reason) == (None, None, "denied")
    await house.post(no.link, "erase", step="2", sure="yes")
    assert SPOKEN("ended.unlisted-lead") in (await house.http.get(no.link)).text, "and what it promises is kept"
    assert "added: 0" in await desk.taken(text_of([PEOPLE[1]]), "--lang", "en", name="b.csv")
    assert "not brought back by a list" in desk.refused("b.refused.csv")[1][-1]
    # Having said yes, they are no longer the list's: it is undone without them, and the receipt holds.
    receipt = await house.http.get(f"{yes.link}/receipt")
    assert receipt.status_code == 200
    done = await desk.run("--undo", batch_of(told))
    assert "signed and confirmed as well: 1" in done.stdout, done.stdout + done.stderr
    assert await desk.names() == [PEOPLE[0][0]]
    await desk.holds()


async def test_they_may_be_asked_later_once_and_within_the_mail_budget(open_house: Open, database_url: str) -> None:
    house = await open_house(limits="on")
    desk = Desk(house, database_url)
    batch = bytes.fromhex(batch_of(await desk.taken(text_of(PEOPLE))))
    owner, petition = await account(house, "nour@example.org", Grant(None, OWNER)), house.parts.hub.any_petition(SLUG)
    letters = tables.table(tables.Outbox)
    by, ring, today = Actor(owner.id, (Grant(None, OWNER),)), (house.recovery_key(SLUG),), house.clock.now.date()

    async def ask() -> int:
        async with house.parts.database.write() as tx:
            await asking.begin(tx, petition.id, batch, by=by, today=today)
            step = await asking.step(tx, petition.id, batch, b"", ring=ring, keys=house.parts.keys, today=today)
        return step.sent

    assert await ask() == 2
    assert await ask() == 0
    # Somebody's mailbox has had its two mails of the day.
    for slug in ("second", "third"):
        await house.apply(petition_text(slug=slug))
        await house.sign(replace(LAYLA, email="rana@example.org"), slug=slug)
    later = update(letters).where(letters.c.kind == "listed", letters.c.petition_id == petition.id)
    async with house.parts.database.write() as tx:
        await tx.execute(later.values(due_on=today + timedelta(days=1)))
    await house.deliver()
    assert len(house.mails("rana@example.org")) == 2
    await house.next_day()
    await house.deliver()
    assert len(house.mails("rana@example.org")) == 2
    (mail,) = house.mails("suad@example.org")
    assert (await house.post(mail.link, "deny")).status_code == 303, "who posts of their own accord means it"
    async with house.parts.database.read() as connection:
        assert await asking.answers(connection, batch) == {"asked": 2, "right": 0, "denied": 1}
    await desk.holds()


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_a_list_that_came_in_is_known_to_the_planner_at_once(desk: Desk) -> None:
    """It would find out by itself minutes later, and until then read everyone where it should look up a few."""
    await desk.taken(text_of(PEOPLE))
    known = "SELECT reltuples FROM pg_class WHERE relname = 'signatures'"
    async with desk.house.parts.database.read() as connection:
        assert (await connection.execute(text(known))).scalar_one() == len(PEOPLE)
