"""What organizers do to signatures: each act, its undoing, where it fits and who may."""

from collections.abc import Awaitable, Callable

import pytest

from petition.db import tables
from petition.domain import actors, identity, states
from petition.domain.actors import Actor, Grant
from petition.errors import Conflict, Forbidden, Invalid, NotFound, PetitionError
from tests.actions.desk import ACTS, Desk
from tests.factories import CATEGORIES, petition_text
from tests.house import House
from tests.people import KARIM, LAYLA, OMAR, SALMA, Person

NOBODY = Actor(b"n" * 16, ())


@pytest.fixture
async def desk(house: House) -> Desk:
    return Desk(house)


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


async def test_a_rejected_signature_gets_no_mail(desk: Desk) -> None:
    await desk.house.sign(LAYLA)
    after = await desk.do("reject", (await desk.house.only_signature()).id, reason="not-a-person")
    assert (after.state, after.reason, after.acts) == ("rejected", "not-a-person", 0)
    assert await desk.house.deliver() == 0
    assert not (await desk.all_there_is())[2]


async def test_a_rejected_signature_is_confirmed_only_once_it_is_restored(desk: Desk) -> None:
    link = await desk.house.signed(LAYLA)
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
    assert max(map(len, states.REASONS_GIVEN)) <= tables.table(tables.Signature).c.reason.type.length
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


# What fits where


async def _pending(desk: Desk) -> str:
    return await desk.house.signed(LAYLA)


async def _confirmed(desk: Desk) -> str:
    return await desk.house.confirmed(LAYLA)


async def _after(desk: Desk, *names: str, link: str = "") -> str:
    link = link or await _confirmed(desk)
    for name in names:
        await (desk.do(name, link) if name in ACTS else desk.house.post(link, name))
    return link


async def _merged(desk: Desk) -> str:
    await _confirmed(desk)
    second = await _pending(desk)
    await desk.house.post(second, "confirm", agree="yes")
    return second


async def _lapsed(desk: Desk) -> str:
    link = await _pending(desk)
    await desk.house.next_day(15)
    return link


async def _rejected(desk: Desk) -> str:
    return await _after(desk, "reject", link=await _pending(desk))


async def _rejected_and_erased(desk: Desk) -> str:
    return await _after(desk, "erase", link=await _rejected(desk))


Make = Callable[[Desk], Awaitable[str]]
STANDS: dict[str, tuple[Make, set[str]]] = {
    "pending": (_pending, {"reject", "hide", "pin"}),
    "confirmed": (_confirmed, {"verify", "move", "invalidate", "hide", "pin"}),
    "verified": (lambda desk: _after(desk, "verify"), {"unverify", "move", "invalidate", "hide", "pin"}),
    "hidden": (lambda desk: _after(desk, "hide"), {"verify", "move", "invalidate", "show", "pin"}),
    "pinned": (lambda desk: _after(desk, "pin"), {"verify", "move", "invalidate", "hide", "unpin"}),
    "rejected": (_rejected, {"restore"}),
    "invalidated": (lambda desk: _after(desk, "hide", "pin", "verify", "invalidate"), {"restore"}),
    "withdrawn": (lambda desk: _after(desk, "withdraw"), set()),
    "merged": (_merged, set()),
    "lapsed": (_lapsed, set()),
    "denied": (lambda desk: _after(desk, "hide", "pin", "deny", "erase"), set()),
    "erased": (lambda desk: _after(desk, "hide", "pin", "erase"), set()),
    "erased once invalidated": (lambda desk: _after(desk, "invalidate", "erase"), set()),
    "erased once rejected": (_rejected_and_erased, set()),
}


@pytest.mark.parametrize("stand", STANDS)
async def test_an_act_that_does_not_fit_where_a_signature_stands_changes_nothing(desk: Desk, stand: str) -> None:
    make, fitting = STANDS[stand]
    link = await make(desk)
    before = await desk.all_there_is()
    for name in ACTS.keys() - fitting:
        with pytest.raises(Conflict, match="not-in-this-state"):
            await desk.do(name, link)
        assert await desk.all_there_is() == before, name
    for name in fitting:
        row = await desk.row(link)
        with pytest.raises(_Undo):
            await desk.do(name, link, then=_Undo)
        assert await desk.row(link) == row
    await desk.holds()


