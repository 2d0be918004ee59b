"""The JSON API as it is described, and the addresses for those who look after the machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from petition.actions import intake, signing
from petition.domain import submission
from tests.db.weather import away
from tests.factories import CATEGORIES, SLUG, petition_text
from tests.house import House
from tests.people import LAYLA, OMAR, someone

Open = Callable[..., Awaitable[House]]
API = f"/api/v1/petitions/{SLUG}"


async def test_the_description_lists_every_route_of_the_api(house: House) -> None:
    answer = await house.http.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] in ("application/json", "application/vnd.oai.openapi+json")
    described = answer.json()
    assert described["openapi"].startswith("3.")
    listed = {
        (path.replace("{slug}", SLUG), method) for path, methods in described["paths"].items() for method in methods
    }
    assert {path for path, _ in listed} == {
        path.replace("{slug:str}", SLUG)
        for path in (route.path for route in house.app.routes)
        if path.startswith("/api/v1/petitions")
    }
    assert (f"{API}/signatures", "post") in listed
    for path, method in listed:
        if method == "get" and not path.endswith("/stream"):
            assert (await house.http.get(path)).status_code == 200, path
    assert not any("demo" in path or path.startswith("/ar") for path, _ in listed)


async def test_a_petition_is_told_whole(house: House) -> None:
    text = petition_text(opens_at="2017-12-25T00:00:00Z", closes_at="2018-01-30T02:00:00+02:00")
    await house.apply(text)
    await house.confirmed(LAYLA)
    (listed,) = (await house.http.get("/api/v1/petitions")).json()
    assert listed == {
        "slug": SLUG,
        "status": "open",
        "goal": 3500,
        "total": 1,
        "default_language": "ar",
        "title": {"ar": "بيان", "en": "A statement"},
    }
    whole = (await house.http.get(API)).json()
    assert whole == listed | {
        "version": 1,
        "statement": {"ar": "نقول **هذا**.", "en": "We say **this**."},
        "publish": "live",
        "pause_message": None,
        "milestones_reached": [],
        "deliveries": [],
        "opens_at": "2017-12-25T00:00:00Z",
        "closes_at": "2018-01-30T00:00:00Z",
        "ask_for": {"affiliation": "optional", "city": "optional", "country": "required"},
        "milestones": [1000, 2000, 3000, 3500],
        "categories": [
            {"slug": slug, "claim": claim, "label": {"en": english, "ar": arabic}}
            for slug, claim, english, arabic in CATEGORIES
        ],
        "addressees": [{"name": {"en": "The Secretary-General", "ar": "الأمين العام"}}],
    }
    # Nothing of how it is kept: no identifier, no key.
    assert not any("id" in name or "key" in name for name in whole)


async def test_the_timeline_tells_days_and_nothing_finer(house: House) -> None:
    assert (await house.http.get(f"{API}/timeline")).json() == {"petition": SLUG, "days": []}
    link = await house.confirmed(LAYLA)
    await house.confirmed(OMAR)
    await house.next_day()
    await house.post(link, "withdraw")
    await house.fold()
    assert (await house.http.get(f"{API}/timeline")).json()["days"] == [
        {"day": "2017-12-27", "counted": 2, "removed": 0},
        {"day": "2017-12-28", "counted": 0, "removed": 1},
    ]


# Signatories, page by page


async def pages(house: House, path: str) -> list[list[dict[str, Any]]]:
    found, after = [], ""
    while True:
        page = (await house.http.get(path + after)).json()
        found.append(page["signatories"])
        if page["next"] is None:
            return found
        after = f"{'&' if '?' in path else '?'}after={page['next']}"


async def many_signatories(house: House, number: int) -> None:
    """A crowd of two categories, through the actions: one transaction."""
    petition, today = house.parts.hub.snapshot(SLUG).petition, house.clock.now.date()
    attempts = []
    for n in range(number):
        person = someone(n, category="activists" if n % 5 == 0 else "independents")
        checked = submission.check(intake.rules(petition), person.fields())
        attempts.append(intake.prepare(petition, checked, "en", house.parts.keys, today=today))
    async with house.parts.database.write() as tx:
        await intake.record(tx, attempts)
        confirmations = [signing.Confirmation(attempt.token, today) for attempt in attempts]
        await signing.confirm(tx, confirmations, keys=house.parts.keys)
    await house.fold()


async def test_two_hundred_and_fifty_signatories_are_listed_each_once(house: House) -> None:
    await many_signatories(house, 250)
    everyone = {someone(n).full_name for n in range(250)}
    activists = {someone(n).full_name for n in range(0, 250, 5)}

    by_default = await pages(house, f"{API}/signatories")
    assert [len(page) for page in by_default] == [100, 100, 50]
    names = [row["name"] for page in by_default for row in page]
    assert set(names) == everyone
    assert len(names) == 250
    assert names == sorted(names)

    filtered = await pages(house, f"{API}/signatories?category=activists&limit=20")
    assert [len(page) for page in filtered] == [20, 20, 10]
    assert {row["name"] for page in filtered for row in page} == activists
    for limit, size in (("0", 1), ("-5", 1), ("1000000", 250), ("500", 250)):
        page = (await house.http.get(f"{API}/signatories?limit={limit}")).json()
        assert len(page["signatories"]) == size

    await the_pages_of_the_list_lead_through_all(house, everyone)
    await a_broken_cursor_begins_anew(house, names)


async def the_pages_of_the_list_lead_through_all(house: House, everyone: set[str]) -> None:
    path: str | None = f"/en/petitions/{SLUG}/signatories"
    seen: list[str] = []
    while path:
        page = (await house.http.get(path)).text
        seen += [name for name in everyone if f"<bdi>{name}</bdi>" in page]
        _, found, rest = page.partition('rel="next" href="')
        path = rest.partition('"')[0].replace("&amp;", "&") if found else None
    assert len(seen) == 250
    assert set(seen) == everyone


async def a_broken_cursor_begins_anew(house: House, names: list[str]) -> None:
    cursor = (await house.http.get(f"{API}/signatories?limit=10")).json()["next"]
    broken = (
        *("x", "=", "AAAA", "%00", "%ff%fe", "ليلى", cursor[:10], "AAAAAAAAAAAAAAAAAAAAAAA=", "A" * 6000),
        "AAAAAAAAAAAAAAAAAAAAAP8=",
    )
    for after in broken:
        for path in (f"{API}/signatories?limit=10&after={after}", f"/en/petitions/{SLUG}/signatories?after={after}"):
            answer = await house.http.get(path)
            assert (after[:30], answer.status_code) == (after[:30], 200)
        page = (await house.http.get(f"{API}/signatories?limit=10&after={after}")).json()
        assert len(page["signatories"]) in (0, 10)
    # One that was cut in the middle of a name still leads somewhere on the list.
    page = (await house.http.get(f"{API}/signatories?limit=10&after={cursor[:40]}")).json()
    assert {row["name"] for row in page["signatories"]} <= set(names)


async def test_who_left_the_list_breaks_no_page_after_it(house: House) -> None:
    links = [await house.confirmed(someone(n)) for n in range(4)]
    first = (await house.http.get(f"{API}/signatories?limit=2")).json()
    await house.post(links[1], "withdraw")
    rest = (await house.http.get(f"{API}/signatories?limit=2&after={first['next']}")).json()
    assert [row["name"] for row in rest["signatories"]] == [someone(2).full_name, someone(3).full_name]


# For those who look after the machine


async def test_alive_and_ready(house: House) -> None:
    for path, text in (("/healthz", "alive\n"), ("/readyz", "ready\n")):
        answer = await house.http.get(path)
        assert (answer.status_code, answer.text) == (200, text)
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_not_ready_while_the_database_is_gone(house: House, request: pytest.FixtureRequest) -> None:
    with away(house, request):
        answer = await house.http.get("/readyz")
        assert (answer.status_code, answer.text) == (503, "not ready: database away\n")
    assert (await house.http.get("/readyz")).status_code == 200


async def metrics(house: House, address: str, **headers: str) -> httpx.Response:
    async with house.client(address, **headers) as asking:
        return await asking.get("/metrics")


async def test_numbers_are_for_this_machine_and_the_tokens_holder_alone(house: House) -> None:
    await house.confirmed(LAYLA)
    for address in ("127.0.0.1", "127.8.9.1", "::1"):
        answer = await metrics(house, address)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
    assert 'petition_answers_total{method="POST",status="303"} 2.0' in answer.text
    assert "petition_signatures 1.0" in answer.text
    assert "petition_count_streams 0.0" in answer.text
    # A proxy on this machine is not this machine: its visitors come from anywhere.
    for header in ("x-forwarded-for", "forwarded", "x-real-ip", "via"):
        assert (await metrics(house, "127.0.0.1", **{header: "203.0.113.7"})).status_code == 404
    for address in ("203.0.113.7", "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "", "testclient"):
        assert (await metrics(house, address)).status_code == 404
    token = house.parts.keys.metrics_token()
    assert (await metrics(house, "203.0.113.7", authorization=f"Bearer {token}")).status_code == 200
    for wrong in ("Bearer ", f"Bearer {token[:-1]}", f"Bearer {token}x", token, f"Basic {token}", "Bearer é"):
        raw = [(b"authorization", wrong.encode())]
        async with house.client("203.0.113.7") as asking:
            assert (await asking.get("/metrics", headers=raw)).status_code == 404


async def test_numbers_hold_no_name_no_address_and_no_path(house: House) -> None:
    await house.confirmed(LAYLA)
    await house.http.get("/en/somebody@example.org")
    told = (await metrics(house, "127.0.0.1")).text
    for secret in (LAYLA.full_name, LAYLA.email, "somebody", "203.0.113", "/signature/", SLUG):
        assert secret not in told
    assert str(datetime.now().year) not in told.replace("process_start_time", "")


async def test_methods_made_up_by_a_visitor_add_no_number_of_their_own(house: House) -> None:
    for number in range(30):
        await house.http.request(f"MADEUP{number}", "/en")
    told = (await metrics(house, "127.0.0.1")).text
    assert 'petition_answers_total{method="other",status="405"} 30.0' in told
    assert "MADEUP" not in told
