"""What organizers do to signatures: each act and its undoing, who may, and that the count is right after any of them."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from petition.actions import audit, counting, moderation, signing
from petition.db import tables
from petition.domain import actors, identity, ledger, sealing, states, tokens
from petition.domain.actors import Actor, Grant, Scope
from petition.errors import Conflict, Forbidden, Invalid, NotFound, PetitionError
from petition.queries import queue
from petition.queries.queue import Queued
from tests.factories import CATEGORIES, SLUG, petition_text
from tests.house import House
from tests.people import KARIM, LAYLA, OMAR, SALMA, Person, someone

SIGNATURES, AUDIT, OUTBOX = (tables.table(t) for t in (tables.Signature, tables.AuditEntry, tables.Outbox))
EVERYTHING = Scope(None)
OWNER = Actor(b"o" * 16, (Grant(None, actors.OWNER),))
NOBODY = Actor(b"n" * 16, ())
Acting = Callable[..., Awaitable[Queued]]
# Every act, with what it needs besides the signature.
ACTS: dict[str, tuple[Acting, dict[str, Any]]] = {
    "verify": (moderation.verify, {}),
    "unverify": (moderation.unverify, {}),
    "move": (moderation.move, {"category": "coalition"}),
    "reject": (moderation.reject, {"reason": "other"}),
    "invalidate": (moderation.invalidate, {"reason": "duplicate"}),
    "restore": (moderation.restore, {}),
    "hide": (moderation.hide, {}),
    "show": (moderation.show, {"record": {"full_name": "Layla"}}),
    "pin": (moderation.pin, {}),
    "unpin": (moderation.unpin, {}),
}


class Desk:
    """An organizer's, in the test's hands: an act on a signature as it stands, unless told what was seen."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.petition_id = house.parts.hub.any_petition(SLUG).id

    async def row(self, link: str) -> Queued:
        token = tokens.read(link.rpartition("/")[2])
        assert token is not None
        (found,) = [row for row in await self.house.signatures() if row.token_hash == tokens.stored(token)]
        async with self.house.parts.database.read() as connection:
            row = await queue.by_id(connection, found.petition_id, found.id, EVERYTHING)
        assert row is not None
        return row

    async def shown(self, link: str) -> str | None:
        row_id = (await self.row(link)).id
        (found,) = [row for row in await self.house.signatures() if row.id == row_id]
        assert (found.shown_name is None) == (found.shown_key is None)
        name: str | None = found.shown_name
        return name

    async def record(self, link: str) -> dict[str, Any]:
        row = await self.row(link)
        assert row.sealed is not None
        return sealing.open_record(row.sealed, self.house.recovery_key(SLUG), row.petition_id)[0]

    async def do(
        self, name: str, link: str, *, by: Actor = OWNER, seen: str = "", at: House | None = None, **more: Any
    ) -> Queued:
        row, (act, needs) = await self.row(link), ACTS[name]
        house = at or self.house
        async with house.parts.database.write() as tx:
            after = await act(
                tx,
                self.petition_id,
                row.id,
                by=by,
                seen=seen or row.seen,
                keys=house.parts.keys,
                today=house.clock.now.date(),
                **needs | more,
            )
        return after

    async def all_there_is(self) -> tuple[Any, ...]:
        """What an act could change."""
        async with self.house.parts.database.read() as connection:
            waiting = (await connection.execute(select(func.count()).select_from(tables.LedgerWaiting))).scalar_one()
            mails = (await connection.execute(select(OUTBOX).order_by(OUTBOX.c.id))).all()
            audited = (await connection.execute(select(AUDIT).order_by(AUDIT.c.number))).all()
        return sorted(await self.house.signatures()), waiting, mails, audited

    async def audited(self) -> list[Any]:
        async with self.house.parts.database.read() as connection:
            assert await audit.broken(connection) is None
            return list(await connection.execute(select(AUDIT).order_by(AUDIT.c.number)))

    async def categories(self) -> dict[str, tuple[int, int]]:
        """Folded: where signatures count, as (total, verified)."""
        await self.house.fold()
        counts = await self.house.counts()
        told = {c["category"]: (c["total"], c["verified"]) for c in counts["by_category"] if c["total"]}
        return told | ({"awaiting": (n, 0)} if (n := counts["awaiting_verification"]) else {})

    async def holds(self) -> None:
        """Signatures = ledger = tally, and each signature's own line stands as its row says."""
        async with self.house.parts.database.read() as connection:
            assert (await counting.recount(connection, self.petition_id)).holds
        await self.house.fold()
        async with self.house.parts.database.read() as connection:
            found = await counting.recount(connection, self.petition_id)
            entries = (await connection.execute(select(tables.table(tables.LedgerEntry)).order_by("index"))).all()
        assert found.holds
        assert found.waiting == 0
        for row in await self.house.signatures():
            own = [(e.index, e.body) for e in entries if e.link == self.house.parts.keys.link_of(row.id)]
            line = ledger.line_of(own)
            assert len(own) == row.acts
            assert (row.state == states.CONFIRMED) == (line is not None and line.removed is None)
            if line is not None:
                assert (line.category, line.verified) == (row.counted_as, row.verified)


