"""Whoever signs at the very moment a key is changed: sealed to the earlier key and found, or not stored at all."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

import petition
from petition.actions import batches, importing, intake, notes, paper, rekeying
from petition.db import dialect, tables
from petition.domain import actors, sealing, submission
from petition.domain.actors import Actor, Grant, Scope
from petition.domain.batching import Row
from petition.domain.importing import Evidence
from petition.domain.paper import Source
from petition.domain.rules import Rule
from petition.errors import Conflict, Forbidden
from petition.queries import paper as papers
from petition.queries import queue, rekeyings
from petition.queries.petitions import Petition
from petition.queries.queue import Filter, Queued
from tests.factories import SLUG
from tests.house import House
from tests.people import LAYLA, OMAR, Person, someone

OWNER = Actor(b"o" * 16, (Grant(None, actors.OWNER),))


class Ground:
    """A petition with some signatures, its present key, and the change of it by hand."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.petition: Petition = house.parts.hub.any_petition(SLUG)
        self.old = house.recovery_key(SLUG)
        self.new = b""

    def attempt(self, who: Person) -> intake.Attempt:
        checked = submission.check(intake.rules(self.petition), who.fields())
        return intake.prepare(self.petition, checked, "ar", self.house.parts.keys, today=self.house.clock.now.date())

    async def begin(self, *, by: Actor = OWNER, wait: asyncio.Event | None = None) -> None:
        async with self.house.parts.database.write() as tx:
            made = await rekeying.begin(
                tx, self.petition.id, self.new or self.old, total=3, by=by, today=self.house.clock.now.date()
            )
            if wait is not None:
                await wait.wait()
        self.new = made[0]

    async def walk(self, parts: int = 1_000) -> bool:
        """Up to so many parts; whether there is more."""
        database, more = self.house.parts.database, True
        while more and parts:
            async with database.read() as connection:
                was = await rekeyings.of(connection, self.petition.id)
                assert was is not None
                rows = await rekeyings.following(connection, was, limit=rekeying.CHUNK)
            part = rekeying.part_of(was, rows, self.new)
            async with database.write() as tx:
                more = await rekeying.advance(tx, was, part, by=OWNER.id, today=self.house.clock.now.date())
            parts -= 1
        return more

    async def opened(self, key: bytes) -> int:
        opener = sealing.Opener((key,), self.petition.id)
        return sum(opener.opens(row.sealed) for row in await self.house.signatures() if row.sealed)


