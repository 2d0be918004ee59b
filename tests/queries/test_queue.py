"""What organizers see of signatures: pages by random ids, filters that add up, nothing outside their scope."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from petition.db import tables
from petition.domain import states
from petition.domain.actors import Scope
from petition.queries import queue
from petition.queries.queue import Filter, Queued
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.people import LAYLA, someone

SIGNATURES = tables.table(tables.Signature)
EVERYTHING = Scope(None)
CATEGORIES = ("independents", "journalists", "fsa", "activists")


@pytest.fixture
async def many(house: House) -> dict[bytes, Any]:
    """Forty signatures in every state, and one more petition's: what the filters say of each is computed here."""
    await house.apply(petition_text(slug="second"))
    for number in range(40):
        await house.sign(someone(number, category=CATEGORIES[number % 4]))
    for number in range(3):
        await house.sign(someone(number), slug="second")
    mine = [row for row in await house.signatures() if row.petition_id == petition_id(house)]
    async with house.parts.database.write() as tx:
        for number, row in enumerate(sorted(mine, key=lambda row: (row.category, row.id))):
            state = states.STATES[number % 7]
            counted = state in ("confirmed", "withdrawn", "invalidated") and number % 3 > 0
            values = {
                "state": state,
                "counted_as": row.category if counted else None,
                "method": states.METHODS[number % 3],
                "pinned": number % 5 == 0,
                "hidden": number % 4 == 1,
            }
            await tx.execute(update(SIGNATURES).where(SIGNATURES.c.id == row.id).values(**values))
    return {row.id: row for row in await house.signatures() if row.petition_id == petition_id(house)}


def petition_id(house: House, slug: str = SLUG) -> bytes:
    return house.parts.hub.any_petition(slug).id


async def all_pages(house: House, wanted: Filter, scope: Scope = EVERYTHING, limit: int = 3) -> list[Queued]:
    """Page after page, each no longer than it may be, the last one known as such."""
    rows: list[Queued] = []
    after = None
    async with house.parts.database.read() as connection:
        while True:
            page = await queue.page(connection, petition_id(house), wanted, scope, after=after, limit=limit)
            rows += page.rows
            if page.more is None:
                return rows
            assert len(page.rows) == limit
            assert page.more == page.rows[-1].id
            after = page.more


async def test_pages_hold_every_signature_once_in_the_order_of_the_ids(house: House, many: dict[bytes, Any]) -> None:
    for limit in (1, 3, 39, 40, 41):
        assert [row.id for row in await all_pages(house, Filter(), limit=limit)] == sorted(many)
    (row, *_) = await all_pages(house, Filter())
    for name in Queued.__slots__:
        if name != "claim":
            assert getattr(row, name) == getattr(many[row.id], name)
    assert row.claim == ("open" if row.category in ("independents", "activists") else "verified")


async def test_a_page_goes_on_where_it_was_though_the_signature_there_is_gone(
    house: House, many: dict[bytes, Any]
) -> None:
    ids = sorted(many)
    async with house.parts.database.write() as tx:
        await tx.execute(SIGNATURES.delete().where(SIGNATURES.c.id == ids[9]))
        page = await queue.page(tx, petition_id(house), Filter(), EVERYTHING, after=ids[9], limit=5)
    assert [row.id for row in page.rows] == ids[10:15]


FILTERS = {
    **{state: (Filter(state=state), lambda row, state=state: row.state == state) for state in states.STATES},
    **{slug: (Filter(category=slug), lambda row, slug=slug: row.category == slug) for slug in CATEGORIES},
    **{method: (Filter(method=method), lambda row, m=method: row.method == m) for method in states.METHODS},
    "awaiting": (Filter(awaiting=True), lambda row: row.state == "confirmed" and row.counted_as is None),
    "pinned": (Filter(pinned=True), lambda row: row.pinned),
    "not pinned": (Filter(pinned=False), lambda row: not row.pinned),
    "hidden": (Filter(hidden=True), lambda row: row.hidden),
    "not hidden": (Filter(hidden=False), lambda row: not row.hidden),
    "many at once": (
        Filter(state="confirmed", category="fsa", awaiting=True, hidden=False),
        lambda row: (row.state, row.category, row.counted_as, row.hidden) == ("confirmed", "fsa", None, False),
    ),
    "what excludes itself": (Filter(state="pending", awaiting=True), lambda row: False),
    "no such state": (Filter(state="nowhere"), lambda row: False),
}
SCOPES = (EVERYTHING, Scope(frozenset({"fsa"})), Scope(frozenset({"fsa", "independents"})), Scope(frozenset()))


