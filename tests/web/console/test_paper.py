"""The intake desk: sheets typed line by line, by one person or two, handed in as an import, undone as a whole."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
from sqlalchemy import select

from petition.actions import audit, keeping
from petition.db import tables
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant
from tests.actions.desk import Desk
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import Browser, account
from tests.people import LAYLA
from tests.promises.markup import Page

HERE = f"/petitions/{SLUG}/paper"
SHEET = {"office": "مكتب حلب", "sheet": "17", "day": "2017-12-20", "evidence": "originals", "note": "Box 3"}
LINE = {"full_name": "سمير القاسم", "city": "حلب", "country": "SY", "category": "independents"}
TWICE = petition_text(second_entry=True)


async def signed_in(house: House, address: str = "nour@example.org", role: str = OWNER, **limits: Any) -> Browser:
    browser = Browser(house)
    await browser.sign_in(await account(house, address, Grant(None, role), **limits))
    return browser


async def begun(browser: Browser, **changes: str) -> str:
    """The address of a new batch."""
    await browser.get(HERE)
    await browser.send("/paper", **{**SHEET, **changes})
    await browser.follow()
    assert browser.page.status_code == 200, browser.text
    return str(browser.page.url.path)


def line_form(page: httpx.Response) -> str:
    (form,) = re.findall(r"<form[^>]* data-line>.*?</form>", page.text, re.DOTALL)
    return str(form)


def hidden(page: httpx.Response) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', line_form(page)))


async def typed(browser: Browser, desk: str, at: int | None = None, **fields: str) -> httpx.Response:
    """A line, as the form that is open there would send it."""
    await browser.get(desk + (f"?line={at}" if at else ""))
    browser.page = await browser.http.post(desk, data={**hidden(browser.page), **LINE, **fields})
    return await browser.follow()


async def moved(browser: Browser, desk: str, act: str) -> httpx.Response:
    await browser.get(desk)
    await browser.send(f"/{act}")
    return await browser.follow()


async def stored(house: House) -> list[Any]:
    async with house.parts.database.read() as connection:
        return list((await connection.execute(select(tables.table(tables.PaperLine)))).mappings())


async def test_a_sheet_is_typed_handed_in_counted_as_paper_and_undone(house: House) -> None:
    browser = await signed_in(house)
    desk = await begun(browser)
    assert "Line 1" in browser.text
    assert "autofocus" in line_form(browser.page)
    await typed(browser, desk)
    assert "Line 1 is kept" in browser.text
    assert "Line 2" in browser.text
    # What lines of one sheet have in common stands in the next one; who it is does not.
    form = line_form(browser.page)
    assert 'value="حلب"' in form
    assert '<option value="SY" selected' in form
    assert "القاسم" not in form
    await typed(browser, desk, full_name="Hala  Zein ", category="journalists", email="hala@example.org")
    await typed(browser, desk, at=2, full_name="Hala Zein-Eddin", category="journalists", email="hala@example.org")
    assert "Hala Zein-Eddin" in browser.text
    assert (await house.counts())["total"] == 0, "nothing counts before it is handed in"
    rows = await stored(house)
    assert len(rows) == 2
    for row in rows:
        assert not any(word in bytes(row["first"]) for word in (b"Zein", "القاسم".encode(), b"hala"))
    await moved(browser, desk, "hand-in")
    assert "2 signatures were handed in" in browser.text
    await house.fold()
    counts = await house.counts()
    assert (counts["total"], counts["by_method"]["paper"], counts["awaiting_verification"]) == (2, 2, 1)
    assert await stored(house) == [], "what counts is kept once"
    signed = {str(row.signed_on) for row in await house.signatures()}
    assert signed == {"2017-12-20"}
    assert "17" in (await browser.get(HERE)).text
    assert "Handed in" in browser.text
    await browser.get(f"/petitions/{SLUG}/queue")
    assert "Hala Zein-Eddin" in browser.text
    await moved(browser, desk, "undo")
    await house.fold()
    assert (await house.counts())["total"] == 0
    assert "Undone" in browser.text
    assert all(row.sealed is None and row.identity is None for row in await house.signatures())
    await Desk(house).holds()
    await browser.get("/audit")
    for did in ("began a batch from paper", "imported a list", "took an imported list back"):
        assert did in browser.text


async def test_a_line_obeys_the_rules_of_every_door_and_nothing_typed_is_lost(house: House) -> None:
    browser = await signed_in(house)
    page = await browser.get(HERE)
    await browser.send("/paper", office="", day="2999-01-01", evidence="hearsay", note="Box 3")
    assert browser.page.status_code == 422
    assert "3 things need your attention" in browser.text
    assert 'value="Box 3"' in browser.page.text
    # A phone's keyboard leaves marks that nobody sees; those that turn a line round are named.
    page = await browser.http.post(
        f"/organizer/en{HERE}", data={**SHEET, "csrf": csrf_of(browser), "office": "\u202eA", "note": "\u2067B"}
    )
    assert page.text.count("can turn the order of letters round") == 4
    desk = await begun(browser, office="مكتب\u200f حلب", sheet="می\u200cخواهیم", note="👩\u200d👧 ✌\ufe0f")
    assert "می\u200cخواهیم" in browser.page.text
    page = await typed(browser, desk, full_name="<b>x</b>", country="", email="no address", category="")
    assert page.status_code == 422
    assert "4 things need your attention" in browser.text
    assert "no address" in page.text
    assert page.text.count('aria-invalid="true"') == 4
    assert page.text.count("autofocus") == 1, "at the first of them"
    assert await stored(house) == []
    # The same form sent twice is one line; the same number by a colleague is told, and what was typed comes back.
    await browser.get(desk)
    form = hidden(browser.page)
    for _ in range(2):
        assert (await browser.http.post(desk, data={**form, **LINE})).status_code == 303
    assert len(await stored(house)) == 1
    late = await browser.http.post(desk, data={**form, **LINE, "full_name": "Rami Saleh"})
    assert late.status_code == 409
    assert 'value="Rami Saleh"' in late.text
    assert hidden(late)["number"] == "2"
    # That a line is not on the sheet is for whoever types it again to say: from elsewhere nothing is kept of it.
    absent = await browser.http.post(desk, data={**form, **LINE, "number": "2", "act": "absent"})
    assert absent.status_code == 409
    assert len(await stored(house)) == 1
    assert (await browser.get(desk)).status_code == 200
    # Nor is anything lost when the petition takes no lists meanwhile.
    await house.apply(petition_text(status="archived"))
    late = await browser.http.post(desk, data={**form, **LINE, "number": "2", "full_name": "Rami Saleh"})
    assert late.status_code == 409
    assert 'value="Rami Saleh"' in late.text
    assert len(await stored(house)) == 1


async def test_who_cannot_count_is_told_while_typing_and_left_on_the_desk(house: House) -> None:
    await house.confirmed(LAYLA)
    gone = await house.confirmed(LAYLA.__class__("Omar Najjar", "omar@example.org"))
    await house.post(gone, "withdraw", sure="yes")
    browser = await signed_in(house)
    desk = await begun(browser)
    await typed(browser, desk, full_name="Layla Haddad", email=LAYLA.email)
    assert "This person counts already" in browser.text
    await typed(browser, desk, full_name="Omar Najjar", email="omar@example.org")
    assert "is not brought back by a list" in browser.text
    await typed(browser, desk)
    await typed(browser, desk)
    assert "already stands in an earlier row" in browser.text or "row 3" in browser.text
    await moved(browser, desk, "hand-in")
    assert "1 signature was handed in" in browser.text
    assert "correct it or drop it" in browser.text
    await house.fold()
    assert (await house.counts())["by_method"]["paper"] == 1
    await typed(browser, desk, at=4, reference="son of Ali")
    await moved(browser, desk, "hand-in")
    await moved(browser, desk, "drop")
    await house.fold()
    assert (await house.counts())["by_method"]["paper"] == 2
    assert await stored(house) == []
    await moved(browser, desk, "undo")
    await house.fold()
    assert (await house.counts())["total"] == 1
    await Desk(house).holds()


async def test_where_it_is_asked_for_another_person_types_it_again_and_what_differs_is_settled(house: House) -> None:
    await house.apply(TWICE)
    first, second = await signed_in(house), await signed_in(house, "sami@example.org", VERIFIER)
    desk = await begun(first)
    for name in ("Rami Saleh", "Hala Zein", "Nour Attar", "Not There"):
        await typed(first, desk, full_name=name)
    assert "/hand-in" not in first.page.text
    await moved(first, desk, "hand-over")
    assert "4 lines wait for somebody else" in first.text
    assert "data-line" not in first.page.text
    assert "Rami" not in (await second.get(desk)).text, "who types again is not shown what was typed"
    own = await first.http.post(desk, data={**hidden(second.page), **LINE, "csrf": csrf_of(first)})
    assert own.status_code == 403
    await typed(second, desk, full_name="Rami  Saleh")
    await typed(second, desk, full_name="Hala Zain", city="إدلب")
    await typed(second, desk, full_name="Nour Attar")
    await typed(second, desk, act="absent")
    assert "Both agree" in second.text
    assert "data-line" not in second.page.text
    asked = {**hidden(await second.get(f"{desk}?line=5")), **LINE, "csrf": csrf_of(second), "act": "absent"}
    for crafted in ({}, {"mode": "settle", "number": "2"}):
        assert (await second.http.post(desk, data={**asked, **crafted})).status_code == 409
        assert "None" not in (await second.get(desk)).text
    await typed(second, desk, at=5, full_name="Left Out")
    assert second.text.count("They differ") == 3
    assert "Once somebody has said for each line what holds" in second.text
    assert "/hand-in" not in second.page.text
    await second.get(f"{desk}?line=2")
    assert "First entry: Hala Zein" in second.text
    assert "Second entry: Hala Zain" in second.text
    assert second.page.text.count('class="both"') == 2, "the fields that differ"
    await typed(second, desk, at=2, full_name="Hala Zein")
    await typed(second, desk, at=4, act="drop-line")
    assert "Line 4 is dropped" in second.text
    await first.get(f"{desk}?line=5")
    assert "First entry: not on the sheet" in first.text
    await typed(first, desk, at=5, full_name="Left Out")
    await moved(first, desk, "hand-in")
    assert "4 signatures were handed in" in first.text
    await house.fold()
    assert (await house.counts())["by_method"]["paper"] == 4
    await first.get(f"/petitions/{SLUG}/queue")
    for name in ("Rami Saleh", "Hala Zein", "Nour Attar", "Left Out"):
        assert name in first.text
    assert "Zain" not in first.text
    await Desk(house).holds()


def csrf_of(browser: Browser) -> str:
    return re.findall(r'name="csrf" value="([^"]+)"', browser.page.text)[0]


async def test_handed_in_twice_at_once_it_counts_once(house: House) -> None:
    browser, other = await signed_in(house), House(house.settings)
    desk = await begun(browser)
    await typed(browser, desk)
    (form,) = [form for form in Page(browser.page.text).forms if form.action.endswith("/hand-in")]
    await other.start()
    other.clock.now = house.clock.now
    try:
        async with other.client() as elsewhere:
            elsewhere.cookies.update(browser.http.cookies)
            answers = await asyncio.gather(
                *(http.post(form.action, data=dict(form.fields)) for http in (browser.http, elsewhere, browser.http))
            )
    finally:
        await other.stop()
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409]
    await house.fold()
    assert (await house.counts())["total"] == 1
    await Desk(house).holds()


async def test_the_desk_is_for_whoever_may_take_in_lists_and_can_open_them(house: House) -> None:
    browser = await signed_in(house)
    desk = await begun(browser)
    await typed(browser, desk)
    petition = house.parts.hub.any_petition(SLUG)
    limited, auditor = Browser(house), Browser(house)
    await limited.sign_in(await account(house, "l@example.org", Grant(petition.id, VERIFIER, ("fsa",))))
    await auditor.sign_in(await account(house, "a@example.org", Grant(None, AUDITOR)))
    for other in (limited, auditor):
        for path in (HERE, desk):
            assert (await other.get(path)).status_code == 403
    keyless = Browser(house)
    await keyless.sign_in(await account(house, "k@example.org", Grant(None, VERIFIER), with_keys=False))
    page = await keyless.get(desk)
    assert page.status_code == 200
    assert "You cannot open the records yet" in keyless.text
    assert "القاسم" not in page.text
    assert "حلب" not in page.text + (await keyless.get(HERE)).text
    late = await keyless.http.post(desk, data={"csrf": csrf_of(keyless), **LINE, "number": "2", "mode": "first"})
    assert late.status_code == 409
    assert (await browser.get(f"{HERE}/{'0' * 32}")).status_code == 404


async def test_what_waits_ends_with_the_records(house: House) -> None:
    browser = await signed_in(house)
    desk = await begun(browser)
    await typed(browser, desk)
    petition, today = house.parts.hub.any_petition(SLUG), house.clock.now.date()
    async with house.parts.database.write() as tx:
        assert await keeping.purge(tx, petition.id, today=today) == 0
        assert await audit.broken(tx) is None
    assert await stored(house) == []
    async with house.parts.database.read() as connection:
        sources = (await connection.execute(select(tables.table(tables.PaperBatch).c.source))).scalars().all()
    assert sources == [None]
    assert (await browser.get(desk)).status_code == 200
    assert "Nothing of this batch is kept any more" in browser.text


async def test_owners_ask_for_a_second_entry_in_the_editor_and_the_file_says_so(house: House) -> None:
    browser = await signed_in(house)
    await browser.get(f"/petitions/{SLUG}/file")
    assert "second_entry" not in browser.page.text
    await browser.get(f"/petitions/{SLUG}/edit")
    await browser.send("/edit", second_entry="yes", act="save")
    await browser.follow()
    assert "Saved" in browser.text
    assert 'name="second_entry" value="yes" checked' in browser.page.text
    await browser.get(f"/petitions/{SLUG}/file")
    assert "second_entry = true" in browser.page.text
    assert (await house.apply(TWICE)).outcome == "unchanged"
    await begun(browser)
    await browser.get(HERE)
    assert "typed twice" in browser.text
