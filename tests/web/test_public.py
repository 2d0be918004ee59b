"""The public pages: the same for everyone, kept in memory, found in the reader's language."""

from __future__ import annotations

import gzip
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from petition import words
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.people import LAYLA, OMAR, SALMA, someone

Open = Callable[..., Awaitable[House]]
PAGE = f"/ar/petitions/{SLUG}"
BUILTIN = Path(__file__).resolve().parents[2] / "petition" / "builtin" / "boycott-sochi.toml"


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("ar", "ar"),
        ("en-GB,en;q=0.9", "en"),
        ("fr,en;q=0.3,ar;q=0.8", "ar"),
        ("en;q=0,ar;q=0.1", "ar"),
        ("fr, de", "ar"),
        ("", "ar"),
        ("*", "ar"),
        ("en;q=many", "ar"),
        (";;;,,,q=", "ar"),
    ],
)
async def test_the_reader_is_led_to_their_language(house: House, accept: str, language: str) -> None:
    for path, target in (("/", f"/{language}"), (f"/p/{SLUG}", f"/{language}/petitions/{SLUG}")):
        answer = await house.http.get(path, headers={"accept-language": accept})
        assert (answer.status_code, answer.headers["location"]) == (302, target)
        assert answer.headers["vary"] == "Accept-Language"


async def test_a_petition_in_one_language_is_readable_under_both(open_house: Open) -> None:
    house = await open_house(petition_text(title={"ar": "بيان واحد"}, statement={"ar": "نصّ"}))
    for language in ("ar", "en"):
        page = await house.http.get(f"/{language}/petitions/{SLUG}")
        assert page.status_code == 200
        assert "بيان واحد" in page.text
    answer = await house.http.get(f"/p/{SLUG}", headers={"accept-language": "en"})
    assert answer.headers["location"] == f"/ar/petitions/{SLUG}"


