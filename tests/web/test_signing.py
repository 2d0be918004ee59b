"""Signing by form and by JSON: the same rules at both doors, every fault told, nothing stored that is not asked for."""

import json
import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import httpx
import pytest
from sqlalchemy import select

from petition import words
from petition.db import tables
from petition.domain import sealing
from tests.factories import CATEGORIES, SLUG, petition_text
from tests.house import House
from tests.people import LAYLA, OMAR

ENGLISH = words.load()["en"]
FORM, API = f"/en/petitions/{SLUG}/signatures", f"/api/v1/petitions/{SLUG}/signatures"
JSON = {"content-type": "application/json"}
LISTED = re.compile(r'<li><a href="#(\w+)">[^<]*</a>: (.*)')

# What is sent beside Layla's own fields, and the refusals it meets: the same at both doors.
FAULTS: tuple[tuple[dict[str, str], dict[str, str]], ...] = (
    ({"full_name": ""}, {"full_name": "required"}),
    ({"full_name": "   "}, {"full_name": "required"}),
    ({"full_name": "ل"}, {"full_name": "too-short"}),
    ({"full_name": "a" * 201}, {"full_name": "too-long"}),
    ({"full_name": "Layla\0Haddad"}, {"full_name": "nul"}),
    ({"full_name": "Layla\x07Haddad"}, {"full_name": "control"}),
    ({"full_name": "Layla \u202eHaddad"}, {"full_name": "name-bidi"}),
    ({"full_name": "Visit example.com"}, {"full_name": "name-link"}),
    ({"full_name": "<b>Layla</b>"}, {"full_name": "name-markup"}),
    ({"full_name": "12 34"}, {"full_name": "name-no-letters"}),
    ({"email": ""}, {"email": "required"}),
    ({"email": "layla"}, {"email": "email-missing-at"}),
    ({"email": "layla@"}, {"email": "email-nothing-after-at"}),
    ({"email": "@example.org"}, {"email": "email-nothing-before-at"}),
    ({"email": "layla@localhost"}, {"email": "email-domain"}),
    ({"email": "layla@example.org\0"}, {"email": "nul"}),
    ({"email": "layla@example.org\nBcc: x@example.org"}, {"email": "control"}),
    ({"email": "a" * 300 + "@example.org"}, {"email": "email-too-long"}),
    ({"email": "a@example.org, b@example.org"}, {"email": "email-invalid"}),
    ({"category": ""}, {"category": "required"}),
    ({"category": "nobodys"}, {"category": "category-unknown"}),
    ({"category": "independents\0"}, {"category": "category-unknown"}),
    ({"category": "INDEPENDENTS"}, {"category": "category-unknown"}),
    ({"affiliation": "a" * 201}, {"affiliation": "too-long"}),
    ({"affiliation": "Free\0Press"}, {"affiliation": "nul"}),
    ({"city": "x" * 100_0}, {"city": "too-long"}),
    ({"country": ""}, {"country": "required"}),
    ({"country": "XX"}, {"country": "country-unknown"}),
    ({"country": "SYR"}, {"country": "country-unknown"}),
    ({"country": "S\0"}, {"country": "country-unknown"}),
    ({"visibility": ""}, {"visibility": "required"}),
    ({"visibility": "everyone"}, {"visibility": "visibility-unknown"}),
    ({"consent": ""}, {"consent": "consent-missing"}),
    ({"consent": "no"}, {"consent": "consent-missing"}),
    ({"consent": "on"}, {"consent": "consent-missing"}),
    ({"website": "https://example.com"}, {"website": "honeypot"}),
    ({"invitation": "made-up"}, {"invitation": "invitation-unknown"}),
    ({"full_name": "ليلى\ud800"}, {"full_name": "not-utf8"}),
    (
        {"full_name": "", "email": "layla", "category": "x", "country": "", "visibility": "x", "consent": ""},
        {
            "full_name": "required",
            "email": "email-missing-at",
            "category": "category-unknown",
            "country": "required",
            "visibility": "visibility-unknown",
            "consent": "consent-missing",
        },
    ),
)


def told_by_page(answer: httpx.Response) -> dict[str, str]:
    """field: what its reader is told, from the list above the form."""
    assert answer.status_code == 422, answer.text
    return {name: unescape(told) for name, told in LISTED.findall(answer.text)}


