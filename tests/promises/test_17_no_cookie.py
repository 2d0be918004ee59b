"""Promise 17: signatories need no cookie and no storage; `Referrer-Policy: same-origin`, `no-store` on token pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx

from tests.factories import SLUG
from tests.house import House
from tests.promises.walk import STATUSES, Walk

STORES = re.compile(
    r"cookie|localStorage|sessionStorage|indexedDB|\bcaches\b|serviceWorker|window\.name", re.IGNORECASE
)


def told(answer: httpx.Response) -> tuple[str, str, int]:
    return answer.request.method, str(answer.request.url), answer.status_code


async def test_no_answer_sets_a_cookie_or_passes_an_address_on(open_house: Callable[..., Any]) -> None:
    house: House = await open_house(limits="on")
    walk = Walk(house)
    await walk.everywhere()
    await walk.when_all_is_broken()
    assert walk.routes_not_seen() == []
    assert {answer.status_code for answer in walk.answers} >= STATUSES | {503 if house.parts.database.sqlite else 500}
    assert [told(answer) for answer in walk.answers if "set-cookie" in answer.headers] == []
    policies = {tuple(answer.headers.get_list("referrer-policy")) for answer in walk.answers}
    assert policies == {("same-origin",)}


async def test_whatever_hangs_on_a_token_is_kept_by_nobody(open_house: Callable[..., Any]) -> None:
    house: House = await open_house(limits="on")
    walk = Walk(house)
    await walk.everywhere()
    private = [answer for answer in walk.answers if "/signature/" in str(answer.request.url)]
    private += [answer for answer in walk.answers if answer.request.method == "POST"]
    assert len(private) > 100
    kept = [told(a) for a in private if a.status_code != 405 and a.headers.get("cache-control") != "no-store"]
    assert [answer for answer in kept if answer[0] != "OPTIONS"] == []


async def test_a_cookie_sent_all_the_same_changes_nothing(house: House) -> None:
    for path in (
        f"/en/petitions/{SLUG}",
        f"/en/petitions/{SLUG}/signatories",
        "/en",
        f"/api/v1/petitions/{SLUG}/counts",
    ):
        plain = await house.http.get(path)
        with_cookie = await house.http.get(path, headers={"Cookie": "session=0123456789abcdef; lang=ar"})
        assert (plain.headers, plain.content) == (with_cookie.headers, with_cookie.content)
        assert "cookie" not in plain.headers.get("vary", "").lower()


async def test_our_script_stores_nothing(house: House) -> None:
    scripts = {path: content for path, (content, _) in house.parts.pages.static.items() if path.endswith(".js")}
    assert scripts
    assert [path for path, content in scripts.items() if STORES.search(content.decode())] == []
