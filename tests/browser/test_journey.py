"""The whole program, a browser and both databases: sign, mail, link, confirm, and other open pages see it happen."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from tests.browser import acts
from tests.browser.acts import words_of
from tests.browser.conftest import Open
from tests.browser.stage import SLUG
from tests.people import LAYLA, OMAR, Person, someone
from tests.servers import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PEOPLE = {"ar": LAYLA, "en": OMAR}


async def watch_the_count(open_page: Open, server: Server) -> list[Page]:
    """Statement and count page in both languages, marked so that a reload would show."""
    pages = []
    for lang in ("ar", "en"):
        page = await open_page(f"{server.base_url}/{lang}/petitions/{SLUG}", lang)
        other = await page.context.new_page()
        await other.goto(f"{page.url}/count")
        pages += [page, other]
    for page in pages:
        await page.evaluate("window.mark = 'still the same page'")
        await expect(page.get_by_role("status")).to_have_text("")
    return pages


async def sees(page: Page, total: int, independents: int, awaiting: int) -> None:
    say = words_of(page)
    for spot in await page.locator("[data-live=total]").all():
        await expect(spot).to_have_text(say.number(total), timeout=acts.PATIENCE * 1000)
    await expect(page.locator("td[data-live='category:independents']")).to_have_text(say.number(independents))
    await expect(page.locator("td[data-live=awaiting]")).to_have_text(say.number(awaiting))
    await bar_is(page, "total", 100 * total / int(await page.locator(".measure").get_attribute("data-top") or 0))
    await bar_is(page, "category:independents", 100 * independents / total)
    assert await page.evaluate("window.mark") == "still the same page"


async def bar_is(page: Page, key: str, percent: float) -> None:
    """Its length, and that it begins where the line does."""
    bar = page.locator(f"[data-bar='{key}']")
    width, x = [float((await bar.get_attribute(name) or "").rstrip("%")) for name in ("width", "x")]
    assert width == pytest.approx(percent, abs=0.01)
    assert x == pytest.approx(100 - percent if words_of(page).direction == "rtl" else 0, abs=0.01)


async def test_a_signature_moves_the_count_on_every_open_page(server: Callable[..., Server], open_page: Open) -> None:
    running = server("demo", "--signatures", "0")
    watching = await watch_the_count(open_page, running)
    for number, (lang, person) in enumerate(PEOPLE.items(), 1):
        page = await open_page(f"{running.base_url}/{lang}/petitions/{SLUG}", lang)
        await acts.sign(page, person)
        await acts.open_mail(page, person, running.base_url)
        await expect(page.get_by_text(person.full_name, exact=True).first).to_be_visible()
        await acts.confirm(page)
        for open_one in watching:
            await sees(open_one, number, independents=1, awaiting=number - 1)
        await page.reload()
        await expect(page.get_by_text(words_of(page)("signature.counts-lead", total=number))).to_be_visible()
        if number == 1:
            for open_one in watching:
                say = words_of(open_one)
                await expect(open_one.get_by_role("status")).to_have_text(f"{say('count.label')}: {say.number(1)}")
    await page.goto(f"{running.base_url}/en/petitions/{SLUG}/signatories")
    assert await page.locator(".names bdi").all_inner_texts() == [OMAR.full_name, LAYLA.full_name]


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_the_same_without_scripts(server: Callable[..., Server], open_page: Open) -> None:
    running = server("demo", "--signatures", "0")
    for number, (lang, person) in enumerate(PEOPLE.items()):
        page = await open_page(f"{running.base_url}/{lang}/petitions/{SLUG}", lang, java_script_enabled=False)
        await refused_then_signed(page, person)
        await acts.open_mail(page, person, running.base_url)
        await refused_then_confirmed(page)
        await counted(page, running, 1)
        await hides_the_name(page, running, person)
        await asked_then_done(page, "withdraw", "withdrawn")
        await asked_then_done(page, "erase", "erased")
        await counted(page, running, 0)

        await page.goto(f"{running.base_url}/{lang}/petitions/{SLUG}")
        await acts.sign(page, someone(number))
        await acts.open_mail(page, someone(number), running.base_url)
        await asked_then_done(page, "deny", "denied")


async def refused_then_signed(page: Page, person: Person) -> None:
    """A wrong name, then no consent: each fault is said twice, what was typed is kept, the first one has the focus."""
    say = words_of(page)
    await acts.fill_in(page, replace(person, full_name="www.example.org"))
    async with page.expect_response("**/signatures") as answered:
        await acts.button(page, "form.submit").click()
    assert (await answered.value).status == 422
    summary = page.get_by_role("alert")
    await expect(summary).to_contain_text(say("form.errors", count=2))
    await expect(summary.get_by_role("listitem")).to_have_text(
        [
            f"{say('form.name')}: {say('field.name-link')}",
            f"{say('form.consent-short')}: {say('field.consent-missing')}",
        ]
    )
    name = page.get_by_role("textbox", name=say("form.name"))
    await expect(name).to_be_focused()
    await expect(name).to_have_accessible_description(re.compile(re.escape(say("field.name-link"))))
    await expect(name).to_have_value("www.example.org")
    await expect(page.get_by_role("textbox", name=say("form.email"))).to_have_value(person.email)
    await expect(page.get_by_role("textbox", name=say("form.city"))).to_have_value(person.city)
    await expect(page.get_by_role("combobox", name=say("form.category"))).to_have_value(person.category)
    await expect(page.get_by_role("combobox", name=say("form.country"))).to_have_value(person.country)

    consent = page.get_by_role("checkbox")
    await summary.get_by_role("link", name=say("form.consent-short")).click()
    await expect(consent).to_be_focused()
    await consent.check()
    await summary.get_by_role("link", name=say("form.name")).click()
    await expect(name).to_be_focused()
    await name.fill(person.full_name)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text(say("mailed.title"))


async def refused_then_confirmed(page: Page) -> None:
    say = words_of(page)
    await expect(page.get_by_role("checkbox")).not_to_be_checked()
    await acts.button(page, "signature.confirm").click()
    await expect(page.get_by_role("alert")).to_contain_text(say("field.agree-missing"))
    await expect(page.get_by_role("checkbox")).to_be_focused()
    await acts.confirm(page)


async def counted(page: Page, running: Server, total: int) -> None:
    """A page without scripts shows the count as of when it was loaded."""
    link = page.url

    async def shown() -> bool:
        await page.goto(f"{running.base_url}/{link.split('/')[3]}/petitions/{SLUG}")
        return await page.locator(".count [data-live=total]").inner_text() == words_of(page).number(total)

    await acts.until(shown)
    await page.goto(link)


async def hides_the_name(page: Page, running: Server, person: Person) -> None:
    say, link = words_of(page), page.url
    listed = f"{running.base_url}/{say.code}/petitions/{SLUG}/signatories"
    await page.goto(listed)
    await expect(page.locator(".names")).to_contain_text(person.full_name)
    await page.goto(link)
    await page.get_by_role("radio", name=say("form.anonymous")).check()
    await acts.button(page, "signature.visibility-button").click()
    await expect(page.get_by_role("status")).to_have_text(say("said.visibility"))
    await page.goto(listed)
    await expect(page.locator(".empty")).to_contain_text(say("signatories.empty"))
    await page.goto(link)


async def asked_then_done(page: Page, act: str, ending: str) -> None:
    """The button alone does nothing; an unticked box neither."""
    say = words_of(page)
    await acts.button(page, "signature.deny" if act == "deny" else f"signature.{act}-button").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(say(f"sure.{act}"))
    await expect(page.get_by_role("checkbox")).not_to_be_checked()
    await acts.button(page, f"sure.{act}-button").click()
    await expect(page.get_by_role("alert")).to_contain_text(say("field.sure-missing"))
    await page.get_by_role("checkbox", name=say(f"sure.{act}-box")).check()
    await acts.button(page, f"sure.{act}-button").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(say(f"ended.{ending}"))