def told_by_api(answer: httpx.Response) -> dict[str, tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return {error["field"]: (error["code"], error["detail"]) for error in answer.json()["errors"]}


def form_body(fields: Mapping[str, str]) -> bytes:
    return urlencode({name: value.encode("utf-8", "surrogatepass") for name, value in fields.items()}).encode()


async def post_form(house: House, body: bytes, path: str = FORM) -> httpx.Response:
    return await house.http.post(path, content=body, headers={"content-type": "application/x-www-form-urlencoded"})


async def nothing_is_stored(house: House) -> bool:
    async with house.parts.database.read() as connection:
        mails = (await connection.execute(select(tables.table(tables.Outbox)))).all()
    return not mails and not await house.signatures()


async def record_of(house: House) -> dict[str, Any]:
    """The one record there is, as an organizer would open it."""
    row = await house.only_signature()
    record, _ = sealing.open_record(row.sealed, house.recovery_key(SLUG), row.petition_id)
    return record


# The happy way


async def test_the_form_is_answered_with_the_page_to_look_at_ones_mail(house: House) -> None:
    answer = await house.http.post(FORM, data=LAYLA.fields())
    assert answer.status_code == 303
    assert answer.content == b""
    assert answer.headers["location"] == f"/en/petitions/{SLUG}/check-your-mail"
    page = await house.http.get(answer.headers["location"])
    assert page.status_code == 200
    assert ENGLISH("mailed.title") in page.text
    assert await record_of(house) == {
        "full_name": LAYLA.full_name,
        "email": LAYLA.email,
        "category": "independents",
        "affiliation": "",
        "city": LAYLA.city,
        "country": "SY",
        "language": "en",
        "petition": SLUG,
        "version": 1,
    }


async def test_the_same_fields_as_json_are_stored_alike(house: House) -> None:
    answer = await house.http.post(API, json={**OMAR.fields(), "language": "en"})
    assert answer.status_code == 202
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"status": "confirmation_sent"}
    record = await record_of(house)
    assert (record["full_name"], record["affiliation"], record["language"]) == ("Omar Najjar", "Free Press", "en")
    row = await house.only_signature()
    assert (row.state, row.category, row.counted_as, row.verified) == ("pending", "journalists", None, False)


async def test_the_statement_is_signed_in_its_own_language_unless_another_is_named(house: House) -> None:
    await house.http.post(API, json=LAYLA.fields())
    assert (await house.only_signature()).language == "ar"


async def test_what_phones_and_word_processors_add_is_taken_off(house: House) -> None:
    typed = LAYLA.fields(full_name="  Layla   Haddad ", email=" Layla.Haddad@EXAMPLE.org ", country="sy")
    assert (await house.http.post(FORM, data=typed)).status_code == 303
    record = await record_of(house)
    assert record["full_name"] == "Layla Haddad"
    assert record["email"] == "Layla.Haddad@example.org"
    assert record["country"] == "SY"


async def test_nothing_readable_stands_in_a_row(house: House) -> None:
    await house.http.post(FORM, data=LAYLA.fields())
    row = await house.only_signature()
    for value in row:
        content = value if isinstance(value, bytes) else str(value).encode()
        for secret in (LAYLA.full_name, LAYLA.email, LAYLA.city):
            assert secret.encode() not in content


async def test_fields_that_are_not_asked_for_are_dropped(open_house: Callable[..., Any]) -> None:
    house = await open_house(petition=petition_text(ask_for={"city": "optional"}))
    typed = LAYLA.fields(affiliation="A party", country="SY", city="حلب", national_id="123", age="44", signed_on="1999")
    assert (await house.http.post(API, json=typed)).status_code == 202
    record = await record_of(house)
    assert (record["affiliation"], record["country"], record["city"]) == ("", "", "حلب")
    assert set(record) == {
        *("full_name", "email", "category", "affiliation", "city", "country", "language", "petition", "version")
    }
    # Not even looked at: what nobody asked for cannot be wrong.
    wrong = OMAR.fields(affiliation="a" * 5000, country="nowhere")
    assert (await house.http.post(FORM, data=wrong)).status_code == 303
    page = await house.http.get(f"/en/petitions/{SLUG}")
    assert 'name="city"' in page.text
    assert 'name="affiliation"' not in page.text
    assert 'name="country"' not in page.text


async def test_what_a_petition_requires_must_be_given(open_house: Callable[..., Any]) -> None:
    house = await open_house(petition=petition_text(ask_for={"affiliation": "required", "city": "required"}))
    fields = LAYLA.fields(city=" ")
    assert set(told_by_page(await house.http.post(FORM, data=fields))) == {"affiliation", "city"}
    assert set(told_by_api(await house.http.post(API, json=fields))) == {"affiliation", "city"}
    assert await nothing_is_stored(house)


# What is refused


async def test_both_doors_refuse_the_same_and_store_nothing(house: House) -> None:
    for changes, refused in FAULTS:
        fields = LAYLA.fields(**changes)
        page = told_by_page(await post_form(house, form_body(fields)))
        api = told_by_api(await house.http.post(API, content=json.dumps(fields).encode(), headers=JSON))
        assert {name: code for name, (code, _) in api.items()} == refused, changes
        assert page == {name: told for name, (_, told) in api.items()}, changes
    assert await nothing_is_stored(house)


