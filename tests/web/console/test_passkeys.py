"""Passkeys beside the authenticator's code: made, shown, removed; and what is not taken for one."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from petition.domain import passkeys
from petition.domain.actors import AUDITOR, OWNER, Grant
from petition.queries import organizers as accounts
from tests.authenticator import SecurityKey, b64
from tests.house import House
from tests.organizers import PASSWORD, Account, Browser, account
from tests.promises.markup import Page

ORIGIN = "https://petition.example"
OWNER_OF_ALL = Grant(None, OWNER)
REFUSED = "This passkey was not accepted"


@pytest.fixture
async def house(open_house: Callable[..., Any]) -> House:
    """At an encrypted address: browsers make no passkey elsewhere."""
    opened: House = await open_house(base_url=ORIGIN)
    return opened


def question(browser: Browser) -> dict[str, Any]:
    found = re.search(r'data-passkey="([^"]+)"', browser.page.text)
    assert found, browser.text
    asked: dict[str, Any] = json.loads(html.unescape(found[1]))
    return asked


async def with_passkey(house: House, browser: Browser, key: SecurityKey, name: str = "My phone") -> None:
    """Whoever has signed in adds one."""
    await browser.get("/account")
    await browser.send("/passkeys/new")
    await browser.send("/account/passkeys", name=name, passkey=key.make(question(browser), ORIGIN))
    await browser.follow()
    assert "The passkey is added" in browser.text
    assert name in browser.text


async def password_shown(house: House, who: Account) -> Browser:
    browser = Browser(house)
    await browser.get("/sign-in")
    await browser.send("/sign-in", address=who.address, password=PASSWORD)
    return browser


async def test_a_passkey_is_made_and_signs_in_beside_codes_until_it_is_removed(house: House) -> None:
    nour, key = await account(house, "nour@example.org", OWNER_OF_ALL), SecurityKey()
    first = Browser(house)
    await first.sign_in(nour)
    assert "data-passkey" not in (await password_shown(house, nour)).page.text, "who has none is not asked for one"
    await with_passkey(house, first, key)

    async with house.parts.database.read() as connection:
        (row,) = await accounts.passkeys(connection, nour.id)
    assert b"phone" not in row.name, "what somebody calls their devices lies sealed"

    phone = await password_shown(house, nour)
    assert [one["id"] for one in question(phone)["allowCredentials"]] == [b64(key.credential)]
    await phone.send("/code", passkey=key.show(question(phone), ORIGIN))
    await phone.follow()
    assert phone.page.url.path == "/organizer/en"
    for way in (nour.codes[0], first.code(nour)):
        other = Browser(house)
        await other.sign_in(nour, code=way)
        assert other.page.url.path == "/organizer/en", "codes are good as before"

    await phone.get("/account")
    assert "added on" in phone.text
    await phone.send("/remove")
    await phone.follow()
    assert "The passkey is removed" in phone.text
    late = await password_shown(house, nour)
    assert "data-passkey" not in late.page.text
    await phone.get("/audit")
    for told in ("added a passkey", "removed a passkey"):
        assert told in phone.text


async def test_a_passkey_steps_up_and_the_form_that_waited_is_shown_again(house: House) -> None:
    nour, key = await account(house, "nour@example.org", OWNER_OF_ALL), SecurityKey(count=None)
    browser = Browser(house)
    await browser.sign_in(nour)
    await with_passkey(house, browser, key)
    house.clock.pass_(minutes=11)
    await browser.get("/team")
    await browser.send("/team", address="salma@example.org", role="auditor", petition="")
    asked = question(browser)
    answer = key.show(asked, ORIGIN)
    await browser.send("/prove", passkey=answer)
    await browser.send("/team")
    assert "It works once" in browser.text
    csrf = dict(Page(browser.page.text).forms[0].fields)["csrf"]
    again = await browser.http.post("/organizer/en/prove", data={"csrf": csrf, "passkey": answer})
    assert again.status_code == 422, "an answer is good once, though this key does not count"
    assert REFUSED in again.text


async def test_only_the_right_answer_to_this_question_is_taken(house: House) -> None:
    nour, key = await account(house, "nour@example.org", OWNER_OF_ALL), SecurityKey()
    sami, foreign = await account(house, "sami@example.org", Grant(None, AUDITOR)), SecurityKey()
    for who, its in ((nour, key), (sami, foreign)):
        browser = Browser(house)
        await browser.sign_in(who)
        await with_passkey(house, browser, its)
    thief = SecurityKey(credential=key.credential)

    browser = await password_shown(house, nour)
    asked = question(browser)
    used = key.show(asked, ORIGIN)
    elsewhere = await password_shown(house, nour)
    wrong = {
        "another site": key.show(asked, "https://petition.example.evil.org"),
        "unencrypted": key.show(asked, "http://petition.example"),
        "another challenge": key.show({**asked, "challenge": b64(bytes(32))}, ORIGIN),
        "another session's challenge": key.show(question(elsewhere), ORIGIN),
        "another organizer's passkey": foreign.show(asked, ORIGIN),
        "this name, another key": thief.show(asked, ORIGIN),
        "bound to another host": key.show({**asked, "rpId": "evil.example"}, ORIGIN),
        "a new one instead of an answer": SecurityKey().make({**asked, "rp": {"id": "petition.example"}}, ORIGIN),
        "cut short": used[:-20],
        "not JSON": "passkey",
        "a list": "[]",
        "numbers": '{"id": 1, "rawId": 1, "type": 1, "response": 1}',
        "empty parts": '{"id": "", "rawId": "", "type": "public-key", "response": {}}',
        "deep": "[" * 3000,
    }
    for told, answer in wrong.items():
        page = await browser.send("/code", passkey=answer)
        assert page.status_code == 422, told
        assert REFUSED in browser.text, told
    house.clock.pass_(seconds=10 * 60 - 1)
    assert (await browser.send("/code", passkey=key.show(asked, ORIGIN))).status_code == 422, "a question that is over"
    assert (await browser.send("/code", passkey=key.show(question(browser), ORIGIN))).status_code == 303


async def test_an_answer_that_was_used_is_worth_nothing(house: House) -> None:
    nour, key = await account(house, "nour@example.org", OWNER_OF_ALL), SecurityKey(count=None)
    browser = Browser(house)
    await browser.sign_in(nour)
    await with_passkey(house, browser, key)
    half = await password_shown(house, nour)
    cookie, answer = str(half.cookie), key.show(question(half), ORIGIN)
    twice = (half.http.post("/organizer/en/code", data={"passkey": answer}) for _ in range(2))
    statuses = {one.status_code for one in await asyncio.gather(*twice)}
    assert 303 in statuses
    assert statuses & {401, 422}, "of two at the same moment one is taken"
    thief = Browser(house)
    thief.http.cookies.set("organizer", cookie, domain="petition.example", path="/organizer")
    assert (await thief.http.post("/organizer/en/code", data={"passkey": answer})).status_code == 401
    other = await password_shown(house, nour)
    assert (await other.send("/code", passkey=answer)).status_code == 422


async def test_a_count_that_goes_back_is_a_copys(house: House) -> None:
    nour, key = await account(house, "nour@example.org", OWNER_OF_ALL), SecurityKey(count=6)
    browser = Browser(house)
    await browser.sign_in(nour)
    await with_passkey(house, browser, key)
    copy = SecurityKey(key.count, key.credential, key.private)
    half = await password_shown(house, nour)
    assert (await half.send("/code", passkey=key.show(question(half), ORIGIN))).status_code == 303
    late = await password_shown(house, nour)
    assert (await late.send("/code", passkey=copy.show(question(late), ORIGIN))).status_code == 422
    assert "counted back" in late.text
    assert (await late.send("/code", passkey=key.show(question(late), ORIGIN))).status_code == 303, (
        "the true one goes on"
    )


async def test_what_is_added_is_a_new_key_of_ones_own_with_a_name(house: House) -> None:
    nour, key = await account(house, "nour@example.org", OWNER_OF_ALL), SecurityKey()
    sami = await account(house, "sami@example.org", Grant(None, AUDITOR))
    browser, other = Browser(house), Browser(house)
    await browser.sign_in(nour)
    await browser.get("/account")
    await browser.send("/passkeys/new")
    made = key.make(question(browser), ORIGIN)
    for typed in (
        {"name": "", "passkey": made},
        {"name": "x" * 61, "passkey": made},
        {"name": "Mine", "passkey": ""},
        {"name": "Mine", "passkey": key.make(question(browser), "https://evil.example")},
        {"name": "Mine", "passkey": key.make({**question(browser), "challenge": b64(bytes(32))}, ORIGIN)},
    ):
        assert (await browser.send("/account/passkeys", **typed)).status_code == 422, typed
    assert (await browser.send("/account/passkeys", name="مفتاحي <b>", passkey=made)).status_code == 303
    await browser.follow()
    assert "مفتاحي &lt;b&gt;" in browser.page.text

    await other.sign_in(sami)
    await other.get("/account")
    await other.send("/passkeys/new")
    assert (await other.send("/account/passkeys", name="Mine", passkey=made)).status_code == 422, "of another session"
    await other.send("/account/passkeys", name="Mine", passkey=key.make(question(other), ORIGIN))
    assert "added already" in other.text
    await browser.get("/account")
    (theirs,) = [form.action for form in Page(browser.page.text).forms if form.action.endswith("/remove")]
    csrf = dict(Page(other.page.text).forms[0].fields)["csrf"]
    assert (await other.http.post(theirs, data={"csrf": csrf})).status_code == 404
    async with house.parts.database.read() as connection:
        assert len(await accounts.passkeys(connection, nour.id)) == 1


async def test_adding_and_removing_ask_for_the_second_factor_again(house: House) -> None:
    nour, key = await account(house, "nour@example.org", OWNER_OF_ALL), SecurityKey()
    browser = Browser(house)
    await browser.sign_in(nour)
    await with_passkey(house, browser, key)
    for form in ("/passkeys/new", "/remove"):
        house.clock.pass_(minutes=11)
        await browser.get("/account")
        await browser.send(form)
        assert "asked for once more" in browser.text
    async with house.parts.database.read() as connection:
        assert len(await accounts.passkeys(connection, nour.id)) == 1


async def test_an_account_that_ends_takes_its_passkeys_along(house: House) -> None:
    nour = await account(house, "nour@example.org", OWNER_OF_ALL)
    sami, key = await account(house, "sami@example.org", Grant(None, AUDITOR)), SecurityKey()
    owner, browser = Browser(house), Browser(house)
    await browser.sign_in(sami)
    await with_passkey(house, browser, key)
    await owner.sign_in(nour)
    await owner.get("/team")
    await owner.send("/remove")
    async with house.parts.database.read() as connection:
        assert await accounts.passkeys(connection, sami.id) == ()


async def test_without_the_extra_or_an_encrypted_host_everything_else_works(
    open_house: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert passkeys.site_of("https://petition.example/") == passkeys.Site("petition.example", ORIGIN)
    assert passkeys.site_of("http://localhost:8000") == passkeys.Site("localhost", "http://localhost:8000")
    for elsewhere in ("http://petition.example", "https://192.0.2.7", "http://127.0.0.1:8000", "https://[2001:db8::1]"):
        assert passkeys.site_of(elsewhere) is None, elsewhere
    house: House = await open_house(base_url=ORIGIN)
    nour, key = await account(house, "nour@example.org", OWNER_OF_ALL), SecurityKey()
    browser = Browser(house)
    await browser.sign_in(nour)
    await with_passkey(house, browser, key)
    half = await password_shown(house, nour)
    asked = question(half)
    monkeypatch.setattr(passkeys, "webauthn", None)
    plain = await password_shown(house, nour)
    assert "data-passkey" not in plain.page.text
    assert (await half.send("/code", passkey=key.show(asked, ORIGIN))).status_code == 422
    await half.send("/code", code=half.code(nour))
    await half.follow()
    await half.get("/account")
    assert "/passkeys/new" not in half.page.text
    csrf = dict(Page(half.page.text).forms[0].fields)["csrf"]
    for path in ("/new", ""):
        assert (await half.http.post(f"{half.at}/account/passkeys{path}", data={"csrf": csrf})).status_code == 404
    await half.send("/remove")
    await half.follow()
    assert "The passkey is removed" in half.text
