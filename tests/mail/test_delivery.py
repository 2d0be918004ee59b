"""Mail is neither lost nor multiplied, and signing never waits for it: against a real SMTP server that misbehaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import select

from petition.actions import outbox
from petition.app import make_worker
from petition.db import tables
from petition.db.locks import Leadership
from petition.mail.delivery import _message
from tests.factories import petition_text
from tests.house import House
from tests.mail.smtp import Postbox
from tests.people import KARIM, LAYLA, OMAR, SALMA, someone
from tests.servers import free_port

Open = Callable[..., Awaitable[House]]


async def letters(house: House) -> list[Any]:
    """The outbox as it lies in the database."""
    async with house.parts.database.read() as connection:
        return list(await connection.execute(select(tables.table(tables.Outbox))))


async def test_a_mail_is_handed_over_once_and_its_payload_blanked(open_house: Open) -> None:
    with Postbox() as postbox:
        house = await open_house(smtp_url=postbox.url)
        await house.sign(LAYLA)
        await house.deliver()
        await house.deliver()
        assert [mail.to for mail in postbox.mails] == [LAYLA.email]
        (letter,) = await letters(house)
        assert (letter.state, letter.payload, letter.claimed_by) == ("sent", None, None)
        assert (await house.post(postbox.mails[0].link, "confirm", agree="yes")).status_code == 303


async def test_a_mailbox_that_does_not_exist_ends_it_at_once(open_house: Open) -> None:
    with Postbox() as postbox:
        postbox.answer = lambda _: "550 5.1.1 no such mailbox"
        house = await open_house(smtp_url=postbox.url)
        await house.sign(LAYLA)
        await house.deliver()
        house.clock.pass_(days=1)
        await house.deliver()
        assert postbox.asked == [LAYLA.email]
        (letter,) = await letters(house)
        assert (letter.state, letter.payload) == ("failed", None)
        async with house.parts.database.read() as connection:
            assert await outbox.by_state(connection) == {"failed": 1}


async def test_one_that_is_put_off_is_tried_again_later_and_keeps_its_message_id(open_house: Open) -> None:
    with Postbox() as postbox:
        postbox.answer = lambda _: "451 4.2.1 greylisted"
        house = await open_house(smtp_url=postbox.url)
        await house.sign(LAYLA)
        await house.deliver()
        await house.deliver()
        assert len(postbox.asked) == 1, "it must wait before it tries again"
        house.clock.pass_(seconds=31)
        await house.deliver()
        house.clock.pass_(seconds=31)
        await house.deliver()
        assert len(postbox.asked) == 2, "the second wait is longer than the first"
        postbox.answer = lambda _: None
        house.clock.pass_(minutes=2)
        await house.deliver()
        assert [mail.to for mail in postbox.mails] == [LAYLA.email]


async def test_the_message_id_is_the_same_at_every_try(open_house: Open) -> None:
    house = await open_house()
    await house.sign(LAYLA)
    (letter,) = await letters(house)
    composer = house.worker._delivery._composer
    async with house.parts.database.write() as tx:
        (claimed,) = await outbox.claim(
            tx, house.parts.keys, by=b"x" * 16, today=house.clock.now.date(), limit=9, budget=False
        )
    first, second = (composer.compose(_message(claimed, "confirm"), now=house.clock.now) for _ in range(2))
    assert first["Message-ID"] == second["Message-ID"]
    assert letter.id.hex() not in first["Message-ID"]


async def test_one_refusal_does_not_hold_up_the_others(open_house: Open) -> None:
    with Postbox() as postbox:
        postbox.answer = lambda to: "550 no" if to == OMAR.email else "451 later" if to == KARIM.email else None
        house = await open_house(smtp_url=postbox.url)
        for person in (OMAR, KARIM, LAYLA, SALMA):
            await house.sign(person)
        await house.deliver()
        assert {mail.to for mail in postbox.mails} == {LAYLA.email, SALMA.email}


async def test_while_the_mail_server_is_dead_signing_goes_on_and_mail_waits(open_house: Open) -> None:
    port = free_port()
    house = await open_house(smtp_url=f"smtp://127.0.0.1:{port}")
    for number in range(5):
        assert (await house.sign(someone(number))).status_code == 303
        await house.deliver()
    assert {letter.state for letter in await letters(house)} == {"waiting"}
    with Postbox(port=port) as postbox:
        house.clock.pass_(minutes=6)
        await house.deliver()
        assert {mail.to for mail in postbox.mails} == {someone(number).email for number in range(5)}


async def test_a_line_that_is_dropped_loses_and_doubles_nothing(open_house: Open) -> None:
    with Postbox() as postbox:
        drops = iter([True, False, True])
        postbox.answer = lambda _: "drop" if next(drops, False) else None
        house = await open_house(smtp_url=postbox.url)
        for number in range(4):
            await house.sign(someone(number))
        for _ in range(6):
            await house.deliver()
            house.clock.pass_(minutes=6)
        assert sorted(mail.to for mail in postbox.mails) == sorted(someone(number).email for number in range(4))


async def test_a_server_without_smtputf8_cannot_carry_such_an_address_and_says_so_once(open_house: Open) -> None:
    with Postbox(smtputf8=False) as postbox:
        house = await open_house(smtp_url=postbox.url)
        assert (await house.sign(LAYLA, email="ليلى@example.org")).status_code == 303
        await house.sign(OMAR)
        await house.deliver()
        assert [mail.to for mail in postbox.mails] == [OMAR.email]
        assert sorted(letter.state for letter in await letters(house)) == ["failed", "sent"]


async def test_a_new_leader_frees_what_a_dead_one_had_claimed(open_house: Open) -> None:
    house = await open_house()
    await house.sign(LAYLA)
    async with house.parts.database.write() as tx:
        dead = b"d" * 16
        claimed = await outbox.claim(tx, house.parts.keys, by=dead, today=house.clock.now.date(), limit=9, budget=True)
    assert len(claimed) == 1
    assert await house.deliver() == 0
    await house.worker._delivery.begin()
    assert await house.deliver() == 1
    assert len(house.mails()) == 1


async def test_only_one_worker_leads(open_house: Open) -> None:
    house = await open_house()
    one, other = Leadership(house.settings), Leadership(house.settings)
    assert await one.hold()
    assert await one.hold()
    assert not await other.hold()
    await one.release()
    assert await other.hold()
    await other.release()


async def test_two_workers_on_one_outbox_never_send_a_letter_twice(open_house: Open) -> None:
    with Postbox() as postbox:
        house = await open_house(smtp_url=postbox.url)
        second = make_worker(house.settings, house.parts.database, house.parts.keys, house.clocks)
        for number in range(30):
            await house.sign(someone(number))
        while await house.worker._delivery.step() + await second._delivery.step():
            pass
        assert sorted(mail.to for mail in postbox.mails) == sorted(someone(number).email for number in range(30))


async def test_a_letter_overtaken_by_its_signatory_is_not_sent(open_house: Open) -> None:
    house = await open_house(petition_text(reminder=True))
    link = await house.confirmed(LAYLA)
    assert link
    await house.next_day(4)
    await house.deliver()
    assert len(house.mails()) == 1


async def test_a_reminder_comes_after_three_days_where_the_file_asks_for_it(open_house: Open) -> None:
    house = await open_house(petition_text(reminder=True))
    link = await house.signed(LAYLA)
    await house.next_day(2)
    await house.deliver()
    assert len(house.mails()) == 1
    await house.next_day(1)
    await house.deliver()
    assert [mail.link for mail in house.mails()] == [link, link]
    for _ in range(20):
        await house.next_day(1)
        await house.deliver()
    assert len(house.mails()) == 2
    assert all(letter.payload is None for letter in await letters(house))


async def test_no_reminder_comes_by_default_and_no_address_is_kept(house: House) -> None:
    await house.signed(LAYLA)
    assert all(letter.payload is None for letter in await letters(house))
    for _ in range(5):
        await house.next_day(1)
        await house.deliver()
    assert len(house.mails()) == 1


async def test_no_mailbox_gets_more_than_two_mails_a_day(open_house: Open) -> None:
    limited = await open_house(limits="on")
    for _ in range(5):
        await limited.sign(LAYLA)
        await limited.deliver()
    assert len(limited.mails()) == 2
    assert sorted(letter.state for letter in await letters(limited)) == ["dropped"] * 3 + ["sent"] * 2
