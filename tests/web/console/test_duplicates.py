"""The review of duplicates: proposed with a reason, merged or told apart by a person, and all of it taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from petition.db import tables
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant
from tests.factories import SLUG
from tests.house import House
from tests.organizers import Account, Browser, account
from tests.people import LAYLA, someone
from tests.promises.markup import Form, Page
from tests.web.console.test_signatures import holds

ARABIC = replace(LAYLA, full_name="سلمى الدروبي", email="s.droubi77@example.org", city="حمص")
LATIN = replace(LAYLA, full_name="Salma Al-Droubi", email="s.droubi77@example.com", city="Homs")
OTHER = replace(LAYLA, full_name="Hassan Khoury", email="hassan.khoury61@example.org", city="Tartus")
AGAIN = replace(LAYLA, full_name="حسن خوري", email="hassan.khoury61@example.com", city="طرطوس")


async def signed_in(house: House, who: Account, lang: str = "en") -> Browser:
    browser = Browser(house, lang)
    await browser.sign_in(who)
    await browser.follow()
    return browser


async def the_owner(house: House) -> Browser:
    return await signed_in(house, await account(house, "nour@example.org", Grant(None, OWNER)))


def here(of: str = "") -> str:
    return f"/petitions/{SLUG}/duplicates{of}"


async def rows_of(house: House) -> list[Any]:
    rows = [(row.state, row.counted_as or "", row.verified, row.shown_name or "") for row in await house.signatures()]
    return sorted(rows)


async def open_first(browser: Browser) -> None:
    """From the list to the first proposal."""
    await browser.get(here())
    links = [link for link in Page(browser.page.text).links if "/duplicates/" in link and "decided" not in link]
    assert links, browser.page.text
    await browser.get(links[0])


def form_to(browser: Browser, action: str) -> Form:
    return next(form for form in Page(browser.page.text).forms if form.action.endswith(action))


def ticks(browser: Browser) -> dict[str, str]:
    """What the proposal's form sends as it is: everybody ticked."""
    return dict(form_to(browser, "/merge").fields)


async def send(browser: Browser, of: str, typed: dict[str, str]) -> None:
    browser.page = await browser.http.post(browser.at + here(of), data=typed)


async def test_one_person_in_two_scripts_is_proposed_with_the_reason(house: House) -> None:
    for who in (ARABIC, LATIN, OTHER):
        await house.confirmed(who)
    browser = await the_owner(house)
    await browser.get(here())
    assert ARABIC.full_name in browser.page.text
    assert LATIN.full_name in browser.page.text
    assert OTHER.full_name not in browser.page.text
    await open_first(browser)
    assert "Family name: the same, in the other script" in " ".join(browser.page.text.split())
    assert "Mail address: the same before the @" in " ".join(browser.page.text.split())
    assert "City: the same" in " ".join(browser.page.text.split())


async def test_merging_moves_count_and_ledger_and_undoing_brings_both_back(house: House) -> None:
    for who in (ARABIC, LATIN, OTHER):
        await house.confirmed(who)
    before, stood = await house.counts(), await rows_of(house)
    browser = await the_owner(house)
    await open_first(browser)
    survivor = ticks(browser)["survivor"]
    await browser.send("/merge")
    await browser.follow()
    assert "Merged" in browser.page.text
    await house.fold()
    counts = await house.counts()
    assert (counts["total"], counts["removed"]["merged"]) == (2, 1)
    assert counts["ledger_size"] == before["ledger_size"] + 1
    await browser.get(f"/petitions/{SLUG}/signatures/{survivor}")
    assert "Merged into this one" in browser.page.text
    links = [link.split("?")[0] for link in Page(browser.page.text).links if "/signatures/" in link]
    await browser.get(next(link for link in links if survivor not in link))
    assert "Counts with" in browser.page.text
    await browser.send("/unmerge")
    assert browser.page.status_code == 303
    await house.fold()
    after = await house.counts()
    for told in ("total", "removed", "by_category", "verified"):
        assert after[told] == before[told]
    assert await rows_of(house) == stood, "the names are listed again too"
    await browser.get(here())
    assert ARABIC.full_name in browser.page.text, "they are proposed again"


async def test_those_told_apart_are_not_proposed_again_until_that_is_taken_back(house: House) -> None:
    for who in (ARABIC, LATIN):
        await house.confirmed(who)
    browser = await the_owner(house)
    await open_first(browser)
    await send(browser, "/apart", ticks(browser))
    await browser.follow()
    assert "Remembered" in browser.page.text
    assert ARABIC.full_name not in browser.page.text
    await browser.get(here("/decided"))
    assert ARABIC.full_name in browser.page.text
    await browser.send("/together")
    await browser.get(here())
    assert ARABIC.full_name in browser.page.text
    assert (await house.counts())["total"] == 2
    async with house.parts.database.read() as connection:
        verbs = (await connection.execute(select(tables.table(tables.AuditEntry).c.verb))).scalars().all()
    assert {"duplicate:apart", "duplicate:together", "records:duplicates"} <= set(verbs)


async def test_whoever_signs_later_is_compared_with_all_others(house: House) -> None:
    for number in range(5):
        await house.confirmed(someone(number))
    await house.confirmed(ARABIC)
    browser = await the_owner(house)
    await browser.get(here())
    assert ARABIC.full_name not in browser.page.text
    await house.confirmed(LATIN)
    house.clock.pass_(seconds=11)
    await browser.get(here())
    assert LATIN.full_name in browser.page.text


