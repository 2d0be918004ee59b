"""The team: who may invite, share, take away and end, and on which petitions; and what that does to keys."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from sqlalchemy import select

from petition.actions import audit, organizers
from petition.db import tables
from petition.domain import passwords
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Actor, Grant
from petition.errors import Forbidden, NotFound
from petition.queries import organizers as accounts
from petition.queries import rekeyings
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import PASSWORD, Account, Browser, account
from tests.people import KARIM, LAYLA
from tests.promises.markup import Page

OTHER = "another-statement"
QUEUE = f"/petitions/{SLUG}/queue"


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PRICE", "1,1,64")


@pytest.fixture
async def here(house: House) -> bytes:
    """The petition that an owner of one owns; there is another one."""
    await house.apply(petition_text(slug=OTHER, title={"en": "Another statement", "ar": "بيان آخر"}))
    return house.parts.hub.any_petition(SLUG).id


async def signed_in(house: House, who: Account) -> Browser:
    browser = Browser(house)
    await browser.sign_in(who)
    return browser


async def roles(house: House, who: Account) -> set[tuple[bytes | None, str]]:
    async with house.parts.database.read() as connection:
        return {(g.petition_id, g.role) for g in (await accounts.actor(connection, who.id)).grants}


async def roles_of(house: House, address: str) -> set[str]:
    async with house.parts.database.read() as connection:
        everyone = await accounts.everyone(connection)
    return {g.id.hex() for who, grants in everyone for g in grants if who.address_text(house.parts.keys) == address}


async def holds_key(house: House, who: Account, slug: str = SLUG) -> bool:
    async with house.parts.database.read() as connection:
        return who.id in await accounts.key_holders(connection, house.parts.hub.any_petition(slug).id)


async def settled(house: House, slug: str = SLUG) -> None:
    await house.parts.resealing.ready(house.parts.hub.any_petition(slug).id, 60)


async def everything(house: House) -> list[Any]:
    async with house.parts.database.read() as connection:
        found = []
        for mapped in (tables.Organizer, tables.Role, tables.PetitionKey, tables.Rekeying, tables.Petition):
            found.append(sorted(map(repr, (await connection.execute(select(tables.table(mapped)))).all())))
        return found


def forms_to(browser: Browser, end: str) -> list[str]:
    return [form.action for form in Page(browser.page.text).forms if form.action.endswith(end)]


async def csrf(browser: Browser) -> str:
    await browser.get("/account")
    return str(dict(Page(browser.page.text).forms[0].fields)["csrf"])


async def test_an_owner_of_one_petition_builds_its_team(house: House, here: bytes) -> None:
    await house.confirmed(LAYLA)
    amal = await account(house, "amal@example.org", Grant(here, OWNER))
    sami = await account(house, "sami@example.org", Grant(here, AUDITOR), with_keys=False)
    owner = await signed_in(house, amal)
    await owner.get()
    assert 'href="/organizer/en/team"' in owner.page.text
    await owner.get("/team")
    assert "all statements" not in owner.page.text.partition("<select")[2].partition("</select>")[0]
    assert "Another statement" not in owner.text
    await owner.send("/share")
    await owner.follow()
    auditor = await signed_in(house, sami)
    await auditor.get(QUEUE)
    assert LAYLA.full_name in auditor.text
    typed = {"address": "rima@example.org", "role": "verifier", "petition": SLUG, "category-fsa": "yes"}
    page = await owner.send("/team", **typed)
    assert "/organizer/en/set-up/" in page.text
    async with house.parts.database.read() as connection:
        everyone = {who.address_text(house.parts.keys): (who, g) for who, g in await accounts.everyone(connection)}
    rima, grants = everyone["rima@example.org"]
    assert grants == (Grant(here, VERIFIER, ("fsa",)),)
    async with house.parts.database.read() as connection:
        assert await accounts.shared_key(connection, here, rima.id) is not None


async def test_an_owner_of_one_petition_sees_and_touches_nobody_elses(house: House, here: bytes) -> None:
    there = house.parts.hub.any_petition(OTHER).id
    boss = await account(house, "boss@example.org", Grant(None, OWNER))
    both = await account(house, "both@example.org", Grant(here, VERIFIER), Grant(there, OWNER))
    far = await account(house, "far@example.org", Grant(there, VERIFIER), with_keys=False)
    owner = await signed_in(house, await account(house, "amal@example.org", Grant(here, OWNER)))
    await owner.get("/team")
    assert "both@example.org" in owner.text
    assert "boss@example.org" not in owner.text
    assert "far@example.org" not in owner.text
    assert "1 organizer more has a role on all statements" in owner.text
    assert not forms_to(owner, "/remove")
    (mine,) = forms_to(owner, "/take")
    assert both.id.hex() in mine, "one role of theirs: that on this petition"
    async with house.parts.database.read() as connection:
        ids = {g.id.hex(): who.id.hex() for who, grants in await accounts.everyone(connection) for g in grants}
    before, token = await everything(house), await csrf(owner)
    for who in (boss, both, far):
        answer = await owner.http.post(f"/organizer/en/team/{who.id.hex()}/remove", data={"csrf": token})
        assert answer.status_code == 403
    own = await roles_of(house, "amal@example.org")
    for member in {boss.id, both.id, far.id}:
        for role in ids:
            path = f"/organizer/en/team/{member.hex()}/roles/{role}/take"
            if path != mine and role not in own:
                assert (await owner.http.post(path, data={"csrf": token})).status_code == 404, path
    for who in (boss, far):
        answer = await owner.http.post(f"/organizer/en/team/{who.id.hex()}/share", data={"csrf": token})
        assert answer.status_code == 404
    for petition in ("", OTHER, "nothing"):
        typed = {"csrf": token, "address": "new@example.org", "role": "verifier", "petition": petition}
        assert (await owner.http.post("/organizer/en/team", data=typed)).status_code == 422, petition
    assert await everything(house) == before


async def test_who_invites_for_one_petition_never_holds_the_link_of_a_wider_account(house: House, here: bytes) -> None:
    """An invited owner of everything has not come yet: inviting the same address again must not make one that owner."""
    keys, today = house.parts.keys, house.clock.now.date()
    async with house.parts.database.write() as tx:
        waiting = await organizers.invite(
            tx, "boss@example.org", [Grant(None, OWNER)], language="en", by=None, keys=keys, today=today
        )
    assert waiting.setup is not None
    owner = await signed_in(house, await account(house, "amal@example.org", Grant(here, OWNER)))
    await owner.get("/team")
    page = await owner.send("/team", address="boss@example.org", role="verifier", petition=SLUG)
    assert page.status_code == 303
    await owner.follow()
    assert "/set-up/" not in owner.page.text
    assert "The role was added" in owner.text
    link = organizers.setup_link("", "en", waiting.setup)
    assert (await house.http.get(link)).status_code == 200, "the link they were given still works"
    # Somebody whom only this petition waits for gets a new link, as ever.
    await owner.send("/team", address="rima@example.org", role="verifier", petition=SLUG)
    first = re.findall(r"/organizer/en/set-up/[A-Za-z0-9_-]{43}", owner.page.text)[0]
    await owner.send("/team", address="rima@example.org", role="auditor", petition=SLUG)
    second = re.findall(r"/organizer/en/set-up/[A-Za-z0-9_-]{43}", owner.page.text)[0]
    assert [(await house.http.get(path)).status_code for path in (first, second)] == [410, 200]


async def test_a_role_is_taken_away_and_the_key_changes_only_with_the_last_one(house: House, here: bytes) -> None:
    await house.confirmed(LAYLA)
    owner = await signed_in(house, await account(house, "amal@example.org", Grant(here, OWNER)))
    sami = await account(house, "sami@example.org", Grant(here, VERIFIER), Grant(here, AUDITOR))
    worker = await signed_in(house, sami)
    key = house.parts.hub.any_petition(SLUG).public_key
    await owner.get("/team")
    assert "so the key is changed" not in owner.text, "the other role still opens the records"
    await owner.send("/take")
    await owner.follow()
    assert "The role was taken away" in owner.text
    assert len(await roles(house, sami)) == 1
    assert house.parts.hub.any_petition(SLUG).public_key == key
    assert await holds_key(house, sami)
    await worker.get(QUEUE)
    assert LAYLA.full_name in worker.text

    await owner.get("/team")
    assert "so the key is changed and a new recovery key is written" in owner.text
    await owner.send("/take")
    await settled(house)
    assert await roles(house, sami) == set()
    assert not await holds_key(house, sami)
    assert house.parts.hub.any_petition(SLUG).public_key != key
    assert (await worker.get(QUEUE)).status_code == 404
    await worker.get()
    assert "You have no role on any statement yet" in worker.text
    await owner.get(QUEUE)
    assert LAYLA.full_name in owner.text
    await owner.get("/audit")
    for told in ("took a role away", "changed the key"):
        assert told in owner.text
    async with house.parts.database.read() as connection:
        assert await audit.broken(connection) is None
        assert await rekeyings.of(connection, here) is None


async def test_a_role_on_one_petition_leaves_the_other_keys_alone(house: House, here: bytes) -> None:
    boss = await signed_in(house, await account(house, "boss@example.org", Grant(None, OWNER)))
    there = house.parts.hub.any_petition(OTHER).id
    sami = await account(house, "sami@example.org", Grant(here, VERIFIER), Grant(there, VERIFIER))
    keys = {slug: house.parts.hub.any_petition(slug).public_key for slug in (SLUG, OTHER)}
    async with house.parts.database.read() as connection:
        (role,) = [g.id for g in (await accounts.actor(connection, sami.id)).grants if g.petition_id == here]
    await boss.get("/team")
    await boss.send(f"/{sami.id.hex()}/roles/{role.hex()}/take")
    await settled(house)
    assert await roles(house, sami) == {(there, VERIFIER)}
    assert house.parts.hub.any_petition(SLUG).public_key != keys[SLUG]
    assert house.parts.hub.any_petition(OTHER).public_key == keys[OTHER]
    assert await holds_key(house, sami, OTHER)


async def test_the_page_warns_of_a_key_that_nobody_else_holds(house: House, here: bytes) -> None:
    boss = await account(house, "boss@example.org", Grant(None, OWNER), with_keys=False)
    sami = await account(house, "sami@example.org", Grant(here, VERIFIER))
    owner = await signed_in(house, boss)
    await owner.get("/team")
    assert "Nobody else holds the key. Share it with somebody first" in owner.text
    await account(house, "rima@example.org", Grant(here, AUDITOR))
    await owner.get("/team")
    assert "Nobody else holds the key" not in owner.text
    assert await holds_key(house, sami)


async def test_the_last_owner_of_everything_keeps_the_role(house: House, here: bytes) -> None:
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    amal = await account(house, "amal@example.org", Grant(here, OWNER), Grant(None, OWNER))
    owner = await signed_in(house, nour)
    async with house.parts.database.read() as connection:
        role = {
            (who.id, g.petition_id): g.id.hex() for who, grants in await accounts.everyone(connection) for g in grants
        }
    await owner.get("/team")
    assert not forms_to(owner, f"{role[nour.id, None]}/take"), "nobody takes their own on the page"
    await owner.send(f"{role[amal.id, None]}/take")
    assert owner.page.status_code == 303
    token = await csrf(owner)
    path = f"/organizer/en/team/{nour.id.hex()}/roles/{role[nour.id, None]}/take"
    assert (await owner.http.post(path, data={"csrf": token})).status_code == 409
    assert await roles(house, nour) == {(None, OWNER)}
    gone = f"/organizer/en/team/{amal.id.hex()}/roles/{role[amal.id, None]}/take"
    assert (await owner.http.post(gone, data={"csrf": token})).status_code == 404, "twice"


Expected = {"remove": Forbidden, "take": NotFound}


@pytest.mark.parametrize("how", ["remove", "take"])
async def test_of_two_owners_who_end_each_other_at_once_one_remains(house: House, how: str) -> None:
    people = [await account(house, f"{name}@example.org", Grant(None, OWNER)) for name in ("nour", "amal")]
    async with house.parts.database.read() as connection:
        grants = {who.id: (await accounts.actor(connection, who.id)).grants for who in people}

    async def end(by: Account, whom: Account) -> None:
        actor, today = Actor(by.id, grants[by.id]), house.clock.now.date()
        async with house.parts.database.write() as tx:
            if how == "remove":
                await organizers.remove(tx, whom.id, by=actor, today=today)
            else:
                await organizers.take(tx, whom.id, grants[whom.id][0].id, by=actor, today=today)
            # Both are in the middle of it, if the database lets them.
            await asyncio.sleep(0.05)

    ended = await asyncio.gather(end(*people), end(*reversed(people)), return_exceptions=True)
    assert [type(each) for each in ended if isinstance(each, Exception)] == [Expected[how]]
    assert sorted([len(await roles(house, who)) for who in people]) == [0, 1]


async def test_whoever_is_removed_while_working_is_led_to_sign_in_and_nothing_is_half_done(
    house: House, here: bytes
) -> None:
    await house.confirmed(LAYLA)
    await house.confirmed(KARIM)
    owner = await signed_in(house, await account(house, "nour@example.org", Grant(None, OWNER)))
    sami = await account(house, "sami@example.org", Grant(None, VERIFIER))
    reading, acting, searching = [await signed_in(house, sami) for _ in range(3)]
    await searching.get(QUEUE)
    await searching.send("/queue", q=LAYLA.email)
    assert LAYLA.full_name in searching.page.text
    await acting.get(QUEUE)
    async with house.parts.database.read() as connection:
        theirs = {seat.id for seat in await accounts.sessions(connection, sami.id)}
    assert theirs & {held[0] for held in house.parts.searches._held}
    record = acting.page.text.partition('<th scope="row"><a href="')[2].partition('"')[0].replace("&amp;", "&")
    await acting.get(record)
    await owner.get("/team")
    await owner.send(f"/{sami.id.hex()}/remove")
    await settled(house)
    before = {row.id: (row.state, row.verified, row.acts) for row in await house.signatures()}

    page = await reading.get(QUEUE)
    assert page.status_code == 303
    assert page.headers["location"].startswith("/organizer/en/sign-in")
    page = await acting.send("/verify")
    assert page.status_code == 401
    assert LAYLA.full_name not in page.text
    page = await searching.send("/queue", q=LAYLA.email)
    assert page.status_code == 401
    assert not theirs & {held[0] for held in house.parts.searches._held}, "what was opened for them is forgotten"
    await acting.send("/sign-in", address=sami.address, password=PASSWORD)
    assert acting.page.status_code == 422
    assert {row.id: (row.state, row.verified, row.acts) for row in await house.signatures()} == before
    async with house.parts.database.read() as connection:
        assert await audit.broken(connection) is None
        done = (await connection.execute(select(tables.table(tables.AuditEntry)))).all()
    assert not [row for row in done if row.verb == "signature:verify"]


async def test_a_form_of_the_team_page_that_comes_after_the_removal_of_its_sender_does_nothing(
    house: House, here: bytes
) -> None:
    nour, amal = [await account(house, f"{name}@example.org", Grant(None, OWNER)) for name in ("nour", "amal")]
    rima = await account(house, "rima@example.org", Grant(None, AUDITOR))
    first, late = await signed_in(house, nour), await signed_in(house, amal)
    await late.get("/team")
    await first.get("/team")
    await first.send(f"/{amal.id.hex()}/remove")
    await settled(house)
    await settled(house, OTHER)
    before = await everything(house)
    for end in ("/team", f"/{rima.id.hex()}/remove", "/take"):
        form = next(f for f in Page(late.page.text).forms if f.action.endswith(end))
        typed = {**dict(form.fields), "address": "x@example.org", "role": "owner"}
        answer = await late.http.post(form.action, data=typed)
        assert answer.status_code == 401, end
    assert await everything(house) == before
