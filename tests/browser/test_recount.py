"""The recount in a browser: the same number from the public files; what is chosen here stays here; lies are seen."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from petition.actions import publishing
from petition.domain import checkpoint, cosignature
from petition.domain.checkpoint import Receipt
from petition.domain.cosignature import Witness
from petition.domain.witnessed import Asked
from tests.browser.acts import words_of
from tests.browser.conftest import Open
from tests.browser.stage import SLUG, Stage
from tests.people import someone

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

STEPS = ("signature", "entries", "root", "counts")


async def opened(stage: Stage, open_page: Open, lang: str) -> Page:
    return await open_page(f"{stage.address}/{lang}/petitions/{SLUG}/recount", lang)


async def recounted(page: Page) -> None:
    await page.get_by_role("button", name=words_of(page)("recount.button")).click()


async def stands(page: Page, step: str, state: str, why: str | None = None) -> None:
    """With the reason in the page's own words."""
    line, say = page.locator(f"[data-step={step}]"), words_of(page)
    said = [say(f"recount.{state}"), *([say(f"recount.why.{why}")] if why else [])]
    await expect(line.get_by_role("status")).to_have_text(" ".join(said))
    await expect(line.locator("[data-mark]")).to_have_text({"ok": "✓", "wrong": "✗"}.get(state, "○"))


async def test_the_page_recounts_and_comes_to_the_sites_number(stage: Stage, open_page: Open, lang: str) -> None:
    page = await opened(stage, open_page, lang)
    await recounted(page)
    for step in STEPS:
        await stands(page, step, "ok")
    total = (await stage.house.counts())["total"]
    await expect(page.locator("[data-step=counts] code")).to_have_text(words_of(page).number(total))


async def test_receipts_codes_and_older_heads_are_looked_at_and_nothing_is_sent(
    stage: Stage, open_page: Open, lang: str, tmp_path: Path
) -> None:
    house = stage.house
    since = tmp_path / "since"
    since.write_text((await house.http.get(f"/ledger/{SLUG}/checkpoint")).text)
    link = await house.confirmed(someone(300 + (lang == "ar")))
    text = (await house.http.get(f"{link}/receipt")).text
    read = Receipt.read(text)
    (tmp_path / "mine.tlog-proof").write_text(text)
    (tmp_path / "broken.tlog-proof").write_text(text.replace("index ", "index 1"))
    page = await opened(stage, open_page, lang)
    await recounted(page)
    await stands(page, "counts", "ok")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    say = words_of(page)
    await page.locator("#receipt").set_input_files(tmp_path / "mine.tlog-proof")
    await stands(page, "receipt", "ok")
    await expect(page.locator("[data-step=receipt] code")).to_have_text(f"{read.index}: {say('recount.line-counts')}")
    await page.locator("#receipt").set_input_files(tmp_path / "broken.tlog-proof")
    await stands(page, "receipt", "wrong", "other-receipt")
    (tmp_path / "cut.tlog-proof").write_text(text[: text.index("index ") - 30])
    await page.locator("#receipt").set_input_files(tmp_path / "cut.tlog-proof")
    await stands(page, "receipt", "wrong", "unreadable")
    (tmp_path / "mailed.tlog-proof").write_text(f"\N{ZERO WIDTH NO-BREAK SPACE}{text}\n")
    await page.locator("#receipt").set_input_files(tmp_path / "mailed.tlog-proof")
    await stands(page, "receipt", "ok")
    await page.locator("#code").fill(checkpoint.short_code(read.index, read.entry).lower())
    await page.locator("#code").blur()
    await stands(page, "code", "ok")
    await page.locator("#code").fill(f"{read.index}-AAAAA-AAAAA")
    await page.locator("#code").blur()
    await stands(page, "code", "wrong", "no-line")
    await page.locator("#since").set_input_files(since)
    await stands(page, "since", "ok")
    (tmp_path / "altered").write_text(since.read_text().replace("—", "-"))
    await page.locator("#since").set_input_files(tmp_path / "altered")
    await stands(page, "since", "wrong", "unsigned")
    # By a key that the ledger has no more: it fits, and that its signature was not checked is said.
    note, seed = checkpoint.read_note(since.read_text())[0], checkpoint.new_seed()
    today = note.partition("\n")[0]
    for origin in (today, f"earlier.example/ledger/{SLUG}"):
        earlier = note.replace(today, origin)
        (tmp_path / "earlier").write_text(earlier + "\n" + checkpoint.signature(earlier, origin, seed))
        await page.locator("#since").set_input_files(tmp_path / "earlier")
        await stands(page, "since", "ok", "another-key")
        await page.locator("#since").set_input_files(tmp_path / "altered")
        await stands(page, "since", "wrong", "unsigned")
    assert sent == []


