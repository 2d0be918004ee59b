"""What every answer carries: errors, redirects, static files and the API included."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.factories import SLUG, petition_file, petition_text
from tests.house import House
from tests.people import LAYLA
from tests.servers import Server, command

Open = Callable[..., Awaitable[House]]
PAGE, API = f"/en/petitions/{SLUG}", f"/api/v1/petitions/{SLUG}"
SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


async def answers(house: House) -> dict[str, httpx.Response]:
    """One answer of every kind that there is."""
    http = house.http
    page = (await http.get("/en")).text
    link = await house.signed(LAYLA)
    found = {
        path: await http.get(path)
        for path in (
            *("/", "/en", PAGE, f"{PAGE}/count", f"{PAGE}/signatories", f"{PAGE}/check-your-mail", f"{PAGE}/qr.svg"),
            *(f"{PAGE}/versions/1", f"/p/{SLUG}", "/robots.txt", "/healthz", "/readyz", "/metrics", "/nowhere", "/%ff"),
            *("/api/v1/petitions", API, f"{API}/counts", f"{API}/timeline", f"{API}/signatories", "/api/v1/nowhere"),
            *("/api/v1/openapi.json", link, f"/en/signature/{'A' * 43}", "/static/0/style.css"),
            *re.findall(r"/static/\w+/[\w.]+", page),
        )
    }
    etag = found[PAGE].headers["etag"]
    form = {"content-type": "application/x-www-form-urlencoded"}
    return found | {
        "304": await http.get(PAGE, headers={"if-none-match": etag}),
        "303": await http.post(f"{PAGE}/signatures", data=LAYLA.fields()),
        "202": await http.post(f"{API}/signatures", json=LAYLA.fields()),
        "400": await http.post(f"{API}/signatures", content=b"{", headers={"content-type": "application/json"}),
        "405": await http.delete(PAGE),
        "405 of the API": await http.put(API),
        "413": await http.post(f"{PAGE}/signatures", content=b"a" * 70_000, headers=form),
        "415": await http.post(f"{PAGE}/signatures", content=b"a", headers={"content-type": "text/plain"}),
        "422": await http.post(f"{PAGE}/signatures", data={}),
        "OPTIONS": await http.options(PAGE),
        "HEAD": await http.head(PAGE),
    }


async def test_every_answer_carries_the_security_headers_and_no_cookie(house: House) -> None:
    seen = set()
    for name, answer in (await answers(house)).items():
        seen.add(answer.status_code)
        assert {header: answer.headers.get(header) for header in SECURITY} == SECURITY, name
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; "), name
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "camera=()" in answer.headers["permissions-policy"]
        assert "set-cookie" not in answer.headers
        assert "server" not in answer.headers
        assert "strict-transport-security" not in answer.headers
        # Each once: two of a kind and a browser may take neither.
        names = [header.lower() for header, _ in answer.headers.raw]
        assert len(names) == len(set(names)), name
    assert seen == {200, 202, 302, 303, 304, 204, 400, 404, 405, 413, 415, 422}


async def test_the_api_may_be_read_from_any_site_and_nothing_else_may(house: House) -> None:
    for name, answer in (await answers(house)).items():
        of_the_api = name.startswith("/api/") or name in ("202", "400", "405 of the API")
        opened = answer.headers.get("access-control-allow-origin"), answer.headers["cross-origin-resource-policy"]
        assert opened == (("*", "cross-origin") if of_the_api else (None, "same-origin")), name
        # Reading alone: no other site's script is let through to sign for somebody.
        assert "access-control-allow-methods" not in answer.headers
        assert "access-control-allow-credentials" not in answer.headers


async def test_browsers_are_bound_to_https_where_it_is_spoken(open_house: Open) -> None:
    house = await open_house(base_url="https://petition.example")
    for path in ("/en", "/nowhere", "/api/v1/petitions", "/healthz"):
        assert (await house.http.get(path)).headers["strict-transport-security"].startswith("max-age=31536000")


async def test_the_policy_allows_the_inline_style_by_its_hash_alone(house: House) -> None:
    page = await house.http.get(PAGE)
    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'self' 'sha256-{digest}'" in page.headers["content-security-policy"]
    assert not re.search(r"<[^>]+\sstyle=", page.text)
    assert not re.search(r"<[^>]+\son\w+=", page.text)
    assert not re.search(r"<script(?![^>]* src=)", page.text)


async def test_pages_of_nobody_in_particular_may_be_kept_and_the_others_may_not(house: House) -> None:
    found = await answers(house)
    kept = {name for name, answer in found.items() if "public" in answer.headers.get("cache-control", "")}
    assert {"/en", PAGE, f"{PAGE}/count", f"{API}/counts", "304", "HEAD"} <= kept
    for name in (*"303 202 400 405 413 415 422 /nowhere /healthz /readyz".split(), f"{PAGE}/signatories"):
        assert found[name].headers["cache-control"] == "no-store", name


async def test_head_ends_even_where_get_would_go_on(house: House) -> None:
    answer = await asyncio.wait_for(house.http.head(f"{API}/counts/stream"), 10)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.content == b""
    assert house.parts.hub.streams == 0


async def test_head_of_a_form_changes_nothing(house: House) -> None:
    for path in (f"{PAGE}/signatures", f"{API}/signatures"):
        assert (await house.http.request("HEAD", path, content=b"full_name=x")).status_code in (303, 405)
    assert await house.signatures() == []


async def test_what_a_proxy_or_a_client_says_of_itself_is_never_repeated(house: House) -> None:
    claims: dict[str, Any] = {
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "https",
        "forwarded": "host=evil.example",
    }
    for path in ("/", f"/p/{SLUG}", PAGE, "/nowhere"):
        answer = await house.http.get(path, headers=claims)
        assert "evil.example" not in answer.text
        assert "evil.example" not in str(answer.headers)
    await house.apply(petition_text(status="closed"))
    assert "evil.example" not in (await house.http.post(f"{PAGE}/signatures", data={}, headers=claims)).text


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_over_a_real_line_a_head_leaves_it_ready_for_more(
    tmp_path: Path, server: Callable[..., Server], database_url: str
) -> None:
    command(tmp_path / "var", database_url, "apply", str(petition_file(tmp_path)))
    running = server("serve")
    with httpx.Client(base_url=running.base_url, timeout=10) as line:
        for path in (PAGE, f"{API}/counts/stream", f"{API}/counts", "/nowhere"):
            head = line.head(path)
            assert head.content == b""
            assert "server" not in head.headers
            assert head.headers["x-frame-options"] == "DENY"
            if "stream" not in path:
                got = line.get(path)
                assert head.headers["content-length"] == got.headers["content-length"]
                assert got.content
    assert running.stop() == 0


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_every_path_tells_the_same_methods_whether_asked_or_missed(house: House) -> None:
    filled = {"language": "en", "slug": SLUG, "text": "A" * 43}
    for template in sorted({route.path for route in house.app.routes}):
        path = re.sub(r"\{(\w+):\w+\}", lambda name: filled.get(name[1], "ab" * 16), template)
        told = await house.http.options(path)
        missed = await house.http.request("BREW", path)
        assert (told.status_code, missed.status_code) == (204, 405), template
        methods = told.headers["allow"].split(", ")
        assert methods == missed.headers["allow"].split(", "), template
        assert ("HEAD" in methods) == ("GET" in methods), template
    for path in (f"/organizer/en/petitions/{SLUG}/imports/{'ab' * 16}/undo", f"{PAGE}/embed"):
        methods = (await house.http.options(path)).headers["allow"]
        assert methods == ("GET, HEAD, OPTIONS, POST" if "undo" in path else "GET, HEAD, OPTIONS")
