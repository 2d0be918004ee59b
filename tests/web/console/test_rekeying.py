"""Whoever leaves takes nothing along: a new key, everything sealed anew, readable by those who remain all the while."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from petition import keyfiles
from petition.actions import organizers, rekeying
from petition.db import tables
from petition.domain import sealing
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant
from petition.errors import Conflict
from petition.queries import organizers as accounts
from petition.web.console.resealing import Resealing
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import Account, account
from tests.people import KARIM, LAYLA, OMAR, SALMA
from tests.web.console.rekeying import (
    CROWD,
    KEY,
    QUEUE,
    all_are_read,
    crowd_by_twos,
    holds,
    on_the_dashboard,
    opened_by,
    own_key,
    petition_id,
    present_key,
    remove,
    sealed_rows,
    session_work,
    settled,
    signed_in,
    state,
)


async def opens_nothing(house: House, who: Account, old: bytes, kept: bytes) -> None:
    """Neither the earlier key nor the one that somebody kept of their own opens a value in any table."""
    async with house.parts.database.read() as connection:
        everything: list[bytes] = []
        for table in tables.Table.metadata.sorted_tables:
            for row in await connection.execute(select(table)):
                everything += [value for value in row if isinstance(value, bytes)]
    for value in everything:
        assert old not in value
        assert not sealing.Opener((old, kept), petition_id(house)).opens(value), "what was kept opens nothing"
        for opens in (sealing.open_ring, lambda v, k, p: sealing.open_share(v, k, p, who.id)):
            with pytest.raises(sealing.Unreadable):
                opens(value, old, petition_id(house))
            with pytest.raises(sealing.Unreadable):
                opens(value, kept, petition_id(house))


async def test_whoever_is_removed_opens_nothing_that_is_stored_afterwards(house: House) -> None:
    links = [await house.confirmed(who) for who in CROWD]
    await house.signed(LAYLA)
    await house.post(links[0], "withdraw")
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    sami = await account(house, "sami@example.org", Grant(None, VERIFIER))
    rima = await account(house, "rima@example.org", Grant(None, AUDITOR))
    owner, auditor = await signed_in(house, nour), await signed_in(house, rima)
    old, kept = present_key(house), await own_key(house, sami)
    await owner.get(QUEUE)
    await owner.get(owner.page.text.partition('<th scope="row"><a href="')[2].partition('"')[0].replace("&amp;", "&"))
    noted = owner.page.url.raw_path.decode()
    await owner.send("/note", note="A neighbour of mine")
    await owner.get(f"/petitions/{SLUG}/batches/new")
    await owner.send("/batches", name="person", act="verify", category_to="activists")
    rule = owner.page.headers["location"]
    before = {row.id: sealing.open_record(row.sealed, old, row.petition_id) for row in await sealed_rows(house)}
    assert len(before) == 8
    async with house.parts.database.read() as connection:
        shared = await accounts.shared_key(connection, petition_id(house), sami.id)
    assert shared is not None
    assert sealing.open_share(shared, kept, petition_id(house), sami.id) == old, "what they could have kept"

    await owner.get("/team")
    assert "so the key is changed and a new recovery key is written" in owner.text, "said before it happens"
    await remove(owner, sami)
    await settled(house)
    assert await state(house) is None
    assert await opened_by(house, old) == 0
    new = present_key(house)
    after = {row.id: sealing.open_record(row.sealed, new, row.petition_id) for row in await sealed_rows(house)}
    assert after == before, "record and bind secret are the same"
    for row in await house.signatures():
        if row.bind is not None:
            record, secret = after[row.id]
            assert sealing.bind(secret, sealing.canonical(record)) == row.bind

    await house.confirmed(OMAR)
    assert await opened_by(house, old) == 0
    assert await opened_by(house, new) == 9
    await opens_nothing(house, sami, old, kept)
    for browser in (owner, auditor):
        await all_are_read(browser, [*CROWD, LAYLA, OMAR])
    await owner.get(noted)
    assert "A neighbour of mine" in owner.text
    await owner.get(rule)
    assert "person" in owner.page.text, "the rule that was typed, in its small letters"
    await owner.get("/audit")
    for told in ("ended an account", "changed the key", "sealed all records anew and destroyed the old key"):
        assert told in owner.text
    await holds(house)
    # A signatory's own link opens their own copy as before.
    assert CROWD[3].full_name in (await house.http.get(links[3])).text


async def test_who_signs_confirms_and_erases_meanwhile_loses_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading a part and writing it, its people act: what they did stands."""
    links = {who.full_name: await house.confirmed(who) for who in CROWD}
    links[LAYLA.full_name] = await house.signed(LAYLA)
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    sami = await account(house, "sami@example.org", Grant(None, VERIFIER))
    owner = await signed_in(house, nour)
    old, real, acts = present_key(house), rekeying.part_of, 0
    loop = asyncio.get_running_loop()

    def meanwhile(*words: Any) -> Any:
        """On the thread that seals anew: the people act on the loop before it goes on."""
        nonlocal acts
        acts += 1
        if acts == 1:
            asyncio.run_coroutine_threadsafe(people_act(), loop).result(60)
        return real(*words)

    async def people_act() -> None:
        await house.post(links[CROWD[0].full_name], "erase")
        await house.post(links[CROWD[1].full_name], "withdraw")
        await house.post(links[CROWD[2].full_name], "visibility", visibility="anonymous")
        await house.post(links[LAYLA.full_name], "confirm", agree="yes")
        assert (await house.sign(KARIM)).status_code == 303

    monkeypatch.setattr(rekeying, "part_of", meanwhile)
    await remove(owner, sami)
    await settled(house)
    assert await state(house) is None
    assert await opened_by(house, old) == 0
    assert await opened_by(house, present_key(house)) == 8
    erased = [row for row in await house.signatures() if row.reason == "erased"]
    assert len(erased) == 1
    assert erased[0].sealed is None, "what was erased does not come back"
    await all_are_read(owner, [*CROWD[1:], LAYLA, KARIM])
    await owner.get(QUEUE)
    assert CROWD[0].full_name not in owner.page.text
    await holds(house)


