"""The sign form where a script runs, and where only a keyboard is at hand; what is passed on."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Locator, Page, expect

from petition.domain import identity
from tests.browser import acts
from tests.browser.acts import words_of
from tests.browser.conftest import Open
from tests.browser.stage import SLUG, Stage
from tests.domain.names_of_the_world import WRITTEN_BY_HAND
from tests.people import Person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FOCUSED = """() => {
  const at = document.activeElement, {outlineStyle, outlineWidth} = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  return {name: at.name || "", tag: at.tagName, type: at.type || "", hidden: !!at.closest("[aria-hidden]"),
          ring: outlineStyle !== "none" && outlineWidth !== "0px",
          seen: box.bottom > 0 && box.top < innerHeight && box.width > 2};
}"""
AS_TYPED = """names => names.map(name => {
  const field = document.querySelector("#full_name");
  field.value = name;
  field.dispatchEvent(new Event("input", {bubbles: true}));
  return document.querySelector("[data-as=initials]").textContent;
})"""


def preview(page: Page, choice: str) -> Locator:
    return page.locator(f"[data-as={choice}]")


@pytest.mark.parametrize("choice", ["name", "initials"])
async def test_the_preview_is_what_the_list_will_show(stage: Stage, open_page: Open, lang: str, choice: str) -> None:
    names = {"ar": "  عبد الرحمن   بن خالد الأسعد المصري ", "en": "anna-maria  van der Berg O'Neill"}
    person = Person(names[lang], f"preview-{choice}@{lang}.example.org", "activists", visibility=choice)
    page = await open_page(f"{stage.address}/{lang}/petitions/{SLUG}", lang)
    hint = words_of(page)("form.by-name-hint" if choice == "name" else "form.initials-hint")
    await expect(preview(page, choice)).to_have_text(hint)
    await acts.fill_in(page, person)
    promised = await preview(page, choice).inner_text()
    name = page.get_by_role("textbox", name=words_of(page)("form.name"))
    await name.fill("")
    await expect(preview(page, choice)).to_have_text(hint)
    await acts.sign(page, person)
    await stage.house.deliver()
    await acts.open_mail(page, person, stage.address)
    await acts.confirm(page)
    await stage.house.fold()
    await expect(page.get_by_text(promised, exact=True)).to_be_visible()
    await page.goto(f"{stage.address}/{lang}/petitions/{SLUG}/signatories?category=activists")
    listed = [" · ".join(row.split("\n")) for row in await page.locator(".names li").all_inner_texts()]
    assert promised in [" ".join(row.split()) for row in listed]


async def test_a_claim_is_previewed_as_claimed(stage: Stage, open_page: Open) -> None:
    page = await open_page(f"{stage.address}/en/petitions/{SLUG}")
    await page.get_by_role("textbox", name="Full name").fill("Omar Najjar")
    await expect(preview(page, "name")).to_have_text("Omar Najjar")
    await page.get_by_role("combobox", name=words_of(page)("form.category")).select_option("journalists")
    await expect(preview(page, "name")).to_have_text("Omar Najjar · Journalists (once verified)")
    await expect(preview(page, "initials")).to_have_text("O. N. · Journalists (once verified)")


async def test_initials_are_previewed_as_the_server_makes_them(stage: Stage, open_page: Open) -> None:
    """Two programs in two languages: names of every script must come out alike."""
    page = await open_page(f"{stage.address}/en/petitions/{SLUG}")
    names = [*map(identity.person_name, WRITTEN_BY_HAND), "ໄຊຍະ ແສງ", "ßen ǆon"]
    pairs = zip(names, await page.evaluate(AS_TYPED, names), map(identity.initials, names), strict=True)
    wrong = [f"{name}: {shown} for {made}" for name, shown, made in pairs if shown != made]
    assert not wrong, "\n".join(wrong)


async def test_the_form_can_be_sent_by_keyboard_alone(stage: Stage, open_page: Open, lang: str) -> None:
    page = await open_page(f"{stage.address}/{lang}/petitions/{SLUG}", lang)
    typed = {"full_name": "Kay Board", "email": f"kay@{lang}.example.org"}
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name=words_of(page)("site.skip"))).to_be_focused()
    await page.keyboard.press("Enter")
    for _ in range(60):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(FOCUSED)
        assert focused["ring"], focused
        assert focused["seen"], focused
        assert not focused["hidden"], focused
        if focused["name"] in typed:
            await page.keyboard.type(typed[focused["name"]])
        elif focused["tag"] == "SELECT" or focused["type"] == "radio":
            await page.keyboard.press("ArrowDown")
        elif focused["type"] == "checkbox":
            await page.keyboard.press("Space")
        elif focused["tag"] == "BUTTON":
            await page.keyboard.press("Enter")
            break
    await expect(page.get_by_role("heading", level=1)).to_have_text(words_of(page)("mailed.title"))
    assert await stage.house.deliver() == 1


async def test_the_link_is_copied(stage: Stage, open_page: Open, lang: str) -> None:
    address = f"{stage.address}/{lang}/petitions/{SLUG}"
    page = await open_page(address, lang, permissions=["clipboard-read", "clipboard-write"])
    await acts.button(page, "petition.copy").click()
    await expect(acts.button(page, "petition.copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == address


async def test_nobody_is_offered_a_copy_that_cannot_be_made(stage: Stage, open_page: Open) -> None:
    page = await open_page(f"{stage.address}/en/petitions/{SLUG}", java_script_enabled=False)
    await expect(page.locator("[data-copy]")).to_be_hidden()


async def test_the_qr_code_comes_from_here(stage: Stage, open_page: Open, lang: str) -> None:
    page = await open_page(f"{stage.address}/{lang}/petitions/{SLUG}", lang)
    await page.get_by_text(words_of(page)("petition.qr"), exact=True).click()
    picture = page.get_by_role("img", name=words_of(page)("petition.qr-alt"))
    await expect(picture).to_be_visible()
    await picture.evaluate("picture => picture.decode()")
    width, source = await picture.evaluate("picture => [picture.naturalWidth, picture.currentSrc]")
    assert width > 0
    assert urlsplit(source)[:2] == urlsplit(stage.address)[:2]
