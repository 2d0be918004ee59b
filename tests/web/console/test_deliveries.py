"""Deliveries: recorded by owners, public at once, corrected and taken back; the days of the records follow them."""

from __future__ import annotations

import re

import httpx

from petition.actions import audit
from petition.domain.actors import AUDITOR, OWNER, Grant
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import Browser, account
from tests.people import LAYLA, OMAR

HERE = f"/petitions/{SLUG}/deliveries"
TYPED = {
    "addressee": "0",
    "day": "2017-12-27",
    "how-en": "In person, at the mission in Geneva",
    "how-ar": "باليد، في مقرّ البعثة",
    "bearer-en": "A delegation of three",
    # As a phone leaves it: a mark of direction, a pair of emoji that is one.
    "answer-ar": "وصل كتاب\u200f باستلامها 👩\u200d👧",
}


async def signed_in(house: House, role: str = OWNER, address: str = "nour@example.org") -> Browser:
    browser = Browser(house)
    await browser.sign_in(await account(house, address, Grant(None, role)))
    return browser


async def recorded(browser: Browser, **changes: str) -> httpx.Response:
    await browser.get(HERE)
    await browser.send("/deliveries", **{**TYPED, **changes})
    return await browser.follow()


async def public(house: House, lang: str, page: str = "") -> str:
    """Its text, without markup."""
    answer = await house.http.get(f"/{lang}/petitions/{SLUG}{page}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


async def purge_day(browser: Browser) -> str:
    await browser.get(f"/petitions/{SLUG}/retention")
    found = re.search(r"will be destroyed on ([^.]+)\.", browser.text)
    return found[1] if found else "never"


async def test_a_delivery_is_public_corrected_taken_back_and_put_back(house: House) -> None:
    browser = await signed_in(house)
    await browser.get(HERE)
    assert "Nothing has been delivered yet" in browser.text
    assert "saved" in (await recorded(browser)).text.lower()
    for page in ("", "/count"):
        english, arabic = await public(house, "en", page), await public(house, "ar", page)
        assert "The Secretary-General · 27 December 2017" in english
        assert "In person, at the mission in Geneva · By : A delegation of three" in english.replace("By:", "By :")
        assert "باليد، في مقرّ البعثة" in arabic
        # Each language shows what there is.
        assert "A delegation of three" in arabic
        assert TYPED["answer-ar"] in english
    told = (await house.http.get(f"/api/v1/petitions/{SLUG}")).json()["deliveries"]
    assert told == [
        {
            "addressee": {"ar": "الأمين العام", "en": "The Secretary-General"},
            "day": "2017-12-27",
            "how": {"ar": TYPED["how-ar"], "en": TYPED["how-en"]},
            "by": {"en": TYPED["bearer-en"]},
            "answer": {"ar": TYPED["answer-ar"]},
        }
    ]
    # The list of addressees may change afterwards: whom it was handed to does not.
    await house.apply(petition_text().replace("The Secretary-General", "Somebody else"))
    (one,) = set(re.findall(r"correct=([0-9a-f]{32})", browser.page.text))
    await browser.get(f"{HERE}?correct={one}")
    await browser.send(f"/deliveries/{one}", day="2017-12-26", **{"how-en": "By registered mail"})
    await browser.follow()
    assert "The Secretary-General · 26 December 2017" in await public(house, "en")
    assert "By registered mail" in await public(house, "en", "/count")
    await browser.get(HERE)
    await browser.send("/take-back")
    await browser.follow()
    assert "Taken back: not shown" in browser.text
    assert "registered mail" not in await public(house, "en") + await public(house, "en", "/count")
    await browser.send("/put-back")
    assert "registered mail" in await public(house, "en")
    async with house.parts.database.read() as connection:
        assert await audit.broken(connection) is None
    await browser.get("/audit")
    for did in ("recorded a delivery", "corrected a delivery", "took a delivery back", "put a delivery back"):
        assert did in browser.text
    assert "registered mail" not in browser.text


async def test_two_owners_do_not_overwrite_each_other_and_what_was_typed_stays(house: House) -> None:
    browser, other = await signed_in(house), await signed_in(house, address="sami@example.org")
    await recorded(browser)
    (one,) = set(re.findall(r"correct=([0-9a-f]{32})", browser.page.text))
    await browser.get(f"{HERE}?correct={one}")
    await other.get(f"{HERE}?correct={one}")
    await other.send(f"/deliveries/{one}", **{"answer-en": "Thank you"})
    page = await browser.send(f"/deliveries/{one}", **{"answer-en": "No answer"})
    assert page.status_code == 409
    assert "A colleague was quicker" in browser.text
    assert "No answer</textarea>" in page.text
    assert "Thank you" in browser.text
    assert "No answer" not in await public(house, "en")
    await browser.send(f"/deliveries/{one}")
    assert "No answer" in await public(house, "en")


async def test_what_cannot_stand_is_told_field_by_field_and_nothing_is_lost(house: House) -> None:
    browser = await signed_in(house)
    await browser.get(HERE)
    wrong = {"addressee": "9", "day": "2999-01-01", "how-en": "", "how-ar": "", "answer-en": "x" * 301}
    page = await browser.send("/deliveries", **{**TYPED, **wrong})
    assert page.status_code == 422
    assert "4 things need your attention" in browser.text
    assert "A delegation of three</textarea>" in page.text
    assert page.text.count('aria-invalid="true"') == 4
    assert "Delivered" not in await public(house, "en")
    auditor = await signed_in(house, AUDITOR, "amal@example.org")
    await auditor.get(HERE)
    assert "<form class" not in auditor.page.text
    csrf = re.findall(r'name="csrf" value="([^"]+)"', auditor.page.text)[0]
    refused = await auditor.http.post(f"/organizer/en{HERE}", data={"csrf": csrf, **TYPED})
    assert refused.status_code == 403


async def test_the_days_of_the_records_follow_the_last_delivery_and_never_end_at_once(house: House) -> None:
    await house.confirmed(LAYLA)
    browser = await signed_in(house)
    await recorded(browser, day="2017-12-20")
    assert await purge_day(browser) == "19 January 2018"
    assert 'name="delivered"' not in browser.page.text
    await browser.send("/retention", days="20")
    assert await purge_day(browser) == "9 January 2018", "what is recorded decides, not what the form leaves out"
    await recorded(browser)
    assert await purge_day(browser) == "16 January 2018"
    await browser.get(HERE)
    await browser.send("/take-back")
    assert await purge_day(browser) == "9 January 2018"
    await recorded(browser, day="2017-12-01")
    assert await purge_day(browser) == "9 January 2018", "an earlier one beside a later one moves nothing"


async def test_a_delivery_long_ago_is_refused_where_the_records_would_end_by_it(house: House) -> None:
    await house.confirmed(LAYLA)
    browser = await signed_in(house)
    await browser.get(HERE)
    page = await browser.send("/deliveries", **{**TYPED, "day": "2017-11-01"})
    assert page.status_code == 422
    assert "due for destruction since 1 December 2017" in browser.text
    assert await purge_day(browser) == "never"
    await browser.send("/retention", days="90")
    await recorded(browser, day="2017-11-01")
    assert await purge_day(browser) == "30 January 2018"


async def test_a_delivered_petition_keeps_its_count_and_its_milestones_when_its_records_have_ended(
    house: House,
) -> None:
    await house.apply(petition_text(milestones=[2]))
    await house.confirmed(LAYLA)
    assert "Milestones reached" not in await public(house, "en")
    await house.confirmed(OMAR)
    assert "Milestones reached: 2 on 27 December 2017" in await public(house, "en")
    await recorded(await signed_in(house))
    await house.apply(petition_text(milestones=[2], status="archived"))
    await house.next_day(31)
    async with house.parts.database.read() as connection:
        assert await audit.broken(connection) is None
    assert house.parts.hub.any_petition(SLUG).purged_on is not None
    for lang, page in (("en", ""), ("en", "/count")):
        text = await public(house, lang, page)
        assert "Milestones reached: 2 on 27 December 2017" in text
        assert "The Secretary-General · 27 December 2017" in text
    assert (await house.counts())["total"] == 2
    whole = (await house.http.get(f"/api/v1/petitions/{SLUG}")).json()
    assert whole["milestones_reached"] == [{"number": 2, "day": "2017-12-27"}]


async def test_a_milestone_waits_for_the_published_count_and_stays_when_it_falls(house: House) -> None:
    await house.apply(petition_text(milestones=[2], publish="batched"))
    await house.confirmed(LAYLA)
    link = await house.confirmed(OMAR)
    await house.apply(petition_text(milestones=[2], publish="batched", goal=9))
    assert (await house.counts())["total"] < 2
    assert "Milestones reached" not in await public(house, "en")
    await house.next_day(2)
    await house.fold()
    assert (await house.counts())["total"] == 2
    assert "Milestones reached: 2 on" in await public(house, "en")
    await house.apply(petition_text(milestones=[2]))
    await house.post(link, "withdraw", sure="yes")
    await house.fold()
    assert (await house.counts())["total"] == 1
    assert "Milestones reached: 2 on" in await public(house, "en")
