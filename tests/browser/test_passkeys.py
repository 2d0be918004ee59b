"""A passkey in a real browser, made and shown by an authenticator that the browser itself plays."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from petition import words
from petition.domain import passwords
from petition.domain.actors import OWNER, Grant
from tests.browser.conftest import Open
from tests.browser.stage import served
from tests.browser.test_accessibility import crosswise
from tests.browser.test_console import press, sign_in, sign_out
from tests.organizers import PASSWORD, account

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WORDS = words.load()
KEY = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}


async def plug_in(page: Page) -> None:
    spoken = await page.context.new_cdp_session(page)
    await spoken.send("WebAuthn.enable")
    await spoken.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})


async def test_a_passkey_is_made_signs_in_and_steps_up(
    tmp_path_factory: pytest.TempPathFactory, open_page: Open
) -> None:
    """On a host of its own: browsers bind no passkey to a bare network address."""
    async with served(tmp_path_factory.mktemp("passkeys"), host="localhost", furnished=False) as stage:
        house, lang = stage.house, "ar"
        who = await account(house, "nour@example.org", Grant(None, OWNER))
        page = await open_page(f"{stage.address}/organizer/{lang}", lang, viewport={"width": 390, "height": 800})
        await sign_in(stage, page, lang, who)
        await plug_in(page)
        await page.goto(f"{stage.address}/organizer/{lang}/account")
        await press(page, lang, "passkey.new")
        found = await crosswise("a new passkey", page)
        await page.fill("#name", "هاتفي")
        await press(page, lang, "passkey.make")
        await page.get_by_text(WORDS[lang]("console-said.passkey-added")).wait_for()
        found += await crosswise("account with a passkey", page)
        await sign_out(page, lang)

        await page.fill("#address", who.address)
        await page.fill("#password", PASSWORD)
        await press(page, lang, "sign-in.on")
        found += await crosswise("code or passkey", page)
        await press(page, lang, "passkey.use")
        await page.get_by_role("heading", name=WORDS[lang]("console.dashboard")).wait_for()

        house.clock.pass_(minutes=11)
        await page.goto(f"{stage.address}/organizer/{lang}/account")
        await press(page, lang, "account.codes-button")
        await press(page, lang, "passkey.use")
        await press(page, lang, "resume.send")
        assert await page.locator(".codes code").count() == passwords.CODES

        # The device knows that it has one for this account.
        await page.goto(f"{stage.address}/organizer/{lang}/account")
        await press(page, lang, "passkey.new")
        await page.fill("#name", "هاتفي")
        await press(page, lang, "passkey.make")
        await page.get_by_text(WORDS[lang]("passkey.not-made")).wait_for()
        await sign_out(page, lang)
        assert not found, "\n".join(found)