async def test_an_unchanged_page_costs_a_reader_nothing(house: House) -> None:
    first = await house.http.get(PAGE)
    again = await house.http.get(PAGE, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await house.confirmed(LAYLA)
    changed = await house.http.get(PAGE, headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


async def test_a_page_is_rendered_once_and_then_served_from_memory(house: House) -> None:
    await house.http.get(PAGE)
    before, kept = house.parts.database.statements, dict(house.parts.rendered)
    for _ in range(20):
        assert (await house.http.get(PAGE)).status_code == 200
    assert house.parts.database.statements == before
    assert all(house.parts.rendered[key] is page for key, page in kept.items())


async def wire(house: House, method: str, path: str, **sent: Any) -> tuple[bytes, int]:
    """The page, and how many bytes of it go over the line to a browser."""
    async with house.http.stream(method, path, headers={"accept-encoding": "gzip"}, **sent) as response:
        body = b"".join([part async for part in response.aiter_raw()])
    assert response.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in response.headers["vary"].lower()
    headers = sum(len(name) + len(value) + 4 for name, value in response.headers.raw)
    return gzip.decompress(body), len(body) + headers


@pytest.mark.parametrize("language", ["ar", "en"])
async def test_the_built_in_petition_fits_into_one_response(open_house: Open, language: str) -> None:
    house = await open_house(BUILTIN.read_text(encoding="utf-8"))
    page, size = await wire(house, "GET", f"/{language}/petitions/{SLUG}")
    assert size <= 14 * 1024
    assert b"<style>" in page
    assert not re.findall(rb'<link rel="?stylesheet', page)


async def test_a_refused_form_comes_back_over_a_bad_line_as_small_as_it_was_sent_out(open_house: Open) -> None:
    house = await open_house(BUILTIN.read_text(encoding="utf-8"))
    page, size = await wire(house, "POST", f"{PAGE}/signatures", data=LAYLA.fields(consent=""))
    assert LAYLA.email.encode() in page
    assert size <= 14 * 1024
    plain = await house.http.post(
        f"{PAGE}/signatures", data=LAYLA.fields(consent=""), headers={"accept-encoding": "identity"}
    )
    assert plain.status_code == 422
    assert "content-encoding" not in plain.headers
    assert plain.content == page
    await house.confirmed(LAYLA)
    names, _ = await wire(house, "GET", f"{PAGE}/signatories")
    assert LAYLA.full_name in names.decode()


@pytest.mark.parametrize(
    "path", ["/ar", PAGE, f"{PAGE}/count", f"{PAGE}/check-your-mail", f"{PAGE}/signatories", "/nowhere/x"]
)
async def test_head_is_get_without_its_body(house: House, path: str) -> None:
    got, head = await house.http.get(path), await house.http.head(path)
    assert head.status_code == got.status_code
    assert head.content == b""
    assert {k: v for k, v in head.headers.items() if k != "date"} == {
        k: v for k, v in got.headers.items() if k != "date"
    }


async def test_no_page_sets_a_cookie_or_knows_who_asks(house: House) -> None:
    for path in ("/ar", PAGE, f"{PAGE}/count", f"{PAGE}/signatories", f"{PAGE}/check-your-mail"):
        answers = [
            await house.client(address, **{"user-agent": agent}).get(path)
            for address, agent in (("203.0.113.1", "one"), ("198.51.100.2", "another"))
        ]
        assert answers[0].content == answers[1].content
        assert "set-cookie" not in answers[0].headers


async def test_signatories_come_by_name_page_by_page_and_none_twice(house: House) -> None:
    for number in range(23):
        await house.confirmed(someone(number))
    api = f"/api/v1/petitions/{SLUG}/signatories?limit=5"
    names: list[str] = []
    after = ""
    while True:
        page = (await house.http.get(f"{api}{after}")).json()
        names += [row["name"] for row in page["signatories"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert sorted(names) == sorted(someone(number).full_name for number in range(23))
    assert [name.casefold() for name in names] == sorted(name.casefold() for name in names)
    broken = await house.http.get(f"{api}&after=nonsense")
    assert [row["name"] for row in broken.json()["signatories"]] == names[:5]


async def test_the_list_shows_what_each_chose_and_no_claim_before_it_is_verified(house: House) -> None:
    for person in (LAYLA, OMAR, SALMA):
        await house.confirmed(person)
    listed = (await house.http.get(f"/api/v1/petitions/{SLUG}/signatories")).json()["signatories"]
    assert {row["name"]: row["category"] for row in listed} == {LAYLA.full_name: "independents", OMAR.full_name: None}
    of_category = f"/api/v1/petitions/{SLUG}/signatories?category="
    assert (await house.http.get(of_category + "journalists")).json()["signatories"] == []
    assert (await house.http.get(of_category + "nothing")).status_code == 404
    page = await house.http.get(f"/en/petitions/{SLUG}/signatories")
    assert SALMA.full_name not in page.text
    assert page.headers["x-robots-tag"] == "noindex"
    assert page.headers["cache-control"] == "no-store"


async def test_an_old_text_stays_readable_and_a_signature_belongs_to_its_own(house: House) -> None:
    await house.confirmed(LAYLA)
    waiting = await house.signed(SALMA, lang="en")
    read = f'href="/en/petitions/{SLUG}"'
    assert (await house.http.get(waiting)).text.count(read) == 2
    await house.apply(petition_text(statement={"en": "We now say **that**.", "ar": "نقول الآن **ذاك**."}))
    await house.confirmed(OMAR)
    now, old = await house.http.get(f"/en/petitions/{SLUG}"), await house.http.get(f"/en/petitions/{SLUG}/versions/1")
    assert "<strong>that</strong>" in now.text
    assert f"/en/petitions/{SLUG}/versions/1" in now.text
    assert "<strong>this</strong>" in old.text
    assert (await house.http.get(f"/en/petitions/{SLUG}/versions/7")).status_code == 404
    assert sorted(row.version for row in await house.signatures()) == [1, 1, 2]
    # Whoever confirms now is led to what they signed.
    assert f'href="/en/petitions/{SLUG}/versions/1"' in (await house.http.get(waiting)).text


async def test_the_same_file_again_makes_no_new_version(house: House) -> None:
    assert (await house.apply(petition_text())).outcome == "unchanged"
    assert (await house.apply(petition_text(goal=9))).outcome == "updated"
    assert (await house.http.get(f"/api/v1/petitions/{SLUG}")).json()["version"] == 1


async def test_a_category_that_left_the_file_takes_no_new_signatures_and_keeps_its_old(house: House) -> None:
    await house.confirmed(LAYLA)
    await house.apply(petition_text(categories=(("activists", "open", "Activists", "ناشطون"),)))
    assert (await house.sign(someone(1))).status_code == 422
    counts = await house.counts()
    assert {c["category"]: c["total"] for c in counts["by_category"]} == {"activists": 0, "independents": 1}


async def test_the_qr_code_leads_to_the_short_link(house: House) -> None:
    picture = await house.http.get(f"/ar/petitions/{SLUG}/qr.svg")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert picture.text.startswith("<svg")


async def test_static_files_are_kept_for_ever_and_found_only_under_their_hash(house: House) -> None:
    page = (await house.http.get("/ar")).text
    (path,) = re.findall(r'href="?(/static/\w+/style\.css)', page)
    style = await house.http.get(path)
    assert style.status_code == 200
    assert style.headers["content-type"].startswith("text/css")
    assert "immutable" in style.headers["cache-control"]
    assert (await house.http.get("/static/000000000000/style.css")).status_code == 404
    assert (await house.http.get("/static/../../settings.py")).status_code == 404


async def test_search_engines_are_kept_from_names_and_links(house: House) -> None:
    rules = (await house.http.get("/robots.txt")).text
    assert "/signature/" in rules
    assert "signatories" in rules


async def test_a_refused_forms_address_leads_back_to_the_form(house: House) -> None:
    answer = await house.http.get(f"{PAGE}/signatures")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}#sign")


@pytest.mark.parametrize(
    "path", ["/xx", f"/xx/petitions/{SLUG}", "/ar/petitions/none", "/ar/nothing", "/p/none", "/ar/petitions/%00"]
)
async def test_what_is_not_there_is_a_kind_404(house: House, path: str) -> None:
    answer = await house.http.get(path)
    assert answer.status_code == 404
    assert "<h1>" in answer.text


async def test_a_draft_is_nowhere(open_house: Open) -> None:
    house = await open_house(petition_text(status="draft"))
    for path in (PAGE, f"{PAGE}/count", f"/p/{SLUG}", f"/api/v1/petitions/{SLUG}", f"/api/v1/petitions/{SLUG}/counts"):
        assert (await house.http.get(path)).status_code == 404
    assert (await house.http.get("/api/v1/petitions")).json() == []
    assert (await house.sign(LAYLA)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "paused"}, "petition-paused"),
        ({"status": "closed"}, "petition-closed"),
        ({"status": "archived"}, "petition-not-open"),
        ({"closes_at": "2017-12-27T09:59:59Z"}, "petition-closed"),
        ({"opens_at": "2017-12-27T10:00:01Z"}, "petition-upcoming"),
    ],
    ids=lambda value: str(value),
)
async def test_who_comes_too_early_or_too_late_is_told_so(open_house: Open, changes: dict[str, str], code: str) -> None:
    house = await open_house(petition_text(**changes))
    page = await house.http.get(PAGE)
    assert page.status_code == 200
    assert f'action="{PAGE}/signatures"' not in page.text
    refused = await house.sign(LAYLA)
    assert refused.status_code == 409
    assert words.load()["ar"](f"error.{code}") in refused.text
    as_json = await house.http.post(f"/api/v1/petitions/{SLUG}/signatures", json=LAYLA.fields())
    assert (as_json.status_code, as_json.json()["code"]) == (409, code)
    assert await house.signatures() == []


