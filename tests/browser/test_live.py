"""An open page keeps up with the count: quietly, exactly as a fresh page would show it, and when the stream is cut."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from petition.words import Words
from tests.browser.acts import words_of
from tests.browser.conftest import Open
from tests.browser.stage import SLUG, Stage
from tests.factories import petition_text
from tests.people import someone

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHOWN = """() => [
  [...document.querySelectorAll(".count p:not([role]), [data-live]")].map(part => part.innerText.trim()),
  [...document.querySelectorAll("[data-bar]")].flatMap(bar => ["x", "width"].map(side =>
    parseFloat(bar.getAttribute(side))))]"""


async def shows_what_a_fresh_one_shows(page: Page) -> None:
    texts, bars = await page.evaluate(SHOWN)
    await page.reload()
    fresh_texts, fresh_bars = await page.evaluate(SHOWN)
    assert texts == fresh_texts
    assert bars == pytest.approx(fresh_bars, abs=0.01)


async def total_is(page: Page, total: int) -> None:
    await expect(page.locator(".count [data-live=total]")).to_have_text(words_of(page).number(total))


def said(say: Words, total: int) -> str:
    return f"{say('count.label')}: {say.number(total)}"


@pytest.mark.parametrize("path", ["", "/count"])
async def test_a_page_that_moved_shows_what_a_fresh_one_shows(
    stage: Stage, open_page: Open, lang: str, path: str
) -> None:
    page = await open_page(f"{stage.address}/{lang}/petitions/{SLUG}{path}", lang)
    before = (await stage.house.counts())["total"]
    await total_is(page, before)
    number = 100 + 2 * (lang == "ar") + bool(path)
    stage.house.clock.pass_(minutes=1)
    await stage.house.confirmed(someone(number, category=("activists", "fsa")[number % 2]))
    await total_is(page, before + 1)
    await shows_what_a_fresh_one_shows(page)


async def test_a_screen_reader_hears_the_count_at_most_every_half_minute(
    stage: Stage, open_page: Open, lang: str
) -> None:
    page = await open_page(f"{stage.address}/{lang}", lang)
    await page.clock.install()
    await page.goto(f"{stage.address}/{lang}/petitions/{SLUG}")
    status, say = page.get_by_role("status"), words_of(page)
    total = (await stage.house.counts())["total"]
    await total_is(page, total)
    await expect(status).to_have_text("")
    first, second, third = (110 + 3 * (lang == "ar") + more for more in range(3))
    await stage.house.confirmed(someone(first))
    await total_is(page, total + 1)
    await page.clock.fast_forward(10)
    await expect(status).to_have_text(said(say, total + 1))
    for more, number in enumerate((second, third), 2):
        await stage.house.confirmed(someone(number))
        await total_is(page, total + more)
    await page.clock.fast_forward(15_000)
    await expect(status).to_have_text(said(say, total + 1))
    await page.clock.fast_forward(15_000)
    await expect(status).to_have_text(said(say, total + 3))


async def test_past_the_goal_the_ruler_grows(stage: Stage, open_page: Open, lang: str) -> None:
    slug = f"small-{lang}"
    await stage.house.apply(petition_text(slug=slug, goal=2))
    await stage.house.confirmed(someone(1), slug=slug)
    page = await open_page(f"{stage.address}/{lang}/petitions/{slug}", lang)
    await page.evaluate("window.mark = true")
    ruler = page.locator(".measure")
    await expect(ruler).to_have_attribute("data-top", "2")
    await expect(page.locator(".of")).to_have_text(words_of(page)("count.of", goal=2))
    for number in (2, 3):
        await stage.house.confirmed(someone(number), slug=slug)
    await total_is(page, 3)
    await expect(page.locator(".of")).to_have_text(words_of(page)("count.past", goal=2))
    assert int(await ruler.get_attribute("data-top") or 0) > 2
    assert await page.evaluate("window.mark")
    await shows_what_a_fresh_one_shows(page)


@pytest.mark.parametrize("path", ["", "/count"])
async def test_milestones_are_told_on_open_pages_as_they_are_reached(
    stage: Stage, open_page: Open, lang: str, path: str
) -> None:
    slug = f"milestone-{lang}{path.replace('/', '-')}"
    await stage.house.apply(petition_text(slug=slug, goal=9, milestones=[2, 3, 5]))
    await stage.house.confirmed(someone(1), slug=slug)
    page = await open_page(f"{stage.address}/{lang}/petitions/{slug}{path}", lang)
    await page.clock.install()
    await page.reload()
    await page.evaluate("window.mark = true")
    say, told, day = words_of(page), page.locator(".reached"), stage.house.clock.now.date()
    reached = [say("delivered.milestone", number=number, day=day) for number in (2, 3)]
    await expect(told).to_be_hidden()
    for number in (2, 3):
        await stage.house.confirmed(someone(number), slug=slug)
        await total_is(page, number)
        await page.clock.run_for(10)
        # Thousands of open pages do not ask for each of a few that come at once: what is next waits half a minute.
        await expect(told).to_have_text(f"{say('delivered.reached')}: {reached[0]}")
    await page.clock.run_for(30_000)
    await expect(told).to_have_text(f"{say('delivered.reached')}: {' · '.join(reached)}")
    assert await page.evaluate("window.mark")
    await shows_what_a_fresh_one_shows(page)


async def test_a_page_that_comes_late_turns_no_bar_back(stage: Stage, open_page: Open) -> None:
    await stage.house.apply(petition_text(slug="late", goal=9, milestones=[2]))
    await stage.house.confirmed(someone(1), slug="late")
    page = await open_page(f"{stage.address}/en/petitions/late")
    comes, under_way = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        under_way.set()
        await comes.wait()
        await route.fulfill(response=answer)

    await page.route("**/petitions/late", late)
    await stage.house.confirmed(someone(2), slug="late")
    await under_way.wait()
    await stage.house.confirmed(someone(3), slug="late")
    await total_is(page, 3)
    comes.set()
    await expect(page.locator(".reached")).to_be_visible()
    width = await page.locator("[data-bar=total]").get_attribute("width")
    assert float((width or "").rstrip("%")) == pytest.approx(100 * 3 / 9, abs=0.01)


async def test_what_comes_instead_of_the_page_takes_nothing_away(stage: Stage, open_page: Open) -> None:
    await stage.house.apply(petition_text(slug="unwell", goal=9, milestones=[2]))
    await stage.house.confirmed(someone(1), slug="unwell")
    page = await open_page(f"{stage.address}/en/petitions/unwell")
    shown = page.locator(".of, .measure text")
    before = await shown.all_inner_texts()

    async def something_else(route: Route) -> None:
        """As a network says it before one has paid."""
        await route.fulfill(status=200, content_type="text/html", body="<p>Welcome")

    await page.route("**/petitions/unwell", something_else)
    async with page.expect_response("**/petitions/unwell") as asked:
        await stage.house.confirmed(someone(2), slug="unwell")
    await (await asked.value).finished()
    await total_is(page, 2)
    assert await shown.all_inner_texts() == before
    await expect(page.locator(".count")).not_to_contain_text("null")


async def test_where_no_stream_comes_through_the_page_asks(stage: Stage, open_page: Open) -> None:
    page = await open_page(f"{stage.address}/en")
    await page.clock.install()

    async def stand_still(route: Route) -> None:
        """Some networks hold a stream back for ever."""

    await page.route("**/counts/stream", stand_still)
    await page.goto(f"{stage.address}/en/petitions/{SLUG}")
    total = (await stage.house.counts())["total"]
    await stage.house.confirmed(someone(120))
    await total_is(page, total)
    await page.clock.fast_forward(15_000)
    await total_is(page, total + 1)
