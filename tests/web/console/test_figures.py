"""The figures of a petition: how far people come, what waits for whom, mail that failed and what can be done."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import update

from petition.actions import audit
from petition.db import tables
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant
from petition.queries import funnel
from tests.actions.desk import Desk
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.mail.smtp import Postbox
from tests.organizers import Account, Browser, account
from tests.people import KARIM, LAYLA, OMAR, SALMA, someone
from tests.promises.markup import Page

Open = Callable[..., Awaitable[House]]
PAGE = f"/petitions/{SLUG}/figures"
STEPS = ("Attempted", "Mailed", "Confirmed", "Verified", "Removed")


async def inside(house: House, *grants: Grant, name: str = "nour", **changes: Any) -> tuple[Browser, Account]:
    who = await account(house, f"{name}@example.org", *(grants or (Grant(None, OWNER),)), **changes)
    browser = Browser(house)
    await browser.sign_in(who)
    return browser, who


def section(browser: Browser, begins: str, ends: str) -> str:
    return browser.text.partition(f" {begins} ")[2].partition(f" {ends} ")[0]


def row(browser: Browser, head: str) -> list[int]:
    """The numbers of the first table row that begins with this."""
    for found in re.findall(r"<tr>(.*?)(?=<tr>|</table>|<tbody>)", browser.page.text, re.DOTALL):
        words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found)).strip()
        if words.startswith(head):
            return [int(n) for n in words.removeprefix(head).split() if n.isdecimal()]
    raise AssertionError(f"no row {head} in {browser.text}")


async def later(house: House) -> None:
    """Long enough for kept numbers to be counted again."""
    await house.fold()
    house.clock.pass_(minutes=1)


async def test_each_step_is_counted_by_day_by_category_and_by_method(house: House) -> None:
    await house.confirmed(LAYLA)
    await house.signed(KARIM)
    omar = await house.confirmed(OMAR)
    await house.next_day()
    salma = await house.confirmed(SALMA)
    await Desk(house).do("verify", omar)
    await house.post(salma, "withdraw")
    await later(house)
    browser, _ = await inside(house)
    await browser.get(PAGE)
    assert [row(browser, step) for step in STEPS] == [[4], [4], [3], [1], [1]]
    assert row(browser, "27 December 2017") == [3, 3, 2, 0, 0]
    assert row(browser, "28 December 2017") == [1, 1, 1, 1, 1]
    assert row(browser, "Independents") == [2, 2, 1, 0, 0]
    assert row(browser, "Journalists") == [1, 1, 1, 1, 0]
    assert row(browser, "Activists") == [1, 1, 1, 0, 1]
    assert row(browser, "Confirmed by mail") == [4, 4, 3, 1, 1]


async def test_the_days_stay_when_rows_and_mails_are_gone(house: House) -> None:
    await house.confirmed(LAYLA)
    await house.signed(KARIM)
    gone = await house.confirmed(SALMA)
    await house.post(gone, "erase")
    await house.fold()
    await house.next_day(20)
    await later(house)
    browser, _ = await inside(house)
    await browser.get(PAGE)
    assert row(browser, "27 December 2017") == [3, 3, 2, 0, 1]


async def test_the_charts_are_pictures_with_words_and_a_table_and_no_script(house: House) -> None:
    await house.confirmed(LAYLA)
    for lang, told in (("en", "The most on one day: 1"), ("ar", "والأكثر في يوم واحد ١")):
        browser, _ = await inside(house, name=f"nour-{lang}")
        browser.at = f"/organizer/{lang}"
        await browser.get(PAGE)
        page = Page(browser.page.text)
        pictures = [e for e in page.elements if e.tag == "svg" and e.get("role") == "img"]
        assert len([p for p in pictures if told in (p.get("aria-label") or "")]) == 3
        assert not [e for e in page.elements if e.tag == "script" or e.get("style")]


async def test_an_empty_petition_says_what_will_be_here(house: House) -> None:
    browser, _ = await inside(house)
    page = await browser.get(PAGE)
    assert page.status_code == 200
    assert "Nobody has signed yet" in browser.text
    assert "Nothing awaits verification" in browser.text


async def test_what_awaits_is_shown_with_whoever_looks_after_it(house: House) -> None:
    mine = house.parts.hub.any_petition(SLUG).id
    await house.confirmed(OMAR)
    await house.confirmed(someone(1, category="fsa"))
    await house.confirmed(someone(2, category="fsa"))
    await account(house, "sami@example.org", Grant(mine, VERIFIER, ("journalists",)))
    await account(house, "huda@example.org", Grant(mine, VERIFIER, ("journalists", "coalition")), with_keys=False)
    await account(house, "aida@example.org", Grant(mine, AUDITOR))
    browser, _ = await inside(house)
    await browser.get(PAGE)
    waits = section(browser, "What waits for whom", "Mail")
    fsa, journalists = waits.split("Journalists")
    assert "FSA commanders 2" in fsa
    assert "nour@example.org" in fsa
    assert journalists.strip().startswith("1")
    assert "sami@example.org" in journalists
    assert "huda@example.org lacks the key" in journalists
    assert "Without the key" in journalists
    assert "aida@example.org" not in waits
    assert 'href="/organizer/en/team"' in browser.page.text


async def test_records_that_nobody_can_open_are_told(house: House) -> None:
    await house.confirmed(LAYLA)
    browser, _ = await inside(house, with_keys=False)
    await browser.get(PAGE)
    assert "1 record cannot be opened by any organizer" in browser.text


async def test_a_verifier_of_one_category_sees_its_numbers_alone(house: House) -> None:
    mine = house.parts.hub.any_petition(SLUG).id
    for person in (LAYLA, OMAR, SALMA):
        await house.confirmed(person)
    browser, _ = await inside(house, Grant(mine, VERIFIER, ("journalists",)))
    await browser.get(PAGE)
    assert row(browser, "Attempted") == [1]
    assert row(browser, "27 December 2017") == [1, 1, 1]
    assert row(browser, "Journalists") == [1, 1, 1, 0, 0]
    assert "Only the categories that you look after" in browser.text
    await browser.get("")
    assert "So far: 1 attempted, 1 mailed, 1 confirmed, 0 verified" in browser.text


async def test_the_overview_shows_the_essentials(open_house: Open) -> None:
    house = await open_house(petition_text(milestones=[1, 2]))
    day = house.clock.now.date()
    await house.apply(petition_text(milestones=[1, 2], closes_at=f"{day}T23:00:00Z"))
    await house.confirmed(LAYLA)
    await house.confirmed(OMAR)
    browser, _ = await inside(house)
    await browser.get("")
    for said in (
        "So far: 2 attempted, 2 mailed, 2 confirmed, 0 verified.",
        "Milestone 2 was reached on 27 December 2017.",
        "The records will be destroyed on 26 January 2018.",
    ):
        assert said in browser.text, said
    assert f'href="/organizer/en{PAGE}"' in browser.page.text
    await browser.get(PAGE)
    assert "1 reached on 27 December 2017" in browser.text


async def test_numbers_are_counted_once_for_several_looks(house: House) -> None:
    await house.confirmed(LAYLA)
    browser, _ = await inside(house)
    await browser.get(PAGE)
    await house.confirmed(KARIM)
    asked, counted = 0, funnel.numbers

    async def counting(*given: Any) -> Any:
        nonlocal asked
        asked += 1
        return await counted(*given)

    funnel.numbers = counting
    try:
        await browser.get(PAGE)
        await browser.get("")
        assert (asked, row(await _at(browser, PAGE), "Attempted")) == (0, [1])
        house.clock.pass_(seconds=6)
        assert row(await _at(browser, PAGE), "Attempted") == [2]
        assert asked == 1
    finally:
        funnel.numbers = counted


async def _at(browser: Browser, path: str) -> Browser:
    await browser.get(path)
    return browser


async def refused(house: House, postbox: Postbox, *people: Any) -> None:
    """They sign, and their mail is refused for good."""
    postbox.answer = lambda _: "550 5.1.1 no such mailbox"
    for person in people:
        assert (await house.sign(person)).status_code == 303
    await house.deliver()
    postbox.answer = lambda _: None


async def test_refused_mail_is_a_number_by_the_day_and_names_nobody(open_house: Open) -> None:
    with Postbox() as postbox:
        house = await open_house(smtp_url=postbox.url)
        await refused(house, postbox, LAYLA, OMAR)
        await house.next_day()
        await refused(house, postbox, KARIM)
        browser, _ = await inside(house)
        await browser.get("")
        assert "3 people wait for a mail that was refused for good." in browser.text
        await browser.get(PAGE)
        mail = section(browser, "Refused for good", "Milestones")
        assert "28 December 2017 1 27 December 2017 2" in mail
        assert row(browser, "Mailed") == [0]
        for person in (LAYLA, OMAR, KARIM):
            assert person.email not in browser.page.text
            assert person.full_name not in browser.page.text
        links = re.findall(r'href="(/organizer/en/petitions/[^"]*/signatures/[0-9a-f]{32})"', browser.page.text)
        assert len(links) == 3
        assert (await browser.get(links[0])).status_code == 200


async def test_the_link_of_a_refused_mail_opens_nothing_once_another_was_sent(open_house: Open) -> None:
    """Whoever refused it has read it all the same."""
    with Postbox() as postbox:
        house = await open_house(smtp_url=postbox.url)
        postbox.at_the_end = lambda: "552 5.2.2 mailbox full"
        await house.sign(LAYLA)
        await house.deliver()
        postbox.at_the_end = lambda: None
        (refused,) = postbox.thrown_away
        browser, _ = await inside(house)
        await browser.get(PAGE)
        assert (await browser.send("/figures/mail")).status_code == 303
        await house.deliver()
        (sent,) = postbox.mails
        assert LAYLA.full_name not in (await house.http.get(refused.link)).text
        for act in ("confirm", "deny", "erase"):
            await house.post(refused.link, act, agree="yes")
        assert [row.state for row in await house.signatures()] == ["pending"]
        assert (await house.post(sent.link, "confirm", agree="yes")).status_code == 303
        assert [row.state for row in await house.signatures()] == ["confirmed"]


async def test_those_who_were_refused_can_be_written_to_again_under_a_new_link(open_house: Open) -> None:
    with Postbox() as postbox:
        house = await open_house(smtp_url=postbox.url)
        await refused(house, postbox, LAYLA, OMAR)
        await house.sign(KARIM)
        await house.deliver()
        before = {row.id: row for row in await house.signatures()}
        browser, _ = await inside(house)
        await browser.get(PAGE)
        page = await browser.send("/figures/mail")
        assert page.status_code == 303
        await browser.follow()
        assert "The mails are on their way again." in browser.text
        assert "2 mails wait to be sent" in browser.text
        await house.deliver()
        assert sorted(mail.to for mail in postbox.mails) == sorted(p.email for p in (KARIM, LAYLA, OMAR))
        assert sum(before[r.id].token_hash != r.token_hash for r in await house.signatures()) == 2
        for mail in postbox.mails:
            own = await house.http.get(mail.link)
            assert mail.to in own.text, "the copy opens under the new link"
            assert (await house.post(mail.link, "confirm", agree="yes")).status_code == 303
        await house.fold()
        assert (await house.counts())["total"] == 3
        async with house.parts.database.read() as connection:
            assert await audit.broken(connection) is None
        await browser.get("/audit?group=petition")
        assert "sent refused mails again" in browser.text
        assert LAYLA.email not in browser.page.text
        await later(house)
        await browser.get(PAGE)
        assert [row(browser, step) for step in STEPS[:3]] == [[3], [3], [3]]
        assert "wait for a mail that was refused" not in browser.text


async def test_a_record_that_is_not_the_one_that_was_signed_is_written_to_nobody(open_house: Open) -> None:
    """Whoever can write to the database swaps two records, to have somebody's link sent to themselves."""
    with Postbox() as postbox:
        house = await open_house(smtp_url=postbox.url)
        await refused(house, postbox, LAYLA, OMAR)
        one, other = await house.signatures()
        rows = tables.table(tables.Signature)
        async with house.parts.database.write() as tx:
            for row, sealed in ((one, other.sealed), (other, one.sealed)):
                await tx.execute(update(rows).where(rows.c.id == row.id).values(sealed=sealed))
        browser, _ = await inside(house)
        await browser.get(PAGE)
        await browser.send("/figures/mail")
        await browser.follow()
        assert "No mail was sent again" in browser.text
        await house.deliver()
        assert postbox.mails == []


