"""Records end 30 days after delivery or closing; the count and the ledger do not (promise 15)."""

from __future__ import annotations

from sqlalchemy import text

from petition.actions import audit, counting, keeping
from petition.domain.actors import OWNER, VERIFIER, Grant
from petition.queries import organizers as accounts
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import Browser, account
from tests.people import KARIM, LAYLA, OMAR, SALMA, someone

PAGE = f"/petitions/{SLUG}/retention"
OTHER = "another-statement"


async def left(house: House, slug: str = SLUG) -> tuple[int, ...]:
    """Rows, and what of persons is still in them."""
    columns = "count(*), count(sealed), count(own_copy), count(identity), count(shown_name), count(bind)"
    async with house.parts.database.read() as connection:
        row = await connection.execute(
            text(f"SELECT {columns} FROM signatures WHERE petition_id = :petition"),
            {"petition": house.parts.hub.any_petition(slug).id},
        )
        return tuple(row.one())


async def recount_holds(house: House) -> bool:
    await house.fold()
    async with house.parts.database.read() as connection:
        assert await audit.broken(connection) is None
        return (await counting.recount(connection, house.parts.hub.any_petition(SLUG).id)).holds


async def owner(house: House) -> Browser:
    browser = Browser(house)
    await browser.sign_in(await account(house, "nour@example.org", Grant(None, OWNER)))
    return browser


async def test_after_delivery_and_its_days_nothing_of_a_person_is_left(house: House) -> None:
    await house.apply(petition_text(slug=OTHER))
    await house.confirmed(SALMA, slug=OTHER)
    link = await house.confirmed(LAYLA)
    for person in (OMAR, KARIM):
        await house.confirmed(person)
    await house.signed(someone(1))
    browser = await owner(house)
    await browser.get(PAGE)
    assert "No day is set yet" in browser.text
    await browser.send("/retention", days="30", delivered=str(house.clock.now.date()))
    await browser.follow()
    assert "The records will be destroyed on" in browser.text
    before = await house.counts()
    await house.next_day(12)
    assert (await left(house))[:2] == (4, 4)
    await house.next_day(17)
    assert (await left(house))[1] == 3, "the one who never confirmed has lapsed"
    await house.next_day(1)
    assert await left(house) == (4, 0, 0, 0, 0, 0)
    assert (await left(house, OTHER))[1] == 1
    after = await house.counts()
    assert (after["total"], after["ledger_size"]) == (before["total"], before["ledger_size"])
    assert await recount_holds(house)
    page = await house.http.get(link)
    assert page.status_code == 200
    assert LAYLA.full_name not in page.text
    assert "أُتلف" in page.text
    assert LAYLA.full_name not in (await house.http.get(f"/en/petitions/{SLUG}/signatories")).text


async def test_closing_begins_the_days_where_nothing_was_delivered(house: House) -> None:
    await house.confirmed(LAYLA)
    day = house.clock.now.date().isoformat()
    await house.apply(petition_text(closes_at=f"{day}T23:00:00Z"))
    await house.next_day(29)
    assert (await left(house))[1] == 1
    await house.next_day(1)
    assert (await left(house))[1] == 0


async def test_a_first_delivery_takes_nothing_from_those_who_sign_until_the_closing(house: House) -> None:
    browser = await owner(house)
    await house.apply(petition_text(closes_at="2018-01-30T00:00:00Z"))
    await browser.get(PAGE)
    await browser.send("/retention", days="10", delivered=str(house.clock.now.date()))
    await browser.follow()
    assert "9 February 2018" in browser.text
    await house.next_day(12)
    await house.confirmed(LAYLA)
    assert (await left(house))[:2] == (1, 1)


async def test_a_hold_keeps_everything_until_it_is_lifted(house: House) -> None:
    await house.confirmed(LAYLA)
    browser = await owner(house)
    await browser.get(PAGE)
    await browser.send("/retention", days="5", delivered=str(house.clock.now.date()), hold="yes")
    await browser.follow()
    assert "On hold" in browser.text
    await house.next_day(100)
    assert (await left(house))[1] == 1
    await house.confirmed(OMAR)


async def test_a_run_that_was_killed_midway_goes_on(house: House) -> None:
    for n in range(6):
        await house.confirmed(someone(n))
    petition = house.parts.hub.any_petition(SLUG)
    today = house.clock.now.date()
    made = await account(house, "nour@example.org", Grant(None, OWNER))
    async with house.parts.database.write() as tx:
        by = await accounts.actor(tx, made.id)
        await keeping.change(tx, petition.id, keeping.Terms(1, False, today), by=by, today=today)
    keeping_chunk, keeping.CHUNK = keeping.CHUNK, 2
    try:
        async with house.parts.database.write() as tx:
            assert await keeping.purge(tx, petition.id, today=today) == 2
        assert (await left(house))[1] == 4
        await house.next_day(2)
    finally:
        keeping.CHUNK = keeping_chunk
    assert (await left(house))[1] == 0
    assert await recount_holds(house)


async def test_wrong_terms_are_told_and_change_nothing(house: House) -> None:
    browser = await owner(house)
    for typed in ({"days": "0"}, {"days": "x"}, {"days": "99999"}, {"delivered": "soon"}, {"delivered": "2999-01-01"}):
        await browser.get(PAGE)
        page = await browser.send("/retention", **typed)
        assert page.status_code == 422, typed
    await browser.get(PAGE)
    assert "No day is set yet" in browser.text


async def test_a_verifier_sees_the_day_and_cannot_move_it(house: House) -> None:
    browser = Browser(house)
    await browser.sign_in(await account(house, "sami@example.org", Grant(None, VERIFIER)))
    await browser.get(PAGE)
    assert "No day is set yet" in browser.text
    assert "</form>" in browser.page.text
    assert f'action="/organizer/en{PAGE}"' not in browser.page.text
