"""A list taken in by the console in a real browser: in Arabic on a phone, in English on a desktop."""

from __future__ import annotations

from pathlib import Path

import pytest

from petition import words
from petition.domain.actors import OWNER, Grant
from tests.browser.conftest import Open
from tests.browser.stage import Stage
from tests.browser.test_console import PLACES, press, sign_in, sign_out
from tests.browser.test_duplicates import looked_at
from tests.factories import petition_text
from tests.organizers import account
from tests.people import LAYLA

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WORDS = words.load()
LIST = """قائمة مكتب غازي عنتاب;;;;
م;اسم المشارك;البريد;الصفة;البلد
1;سعاد الخطيب;suad@example.org;ناشطون;سوريا
2;ليلى الحداد;;ناشطون;سوريا
3;رنا النجار;rana@example.org; rana2@example.org;ألمانيا
4;باسل درويش;basel@example.org;صحفيون;أطلانتس
5;هند السيد;hind@example.org;ناشطون;تركيا
"""


async def test_a_list_is_sent_corrected_taken_in_and_undone(
    stage: Stage, open_page: Open, lang: str, tmp_path: Path
) -> None:
    house, slug, say = stage.house, f"listed-{lang}", WORDS[lang]
    await house.apply(petition_text(slug=slug))
    await house.confirmed(LAYLA, slug=slug)
    who = await account(house, f"{slug}@example.org", Grant(house.parts.hub.any_petition(slug).id, OWNER))
    file = tmp_path / "office.csv"
    file.write_bytes(LIST.replace("suad@", f"suad-{lang}@").encode("windows-1256"))
    page = await open_page(f"{stage.address}/organizer/{lang}/petitions/{slug}/imports", lang, viewport=PLACES[lang])
    await sign_in(stage, page, lang, who)
    found = await looked_at("lists taken in, none", page, lang)
    await page.get_by_label(say("import.source"), exact=True).fill("مكتب غازي عنتاب")
    await page.get_by_label(say("import.kind"), exact=False).first.select_option("office")
    await page.locator("#file").set_input_files(file)
    await page.get_by_role("button", name=say("import.send")).click()
    await page.get_by_text(say("import.no-name")).wait_for()
    found += await looked_at("a list that lacks its names", page, lang)
    await page.locator("#column-1").select_option("full_name")
    await page.locator("#usual-category").select_option("activists")
    await page.get_by_role("button", name=say("import.read-again")).click()
    await page.get_by_text(say("import.would")).wait_for()
    await page.get_by_text(say("import.problems")).first.wait_for()
    found += await looked_at("a list that was looked at", page, lang)
    await page.get_by_role("checkbox").first.check()
    await page.get_by_role("button", name=say("import.take", count=3)).click()
    await page.get_by_role("heading", name=say("import.done")).wait_for()
    found += await looked_at("a list taken in", page, lang)
    async with page.expect_download() as coming:
        await page.get_by_role("button", name=say("import-do.refused")).click()
    assert (await coming.value).suggested_filename.startswith(f"{slug}-refused-")
    await page.get_by_role("link", name=say("import.to-list")).click()
    await page.get_by_text("مكتب غازي عنتاب").wait_for()
    found += await looked_at("lists taken in", page, lang)
    await house.fold()
    assert (await house.counts(slug))["total"] == 4
    await house.deliver()
    (mail,) = house.mails(f"suad-{lang}@example.org")
    asked = await open_page(f"{stage.address}/{lang}/signature/{mail.link.rpartition('/')[2]}", lang)
    found += await looked_at("asked whether it is right", asked, lang)
    await press(asked, lang, "listed.deny")
    await asked.get_by_role("checkbox").check()
    found += await looked_at("asked whether one is sure", asked, lang)
    await press(asked, lang, "sure.unlist-button")
    await asked.get_by_text(say("ended.unlisted-lead")).wait_for()
    await page.get_by_role("button", name=say("import-do.undo")).click()
    await page.get_by_text(say("import-said.undoing")).wait_for()
    await house.fold()
    assert (await house.counts(slug))["total"] == 1
    await sign_out(page, lang)
    assert not found, "\n".join(found)