async def test_filters_and_scopes_add_up(house: House, many: dict[bytes, Any]) -> None:
    for name, (wanted, fits) in FILTERS.items():
        for scope in SCOPES:
            expected = sorted(row.id for row in many.values() if fits(row) and scope.holds(row.category))
            assert [row.id for row in await all_pages(house, wanted, scope)] == expected, (name, scope)


async def test_the_numbers_are_those_of_the_pages(house: House, many: dict[bytes, Any]) -> None:
    for scope in SCOPES:
        async with house.parts.database.read() as connection:
            numbers = await queue.waiting_counts(connection, petition_id(house), scope)
        assert numbers.keys() == {*states.STATES, "awaiting"}
        for state in set(states.STATES) - {states.CONFIRMED}:
            assert numbers[state] == len(await all_pages(house, Filter(state=state), scope))
        found = await all_pages(house, Filter(awaiting=True), scope)
        assert numbers["awaiting"] == len(found)
        assert all(row.awaiting for row in found)


async def test_what_counts_is_told_as_it_was_published(house: House) -> None:
    for number, category in enumerate(("fsa", "fsa", "independents")):
        await house.confirmed(someone(number, category=category))
    later = await house.signed(someone(9))
    await house.post(later, "confirm", agree="yes")
    told = []
    for scope in (*SCOPES, Scope(frozenset({"independents"}))):
        async with house.parts.database.read() as connection:
            told.append((await queue.waiting_counts(connection, petition_id(house), scope))["confirmed"])
    assert told == [3, 2, 3, 0, 1]


async def test_one_signature_is_found_by_its_petition_and_within_the_scope_alone(house: House) -> None:
    await house.apply(petition_text(slug="second"))
    await house.sign(LAYLA)
    known = (await house.only_signature()).id
    async with house.parts.database.write() as tx:
        for lock in (False, True):
            row = await queue.by_id(tx, petition_id(house), known, Scope(frozenset({"independents"})), lock=lock)
            assert row is not None
            assert row.id == known
            for petition, signature_id, scope in (
                (petition_id(house, "second"), known, EVERYTHING),
                (b"", known, EVERYTHING),
                (petition_id(house), b"x" * 16, EVERYTHING),
                (petition_id(house), known, Scope(frozenset({"fsa"}))),
                (petition_id(house), known, Scope(frozenset())),
            ):
                assert await queue.by_id(tx, petition, signature_id, scope, lock=lock) is None


async def test_a_retired_category_is_none_to_sign_as(house: House) -> None:
    categories = [("independents", "open", "Independents", "مستقلّون"), ("fsa", "verified", "FSA", "الجيش الحر")]
    await house.apply(petition_text(categories=categories))
    async with house.parts.database.read() as connection:
        assert await queue.categories(connection, petition_id(house)) == {"independents", "fsa"}


ROW = Queued(
    *(b"i" * 16, b"p" * 16, 1, "en", "pending", None, "fsa", "verified", None, False, "mail", "name"),
    *(False, False, date(2017, 12, 27), None, 0, b"sealed", None, b"digest", None),
)


def test_what_was_seen_is_another_once_anything_that_matters_is() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"state": "confirmed"},
        {"reason": "other"},
        {"category": "coalition"},
        {"category": None},
        {"counted_as": "fsa"},
        {"verified": True},
        {"visibility": "initials"},
        {"hidden": True},
        {"pinned": True},
        {"acts": 1},
        {"reason": "fsa", "category": None},
    ]
    seen = [replace(ROW, **change).seen for change in changes]
    assert len({*seen}) == len(changes)
    assert {len(text) for text in seen} == {16}
    assert replace(ROW, sealed=None, version=2, identity=None, counted_on=date(2018, 1, 1)).seen == ROW.seen


def test_what_awaits_and_what_was_erased() -> None:
    assert not ROW.awaiting
    assert replace(ROW, state="confirmed").awaiting
    assert not replace(ROW, state="confirmed", counted_as="fsa").awaiting
    assert not ROW.erased
    assert replace(ROW, sealed=None).erased
    assert replace(ROW, reason="erased").erased
