"""Invitations in the tests: issued, looked at, revoked and recalled, past the console."""

from __future__ import annotations

from petition.actions import invitations
from petition.domain import tokens
from petition.domain.actors import OWNER, Actor, Grant
from petition.queries import invitations as reading
from tests.factories import SLUG
from tests.house import House
from tests.people import Person, someone

BY = Actor(b"o" * 16, (Grant(None, OWNER),))


async def issued(house: House, category: str = "journalists", *, uses: int = 1, days: int = 30) -> str:
    """A code, as it stands in its link."""
    petition, today = house.parts.hub.any_petition(SLUG), house.clock.now.date()
    async with house.parts.database.write() as tx:
        until = today.fromordinal(today.toordinal() + days)
        ((_, code),) = await invitations.issue(
            tx, petition.id, category, uses=uses, expires_on=until, by=BY, today=today
        )
    return tokens.written(code)


async def row_of(house: House, code: str) -> reading.Invitation:
    petition, token = house.parts.hub.any_petition(SLUG), tokens.read(code)
    assert token is not None
    async with house.parts.database.read() as connection:
        found = await reading.by_code(connection, petition.id, tokens.stored(token))
    assert found is not None
    return found


async def revoked(house: House, code: str) -> None:
    row, today = await row_of(house, code), house.clock.now.date()
    async with house.parts.database.write() as tx:
        await invitations.revoke(tx, row.petition_id, row.id, by=BY, today=today)


async def recalled(house: House, code: str) -> int:
    row, today = await row_of(house, code), house.clock.now.date()
    async with house.parts.database.write() as tx:
        return await invitations.recall(tx, row.petition_id, row.id, by=BY, keys=house.parts.keys, today=today)


def journalist(number: int) -> Person:
    return someone(number, category="journalists")
