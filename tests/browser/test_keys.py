"""Changing a key in a real browser: an owner of one statement on a phone; every state of the pages is accessible."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Page

from petition import keyfiles, words
from petition.actions import rekeying
from petition.domain.actors import OWNER, VERIFIER, Grant
from petition.web.console.resealing import Resealing
from tests.browser.conftest import Open
from tests.browser.stage import Stage
from tests.browser.test_accessibility import OPEN_ALL, in_every_look
from tests.browser.test_console import press, sign_in, sign_out
from tests.factories import petition_text
from tests.organizers import account
from tests.people import someone

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WORDS = words.load()


async def looked_at(name: str, page: Page, lang: str) -> list[str]:
    found = await in_every_look(name, page)
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"{name} is wider than a phone")
    if folder := os.environ.get("SCREENSHOTS"):
        await page.screenshot(path=Path(folder) / f"{name.replace(' ', '-')}-{lang}.png", full_page=True)
    return found


async def test_an_owner_recovers_and_changes_a_key(
    stage: Stage, open_page: Open, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, slug = stage.house, f"keys-{lang}"
    await house.apply(petition_text(slug=slug))
    people = [someone(300 + n) for n in range(6)]
    for who in people:
        await house.confirmed(who, slug=slug)
    here = house.parts.hub.any_petition(slug).id
    amal = await account(house, f"amal-{lang}@example.org", Grant(here, OWNER), with_keys=False)
    await account(house, f"sami-{lang}@example.org", Grant(here, VERIFIER))
    page = await open_page(f"{stage.address}/organizer/{lang}", lang, viewport={"width": 360, "height": 740})
    await sign_in(stage, page, lang, amal)
    await page.get_by_role("link", name=WORDS[lang]("console.no-key-way")).click()
    found = await looked_at("locked", page, lang)
    await page.fill("#recovery", "nothing")
    await press(page, lang, "key.recover")
    found += await looked_at("not a recovery key", page, lang)
    await page.fill("#recovery", house.recovery[slug].read_text())
    await press(page, lang, "key.recover")
    await page.get_by_text(WORDS[lang]("console-said.recovered")).wait_for()
    found += await looked_at("recovered", page, lang)

    monkeypatch.setattr(rekeying, "CHUNK", 4)
    real = Resealing.go_on
    monkeypatch.setattr(Resealing, "go_on", lambda self, work: None)
    await page.goto(f"{stage.address}/organizer/{lang}/team")
    found += await looked_at("team", page, lang)
    await page.evaluate(OPEN_ALL)
    await press(page, lang, "team.take")
    await page.get_by_text(WORDS[lang]("console-said.taken")).wait_for()
    found += await looked_at("team while changing", page, lang)
    await page.goto(f"{stage.address}/organizer/{lang}/petitions/{slug}/key")
    found += await looked_at("under way", page, lang)
    monkeypatch.setattr(Resealing, "go_on", real)
    await press(page, lang, "key.continue")
    await page.get_by_role("progressbar").wait_for(state="detached")
    petition = house.parts.hub.any_petition(slug)
    path = keyfiles.recovery_path(house.settings, slug, petition.public_key)
    assert path is not None
    assert await page.get_by_text(path.name).count() == 1
    found += await looked_at("changed", page, lang)
    await page.goto(f"{stage.address}/organizer/{lang}/petitions/{slug}/queue")
    for who in people:
        assert await page.get_by_text(who.full_name).count() == 1
    await sign_out(page, lang)
    assert not found, "\n".join(found)
