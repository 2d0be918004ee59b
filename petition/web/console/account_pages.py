"""The pages of one's own account: setting it up, its codes, sessions and passkeys."""

from dataclasses import dataclass
from typing import Any

from petition.web.console.pages import EMPTY, ConsolePage, InsidePage
from petition.web.pages import FormState


@dataclass(frozen=True)
class SetUp(ConsolePage):
    """Behind a one-time link. `picture`: the authenticator's QR code as a data address; `secret`: the same as text."""

    template = "console/set_up.html"
    token: str
    address: str
    picture: str
    secret: str
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return f"/set-up/{self.token}"


@dataclass(frozen=True)
class Codes(ConsolePage):
    """Recovery codes, shown this once."""

    template = "console/codes.html"
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Seat:
    """One browser that is signed in."""

    id: str
    begun: Any
    seen: Any
    here: bool


@dataclass(frozen=True)
class OwnPasskey:
    id: str
    name: str
    added_on: Any


@dataclass(frozen=True)
class PasskeyPage(InsidePage):
    """Makes a passkey. `passkey`: what the browser is asked, as JSON."""

    template = "console/passkey.html"
    passkey: str
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return "/account"


@dataclass(frozen=True)
class AccountPage(InsidePage):
    """`offered`: passkeys can be made here."""

    template = "console/account.html"
    seats: tuple[Seat, ...]
    codes_left: int
    passkeys: tuple[OwnPasskey, ...]
    offered: bool
    said: str | None = None
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return "/account"
