"""Organizers who act at once, what the audit keeps of them, and a walk by chance beside a model: the count is right."""

import asyncio
import json
import random
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import delete, update

from petition.actions import audit, signing
from petition.db import tables
from petition.domain import identity, tokens
from petition.errors import Conflict
from petition.queries.queue import Queued
from tests.actions.desk import ACTS, OWNER, Desk
from tests.house import House
from tests.people import KARIM, LAYLA, OMAR, Person, someone

AUDIT = tables.table(tables.AuditEntry)


@pytest.fixture
async def desk(house: House) -> Desk:
    return Desk(house)


@pytest.mark.parametrize("name", ["verify", "move", "invalidate"])
async def test_of_two_who_do_the_same_at_once_one_is_told_so_and_it_counts_once(
    desk: Desk, neighbour: House, name: str
) -> None:
    links = [await desk.house.signed(someone(number)) for number in range(6)]
    for link in links:
        await desk.house.post(link, "confirm", agree="yes")
        seen = (await desk.row(link)).seen
        outcomes = await asyncio.gather(
            *(desk.do(name, link, seen=seen, at=at) for at in (desk.house, neighbour)), return_exceptions=True
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == [Conflict.__name__, Queued.__name__]
        assert {str(outcome) for outcome in outcomes if isinstance(outcome, Conflict)} == {"changed-meanwhile"}
    assert len(await desk.audited()) == len(links)
    await desk.holds()
    assert (await desk.house.counts())["ledger_size"] == 2 * len(links)


async def test_whoever_is_restored_while_their_address_is_confirmed_anew_counts_once(
    desk: Desk, neighbour: House
) -> None:
    first = await desk.house.confirmed(LAYLA)
    await desk.do("invalidate", first)
    token = tokens.read((await desk.house.signed(LAYLA)).rpartition("/")[2])
    assert token is not None
    async with desk.house.parts.database.write() as tx:
        today = desk.house.clock.now.date()
        await signing.confirm(tx, [signing.Confirmation(token, today)], keys=desk.house.parts.keys)
        restoring = asyncio.create_task(desk.do("restore", first, at=neighbour))
        # It waits: for the lock on SQLite, for the unique index on PostgreSQL.
        await asyncio.wait([restoring], timeout=0.5)
        assert not restoring.done()
    with pytest.raises(Conflict, match="already-counts"):
        await restoring
    assert (await desk.row(first)).state == "invalidated"
    assert await desk.categories() == {"independents": (1, 0)}
    await desk.holds()


async def test_a_withdrawal_and_an_act_at_once_leave_one_outcome(desk: Desk, neighbour: House) -> None:
    for number in range(6):
        link = await desk.house.confirmed(someone(number))
        outcomes = await asyncio.gather(
            desk.house.post(link, "withdraw"), desk.do("invalidate", link, at=neighbour), return_exceptions=True
        )
        state = (await desk.row(link)).state
        assert state == ("withdrawn" if isinstance(outcomes[1], Conflict) else "invalidated")
    await desk.holds()


# The audit


async def test_each_act_leaves_one_line_that_names_nobody_who_signed(desk: Desk) -> None:
    link = await desk.house.confirmed(LAYLA)
    record = await desk.record(link)
    for name in ("verify", "move", "unverify", "hide", "show", "pin", "unpin", "invalidate", "restore"):
        await desk.do(name, link, **({"record": record} if name in ("show", "restore") else {}))
    waiting = await desk.house.signed(KARIM)
    await desk.do("reject", waiting)
    lines = await desk.audited()
    assert [(line.verb, line.facts) for line in lines] == [
        ("signature:verify", {"from": "independents", "to": "independents"}),
        ("signature:move", {"from": "independents", "to": "coalition"}),
        ("signature:unverify", {"from": "coalition", "to": "independents"}),
        ("signature:hide", {"from": "listed", "to": "hidden"}),
        ("signature:show", {"from": "hidden", "to": "listed"}),
        ("signature:pin", {"from": "unpinned", "to": "pinned"}),
        ("signature:unpin", {"from": "pinned", "to": "unpinned"}),
        ("signature:invalidate", {"from": "confirmed", "to": "invalidated", "reason": "duplicate"}),
        ("signature:restore", {"from": "invalidated", "to": "confirmed"}),
        ("signature:reject", {"from": "pending", "to": "rejected", "reason": "other"}),
    ]
    assert {line.organizer_id for line in lines} == {OWNER.id}
    assert {line.petition_id for line in lines} == {desk.petition_id}
    assert [line.subject for line in lines] == [(await desk.row(link)).id] * 9 + [(await desk.row(waiting)).id]
    told = json.dumps([str(line) for line in lines], ensure_ascii=False)
    for person in (LAYLA, KARIM):
        for word in (*person.full_name.split(), identity.initials(person.full_name), person.email.partition("@")[0]):
            assert word not in told


class _Undo(Exception):
    """Takes a tampering back."""


async def test_a_line_of_the_audit_that_was_changed_is_found(desk: Desk) -> None:
    link = await desk.house.confirmed(OMAR)
    for name in ("verify", "pin", "unpin", "hide", "invalidate"):
        await desk.do(name, link)
    third = AUDIT.c.number == 3
    day = desk.house.clock.now.date()
    tamperings: dict[str, tuple[Any, int]] = {
        "verb": (update(AUDIT).where(third).values(verb="signature:pin"), 3),
        "who": (update(AUDIT).where(third).values(organizer_id=b"x" * 16), 3),
        "nobody": (update(AUDIT).where(third).values(organizer_id=None), 3),
        "whose": (update(AUDIT).where(third).values(subject=b"x" * 16), 3),
        "facts": (update(AUDIT).where(third).values(facts={"from": "pinned", "to": "pinned"}), 3),
        "day": (update(AUDIT).where(third).values(day=day.replace(day=1)), 3),
        "head": (update(AUDIT).where(third).values(head=b"x" * 32), 3),
        "gone": (delete(AUDIT).where(third), 3),
        "the first gone": (delete(AUDIT).where(AUDIT.c.number == 1), 1),
        "another number": (update(AUDIT).where(AUDIT.c.number == 5).values(number=6), 5),
    }
    for what, (tampering, number) in tamperings.items():
        with suppress(_Undo):
            async with desk.house.parts.database.write() as tx:
                await tx.execute(tampering)
                assert await audit.broken(tx) == number, what
                raise _Undo()
    assert len(await desk.audited()) == 5


# By chance

PLACES = ("independents", "journalists", "fsa", "activists")
OPEN = ("independents", "activists")


@dataclass
class Stand:
    """What the model knows of one signature."""

    link: str
    person: Person
    visibility: str
    state: str = "pending"
    counted_as: str | None = None
    verified: bool = False
    hidden: bool = False
    pinned: bool = False

    @property
    def by_itself(self) -> str | None:
        return self.person.category if self.person.category in OPEN else None

    def confirm(self) -> None:
        self.state, self.counted_as = "confirmed", self.by_itself

    def act(self, name: str, category: str | None) -> bool:
        """Whether it fits; then it is done."""
        standing = self.state in ("pending", "confirmed")
        match name, self.state:
            case "verify", "confirmed" if not self.verified:
                self.verified, self.counted_as = True, category or self.person.category
            case "unverify", "confirmed" if self.verified:
                self.verified, self.counted_as = False, self.by_itself
            case "move", "confirmed" if self.counted_as != category:
                self.verified, self.counted_as = self.verified and category is not None, category
            case "reject", "pending":
                self.state = "rejected"
            case "invalidate", "confirmed":
                self.state = "invalidated"
            case "restore", "rejected":
                self.state = "pending"
            case "restore", "invalidated":
                self.state = "confirmed"
            case (("hide" | "show"), _) if standing and self.hidden == (name == "show"):
                self.hidden = not self.hidden
            case (("pin" | "unpin"), _) if standing and self.pinned == (name == "unpin"):
                self.pinned = not self.pinned
            case _:
                return False
        return True

    @property
    def shown(self) -> str | None:
        if self.state != "confirmed" or self.hidden or self.visibility == "anonymous":
            return None
        return self.person.full_name if self.visibility == "name" else identity.initials(self.person.full_name)


async def by_signatory(desk: Desk, stand: Stand, chance: random.Random) -> str:
    act, choice = chance.choice(("confirm", "confirm", "visibility", "withdraw")), ""
    if act == "confirm" and stand.state == "pending":
        stand.confirm()
    elif act == "visibility" and stand.state == "confirmed":
        stand.visibility = choice = chance.choice(("name", "initials", "anonymous"))
    elif act == "withdraw" and stand.state in ("pending", "confirmed") and chance.random() < 0.2:
        stand.state = "withdrawn"
    else:
        return ""
    answer = await desk.house.post(stand.link, act, agree="yes", visibility=choice)
    assert answer.status_code == 303
    return act


async def by_organizer(desk: Desk, stand: Stand, chance: random.Random) -> str:
    # Half of them are chosen from what fits, so that the walk gets on.
    fitting = [name for name in ACTS if replace(stand).act(name, "fsa")]
    name = chance.choice(fitting if fitting and chance.random() < 0.5 else list(ACTS))
    needs: dict[str, Any] = {}
    if name in ("verify", "move"):
        needs["category"] = chance.choice((None, *PLACES))
    elif name in ("show", "restore") and stand.state != "withdrawn":
        needs["record"] = await desk.record(stand.link)
    if stand.act(name, needs.get("category")):
        await desk.do(name, stand.link, **needs)
        return name
    with pytest.raises(Conflict, match="not-in-this-state"):
        await desk.do(name, stand.link, **needs)
    return ""


@pytest.mark.parametrize("seed", [25, 2018, 4711])
async def test_after_any_acts_of_anybody_signatures_ledger_and_tally_agree(desk: Desk, seed: int) -> None:
    chance, stands, done = random.Random(seed), list[Stand](), list[str]()
    for number in range(8):
        person = someone(number, category=PLACES[number % 4], visibility=("name", "initials", "anonymous")[number % 3])
        stands.append(Stand(await desk.house.signed(person), person, person.visibility))
    for stand in stands[:6]:
        await desk.house.post(stand.link, "confirm", agree="yes")
        stand.confirm()
    for _ in range(90):
        stand = chance.choice(stands)
        done.append(await (by_organizer if chance.random() < 0.8 else by_signatory)(desk, stand, chance))
        row = await desk.row(stand.link)
        assert (row.state, row.counted_as) == (stand.state, stand.counted_as)
        assert (row.verified, row.hidden, row.pinned) == (stand.verified, stand.hidden, stand.pinned)
        assert await desk.shown(stand.link) == stand.shown
        if chance.random() < 0.15:
            await desk.holds()
    await desk.holds()
    counts = await desk.house.counts()
    standing = [stand for stand in stands if stand.state == "confirmed"]
    assert (counts["total"], counts["verified"]) == (len(standing), sum(stand.verified for stand in standing))
    told = {c["category"]: c["total"] for c in counts["by_category"] if c["total"]}
    assert told == {p: n for p in PLACES if (n := sum(stand.counted_as == p for stand in standing))}
    assert counts["removed"]["invalidated"] == sum(stand.state == "invalidated" for stand in stands)
    assert len(await desk.audited()) == sum(name in ACTS for name in done)
    # The walk must have been somewhere.
    assert len(ACTS.keys() - set(done)) <= 2