async def test_it_opens_and_closes_on_time_by_itself(open_house: Open) -> None:
    house = await open_house(petition_text(opens_at="2017-12-27T11:00:00Z", closes_at="2017-12-27T13:00:00Z"))
    statuses = []
    for _ in range(3):
        statuses.append((await house.sign(LAYLA)).status_code)
        house.clock.pass_(minutes=90)
        await house.parts.hub.poll()
    assert statuses == [409, 303, 409]


async def test_who_signed_in_time_may_confirm_after_closing(open_house: Open) -> None:
    house = await open_house(petition_text(closes_at="2017-12-27T11:00:00Z"))
    link = await house.signed(LAYLA)
    house.clock.pass_(days=1)
    await house.post(link, "confirm", agree="yes")
    await house.fold()
    assert (await house.counts())["total"] == 1


async def test_several_petitions_keep_their_own_counts(house: House) -> None:
    await house.apply(petition_text(slug="another", title={"en": "Another", "ar": "آخر"}))
    await house.confirmed(LAYLA)
    await house.confirmed(LAYLA, slug="another")
    await house.confirmed(OMAR, slug="another")
    assert ((await house.counts())["total"], (await house.counts("another"))["total"]) == (1, 2)
    home: httpx.Response = await house.http.get("/en")
    assert "Another" in home.text
    assert "A statement" in home.text


