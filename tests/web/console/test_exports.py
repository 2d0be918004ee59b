"""Lists taken out by the console: with a reason, agreed to where they are long, for a day, for their maker alone."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import delete, func, select, update

from petition.actions import exporting
from petition.db import tables
from petition.domain import listing, sealing
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant
from petition.queries import listing as lists
from tests.factories import SLUG
from tests.house import House
from tests.organizers import Account, Browser, account
from tests.people import KARIM, LAYLA, OMAR, SALMA
from tests.web.test_api import many_signatories

HERE = f"/petitions/{SLUG}/exports"
COLUMNS = {f"column-{name}": "" for name in (*listing.COLUMNS, *listing.BESIDES)}


async def browser_of(house: House, who: Account, lang: str = "en") -> Browser:
    browser = Browser(house, lang)
    await browser.sign_in(who)
    await browser.get(HERE)
    return browser


async def ask(browser: Browser, *columns: str, **typed: str) -> Browser:
    """As one ticks it; all usual columns unless some are named."""
    chosen = {**COLUMNS, **{f"column-{name}": "yes" for name in columns}} if columns else {}
    await browser.get(HERE)
    await browser.send("/exports", **{"reason": "court", "format": "csv", "words": "en", **chosen, **typed})
    return browser


async def done(browser: Browser, act: str) -> httpx.Response:
    """As soon as the page offers it: a list is written in the background."""
    for _ in range(600):
        if f'/{act}"' in (await browser.get(HERE)).text:
            break
        await asyncio.sleep(0.1)
    return await browser.send(f"/{act}")


def names(response: httpx.Response) -> set[str]:
    assert response.status_code == 200, response.text
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))
    return {row[0] for row in rows[1:]}


async def rows_of(house: House, mapped: Any) -> list[Any]:
    async with house.parts.database.read() as connection:
        return list(await connection.execute(select(tables.table(mapped))))


async def verbs(house: House) -> list[tuple[str, str]]:
    entries = tables.table(tables.AuditEntry)
    async with house.parts.database.read() as connection:
        found = await connection.execute(
            select(entries).where(entries.c.verb.like("list:%")).order_by(entries.c.number)
        )
        return [(row.verb, row.facts["mark"]) for row in found]


@pytest.fixture
async def nour(house: House) -> Account:
    for person in (LAYLA, OMAR, SALMA, KARIM):
        await house.confirmed(person)
    return await account(house, "nour@example.org", Grant(None, OWNER))


async def test_a_list_is_chosen_fetched_and_told_in_the_audit(house: House, nour: Account) -> None:
    browser = await browser_of(house, nour)
    assert "Take a list out" in browser.text
    await ask(browser, "full_name", "country", **{"category-independents": "yes"})
    assert browser.page.status_code == 303
    response = await done(browser, "fetch")
    assert names(response) == {LAYLA.full_name, KARIM.full_name}
    assert response.content.decode().splitlines()[0] == "\ufeffFull name,Country,Mark of this export"
    assert response.headers["content-disposition"] == f'attachment; filename="{SLUG}-signatories-2017-12-27.csv"'
    assert response.headers["cache-control"] == "no-store"
    assert int(response.headers["content-length"]) == len(response.content)
    (export,) = await rows_of(house, tables.Export)
    assert await verbs(house) == [("list:export", export.mark), ("list:fetch", export.mark)]
    assert export.mark in response.text


@pytest.mark.parametrize("kind", ["xlsx", "json"])
async def test_the_other_formats_come_whole(house: House, nour: Account, kind: str) -> None:
    browser = await browser_of(house, nour, "ar")
    await ask(browser, format=kind, words="ar")
    response = await done(browser, "fetch")
    if kind == "xlsx":
        sheet = load_workbook(io.BytesIO(response.content))["الموقّعون"]
        assert {row[0].value for row in sheet.iter_rows(min_row=2)} == {
            p.full_name for p in (LAYLA, OMAR, SALMA, KARIM)
        }
    else:
        whole = json.loads(response.content)
        assert (whole["by"], whole["reason"], len(whole["signatures"])) == (nour.address, "court", 4)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_the_document_needs_no_other_owner_and_comes_as_a_pdf(house: House, nour: Account) -> None:
    await many_signatories(house, 60)
    rows = tables.table(tables.Signature)
    async with house.parts.database.write() as tx:
        undrawn = update(rows).where(rows.c.shown_name.is_not(None)).values(shown_name="Hala \U0010fffd")
        await tx.execute(undrawn)
    await account(house, "other@example.org", Grant(None, OWNER))
    browser = await browser_of(house, nour)
    await ask(browser, format="pdf", **{"state-pending": "yes"})
    assert browser.page.status_code == 422
    assert "The document holds those who count" in browser.text
    await ask(browser, format="pdf", words="ar")
    assert browser.page.status_code == 303
    (export,) = await rows_of(house, tables.Export)
    await house.parts.writing.settled(export.id)
    response = await done(browser, "fetch")
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"].endswith('signatories-2017-12-27.pdf"')
    assert response.content.startswith(b"%PDF")
    assert export.mark.encode() in response.content
    assert await verbs(house) == [("list:export", export.mark), ("list:fetch", export.mark)]
    # What no font draws is said where the document lies, not to whoever reads the server's output alone.
    for page in (browser, await browser_of(house, nour, "ar")):
        await page.get(HERE)
        for key in ("export.undrawn", "script.signs", "export.undrawn-next"):
            assert house.parts.catalogues[page.lang](key) in page.text
    (export,) = await rows_of(house, tables.Export)
    assert export.undrawn == ["SIGNS"], "the script, and nothing of a name"


async def test_without_the_engine_the_document_cannot_be_chosen(
    house: House, nour: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petition.typesetting.NEEDED", ("nothing_of_the_kind",))
    browser = await browser_of(house, nour)
    assert 'value="pdf" disabled' in browser.page.text
    await ask(browser, format="pdf")
    assert browser.page.status_code == 422
    assert "has to install the extra pdf" in browser.text


async def test_nothing_readable_lies_in_the_database_and_after_a_day_nothing_at_all(
    house: House, nour: Account
) -> None:
    browser = await browser_of(house, nour)
    await ask(browser)
    parts = await rows_of(house, tables.ExportPart)
    assert parts
    assert not any(LAYLA.email.encode() in part.sealed or LAYLA.full_name.encode() in part.sealed for part in parts)
    house.clock.pass_(hours=23)
    browser = await browser_of(house, nour)
    assert len(names(await done(browser, "fetch"))) == 4
    house.clock.pass_(hours=1, seconds=1)
    browser = await browser_of(house, nour)
    await browser.send("/fetch")
    assert (browser.page.status_code, "Go back" in browser.text) == (409, True), "even before the worker has come by"
    await house.worker.tidy()
    assert await rows_of(house, tables.ExportPart) == []
    (export,) = await rows_of(house, tables.Export)
    assert (export.state, export.key) == ("gone", None)
    await browser.get(HERE)
    assert "Destroyed" in browser.text


async def test_its_maker_can_destroy_it_before(house: House, nour: Account) -> None:
    browser = await browser_of(house, nour)
    await ask(browser)
    assert (await done(browser, "destroy")).status_code == 303
    assert await rows_of(house, tables.ExportPart) == []
    assert [verb for verb, _ in await verbs(house)] == ["list:export", "list:destroy"]


async def test_nobody_but_its_maker_fetches_it(house: House, nour: Account) -> None:
    other = await account(house, "other@example.org", Grant(None, OWNER))
    verifier = await account(house, "verifier@example.org", Grant(None, VERIFIER))
    await ask(await browser_of(house, nour))
    (export,) = await rows_of(house, tables.Export)
    for who in (other, verifier):
        browser = await browser_of(house, who)
        assert "/fetch" not in browser.page.text
        await ask(browser)
        mine = next(row for row in await rows_of(house, tables.Export) if row.made_by == who.id)
        await browser.get(HERE)
        action = f"/exports/{mine.id.hex()}/fetch"
        browser.page = httpx.Response(
            200, text=browser.page.text.replace(mine.id.hex(), export.id.hex()), request=browser.page.request
        )
        await browser.send(f"/exports/{export.id.hex()}/fetch")
        assert browser.page.status_code == 404, action


async def test_above_fifty_another_owner_agrees(house: House, nour: Account) -> None:
    await many_signatories(house, 47)
    other = await account(house, "other@example.org", Grant(None, OWNER))
    mine = await browser_of(house, nour)
    await ask(mine)
    await mine.get(HERE)
    assert "Waits for another owner" in mine.text
    assert "/approve" not in mine.page.text
    assert "/fetch" not in mine.page.text
    assert await rows_of(house, tables.ExportPart) == []
    theirs = await browser_of(house, other)
    assert (await done(theirs, "approve")).status_code == 303
    assert len(names(await done(mine, "fetch"))) == 51
    await mine.get(HERE)
    assert "other@example.org" in mine.text
    assert [verb for verb, _ in await verbs(house)] == ["list:ask", "list:approve", "list:fetch"]


async def test_fifty_or_a_single_owner_need_nobody(house: House, nour: Account) -> None:
    mine = await browser_of(house, nour)
    await many_signatories(house, 47)
    await ask(mine)
    assert len(names(await done(mine, "fetch"))) == 51, "there is no other owner"
    await account(house, "other@example.org", Grant(None, OWNER))
    await ask(mine, **{"category-independents": "yes"})
    assert (await rows_of(house, tables.Export))[-1].state != "asked"
    assert sorted(row.state for row in await rows_of(house, tables.Export)) == ["ready", "ready"]


async def test_who_asked_cannot_agree_and_a_declined_list_is_never_written(house: House, nour: Account) -> None:
    await many_signatories(house, 60)
    other = await account(house, "other@example.org", Grant(None, OWNER))
    mine = await browser_of(house, nour)
    await ask(mine)
    (export,) = await rows_of(house, tables.Export)
    theirs = await browser_of(house, other)
    forged = theirs.page.text.replace("/decline", "/approve")
    assert "/approve" in forged
    mine.page = httpx.Response(
        200,
        request=theirs.page.request,
        text=f'<form method="post" action="/organizer/en{HERE}/{export.id.hex()}/approve">'
        f'<input type="hidden" name="csrf" value="{csrf(mine)}"></form>',
    )
    await mine.send("/approve")
    assert (mine.page.status_code, (await rows_of(house, tables.Export))[0].state) == (403, "asked")
    await done(theirs, "decline")
    assert (await rows_of(house, tables.Export))[0].state == "declined"
    assert await rows_of(house, tables.ExportPart) == []


def csrf(browser: Browser) -> str:
    from petition.actions import sessions
    from petition.domain import tokens

    token = tokens.read(browser.cookie or "")
    assert token is not None
    return sessions.form_token(token)


async def test_a_verifier_of_one_category_takes_out_that_one_and_an_auditor_nothing(
    house: House, nour: Account
) -> None:
    petition = house.parts.hub.snapshot(SLUG).petition.id
    press = await account(house, "press@example.org", Grant(petition, VERIFIER, ("journalists",)))
    browser = await ask(await browser_of(house, press))
    assert names(await done(browser, "fetch")) == {OMAR.full_name}
    auditor = Browser(house)
    await auditor.sign_in(await account(house, "auditor@example.org", Grant(None, AUDITOR)))
    assert HERE not in auditor.page.text
    assert (await auditor.get(HERE)).status_code == 403


async def test_an_old_proof_is_asked_for_again(house: House, nour: Account) -> None:
    browser = await browser_of(house, nour)
    house.clock.pass_(minutes=11)
    await ask(browser)
    assert browser.page.status_code == 200
    assert await rows_of(house, tables.Export) == []
    await browser.send("/prove", code=browser.code(nour))
    assert await rows_of(house, tables.Export) == [], "it is shown again, to be sent by a hand"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"reason": ""}, "choose a reason"),
        ({"reason": "unspecified"}, "choose a reason"),
        ({"state-confirmed": ""}, "tick at least one"),
        ({"state-confirmed": "", "state-merged": "yes"}, "No signature that you may see fits"),
        ({"since": "soon"}, "2018-01-30"),
        ({"format": "exe"}, "What kind of file"),
    ],
)
async def test_what_is_missing_is_told_beside_what_was_ticked(
    house: House, nour: Account, typed: dict[str, str], told: str
) -> None:
    browser = await browser_of(house, nour)
    await ask(browser, "city", **typed)
    assert browser.page.status_code == 422
    assert told.lower() in browser.text.lower()
    assert 'name="column-city" value="yes" checked' in browser.page.text
    assert 'name="column-email" value="yes" checked' not in browser.page.text
    assert await rows_of(house, tables.Export) == []


async def test_without_the_key_the_page_says_who_can_give_it(house: House, nour: Account) -> None:
    keyless = await account(house, "keyless@example.org", Grant(None, OWNER), with_keys=False)
    browser = await browser_of(house, keyless)
    assert "You cannot open the records yet" in browser.text
    assert "reason" not in browser.page.text


async def test_an_owner_who_agrees_without_the_key_leaves_the_writing_to_who_asked(house: House, nour: Account) -> None:
    await many_signatories(house, 60)
    keyless = await account(house, "keyless@example.org", Grant(None, OWNER), with_keys=False)
    mine = await ask(await browser_of(house, nour))
    await done(await browser_of(house, keyless), "approve")
    assert (await rows_of(house, tables.Export))[0].state == "agreed"
    assert (await done(mine, "write")).status_code == 303
    assert len(names(await done(mine, "fetch"))) == 64


async def test_a_process_that_died_is_taken_over_from_the_beginning(
    house: House, nour: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PAGE", 2)
    browser = await browser_of(house, nour)
    exports, parts = tables.table(tables.Export), tables.table(tables.ExportPart)
    await ask(browser)
    dead = {"state": "agreed", "run": bytes(16), "alive_at": int(house.clock.now.timestamp()), "ends_at": None}
    async with house.parts.database.write() as tx:
        # As one leaves it that was killed after its second part.
        await tx.execute(update(exports).values(**dead, parts=2, written=2))
        await tx.execute(delete(parts).where(parts.c.number >= 2))
    await browser.get(HERE)
    assert "Being written" in browser.text
    assert "/write" not in browser.page.text, "it may still be alive"
    house.clock.pass_(seconds=exporting.SILENT + 1)
    assert (await done(browser, "write")).status_code == 303
    assert len(names(await done(browser, "fetch"))) == 4
    (export,) = await rows_of(house, tables.Export)
    async with house.parts.database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(parts))).scalar_one() == export.parts
    # The one that was taken for dead comes back and can write nothing more.
    async with house.parts.database.write() as tx:
        late = {"size": 1, "rows": 1, "now": house.clock.now}
        assert not await exporting.add(tx, export.id, bytes(16), 9, b"x", **late)


async def test_a_list_destroyed_while_it_is_written_stays_destroyed(
    house: House, nour: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PAGE", 1)
    reached, go_on = asyncio.Event(), asyncio.Event()
    real = sealing.seal_part

    def seal(part: bytes, key: bytes, export_id: bytes, number: int) -> bytes:
        if number == 2:
            reached.set()
        return real(part, key, export_id, number)

    read = lists.opened

    async def slowly(*told: Any) -> Any:
        async for page in read(*told):
            yield page
            if reached.is_set():
                await go_on.wait()

    monkeypatch.setattr(sealing, "seal_part", seal)
    monkeypatch.setattr(lists, "opened", slowly)
    monkeypatch.setattr("petition.web.console.exports.PATIENCE", 0.01)
    browser = await ask(await browser_of(house, nour))
    await reached.wait()
    (export,) = await rows_of(house, tables.Export)
    await done(browser, "destroy")
    go_on.set()
    await house.parts.writing.settled(export.id)
    assert await rows_of(house, tables.ExportPart) == []
    assert (await rows_of(house, tables.Export))[0].state == "gone"