async def test_who_else_signed_the_head_is_told(stage: Stage, open_page: Open) -> None:
    house, seed, name = stage.house, checkpoint.new_seed(), "witness.example/w1"
    petition, note = house.parts.hub.any_petition(SLUG).id, (await house.http.get(f"/ledger/{SLUG}/checkpoint")).text
    head = checkpoint.head_of(note)
    assert head is not None
    line = cosignature.sign(checkpoint.read_note(note)[0], 1_514_000_000, name, seed)
    asked = Asked("http://w.example", str(Witness(name, checkpoint.public_half(seed))))
    async with house.parts.database.write() as tx:
        await publishing.ask(tx, petition, asked.cosigned(note, head.size, line, 1_514_000_000))
    await house.parts.hub.poll()
    try:
        page = await opened(stage, open_page, "en")
        await recounted(page)
        for step in STEPS:
            await stands(page, step, "ok")
        await expect(page.locator("[data-step=signature] code")).to_contain_text(f"+ {name}")
    finally:
        async with house.parts.database.write() as tx:
            await publishing.ask_no_more(tx, petition, name)


@pytest.mark.parametrize("lie", ["counts", "twice", "another's", "entry", "digest", "checkpoint", "key"])
async def test_what_does_not_fit_is_seen(stage: Stage, open_page: Open, lie: str) -> None:
    page = await opened(stage, open_page, "en")

    async def altered(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.body()
        if lie == "counts":
            counts = json.loads(body)
            body = json.dumps({**counts, "total": counts["total"] + 1}).encode()
        elif lie == "twice":
            counts = json.loads(body)
            body = json.dumps({**counts, "by_category": 2 * counts["by_category"]}).encode()
        elif lie == "another's":
            body = json.dumps({**json.loads(body), "petition": "wordy"}).encode()
        elif lie == "entry":
            body = body.replace(b'"method":"mail"', b'"method":"lies"', 1)
        elif lie == "digest":
            body = re.sub(rb'"receipt":"[^"]+"', b'"receipt":"%b"' % (b"=" * 44), body, count=1)
        elif lie == "checkpoint":
            lines = body.split(b"\n")
            body = b"\n".join([lines[0], str(int(lines[1]) - 1).encode(), *lines[2:]])
        else:
            body = (await stage.house.http.get("/ledger/wordy/key")).content
        await route.fulfill(response=answer, body=body)

    paths = {
        "counts": "**/counts",
        "twice": "**/counts",
        "another's": "**/counts",
        "entry": "**/tile/entries/**",
        "digest": "**/tile/entries/**",
        "checkpoint": "**/checkpoint",
        "key": "**/key",
    }
    await page.route(paths[lie], altered)
    await recounted(page)
    step, why = {
        "counts": ("counts", "differs"),
        "twice": ("counts", "differs"),
        "another's": ("counts", "differs"),
        "entry": ("root", "root"),
        "digest": ("entries", "strange"),
        "checkpoint": ("signature", "forged"),
        "key": ("signature", "foreign"),
    }[lie]
    await stands(page, step, "wrong", why)
    for later in STEPS[STEPS.index(step) + 1 :]:
        await expect(page.locator(f"[data-step={later}]").get_by_role("status")).to_have_text("")


async def test_without_a_script_the_page_says_how_else(stage: Stage, open_page: Open, lang: str) -> None:
    page = await open_page(f"{stage.address}/{lang}/petitions/{SLUG}/recount", lang, java_script_enabled=False)
    await expect(page.get_by_text(words_of(page)("recount.no-script"))).to_be_visible()
    await expect(page.get_by_text(f"petition audit {stage.address}/p/{SLUG}")).to_be_visible()
