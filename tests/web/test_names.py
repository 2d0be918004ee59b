"""The public list of names as a file for anyone: whole, inert, and nobody in it who did not choose to be."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import update

from petition.db import tables
from petition.web import names
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.people import KARIM, LAYLA, OMAR, SALMA, Person, someone
from tests.web.test_api import many_signatories

Open = Callable[..., Awaitable[House]]
API = f"/api/v1/petitions/{SLUG}/signatories"


def rows(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff"), "without it Arabic opens as noise"
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


async def listed(house: House, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await house.http.get(f"{API}.json{query}")).json()["signatories"]
    return found


async def test_both_files_hold_exactly_those_who_chose_to_be_shown(house: House) -> None:
    for person in (LAYLA, OMAR, SALMA, KARIM):
        await house.confirmed(person)
    await house.signed(someone(1))
    answer = await house.http.get(f"{API}.csv?lang=en")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{SLUG}-signatories-2017-12-27.csv"'
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("no-store", "noindex")
    assert rows(answer.text) == [
        ["Name", "Signed as"],
        ["K. D.", "Independents"],
        ["Omar Najjar", ""],
        ["ليلى حدّاد", "Independents"],
    ]
    # In the petition's own language where none is asked for.
    assert rows((await house.http.get(f"{API}.csv")).text)[0] == ["الاسم", "الصفة"]
    assert rows((await house.http.get(f"{API}.csv")).text)[-1] == ["ليلى حدّاد", "مستقلّون"]
    whole = (await house.http.get(f"{API}.json")).json()
    assert whole == {
        "petition": SLUG,
        "day": "2017-12-27",
        "signatories": [
            {"name": "K. D.", "category": "independents"},
            {"name": "Omar Najjar", "category": None},
            {"name": "ليلى حدّاد", "category": "independents"},
        ],
    }
    assert await listed(house, "?category=activists") == []
    assert [row["name"] for row in await listed(house, "?category=independents")] == ["K. D.", "ليلى حدّاد"]


async def test_who_leaves_or_hides_is_gone_from_the_next_file(house: House) -> None:
    links = [await house.confirmed(someone(n)) for n in range(3)]
    await house.post(links[0], "withdraw")
    await house.post(links[1], "visibility", visibility="anonymous")
    assert [row["name"] for row in await listed(house)] == [someone(2).full_name]


async def test_a_list_of_many_pages_is_read_page_by_page_and_whole(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "AT_ONCE", 7)
    await many_signatories(house, 60)
    before = house.parts.database.statements
    everyone = [row["name"] for row in await listed(house)]
    assert house.parts.database.statements - before >= 60 // 7
    assert sorted(everyone) == sorted(someone(n).full_name for n in range(60))
    assert [row[0] for row in rows((await house.http.get(f"{API}.csv")).text)[1:]] == everyone


async def switch(house: House, safe: bool) -> None:
    rows = tables.table(tables.Petition)
    async with house.parts.database.write() as tx:
        await tx.execute(update(rows).where(rows.c.slug == SLUG).values(safe=safe))


async def test_the_safety_switch_empties_the_files_and_ends_one_that_is_being_sent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "AT_ONCE", 5)
    await many_signatories(house, 20)
    read, pages = names.signatories.signatories_page, 0

    async def and_then_somebody_turns_it(*told: Any, **more: Any) -> Any:
        nonlocal pages
        pages += 1
        if pages == 3:
            await switch(house, True)
        return await read(*told, **more)

    monkeypatch.setattr(names.signatories, "signatories_page", and_then_somebody_turns_it)
    assert len(await listed(house)) == 10, "what was on its way ended there, as a whole file"
    assert await listed(house) == []
    assert len(rows((await house.http.get(f"{API}.csv")).text)) == 1
    await switch(house, False)
    assert len(await listed(house)) == 20


async def test_names_wait_for_the_published_count(open_house: Open) -> None:
    house = await open_house(petition_text(publish="batched"))
    await house.confirmed(LAYLA)
    assert await listed(house) == []


async def test_a_pinned_name_leads_and_stands_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "AT_ONCE", 2)
    for number in range(5):
        await house.confirmed(someone(number))
    shown = tables.table(tables.Signature)
    async with house.parts.database.write() as tx:
        await tx.execute(update(shown).where(shown.c.shown_name == someone(3).full_name).values(pinned=True))
    assert [row["name"] for row in await listed(house)] == [someone(n).full_name for n in (3, 0, 1, 2, 4)]


async def test_what_a_spreadsheet_could_run_stands_as_text(open_house: Open) -> None:
    label = "=HYPERLINK(1)"
    house = await open_house(petition_text(categories=[("plain", "open", label, label)]))
    await house.confirmed(Person("Layla Haddad", "layla@example.org", category="plain"))
    assert rows((await house.http.get(f"{API}.csv")).text)[1] == ["Layla Haddad", f"'{label}"]


@pytest.mark.parametrize("path", ["nothing/signatories.csv", f"{SLUG}/signatories.json?category=nothing",
                                  f"{SLUG}/signatories.csv?lang=xx"])  # fmt: skip
async def test_what_is_not_there_is_told_as_a_problem(house: House, path: str) -> None:
    answer = await house.http.get(f"/api/v1/petitions/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_page_of_names_leads_to_its_files(house: House) -> None:
    empty = (await house.http.get(f"/ar/petitions/{SLUG}/signatories")).text
    assert "signatories.csv" not in empty
    await house.confirmed(LAYLA)
    page = (await house.http.get(f"/ar/petitions/{SLUG}/signatories?category=independents")).text
    for kind in ("csv", "json"):
        _, _, rest = page.partition(f'href="{API}.{kind}')
        query = rest.partition('"')[0].replace("&amp;", "&")
        assert "category=independents" in query
        answer = await house.http.get(f"{API}.{kind}{query}")
        assert LAYLA.full_name in (answer.text if kind == "csv" else json.dumps(answer.json(), ensure_ascii=False))


async def test_one_network_cannot_have_the_list_made_without_end(open_house: Open) -> None:
    house = await open_house(limits="on")
    answers = [(await house.http.get(f"{API}.csv")).status_code for _ in range(61)]
    assert answers == [200] * 60 + [429]
    assert (await house.client("198.51.100.9").get(f"{API}.csv")).status_code == 200