async def test_each_required_field_is_missed(house: House) -> None:
    for missing in ("full_name", "email", "category", "country", "visibility", "consent"):
        fields = LAYLA.fields()
        del fields[missing]
        assert list(told_by_page(await house.http.post(FORM, data=fields))) == [missing]
        assert list(told_by_api(await house.http.post(API, json=fields))) == [missing]
    assert set(told_by_page(await post_form(house, b""))) == {
        *("full_name", "email", "category", "country", "visibility", "consent")
    }
    assert await nothing_is_stored(house)


async def test_a_refused_form_keeps_what_was_typed_and_marks_each_fault(house: House) -> None:
    typed = {
        "full_name": 'Layla "the \u202e" <b>&',
        "email": 'layla"><script>alert(1)</script>',
        "category": "journalists",
        "affiliation": "حزب & <i>نقابة</i>",
        "city": "حلب",
        "country": "LB",
        "visibility": "initials",
        "consent": "yes",
    }
    answer = await house.http.post(FORM, data=typed)
    assert set(told_by_page(answer)) == {"full_name", "email", "affiliation"}
    assert answer.headers["cache-control"] == "no-store"
    values = dict(re.findall(r'<input id="(\w+)" name="\w+" type="\w+"[^>]*? value="([^"]*)"', answer.text))
    assert {name: unescape(value) for name, value in values.items()} == {
        name: typed[name] for name in ("full_name", "email", "affiliation", "city")
    }
    assert "<script>alert" not in answer.text
    assert '<option value="journalists" selected>' in answer.text
    assert "<option value=LB selected>" in answer.text
    assert re.search(r'value="initials"[^>]* checked', answer.text)
    for name in ("full_name", "email", "affiliation"):
        assert f'id="{name}-error"' in answer.text
        assert re.search(rf'name="{name}"[^>]* aria-invalid="true"', answer.text)
    # Consent is given anew each time: a box that was ticked once is no consent to what was corrected.
    assert not re.search(r'name="consent"[^>]* checked', answer.text)


async def test_a_field_that_came_twice_is_told(house: House) -> None:
    body = urlencode(LAYLA.fields()).encode()
    for name in ("full_name", "email", "consent", "category"):
        told = told_by_page(await post_form(house, body + b"&" + urlencode({name: "yes"}).encode()))
        assert told == {name: ENGLISH("field.duplicated")}
        twice = json.dumps(LAYLA.fields())[:-1] + f', "{name}": "yes"}}'
        answer = await house.http.post(API, content=twice, headers=JSON)
        assert told_by_api(answer) == {name: ("duplicated", ENGLISH("field.duplicated"))}
    assert await nothing_is_stored(house)


async def test_bytes_that_are_no_text_are_told_at_their_field(house: House) -> None:
    fields = LAYLA.fields()
    del fields["city"]
    damaged = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", "é".encode("latin-1"))
    for raw in (*damaged, *(quote_from_bytes(damage).encode() for damage in damaged)):
        told = told_by_page(await post_form(house, urlencode(fields).encode() + b"&nobody=" + raw + b"&city=Al" + raw))
        assert told == {"city": ENGLISH("field.not-utf8")}
    assert await nothing_is_stored(house)


async def test_json_that_is_no_text_is_told_at_its_field(house: House) -> None:
    for value in (1, 1.5, True, ["x"], {"a": "b"}, [], {}):
        answer = await house.http.post(API, json={**LAYLA.fields(), "full_name": value, "consent": True})
        assert {name: code for name, (code, _) in told_by_api(answer).items()} == {
            "full_name": "not-text",
            "consent": "not-text",
        }
    answer = await house.http.post(API, json={**LAYLA.fields(), "full_name": None})
    assert told_by_api(answer)["full_name"][0] == "required"
    assert await nothing_is_stored(house)


async def test_a_language_that_there_is_not(house: House) -> None:
    for wrong, code in (("fr", "language-unknown"), ("EN", "language-unknown"), (5, "not-text"), (["en"], "not-text")):
        answer = await house.http.post(API, json={**LAYLA.fields(country=""), "language": wrong})
        told = {name: code for name, (code, _) in told_by_api(answer).items()}
        assert told == {"country": "required", "language": code}
    assert (await house.http.post(f"/fr/petitions/{SLUG}/signatures", data=LAYLA.fields())).status_code == 404
    assert await nothing_is_stored(house)