async def test_what_was_sealed_to_the_old_key_is_not_stored_after_the_change(house: House) -> None:
    """The process that takes the signature has not heard of the change yet: nobody notices."""
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    owner = await signed_in(house, nour)
    old, hub = present_key(house), house.parts.hub
    before = hub._snapshots
    await owner.get(KEY)
    await owner.send("/key/change")
    await settled(house)
    hub._snapshots = before
    assert house.parts.hub.any_petition(SLUG).public_key == sealing.public_half(old), "this process is behind"
    answers = await asyncio.gather(*(house.sign(who) for who in (LAYLA, OMAR, SALMA)))
    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert await opened_by(house, old) == 0
    assert await opened_by(house, present_key(house)) == 3
    await house.deliver()
    assert len(house.mails()) == 3, "one mail each"


async def test_a_second_change_before_the_first_is_done_keeps_everything_readable(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crowd_by_twos(house, monkeypatch)
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    sami = await account(house, "sami@example.org", Grant(None, VERIFIER))
    adel = await account(house, "adel@example.org", Grant(None, VERIFIER))
    owner = await signed_in(house, nour)
    first = present_key(house)
    await remove(owner, sami)
    second = present_key(house)
    stale = await session_work(house, await on_the_dashboard(owner), second)
    assert await house.parts.resealing.step(stale)
    await house.confirmed(LAYLA)
    await remove(owner, adel)
    third = present_key(house)
    assert len({first, second, third}) == 3
    assert (await opened_by(house, first), await opened_by(house, second)) == (5, 3)
    await all_are_read(owner, [*CROWD, LAYLA])
    with pytest.raises(sealing.Unreadable):
        await house.parts.resealing.step(stale)
    work = await session_work(house, await on_the_dashboard(owner), third)
    while await house.parts.resealing.step(work):
        await all_are_read(owner, [*CROWD, LAYLA])
    assert [await opened_by(house, key) for key in (first, second, third)] == [0, 0, 8]


async def test_two_at_it_at_once_do_no_harm(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await crowd_by_twos(house, monkeypatch)
    owner = await signed_in(house, await account(house, "nour@example.org", Grant(None, OWNER)))
    old = present_key(house)
    await owner.get(KEY)
    await owner.send("/key/change")
    work = await session_work(house, await on_the_dashboard(owner), present_key(house))

    async def walk() -> None:
        one = Resealing(house.parts.database, house.clocks.wall)
        while await one.step(work):
            pass

    await asyncio.gather(walk(), walk(), walk())
    assert await state(house) is None
    assert (await opened_by(house, old), await opened_by(house, present_key(house))) == (0, 7)
    async with house.parts.database.read() as connection:
        rows = tables.table(tables.AuditEntry)
        finished = (await connection.execute(select(rows).where(rows.c.verb == "key:finish"))).all()
    assert len(finished) == 1


async def test_the_search_finds_records_of_either_key(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await crowd_by_twos(house, monkeypatch)
    owner = await signed_in(house, await account(house, "nour@example.org", Grant(None, OWNER)))
    await owner.get(KEY)
    await owner.send("/key/change")
    await house.parts.resealing.step(await session_work(house, await on_the_dashboard(owner), present_key(house)))
    for who in CROWD:
        await owner.get(QUEUE)
        await owner.send("/queue", q=who.email)
        assert who.full_name in owner.page.text


async def test_a_key_shared_at_the_moment_of_the_change_is_refused(house: House) -> None:
    owner = await signed_in(house, await account(house, "nour@example.org", Grant(None, OWNER)))
    sami = await account(house, "sami@example.org", Grant(None, VERIFIER), with_keys=False)
    old = present_key(house)
    await owner.get(KEY)
    await owner.send("/key/change")
    await settled(house)
    async with house.parts.database.read() as connection:
        organizer = await accounts.by_id(connection, sami.id)
    assert organizer is not None
    shares, today = {petition_id(house): old}, house.clock.now.date()
    async with house.parts.database.write() as tx:
        with pytest.raises(Conflict, match="key-changed"):
            await organizers.share(tx, organizer, shares, by=None, today=today)
    async with house.parts.database.read() as connection:
        assert await accounts.shared_key(connection, petition_id(house), sami.id) is None


async def test_an_owner_who_cannot_open_the_records_leaves_the_key_due_for_one_who_can(house: House) -> None:
    await house.confirmed(LAYLA)
    boss = await account(house, "boss@example.org", Grant(None, OWNER), with_keys=False)
    amal = await account(house, "amal@example.org", Grant(petition_id(house), OWNER))
    sami = await account(house, "sami@example.org", Grant(None, VERIFIER))
    locked, opens = await signed_in(house, boss), await signed_in(house, amal)
    old = present_key(house)
    await remove(locked, sami)
    assert "The key has to be changed" in locked.text
    await locked.get(KEY)
    assert "/key/change" not in locked.page.text
    assert "An owner who can open the records does this here" in locked.text
    csrf = locked.page.text.partition('name="csrf" value="')[2].partition('"')[0]
    answer = await locked.http.post(f"/organizer/en{KEY}/change", data={"csrf": csrf})
    assert answer.status_code == 409
    assert present_key(house) == old
    await opens.get()
    assert "The key has to be changed" in opens.text
    await opens.get(KEY)
    await opens.send("/key/change")
    await settled(house)
    await opens.get()
    assert "The key has to be changed" not in opens.text
    assert await opened_by(house, old) == 0
    await all_are_read(opens, [LAYLA])


async def test_the_new_recovery_key_opens_and_the_old_one_does_not(house: House, monkeypatch: Any) -> None:
    """Even midway: whoever recovers then reads everything."""
    await crowd_by_twos(house, monkeypatch)
    owner = await signed_in(house, await account(house, "nour@example.org", Grant(None, OWNER)))
    await owner.get(KEY)
    await owner.send("/key/change")
    await owner.follow()
    path = keyfiles.recovery_path(house.settings, SLUG, house.parts.hub.any_petition(SLUG).public_key)
    assert path is not None
    assert path.name in owner.text, "the page tells where it lies"
    assert path.stat().st_mode & 0o777 == 0o600
    await house.parts.resealing.step(await session_work(house, await on_the_dashboard(owner), present_key(house)))
    other = await signed_in(house, await account(house, "amal@example.org", Grant(None, OWNER), with_keys=False))
    await other.get(KEY)
    await other.send("/recover", recovery=house.recovery[SLUG].read_text())
    assert other.page.status_code == 422
    assert "of an earlier key of this one" in other.text
    await other.send("/recover", recovery=path.read_text())
    await all_are_read(other, CROWD)


async def test_another_petitions_key_and_records_stay_as_they_are(house: House) -> None:
    await house.apply(petition_text(slug="another"))
    await house.confirmed(LAYLA)
    await house.confirmed(KARIM, slug="another")
    owner = await signed_in(house, await account(house, "nour@example.org", Grant(None, OWNER)))
    sami = await account(house, "sami@example.org", Grant(petition_id(house), VERIFIER))
    key = house.parts.hub.any_petition("another").public_key
    untouched = [row for row in await house.signatures() if row.petition_id == petition_id(house, "another")]
    await remove(owner, sami)
    await settled(house)
    assert house.parts.hub.any_petition("another").public_key == key
    assert [r for r in await house.signatures() if r.petition_id == petition_id(house, "another")] == untouched
    assert await state(house, "another") is None


async def test_records_that_end_take_their_keys_along(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await crowd_by_twos(house, monkeypatch)
    owner = await signed_in(house, await account(house, "nour@example.org", Grant(None, OWNER)))
    await owner.get(KEY)
    await owner.send("/key/change")
    work = await session_work(house, await on_the_dashboard(owner), present_key(house))
    await house.parts.resealing.step(work)
    await owner.get(f"/petitions/{SLUG}/retention")
    await owner.send("/retention", days="1", delivered=str(house.clock.now.date()))
    await house.next_day(2)
    assert await sealed_rows(house) == []
    assert await state(house) is None
    assert not await house.parts.resealing.step(work)
    await owner.sign_in(await account(house, "amal@example.org", Grant(None, OWNER), with_keys=False))
    await owner.get(KEY)
    assert "The records were destroyed on" in owner.text
