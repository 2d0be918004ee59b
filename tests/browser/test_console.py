"""A verifier's day in a real browser: Arabic on a phone, English on a desktop, the owner's switch at the end of it."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from petition import words
from petition.domain import passwords
from petition.domain.actors import OWNER, Grant
from tests.browser.conftest import Open
from tests.browser.stage import Stage
from tests.browser.test_accessibility import crosswise
from tests.factories import petition_text
from tests.organizers import PASSWORD, Account, account
from tests.people import someone

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WORDS = words.load()
SIGNATURES = 30
PLACES = {"ar": {"width": 360, "height": 740}, "en": {"width": 1280, "height": 900}}
# Pages that an address alone leads to; nobody has signed the petition that is called empty.
ADDRESSES = (
    "/team",
    "/account",
    "/audit",
    "/petitions/{slug}/queue",
    "/petitions/{slug}/exports",
    "/petitions/{slug}/sheets",
    "/petitions/{slug}/deliveries",
    "/petitions/{slug}/queue?state=rejected",
    "/petitions/{slug}/safety",
    "/petitions/{slug}/batches",
    "/petitions/{slug}/batches/new",
    "/petitions/{slug}/invitations",
    "/petitions/{slug}/edit",
    "/petitions/{slug}/preview",
    "/petitions/{slug}/versions",
    "/petitions/{slug}/versions/1",
    "/petitions/{slug}/retention",
    "/petitions/{slug}/figures",
    "/petitions/empty-{lang}/figures",
    "/audit?group=people&since=2017-01-01",
    "/audit?since=soon",
)


async def press(page: Page, lang: str, key: str) -> None:
    await page.get_by_role("button", name=WORDS[lang](key), exact=True).click()


async def sign_in(stage: Stage, page: Page, lang: str, who: Account) -> None:
    await page.fill("#address", who.address)
    await page.fill("#password", PASSWORD)
    await press(page, lang, "sign-in.on")
    stage.house.clock.pass_(seconds=passwords.STEP_SECONDS)
    await page.fill("#code", passwords.totp_code(who.totp, stage.house.clock.now))
    await press(page, lang, "sign-in.title")


async def sign_out(page: Page, lang: str) -> None:
    """Waits until it is done: when the test ends, no cookie may be left."""
    await press(page, lang, "console.sign-out")
    await page.get_by_role("heading", name=WORDS[lang]("sign-in.title")).wait_for()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
async def test_a_verifiers_day(stage: Stage, open_page: Open, lang: str, scripts: bool) -> None:
    house, slug = stage.house, f"day-{lang}-{'with' if scripts else 'without'}"
    await house.apply(petition_text(slug=slug))
    number = SIGNATURES if scripts else 3
    for n in range(number):
        await house.confirmed(someone(100 + n), slug=slug, category="journalists")
    who = await account(house, f"{slug}@example.org", Grant(house.parts.hub.any_petition(slug).id, OWNER))
    page = await open_page(
        f"{stage.address}/organizer/{lang}", lang, viewport=PLACES[lang], java_script_enabled=scripts
    )
    await sign_in(stage, page, lang, who)
    assert (await page.locator("html").get_attribute("dir")) == WORDS[lang].direction
    await page.get_by_role("link", name=WORDS[lang]("console.to-queue")).click()
    await page.locator("table.queue tbody a").first.click()
    for _ in range(number):
        await press(page, lang, "act.verify")
        await page.get_by_text(WORDS[lang]("console-said.verify")).wait_for()
        await page.get_by_role("link", name=WORDS[lang]("console.next"), exact=True).click()
    assert await page.get_by_text(WORDS[lang]("console-said.last")).count() == 1
    await house.fold()
    counts = await house.counts(slug)
    assert (counts["total"], counts["verified"], counts["awaiting_verification"]) == (number, number, 0)

    await page.get_by_role("link", name=WORDS[lang]("console.all"), exact=True).click()
    await page.locator("table.queue tbody a").first.click()
    await press(page, lang, "act.unverify")
    await house.fold()
    assert (await house.counts(slug))["verified"] == number - 1

    if scripts:
        await a_rule(stage, page, open_page, lang, slug)

    await page.goto(f"{stage.address}/organizer/{lang}/petitions/{slug}/safety")
    await press(page, lang, "safety.on")
    assert await page.get_by_text(WORDS[lang]("safety.is-on")).count() == 1
    assert (await house.sign(someone(1), slug=slug)).status_code == 409
    await sign_out(page, lang)


async def a_rule(stage: Stage, page: Page, open_page: Open, lang: str, slug: str) -> None:
    """So many at once that a second owner has to agree: they do, in a browser of their own."""
    house, here = stage.house, f"{stage.address}/organizer/{lang}/petitions/{slug}/batches"
    second = await account(house, f"second-{slug}@example.org", Grant(house.parts.hub.any_petition(slug).id, OWNER))
    await page.goto(f"{here}/new")
    await page.fill("#name", "person")
    await page.check("input[value=hide]")
    await press(page, lang, "rule.look")
    assert await page.get_by_text(WORDS[lang]("batch.second")).count() == 1
    await press(page, lang, "batch-do.start")
    assert await page.get_by_text(WORDS[lang]("batch.asked-mine")).count() == 1
    other = await open_page(f"{stage.address}/organizer/{lang}", lang, viewport=PLACES[lang])
    await sign_in(stage, other, lang, second)
    # Their overview says unasked that somebody waits for them.
    await other.locator(f"a[href='{page.url.removeprefix(stage.address)}']").first.click()
    await press(other, lang, "batch-do.approve")
    await sign_out(other, lang)
    while await house.worker.batches():
        pass
    await page.reload()
    assert await page.get_by_text(WORDS[lang]("batch-state.done"), exact=True).count() >= 1
    listed = await house.http.get(f"/{lang}/petitions/{slug}/signatories")
    assert "Person" not in listed.text


async def test_single_keys_work_the_desk_and_can_be_switched_off(stage: Stage, open_page: Open, lang: str) -> None:
    house, slug = stage.house, f"single-keys-{lang}"
    await house.apply(petition_text(slug=slug))
    for n in range(3):
        await house.confirmed(someone(300 + n), slug=slug)
    who = await account(house, f"{slug}@example.org", Grant(house.parts.hub.any_petition(slug).id, OWNER))
    page = await open_page(f"{stage.address}/organizer/{lang}/petitions/{slug}/queue", lang)
    await sign_in(stage, page, lang, who)
    await page.locator("table.queue").wait_for()
    await page.wait_for_load_state()
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.locator(".acts").wait_for()
    await page.wait_for_load_state()
    await page.keyboard.press("v")
    await page.get_by_text(WORDS[lang]("console-said.verify")).wait_for()
    await page.wait_for_load_state()
    before = page.url
    await page.keyboard.press("n")
    await page.wait_for_url(lambda url: "/signatures/" in url and url != before)
    await page.keyboard.press("c")
    await page.keyboard.type("vvv")
    assert await page.locator("#note").input_value() == "vvv"
    at = page.url
    await page.goto(f"{stage.address}/organizer/{lang}/account")
    await press(page, lang, "keys.turn-off")
    await page.goto(at)
    await page.keyboard.press("b")
    await page.keyboard.press("v")
    assert page.url == at
    await house.fold()
    assert (await house.counts(slug))["verified"] == 1
    await sign_out(page, lang)


async def invitations_looked_at(stage: Stage, page: Page, lang: str, slug: str) -> list[str]:
    here = f"{stage.address}/organizer/{lang}/petitions/{slug}"
    await page.goto(f"{here}/invitations")
    await page.fill("#uses", "none")
    await press(page, lang, "invitation.issue")
    found = await crosswise("invitations with a fault", page)
    await page.fill("#uses", "2")
    await page.fill("#count", "3")
    await press(page, lang, "invitation.issue")
    found += await crosswise("invitations just made", page)
    code = (await page.locator(".links code").first.inner_text()).rpartition("=")[2]
    await stage.house.confirmed(someone(220), slug=slug, invitation=code)
    await page.fill("#link", code)
    await press(page, lang, "invitation.find-button")
    await page.get_by_role("link", name=WORDS[lang]("invitation.all")).wait_for()
    found += await crosswise("one invitation", page)
    await page.goto(f"{stage.address}/{lang}/petitions/{slug}?invitation={code}")
    found += await crosswise("a form with an invitation", page)
    return found


async def a_batch_looked_at(stage: Stage, page: Page, lang: str, slug: str) -> list[str]:
    here = f"{stage.address}/organizer/{lang}/petitions/{slug}"
    await page.goto(f"{here}/batches/new")
    await press(page, lang, "rule.look")
    found = await crosswise("a rule without conditions", page)
    await page.fill("#name", "person")
    await page.check("input[value=invalidate]")
    await page.select_option("#reason", "other")
    await press(page, lang, "rule.look")
    found += await crosswise("a rule's sample", page)
    await press(page, lang, "batch-do.start")
    found += await crosswise("a batch under way", page)
    await page.goto(f"{here}/batches")
    found += await crosswise("batches", page)
    return found


async def the_editor_looked_at(stage: Stage, page: Page, lang: str, slug: str) -> list[str]:
    here = f"{stage.address}/organizer/{lang}/petitions/{slug}"
    await page.goto(f"{here}/edit")
    await page.fill("#statement-en", "# Now\n\n**bold**\n\n1. one")
    await page.fill("#goal", "many")
    await press(page, lang, "editor.look")
    found = await crosswise("a preview", page)
    await press(page, lang, "editor.save")
    await page.locator("#goal-error").wait_for()
    found += await crosswise("editor with a fault", page)
    await page.fill("#goal", "4000")
    await stage.house.apply(petition_text(slug=slug, goal=9))
    await press(page, lang, "editor.save")
    await page.locator("#goal-mine").wait_for()
    found += await crosswise("editor after a colleague", page)
    return found


async def test_every_page_of_the_console_is_accessible(stage: Stage, open_page: Open, lang: str) -> None:
    house, slug = stage.house, f"looked-at-{lang}"
    await house.apply(petition_text(slug=slug))
    for n in range(3):
        await house.confirmed(someone(200 + n), slug=slug)
    await house.confirmed(someone(211), slug=slug, category="journalists")
    await house.signed(someone(210), slug=slug)
    await house.apply(petition_text(slug=f"empty-{lang}"))
    who = await account(house, f"{slug}@example.org", Grant(None, OWNER))
    page = await open_page(f"{stage.address}/organizer/{lang}", lang)
    found = await crosswise("sign in", page)
    await sign_in(stage, page, lang, who)
    found += await crosswise("dashboard", page)
    here = f"{stage.address}/organizer/{lang}"
    for path in (address.format(slug=slug, lang=lang) for address in ADDRESSES):
        await page.goto(here + path)
        found += await crosswise(path, page)
        # The last look is a phone's: nothing may stand out of it.
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{path} is wider than a phone")
    found += await invitations_looked_at(stage, page, lang, slug)
    found += await a_batch_looked_at(stage, page, lang, slug)
    found += await the_editor_looked_at(stage, page, lang, slug)
    await page.goto(f"{here}/petitions/{slug}/queue?state=confirmed")
    await page.locator("table.queue tbody a").first.click()
    found += await crosswise("record", page)
    await press(page, lang, "act.invalidate")
    found += await crosswise("record without a reason", page)
    await sign_out(page, lang)
    assert not found, "\n".join(found)