async def test_bodies_that_cannot_be_read(house: House) -> None:
    arrays = (b"[]", b"[[]]", b'[["full_name","x"]]', b"[" * 10_000 + b"]" * 10_000)
    scalars = (b"null", b'"x"', b"NaN", b"1" * 5000)
    broken = (b"", b"{", b"\x00", b"{'full_name': 'x'}", b'{"full_name":"\xff"}')
    for content in (*arrays, *scalars, *broken, b'{"a":' * 9000 + b"1" + b"}" * 9000):
        answer = await house.http.post(API, content=content, headers=JSON)
        assert (content[:20], answer.status_code, answer.json()["code"]) == (content[:20], 400, "bad-request")
    assert await nothing_is_stored(house)


async def test_a_hundred_fields_are_too_many(house: House) -> None:
    many = {f"field{number}": "x" for number in range(100)}
    assert (await house.http.post(FORM, data={**LAYLA.fields(), **many})).status_code == 400
    assert (await house.http.post(API, json={**LAYLA.fields(), **many})).status_code == 400
    few = {f"field{number}": "x" for number in range(20)}
    assert (await house.http.post(FORM, data={**LAYLA.fields(), **few})).status_code == 303


@pytest.mark.parametrize("path", [FORM, API])
async def test_wrong_kinds_of_bodies(house: House, path: str) -> None:
    mine = "application/json" if path == API else "application/x-www-form-urlencoded"
    other = {FORM: "application/json", API: "application/x-www-form-urlencoded"}[path]
    for kind in (other, "text/plain", "multipart/form-data; boundary=x", "application/octet-stream", "", "x"):
        answer = await house.http.post(path, content=b"a=b", headers={"content-type": kind})
        assert (kind, answer.status_code) == (kind, 415)
    for kind in (f"{mine}; charset=utf-8", mine.upper()):
        content = json.dumps(LAYLA.fields()) if path == API else urlencode(LAYLA.fields())
        answer = await house.http.post(path, content=content.encode(), headers={"content-type": kind})
        assert answer.status_code in (202, 303)


@pytest.mark.parametrize("path", [FORM, API])
async def test_ten_megabytes_are_too_large(house: House, path: str) -> None:
    kind = "application/json" if path == API else "application/x-www-form-urlencoded"
    huge = b"full_name=" + b"a" * 10_000_000

    async def in_pieces() -> Any:
        for start in range(0, len(huge), 50_000):
            yield huge[start : start + 50_000]

    for content in (huge, in_pieces()):
        answer = await house.http.post(path, content=content, headers={"content-type": kind})
        assert answer.status_code == 413
        assert ENGLISH("error-title.too-large") in answer.text
    assert await nothing_is_stored(house)


# When signing is not open


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"status": "closed"}, 409, "petition-closed"),
        ({"status": "paused"}, 409, "petition-paused"),
        ({"status": "archived"}, 409, "petition-not-open"),
        ({"opens_at": "2017-12-28T00:00:00Z"}, 409, "petition-upcoming"),
        ({"closes_at": "2017-12-27T10:00:00Z"}, 409, "petition-closed"),
        ({"status": "draft"}, 404, "petition-not-found"),
    ],
    ids=lambda value: next(iter(value.values())) if isinstance(value, dict) else None,
)
async def test_a_petition_that_is_not_open_says_so(
    house: House, changes: dict[str, str], status: int, code: str
) -> None:
    await house.apply(petition_text(**changes))
    page = await house.http.post(FORM, data=LAYLA.fields())
    assert page.status_code == status
    assert ENGLISH(f"error.{code}") in page.text
    answer = await house.http.post(API, json=LAYLA.fields())
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    # What was typed wrongly does not matter where nothing can be signed.
    assert (await house.http.post(FORM, data={})).status_code == status
    assert await nothing_is_stored(house)
    shown = await house.http.get(f"/en/petitions/{SLUG}")
    assert shown.status_code == (404 if status == 404 else 200)
    assert "<form" not in shown.text


async def test_the_calendar_opens_and_closes_a_petition_by_itself(house: House) -> None:
    await house.apply(petition_text(opens_at="2017-12-28T00:00:00Z", closes_at="2017-12-30T00:00:00Z"))
    seen = []
    for _ in range(4):
        await house.parts.hub.poll()
        form = "<form" in (await house.http.get(f"/en/petitions/{SLUG}")).text
        seen.append((form, (await house.http.post(FORM, data=LAYLA.fields())).status_code))
        house.clock.pass_(days=1)
    assert seen == [(False, 409), (True, 303), (True, 303), (False, 409)]


async def test_a_category_that_was_retired_takes_nobody_more(house: House) -> None:
    await house.confirmed(OMAR)
    await house.apply(petition_text(categories=[c for c in CATEGORIES if c[0] != "journalists"]))
    assert set(told_by_page(await house.http.post(FORM, data=OMAR.fields()))) == {"category"}
    assert "journalists" not in (await house.http.get(f"/en/petitions/{SLUG}")).text.partition("<form")[2]
    assert (await house.counts())["total"] == 1
