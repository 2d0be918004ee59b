"""The safety switch, rehearsed: one press, from a phone, and nothing names anybody any more."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from petition.domain.actors import OWNER, VERIFIER, Grant
from petition.queries import petitions
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import Browser, account
from tests.people import KARIM, LAYLA, OMAR
from tests.promises.markup import Page
from tests.servers import command

SAFETY = f"/petitions/{SLUG}/safety"
OTHER = "another-statement"


async def names(house: House) -> str:
    """Everything public that could name somebody."""
    found = []
    for path in ("ar/petitions/{}/signatories", "en/petitions/{}/signatories", "api/v1/petitions/{}/signatories"):
        found.append((await house.http.get("/" + path.format(SLUG))).text)
    return "".join(found)


async def test_one_press_hides_pauses_and_signs_the_others_out_and_it_all_comes_back(house: House) -> None:
    await house.confirmed(LAYLA)
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    sami = await account(house, "sami@example.org", Grant(None, VERIFIER))
    phone, desk, other = Browser(house, "ar"), Browser(house), Browser(house)
    for browser, who in ((phone, nour), (desk, nour), (other, sami)):
        await browser.sign_in(who)
    before = await house.counts()
    assert LAYLA.full_name in await names(house)

    await phone.get(SAFETY)
    await phone.send("/safety/on")
    await phone.follow()
    assert "المفتاح يعمل" in phone.text
    assert LAYLA.full_name not in await names(house)
    assert (await house.sign(KARIM)).status_code == 409
    by_api = await house.http.post(f"/api/v1/petitions/{SLUG}/signatures", json=KARIM.fields())
    assert by_api.status_code == 409
    assert (await desk.get()).status_code == 303
    assert (await other.get()).status_code == 303
    assert (await phone.get()).status_code == 200
    after = await house.counts()
    assert (after["total"], after["ledger_size"]) == (before["total"], before["ledger_size"])

    house.clock.pass_(minutes=11)
    await phone.get(SAFETY)
    await phone.send("/safety/off")
    assert phone.page.status_code == 200, "asks for a fresh code first"
    assert LAYLA.full_name not in await names(house)
    await phone.send("/prove", code=phone.code(nour))
    await phone.send("/safety/off")
    assert LAYLA.full_name in await names(house)
    assert (await house.sign(KARIM)).status_code == 303


async def test_nothing_is_taken_out_while_it_is_on(house: House) -> None:
    """Asked for, agreed to, written or fetched: a list that has not left stays here."""
    for who in (LAYLA, OMAR):
        await house.confirmed(who)
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    desk = Browser(house)
    await desk.sign_in(nour)
    lists = f"/petitions/{SLUG}/exports"
    order = {"format": "csv", "reason": "court", "words": "en"}
    await desk.get(lists)
    await desk.send("/exports", **order)
    await desk.get(lists)
    assert desk.page.text.count("/fetch") == 1
    fetched = desk.page
    await desk.get(SAFETY)
    await desk.send("/safety/on")
    await desk.get(lists)
    desk.page = fetched
    answer = await desk.send("/exports", **order)
    assert answer.status_code == 422
    assert "no name leaves until it is off" in answer.text
    desk.page = fetched
    answer = await desk.send("/fetch")
    assert answer.status_code == 409
    assert LAYLA.email not in answer.text
    assert "stops every export" in answer.text
    assert f'<a class="button" href="/organizer/en{lists}">Look at how it stands now</a>' in answer.text
    for words in (("--format", "csv"), ("--format", "pdf")):
        key = next((house.settings.data_dir / "recovery").glob("*.key"))
        done = await asyncio.to_thread(
            command,
            house.settings.data_dir,
            house.settings.database_url,
            "export",
            SLUG,
            "--key",
            str(key),
            "--reason",
            "court",
            "-o",
            "-",
            *words,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert "safety switch" in done.stderr
    await desk.get(SAFETY)
    await desk.send("/safety/off")
    desk.page = fetched
    assert LAYLA.email in (await desk.send("/fetch")).text


async def test_whoever_works_on_other_petitions_alone_stays_signed_in_and_each_press_is_kept(house: House) -> None:
    await house.apply(petition_text(slug=OTHER))
    async with house.parts.database.read() as connection:
        found = [await petitions.petition(connection, slug) for slug in (SLUG, OTHER)]
    mine, theirs = (petition.id for petition in found if petition)
    owner = await account(house, "nour@example.org", Grant(mine, OWNER))
    elsewhere = await account(house, "sami@example.org", Grant(theirs, OWNER))
    everyone = await account(house, "rana@example.org", Grant(None, OWNER))
    phone, other, whole = Browser(house), Browser(house), Browser(house)
    for browser, who in ((phone, owner), (other, elsewhere), (whole, everyone)):
        await browser.sign_in(who)
    form = await phone.get(SAFETY)
    for _ in range(2):
        phone.page = form
        await phone.send("/safety/on")
        assert (await whole.get()).status_code == 303
        assert (await other.get()).status_code == 200
        await whole.sign_in(everyone)
    async with house.parts.database.read() as connection:
        acts = (await connection.execute(text("SELECT count(*) FROM audit WHERE verb = 'petition:make-safe'"))).scalar()
    assert acts == 2


async def test_those_who_wait_can_still_leave_while_it_is_on(house: House) -> None:
    link = await house.confirmed(OMAR)
    phone = Browser(house)
    await phone.sign_in(await account(house, "nour@example.org", Grant(None, OWNER)))
    await phone.get(SAFETY)
    await phone.send("/safety/on")
    assert (await house.post(link, "erase")).status_code == 303
    await house.fold()
    assert (await house.counts())["total"] == 0


async def test_only_an_owner_of_that_petition_has_the_switch(house: House) -> None:
    await house.apply(petition_text(slug=OTHER))
    await house.confirmed(LAYLA)
    petition = house.parts.hub.any_petition(OTHER)
    for n, grant in enumerate((Grant(None, VERIFIER), Grant(petition.id, OWNER))):
        browser = Browser(house)
        await browser.sign_in(await account(house, f"who{n}@example.org", grant))
        csrf = dict(Page(browser.page.text).forms[0].fields)["csrf"]
        assert (await browser.get(SAFETY)).status_code in (403, 404)
        for way in ("on", "off"):
            answer = await browser.http.post(f"/organizer/en{SAFETY}/{way}", data={"csrf": csrf})
            assert answer.status_code in (403, 404)
    assert LAYLA.full_name in await names(house)


async def test_a_pinned_name_leads_the_list_once(house: House) -> None:
    for person in (LAYLA, OMAR):
        await house.confirmed(person)
    async with house.parts.database.write() as tx:
        await tx.exec_driver_sql(f"UPDATE signatures SET pinned = (1 = 1) WHERE shown_name = '{OMAR.full_name}'")
    listed = await house.http.get(f"/api/v1/petitions/{SLUG}/signatories")
    shown = [row["name"] for row in listed.json()["signatories"]]
    assert shown[0] == OMAR.full_name
    assert sorted(shown) == sorted({LAYLA.full_name, OMAR.full_name})
