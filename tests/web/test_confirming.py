"""Confirming by the link: once, in time, and counted once, whoever else confirms at that moment."""

import asyncio

import pytest

from tests.factories import petition_text
from tests.house import House
from tests.people import LAYLA, OMAR, someone
from tests.web.links import ENGLISH, PERSONAL, counts, look, pending, row_of, withdrawn


async def test_the_pending_page_shows_what_was_typed_and_an_unticked_box(house: House) -> None:
    link = await pending(house, LAYLA)
    page = (await house.http.get(link)).text
    assert LAYLA.full_name in page
    assert LAYLA.email in page
    assert LAYLA.city in page
    assert 'name="agree"' in page
    assert "checked" not in page
    assert f'formaction="{link}/deny"' in page


async def test_confirming_twice_counts_once_and_says_so(house: House) -> None:
    link = await pending(house, LAYLA)
    first = await house.post(link, "confirm", agree="yes")
    again = await house.post(link, "confirm", agree="yes")
    thanked, told = [
        (await house.http.get(answer.headers["location"])).text.replace("&#39;", "'") for answer in (first, again)
    ]
    assert ENGLISH("said.confirmed") in thanked
    assert ENGLISH("said.again") in told
    assert ENGLISH("said.confirmed") not in told
    await house.fold()
    assert (await house.counts())["total"] == 1


async def test_the_last_day_is_the_fourteenth(house: House) -> None:
    in_time, too_late = await pending(house, LAYLA), await pending(house, OMAR)
    await house.next_day(14)
    await house.post(in_time, "confirm", agree="yes")
    await house.next_day(1)
    await house.post(too_late, "confirm", agree="yes")
    await house.fold()
    assert (await house.counts())["total"] == 1
    assert await look(house, too_late) == "lapsed"
    row = await row_of(house, too_late)
    assert row.state == "lapsed"
    assert not any(getattr(row, name) for name in PERSONAL)


async def test_whoever_withdrew_may_sign_again(house: House) -> None:
    first = await withdrawn(house, LAYLA)
    link = await counts(house, LAYLA)
    assert await look(house, link) == "counts"
    assert await look(house, first) == "withdrawn"
    assert (await house.counts())["total"] == 1
    # The first link still says how that first signature ended, and cannot bring it back.
    await house.post(first, "confirm", agree="yes")
    await house.fold()
    assert (await house.counts())["total"] == 1


async def test_of_two_links_of_one_address_one_counts_and_both_are_answered_kindly(house: House) -> None:
    links = [await pending(house, LAYLA), await pending(house, LAYLA)]
    answers = await asyncio.gather(*(house.post(link, "confirm", agree="yes") for link in links))
    assert [answer.status_code for answer in answers] == [303, 303]
    await house.fold()
    assert (await house.counts())["total"] == 1
    assert sorted([await look(house, link) for link in links]) == ["already", "counts"]
    assert sorted(row.state for row in await house.signatures()) == ["confirmed", "merged"]


async def test_two_servers_that_confirm_one_address_at_once_count_it_once(house: House, neighbour: House) -> None:
    for number in range(12):
        person = someone(number)
        links = [await pending(house, person), await pending(house, person)]
        answers = await asyncio.gather(
            *(at.post(link, "confirm", agree="yes") for at, link in zip((house, neighbour), links, strict=True))
        )
        assert [answer.status_code for answer in answers] == [303, 303], number
        assert sorted([await look(house, link) for link in links]) == ["already", "counts"]
    await house.fold()
    assert (await house.counts())["total"] == 12


async def test_two_servers_that_confirm_one_link_at_once_count_it_once(house: House, neighbour: House) -> None:
    links = [await pending(house, someone(number)) for number in range(8)]
    answers = await asyncio.gather(
        *(at.post(link, "confirm", agree="yes") for link in links for at in (house, neighbour))
    )
    assert {answer.status_code for answer in answers} == {303}
    await house.fold()
    assert (await house.counts())["total"] == 8


async def test_two_folds_at_once_take_each_entry_once(house: House, neighbour: House) -> None:
    for number in range(10):
        await house.post(await pending(house, someone(number)), "confirm", agree="yes")
    await asyncio.gather(house.worker.fold(), neighbour.worker.fold())
    await house.fold()
    assert (await house.counts())["total"] == 10
    assert (await house.counts())["ledger_size"] == 10


@pytest.mark.parametrize("status", ["closed", "paused"])
async def test_who_signed_in_time_may_still_confirm_once_signing_has_ended(house: House, status: str) -> None:
    link = await pending(house, LAYLA)
    await house.apply(petition_text(status=status))
    assert (await house.post(link, "confirm", agree="yes")).status_code == 303
    assert await look(house, link) == "counts"


@pytest.mark.parametrize("status", ["draft", "archived"])
async def test_nothing_is_confirmed_for_a_petition_taken_back_or_delivered(house: House, status: str) -> None:
    link, kept = await pending(house, LAYLA), await counts(house, OMAR)
    await house.apply(petition_text(status=status))
    refused = await house.post(link, "confirm", agree="yes")
    assert refused.status_code == 409
    assert (await row_of(house, link)).state == "pending"
    # The links still open, and whoever counts can leave.
    assert await look(house, link) == "pending"
    assert (await house.post(kept, "withdraw")).status_code == 303
    assert await look(house, kept) == "withdrawn"
