"""A petition's key changed in the tests: who holds which key, what each opens, and how far the work has come."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from petition import keyfiles
from petition.actions import audit, counting, rekeying
from petition.db import tables
from petition.domain import passwords, sealing
from petition.queries import organizers as accounts
from petition.queries import rekeyings
from petition.queries.rekeyings import Rekeying
from petition.web.console.resealing import Resealing, Work
from tests.factories import SLUG
from tests.house import House
from tests.organizers import Account, Browser
from tests.people import Person, someone

QUEUE, KEY = f"/petitions/{SLUG}/queue", f"/petitions/{SLUG}/key"
CROWD = [someone(n) for n in range(7)]


async def signed_in(house: House, who: Account, lang: str = "en") -> Browser:
    browser = Browser(house, lang)
    await browser.sign_in(who)
    return browser


def petition_id(house: House, slug: str = SLUG) -> bytes:
    return house.parts.hub.any_petition(slug).id


async def state(house: House, slug: str = SLUG) -> Rekeying | None:
    async with house.parts.database.read() as connection:
        return await rekeyings.of(connection, petition_id(house, slug))


async def sealed_rows(house: House) -> list[Any]:
    return [row for row in await house.signatures() if row.sealed is not None]


async def opened_by(house: House, key: bytes) -> int:
    """How many of the stored records this private key opens."""
    opener = sealing.Opener(key, petition_id(house))
    return sum(opener.opens(row.sealed) for row in await sealed_rows(house))


async def own_key(house: House, who: Account) -> bytes:
    """What somebody keeps who knows their password and has once copied their row."""
    async with house.parts.database.read() as connection:
        found = await accounts.by_id(connection, who.id)
    assert found is not None
    assert found.salt is not None
    root = passwords.root(who.password, found.salt, found.price)
    return sealing.open_own(found.private_key, passwords.wrap_key(root), who.id)


def present_key(house: House) -> bytes:
    """From the recovery key that was written last."""
    petition = house.parts.hub.any_petition(SLUG)
    key = keyfiles.recovery_key(house.settings, SLUG, petition.public_key)
    assert key is not None
    return key


async def crowd_by_twos(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody has signed; what is sealed anew goes two by two, and no further than a test asks."""
    monkeypatch.setattr(rekeying, "CHUNK", 2)
    monkeypatch.setattr(Resealing, "go_on", lambda self, work: None)
    for who in CROWD:
        await house.confirmed(who)


async def all_are_read(browser: Browser, people: list[Person]) -> None:
    await browser.get(QUEUE)
    missing = [who.full_name for who in people if who.full_name not in browser.page.text]
    assert not missing, "a record that a holder cannot read"


async def remove(browser: Browser, who: Account) -> None:
    await browser.get("/team")
    await browser.send(f"/{who.id.hex()}/remove")
    assert browser.page.status_code == 303, browser.text
    await browser.follow()


async def settled(house: House) -> None:
    await house.parts.resealing.ready(petition_id(house), 60)


async def holds(house: House) -> None:
    await house.fold()
    async with house.parts.database.read() as connection:
        assert await audit.broken(connection) is None
        assert (await counting.recount(connection, petition_id(house))).holds


async def on_the_dashboard(browser: Browser) -> Browser:
    await browser.get()
    return browser


async def session_work(house: House, browser: Browser, key: bytes) -> Work:
    """The work of this browser's session, as the door would begin it."""
    async with house.parts.database.read() as connection:
        rows = (await connection.execute(select(tables.table(tables.Session)))).mappings().all()
        for row in rows:
            found = await accounts.session(connection, row["token_hash"])
            assert found is not None
            if found[1].address_text(house.parts.keys) in browser.text:
                return Work(petition_id(house), found[0], key)
    raise AssertionError("no session")