async def test_writing_again_keeps_to_ones_categories_and_to_those_who_may_act(open_house: Open) -> None:
    with Postbox() as postbox:
        house = await open_house(smtp_url=postbox.url)
        mine = house.parts.hub.any_petition(SLUG).id
        await refused(house, postbox, LAYLA, OMAR)
        auditor, _ = await inside(house, Grant(mine, AUDITOR), name="aida")
        await auditor.get(PAGE)
        assert not [form for form in Page(auditor.page.text).forms if form.action.endswith("/mail")]
        form = dict(Page(auditor.page.text).forms[0].fields)
        assert (await auditor.http.post(auditor.at + PAGE + "/mail", data=form)).status_code == 403
        blind, _ = await inside(house, Grant(mine, VERIFIER), name="huda", with_keys=False)
        await blind.get(PAGE)
        form = dict(Page(blind.page.text).forms[0].fields)
        assert (await blind.http.post(blind.at + PAGE + "/mail", data=form)).status_code == 409
        limited, _ = await inside(house, Grant(mine, VERIFIER, ("journalists",)), name="sami")
        await limited.get(PAGE)
        assert "1 person waits for a mail" in limited.text
        await limited.send("/figures/mail")
        await house.deliver()
        assert [mail.to for mail in postbox.mails] == [OMAR.email]