class _Undo(Exception):
    """Takes an act back that did what it should."""


# Who may, and on what they saw


@pytest.mark.parametrize("name", ACTS)
async def test_whoever_saw_another_state_is_refused(desk: Desk, name: str) -> None:
    link = await (_pending(desk) if name == "reject" else _confirmed(desk))
    before_it = {"unverify": "verify", "restore": "invalidate", "show": "hide", "unpin": "pin"}
    await _after(desk, *(before_it[name],) if name in before_it else (), link=link)
    seen = (await desk.row(link)).seen
    await _after(desk, "unpin" if name == "unpin" else "pin" if name != "restore" else "restore", link=link)
    before = await desk.all_there_is()
    for stale in (seen, "", "0" * 16, (await desk.row(link)).seen.upper() + " "):
        with pytest.raises(Conflict, match="changed-meanwhile"):
            await desk.do(name, link, seen=stale or "nothing")
        assert await desk.all_there_is() == before


async def test_of_two_verifiers_who_saw_the_same_the_second_is_refused(desk: Desk) -> None:
    link = await desk.house.confirmed(OMAR)
    seen = (await desk.row(link)).seen
    await desk.do("verify", link, seen=seen, category="fsa")
    before = await desk.all_there_is()
    with pytest.raises(Conflict, match="changed-meanwhile"):
        await desk.do("verify", link, seen=seen, category="coalition")
    assert await desk.all_there_is() == before
    assert await desk.categories() == {"fsa": (1, 1)}


async def test_what_the_signatory_did_meanwhile_counts_as_seen_otherwise(desk: Desk) -> None:
    for act, fields in (("visibility", {"visibility": "initials"}), ("withdraw", {})):
        link = await desk.house.confirmed(OMAR)
        seen = (await desk.row(link)).seen
        await desk.house.post(link, act, **fields)
        with pytest.raises(Conflict, match="changed-meanwhile"):
            await desk.do("verify", link, seen=seen)
        await desk.house.post(link, "erase")


@pytest.mark.parametrize(
    ("by", "refusal"),
    [
        (Actor(b"a" * 16, (Grant(None, actors.AUDITOR),)), Forbidden),
        (NOBODY, NotFound),
        (Actor(b"x" * 16, (Grant(b"another petition", actors.OWNER),)), NotFound),
        (Actor(b"l" * 16, (Grant(None, actors.VERIFIER, ("fsa",)),)), NotFound),
        (Actor(b"l" * 16, (Grant(None, actors.VERIFIER, ()),)), NotFound),
    ],
    ids=["auditor", "nobody", "another petition's owner", "another category's verifier", "no category's verifier"],
)
async def test_who_may_not_changes_nothing(desk: Desk, by: Actor, refusal: type[PetitionError]) -> None:
    link = await desk.house.confirmed(OMAR)
    before = await desk.all_there_is()
    for name in ACTS:
        with pytest.raises(refusal):
            await desk.do(name, link, by=by)
    assert await desk.all_there_is() == before


async def test_a_verifier_moves_nobody_out_of_their_own_categories(desk: Desk) -> None:
    by = Actor(b"v" * 16, (Grant(desk.petition_id, actors.VERIFIER, ("journalists", "fsa")),))
    link = await desk.house.confirmed(OMAR)
    for name in ("verify", "move"):
        with pytest.raises(Invalid) as refused:
            await desk.do(name, link, by=by, category="coalition")
        assert refused.value.fields["category"].code == "category-unknown"
    await desk.do("verify", link, by=by)
    await desk.do("move", link, by=by, category="fsa")
    await desk.do("move", link, by=by, category=None)
    await desk.do("invalidate", link, by=by)
    await desk.do("restore", link, by=by)
    assert {line.organizer_id for line in await desk.audited()} == {by.id}
    with pytest.raises(NotFound):
        await desk.do("pin", await desk.house.confirmed(LAYLA), by=by)


async def test_a_signature_is_found_on_its_own_petition_alone(desk: Desk) -> None:
    await desk.house.apply(petition_text(slug="second"))
    link = await desk.house.confirmed(OMAR, slug="second")
    before = await desk.all_there_is()
    for name in ACTS:
        with pytest.raises(NotFound):
            await desk.do(name, link)
    assert await desk.all_there_is() == before
