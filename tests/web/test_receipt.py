"""The receipt: it proves offline that its holder is counted, names nobody, opens nothing."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest

from petition.domain import checkpoint
from petition.domain.checkpoint import Malformed, Receipt, Verifier
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.people import LAYLA, OMAR

Open = Callable[..., Awaitable[House]]
CODE = re.compile(r"\b\d+-[A-Z2-7]{5}-[A-Z2-7]{5}\b")


async def receipt(house: House, link: str) -> str:
    answer = await house.http.get(f"{link}/receipt")
    assert answer.status_code == 200, answer.text
    return answer.text


async def key(house: House, slug: str = SLUG) -> Verifier:
    return Verifier.read((await house.http.get(f"/ledger/{slug}/key")).text)


async def test_it_is_a_file_that_no_cache_keeps(house: House) -> None:
    answer = await house.http.get(f"{await house.confirmed(LAYLA)}/receipt")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="receipt.tlog-proof"'
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-robots-tag"] == "noindex"


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_the_page_gives_file_and_short_code_and_says_what_they_reveal(house: House, language: str) -> None:
    link = (await house.confirmed(OMAR)).replace("/ar/", f"/{language}/")
    page = (await house.http.get(link)).text
    assert f'href="{link}/receipt"' in page
    (code,) = CODE.findall(page)
    read = Receipt.read(await receipt(house, link))
    index, letters = checkpoint.read_short_code(code) or (-1, "")
    assert index == read.index
    assert checkpoint.short_code(read.index, read.entry) == code == f"{index}-{letters[:5]}-{letters[5:]}"
    assert house.parts.catalogues[language]("receipt.reveals") in page
    assert house.parts.catalogues[language]("receipt.hides") in page


async def test_until_it_is_published_the_page_says_so(open_house: Open) -> None:
    house = await open_house(petition=petition_text(publish="batched"))
    link = await house.signed(LAYLA)
    await house.post(link, "confirm", agree="yes")
    await house.fold()
    page = (await house.http.get(link)).text
    assert house.parts.catalogues["ar"]("receipt.later") in page
    assert not CODE.search(page)
    assert (await house.http.get(f"{link}/receipt")).status_code == 409


async def test_only_what_counts_has_one(house: House) -> None:
    pending = await house.signed(LAYLA)
    gone = await house.confirmed(OMAR)
    kept = await receipt(house, gone)
    await house.post(gone, "withdraw")
    await house.fold()
    for link in (pending, gone):
        assert (await house.http.get(f"{link}/receipt")).status_code == 409
        assert f"{link}/receipt" not in (await house.http.get(link)).text
    for unknown in (f"/en/signature/{'A' * 43}", "/en/signature/short"):
        assert (await house.http.get(f"{unknown}/receipt")).status_code == 404
    # The one that was kept still proves that the line was there; that it was removed, the ledger says.
    assert Receipt.read(kept).verify(await key(house)).size == 1


async def test_after_the_records_are_gone_it_can_still_be_had(house: House) -> None:
    link = await house.confirmed(LAYLA)
    await house.apply(petition_text(closes_at="2017-12-28T00:00:00Z"))
    await house.next_day(40)
    page = (await house.http.get(link)).text
    assert house.parts.catalogues["ar"]("ended.purged") in page
    assert CODE.search(page)
    Receipt.read(await receipt(house, link)).verify(await key(house))


async def test_a_receipt_of_another_petition_is_refused(house: House) -> None:
    await house.apply(petition_text(slug="second"))
    await house.confirmed(LAYLA)
    link = await house.confirmed(LAYLA, slug="second")
    read = Receipt.read(await receipt(house, link))
    assert read.verify(await key(house, "second")).size == 1
    with pytest.raises(Malformed):
        read.verify(await key(house))
