"""A milestone is noted once and told to the owners once, whatever the count, the servers and the petition's file do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from sqlalchemy import select

from petition.actions import counting, organizers
from petition.app import make_worker
from petition.db import tables
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Actor, Grant
from petition.queries.timeline import milestones_reached
from tests.factories import SLUG, petition_text
from tests.house import House, Mail
from tests.mail.smtp import Postbox
from tests.organizers import Account, account
from tests.people import LAYLA, OMAR, someone

Open = Callable[..., Awaitable[House]]
OTHER = "another-statement"
THREE = petition_text(milestones=[2, 3])
OUTBOX = tables.table(tables.Outbox)


async def reached(house: House, slug: str = SLUG) -> dict[int, date]:
    async with house.parts.database.read() as connection:
        return await milestones_reached(connection, house.parts.hub.any_petition(slug).id)


def told(house: House) -> list[tuple[str, Mail]]:
    """Mails to organizers, by whom they went to."""
    return sorted(((mail.to, mail) for mail in house.mails() if "organizer" in mail.link), key=lambda pair: pair[0])


async def to_organizers(house: House) -> list[Any]:
    async with house.parts.database.read() as connection:
        return list(await connection.execute(select(OUTBOX).where(OUTBOX.c.kind == "milestone")))


async def owner(house: House, name: str = "nour", **changes: Any) -> Account:
    return await account(house, f"{name}@example.org", Grant(None, OWNER), **changes)


async def test_the_owners_are_told_once_and_nobody_else(open_house: Open) -> None:
    house = await open_house(THREE)
    await house.apply(petition_text(slug=OTHER))
    mine, theirs = (house.parts.hub.any_petition(slug).id for slug in (SLUG, OTHER))
    await owner(house)
    await account(house, "hala@example.org", Grant(mine, OWNER))
    await account(house, "other@example.org", Grant(theirs, OWNER))
    await account(house, "sami@example.org", Grant(None, VERIFIER))
    await account(house, "aida@example.org", Grant(mine, AUDITOR))
    await house.confirmed(LAYLA)
    await house.deliver()
    assert told(house) == []
    await house.confirmed(OMAR)
    await house.deliver()
    assert await reached(house) == {2: house.clock.now.date()}
    assert [to for to, _ in told(house)] == ["hala@example.org", "nour@example.org"]
    rows = await to_organizers(house)
    assert {(row.state, row.payload) for row in rows} == {("sent", None)}
    await house.confirmed(someone(1))
    await house.deliver()
    assert len(told(house)) == 4
    assert await reached(house, OTHER) == {}


async def test_the_mail_speaks_the_owners_language_and_names_no_statement(open_house: Open) -> None:
    title = {"en": "No to Sochi", "ar": "لا لمؤتمر سوتشي"}
    house = await open_house(petition_text(milestones=[1], title=title))
    today = house.clock.now.date()
    await owner(house)
    arabic = await account(house, "huda@example.org", Grant(None, OWNER))
    async with house.parts.database.write() as tx:
        await organizers._change(tx, arabic.id, language="ar")
    await house.confirmed(LAYLA)
    await house.deliver()
    (first, huda), (second, nour) = told(house)
    assert (first, second) == ("huda@example.org", "nour@example.org")
    assert (huda.message["Content-Language"], huda.link) == ("ar", "/organizer/ar")
    assert (nour.message["Content-Language"], nour.link) == ("en", "/organizer/en")
    assert "has reached 1." in nour.text.replace("\u2068", "").replace("\u2069", "")
    assert "١" in huda.text
    for mail in (huda, nour):
        for telling in (*title.values(), SLUG, LAYLA.full_name, str(today)):
            assert telling not in mail.text + mail.subject + mail.html


async def test_a_count_that_falls_and_climbs_again_tells_it_once(open_house: Open) -> None:
    house = await open_house(THREE)
    await owner(house)
    link = await house.confirmed(LAYLA)
    await house.confirmed(OMAR)
    day = house.clock.now.date()
    await house.post(link, "withdraw")
    await house.fold()
    await house.deliver()
    await house.next_day()
    await house.confirmed(someone(1))
    await house.deliver()
    assert (await house.counts())["total"] == 2
    assert await reached(house) == {2: day}
    assert len(told(house)) == 1


async def test_several_in_one_fold_are_each_told(open_house: Open) -> None:
    house = await open_house(THREE)
    await owner(house)
    links = [await house.signed(someone(n)) for n in range(3)]
    for link in links:
        await house.post(link, "confirm", agree="yes")
    await house.fold()
    await house.deliver()
    assert set(await reached(house)) == {2, 3}
    assert len(told(house)) == 2


async def test_two_servers_and_a_restart_tell_it_once(open_house: Open) -> None:
    house = await open_house(THREE)
    await owner(house)
    links = [await house.signed(someone(n)) for n in range(3)]
    for link in links:
        await house.post(link, "confirm", agree="yes")
    second = make_worker(house.settings, house.parts.database, house.parts.keys, house.clocks)
    await asyncio.gather(house.worker.fold(), second.fold())
    again = await house.restarted()
    await again.worker.tidy()
    await again.fold()
    await again.deliver()
    assert len(told(again)) == 2
    await again.stop()


async def test_one_that_was_passed_before_it_was_added_is_noted_with_its_day_and_no_mail(house: House) -> None:
    await owner(house)
    first = house.clock.now.date()
    await house.confirmed(LAYLA)
    await house.confirmed(OMAR)
    await house.next_day()
    await house.confirmed(someone(1))
    await house.next_day()
    await house.apply(petition_text(milestones=[2, 3, 4]))
    assert await reached(house) == {2: first, 3: date.fromordinal(first.toordinal() + 1)}
    await house.confirmed(someone(2))
    await house.deliver()
    assert set(await reached(house)) == {2, 3, 4}
    (mail,) = told(house)
    assert "reached 4" in mail[1].text.replace("\u2068", "")


async def test_one_that_is_taken_away_and_put_back_is_not_told_again(open_house: Open) -> None:
    house = await open_house(THREE)
    await owner(house)
    await house.confirmed(LAYLA)
    await house.confirmed(OMAR)
    await house.deliver()
    await house.apply(petition_text(milestones=[3500]))
    await house.apply(THREE)
    await house.next_day()
    await house.deliver()
    assert set(await reached(house)) == {2}
    assert len(told(house)) == 1


async def test_a_count_that_was_there_before_anybody_looked_is_noted_at_the_start(open_house: Open) -> None:
    house = await open_house(THREE)
    await owner(house)
    for n in range(2):
        await house.post(await house.signed(someone(n)), "confirm", agree="yes")
    async with house.parts.database.write() as tx:
        await counting.fold(tx, house.parts.hub.any_petition(SLUG).id, SLUG, today=house.clock.now.date())
    await house.worker.tidy()
    await house.deliver()
    assert set(await reached(house)) == {2}
    assert told(house) == []


async def test_what_a_fold_was_past_when_it_began_is_not_told_as_if_it_were_new(open_house: Open) -> None:
    house = await open_house(THREE)
    await owner(house)
    for n in range(3):
        await house.post(await house.signed(someone(n)), "confirm", agree="yes")
        if n == 1:
            async with house.parts.database.write() as tx:
                await counting.fold(tx, house.parts.hub.any_petition(SLUG).id, SLUG, today=house.clock.now.date())
    await house.fold()
    await house.deliver()
    (mail,) = told(house)
    assert "has reached 3." in mail[1].text.replace("\u2068", "").replace("\u2069", "")


async def test_an_owner_whose_account_has_ended_meanwhile_gets_nothing(open_house: Open) -> None:
    with Postbox() as postbox:
        house = await open_house(petition_text(milestones=[1]), smtp_url=postbox.url)
        gone, kept = await owner(house, "gone"), await owner(house)
        await house.sign(LAYLA)
        await house.deliver()
        await house.post(postbox.mails[0].link, "confirm", agree="yes")
        await house.fold()
        async with house.parts.database.write() as tx:
            await organizers.remove(tx, gone.id, by=Actor(kept.id, (Grant(None, OWNER),)), today=house.clock.now.date())
        await house.deliver()
        assert [mail.to for mail in postbox.mails[1:]] == [kept.address]
        assert all(row.payload is None for row in await to_organizers(house))


async def test_an_owners_mail_waits_for_the_server_and_is_no_part_of_their_mail_budget(open_house: Open) -> None:
    with Postbox() as postbox:
        house = await open_house(petition_text(milestones=[1, 2, 3, 4]), smtp_url=postbox.url, limits="on")
        who = await owner(house)
        for n in range(4):
            await house.sign(someone(n))
            await house.deliver()
            await house.post(postbox.mails[-1].link, "confirm", agree="yes")
        postbox.answer = lambda _: "451 later"
        await house.fold()
        await house.deliver()
        postbox.answer = lambda _: None
        house.clock.pass_(minutes=2)
        await house.deliver()
        assert [mail.to for mail in postbox.mails].count(who.address) == 4


async def test_what_waits_for_an_owner_is_sealed(open_house: Open) -> None:
    house = await open_house(petition_text(milestones=[1]))
    who = await owner(house)
    await house.confirmed(LAYLA)
    (row,) = await to_organizers(house)
    assert row.payload is not None
    assert who.address.encode() not in row.payload + row.id
