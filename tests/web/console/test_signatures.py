"""A verifier's work through the browser's eyes: the list, one signature, an act, its undoing, the next one."""

from __future__ import annotations

from petition.actions import audit, counting
from petition.db import tables
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import Account, Browser, account
from tests.people import KARIM, LAYLA, OMAR, SALMA, Person, someone

QUEUE = f"/petitions/{SLUG}/queue"


async def verifier(house: House, lang: str = "en", address: str = "sami@example.org") -> Browser:
    who = await account(house, address, Grant(None, VERIFIER))
    return await signed_in(house, who, lang)


async def signed_in(house: House, who: Account, lang: str = "en") -> Browser:
    browser = Browser(house, lang)
    await browser.sign_in(who)
    return browser


async def to_record(browser: Browser, who: Person) -> None:
    await browser.get(QUEUE)
    line = browser.page.text.split(who.full_name)[0]
    await browser.get(line.rpartition('<a href="')[2].partition('"')[0].replace("&amp;", "&"))
    assert who.full_name in browser.text


async def act(browser: Browser, act: str, **typed: str) -> None:
    await browser.send(f"/{act}", **typed)
    assert browser.page.status_code == 303, browser.text
    await browser.follow()


async def holds(house: House) -> bool:
    await house.fold()
    async with house.parts.database.read() as connection:
        petition = house.parts.hub.any_petition(SLUG)
        assert await audit.broken(connection) is None
        return (await counting.recount(connection, petition.id)).holds


async def test_the_list_opens_the_sealed_records(house: House) -> None:
    await house.confirmed(LAYLA)
    await house.signed(KARIM)
    browser = await verifier(house)
    await browser.get(QUEUE)
    for shown in (LAYLA.full_name, LAYLA.email, KARIM.full_name, "Waiting for confirmation", "Counts"):
        assert shown in browser.text
    await browser.get(QUEUE + "?state=pending")
    assert KARIM.full_name in browser.text
    assert LAYLA.full_name not in browser.text


async def test_without_the_key_nothing_can_be_read_and_the_page_says_why(house: House) -> None:
    await house.confirmed(SALMA)
    who = await account(house, "sami@example.org", Grant(None, VERIFIER), with_keys=False)
    browser = await signed_in(house, who)
    await browser.get(QUEUE)
    assert SALMA.email not in browser.page.text
    assert "You cannot open the records yet" in browser.text


async def test_every_act_changes_the_count_and_is_undone_on_the_same_page(house: House) -> None:
    await house.confirmed(LAYLA)
    browser = await verifier(house)
    before = await house.counts()
    for forth, back, typed in (
        ("verify", "unverify", {}),
        ("hide", "show", {}),
        ("pin", "unpin", {}),
        ("invalidate", "restore", {"reason": "duplicate"}),
    ):
        await to_record(browser, LAYLA)
        await act(browser, forth, **typed)
        assert await holds(house)
        await act(browser, back)
        assert await holds(house)
        after = await house.counts()
        assert {k: v for k, v in after.items() if k not in ("as_of", "ledger_size")} == {
            k: v for k, v in before.items() if k not in ("as_of", "ledger_size")
        }, forth


async def test_verifying_shows_in_the_public_count(house: House) -> None:
    await house.confirmed(LAYLA)
    browser = await verifier(house)
    await to_record(browser, LAYLA)
    await act(browser, "verify")
    assert "Verified. You vouch for who this is." in browser.text
    await house.fold()
    counts = await house.counts()
    assert (counts["total"], counts["verified"], counts["awaiting_verification"]) == (1, 1, 0)


async def test_a_hidden_name_leaves_the_public_list_and_returns_when_shown(house: House) -> None:
    await house.confirmed(LAYLA)
    browser = await verifier(house)
    public = f"/en/petitions/{SLUG}/signatories"
    assert LAYLA.full_name in (await house.http.get(public)).text
    await to_record(browser, LAYLA)
    await act(browser, "hide")
    assert LAYLA.full_name not in (await house.http.get(public)).text
    assert (await house.counts())["total"] == 1
    await act(browser, "show")
    assert LAYLA.full_name in (await house.http.get(public)).text


async def test_a_reason_left_empty_is_asked_for(house: House) -> None:
    await house.confirmed(LAYLA)
    browser = await verifier(house)
    await to_record(browser, LAYLA)
    page = await browser.send("/invalidate")
    assert page.status_code == 422
    assert "Please choose a reason" in browser.text
    await act(browser, "invalidate", reason="not-a-person")
    assert "Not a person" in browser.text
    assert await holds(house)
    assert (await house.counts())["removed"]["invalidated"] == 1


async def test_two_verifiers_at_once_never_overwrite_each_other(house: House) -> None:
    await house.confirmed(LAYLA)
    one, two = await verifier(house), await verifier(house, address="rima@example.org")
    await to_record(one, LAYLA)
    await to_record(two, LAYLA)
    await act(one, "invalidate", reason="other")
    answer = await two.send("/verify")
    assert answer.status_code == 409
    assert "Somebody was quicker" in two.text
    assert "Taken out" in two.text, "how it stands now, and who did it"
    assert "sami@example.org" in two.text
    await act(two, "restore")
    assert await holds(house)
    await act(two, "invalidate", reason="other")
    await to_record(two, LAYLA)
    assert "Taken out" in two.text
    assert "sami@example.org" in two.text


