"""The audit: found again by who, what and when; taken away as a file that others can check; followed without end."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from petition.actions import audit, organizers
from petition.actions.audit import Act
from petition.db import tables
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Actor, Grant
from petition.queries.audit import GROUPS
from petition.web.console import audits, memory
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import Account, Browser, account
from tests.people import LAYLA
from tests.promises.markup import Page

OTHER = "another-statement"
ENTRIES = tables.table(tables.AuditEntry)


async def inside(house: House, *grants: Grant, name: str = "nour") -> tuple[Browser, Account]:
    who = await account(house, f"{name}@example.org", *(grants or (Grant(None, OWNER),)))
    browser = Browser(house)
    await browser.sign_in(who)
    return browser, who


async def acted(house: House, *acts: Act) -> None:
    async with house.parts.database.write() as tx:
        await audit.record(tx, *acts, today=house.clock.now.date())


async def all_entries(house: House) -> list[Any]:
    async with house.parts.database.read() as connection:
        return list(await connection.execute(select(ENTRIES).order_by(ENTRIES.c.number)))


def numbers(browser: Browser) -> list[int]:
    """Of the entries on this page."""
    cells = browser.page.text.split('<th scope="row">')[1:]
    return [int(cell.partition("<")[0].replace(",", "")) for cell in cells]


async def take(browser: Browser, kind: str, **typed: str) -> httpx.Response:
    return await browser.send("/audit/export", format=kind, **typed)


async def test_entries_are_found_by_who_by_statement_by_what_and_by_day(house: House) -> None:
    await house.apply(petition_text(slug=OTHER))
    mine, theirs = (house.parts.hub.any_petition(slug).id for slug in (SLUG, OTHER))
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    sami = await account(house, "sami@example.org", Grant(mine, VERIFIER))
    await house.next_day()
    await acted(house, Act("record:open", sami.id, mine), Act("signature:verify", nour.id, theirs, b"t" * 16))
    await house.next_day()
    await acted(house, Act("records:list", sami.id, mine), Act("petition:purge", None, theirs), Act("odd:act", nour.id))
    browser = Browser(house)
    await browser.sign_in(nour)
    every = {row.number: row for row in await all_entries(house)}
    for chosen, fits in (
        (f"organizer={sami.id.hex()}", lambda row: row.organizer_id == sami.id),
        ("organizer=operator", lambda row: row.organizer_id is None),
        (f"petition={OTHER}", lambda row: row.petition_id == theirs),
        ("group=seen", lambda row: row.verb.startswith(("record:", "records:"))),
        ("group=rest", lambda row: row.verb == "odd:act"),
        ("since=2017-12-28&until=2017-12-28", lambda row: str(row.day) == "2017-12-28"),
        ("since=2017-12-29", lambda row: str(row.day) >= "2017-12-29"),
        ("until=2017-12-27", lambda row: str(row.day) <= "2017-12-27"),
        (f"organizer={sami.id.hex()}&group=seen&until=2017-12-28", lambda row: row.verb == "record:open"),
    ):
        await browser.get(f"{browser.at}/audit?{chosen}")
        wanted = sorted((n for n, row in every.items() if fits(row)), reverse=True)
        assert wanted, chosen
        assert numbers(browser) == wanted, chosen
    groups = [g for g in (*GROUPS, "rest") if (await browser.get(f"{browser.at}/audit?group={g}")).status_code == 200]
    assert len(groups) == len(GROUPS) + 1


async def test_what_was_chosen_stays_chosen_and_can_be_left(house: House) -> None:
    browser, nour = await inside(house)
    await browser.get(f"{browser.at}/audit?organizer={nour.id.hex()}&group=batches&since=2017-12-01")
    assert "No entry fits what you chose." in browser.text
    form = next(form for form in Page(browser.page.text).forms if form.method.lower() == "get")
    assert dict(form.fields)["since"] == "2017-12-01"
    assert dict(form.fields)["group"] == "batches"
    assert dict(form.fields)["organizer"] == nour.id.hex()
    await browser.get("/audit")
    assert "signed in" in browser.text


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("since=soon", 422),
        ("until=2017-13-01", 422),
        ("organizer=nobody", 404),
        ("petition=nothing", 404),
        ("group=gossip", 404),
        ("before=9999999999999", 200),
        ("before=x", 200),
    ],
)
async def test_what_cannot_be_looked_for_is_told(house: House, asked: str, status: int) -> None:
    browser, _ = await inside(house)
    assert (await browser.get(f"{browser.at}/audit?{asked}")).status_code == status
    if status == 422:
        assert "Please give a date such as" in browser.text


async def test_pages_within_a_filter_leave_nothing_out_and_show_nothing_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audits, "PAGE", 3)
    mine = house.parts.hub.any_petition(SLUG).id
    browser, nour = await inside(house)
    await acted(house, *(Act(("record:open", "signature:pin")[n % 2], nour.id, mine, b"s" * 16) for n in range(12)))
    await browser.get("/audit?group=signatures")
    seen, pages = numbers(browser), 1
    while "before=" in browser.page.text:
        further = browser.page.text.partition('class="button quiet" href="')[2].partition('"')[0]
        await browser.get(further.replace("&amp;", "&"))
        seen, pages = seen + numbers(browser), pages + 1
    assert seen == [row.number for row in reversed(await all_entries(house)) if row.verb == "signature:pin"]
    assert pages == 2, "six entries fill two pages, and the last says so"


async def test_each_organizer_finds_what_they_may_see_and_nobody_elses_name(house: House) -> None:
    await house.apply(petition_text(slug=OTHER))
    mine, theirs = (house.parts.hub.any_petition(slug).id for slug in (SLUG, OTHER))
    stranger = await account(house, "stranger@example.org", Grant(theirs, OWNER))
    await acted(house, Act("record:open", stranger.id, theirs, b"t" * 16))
    browser, _ = await inside(house, Grant(mine, AUDITOR), name="aida")
    visible = {row.number for row in await all_entries(house) if row.petition_id == mine}
    await browser.get("/audit")
    assert set(numbers(browser)) == visible
    assert "stranger@example.org" not in browser.page.text
    await browser.get(f"{browser.at}/audit?organizer={stranger.id.hex()}")
    assert numbers(browser) == []
    assert (await browser.get(f"{browser.at}/audit?petition={OTHER}")).status_code == 404
    await browser.get("/audit")
    taken = (await take(browser, "json")).json()
    assert {told["entry"]["number"] for told in taken["entries"]} == visible | {len(await all_entries(house))}
    assert "stranger@example.org" not in browser.page.text
    await browser.get("/audit")
    assert (await take(browser, "csv", petition=OTHER)).status_code == 404


async def test_whoever_has_left_keeps_their_name_in_the_audit(house: House) -> None:
    browser, nour = await inside(house)
    sami = await account(house, "sami@example.org", Grant(None, VERIFIER))
    await acted(house, Act("signature:pin", sami.id, house.parts.hub.any_petition(SLUG).id, b"s" * 16))
    async with house.parts.database.write() as tx:
        await organizers.remove(tx, sami.id, by=Actor(nour.id, (Grant(None, OWNER),)), today=house.clock.now.date())
    await browser.get("/audit?group=signatures")
    assert "sami@example.org put at the head of the list" in browser.text


async def test_the_table_opens_in_a_spreadsheet_in_its_own_letters_and_as_text(house: House) -> None:
    mine = house.parts.hub.any_petition(SLUG).id
    sly = await account(house, "=1+1@example.org", Grant(mine, VERIFIER))
    await acted(house, Act("record:open", sly.id, mine, b"s" * 16, {"reason": "=cmd"}))
    who = await account(house, "nour@example.org", Grant(None, OWNER))
    browser = Browser(house, "ar")
    await browser.sign_in(who)
    await browser.get("/audit")
    answer = await take(browser, "csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-2017-12-27.csv"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert head[:4] == ["الرقم", "اليوم", "من", "ماذا"]
    opened = next(row for row in rows if row[7] == "record:open")
    assert opened[2] == "'=1+1@example.org"
    assert opened[3] == "فتح توقيعًا"
    assert opened[4:6] == [SLUG, (b"s" * 16).hex()]
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert [int(row[0]) for row in rows] == [row.number for row in reversed(await all_entries(house))]


async def test_a_stranger_can_check_the_chain_from_the_file_alone(house: House) -> None:
    await house.confirmed(LAYLA)
    browser, _ = await inside(house)
    await browser.get(f"/petitions/{SLUG}/queue")
    await browser.get("/audit")
    answer = await take(browser, "json")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-2017-12-27.json"'
    told = answer.json()["entries"]

    def holds(told: list[dict[str, Any]]) -> bool:
        """As the file says how, and with nothing of ours."""
        after: dict[str, Any] | None = None
        for one in told:
            plain = json.dumps(one["entry"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
            if hashlib.sha256(bytes.fromhex(one["head_before"]) + plain).hexdigest() != one["head"]:
                return False
            if after and after["entry"]["number"] == one["entry"]["number"] + 1 and after["head_before"] != one["head"]:
                return False
            after = one
        return told[-1]["entry"]["number"] != 1 or told[-1]["head_before"] == "0" * 64

    assert holds(told)
    assert [one["entry"]["number"] for one in told] == list(range(len(told), 0, -1))
    assert LAYLA.full_name not in answer.text
    for change in (
        lambda one: one["entry"].update(verb="record:close"),
        lambda one: one["entry"].update(number=99),
        lambda one: one.update(head="0" * 64),
        lambda one: one.update(head_before="0" * 64),
    ):
        forged = json.loads(answer.text)["entries"]
        change(forged[1])
        assert not holds(forged)


async def test_taking_it_away_asks_for_a_fresh_code_and_is_an_entry_for_everybody_it_is_about(house: House) -> None:
    mine = house.parts.hub.any_petition(SLUG).id
    browser, nour = await inside(house)
    reader, _ = await inside(house, Grant(mine, VERIFIER), name="sami")
    house.clock.pass_(minutes=11)
    await browser.get("/audit?group=access&since=2017-12-01")
    before = len(await all_entries(house))
    await take(browser, "json")
    assert "code from your authenticator" in browser.text
    assert len(await all_entries(house)) == before
    await browser.send("/prove", code=browser.code(nour))
    answer = await browser.send("/audit/export")
    assert {one["entry"]["verb"] for one in answer.json()["entries"]} == {"session:begin"}
    await reader.get("/audit?group=taken")
    assert "nour@example.org took the audit away as a file" in reader.text
    last = (await all_entries(house))[-1]
    assert last.facts == {"format": "json", "filter": {"group": "access", "since": "2017-12-01"}}


async def test_the_safety_switch_stops_exports(house: House) -> None:
    browser, _ = await inside(house)
    await browser.get(f"/petitions/{SLUG}/safety")
    await browser.send("/safety/on")
    await browser.get("/audit")
    before = len(await all_entries(house))
    answer = await take(browser, "csv")
    assert answer.status_code == 409
    assert "stops every export" in browser.text
    assert len(await all_entries(house)) == before


@pytest.mark.parametrize("typed", [{"format": "xls"}, {"format": ""}, {"since": "soon"}])
async def test_a_file_of_no_known_kind_is_refused(house: House, typed: dict[str, str]) -> None:
    browser, _ = await inside(house)
    await browser.get("/audit")
    answer = await browser.send("/audit/export", **{"format": "csv", **typed})
    assert answer.status_code == 422


async def test_a_long_audit_goes_out_in_pieces_and_whole(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audits, "PIECE", 5)
    browser, nour = await inside(house)
    await acted(house, *(Act("signature:pin", nour.id, house.parts.hub.any_petition(SLUG).id) for _ in range(23)))
    await browser.get("/audit")
    told = (await take(browser, "json")).json()["entries"]
    assert [one["entry"]["number"] for one in told] == list(range(len(await all_entries(house)), 0, -1))


async def test_the_chain_is_followed_once_and_then_only_what_is_new(house: House) -> None:
    browser, nour = await inside(house)
    followed: list[int] = []
    follow = audit.follow

    async def noted(connection: Any, since: audit.Link, **more: Any) -> audit.Followed:
        result = await follow(connection, since, **more)
        followed.append(result.link.number - since.number)
        return result

    memory.audit.follow = noted
    try:
        await browser.get("/audit")
        assert "The chain is unbroken." in browser.text
        first = len(await all_entries(house))
        await acted(house, Act("signature:pin", nour.id), Act("signature:unpin", nour.id))
        await browser.get("/audit")
        await browser.get("/audit")
    finally:
        memory.audit.follow = follow
    assert followed == [first, 2, 0]


@pytest.mark.parametrize("change", ["UPDATE audit SET verb = 'signature:pin'", "DELETE FROM audit"])
async def test_what_was_changed_after_it_was_followed_is_found(house: House, change: str) -> None:
    """The newest by the chain, what is shown by looking at it, the rest by the doctor."""
    browser, _ = await inside(house)
    await browser.get("/audit")
    assert "The chain is unbroken." in browser.text
    last = (await all_entries(house))[-1].number
    async with house.parts.database.write() as tx:
        await tx.execute(text(f"{change} WHERE number = {last - 1}"))
    await browser.get("/audit")
    assert "The chain is broken" in browser.text
    async with house.parts.database.read() as connection:
        assert await audit.broken(connection) == last - 1


async def test_an_audit_cut_off_at_its_end_is_found(house: House) -> None:
    browser, _ = await inside(house)
    await browser.get("/audit")
    last = (await all_entries(house))[-1].number
    async with house.parts.database.write() as tx:
        await tx.execute(text(f"DELETE FROM audit WHERE number = {last}"))
    await browser.get("/audit")
    assert "The chain is broken" in browser.text


async def test_while_a_long_chain_is_followed_the_page_says_how_far(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audits, "PATIENCE", 0.0)
    browser, _ = await inside(house)
    await browser.get("/audit")
    assert "still being followed: up to entry 0" in browser.text
    task = house.parts.chain._task
    if task is not None:
        await task
    monkeypatch.setattr(audits, "PATIENCE", 5.0)
    await browser.get("/audit")
    assert "The chain is unbroken." in browser.text


async def test_a_forged_form_takes_nothing_away(house: House) -> None:
    browser, _ = await inside(house)
    await browser.get("/audit")
    answer = await browser.http.post(browser.at + "/audit/export", data={"format": "csv", "csrf": "wrong"})
    assert "signature" not in answer.headers.get("content-disposition", "")
    assert "Nothing has been done yet" in answer.text