@pytest.fixture
def ground(house: House, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setattr(rekeying, "CHUNK", 2)
    return Ground(house)


async def record(house: House, *attempts: intake.Attempt) -> None:
    async with house.parts.database.write() as tx:
        await intake.record(tx, attempts)


async def test_what_is_being_stored_at_that_moment_is_waited_for_and_sealed_anew(ground: Ground) -> None:
    async with ground.house.parts.database.write() as tx:
        await intake.record(tx, [ground.attempt(LAYLA)])
        change = asyncio.create_task(ground.begin())
        await asyncio.sleep(0.2)
        assert not change.done(), "the key must not change under a signature that is not yet there"
    await change
    await ground.walk()
    assert (await ground.opened(ground.old), await ground.opened(ground.new)) == (0, 1)


async def test_what_comes_while_the_key_is_being_changed_waits_and_is_not_stored(ground: Ground) -> None:
    attempt, go = ground.attempt(LAYLA), asyncio.Event()
    change = asyncio.create_task(ground.begin(wait=go))
    await asyncio.sleep(0.1)
    late = asyncio.create_task(record(ground.house, attempt))
    await asyncio.sleep(0.2)
    assert not late.done()
    go.set()
    await change
    with pytest.raises(Conflict, match="key-changed"):
        await late
    assert await ground.house.signatures() == []
    async with ground.house.parts.database.read() as connection:
        assert (await connection.execute(tables.table(tables.Outbox).select())).all() == []


async def test_in_a_group_only_those_with_an_earlier_key_are_turned_back(ground: Ground) -> None:
    early = ground.attempt(LAYLA)
    await ground.begin()
    await ground.house.parts.hub.poll()
    ground.petition = ground.house.parts.hub.any_petition(SLUG)
    submit = ground.house.parts.intake.submit
    ended = await asyncio.gather(*map(submit, (early, ground.attempt(OMAR), early)), return_exceptions=True)
    assert [type(each) for each in ended] == [Conflict, type(None), Conflict]
    assert await ground.opened(ground.new) == 1


@pytest.mark.parametrize("place", [b"\0" * 16, b"\xff" * 16], ids=["behind", "ahead"])
async def test_a_straggler_is_found_wherever_it_lies(ground: Ground, place: bytes) -> None:
    """None can be stored (above); if one were, as by a copy put back in part, the earlier key would stay for it."""
    await record(ground.house, *(ground.attempt(someone(n)) for n in range(5)))
    await ground.begin()
    assert await ground.walk(2)
    straggler: dict[str, Any] = {**ground.attempt(LAYLA).signature, "id": place}
    async with ground.house.parts.database.write() as tx:
        await dialect.append(tx, tables.table(tables.Signature), [straggler])
    assert await ground.opened(ground.old) == 2
    assert not await ground.walk()
    assert (await ground.opened(ground.old), await ground.opened(ground.new)) == (0, 6)
    async with ground.house.parts.database.read() as connection:
        assert await rekeyings.of(connection, ground.petition.id) is None


@pytest.mark.parametrize("kind", range(len(rekeyings.SEALED)))
async def test_what_is_erased_between_reading_and_writing_does_not_come_back(ground: Ground, kind: int) -> None:
    """Of every kind: a note or a rule as well as a record."""
    house, today, column = ground.house, ground.house.clock.now.date(), rekeyings.SEALED[kind]
    await record(house, *(ground.attempt(someone(n)) for n in range(2)))
    (row, _) = await house.signatures()
    async with house.parts.database.write() as tx:
        await notes.write(tx, ground.petition.id, row.id, "Known to me", by=OWNER.id, today=today)
        (queued,) = (await queue.page(tx, ground.petition.id, Filter(), Scope(None), among=[row.id])).rows
        rule, given = Rule(name="person"), {"act": "reject", "category": None, "reason": "duplicate"}
        await batches.draft(tx, ground.petition.id, rule, [_row(queued)], **given, by=OWNER, today=today)
        evidence = Evidence(source="An office")
        await importing.begin(tx, ground.petition, bytes(32), "import", evidence, by=OWNER, today=today)
        await _typed(tx, ground.petition, today)
    await ground.begin()
    async with house.parts.database.read() as connection:
        state = await rekeyings.of(connection, ground.petition.id)
        assert state is not None
        assert await rekeyings.sealed_number(connection, ground.petition.id) == 9
    while state.kind != kind:
        assert await ground.walk(1)
        async with house.parts.database.read() as connection:
            state = await rekeyings.of(connection, ground.petition.id)
            assert state is not None
    async with house.parts.database.read() as connection:
        rows = await rekeyings.following(connection, state, limit=rekeying.CHUNK)
    assert rows
    part = rekeying.part_of(state, rows, ground.new)
    erased = rows[0][0]
    async with house.parts.database.write() as tx:
        at = column.table.c.id == erased
        gone = (
            delete(column.table).where(at)
            if not column.nullable
            else update(column.table).where(at).values({column: None})
        )
        await tx.execute(gone)
    async with house.parts.database.write() as tx:
        assert await rekeying.advance(tx, state, part, by=OWNER.id, today=today)
    assert not await ground.walk()
    opener = sealing.Opener(ground.new, ground.petition.id)
    left = 0
    async with house.parts.database.read() as connection:
        for each in rekeyings.SEALED:
            for found in await connection.execute(select(each.table.c.id, each)):
                assert each is not column or found[0] != erased or found[1] is None
                left += found[1] is not None and opener.opens(found[1])
    assert left == 8


async def _typed(tx: AsyncConnection, petition: Petition, today: date) -> None:
    """A line from paper in which two entries differ, and somebody has said what holds."""
    source, other = Source("An office", "", today, "originals", "", "ar"), replace(OWNER, id=b"x" * 16)
    twice = replace(petition, second_entry=True)
    batch = await paper.begin(tx, twice, source, by=OWNER, today=today)
    await paper.enter(tx, petition.id, batch, 1, {"full_name": "One"}, "", by=OWNER)
    await paper.hand_over(tx, petition.id, batch, by=OWNER, today=today)
    await paper.enter_again(tx, petition.id, batch, 1, {"full_name": "Other"}, by=other)
    (line,) = await papers.lines(tx, batch)
    await paper.settle(tx, petition.id, batch, 1, {"full_name": "One"}, line.seen, by=OWNER, today=today)


def _row(queued: Queued) -> Row:
    return Row(*(getattr(queued, name) for name in Row.__slots__))


def test_everything_that_is_sealed_to_a_petitions_key_is_sealed_anew() -> None:
    """Whoever seals something new to it adds its column to `SEALED` and takes the key by `public_keys`."""
    package = Path(petition.__file__).parent
    sealing_it = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "seal_record(" in path.read_text("utf-8") and path.name != "sealing.py"
    }
    assert sealing_it == {f"actions/{name}.py" for name in ("batches", "importing", "intake", "notes", "paper")}
    for name in sealing_it:
        assert "petitions.public_keys(" in (package / name).read_text("utf-8"), name
    assert {column.table.name for column in rekeyings.SEALED} == {
        *("signatures", "notes", "batches", "imports", "paper_batches", "paper_lines")
    }


async def test_a_damaged_record_stops_nothing_and_stays_as_it_is(ground: Ground) -> None:
    await record(ground.house, *(ground.attempt(someone(n)) for n in range(3)))
    broken: dict[str, Any] = {**ground.attempt(LAYLA).signature, "sealed": b"x" * 300}
    async with ground.house.parts.database.write() as tx:
        await dialect.append(tx, tables.table(tables.Signature), [broken])
    await ground.begin()
    assert not await ground.walk()
    assert await ground.opened(ground.new) == 3
    assert [row.sealed for row in await ground.house.signatures() if row.id == broken["id"]] == [b"x" * 300]


async def test_only_an_owner_with_the_present_key_changes_it(ground: Ground) -> None:
    for role in (actors.VERIFIER, actors.AUDITOR):
        with pytest.raises(Forbidden):
            await ground.begin(by=Actor(b"v" * 16, (Grant(None, role),)))
    with pytest.raises(Forbidden):
        await ground.begin(by=Actor(b"v" * 16, (Grant(b"another petition", actors.OWNER),)))
    await ground.begin()
    present, ground.new = ground.new, ground.old
    with pytest.raises(Conflict, match="key-changed"):
        await ground.begin()
    ground.new = present
    assert await ground.walk() is False


async def test_of_two_owners_who_change_it_at_once_one_is_told(ground: Ground) -> None:
    other = Ground(ground.house)
    ended = await asyncio.gather(ground.begin(), other.begin(), return_exceptions=True)
    assert [type(each) for each in ended if each is not None] == [Conflict]