async def test_the_back_button_and_a_second_press_do_nothing_twice(house: House) -> None:
    await house.confirmed(LAYLA)
    browser = await verifier(house)
    await to_record(browser, LAYLA)
    page = browser.page
    await act(browser, "verify")
    browser.page = page
    assert (await browser.send("/verify")).status_code == 409
    assert await holds(house)


async def test_one_goes_on_from_signature_to_signature_until_the_list_ends(house: House) -> None:
    people = [someone(n) for n in range(4)]
    for person in people:
        await house.confirmed(person)
    browser = await verifier(house)
    await browser.get(QUEUE + "?state=confirmed")
    first = browser.page.text.partition('<th scope="row"><a href="')[2].partition('"')[0].replace("&amp;", "&")
    await browser.get(first)
    seen = set()
    for _ in people:
        seen |= {person.full_name for person in people if person.full_name in browser.text}
        following = browser.page.text.rpartition('<p class="pager"><a class="button" href="')[2].partition('"')[0]
        await browser.get(following.replace("&amp;", "&"))
        await browser.follow()
    assert seen == {person.full_name for person in people}
    assert "That was the last one of this list" in browser.text


async def test_names_are_found_as_people_type_them(house: House) -> None:
    for person in (LAYLA, OMAR):
        await house.confirmed(person)
    await house.signed(someone(3), full_name="فاطمة الأحمد", city="حماة")
    browser = await verifier(house, "ar")
    for typed in ("فاطمه", "الاحمد", "فاطِمَة  حماه", "حمـــاة"):
        await browser.get(QUEUE)
        await browser.send("/queue", q=typed)
        assert "فاطمة الأحمد" in browser.page.text, typed
        assert LAYLA.full_name not in browser.page.text
    await browser.get(QUEUE)
    await browser.send("/queue", q=LAYLA.email.upper())
    assert LAYLA.full_name in browser.page.text
    await browser.get(QUEUE)
    await browser.send("/queue", q="zzzz nobody")
    assert "table" not in browser.page.text


async def test_what_was_looked_for_is_in_no_address_and_not_in_the_audit(house: House) -> None:
    await house.confirmed(LAYLA)
    browser = await verifier(house)
    await browser.get(QUEUE)
    answer = await browser.send("/queue", q="Layla")
    assert "Layla" not in str(answer.request.url)
    async with house.parts.database.read() as connection:
        rows = (await connection.execute(tables.table(tables.AuditEntry).select())).all()
    assert any("records:search" in row for row in rows)
    assert "layla" not in repr(rows).lower()


async def test_the_index_is_forgotten_with_its_session(house: House) -> None:
    await house.confirmed(LAYLA)
    browser = await verifier(house)
    await browser.get(QUEUE)
    await browser.send("/queue", q="Layla")
    held = house.parts.searches._held
    assert len(held) == 1
    (index,) = held.values()
    await browser.get()
    await browser.send("/sign-out")
    assert held == {}
    assert index.texts == {}


async def test_an_erased_record_is_found_no_more(house: House) -> None:
    link = await house.confirmed(LAYLA)
    browser = await verifier(house)
    await browser.get(QUEUE)
    await browser.send("/queue", q=LAYLA.full_name)
    assert LAYLA.email in browser.page.text
    await house.post(link, "erase")
    house.clock.pass_(seconds=20)
    await browser.get(QUEUE)
    await browser.send("/queue", q=LAYLA.full_name)
    assert LAYLA.email not in browser.page.text


async def test_opening_a_record_is_in_the_audit(house: House) -> None:
    await house.confirmed(LAYLA)
    browser = await verifier(house)
    await to_record(browser, LAYLA)
    auditor = await signed_in(house, await account(house, "rima@example.org", Grant(None, AUDITOR)))
    await auditor.get("/audit")
    assert "opened a signature" in auditor.text
    assert "opened a page of the list" in auditor.text
    assert LAYLA.full_name not in auditor.text


async def test_ids_that_are_none_lead_nowhere(house: House) -> None:
    browser = await signed_in(house, await account(house, "nour@example.org", Grant(None, OWNER)))
    for path in (
        f"/petitions/{SLUG}/signatures/zz",
        f"/petitions/{SLUG}/signatures/{'ab' * 16}",
        f"/petitions/{SLUG}/signatures/{'ab' * 40}",
        "/petitions/nothing/queue",
        f"{QUEUE}?after=zz",
    ):
        assert (await browser.get(path)).status_code == 404, path
    assert (await browser.get(f"{QUEUE}?state=nonsense&category=none&after=")).status_code == 200


async def test_a_draft_is_seen_by_its_organizers_alone(house: House) -> None:
    await house.apply(petition_text(slug="not-yet", status="draft"))
    browser = await signed_in(house, await account(house, "nour@example.org", Grant(None, OWNER)))
    assert (await browser.get("/petitions/not-yet/queue")).status_code == 200
    assert (await house.http.get("/en/petitions/not-yet")).status_code == 404
