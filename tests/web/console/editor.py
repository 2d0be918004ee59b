"""The petition editor in an owner's hands: its form, what is typed over it, and what is stored of it."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import select

from petition.actions import audit
from petition.db import tables
from petition.domain.actors import OWNER, Grant
from tests.factories import SLUG
from tests.house import House
from tests.organizers import Account, Browser, account
from tests.promises.markup import Page

HERE = f"/petitions/{SLUG}"


async def owner(house: House, name: str = "nour") -> tuple[Browser, Account]:
    who = await account(house, f"{name}@example.org", Grant(None, OWNER))
    browser = Browser(house)
    await browser.sign_in(who)
    return browser, who


async def save(browser: Browser, **typed: str) -> httpx.Response:
    """The form as it stands on a page just opened, with this typed over it."""
    await browser.get(f"{HERE}/edit")
    return await again(browser, **typed)


async def again(browser: Browser, **typed: str) -> httpx.Response:
    """The same on the page that stands there already."""
    return await browser.send("/edit", act="save", **{name.replace("__", "-"): text for name, text in typed.items()})


def fields(browser: Browser) -> dict[str, str]:
    form = next(form for form in Page(browser.page.text).forms if form.action.endswith("/edit"))
    return dict(form.fields)


async def stored(house: House) -> dict[str, Any]:
    answer = await house.http.get(f"/api/v1/petitions/{SLUG}")
    assert answer.status_code == 200
    whole: dict[str, Any] = answer.json()
    return whole


async def edits(house: House) -> list[Any]:
    rows = tables.table(tables.AuditEntry)
    async with house.parts.database.read() as connection:
        assert await audit.broken(connection) is None
        found = await connection.execute(select(rows).where(rows.c.verb == "petition:edit").order_by(rows.c.number))
        return list(found)


def row_of(browser: Browser, slug: str) -> str:
    """The beginning of the names of a category's fields."""
    return next(n for n, value in fields(browser).items() if n.endswith("-slug") and value == slug).removesuffix("slug")