async def test_one_who_changed_meanwhile_is_not_merged(house: House) -> None:
    links = [await house.confirmed(who) for who in (ARABIC, LATIN)]
    browser = await the_owner(house)
    await open_first(browser)
    await house.post(links[0], "withdraw")
    await browser.send("/merge")
    assert browser.page.status_code == 409
    await house.fold()
    assert (await house.counts())["removed"] == {"withdrawn": 1, "merged": 0, "invalidated": 0}


async def test_two_organizers_who_merge_the_same_merge_it_once(house: House) -> None:
    for who in (ARABIC, LATIN):
        await house.confirmed(who)
    browser = await the_owner(house)
    await open_first(browser)
    typed = ticks(browser)
    await send(browser, "/merge", typed)
    await send(browser, "/merge", typed)
    assert browser.page.status_code == 409
    await house.fold()
    assert (await house.counts())["removed"]["merged"] == 1


@pytest.mark.parametrize("lacking", ["survivor", "all but one"])
async def test_what_is_missing_is_said_and_nothing_happens(house: House, lacking: str) -> None:
    for who in (ARABIC, LATIN):
        await house.confirmed(who)
    browser = await the_owner(house)
    await open_first(browser)
    sent = ticks(browser)
    if lacking == "survivor":
        del sent["survivor"]
    else:
        sent = {name: value for name, value in sent.items() if "with-" not in name or sent["survivor"] in name}
    await send(browser, "/merge", sent)
    assert browser.page.status_code == 422
    said = "goes on counting" if lacking == "survivor" else "at least two"
    assert said in browser.page.text
    assert (await house.counts())["total"] == 2


async def test_the_page_of_the_likeliest_is_merged_at_one_press(house: House) -> None:
    for who in (ARABIC, LATIN, OTHER, AGAIN):
        await house.confirmed(who)
    browser = await the_owner(house)
    await browser.get(here())
    assert "proposal-" not in browser.page.text, "at the usual probability each is looked at by itself"
    await browser.get(here("?least=0.9"))
    form = form_to(browser, "/many")
    typed, boxes = dict(form.fields), dict(form.boxes)
    assert len(boxes) == 2
    await send(browser, "/many", typed)
    assert browser.page.status_code == 422, "nothing ticked"
    (alone, *_) = (value.split(",")[0] for value in boxes.values())
    await send(browser, "/many", {**typed, "proposal-01": alone})
    assert browser.page.status_code == 404, "one alone is no proposal"
    await send(browser, "/many", {**typed, **boxes})
    assert browser.page.status_code == 303
    await house.fold()
    counts = await house.counts()
    assert (counts["total"], counts["removed"]["merged"]) == (2, 2)


async def test_an_auditor_looks_and_has_nothing_to_press(house: House) -> None:
    for who in (ARABIC, LATIN):
        await house.confirmed(who)
    browser = await signed_in(house, await account(house, "rima@example.org", Grant(None, AUDITOR)))
    await open_first(browser)
    assert ARABIC.full_name in browser.page.text
    assert "<button>" not in browser.page.text.partition("beside")[2].partition("</form>")[0]
    assert "survivor" not in dict(form_to(browser, "/merge").fields)


async def test_a_verifier_of_one_category_is_shown_no_pair_that_reaches_into_another(house: House) -> None:
    await house.confirmed(ARABIC, category="journalists")
    await house.confirmed(LATIN)
    mine = Grant(house.parts.hub.any_petition(SLUG).id, VERIFIER, ("journalists",))
    browser = await signed_in(house, await account(house, "sami@example.org", mine))
    await browser.get(here())
    assert browser.page.status_code == 200
    assert ARABIC.full_name not in browser.page.text
    assert LATIN.full_name not in browser.page.text


async def test_a_merged_signatorys_link_reaches_their_own_signature_alone(house: House) -> None:
    """They may be another person after all: their link must not end or show the signature that counts."""
    links = [await house.confirmed(who) for who in (ARABIC, LATIN)]
    browser = await the_owner(house)
    await open_first(browser)
    survivor = ticks(browser)["survivor"]
    await browser.send("/merge")
    before = {row.id.hex(): row.sealed for row in await house.signatures()}
    merged = [link for link in links if "/visibility" not in (await house.http.get(link)).text]
    assert len(merged) == 1
    for act in ("withdraw", "erase"):
        await house.post(merged[0], act)
    await house.fold()
    assert (await house.counts())["total"] == 1
    rows = {row.id.hex(): row for row in await house.signatures()}
    assert (rows[survivor].state, rows[survivor].sealed) == ("confirmed", before[survivor])
    (gone,) = (row for key, row in rows.items() if key != survivor)
    assert (gone.sealed, gone.identity, gone.own_copy) == (None, None, None), "theirs alone is erased"


async def test_a_merged_address_that_signs_again_is_proposed_again_and_told(house: House) -> None:
    fuller = replace(LATIN, affiliation="Homs Lawyers")
    for who in (ARABIC, fuller):
        await house.confirmed(who)
    browser = await the_owner(house)
    await open_first(browser)
    assert "merged already" not in browser.page.text
    survivor = ticks(browser)["survivor"]
    await browser.send("/merge")
    merged = next(row for row in await house.signatures() if row.id.hex() != survivor)
    await house.confirmed(ARABIC)
    await house.fold()
    assert (await house.counts())["total"] == 2
    house.clock.pass_(seconds=11)
    await open_first(browser)
    assert browser.page.text.count("merged already") == 1
    assert f"/signatures/{merged.id.hex()}" in browser.page.text


async def test_the_recount_agrees_after_merging(house: House) -> None:
    for who in (ARABIC, LATIN):
        await house.confirmed(who)
    browser = await the_owner(house)
    await open_first(browser)
    await browser.send("/merge")
    await house.fold()
    assert await holds(house)
