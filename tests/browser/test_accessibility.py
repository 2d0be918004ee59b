"""axe finds nothing: every page, both languages, light and dark, phone and desktop."""

from collections.abc import Sequence
from typing import Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.async_api import Page

from tests.browser.acts import button
from tests.browser.conftest import Open
from tests.browser.stage import SLUG, Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# axe takes the joined letters of Arabic for an icon font's ligatures and then leaves their contrast unjudged;
# it finds out by drawing them. A canvas that is always full answers that they are letters.
LETTERS_ARE_LETTERS = """CanvasRenderingContext2D.prototype.getImageData =
  (x, y, w, h) => ({data: new Uint8ClampedArray(4 * Math.max(1, Math.ceil(w) * Math.ceil(h))).fill(255)})"""
RUN = """only => axe.run({resultTypes: ["violations"],
    ...only ? {runOnly: {type: "rule", values: only}} : {rules: {"target-size": {enabled: true}}}}).then(found =>
  found.violations.flatMap(rule => rule.nodes.map(node => [rule.id, node.target.join(" "), node.failureSummary])))"""
OPEN_ALL = "document.querySelectorAll('details').forEach(part => part.open = true)"
# The tree, and so most rules, may change with the width; colours change what is read out by nobody.
SEEN = ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"]
Scheme = Literal["light", "dark"]
Look = tuple[int, Scheme, list[str] | None]
LOOKS: Sequence[Look] = (
    (1280, "light", None), (1280, "dark", SEEN), (360, "dark", None), (360, "light", SEEN),
)  # fmt: skip
# Both widths and both schemes, each once: for pages made of the parts that others show in every look.
CROSSED = LOOKS[::2]
# The same template with other words: what the other tests look at them for is their size.
ALIKE = {"hidden", "long", "long pending", "word", "wordy", "wordy count", "wordy confirmed", "upcoming", "no petition"}


async def axe(page: Page, only: list[str] | None = None) -> list[list[str]]:
    """[rule, element, why] of each violation on the page as it stands."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(LETTERS_ARE_LETTERS)
        await page.evaluate(AXE_SCRIPT)
    found: list[list[str]] = await page.evaluate(RUN, only)
    return found


async def in_every_look(name: str, page: Page, looks: Sequence[Look] = LOOKS) -> list[str]:
    await page.evaluate(OPEN_ALL)
    found: list[str] = []
    for width, scheme, only in looks:
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [f"{name}, {scheme}, {width} px: {' '.join(fault)}" for fault in await axe(page, only)]
    return found


async def crosswise(name: str, page: Page) -> list[str]:
    return await in_every_look(name, page, CROSSED)


async def test_every_page_is_accessible(stage: Stage, open_page: Open, lang: str) -> None:
    page = await open_page(f"{stage.address}/{lang}", lang)
    found: list[str] = []
    async for name in stage.walk(page, lang, without=ALIKE):
        found += await in_every_look(name, page)
    assert not found, "\n".join(found)


async def test_every_page_that_answers_a_form_is_accessible(stage: Stage, open_page: Open, lang: str) -> None:
    page = await open_page(f"{stage.address}/{lang}/petitions/{SLUG}", lang)
    await button(page, "form.submit").click()
    assert await page.get_by_role("alert").count() == 1
    found = await in_every_look("form with errors", page)
    await page.goto(stage.link("pending", lang))
    await button(page, "signature.confirm").click()
    found += await in_every_look("not agreed", page)
    await page.goto(f"{stage.link('confirmed', lang)}?said=confirmed")
    found += await in_every_look("confirmed just now", page)
    for act, kind in (("deny", "pending"), ("withdraw", "confirmed"), ("erase", "confirmed")):
        await page.goto(stage.link(kind, lang))
        await button(page, "signature.deny" if act == "deny" else f"signature.{act}-button").click()
        await page.get_by_role("checkbox").wait_for()
        found += await in_every_look(f"sure to {act}", page)
    assert not found, "\n".join(found)


async def test_a_pale_arabic_paragraph_is_reported(stage: Stage, open_page: Open) -> None:
    """Without this the others could be blind: axe alone never judges the contrast of Arabic."""
    page = await open_page(f"{stage.address}/ar/petitions/{SLUG}", "ar")
    await page.evaluate("""() => {
      const pale = document.createElement("p");
      pale.id = "pale"; pale.style.color = "#b9b9b9"; pale.textContent = "هذه فقرة باهتة لا تكاد تُقرأ";
      document.querySelector(".statement").append(pale);
    }""")
    assert [fault[:2] for fault in await axe(page)] == [["color-contrast", "#pale"]]
