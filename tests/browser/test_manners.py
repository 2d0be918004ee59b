"""Every page keeps to itself, keeps nothing, fits a phone and a thumb, and prints as a document."""

from functools import partial

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.acts import button, until, words_of
from tests.browser.conftest import Open
from tests.browser.stage import LONG_NAME, LONG_WORD, SLUG, Stage
from tests.browser.watching import KEPT, NOTHING_KEPT, Watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Not what is hidden from sight, nor what a drawing holds: its parts are clipped or moved with it.
STICKS_OUT = """() => {
  const hidden = part => part.closest(".vh, .skip, [hidden], svg svg") || !part.getClientRects().length;
  const found = [...document.body.querySelectorAll("*")].filter(part => !hidden(part)).filter(part => {
    const box = part.getBoundingClientRect();
    return box.left < -1 || box.right > innerWidth + 1;
  });
  const page = document.scrollingElement;
  return [...page.scrollWidth > innerWidth ? [`scrolls to ${page.scrollWidth}`] : [],
          ...found.slice(0, 5).map(part => `${part.tagName} ${part.className} ${part.textContent.slice(0, 30)}`)];
}"""
SMALL = """() => [...document.querySelectorAll(
    "button, .button, input:not([type=hidden]), select, summary, nav a, .pass a")].flatMap(part => {
  if (part.closest(".vh, [hidden]")) return [];
  const box = (/radio|checkbox/.test(part.type) ? part.closest("label") : part).getBoundingClientRect();
  const least = part.matches(".card button, .card input, .card select") && !/radio|checkbox/.test(part.type) ? 48 : 44;
  return box.height < least - .01 || box.width < 44 && part.matches("button, .button, input, select, .pass a")
    ? [`${part.tagName} ${part.name || part.className || part.textContent} ${box.width} x ${box.height}`] : [];
})"""
OPEN_ALL = "document.querySelectorAll('details').forEach(part => part.open = true)"


async def amiss(page: Page) -> list[str]:
    """What is wrong with the page as it stands, on a desk and in a hand."""
    await page.evaluate(OPEN_ALL)
    found = []
    for width in (1280, 360):
        await page.set_viewport_size({"width": width, "height": 780})
        found += [f"at {width} px out of the page: {part}" for part in await page.evaluate(STICKS_OUT)]
    found += [f"too small for a thumb: {part}" for part in await page.evaluate(SMALL)]
    kept = await page.evaluate(KEPT)
    return found if kept == NOTHING_KEPT else [*found, f"kept: {kept}"]


async def test_every_page_fits_a_phone_and_a_thumb_and_keeps_nothing(stage: Stage, open_page: Open, lang: str) -> None:
    """Also with names of two hundred letters; that no page asks another host or sets a cookie is in `open_page`."""
    page = await open_page(f"{stage.address}/{lang}", lang)
    found: list[str] = []

    async def look(name: str) -> None:
        found.extend(f"{name}: {fault}" for fault in await amiss(page))

    async for name in stage.walk(page, lang):
        await look(name)
    say = words_of(page)
    await page.goto(f"{stage.address}/{lang}/petitions/{SLUG}")
    await page.get_by_role("textbox", name=say("form.name")).fill(LONG_WORD)
    await look("long name typed")
    await page.get_by_role("textbox", name=say("form.city")).fill(LONG_WORD * 2)
    await button(page, "form.submit").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await look("form with errors")
    await page.goto(stage.link("long pending", lang))
    await button(page, "signature.deny").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(say("sure.deny"))
    await look("sure")
    assert not found, "\n".join(found)


async def test_a_page_that_oversteps_is_noticed(stage: Stage, browser: Browser) -> None:
    """Every other test here ends by asking its watch: this is what the watch sees."""
    context = await browser.new_context()
    watch = Watch(context, stage.address)
    await watch.begin()
    page = await context.new_page()
    await page.goto(f"{stage.address}/en")
    assert not watch.faults
    await page.evaluate("""async () => {
      document.body.append(Object.assign(new Image(), {src: "https://elsewhere.example/pixel.png"}));
      await fetch("https://elsewhere.example/").catch(() => {});
      document.body.insertAdjacentHTML("beforeend", "<p style='color: red'>");
      localStorage.visited = document.cookie = "visited=1";
      setTimeout(() => { throw new Error("unseen") });
    }""")
    for fault in ("img-src https://elsewhere.example", "connect-src https://elsewhere.example", "style-src", "unseen"):
        await until(partial(_noticed, watch, fault))
    kept = " ".join(await watch.end())
    assert "cookie: visited" in kept
    assert "'visited': 'visited=1'" in kept


async def _noticed(watch: Watch, fault: str) -> bool:
    return any(fault in noticed for noticed in watch.faults)


async def test_nothing_moves_for_whoever_wants_less_motion(stage: Stage, open_page: Open) -> None:
    page = await open_page(f"{stage.address}/en/petitions/{SLUG}", reduced_motion="no-preference")
    moving = """() => [...document.querySelectorAll("*")].filter(part => {
      const {transitionDuration, animationName, scrollBehavior} = getComputedStyle(part);
      return parseFloat(transitionDuration) > 0 || animationName !== "none" || scrollBehavior === "smooth";
    }).length"""
    assert await page.evaluate(moving) > 0
    await page.emulate_media(reduced_motion="reduce")
    assert await page.evaluate(moving) == 0


async def test_the_statement_prints_as_a_document(stage: Stage, open_page: Open, lang: str) -> None:
    page = await open_page(f"{stage.address}/{lang}/petitions/{SLUG}", lang)
    banner, form, statement = page.get_by_role("banner"), page.locator("form"), page.locator(".statement")
    for shown in (banner, form):
        await expect(shown).to_be_visible()
    # Paper is light, whatever the screen is.
    await page.emulate_media(media="print", color_scheme="dark")
    for hidden in (page.locator(".bar"), page.locator(".demo"), form, page.locator(".foot"), page.locator(".pass")):
        await expect(hidden).to_be_hidden()
    await expect(page.locator("html")).to_have_css("color-scheme", "light")
    await expect(page.locator(".count .small")).to_have_css("color", "rgb(89, 95, 88)")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(statement.get_by_role("listitem")).to_have_count(4)
    await expect(statement).to_be_visible()
    await expect(page.locator(".count [data-live=total]")).to_be_visible()
    assert len(await page.pdf()) > 10_000


async def test_the_names_print_as_a_list(stage: Stage, open_page: Open) -> None:
    page = await open_page(stage.paths("en")["signatories"])
    await page.emulate_media(media="print")
    await expect(page.locator(".filter")).to_be_hidden()
    await expect(page.get_by_text(LONG_NAME)).to_be_visible()