@pytest.fixture
async def desk(house: House) -> Desk:
    return Desk(house)


@pytest.fixture
async def neighbour(house: House) -> AsyncIterator[House]:
    """Another server on the same database."""
    other = House(house.settings)
    await other.start()
    yield other
    await other.stop()


# Vouching and moving


async def test_a_claim_that_is_vouched_for_counts_where_it_claims(desk: Desk) -> None:
    link = await desk.house.confirmed(OMAR)
    assert (await desk.row(link)).awaiting
    after = await desk.do("verify", link)
    assert after == await desk.row(link)
    assert (after.counted_as, after.verified, after.awaiting) == ("journalists", True, False)
    assert await desk.categories() == {"journalists": (1, 1)}
    await desk.do("unverify", link)
    assert await desk.categories() == {"awaiting": (1, 0)}
    await desk.holds()


async def test_one_may_be_vouched_for_as_something_else_than_they_claimed(desk: Desk) -> None:
    link = await desk.house.confirmed(OMAR)
    assert (await desk.do("verify", link, category="fsa")).category == "journalists"
    assert await desk.categories() == {"fsa": (1, 1)}
    await desk.do("unverify", link)
    assert await desk.categories() == {"awaiting": (1, 0)}
    await desk.holds()


async def test_an_open_claim_counts_unvouched_as_before_once_that_is_undone(desk: Desk) -> None:
    link = await desk.house.confirmed(LAYLA)
    await desk.do("verify", link, category="coalition")
    assert await desk.categories() == {"coalition": (1, 1)}
    await desk.do("unverify", link)
    assert await desk.categories() == {"independents": (1, 0)}
    await desk.holds()


async def test_a_moved_line_stays_verified_until_it_is_moved_to_nowhere(desk: Desk) -> None:
    link = await desk.house.confirmed(OMAR)
    await desk.do("verify", link)
    await desk.do("move", link, category="activists")
    assert await desk.categories() == {"activists": (1, 1)}
    after = await desk.do("move", link, category=None)
    assert after.awaiting
    assert await desk.categories() == {"awaiting": (1, 0)}
    await desk.do("move", link, category="activists")
    assert await desk.categories() == {"activists": (1, 0)}
    with pytest.raises(Conflict, match="not-in-this-state"):
        await desk.do("move", link, category="activists")
    await desk.holds()


async def test_all_of_it_between_two_folds_comes_to_the_same(desk: Desk) -> None:
    link = await desk.house.signed(LAYLA)
    await desk.house.post(link, "confirm", agree="yes")
    for name in ("verify", "unverify", "verify", "move", "invalidate", "restore", "unverify"):
        await desk.do(name, link)
    assert await desk.categories() == {"independents": (1, 0)}
    assert (await desk.house.counts())["ledger_size"] == 10
    await desk.holds()


@pytest.mark.parametrize("category", ["nowhere", "journalists", "", "fsa\0"])
@pytest.mark.parametrize("name", ["verify", "move"])
async def test_nobody_is_put_where_there_is_no_category(desk: Desk, name: str, category: str) -> None:
    link = await desk.house.confirmed(OMAR)
    await desk.house.apply(petition_text(categories=[c for c in CATEGORIES if c[0] != "journalists"]))
    before = await desk.all_there_is()
    with pytest.raises(Invalid) as refused:
        await desk.do(name, link, category=category)
    assert refused.value.fields["category"].code == "category-unknown"
    assert await desk.all_there_is() == before


# Taking out and bringing back


async def test_a_rejected_signature_gets_no_mail_and_is_not_confirmed(desk: Desk) -> None:
    link = await desk.house.signed(LAYLA)
    # Signed again: this second mail waits.
    await desk.house.sign(LAYLA)
    waiting = next(row for row in await desk.house.signatures() if row.id != (await desk.row(link)).id)
    seen = Queued.seen.fget  # type: ignore[attr-defined]
    async with desk.house.parts.database.write() as tx:
        row = await queue.by_id(tx, desk.petition_id, waiting.id, EVERYTHING)
        assert row is not None
        today = desk.house.clock.now.date()
        hand = {"by": OWNER, "seen": seen(row), "keys": desk.house.parts.keys, "today": today}
        after = await moderation.reject(tx, desk.petition_id, row.id, reason="not-a-person", **hand)
    assert (after.state, after.reason, after.acts) == ("rejected", "not-a-person", 0)
    assert await desk.house.deliver() == 0
    await desk.do("reject", link)
    await desk.house.post(link, "confirm", agree="yes")
    assert (await desk.row(link)).state == "rejected"
    await desk.do("restore", link)
    await desk.house.post(link, "confirm", agree="yes")
    assert await desk.categories() == {"independents": (1, 0)}
    await desk.holds()


async def test_a_rejected_signature_is_not_restored_only_to_lapse(desk: Desk) -> None:
    in_time, too_late = await desk.house.signed(LAYLA), await desk.house.signed(KARIM)
    for link in (in_time, too_late):
        await desk.do("reject", link)
    await desk.house.next_day(14)
    assert (await desk.do("restore", in_time)).state == "pending"
    await desk.house.next_day(1)
    with pytest.raises(Conflict, match="restore-too-late"):
        await desk.do("restore", too_late)
    assert (await desk.row(too_late)).sealed


