"""Every kind of answer that there is, errors, static files and acts included: for what must hold of all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import httpx
from sqlalchemy import text

from petition.actions.limits import SIGN
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.people import KARIM, LAYLA, OMAR, SALMA

TOKEN = "A" * 43
STATUSES = {200, 202, 302, 303, 304, 400, 404, 405, 409, 413, 415, 422, 429}


class Walk:
    """`await Walk(house).everywhere()`; then `answers`. The house must have its limits on."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.answers: list[httpx.Response] = []

    async def ask(self, method: str, path: str, *, at: str = "127.0.0.1", **more: Any) -> httpx.Response:
        async with self._house.client(at) as http:
            self.answers.append(await http.request(method, path, **more))
        return self.answers[-1]

    async def everywhere(self) -> None:
        await self._house.apply(petition_text(statement={"en": "A newer text.", "ar": "نصّ أحدث."}))
        await self._house.apply(petition_text(slug="closed-already", status="closed"))
        links = await self._links()
        for path in self._public():
            for method in ("GET", "HEAD", "OPTIONS", "DELETE", "BREW"):
                await self.ask(method, path)
        for link in links:
            await self._link(link)
        await self._posts()
        await self._console()
        await self._oddities()
        # A stream would not end; once the hub is told to close it sends its head and does.
        self._house.parts.hub.close()
        await self.ask("GET", f"/api/v1/petitions/{SLUG}/counts/stream")

    async def _links(self) -> list[str]:
        """Pending, confirmed, again, withdrawn, erased."""
        house = self._house
        pending, confirmed = await house.signed(KARIM), await house.confirmed(OMAR)
        withdrawn, erased = await house.confirmed(SALMA), await house.confirmed(LAYLA)
        self.answers.append(await house.post(withdrawn, "withdraw"))
        self.answers.append(await house.post(erased, "erase"))
        return [pending, confirmed, await house.signed(OMAR), withdrawn, erased]

    def _public(self) -> list[str]:
        own = f"/petitions/{SLUG}"
        shown = ("check-your-mail", "signatories", "count", "versions/1", "qr.svg", "recount", "embed")
        listed = ("counts", "timeline", "signatories", "signatories.csv", "signatories.json", "press")
        ledger = ("checkpoint", "witnessed", "key", "tile/0/000", "tile/entries/000")
        pages = ["", own, *(f"{own}/{rest}" for rest in shown)]
        api = ["", f"/{SLUG}", *(f"/{SLUG}/{rest}" for rest in listed)]
        return [
            *("/", f"/p/{SLUG}", "/robots.txt", "/healthz", "/readyz", "/metrics", "/api/v1", "/api/v1/openapi.json"),
            *(f"/{lang}{page}" for lang in ("ar", "en") for page in pages),
            *(f"/api/v1/petitions{rest}" for rest in api),
            *(f"{own}/badge.svg", "/petitions/nowhere/badge.svg", "/oembed", "/oembed?url=x"),
            f"/oembed?url={self._house.settings.base_url}/en{own}",
            *(f"/ledger/{slug}/{file}" for slug in (SLUG, "nowhere") for file in ledger),
            *self._house.parts.pages.static,
            *("/nowhere", "/en/nowhere", "/en/petitions/nowhere", "/api/v1/petitions/nowhere", "/api/nowhere"),
            *("/static/0/style.css", f"/en{own}/versions/9", f"/en{own}/signatories?category=none", f"/fr{own}"),
        ]

    async def _link(self, link: str) -> None:
        for method in ("GET", "HEAD", "OPTIONS", "PUT"):
            await self.ask(method, link)
        await self.ask("GET", f"{link}/receipt")
        for act in ("confirm", "deny", "visibility", "withdraw", "erase"):
            await self.ask("GET", f"{link}/{act}")
            for fields in ({}, {"step": "1"}, {"step": "2"}):
                if fields or act in ("confirm", "visibility"):
                    await self.ask("POST", f"{link}/{act}", data=fields)
        await self.ask("POST", f"{link}/visibility", data={"visibility": "initials"})

    async def _posts(self) -> None:
        for slug in (SLUG, "closed-already", "nowhere"):
            form, api = f"/en/petitions/{slug}/signatures", f"/api/v1/petitions/{slug}/signatures"
            for fields in (LAYLA.fields(), LAYLA.fields(email="x"), {}):
                await self.ask("POST", form, data=fields)
                await self.ask("POST", api, json=fields)
            for kind, body in (("text/xml", b"<x/>"), ("application/json", b"{"), ("text/plain", b"a" * 100_000)):
                for path in (form, api):
                    await self.ask("POST", path, content=body, headers={"Content-Type": kind})
        for act in ("confirm", "deny", "visibility", "withdraw", "erase"):
            await self.ask("POST", f"/en/signature/{TOKEN}/{act}", data={"agree": "yes", "visibility": "name"})

    async def _console(self) -> None:
        """Every door of the console, from outside: with nothing, with a form, with a wrong token of each kind."""
        filled = {"language": "en", "slug": SLUG, "text": TOKEN}
        paths = {route.path for route in self._house.app.routes if route.path.startswith("/organizer")}
        for template in sorted(paths):
            path = re.sub(r"\{(\w+):\w+\}", lambda name: filled.get(name[1], "ab" * 16), template)
            for method in ("GET", "HEAD", "OPTIONS"):
                await self.ask(method, path)
            await self.ask("POST", path, data={"address": LAYLA.email, "password": "not a password of anybody"})
            await self.ask("POST", path, data={}, headers={"Cookie": f"organizer={TOKEN}"})
            await self.ask("POST", path, headers={"Sec-Fetch-Site": "cross-site"})

    async def _oddities(self) -> None:
        await self.ask("GET", f"/en/signature/{TOKEN}")
        await self.ask("GET", "/en/signature/cut-short")
        await self.ask("GET", "/metrics", at="203.0.113.7")
        page = await self.ask("GET", f"/en/petitions/{SLUG}")
        await self.ask("GET", f"/en/petitions/{SLUG}", headers={"If-None-Match": page.headers["etag"]})
        for _ in range(int(SIGN.burst)):
            self._house.parts.limiter.take("sign", SIGN, "198.51.100.1", now=self._house.clock.monotonic())
        for path in (f"/en/petitions/{SLUG}/signatures", f"/api/v1/petitions/{SLUG}/signatures"):
            await self.ask("POST", path, at="198.51.100.1", json={})
            await self.ask("POST", path, at="198.51.100.1", data={})

    async def when_all_is_broken(self) -> None:
        """The table of signatures is gone: weather on SQLite, 503; on PostgreSQL our own fault, 500."""
        async with self._house.parts.database.write() as tx:
            await tx.execute(text("ALTER TABLE signatures RENAME TO gone"))
        for path in (f"/en/petitions/{SLUG}/signatories", f"/api/v1/petitions/{SLUG}/signatories"):
            await self.ask("GET", path)
        await self.ask("GET", f"/en/signature/{TOKEN}")
        await self.ask("POST", f"/en/petitions/{SLUG}/signatures", data=LAYLA.fields())
        await self.ask("POST", f"/api/v1/petitions/{SLUG}/signatures", json=LAYLA.fields())

    def routes_not_seen(self) -> list[str]:
        """So that a new door is walked through too."""
        seen = {answer.request.url.path for answer in self.answers}
        templates = [route.path for route in self._house.app.routes]
        return [template for template in templates if not _any_matches(template, sorted(seen))]


def _any_matches(template: str, paths: Sequence[str]) -> bool:
    shape = re.sub(r"\\{[^}]*:path\\}", ".+", re.escape(template.rstrip("/") or "/"))
    shape = re.sub(r"\\{[^}]*\\}", "[^/]+", shape)
    return any(re.fullmatch(shape, path) for path in paths)
