"""Signatories' links in every state that there is, what each page is known by, and all that can be done there."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from sqlalchemy import update

from petition import words
from petition.db import tables
from petition.domain import tokens
from tests.factories import SLUG
from tests.house import House
from tests.people import Person

ENGLISH, ARABIC = (words.load()[code] for code in ("en", "ar"))
Make = Callable[[House, Person], Awaitable[str]]

# What a page is known by: a sentence that stands on no other.
ENDED = ("withdrawn", "erased", "denied", "lapsed", "already", "rejected", "invalidated", "unknown")
PAGES = {kind: f"<h1>{ENGLISH(f'ended.{kind}')}</h1>" for kind in ENDED}
PAGES |= {"pending": ENGLISH("signature.agree"), "counts": ENGLISH("signature.keep")}
PERSONAL = ("identity", "bind", "sealed", "own_copy", "shown_name", "shown_key")


def page_of(response: httpx.Response) -> str:
    shown = [kind for kind, sentence in PAGES.items() if sentence in response.text]
    assert len(shown) == 1, (shown, response.status_code, response.text)
    return shown[0]


async def look(house: House, link: str) -> str:
    return page_of(await house.http.get(link))


async def row_of(house: House, link: str) -> Any:
    """The link's row as it lies in the database."""
    token = tokens.read(link.rpartition("/")[2])
    assert token is not None
    (row,) = [row for row in await house.signatures() if row.token_hash == tokens.stored(token)]
    return row


async def names_shown(house: House) -> list[str]:
    listed = (await house.http.get(f"/api/v1/petitions/{SLUG}/signatories")).json()
    return [row["name"] for row in listed["signatories"]]


# Every state in which a link can find its signature.


async def pending(house: House, person: Person) -> str:
    return await house.signed(person, lang="en")


async def expired(house: House, person: Person) -> str:
    """Over 14 days old, and the worker has not come by."""
    link = await pending(house, person)
    house.clock.pass_(days=15)
    return link


async def lapsed(house: House, person: Person) -> str:
    link = await pending(house, person)
    await house.next_day(15)
    return link


async def denied(house: House, person: Person) -> str:
    link = await pending(house, person)
    await house.post(link, "deny")
    return link


async def counts(house: House, person: Person) -> str:
    return await house.confirmed(person, lang="en")


async def withdrawn(house: House, person: Person) -> str:
    link = await counts(house, person)
    await house.post(link, "withdraw")
    return link


async def erased(house: House, person: Person) -> str:
    link = await counts(house, person)
    await house.post(link, "erase")
    return link


async def erased_while_pending(house: House, person: Person) -> str:
    link = await pending(house, person)
    await house.post(link, "erase")
    return link


async def second(house: House, person: Person) -> str:
    """A later link of an address that counts already, not confirmed."""
    await counts(house, person)
    return await pending(house, person)


async def merged(house: House, person: Person) -> str:
    """A later link of an address that counts already, confirmed as well."""
    link = await second(house, person)
    await house.post(link, "confirm", agree="yes")
    return link


async def _ended_by_an_organizer(house: House, link: str, state: str) -> str:
    """The act itself joins with the console; the link must know its outcome now."""
    rows = tables.table(tables.Signature)
    row = await row_of(house, link)
    async with house.parts.database.write() as tx:
        await tx.execute(update(rows).where(rows.c.id == row.id).values(state=state, shown_name=None, shown_key=None))
    return link


async def rejected(house: House, person: Person) -> str:
    return await _ended_by_an_organizer(house, await pending(house, person), "rejected")


async def invalidated(house: House, person: Person) -> str:
    return await _ended_by_an_organizer(house, await pending(house, person), "invalidated")


ACTS: dict[str, tuple[str, dict[str, str]]] = {
    "confirm": ("confirm", {"agree": "yes"}),
    "confirm without agreeing": ("confirm", {}),
    "deny": ("deny", {}),
    "visibility": ("visibility", {"visibility": "anonymous"}),
    "withdraw": ("withdraw", {}),
    "erase": ("erase", {}),
}
