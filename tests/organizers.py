"""Organizers in the tests: an account with its authenticator, and a browser that signs in with them."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import httpx

from petition import keyfiles
from petition.actions import organizers
from petition.actions.organizers import Secrets
from petition.domain import passwords
from petition.domain.actors import Grant
from tests.house import House
from tests.promises.markup import Page

PASSWORD = "seven grey herons over water"


@dataclass
class Account:
    id: bytes
    address: str
    totp: bytes
    codes: tuple[str, ...]
    password: str = PASSWORD


async def account(house: House, address: str, *grants: Grant, with_keys: bool = True) -> Account:
    """Set up, with the keys of the petitions that its roles are on."""
    keys, today = house.parts.keys, house.clock.now.date()
    async with house.parts.database.write() as tx:
        invited = await organizers.invite(tx, address, grants, language="en", by=None, keys=keys, today=today)
        assert invited.setup is not None
        if with_keys:
            found = await organizers.all_petitions(tx)
            opened = {
                petition_id: keyfiles.recovery_key(house.settings, slug, public)
                for slug, (petition_id, public) in found.items()
                if any(g.petition_id in (None, petition_id) for g in grants)
            }
            shares = {petition_id: key for petition_id, key in opened.items() if key}
            await organizers.share(tx, invited, shares, by=None, today=today)
        salt, totp = secrets.token_bytes(16), organizers.setup_totp(invited.setup)
        chosen = Secrets(passwords.root(PASSWORD, salt), salt, totp)
        _, codes = await organizers.set_up(tx, invited.setup, chosen, keys=keys, today=today)
    return Account(invited.id, address, totp, codes)


class Browser:
    """One browser at the console: follows pages, fills in their forms as they are, sends them."""

    def __init__(self, house: House, lang: str = "en") -> None:
        self.house, self.lang = house, lang
        self.http = house.client()
        self.at = f"/organizer/{lang}"
        self.page = httpx.Response(204)

    async def get(self, path: str = "") -> httpx.Response:
        """A page; `path` after /organizer/{lang}, or whole."""
        self.page = await self.http.get(path if path.startswith("/") and "organizer" in path else self.at + path)
        return self.page

    async def follow(self) -> httpx.Response:
        while self.page.is_redirect:
            self.page = await self.http.get(self.page.headers["location"])
        return self.page

    async def send(self, action: str, **typed: str) -> httpx.Response:
        """The form on this page whose address ends with `action`, with what is typed over what stands in it."""
        forms = [form for form in Page(self.page.text).forms if form.action.endswith(action)]
        assert forms, f"no form to {action} on {self.page.url} ({self.page.status_code})"
        came = {"referer": str(self.page.url)}
        self.page = await self.http.post(forms[0].action, data={**dict(forms[0].fields), **typed}, headers=came)
        return self.page

    async def sign_in(self, who: Account, *, code: str | None = None) -> httpx.Response:
        """Up to the page after the second factor. Waits for the authenticator's next code, as a person would."""
        await self.get("/sign-in")
        await self.send("/sign-in", address=who.address, password=who.password)
        assert self.page.status_code == 200
        await self.send("/code", code=code or self.code(who))
        return await self.follow()

    def code(self, who: Account) -> str:
        self.house.clock.pass_(seconds=passwords.STEP_SECONDS)
        return passwords.totp_code(who.totp, self.house.clock.now)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", self.page.text))

    @property
    def cookie(self) -> str | None:
        return self.http.cookies.get("organizer")


def query(response: httpx.Response) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))
