"""What people do in a browser, found as they find it: by the words on the page."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from playwright.async_api import Locator, Page, expect

from petition import words
from petition.words import Words
from tests.people import Person

CATALOGUES = words.load()
PATIENCE = 30.0
T = TypeVar("T")


def words_of(page: Page) -> Words:
    """The catalogue of the language in the page's address."""
    return CATALOGUES[page.url.split("/")[3]]


async def until(look: Callable[[], Awaitable[T]]) -> T:
    """Looks until there is something to see."""
    end = time.monotonic() + PATIENCE
    while not (found := await look()):
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.05)
    return found


def button(page: Page, key: str) -> Locator:
    return page.get_by_role("button", name=words_of(page)(key), exact=True)


async def fill_in(page: Page, person: Person) -> None:
    """Everything but the consent."""
    say = words_of(page)
    for key, text in (("name", person.full_name), ("email", person.email),
                      ("affiliation", person.affiliation), ("city", person.city)):  # fmt: skip
        await page.get_by_role("textbox", name=say(f"form.{key}")).fill(text)
    await page.get_by_role("combobox", name=say("form.category")).select_option(person.category)
    await page.get_by_role("combobox", name=say("form.country")).select_option(say.country(person.country))
    choice = {"name": "by-name"}.get(person.visibility, person.visibility)
    await page.get_by_role("radio", name=say(f"form.{choice}")).check()


async def sign(page: Page, person: Person) -> None:
    """From the statement's page to the one that asks to look in the mailbox."""
    await fill_in(page, person)
    await page.get_by_role("checkbox", name=words_of(page)("form.consent")).check()
    await button(page, "form.submit").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(words_of(page)("mailed.title"))


async def open_mail(page: Page, person: Person, address: str) -> None:
    """Follows the link of the newest mail to this person, as /demo/mail shows it."""

    async def arrived() -> bool:
        await page.goto(f"{address}/demo/mail")
        return await page.locator("article", has_text=person.email).count() > 0

    await until(arrived)
    await page.locator("article", has_text=person.email).first.get_by_role("link").first.click()
    await page.wait_for_url("**/signature/*")


async def confirm(page: Page) -> None:
    await page.get_by_role("checkbox", name=words_of(page)("signature.agree")).check()
    await button(page, "signature.confirm").click()
    await expect(page.get_by_role("status")).to_have_text(words_of(page)("said.confirmed"))
