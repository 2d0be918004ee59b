"""The intake desk in a real browser, in Arabic, by the keyboard alone; accessible at every width."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from petition import words
from petition.domain.actors import OWNER, Grant
from tests.browser.conftest import Open
from tests.browser.stage import Stage
from tests.browser.test_console import PLACES, sign_in, sign_out
from tests.browser.test_duplicates import looked_at
from tests.factories import petition_text
from tests.organizers import account

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AR = words.load()["ar"]
SLUG = "typed"
FIELDS = 8


async def focus(page: Page) -> str:
    return str(await page.evaluate("document.activeElement.id"))


async def enter(page: Page, *presses: str) -> None:
    """What is typed or pressed in each field, each left by Enter; then Enter to the end of the line."""
    for press in presses:
        if press.startswith("Arrow"):
            await page.keyboard.press(press)
        else:
            await page.keyboard.type(press)
        await page.keyboard.press("Enter")
    for _ in range(FIELDS - len(presses)):
        await page.keyboard.press("Enter")
    await page.wait_for_load_state()


async def test_a_sheet_is_typed_by_the_keyboard_alone(stage: Stage, open_page: Open) -> None:
    house = stage.house
    await house.apply(petition_text(slug=SLUG))
    who = await account(house, f"{SLUG}@example.org", Grant(house.parts.hub.any_petition(SLUG).id, OWNER))
    here = f"{stage.address}/organizer/ar/petitions/{SLUG}/paper"
    page = await open_page(here, "ar", viewport=PLACES["en"])
    await sign_in(stage, page, "ar", who)
    found = await looked_at("from paper", page, "ar")
    await page.locator("#office").focus()
    await page.keyboard.type("مكتب حلب")
    await page.keyboard.press("Tab")
    await page.keyboard.type("١٧")
    await page.fill("#day", "2017-12-20")
    await page.select_option("#evidence", "originals")
    await page.keyboard.press("Tab")
    await page.locator("#note").press("Enter")
    await page.get_by_text(AR("paper.first-title", number=1)).wait_for()
    assert await focus(page) == "full_name"

    # Wrong first: every field stays as it was typed, and the focus is where the first fault is.
    await enter(page, "سمير القاسم", "", "حلب", "ArrowDown", "", "")
    await page.get_by_text(AR("field.required")).first.wait_for()
    assert await focus(page) == "category"
    assert await page.input_value("#full_name") == "سمير القاسم"
    found += await looked_at("a line with a fault", page, "ar")
    await page.keyboard.press("ArrowDown")
    for _ in range(4):
        await page.keyboard.press("Enter")
    await page.get_by_text(AR("paper.kept", number=1)).wait_for()
    assert await focus(page) == "full_name"
    assert await page.input_value("#city") == "حلب"
    await enter(page, "هالة زين")
    await page.get_by_text(AR("paper.kept", number=2)).wait_for()
    found += await looked_at("the intake desk", page, "ar")
    assert not found

    await page.get_by_role("button", name=AR("paper.hand-in"), exact=True).press("Enter")
    await page.get_by_text(AR("paper.added", count=2)).wait_for()
    await house.fold()
    assert (await house.counts(SLUG))["by_method"]["paper"] == 2
    await sign_out(page, "ar")
