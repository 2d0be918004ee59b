"""Invitations in the console: made and shown once, found again, revoked, and by whom."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx

from petition.domain import tokens
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant
from tests.factories import SLUG
from tests.house import House
from tests.organizers import Browser, account
from tests.people import OMAR, someone
from tests.promises.markup import Page
from tests.web.invitations import issued, journalist, row_of

HERE = f"/petitions/{SLUG}/invitations"


async def owner(house: House, role: str = OWNER, categories: tuple[str, ...] | None = None) -> Browser:
    petition, browser = house.parts.hub.any_petition(SLUG), Browser(house)
    grant = Grant(petition.id if categories else None, role, categories)
    await browser.sign_in(await account(house, f"{role}@example.org", grant))
    return browser


async def test_links_are_made_in_the_console_and_shown_once(house: House) -> None:
    browser = await owner(house)
    await browser.get(HERE)
    assert "No invitations yet" in browser.text
    await browser.send("/invitations", category="fsa", uses="2", count="3", days="7")
    links = re.findall(r"<code>(http[^<]+)</code>", browser.page.text)
    marks = re.findall(r'<b class="code">([0-9a-f]{8})</b>', browser.page.text)
    assert len(set(marks)) == 3
    assert len(set(links)) == 3
    opened = await house.http.get(urlsplit(links[0]).path + "?" + urlsplit(links[0]).query)
    assert "it vouches for my category" in opened.text
    code = links[0].rpartition("=")[2]
    await house.confirmed(someone(1, category="fsa"), invitation=code)
    await browser.get(HERE)
    assert code not in browser.page.text
    for shown in ("1 of 2", "0 of 2", "owner@example.org", "Open", *marks):
        assert shown in browser.text
    await browser.get()
    assert (await house.counts())["verified"] == 1


async def test_what_cannot_be_is_answered_with_what_was_typed(house: House) -> None:
    browser = await owner(house)
    for typed in ({"uses": "0"}, {"uses": "many"}, {"count": "501"}, {"days": ""}, {"category": "nobody"}):
        await browser.get(HERE)
        await browser.send("/invitations", **{"category": "fsa", **typed})
        assert browser.page.status_code == 422, typed
    assert "<code>" not in browser.page.text


async def test_revoking_in_the_console_both_ways(house: House) -> None:
    first, second = await issued(house, uses=2), await issued(house, uses=2)
    await house.confirmed(journalist(1), invitation=first)
    await house.confirmed(journalist(2), invitation=second)
    browser = await owner(house)
    await browser.get(HERE)
    await browser.send(f"/{(await row_of(house, first)).id.hex()}/revoke")
    await browser.follow()
    assert "stays verified" in browser.text
    await browser.get(HERE)
    send_back = {"people": "back"}
    await browser.send(f"/{(await row_of(house, second)).id.hex()}/revoke", **send_back)
    await browser.follow()
    assert "back in review" in browser.text
    await house.fold()
    counts = await house.counts()
    assert (counts["verified"], counts["awaiting_verification"]) == (1, 1)
    await browser.get(HERE)
    await browser.send(f"/{(await row_of(house, first)).id.hex()}/recall")
    await browser.follow()
    assert "0 people are verified by it" not in browser.text
    await house.fold()
    assert (await house.counts())["awaiting_verification"] == 2


async def test_two_who_revoke_at_once_are_told(house: House) -> None:
    code = await issued(house)
    first, second = await owner(house), await owner(house, VERIFIER)
    act = f"/{(await row_of(house, code)).id.hex()}/revoke"
    await first.get(HERE)
    await second.get(HERE)
    assert (await first.send(act)).status_code == 303
    assert (await second.send(act)).status_code == 409
    assert "look at how it stands now" in second.text


async def test_a_link_that_turns_up_somewhere_is_found(house: House) -> None:
    leaked, other = await issued(house), await issued(house)
    browser = await owner(house)
    row = await row_of(house, leaked)
    for typed in (f"https://elsewhere.example/ar/petitions/{SLUG}?a=b&invitation={leaked}#sign", f" {leaked} "):
        await browser.get(HERE)
        await browser.send("/find", link=typed)
        await browser.follow()
        assert row.id.hex()[:8] in browser.text
        assert (await row_of(house, other)).id.hex()[:8] not in browser.text
        assert leaked not in str(browser.page.url)
    for typed in ("", "http://[", leaked[:-1], tokens.written(b"x" * 32)):
        await browser.get(HERE)
        await browser.send("/find", link=typed)
        assert browser.page.status_code == 422
        assert "No invitation of this statement has this link" in browser.text


async def test_the_record_says_which_invitation_vouched_for_it(house: House) -> None:
    code = await issued(house)
    await house.confirmed(OMAR, invitation=code)
    browser = await owner(house)
    await browser.get(f"/petitions/{SLUG}/signatures/{(await house.only_signature()).id.hex()}")
    assert f"invitations?only={(await row_of(house, code)).id.hex()}" in browser.page.text


async def test_a_verifier_vouches_in_their_own_categories_alone_and_an_auditor_in_none(house: House) -> None:
    mine, foreign = await issued(house, "fsa"), await issued(house, "journalists")
    browser = await owner(house, VERIFIER, ("fsa",))
    await browser.get(HERE)
    assert 'value="journalists"' not in browser.page.text
    assert (await row_of(house, mine)).id.hex() in browser.page.text
    assert (await row_of(house, foreign)).id.hex() not in browser.page.text
    await browser.send("/invitations", category="journalists")
    assert browser.page.status_code == 422
    csrf = dict(re.findall(r'name="(csrf)" value="([^"]+)"', browser.page.text))
    path = f"/organizer/en{HERE}/{(await row_of(house, foreign)).id.hex()}/revoke"
    refused: httpx.Response = await browser.http.post(path, data=csrf)
    assert refused.status_code == 404
    assert (await browser.get(f"{HERE}?only={(await row_of(house, foreign)).id.hex()}")).status_code == 404
    await browser.get(HERE)
    assert (await browser.send("/find", link=foreign)).status_code == 422
    assert (await row_of(house, foreign)).state == "open"
    await browser.get(HERE)
    assert (await browser.send(f"/{(await row_of(house, mine)).id.hex()}/revoke")).status_code == 303
    auditor = await owner(house, AUDITOR)
    await auditor.get(HERE)
    forms = Page(auditor.page.text).forms
    assert [form.action for form in forms if HERE in form.action] == [f"/organizer/en{HERE}/find"]
    row = await row_of(house, foreign)
    csrf = dict(re.findall(r'name="(csrf)" value="([^"]+)"', auditor.page.text))
    for act in ("", f"/{row.id.hex()}/revoke", f"/{row.id.hex()}/recall"):
        answer = await auditor.http.post(f"/organizer/en{HERE}{act}", data={**csrf, "category": "fsa"})
        assert answer.status_code == 403, act
    assert await row_of(house, foreign) == row


async def test_who_reads_everything_and_verifies_in_one_category_ends_that_categorys_alone(house: House) -> None:
    mine, foreign = await issued(house, "fsa"), await issued(house, "journalists")
    petition, browser = house.parts.hub.any_petition(SLUG), Browser(house)
    both = (Grant(petition.id, VERIFIER, ("fsa",)), Grant(petition.id, AUDITOR))
    await browser.sign_in(await account(house, "both@example.org", *both))
    for code, status in ((foreign, 403), (mine, 303)):
        row = await row_of(house, code)
        await browser.get(HERE)
        assert row.id.hex() in browser.page.text
        csrf = dict(re.findall(r'name="(csrf)" value="([^"]+)"', browser.page.text))
        offered = f"{row.id.hex()}/revoke" in browser.page.text
        answer = await browser.http.post(f"/organizer/en{HERE}/{row.id.hex()}/revoke", data=csrf)
        assert (answer.status_code, offered) == (status, code == mine)
