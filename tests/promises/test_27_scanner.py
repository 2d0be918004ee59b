"""Promise 27: a scanner cannot sign.

"Every URL in the mail five times with GET, HEAD, OPTIONS; every form as it finds it. F: 0 confirmed, 0 withdrawn":
on a pending and on a confirmed signature, and on a second link for an address that counts. Forms are submitted with
each of their buttons and with none, and so are the forms on the pages that come back, three deep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import text

from tests.house import House, Mail
from tests.people import KARIM, LAYLA, OMAR, SALMA, Person
from tests.promises.markup import Page

TIMES = 5
DEPTH = 3
URL = re.compile(r"https?://[^\s\"'<>]+")


class Scanner:
    """A mail filter that tries whatever it can find. `ticks`: one that ticks boxes too, as only a person should."""

    def __init__(self, http: httpx.AsyncClient, *, ticks: bool = False) -> None:
        self._http = http
        self._ticks = ticks
        self._done: dict[tuple[Any, ...], int] = {}
        self.asked = 0
        self.submitted: set[str] = set()

    async def scan(self, mail: Mail) -> None:
        urls = {*URL.findall(mail.text), *URL.findall(mail.html)}
        assert len(urls) == 1
        for url in urls:
            for method in ("GET", "HEAD", "OPTIONS"):
                for _ in range(TIMES):
                    answer = await self._http.request(method, url)
                    self.asked += 1
                    assert answer.status_code < 500
            await self.read(await self._http.get(url))

    async def read(self, answer: httpx.Response, depth: int = DEPTH) -> None:
        """Every form on the page, and every link that holds the token."""
        assert answer.status_code in (200, 303, 404, 409, 422), answer.text
        if answer.status_code == 303:
            answer = await self._http.get(answer.headers["location"])
        if not depth:
            return
        page = Page(answer.text)
        await self._follow(page.links, depth)
        for form in page.forms:
            for action, fields in form.submissions(ticked=self._ticks):
                await self._submit(form.method, action, fields, depth)

    def _is_new(self, depth: int, *what: Any) -> bool:
        """Or was only seen further down, where its own page was not read to the end."""
        new = self._done.get(what, 0) < depth
        self._done[what] = max(depth, self._done.get(what, 0))
        return new

    async def _follow(self, links: Iterable[str], depth: int) -> None:
        for link in links:
            if "/signature/" in link and self._is_new(depth, "GET", link):
                assert urlsplit(link).netloc in ("", self._http.base_url.host)
                await self.read(await self._http.get(link), depth - 1)

    async def _submit(self, method: str, action: str, fields: dict[str, str], depth: int) -> None:
        if not self._is_new(depth, method, action, *sorted(fields.items())):
            return
        self.asked += 1
        self.submitted.add(action.rpartition("/")[2])
        if method == "get":
            await self.read(await self._http.get(action, params=fields), depth - 1)
        else:
            await self.read(await self._http.post(action, data=fields), depth - 1)


async def as_it_lies(house: House) -> list[tuple[Any, ...]]:
    """Every row that a signatory's act could change."""
    async with house.parts.database.read() as connection:
        rows = [list(await connection.execute(text(f"SELECT * FROM {name}"))) for name in TABLES]
    return sorted((name, *map(str, row)) for name, found in zip(TABLES, rows, strict=True) for row in found)


TABLES = ("signatures", "ledger_waiting", "ledger_entries", "tallies")


async def last_mail(house: House, who: Person) -> Mail:
    """Of those to this person, the one whose link is not known yet."""
    known = {mail.link for mail in house.mails()}
    assert (await house.sign(who)).status_code == 303
    await house.deliver()
    (mail,) = [mail for mail in house.mails(to=who.email) if mail.link not in known]
    return mail


async def test_a_scanner_neither_confirms_nor_withdraws(house: House) -> None:
    pending = await last_mail(house, LAYLA)
    confirmed = await last_mail(house, OMAR)
    await house.post(confirmed.link, "confirm", agree="yes")
    again = await last_mail(house, OMAR)
    hidden = await last_mail(house, SALMA)
    await house.post(hidden.link, "confirm", agree="yes")
    gone = await last_mail(house, KARIM)
    await house.post(gone.link, "confirm", agree="yes")
    await house.post(gone.link, "withdraw")
    await house.fold()
    before, counts = await as_it_lies(house), await house.counts()

    tried: set[str] = set()
    for mail in (pending, confirmed, again, hidden, gone):
        scanner = Scanner(house.http)
        await scanner.scan(mail)
        assert scanner.asked > 3 * TIMES
        tried |= scanner.submitted
    assert tried == {"confirm", "deny", "visibility", "withdraw", "erase"}, "it found every form there is"
    await house.fold()
    assert await as_it_lies(house) == before
    after = await house.counts()
    assert (after["total"], after["removed"]) == (counts["total"], counts["removed"]) == (2, counts["removed"])

    # The person comes after the scanner.
    assert (await house.post(pending.link, "confirm", agree="yes")).status_code == 303
    await house.fold()
    assert (await house.counts())["total"] == 3


@pytest.mark.parametrize("first", [None, "confirm"])
async def test_whoever_ticks_the_boxes_is_believed(house: House, first: str | None) -> None:
    """So the scanner above does find its way, and only the boxes stop it."""
    mail = await last_mail(house, LAYLA)
    if first:
        assert (await house.post(mail.link, first, agree="yes")).status_code == 303
    await Scanner(house.http, ticks=True).scan(mail)
    assert (await house.only_signature()).state == "withdrawn"
