"""Who a person is: names, addresses and countries as typed, turned into what is kept and compared."""

from dataclasses import dataclass

from petition.errors import FieldRefused


@dataclass(frozen=True, slots=True)
class MailAddress:
    """`address` is sent to; `canonical` is one person's key; `mailbox` the stricter key for mail budgets."""

    address: str
    canonical: str
    mailbox: str


def person_name(text: str) -> str:
    """The name as it will be shown, 2–200 characters, or FieldRefused."""
    name = " ".join(text.split())
    if not name:
        raise FieldRefused("required")
    if len(name) < 2:
        raise FieldRefused("too-short")
    if len(name) > 200:
        raise FieldRefused("too-long", limit=200)
    return name


def initials(name: str) -> str:
    """At most four first letters: `Layla Haddad` is `L. H.`"""
    return " ".join(word[0].upper() + "." for word in name.split()[:4])


def sort_key(name: str) -> str:
    """Orders names of one script as their readers expect; never shown."""
    return name.casefold()


def line(text: str, limit: int = 200) -> str:
    """One line of free text (affiliation, city); empty stays empty."""
    kept = " ".join(text.split())
    if len(kept) > limit:
        raise FieldRefused("too-long", limit=limit)
    return kept


def mail_address(text: str) -> MailAddress:
    """The address to send to and the keys it is known by, or FieldRefused."""
    address = text.strip()
    if "@" not in address:
        raise FieldRefused("email-missing-at")
    return MailAddress(address, address.casefold(), address.casefold())


def country(code: str) -> str:
    """ISO 3166-1 alpha-2 in capitals, or FieldRefused."""
    if len(code) != 2:
        raise FieldRefused("country-unknown")
    return code.upper()