async def test_where_counts_come_in_batches_a_name_comes_with_its_count(open_house: Open) -> None:
    house = await open_house(petition_text(publish="batched"))
    for person in (LAYLA, *map(someone, range(4))):
        link = await house.confirmed(person)
    api = f"/api/v1/petitions/{SLUG}/signatories"
    assert (await house.counts())["total"] == 0
    assert (await house.http.get(api)).json()["signatories"] == []
    assert LAYLA.full_name not in (await house.http.get(f"{PAGE}/signatories")).text
    house.clock.pass_(minutes=10)
    await house.fold()
    assert (await house.counts())["total"] == 5
    assert len((await house.http.get(api)).json()["signatories"]) == 5
    await house.post(link, "withdraw")
    assert len((await house.http.get(api)).json()["signatories"]) == 4


async def test_who_left_again_before_being_published_hides_nobody(open_house: Open) -> None:
    house = await open_house(petition_text(publish="batched"))
    links = [await house.confirmed(someone(number)) for number in range(5)]
    for link in links[:4]:
        await house.post(link, "withdraw")
    house.clock.pass_(minutes=10)
    await house.fold()
    assert (await house.counts())["ledger_size"] == 0


async def test_a_signature_belongs_to_the_language_of_the_text_that_was_shown(open_house: Open) -> None:
    house = await open_house(petition_text(default_language="en", title={"en": "No"}, statement={"en": "Text"}))
    await house.signed(LAYLA, lang="ar")
    assert (await house.only_signature()).language == "en"
    refused = await house.http.post(f"/api/v1/petitions/{SLUG}/signatures", json=LAYLA.fields(language="ar"))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "language-unknown"


async def test_the_count_page_says_it_in_words_in_both_languages_and_so_does_the_api(house: House) -> None:
    await house.apply(petition_text(title={"ar": "بيان"}, statement={"ar": "نقول هذا."}))
    await house.confirmed(LAYLA)
    await house.confirmed(OMAR)
    await house.post(await house.confirmed(SALMA), "withdraw", sure="yes")
    await house.fold()
    told = (await house.http.get(f"/api/v1/petitions/{SLUG}/press")).json()
    assert set(told["words"]) == {"ar", "en"}
    assert (
        "among them Independents (fewer than 10). Of them all, fewer than 10 await verification." in told["words"]["en"]
    )
    assert "the statement “\u2068بيان\u2069” has been signed by fewer than 10 people" in told["words"]["en"]
    assert "من بينهم: مستقلّون (أقلّ من ١٠)" in told["words"]["ar"]
    counts = await house.counts()
    assert told["as_of"] == counts["as_of"]
    for lang in ("ar", "en"):
        page = (await house.http.get(f"/{lang}/petitions/{SLUG}/count")).text
        for code, text in told["words"].items():
            assert f"<blockquote>{text}</blockquote>" in page
            assert f'data-copy="{text}"' in page, code