async def test_writing_again_asks_for_a_fresh_code_and_holds_to_the_mail_budget(open_house: Open) -> None:
    with Postbox() as postbox:
        house = await open_house(smtp_url=postbox.url, limits="on")
        await refused(house, postbox, LAYLA)
        browser, who = await inside(house)
        for turn in range(3):
            house.clock.pass_(minutes=11)
            postbox.answer = lambda _: "550 still not"
            await browser.get(PAGE)
            if turn == 2:
                assert "wait for a mail that was refused" not in browser.text, (
                    "over its budget it is dropped, not failed"
                )
                break
            await browser.send("/figures/mail")
            assert "code from your authenticator" in browser.text
            await browser.send("/prove", code=browser.code(who))
            await browser.send("/figures/mail")
            assert browser.page.status_code == 303
            await house.deliver()
        assert postbox.asked == [LAYLA.email] * 2


async def test_another_petitions_figures_are_not_there(house: House) -> None:
    await house.apply(petition_text(slug="another-statement"))
    other = house.parts.hub.any_petition("another-statement").id
    browser, _ = await inside(house, Grant(other, OWNER))
    assert (await browser.get(PAGE)).status_code == 404
    await browser.get("/petitions/another-statement/figures")
    form = dict(Page(browser.page.text).forms[0].fields)
    assert (await browser.http.post(browser.at + PAGE + "/mail", data=form)).status_code == 404
