"""What goes wrong is told in one shape all over the API, and as a page in the reader's language elsewhere."""

from typing import Any

import httpx
import pytest

from petition import words
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.people import LAYLA

CATALOGUES = words.load()
API = f"/api/v1/petitions/{SLUG}"
JSON = {"content-type": "application/json"}


def read_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The one shape (RFC 9457), held to strictly."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "*"
    problem: dict[str, Any] = answer.json()
    more = {"invalid": {"errors"}, "too-many": {"retry_after"}}.get(code, set())
    assert set(problem) == {"type", "title", "status", "detail", "code"} | more
    assert (problem["type"], problem["status"], problem["code"]) == ("about:blank", status, code)
    assert problem["title"] == CATALOGUES["en"](f"error-title.{code}")
    for field in problem.get("errors", ()):
        assert set(field) == {"field", "code", "detail"}
        assert all(isinstance(text, str) and text for text in field.values())
    return problem


WRONG: tuple[tuple[str, str, dict[str, Any], int, str], ...] = (
    ("GET", "/api/v1/nothing", {}, 404, "not-found"),
    ("GET", "/api/v1/openapi.yaml", {}, 404, "not-found"),
    ("GET", "/api/v2/petitions", {}, 404, "not-found"),
    ("GET", "/api/v1/petitions/nobodys", {}, 404, "petition-not-found"),
    ("GET", "/api/v1/petitions/%00", {}, 404, "petition-not-found"),
    ("GET", "/api/v1/petitions/%ff", {}, 404, "petition-not-found"),
    ("GET", "/api/v1/petitions/nobodys/counts", {}, 404, "petition-not-found"),
    ("GET", "/api/v1/petitions/nobodys/counts/stream", {}, 404, "petition-not-found"),
    ("GET", "/api/v1/petitions/nobodys/timeline", {}, 404, "petition-not-found"),
    ("GET", "/api/v1/petitions/nobodys/signatories", {}, 404, "petition-not-found"),
    ("POST", "/api/v1/petitions/nobodys/signatures", {"json": {}}, 404, "petition-not-found"),
    ("GET", f"{API}/signatories?category=nobodys", {}, 404, "not-found"),
    ("GET", f"{API}/signatories?category=%00", {}, 404, "not-found"),
    ("GET", f"{API}/signatories?limit=many", {}, 400, "bad-request"),
    ("GET", f"{API}/signatories?limit=1.5", {}, 400, "bad-request"),
    ("DELETE", "/api/v1/petitions", {}, 405, "method-not-allowed"),
    ("PUT", API, {}, 405, "method-not-allowed"),
    ("POST", f"{API}/counts", {}, 405, "method-not-allowed"),
    ("GET", f"{API}/signatures", {}, 405, "method-not-allowed"),
    ("POST", f"{API}/signatures", {"json": {}}, 422, "invalid"),
    ("POST", f"{API}/signatures", {"content": b"{", "headers": JSON}, 400, "bad-request"),
    ("POST", f"{API}/signatures", {"content": b"a" * 70_000, "headers": JSON}, 413, "too-large"),
    ("POST", f"{API}/signatures", {"data": {"full_name": "x"}}, 415, "unsupported-media-type"),
)


async def test_every_address_of_the_api_tells_what_is_wrong_in_one_shape(house: House) -> None:
    for method, path, sent, status, code in WRONG:
        answer = await house.http.request(method, path, **sent)
        problem = read_problem(answer, status, code)
        if status == 405:
            assert "allow" in answer.headers
        if code == "bad-request":
            assert "many" not in problem["detail"]


async def test_the_same_fault_is_a_page_where_people_look(house: House) -> None:
    for path, status, code in (
        ("/en/nothing/here", 404, "not-found"),
        ("/en/petitions/nobodys", 404, "petition-not-found"),
        ("/en/petitions/%ff%00", 404, "petition-not-found"),
        (f"/en/petitions/{SLUG}/signatories?category=nobodys", 404, "not-found"),
        (f"/en/petitions/{SLUG}/versions/2", 404, "not-found"),
        (f"/en/petitions/{SLUG}/versions/0", 404, "not-found"),
        (f"/en/petitions/{SLUG}/versions/99999999999999999999999", 404, "not-found"),
        (f"/en/petitions/{SLUG}/versions/one", 404, "not-found"),
        ("/en/" + "a" * 5000, 404, "not-found"),
    ):
        for language in ("en", "ar"):
            page = await house.http.get(path.replace("/en/", f"/{language}/"))
            say = CATALOGUES[language]
            assert (path, page.status_code) == (path, status)
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert f'<html lang="{language}" dir="{say.direction}">' in page.text
            assert say(f"error-title.{code}") in page.text
            assert say(f"error.{code}") in page.text
            assert page.headers["cache-control"] == "no-store"


async def test_a_reader_of_no_known_address_is_answered_in_their_language(house: House) -> None:
    for accept, language in (("en-GB,en;q=0.9,ar;q=0.1", "en"), ("ar-SY", "ar"), ("fr", "ar"), ("", "ar")):
        page = await house.http.get("/fr/petitions/x", headers={"accept-language": accept})
        assert page.status_code == 404
        assert f'<html lang="{language}"' in page.text


async def test_an_api_problem_is_worded_in_the_language_asked_for(house: House) -> None:
    for accept, language in (("ar", "ar"), ("en", "en"), ("fr", "en"), ("", "en")):
        answer = await house.http.get("/api/v1/petitions/nobodys", headers={"accept-language": accept})
        assert answer.json()["title"] == CATALOGUES[language]("error-title.petition-not-found")


async def test_an_error_page_leads_back_to_its_petition(house: House) -> None:
    await house.apply(petition_text(status="closed"))
    page = await house.sign(LAYLA, lang="en")
    assert page.status_code == 409
    assert f'href="/en/petitions/{SLUG}"' in page.text


@pytest.mark.parametrize("path", ["/en/petitions/{slug}/versions/1", "/api/v1/petitions/{slug}/timeline"])
async def test_a_failure_of_ours_tells_nothing_of_itself(
    house: House, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The database object itself is broken here, in a way that nobody foresaw."""
    secret = "somebody's name"

    def broken() -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr(type(house.parts.database), "read", lambda _: broken())
    answer = await house.http.get(path.format(slug=SLUG), headers={"accept-language": "en"})
    assert answer.status_code == 500
    assert CATALOGUES["en"]("error-title.internal") in answer.text
    assert secret not in answer.text
    assert secret not in caplog.text
    assert "RuntimeError" in caplog.text
    if path.startswith("/api"):
        read_problem(answer, 500, "internal")


async def test_a_page_asked_for_in_the_wrong_way(house: House) -> None:
    for method, path in (("POST", f"/en/petitions/{SLUG}"), ("DELETE", "/en"), ("PUT", f"/en/petitions/{SLUG}/count")):
        page = await house.http.request(method, path)
        assert page.status_code == 405
        assert "GET" in page.headers["allow"]
        assert CATALOGUES["en"]("error-title.method-not-allowed") in page.text
