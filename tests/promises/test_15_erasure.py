"""Promise 15: withdrawal and purge are real.

"erase, checkpoint, search as in 10. F: 0 hits (secure_delete=ON …). Retention: 30 days after delivery by default, each
petition on its own; the console shows the next run." Of SQLite: PostgreSQL keeps dead rows and its log for a while.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from petition.domain import passwords
from petition.domain.actors import OWNER, Grant
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import Browser, account
from tests.people import LAYLA, OMAR, Person
from tests.promises.conftest import ON_SQLITE
from tests.promises.crowd import Known, add_name, person
from tests.promises.post_office import PostOffice
from tests.promises.searching import Needles
from tests.promises.signing import Signing

ERASED = 200
OTHER = "another-statement"
PAGE, LEAF = 8192, 10


@ON_SQLITE
async def test_what_is_erased_is_gone_from_every_byte(open_house: Callable[..., Any], post_office: PostOffice) -> None:
    house: House = await open_house(smtp_url=post_office.url)
    chance = random.Random(15)
    crowd = [person(chance) for _ in range(ERASED + 50)]
    stays, goes, lapses = crowd[0], crowd[1:-50], crowd[-50:]
    people = Signing(house.http, post_office)
    await people.each(people.sign, crowd)
    await house.deliver()
    await people.each(people.act("confirm", agree="yes"), crowd[:-50])
    await house.fold()

    def search(who: Sequence[Person]) -> set[str]:
        needles = Needles()
        for one in who:
            add_name(needles, one)
            Known(one).add_to(needles)
        return {hit.label for hit in needles.in_folders(house.settings.data_dir)}

    assert {f"name {who.full_name}" for who in (stays, *goes)} <= search([stays, *goes]), "shown names are in the clear"
    sealed = await _kept(house)
    assert sealed == (len(crowd), len(crowd))

    await people.each(people.act("erase"), goes)
    await house.worker.tidy()
    assert search([*goes, *lapses]) == set()
    assert f"name {stays.full_name}" in search([stays])
    assert await _kept(house) == (1 + len(lapses), 1 + len(lapses))

    await house.next_day(15)
    assert await _kept(house) == (1, 1)
    assert search([*goes, *lapses]) == set()


async def _kept(house: House) -> tuple[int, int]:
    """How many rows still hold a sealed record, and a digest of an address."""
    async with house.parts.database.read() as connection:
        row = (await connection.execute(text("SELECT count(sealed), count(identity) FROM signatures"))).one()
    return row[0], row[1]


@ON_SQLITE
async def test_the_search_would_see_what_sqlite_leaves_without_secure_delete(
    open_house: Callable[..., Any], post_office: PostOffice
) -> None:
    house: House = await open_house(smtp_url=post_office.url)
    crowd = [person(random.Random(n)) for n in range(60)]
    people = Signing(house.http, post_office)
    await people.each(people.sign, crowd)
    await house.deliver()
    await people.each(people.act("confirm", agree="yes"), crowd)
    await house.worker.tidy()
    await _pragma(house, "secure_delete=OFF")
    await people.each(people.act("erase"), crowd)
    await _pragma(house, "wal_checkpoint(TRUNCATE)")
    needles = Needles()
    for who in crowd:
        add_name(needles, who)
    assert needles.in_folders(house.settings.data_dir)


async def _pragma(house: House, words: str) -> None:
    async with house.parts.database._writer.connect() as connection:
        raw = await connection.get_raw_connection()
        await raw.driver_connection.execute(f"PRAGMA {words}")


@ON_SQLITE
@pytest.mark.parametrize("act", [{"erase": ""}, {"withdraw": ""}, {"visibility": "anonymous"}, {"deny": ""}])
@pytest.mark.parametrize("told", ["by the worker", "at the end"])
async def test_a_copy_that_a_split_page_kept_goes_when_somebody_takes_something_back(
    open_house: Callable[..., Any], act: dict[str, str], told: str
) -> None:
    """Where SQLite rebuilds a page its unused middle may keep what was moved; here it was put there by hand."""
    house: House = await open_house()
    links = {who: await house.signed(who) for who in (LAYLA, OMAR)}
    (word, value), trace = next(iter(act.items())), b"what was moved away"
    if word != "deny":
        for link in links.values():
            await house.post(link, "confirm", agree="yes")
    await house.stop()
    file = house.settings.sqlite_path
    _plant(file, trace)
    again = await house.restarted()
    try:
        # Nothing was taken back: nobody waits for a whole file to be written anew.
        await again.worker.tidy()
        assert trace in file.read_bytes()
        answer = await again.post(links[LAYLA], word, **({word: value} if value else {}))
        assert answer.status_code == 303, answer.text
        if told == "by the worker":
            await again.worker.tidy()
            assert trace not in file.read_bytes()
    finally:
        await again.stop()
    assert trace not in file.read_bytes()
    assert not file.with_name(f"{file.name}-wal").exists()


def _plant(file: Path, trace: bytes) -> None:
    """Into the unused middle of each page of rows that has room (sqlite.org/fileformat2.html, 1.6)."""
    pages, data = 0, bytearray(file.read_bytes())
    for at in range(PAGE, len(data), PAGE):
        kind, cells, content = data[at], *struct.unpack_from(">HH", data, at + 3)
        after = at + 8 + 2 * cells
        if kind == LEAF and cells and after + len(trace) < at + content:
            data[after : after + len(trace)] = trace
            pages += 1
    assert pages > 5
    file.write_bytes(data)


@ON_SQLITE
async def test_when_its_days_are_over_a_petition_is_purged_from_every_byte_and_its_neighbour_stays(
    open_house: Callable[..., Any], post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Worked on meanwhile: verified, written notes about, hidden by a rule, taken out as a list."""
    monkeypatch.setattr(passwords, "PRICE", "1,1,64")
    house: House = await open_house(smtp_url=post_office.url)
    await house.apply(petition_text(slug=OTHER))
    crowd = [person(random.Random(n)) for n in range(30)]
    goes, stays = crowd[1:], crowd[0]
    people = Signing(house.http, post_office)
    await people.each(people.sign, goes)
    answer = await house.http.post(f"/ar/petitions/{OTHER}/signatures", data=stays.fields())
    assert answer.status_code == 303
    await house.deliver()
    await people.each(people.act("confirm", agree="yes"), crowd)
    await house.fold()

    browser = Browser(house)
    await browser.sign_in(await account(house, "nour@example.org", Grant(None, OWNER)))
    note = "was vouched for by a cousin"
    page = await browser.get(f"/petitions/{SLUG}/queue")
    record = page.text.partition('<th scope="row"><a href="')[2].partition('"')[0].replace("&amp;", "&")
    await browser.get(record)
    await browser.send("/verify")
    await browser.get(record)
    await browser.send("/note", note=note)
    await browser.get(f"/petitions/{SLUG}/exports")
    await browser.send("/exports", format="csv", reason="press")
    await browser.get(f"/petitions/{SLUG}/retention")
    assert 'value="30"' in browser.page.text, "the days unless somebody says otherwise"
    await browser.send("/retention", days="30", delivered=str(house.clock.now.date()))
    await browser.follow()
    assert "The records will be destroyed on" in browser.text
    await browser.send("/sign-out")

    def search(who: Sequence[Person]) -> set[str]:
        needles = Needles()
        for one in who:
            add_name(needles, one)
            Known(one).add_to(needles)
        needles.add("note", {"utf-8": note.encode()})
        return {hit.label for hit in needles.in_folders(house.settings.data_dir)}

    await house.next_day(29)
    assert {f"name {who.full_name}" for who in crowd} <= search(crowd), "shown names are in the clear until then"
    await house.next_day(1)
    await house.worker.tidy()
    assert search(goes) == set()
    assert f"name {stays.full_name}" in search([stays])
    assert await _kept(house) == (1, 1)
    assert (await house.counts())["total"] == len(goes)
    assert (await house.counts(OTHER))["total"] == 1
