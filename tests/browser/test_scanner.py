"""A mail scanner with a browser of its own follows the link and submits every form as it finds it: nothing happens."""

import re

import pytest
from playwright.async_api import Page

from tests.browser.acts import button
from tests.browser.conftest import Open
from tests.browser.stage import Stage
from tests.people import someone

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Every way in which a script can send a form: past its checks, and by each of its buttons.
WAYS = """() => [...document.forms].flatMap((form, at) =>
  [[at, "submit"], ...[...form.querySelectorAll("button")].map((_, button) => [at, button])])"""
SEND = """([at, way]) => {
  const form = document.forms[at];
  way === "submit" ? form.submit() : form.requestSubmit(form.querySelectorAll("button")[way]);
}"""
Way = list[int | str]


async def send(page: Page, link: str, ways: list[Way]) -> list[Way]:
    """From the link through these forms, one page after the other; the ways onward that were not there before."""
    await page.goto(link)
    for way in ways:
        async with page.expect_navigation():
            await page.evaluate(SEND, way)
    back = bool(ways) and page.url.partition("?")[0] == link
    onward: list[Way] = [] if back else await page.evaluate(WAYS)
    return onward


async def everything(stage: Stage) -> list[object]:
    """Rows, mails, ledger and count: all that an act could leave a trace in."""
    rows = sorted((tuple(row) for row in await stage.house.signatures()), key=repr)
    await stage.house.deliver()
    await stage.house.fold()
    return [rows, len(stage.house.mails()), await stage.house.counts()]


@pytest.mark.parametrize("kind", ["pending", "confirmed", "already", "withdrawn"])
async def test_forms_sent_as_they_are_found_change_nothing(stage: Stage, open_page: Open, kind: str) -> None:
    link = stage.link(kind, "en")
    before = await everything(stage)
    page = await open_page(link)
    first = await send(page, link, [])
    assert first
    for way in first:
        for then in await send(page, link, [way]):
            await send(page, link, [way, then])
    assert await everything(stage) == before


async def test_a_statement_s_own_form_sent_as_found_signs_nothing(stage: Stage, open_page: Open) -> None:
    address = stage.paths("en")["petition"]
    before = await everything(stage)
    page = await open_page(address)
    for way in await send(page, address, []):
        await send(page, address, [way])
    assert await everything(stage) == before


async def test_following_every_link_from_a_mail_changes_nothing(stage: Stage, open_page: Open) -> None:
    before = await everything(stage)
    for kind in ("pending", "confirmed"):
        page = await open_page(stage.link(kind, "en"))
        addresses: list[str] = await page.evaluate(
            "[...document.querySelectorAll('a[href]')].map(a => a.href).concat([...document.forms].map(f => f.action))"
        )
        own = sorted({address for address in addresses if re.match(re.escape(stage.address), address)})
        assert len(own) >= 5
        for address in own:
            # The receipt is a file to keep: a page does not open it, it is fetched.
            answer = await page.request.get(address) if address.endswith("/receipt") else await page.goto(address)
            assert answer is not None
            assert answer.ok, address
    assert await everything(stage) == before


async def test_a_ticked_box_is_what_makes_the_difference(stage: Stage, open_page: Open) -> None:
    """The same form and the same button, the box ticked by hand: else the tests above could not fail."""
    link = await stage.house.signed(someone(20), lang="en")
    before = (await stage.house.counts())["total"]
    page = await open_page(stage.address + link)
    await page.get_by_role("checkbox").check()
    await button(page, "signature.confirm").click()
    await page.get_by_role("status").wait_for()
    await stage.house.fold()
    assert (await stage.house.counts())["total"] == before + 1
