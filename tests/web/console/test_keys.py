"""Who can open a petition's records: the recovery key in an owner's hand."""

from __future__ import annotations

import pytest

from petition.actions import audit
from petition.domain import passwords, sealing
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant
from petition.queries import organizers as accounts
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import Account, Browser, account
from tests.people import LAYLA

QUEUE, KEY = f"/petitions/{SLUG}/queue", f"/petitions/{SLUG}/key"
LOCKED = "You cannot open the records yet"


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PRICE", "1,1,64")


async def signed_in(house: House, who: Account, lang: str = "en") -> Browser:
    browser = Browser(house, lang)
    await browser.sign_in(who)
    return browser


async def holders(house: House) -> frozenset[bytes]:
    async with house.parts.database.read() as connection:
        return await accounts.key_holders(connection, house.parts.hub.any_petition(SLUG).id)


async def test_an_owner_whom_nobody_could_share_with_opens_the_records_by_the_recovery_key(house: House) -> None:
    await house.confirmed(LAYLA)
    nour = await account(house, "nour@example.org", Grant(None, OWNER), with_keys=False)
    browser = await signed_in(house, nour)
    for place in ("", QUEUE):
        await browser.get(place)
        assert LOCKED in browser.text
        assert f'href="/organizer/en{KEY}"' in browser.page.text, "the notice leads to the ways in"
    assert LAYLA.full_name not in browser.text
    await browser.get(KEY)
    await browser.send("/recover", recovery=house.recovery[SLUG].read_text())
    await browser.follow()
    assert "You can open the records now" in browser.text
    await browser.get(QUEUE)
    assert LAYLA.full_name in browser.text
    await browser.get("/audit")
    assert "opened the records with the recovery key" in browser.text
    async with house.parts.database.read() as connection:
        assert await audit.broken(connection) is None
    sami = await account(house, "sami@example.org", Grant(None, VERIFIER), with_keys=False)
    verifier = await signed_in(house, sami)
    await browser.get("/team")
    await browser.send("/share")
    await verifier.get(QUEUE)
    assert LAYLA.full_name in verifier.text, "and can share it on"


async def test_a_recovery_key_that_does_not_fit_is_told_and_changes_nothing(house: House) -> None:
    await house.apply(petition_text(slug="another"))
    nour = await account(house, "nour@example.org", Grant(None, OWNER), with_keys=False)
    browser = await signed_in(house, nour)
    own, other = house.recovery[SLUG].read_text(), house.recovery["another"].read_text()
    stranger = sealing.recovery_file(SLUG, *sealing.new_pair())
    lines = own.splitlines()
    foreign, damaged = "of another statement", "not the whole text"
    for text, told in (
        (other, foreign),
        (stranger, foreign),
        ("\n".join(lines[:3]), damaged),
        (own.replace("private key: ", "private key: A"), damaged),
        (own.replace(lines[2], other.splitlines()[2]), damaged),
        (own.replace(sealing.RECOVERY_HEADING, ""), damaged),
        ("ليس مفتاحًا", damaged),
        ("   ", "Please fill this in"),
    ):
        await browser.get(KEY)
        page = await browser.send("/recover", recovery=text)
        assert page.status_code == 422
        assert told in browser.text, text
        assert "private key:" not in page.text, "it is not shown again"
    assert await holders(house) == frozenset()
    await browser.get(QUEUE)
    assert LOCKED in browser.text


async def test_the_text_may_have_lost_its_lines_on_the_way(house: House) -> None:
    nour = await account(house, "nour@example.org", Grant(None, OWNER), with_keys=False)
    browser = await signed_in(house, nour, "ar")
    await browser.get(KEY)
    await browser.send("/recover", recovery="  " + house.recovery[SLUG].read_text().replace("\n", "  "))
    assert browser.page.status_code == 303
    assert await holders(house) == {nour.id}


async def test_it_asks_for_the_code_first_and_the_text_survives_that(house: House) -> None:
    nour = await account(house, "nour@example.org", Grant(None, OWNER), with_keys=False)
    browser = await signed_in(house, nour)
    await browser.get(KEY)
    house.clock.pass_(minutes=11)
    await browser.send("/recover", recovery=house.recovery[SLUG].read_text())
    assert await holders(house) == frozenset()
    await browser.send("/prove", code=browser.code(nour))
    await browser.send("/recover")
    assert browser.page.status_code == 303
    assert await holders(house) == {nour.id}


async def test_only_an_owner_of_the_petition_uses_it(house: House) -> None:
    await house.apply(petition_text(slug="another"))
    here, there = (house.parts.hub.any_petition(slug).id for slug in (SLUG, "another"))
    text = house.recovery[SLUG].read_text()
    for n, (grant, status) in enumerate(
        (
            (Grant(here, VERIFIER), 403),
            (Grant(None, AUDITOR), 403),
            (Grant(there, OWNER), 404),
            (Grant(here, OWNER), 303),
        )
    ):
        browser = await signed_in(house, await account(house, f"who{n}@example.org", grant, with_keys=False))
        page = await browser.get(KEY)
        assert ("/recover" in page.text) == (status == 303)
        await browser.get("/account")
        csrf = browser.page.text.partition('name="csrf" value="')[2].partition('"')[0]
        answer = await browser.http.post(f"/organizer/en{KEY}/recover", data={"csrf": csrf, "recovery": text})
        assert answer.status_code == status, grant
    assert len(await holders(house)) == 1


async def test_owners_are_told_while_the_recovery_key_lies_on_the_server(house: House) -> None:
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    browser = await signed_in(house, nour)
    await browser.get(KEY)
    assert "The recovery key still lies on the server" in browser.text
    assert f"recovery/{SLUG}.key" in browser.text
    house.recovery[SLUG].rename(house.settings.data_dir.parent / "kept-offline.key")
    await browser.get(KEY)
    assert "still lies" not in browser.text
