"""The count: what was noted is folded once, in order, published when it may be, and comes out the same three ways."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from petition.actions import counting
from petition.actions.counting import Note
from petition.db import tables
from petition.domain import ledger, tokens
from tests.factories import CATEGORIES, SLUG, petition_text
from tests.house import House
from tests.people import KARIM, LAYLA, OMAR, SALMA, someone

TALLIES, ENTRIES, SIGNATURES = (tables.table(t) for t in (tables.Tally, tables.LedgerEntry, tables.Signature))


def petition_id(house: House, slug: str = SLUG) -> bytes:
    return house.parts.hub.any_petition(slug).id


async def recount(house: House) -> counting.Recount:
    async with house.parts.database.read() as connection:
        return await counting.recount(connection, petition_id(house))


async def entries(house: House, slug: str = SLUG) -> list[dict[str, Any]]:
    async with house.parts.database.read() as connection:
        return [json.loads(body) for body in await counting.entries(connection, petition_id(house, slug))]


async def confirm(house: House, *numbers: int) -> list[str]:
    """Confirmed, and waiting to be counted."""
    links = []
    for number in numbers:
        links.append(await house.signed(someone(number)))
        await house.post(links[-1], "confirm", agree="yes")
    return links


async def test_the_counts_object_is_what_the_contract_says(house: House) -> None:
    for person in (LAYLA, OMAR, SALMA):
        await house.confirmed(person)
    gone = await house.confirmed(KARIM)
    await house.post(gone, "withdraw")
    await house.fold()
    answer = await house.http.get(f"/api/v1/petitions/{SLUG}/counts")
    assert answer.headers["content-type"] == "application/json"
    by_category = {"independents": 1, "activists": 1}
    assert answer.json() == {
        "petition": SLUG,
        "goal": 3500,
        "total": 3,
        "verified": 0,
        "awaiting_verification": 1,
        "by_category": [
            {"category": slug, "total": by_category.get(slug, 0), "verified": 0} for slug, *_ in CATEGORIES
        ],
        "by_method": {"mail": 3, "invitation": 0, "import": 0, "paper": 0},
        "removed": {"withdrawn": 1, "merged": 0, "invalidated": 0},
        "ledger_size": 5,
        "as_of": "2017-12-27T10:00:00Z",
    }
    names = [name for name, _ in json.loads(answer.text, object_pairs_hook=list)]
    assert names == [
        *("petition", "goal", "total", "verified", "awaiting_verification", "by_category", "by_method", "removed"),
        *("ledger_size", "as_of"),
    ]


async def test_what_waits_is_in_no_count_until_it_is_folded(house: House) -> None:
    await confirm(house, 1, 2)
    assert (await house.counts())["total"] == 0
    assert (await recount(house)).waiting == 2
    assert await house.fold() == 2
    assert (await house.counts())["total"] == 2
    assert await house.fold() == 0
    assert (await house.counts())["ledger_size"] == 2


async def test_who_withdrew_before_being_counted_leaves_both_entries(house: House) -> None:
    (link, _) = await confirm(house, 1, 2)
    await house.post(link, "withdraw")
    assert (await recount(house)).waiting == 1
    assert await house.fold() == 3
    counts = await house.counts()
    assert (counts["total"], counts["removed"]["withdrawn"], counts["ledger_size"]) == (1, 1, 3)
    events = [entry["event"] for entry in await entries(house)]
    assert events == ["counted", "counted", "removed"]
    assert (await recount(house)).holds
    (day,) = (await house.http.get(f"/api/v1/petitions/{SLUG}/timeline")).json()["days"]
    assert day == {"day": "2017-12-27", "counted": 2, "removed": 1}


async def test_a_removal_is_about_its_own_line(house: House) -> None:
    links = await confirm(house, *range(6))
    await house.fold()
    await house.post(links[3], "erase")
    await house.post(links[0], "withdraw")
    await house.fold()
    told = await entries(house)
    receipts = [tokens.b64(tokens.receipt(tokens.read(link.rpartition("/")[2]) or b"")) for link in links]
    assert len(told) == 8
    for entry in told[6:]:
        of = told[entry["of"]]
        assert of["event"] == "counted"
        assert {"erased": receipts[3], "withdrawn": receipts[0]}[entry["reason"]] == of["receipt"]
    removed = (await house.counts())["removed"]
    assert (removed["withdrawn"], removed["erased"]) == (1, 1)


async def test_a_fold_that_takes_a_few_at_a_time_comes_to_the_same(house: House) -> None:
    links = await confirm(house, *range(7))
    for link in links[:3]:
        await house.post(link, "withdraw")
    sizes = []
    while True:
        async with house.parts.database.write() as tx:
            taken = await counting.fold(tx, petition_id(house), SLUG, today=house.clock.now.date(), limit=3)
        if not taken:
            break
        sizes.append(taken)
        assert (await recount(house)).holds
    assert sizes == [3, 3, 3, 1]
    # What is folded is shown once it is signed.
    assert (await house.counts())["total"] == 0
    assert await house.fold() == 0
    assert (await house.counts())["total"] == 4


async def test_changing_what_is_shown_moves_no_count(house: House) -> None:
    link = await house.confirmed(LAYLA)
    before = await house.counts()
    await house.post(link, "visibility", visibility="anonymous")
    await house.fold()
    assert await house.counts() == before


async def test_claims_are_verified_moved_removed_and_restored_in_the_tally(house: House) -> None:
    """The acts join with the console; what they note is folded today."""
    await house.confirmed(OMAR)
    link = house.parts.keys.link_of((await house.only_signature()).id)
    seen = []
    for number, (event, category, reason) in enumerate(
        (
            (ledger.VERIFIED, "journalists", None),
            (ledger.REMOVED, None, "invalidated"),
            (ledger.RESTORED, None, None),
            (ledger.MOVED, "activists", None),
            (ledger.MOVED, None, None),
        ),
        start=1,
    ):
        note = Note(petition_id(house), link, number, event, category=category, reason=reason)
        async with house.parts.database.write() as tx:
            await counting.note(tx, [note], today=house.clock.now.date())
        await house.fold()
        counts = await house.counts()
        in_categories = {c["category"]: (c["total"], c["verified"]) for c in counts["by_category"] if c["total"]}
        assert counts["awaiting_verification"] + sum(total for total, _ in in_categories.values()) == counts["total"]
        seen.append((counts["total"], counts["verified"], counts["removed"]["invalidated"], in_categories))
    assert seen == [
        (1, 1, 0, {"journalists": (1, 1)}),
        (0, 0, 1, {}),
        (1, 1, 0, {"journalists": (1, 1)}),
        (1, 1, 0, {"activists": (1, 1)}),
        (1, 0, 0, {}),
    ]


async def test_each_petition_has_a_count_and_a_ledger_of_its_own(house: House) -> None:
    await house.apply(petition_text(slug="second", goal=10))
    first = await house.confirmed(LAYLA)
    second = await house.confirmed(LAYLA, slug="second")
    await house.confirmed(OMAR, slug="second")
    assert [(await house.counts(slug))["total"] for slug in (SLUG, "second")] == [1, 2]
    assert {entry["petition"] for entry in await entries(house, "second")} == {"second"}
    await house.post(second, "withdraw")
    await house.fold()
    assert [(await house.counts(slug))["total"] for slug in (SLUG, "second")] == [1, 1]
    # One address is known to no petition from another.
    digests = {row.identity for row in await house.signatures() if row.identity}
    assert len(digests) == 3
    assert first


async def test_a_retired_category_is_listed_while_somebody_counts_in_it(house: House) -> None:
    link = await house.confirmed(SALMA)
    await house.apply(petition_text(categories=[c for c in CATEGORIES if c[0] != "activists"]))
    assert "activists" in [c["category"] for c in (await house.counts())["by_category"]]
    await house.post(link, "withdraw")
    await house.fold()
    assert "activists" not in [c["category"] for c in (await house.counts())["by_category"]]


# Publishing in batches


@pytest.fixture
async def batched(open_house: Callable[..., Any]) -> House:
    house: House = await open_house(petition=petition_text(publish="batched"))
    house.clock.now = datetime(2017, 12, 27, 10, 3, tzinfo=UTC)
    return house


async def test_fewer_than_five_wait(batched: House) -> None:
    await confirm(batched, 1, 2, 3, 4)
    for _ in range(23 * 6):
        assert await batched.fold() == 0
        batched.clock.pass_(minutes=10)
    assert (await batched.counts())["total"] == 0


async def test_five_are_published_at_the_next_tenth_minute(batched: House) -> None:
    await confirm(batched, 1, 2, 3, 4, 5, 6)
    assert await batched.fold() == 0
    batched.clock.pass_(minutes=6, seconds=59)
    assert await batched.fold() == 0
    batched.clock.pass_(seconds=1)
    assert await batched.fold() == 6
    assert (await batched.counts())["total"] == 6
    # The next batch gathers anew.
    await confirm(batched, *range(10, 15))
    assert await batched.fold() == 0
    batched.clock.pass_(minutes=9)
    assert await batched.fold() == 0
    batched.clock.pass_(minutes=1)
    assert await batched.fold() == 5


async def test_whoever_joins_waits_for_the_tenth_minute_too(batched: House) -> None:
    await confirm(batched, 1, 2, 3, 4)
    assert await batched.fold() == 0
    batched.clock.pass_(minutes=8)
    assert await batched.fold() == 0
    await confirm(batched, 5)
    batched.clock.pass_(minutes=8, seconds=58)
    assert await batched.fold() == 0
    batched.clock.pass_(seconds=2)
    assert await batched.fold() == 5


async def test_after_a_day_fewer_are_published(batched: House) -> None:
    await confirm(batched, 1, 2)
    assert await batched.fold() == 0
    batched.clock.pass_(hours=23, minutes=59)
    assert await batched.fold() == 0
    batched.clock.pass_(minutes=10)
    assert await batched.fold() == 2
    await confirm(batched, 3)
    batched.clock.pass_(minutes=10)
    assert await batched.fold() == 0


async def test_a_worker_that_starts_anew_does_not_publish_few_at_once_nor_forget_them(batched: House) -> None:
    await confirm(batched, 1)
    assert await batched.fold() == 0
    again = await batched.restarted()
    try:
        assert await again.fold() == 0
        again.clock.pass_(minutes=10)
        assert await again.fold() == 0
        again.clock.pass_(days=2)
        assert await again.fold() == 1
    finally:
        await again.stop()


async def test_withdrawals_wait_with_their_batch(batched: House) -> None:
    """Alone, one that moves the count by one would say when somebody left."""
    links = await confirm(batched, *range(5))
    await batched.fold()
    batched.clock.pass_(minutes=10)
    assert await batched.fold() == 5
    await batched.post(links[0], "withdraw")
    for _ in range(3):
        batched.clock.pass_(minutes=10)
        assert await batched.fold() == 0
    assert (await batched.counts())["total"] == 5
    assert (await recount(batched)).holds
    await confirm(batched, *range(10, 15))
    batched.clock.pass_(minutes=10)
    assert await batched.fold() == 6
    assert (await batched.counts())["total"] == 9


# Recount


async def test_three_ways_come_to_the_same_number(house: House) -> None:
    for number in range(5):
        await house.confirmed(someone(number))
    await confirm(house, 10, 11)
    found = await recount(house)
    assert found.holds
    assert (found.signatures, found.ledger.total, found.tally.total, found.waiting) == (7, 5, 5, 2)


class _Undo(Exception):
    """Takes a tampering back."""


@contextmanager
def broken_or_not_holding() -> Iterator[list[counting.Recount]]:
    """Either the recount says no, or the ledger contradicts itself."""
    found: list[counting.Recount] = []
    try:
        yield found
    except ledger.Broken:
        return
    assert found
    assert not found[0].holds


def tamperings(house: House, entry: bytes) -> dict[str, Any]:
    first = ENTRIES.c.index == 0
    other = entry.replace(b'"independents"', b'"activists"')
    return {
        "a row confirmed by hand": update(SIGNATURES).where(SIGNATURES.c.state == "pending").values(state="confirmed"),
        "a row taken away": delete(SIGNATURES).where(SIGNATURES.c.state == "confirmed"),
        "a row no longer confirmed": update(SIGNATURES)
        .where(SIGNATURES.c.state == "confirmed")
        .values(state="withdrawn", shown_name=None),
        "an entry changed": update(ENTRIES).where(first).values(body=other),
        "an entry not canonical": update(ENTRIES).where(first).values(body=entry.replace(b":", b": ", 1)),
        "an entry taken away": delete(ENTRIES).where(first),
        "an entry added": insert(ENTRIES).values(petition_id=petition_id(house), index=3, link=b"x" * 32, body=entry),
        "an entry with a gap": insert(ENTRIES).values(
            petition_id=petition_id(house), index=9, link=b"x" * 32, body=entry
        ),
        "the tally's total": update(TALLIES).values(total=TALLIES.c.total + 1),
        "the tally's size": update(TALLIES).values(size=TALLIES.c.size + 1),
        "the tally's awaiting": update(TALLIES).values(awaiting=5),
        "the tally's categories": update(TALLIES).values(by_category={"activists": [3, 0]}),
        "the tally's methods": update(TALLIES).values(by_method={"paper": 3}),
        "the tally's removed": update(TALLIES).values(removed={"withdrawn": 0, "merged": 0, "invalidated": 1}),
        "a waiting entry taken away": delete(tables.table(tables.LedgerWaiting)),
    }


async def test_a_recount_finds_whatever_was_tampered_with(house: House) -> None:
    for number in range(3):
        await house.confirmed(someone(number, visibility="anonymous"))
    await confirm(house, 5)
    await house.signed(someone(6))
    async with house.parts.database.read() as connection:
        entry = (await connection.execute(select(ENTRIES.c.body).where(ENTRIES.c.index == 0))).scalar_one()
    assert (await recount(house)).holds

    for tampering in tamperings(house, entry).values():
        with suppress(_Undo):
            async with house.parts.database.write() as tx:
                await tx.execute(tampering)
                with broken_or_not_holding() as found:
                    found.append(await counting.recount(tx, petition_id(house)))
                raise _Undo()
    assert (await recount(house)).holds
