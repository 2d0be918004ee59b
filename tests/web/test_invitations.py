"""Signing by an invitation: a link vouches for a category, so often and so long, and for nobody once it is recalled."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from petition.actions import batches, signing
from petition.db import tables
from petition.domain import tokens
from petition.domain.actors import Scope
from petition.domain.rules import Rule
from petition.errors import Conflict
from petition.queries import batches as many
from tests.actions.desk import Desk
from tests.factories import SLUG
from tests.house import House
from tests.people import LAYLA, OMAR, someone
from tests.web.invitations import BY, issued, journalist, recalled, revoked, row_of


async def test_whoever_signs_by_a_link_is_verified_on_confirming(house: House) -> None:
    code = await issued(house)
    page = await house.http.get(f"/en/petitions/{SLUG}?invitation={code}")
    assert page.headers["cache-control"] == "no-store"
    assert "it vouches for my category" in page.text
    assert page.text.count(code) == 2, "in the form, and in the way to the other language"
    assert f"en/petitions/{SLUG}?invitation={code}" not in page.text
    link = await house.confirmed(OMAR, invitation=code)
    counts, desk = await house.counts(), Desk(house)
    assert (counts["verified"], counts["awaiting_verification"], counts["by_method"]["invitation"]) == (1, 0, 1)
    row = await desk.row(link)
    assert (row.verified, row.counted_as, row.method) == (True, "journalists", "invitation")
    await desk.holds()


async def test_the_same_by_the_api(house: House) -> None:
    code = await issued(house)
    answer = await house.http.post(
        f"/api/v1/petitions/{SLUG}/signatures", json={**OMAR.fields(invitation=code), "language": "en"}
    )
    assert answer.status_code == 202
    await house.deliver()
    (mail,) = house.mails()
    await house.post(mail.link, "confirm", agree="yes")
    await house.fold()
    assert (await house.counts())["verified"] == 1


async def test_without_an_invitation_the_page_is_the_same_for_all_and_a_claim_waits(house: House) -> None:
    await house.confirmed(OMAR)
    counts = await house.counts()
    assert (counts["verified"], counts["awaiting_verification"]) == (0, 1)
    assert "public" in (await house.http.get(f"/en/petitions/{SLUG}")).headers["cache-control"]


@pytest.mark.parametrize("why", ["unknown", "garbled", "expired", "used up", "revoked", "of another category"])
async def test_a_code_that_vouches_no_more_is_told_before_anything_is_stored(house: House, why: str) -> None:
    code = await issued(house)
    if why == "unknown":
        code = tokens.written(b"x" * 32)
    elif why == "garbled":
        code = code[:-3]
    elif why == "expired":
        house.clock.pass_(days=31)
    elif why == "used up":
        await house.confirmed(journalist(1), invitation=code)
    elif why == "revoked":
        await revoked(house, code)
    who = LAYLA if why == "of another category" else OMAR
    before = len(await house.signatures())
    answer = await house.sign(who, lang="en", invitation=code)
    assert answer.status_code == 422
    told = "another category" if why == "of another category" else "You can sign without it"
    assert told in answer.text
    assert who.full_name in answer.text
    assert len(await house.signatures()) == before
    if why != "of another category":
        page = await house.http.get(f"/en/petitions/{SLUG}?invitation={code}")
        assert "You can sign without it" in page.text
        assert f'value="{code}"' not in page.text
    assert (await house.sign(who)).status_code == 303


async def test_one_that_ends_between_signing_and_confirming_vouches_for_nobody(house: House) -> None:
    code = await issued(house)
    link = await house.signed(OMAR, invitation=code)
    await revoked(house, code)
    await house.post(link, "confirm", agree="yes")
    await house.fold()
    counts, row = await house.counts(), await Desk(house).row(link)
    assert (counts["total"], counts["verified"], counts["awaiting_verification"]) == (1, 0, 1)
    assert row.method == "mail"
    await Desk(house).holds()


async def test_however_many_confirm_at_once_it_vouches_for_no_more_than_it_says(house: House) -> None:
    code = await issued(house, uses=3)
    links = [await house.signed(journalist(n), invitation=code) for n in range(8)]
    other = House(house.settings)
    await other.start()
    try:
        await asyncio.gather(
            *((house if n % 2 else other).post(link, "confirm", agree="yes") for n, link in enumerate(links))
        )
    finally:
        await other.stop()
    await house.fold()
    counts = await house.counts()
    assert (counts["total"], counts["verified"], counts["awaiting_verification"]) == (8, 3, 5)
    assert (counts["by_method"]["invitation"], counts["by_method"]["mail"]) == (3, 5)
    assert (await row_of(house, code)).used == 3
    await Desk(house).holds()


async def test_of_one_group_as_many_are_vouched_for_as_are_left(house: House) -> None:
    code = await issued(house, uses=3)
    await house.confirmed(journalist(0), invitation=code)
    links = [await house.signed(journalist(n), invitation=code) for n in range(1, 5)]
    found = [tokens.read(link.rpartition("/")[2]) for link in links]
    async with house.parts.database.write() as tx:
        group = [signing.Confirmation(token, house.clock.now.date()) for token in found if token]
        after = await signing.confirm(tx, group, keys=house.parts.keys)
    assert [signature.verified for signature in after if signature] == [True, True, False, False]
    assert (await row_of(house, code)).used == 3
    await Desk(house).holds()


async def test_one_who_erases_what_was_vouched_for_does_not_give_the_use_back(house: House) -> None:
    code = await issued(house)
    waiting = await house.signed(journalist(1), invitation=code)
    await house.post(await house.confirmed(journalist(2), invitation=code), "erase", sure="yes")
    assert (await row_of(house, code)).used == 1
    assert (await house.sign(journalist(3), lang="en", invitation=code)).status_code == 422
    await house.post(waiting, "confirm", agree="yes")
    await house.fold()
    assert (await house.counts())["verified"] == 0
    await Desk(house).holds()


async def test_revoking_can_send_its_people_back_to_review(house: House) -> None:
    code = await issued(house, uses=5)
    links = [await house.confirmed(journalist(n), invitation=code) for n in range(3)]
    stranger = await house.confirmed(OMAR)
    desk = Desk(house)
    await desk.do("verify", stranger)
    await desk.do("invalidate", links[2])
    with pytest.raises(Conflict, match="invitation-moved-on"):
        await recalled(house, code)
    await revoked(house, code)
    assert await desk.categories() == {"journalists": (3, 3)}, "revoking alone takes nothing from anybody"
    assert await recalled(house, code) == 2
    await acts_are_in_a_row(house)
    for again in (revoked, recalled):
        with pytest.raises(Conflict, match="invitation-moved-on"):
            await again(house, code)
    assert await desk.categories() == {"awaiting": (2, 0), "journalists": (1, 1)}
    await desk.do("verify", links[0])
    assert await desk.categories() == {"awaiting": (1, 0), "journalists": (2, 2)}
    await desk.holds()
    verbs = [line.verb for line in await desk.audited()]
    assert [verb for verb in verbs if verb.startswith("invitation:")] == [
        "invitation:issue",
        "invitation:revoke",
        "invitation:recall",
    ]


async def acts_are_in_a_row(house: House) -> None:
    """What waits for the ledger ends, for each signature, with its last act, and leaves none out."""
    waiting = tables.table(tables.LedgerWaiting)
    async with house.parts.database.read() as connection:
        found = (await connection.execute(select(waiting.c.link, waiting.c.act))).all()
    for row in await house.signatures():
        acts = sorted(act for link, act in found if link == house.parts.keys.link_of(row.id))
        assert acts == list(range(row.acts - len(acts), row.acts))


@pytest.mark.parametrize("category", ["journalists", "independents"], ids=["to be verified", "open"])
async def test_what_is_restored_after_a_recall_comes_back_to_review(house: House, category: str) -> None:
    code, desk = await issued(house, category, uses=2), Desk(house)
    link = await house.confirmed(someone(1, category=category), invitation=code)
    await desk.do("invalidate", link)
    await revoked(house, code)
    before = await desk.do("restore", link)
    assert before.verified, "revoked alone, it vouches on for whom it did"
    await desk.do("invalidate", link)
    await recalled(house, code)
    after = await desk.do("restore", link)
    await acts_are_in_a_row(house)
    assert not after.verified
    assert await desk.categories() == {"awaiting": (1, 0)} if category == "journalists" else {category: (1, 0)}
    await desk.do("verify", link)
    assert await desk.categories() == {category: (1, 1)}
    await desk.holds()


async def test_what_a_rule_took_out_comes_back_to_review_as_well(house: House) -> None:
    code, desk = await issued(house, uses=3), Desk(house)
    links = [await house.confirmed(journalist(n), invitation=code) for n in range(2)]
    petition, today = house.parts.hub.any_petition(SLUG), house.clock.now.date()
    rule = Rule(method="invitation")
    async with house.parts.database.write() as tx:
        rows = await many.matching(tx, petition.id, rule, Scope(None))
        drafted = {"act": "invalidate", "category": None, "reason": "duplicate"}
        batch = await batches.draft(tx, petition.id, rule, rows, by=BY, today=today, **drafted)
        await batches.start(tx, petition.id, batch, by=BY, today=today)
    await advanced(house, batch)
    assert await desk.categories() == {}
    await revoked(house, code)
    await recalled(house, code)
    async with house.parts.database.write() as tx:
        await batches.undo(tx, petition.id, batch, by=BY, today=today)
    await advanced(house, batch)
    assert await desk.categories() == {"awaiting": (2, 0)}
    assert not (await desk.row(links[0])).verified
    await desk.holds()


async def advanced(house: House, batch: bytes) -> None:
    petition, today = house.parts.hub.any_petition(SLUG), house.clock.now.date()
    working = True
    while working:
        async with house.parts.database.write() as tx:
            working = bool(await batches.advance(tx, petition.id, batch, keys=house.parts.keys, today=today))


async def test_whom_an_organizer_has_verified_since_no_recall_takes_it_from(house: House) -> None:
    code, desk = await issued(house), Desk(house)
    link = await house.confirmed(OMAR, invitation=code)
    await desk.do("unverify", link)
    await desk.do("verify", link)
    await revoked(house, code)
    assert await recalled(house, code) == 0
    assert (await desk.row(link)).verified
    await desk.holds()


async def test_whoever_confirms_while_it_is_revoked_is_vouched_for_or_not_and_never_half(house: House) -> None:
    code = await issued(house, uses=20)
    links = [await house.signed(journalist(n), invitation=code) for n in range(10)]
    other = House(house.settings)
    await other.start()
    try:

        async def end() -> int:
            await asyncio.sleep(0)
            await revoked(house, code)
            return await recalled(house, code)

        confirming = ((house if n % 2 else other).post(link, "confirm", agree="yes") for n, link in enumerate(links))
        back, *answers = await asyncio.gather(end(), *confirming)
    finally:
        await other.stop()
    assert {answer.status_code for answer in answers} == {303}
    assert back == (await row_of(house, code)).used
    await house.fold()
    counts = await house.counts()
    assert (counts["total"], counts["verified"], counts["awaiting_verification"]) == (10, 0, 10)
    await Desk(house).holds()


async def test_an_erased_signature_forgets_who_vouched_for_it(house: House) -> None:
    code = await issued(house, uses=2)
    link = await house.confirmed(OMAR, invitation=code)
    await house.post(link, "erase", sure="yes")
    assert (await house.only_signature()).invitation_id is None


async def test_the_code_lies_nowhere_in_the_database(house: House) -> None:
    code = await issued(house)
    token = tokens.read(code)
    assert token is not None
    async with house.parts.database.read() as connection:
        (row,) = (await connection.execute(tables.table(tables.Invitation).select())).all()
    assert token not in [value for value in row if isinstance(value, bytes)]
    assert row.code == tokens.stored(token)


async def test_a_signature_that_is_confirmed_twice_uses_it_once(house: House) -> None:
    code = await issued(house, uses=2)
    link = await house.confirmed(OMAR, invitation=code)
    token = tokens.read(link.rpartition("/")[2])
    assert token is not None
    async with house.parts.database.write() as tx:
        again = [signing.Confirmation(token, house.clock.now.date())] * 2
        await signing.confirm(tx, again, keys=house.parts.keys)
    assert (await row_of(house, code)).used == 1