async def test_an_invalidated_signature_leaves_count_and_list_and_comes_back_as_it_stood(desk: Desk) -> None:
    link = await desk.house.confirmed(LAYLA)
    await desk.do("verify", link)
    record = await desk.record(link)
    assert await desk.shown(link) == LAYLA.full_name
    after = await desk.do("invalidate", link, reason="asked-by-person")
    assert (after.state, after.reason) == ("invalidated", "asked-by-person")
    assert await desk.shown(link) is None
    assert await desk.categories() == {}
    assert (await desk.house.counts())["removed"]["invalidated"] == 1
    await desk.do("restore", link, record=record)
    assert await desk.shown(link) == LAYLA.full_name
    assert await desk.categories() == {"independents": (1, 1)}
    assert (await desk.house.counts())["removed"]["invalidated"] == 0
    await desk.holds()


@pytest.mark.parametrize("person", [LAYLA, KARIM, SALMA], ids=lambda person: person.visibility)
@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("opened", [False, True])
async def test_a_name_comes_back_as_its_signatory_chose_and_only_from_the_record(
    desk: Desk, person: Person, hidden: bool, opened: bool
) -> None:
    link = await desk.house.confirmed(person)
    before, record = await desk.shown(link), await desk.record(link)
    if hidden:
        await desk.do("hide", link)
    await desk.do("invalidate", link)
    await desk.do("restore", link, record=record if opened else None)
    assert await desk.shown(link) == (before if opened and not hidden else None)


async def test_nobody_is_restored_whose_address_counts_by_now(desk: Desk) -> None:
    first = await desk.house.confirmed(LAYLA)
    await desk.do("invalidate", first)
    second = await desk.house.confirmed(LAYLA)
    before = await desk.all_there_is()
    with pytest.raises(Conflict, match="already-counts"):
        await desk.do("restore", first)
    assert await desk.all_there_is() == before
    await desk.do("invalidate", second)
    await desk.do("restore", first)
    assert await desk.categories() == {"independents": (1, 0)}
    await desk.holds()


@pytest.mark.parametrize("reason", ["", "because", "Other", "erased"])
@pytest.mark.parametrize("name", ["reject", "invalidate"])
async def test_nobody_is_taken_out_without_a_reason(desk: Desk, name: str, reason: str) -> None:
    link = await (desk.house.signed(LAYLA) if name == "reject" else desk.house.confirmed(LAYLA))
    before = await desk.all_there_is()
    with pytest.raises(Invalid) as refused:
        await desk.do(name, link, reason=reason)
    assert refused.value.fields["reason"].code == "reason-missing"
    assert await desk.all_there_is() == before


def test_every_reason_fits_its_column() -> None:
    assert max(map(len, states.REASONS_GIVEN)) <= SIGNATURES.c.reason.type.length
    assert not {*states.REASONS_GIVEN} & {states.DENIED, states.ERASED}


# Hiding and pinning


async def test_a_hidden_name_stays_hidden_whatever_its_signatory_chooses(desk: Desk) -> None:
    link = await desk.house.confirmed(LAYLA)
    assert (await desk.do("hide", link)).hidden
    assert await desk.shown(link) is None
    for choice in ("initials", "name"):
        assert (await desk.house.post(link, "visibility", visibility=choice)).status_code == 303
        assert await desk.shown(link) is None
    assert await desk.categories() == {"independents": (1, 0)}
    # Shown again, it is as it was chosen last.
    await desk.house.post(link, "visibility", visibility="initials")
    await desk.do("show", link, record=await desk.record(link))
    assert await desk.shown(link) == identity.initials(LAYLA.full_name)
    await desk.house.post(link, "visibility", visibility="name")
    assert await desk.shown(link) == LAYLA.full_name


async def test_one_hidden_before_they_confirm_is_not_listed_by_confirming(desk: Desk) -> None:
    link = await desk.house.signed(LAYLA)
    await desk.do("hide", link)
    await desk.house.post(link, "confirm", agree="yes")
    assert await desk.shown(link) is None
    await desk.do("show", link, record=await desk.record(link))
    assert await desk.shown(link) == LAYLA.full_name


async def test_showing_one_that_waits_lists_nobody_yet(desk: Desk) -> None:
    link = await desk.house.signed(LAYLA)
    await desk.do("hide", link)
    await desk.do("show", link, record=await desk.record(link))
    assert await desk.shown(link) is None
    await desk.house.post(link, "confirm", agree="yes")
    assert await desk.shown(link) == LAYLA.full_name


async def test_pinning_moves_no_count_and_is_undone(desk: Desk) -> None:
    link = await desk.house.confirmed(LAYLA)
    before = await desk.house.counts()
    assert (await desk.do("pin", link)).pinned
    assert not (await desk.do("unpin", link)).pinned
    assert await desk.house.fold() == 0
    assert await desk.house.counts() == before
    assert await desk.shown(link) == LAYLA.full_name
