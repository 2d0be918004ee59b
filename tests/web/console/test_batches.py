"""Acts on many signatures by a rule: chosen, looked at, agreed to by a second owner, done in the background, undone."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from petition.actions import audit, batches, counting
from petition.db import tables
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant
from tests.actions.desk import Desk
from tests.factories import SLUG
from tests.house import House
from tests.organizers import Browser, account
from tests.people import LAYLA, Person, someone

HERE = f"/petitions/{SLUG}/batches"


async def owner(house: House, address: str = "olga@example.org", *, role: str = OWNER, lang: str = "en") -> Browser:
    browser = Browser(house, lang)
    await browser.sign_in(await account(house, address, Grant(None, role)))
    return browser


def fake(number: int) -> Person:
    person = someone(number)
    return replace(person, email=f"bot{number}@flood.example", full_name=f"Test {person.full_name}")


async def flood(house: House, number: int, *, confirmed: bool = True) -> list[str]:
    act = house.confirmed if confirmed else house.signed
    return [await act(fake(n)) for n in range(number)]


async def choose(browser: Browser, **typed: str) -> None:
    """A rule, up to the page that shows what it fits."""
    await browser.get(f"{HERE}/new")
    await browser.send("/batches", **typed)
    assert browser.page.status_code == 303, browser.text
    await browser.follow()


async def go(browser: Browser, act: str) -> None:
    """An act on the batch of this page; the step-up on the way."""
    await browser.send(f"/{act}")
    assert browser.page.status_code == 303, browser.text
    await browser.follow()


async def run(house: House) -> None:
    """The background, until nothing is left to do."""
    while await house.worker.batches():
        pass
    await house.fold()


async def restated(house: House) -> None:
    async with house.parts.database.read() as connection:
        petition = house.parts.hub.any_petition(SLUG)
        assert await audit.broken(connection) is None
        assert (await counting.recount(connection, petition.id)).holds


def batch_of(browser: Browser) -> bytes:
    return bytes.fromhex(str(browser.page.url).rpartition("/")[2])


async def names_listed(house: House) -> str:
    return (await house.http.get(f"/en/petitions/{SLUG}/signatories")).text


async def test_a_rule_shows_number_and_sample_before_anything_is_done(house: House) -> None:
    await house.confirmed(LAYLA)
    await flood(house, 3)
    browser = await owner(house)
    await choose(browser, domain="flood.example", act="invalidate", reason="not-a-person")
    for shown in ("3 signatures", "Not begun", "bot1@flood.example", "flood.example", "Not a person"):
        assert shown in browser.text
    assert LAYLA.full_name not in browser.text
    await run(house)
    assert (await house.counts())["total"] == 4


async def test_it_runs_in_the_background_and_is_undone_as_a_whole_with_every_name_back(house: House) -> None:
    await house.confirmed(LAYLA)
    await flood(house, 12)
    before, listed = await house.counts(), await names_listed(house)
    browser = await owner(house)
    await choose(browser, name="test*", act="invalidate", reason="not-a-person")
    await go(browser, "start")
    await run(house)
    counts = await house.counts()
    assert (counts["total"], counts["removed"]["invalidated"]) == (1, 12)
    assert "Test Person" not in await names_listed(house)
    await browser.get(str(browser.page.url.path))
    await go(browser, "undo")
    await run(house)
    await house.parts.relisting.settled(batch_of(browser))
    after = await house.counts()
    assert {**after, "ledger_size": 0, "as_of": ""} == {**before, "ledger_size": 0, "as_of": ""}
    assert await names_listed(house) == listed
    await browser.get(str(browser.page.url.path))
    assert "12" in browser.text.split("Undone")[2] if browser.text.count("Undone") > 1 else "Undone" in browser.text
    await restated(house)


@pytest.mark.parametrize(
    ("act", "typed"),
    [
        ("verify", {}),
        ("verify", {"category_to": "coalition"}),
        ("move", {"category_to": "activists"}),
        ("hide", {}),
        ("invalidate", {"reason": "duplicate"}),
        ("reject", {"reason": "other"}),
    ],
)
async def test_every_act_by_rule_leaves_what_its_single_act_leaves_and_goes_back(
    house: House, act: str, typed: dict[str, str]
) -> None:
    first, second = await flood(house, 2, confirmed=act != "reject")
    desk = Desk(house)
    before = await desk.row(first)
    single = {"category": typed.get("category_to")} if act in ("verify", "move") else {}
    if "reason" in typed:
        single = {"reason": typed["reason"]}
    await desk.do(act, second, **single)
    browser = await owner(house)
    await choose(browser, domain="flood.example", act=act, **typed)
    assert "1 signature" in browser.text
    await go(browser, "start")
    await run(house)
    one, many = await desk.row(second), await desk.row(first)
    for name in ("state", "reason", "counted_as", "verified", "hidden", "acts"):
        assert getattr(one, name) == getattr(many, name), name
    await desk.holds()
    await browser.get(str(browser.page.url.path))
    await go(browser, "undo")
    await run(house)
    await house.parts.relisting.settled(batch_of(browser))
    after = await desk.row(first)
    for name in ("state", "reason", "counted_as", "verified", "hidden"):
        assert getattr(after, name) == getattr(before, name), name
    if act != "reject":
        assert await desk.shown(first) == fake(0).full_name
    await desk.holds()


async def test_more_than_a_few_wait_until_a_second_owner_agrees(house: House) -> None:
    await flood(house, 3)
    first, second = await owner(house), await owner(house, "omar@example.org")
    await choose(first, domain="flood.example", act="invalidate", reason="not-a-person")
    assert "need a second pair of eyes" in first.text
    await go(first, "start")
    assert "Another owner has to agree" in first.text
    await run(house)
    assert (await house.counts())["total"] == 3
    await second.get()
    assert "Waiting for a second owner" in second.text
    await second.get(f"{HERE}/{batch_of(first).hex()}")
    await go(second, "approve")
    await run(house)
    assert (await house.counts())["total"] == 0
    await first.get(f"{HERE}/{batch_of(first).hex()}")
    assert "omar@example.org" in first.text


async def test_whoever_asked_cannot_agree_and_a_declined_one_does_nothing(house: House) -> None:
    await flood(house, 3)
    first, second = await owner(house), await owner(house, "omar@example.org")
    await choose(first, domain="flood.example", act="hide")
    await go(first, "start")
    csrf = dict(re.findall(r'name="(csrf)" value="([^"]+)"', first.page.text))
    refused = await first.http.post(f"/organizer/en{HERE}/{batch_of(first).hex()}/approve", data=csrf)
    assert refused.status_code == 403
    assert "second owner" in refused.text
    await second.get(f"{HERE}/{batch_of(first).hex()}")
    await go(second, "decline")
    assert "Declined" in second.text
    await run(house)
    assert "Test Person" in await names_listed(house)


async def test_a_single_owner_is_told_that_a_second_pair_of_eyes_is_missing(house: House) -> None:
    await flood(house, 3)
    browser = await owner(house)
    await choose(browser, domain="flood.example", act="invalidate", reason="not-a-person")
    assert "A second pair of eyes is missing." in browser.text
    await go(browser, "start")
    await run(house)
    assert (await house.counts())["total"] == 0


async def test_a_verifier_asks_and_the_only_owner_agrees(house: House) -> None:
    await flood(house, 3)
    boss, verifier = await owner(house), await owner(house, "vera@example.org", role=VERIFIER)
    await choose(verifier, domain="flood.example", act="invalidate", reason="not-a-person")
    await go(verifier, "start")
    assert "Another owner has to agree" in verifier.text
    await boss.get(f"{HERE}/{batch_of(verifier).hex()}")
    await go(boss, "approve")
    await run(house)
    assert (await house.counts())["total"] == 0


async def test_a_verifier_of_one_category_reaches_no_other_by_a_rule(house: House) -> None:
    journalist = await house.confirmed(fake(1), category="journalists")
    other = await house.confirmed(fake(2))
    petition = house.parts.hub.any_petition(SLUG)
    browser = Browser(house)
    limited = Grant(petition.id, VERIFIER, ("journalists",))
    await browser.sign_in(await account(house, "vera@example.org", limited))
    await choose(browser, domain="flood.example", act="verify")
    assert "1 signature" in browser.text
    await go(browser, "start")
    await run(house)
    desk = Desk(house)
    assert (await desk.row(journalist)).verified
    assert not (await desk.row(other)).verified
    await browser.get(f"{HERE}/new")
    await browser.send("/batches", domain="flood.example", act="move", category_to="coalition")
    assert browser.page.status_code == 422


async def test_what_somebody_changed_meanwhile_is_left_alone_in_both_directions(house: House) -> None:
    links = await flood(house, 6)
    desk, browser = Desk(house), await owner(house)
    await choose(browser, domain="flood.example", act="invalidate", reason="not-a-person")
    await desk.do("verify", links[0])
    await house.post(links[1], "withdraw")
    await go(browser, "start")
    await run(house)
    assert [(await desk.row(link)).state for link in links] == ["confirmed", "withdrawn", *["invalidated"] * 4]
    await desk.do("restore", links[2], record=await desk.record(links[2]))
    await browser.get(str(browser.page.url.path))
    await go(browser, "undo")
    await run(house)
    row = await desk.row(links[2])
    assert (row.state, row.acts) == ("confirmed", 3)
    assert [(await desk.row(link)).state for link in links] == ["confirmed", "withdrawn", *["confirmed"] * 4]
    await restated(house)


async def test_killed_between_any_two_steps_it_goes_on_to_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await flood(house, 7)
    monkeypatch.setattr(batches, "STEP", 2)
    browser = await owner(house)
    await choose(browser, domain="flood.example", act="invalidate", reason="not-a-person")
    await go(browser, "start")
    note, calls = counting.note, 0

    async def dies(*args: object, **more: object) -> None:
        nonlocal calls
        calls += 1
        await note(*args, **more)  # type: ignore[arg-type]
        if calls % 2:
            raise RuntimeError("killed")

    monkeypatch.setattr(counting, "note", dies)
    for _ in range(20):
        try:
            if not await house.worker.batches():
                break
        except RuntimeError:
            await restated(house)
    monkeypatch.undo()
    await run(house)
    counts = await house.counts()
    assert (counts["total"], counts["removed"]["invalidated"]) == (0, 7)
    await restated(house)


async def test_stopped_midway_what_is_done_can_be_undone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await flood(house, 6)
    monkeypatch.setattr(batches, "STEP", 2)
    browser = await owner(house)
    await choose(browser, domain="flood.example", act="invalidate", reason="not-a-person")
    await go(browser, "start")
    await house.worker.batches()
    await browser.get(str(browser.page.url.path))
    assert "2 of 6" in browser.text
    await go(browser, "cancel")
    await run(house)
    assert (await house.counts())["total"] == 4
    await go(browser, "undo")
    await run(house)
    assert (await house.counts())["total"] == 6
    await restated(house)


async def test_a_batch_leaves_one_audit_entry_a_mark_on_each_signature_and_a_filter(house: House) -> None:
    links = await flood(house, 3)
    browser = await owner(house)
    await choose(browser, domain="flood.example", act="invalidate", reason="duplicate")
    await go(browser, "start")
    await run(house)
    batch, desk = batch_of(browser), Desk(house)
    lines = [line for line in await desk.audited() if line.verb.startswith(("batch:", "signature:"))]
    assert [(line.verb, line.subject, line.facts["number"]) for line in lines] == [("batch:start", batch, 3)]
    row = await desk.row(links[0])
    await browser.get(f"/petitions/{SLUG}/signatures/{row.id.hex()}")
    assert batch.hex() in browser.page.text
    await house.confirmed(LAYLA)
    await browser.get(f"/petitions/{SLUG}/queue?batch={batch.hex()}")
    assert "bot2@flood.example" in browser.text
    assert LAYLA.full_name not in browser.text


async def test_what_comes_later_is_not_among_what_was_chosen(house: House) -> None:
    await flood(house, 2)
    browser = await owner(house)
    await choose(browser, domain="flood.example", act="invalidate", reason="duplicate")
    await house.confirmed(fake(5))
    await go(browser, "start")
    await run(house)
    assert (await house.counts())["total"] == 1


async def test_an_address_that_counts_again_keeps_an_undone_batch_from_counting_it_twice(house: House) -> None:
    links = await flood(house, 2)
    browser = await owner(house)
    await choose(browser, domain="flood.example", act="invalidate", reason="duplicate")
    await go(browser, "start")
    await run(house)
    await house.confirmed(fake(0))
    await browser.get(str(browser.page.url.path))
    await go(browser, "undo")
    await run(house)
    desk = Desk(house)
    assert [(await desk.row(link)).state for link in links] == ["invalidated", "confirmed"]
    assert (await house.counts())["total"] == 2
    await restated(house)


async def test_bad_input_is_answered_with_what_was_typed(house: House) -> None:
    await flood(house, 1)
    browser = await owner(house)
    for typed, said in (
        ({"act": "hide"}, "at least one condition"),
        ({"act": "hide", "domain": "nowhere.example"}, "No signature fits"),
        ({"domain": "flood.example"}, "choose one of the options"),
        ({"act": "invalidate", "domain": "flood.example"}, "choose a reason"),
        ({"act": "move", "domain": "flood.example"}, "one of the categories"),
        ({"act": "hide", "domain": "flood"}, "not a mail domain"),
        ({"act": "hide", "burst": "zzz", "name": "Nobody"}, "eight signs"),
    ):
        await browser.get(f"{HERE}/new")
        await browser.send("/batches", **typed)
        assert browser.page.status_code == 422
        assert said in browser.text, typed
        for value in typed.values():
            assert value in browser.page.text
    async with house.parts.database.read() as connection:
        assert not (await connection.execute(select(tables.table(tables.Batch)))).all()


async def test_without_the_key_only_conditions_on_what_is_not_sealed_work(house: House) -> None:
    await flood(house, 2)
    browser = Browser(house)
    await browser.sign_in(await account(house, "olga@example.org", Grant(None, OWNER), with_keys=False))
    await browser.get(f"{HERE}/new")
    await browser.send("/batches", domain="flood.example", act="hide")
    assert browser.page.status_code == 422
    assert "do not have their key" in browser.text
    await choose(browser, category="independents", act="hide")
    assert "2 signatures" in browser.text
    assert "bot1@" not in browser.page.text


async def test_an_auditor_sees_batches_and_can_do_nothing(house: House) -> None:
    await flood(house, 1)
    browser, auditor = await owner(house), await owner(house, "audra@example.org", role=AUDITOR)
    await choose(browser, domain="flood.example", act="hide")
    batch = batch_of(browser).hex()
    assert (await auditor.get(f"{HERE}/{batch}")).status_code == 404
    await go(browser, "start")
    await auditor.get(f"{HERE}/{batch}")
    assert "<form" not in auditor.page.text.split("<main")[1]
    assert (await auditor.get(f"{HERE}/new")).status_code == 403


async def test_a_draft_is_its_authors_alone_and_gone_the_next_day(house: House) -> None:
    await flood(house, 1)
    browser, other = await owner(house), await owner(house, "omar@example.org")
    await choose(browser, domain="flood.example", act="hide")
    assert (await other.get(f"{HERE}/{batch_of(browser).hex()}")).status_code == 404
    await go(browser, "discard")
    assert "No rule has been used yet" in browser.text
    await choose(browser, domain="flood.example", act="hide")
    await house.next_day()
    async with house.parts.database.read() as connection:
        assert not (await connection.execute(select(tables.table(tables.BatchMember)))).all()


async def test_many_from_one_network_share_a_label_that_a_rule_can_use_and_the_overview_shows(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.parts.limiter, "_on", True)
    monkeypatch.setattr("petition.actions.limits.BURST_LEAST", 3)
    monkeypatch.setattr("petition.web.console.unusual.BURST_LEAST", 3)
    for number in range(7):
        assert (await house.sign(fake(number))).status_code == 303
    house.http = house.client("198.51.100.9")
    await house.sign(LAYLA)
    labels = [row.burst for row in await house.signatures()]
    assert sorted(map(str, labels)).count("None") == 4
    (label,) = {label for label in labels if label}
    browser = await owner(house)
    await browser.get()
    assert f"label {label}" in browser.text
    await browser.get(f"{HERE}/new?burst={label}")
    await browser.send("/batches", act="reject", reason="not-a-person")
    await browser.follow()
    assert "4 signatures" in browser.text


async def test_a_note_is_sealed_and_shown_to_colleagues_and_goes_with_the_signature(house: House) -> None:
    link = await house.confirmed(LAYLA)
    row, browser = await house.only_signature(), await owner(house)
    colleague = await owner(house, "vera@example.org", role=VERIFIER, lang="ar")
    here = f"/petitions/{SLUG}/signatures/{row.id.hex()}"
    await browser.get(here)
    await browser.send("/note", note="Called her <b>office</b>:\nit is really her.")
    await browser.follow()
    await colleague.get(here)
    assert "Called her &lt;b&gt;office&lt;/b&gt;" in colleague.page.text
    async with house.parts.database.read() as connection:
        (note,) = (await connection.execute(select(tables.table(tables.Note)))).all()
    assert b"office" not in note.sealed
    await browser.get(here)
    await browser.send("/note", note=" ")
    assert browser.page.status_code == 422
    await house.post(link, "erase")
    async with house.parts.database.read() as connection:
        assert not (await connection.execute(select(tables.table(tables.Note)))).all()
