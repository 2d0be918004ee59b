"""The review of duplicates in a real browser: by keys and by thumb, in both languages, accessible on every page."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page

from petition import words
from petition.domain.actors import OWNER, Grant
from tests.browser.conftest import Open
from tests.browser.stage import Stage
from tests.browser.test_accessibility import crosswise
from tests.browser.test_console import PLACES, press, sign_in, sign_out
from tests.factories import petition_text
from tests.organizers import account
from tests.people import LAYLA, someone

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WORDS = words.load()
PAIRS = (
    ("سلمى الدروبي", "s.droubi77@example.org", "حمص"),
    ("Salma Al-Droubi", "s.droubi77@example.com", "Homs"),
    ("Hassan Khoury", "hassan.khoury61@example.org", "Tartus"),
    ("Hasan Khouri", "hassan.khoury61@example.com", "Tartous"),
    ("رامي البيطار", "rami.bitar1990@example.org", "حلب"),
    ("Rami Bitar", "rami.bitar1990@example.com", "Aleppo"),
)


async def looked_at(name: str, page: Page, lang: str) -> list[str]:
    found = await crosswise(name, page)
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"{name} is wider than the screen")
    if folder := os.environ.get("SCREENSHOTS"):
        await page.set_viewport_size({"width": PLACES[lang]["width"], "height": PLACES[lang]["height"]})
        await page.screenshot(path=Path(folder) / f"{name.replace(' ', '-')}-{lang}.png", full_page=True)
    return found


async def said(page: Page, lang: str, what: str) -> None:
    await page.get_by_text(WORDS[lang](f"duplicate-said.{what}")).wait_for()
    await page.wait_for_load_state()


async def test_duplicates_are_reviewed_by_keys_and_by_thumb(stage: Stage, open_page: Open, lang: str) -> None:
    house, slug = stage.house, f"twice-{lang}"
    await house.apply(petition_text(slug=slug))
    for name, email, city in PAIRS:
        await house.confirmed(replace(LAYLA, full_name=name, email=email, city=city), slug=slug)
    await house.confirmed(someone(1), slug=slug)
    who = await account(house, f"{slug}@example.org", Grant(house.parts.hub.any_petition(slug).id, OWNER))
    base = f"{stage.address}/organizer/{lang}/petitions/{slug}/duplicates"
    page = await open_page(base, lang, viewport=PLACES[lang])
    await sign_in(stage, page, lang, who)
    await page.locator("table.queue").wait_for()
    found = await looked_at("likely duplicates", page, lang)
    assert await page.locator("table.queue tbody tr").count() == 3
    await page.locator("table.queue tbody a").first.click()
    await page.locator(".beside").wait_for()
    await page.wait_for_load_state()
    found += await looked_at("side by side", page, lang)
    await page.keyboard.press("y")
    await said(page, lang, "merge")
    await page.keyboard.press("d")
    await said(page, lang, "apart")
    found += await looked_at("the last of them", page, lang)
    await press(page, lang, "duplicate.merge")
    await said(page, lang, "merge")
    await house.fold()
    assert (await house.counts(slug))["removed"]["merged"] == 2

    await page.goto(f"{base}/decided")
    found += await looked_at("told apart", page, lang)
    await press(page, lang, "duplicate.together")
    await said(page, lang, "together")
    await page.goto(f"{base}?least=0.9")
    await page.get_by_role("checkbox").first.check()
    await press(page, lang, "duplicate.many")
    await said(page, lang, "many")
    await page.goto(f"{stage.address}/organizer/{lang}/petitions/{slug}/queue?state=merged")
    assert await page.locator("table.queue tbody tr").count() == 3
    await page.locator("table.queue tbody a").first.click()
    found += await looked_at("a merged signature", page, lang)
    await press(page, lang, "act.unmerge")
    await page.get_by_text(WORDS[lang]("console-said.unmerge")).wait_for()
    await house.fold()
    assert (await house.counts(slug))["total"] == len(PAIRS) + 1 - 2
    await sign_out(page, lang)
    assert not found, "\n".join(found)
