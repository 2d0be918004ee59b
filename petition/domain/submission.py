"""The fields of a signature and their rules: once, for the form, the API and every list that is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from petition.domain import identity
from petition.domain.identity import MailAddress
from petition.domain.states import VISIBILITIES
from petition.errors import FieldRefused, Invalid

FIELDS = (
    "full_name",
    "email",
    "category",
    "affiliation",
    "city",
    "country",
    "visibility",
    "consent",
    "invitation",
    "website",
    "altcha",
)
ASKED = ("affiliation", "city", "country")


@dataclass(frozen=True, slots=True)
class Rules:
    """What one petition asks: open categories by slug, and which of `ASKED` are optional or required.

    `vouched`: the category that the invitation which came along vouches for; None without a good one.
    """

    categories: frozenset[str]
    ask_for: Mapping[str, str]
    vouched: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A person's own words, checked. Empty text where nothing was given."""

    full_name: str
    email: MailAddress
    category: str
    affiliation: str
    city: str
    country: str
    visibility: str

    def record(self, petition: str, version: int, language: str, reference: str = "") -> dict[str, Any]:
        """What is sealed: the whole of what was signed, and by whom.

        `reference`: a list's own word for this person, kept where there is one: without an address it is part of who
        they are, and the list that is handed over has to say it again.
        """
        told = {"reference": reference} if reference else {}
        return {
            **told,
            "affiliation": self.affiliation,
            "category": self.category,
            "city": self.city,
            "country": self.country,
            "email": self.email.address,
            "full_name": self.full_name,
            "language": language,
            "petition": petition,
            "version": version,
        }


NO_MAIL = MailAddress("", "", "")


def check(rules: Rules, raw: Mapping[str, str], *, listed: bool = False) -> Submission:
    """The submission, or `Invalid` with every field's refusal at once. On a list an address may be missing."""
    refused: dict[str, FieldRefused] = {}

    def field(name: str, rule: Callable[[str], Any]) -> Any:
        try:
            return rule(raw.get(name, ""))
        except FieldRefused as why:
            refused[name] = why

    def asked(name: str, rule: Callable[[str], str]) -> str:
        if name not in rules.ask_for:
            return ""
        given = field(name, rule)
        if given == "" and rules.ask_for[name] == "required":
            refused[name] = FieldRefused("required")
        return given or ""

    full_name = field("full_name", identity.person_name)
    nameless = listed and not raw.get("email", "").strip()
    email = NO_MAIL if nameless else field("email", identity.mail_address)
    category = field("category", lambda text: _category(text, rules))
    affiliation = asked("affiliation", identity.line)
    city = asked("city", identity.line)
    country = asked("country", lambda text: identity.country(text) if text.strip() else "")
    visibility = field("visibility", lambda text: _one_of(text, VISIBILITIES, "visibility-unknown"))
    field("consent", _consent)
    field("website", _honeypot)
    field("invitation", lambda text: _invitation(text, rules))
    if refused:
        raise Invalid(refused)
    return Submission(full_name, email, category, affiliation, city, country, visibility)


def _one_of(text: str, known: Any, otherwise: str) -> str:
    if not text.strip():
        raise FieldRefused("required")
    if text not in known:
        raise FieldRefused(otherwise)
    return text


def _consent(text: str) -> None:
    if text != "yes":
        raise FieldRefused("consent-missing")


def _honeypot(text: str) -> None:
    """Told, not swallowed: a browser that fills the field by itself must not lose somebody's signature in silence."""
    if text.strip():
        raise FieldRefused("honeypot")


def _category(text: str, rules: Rules) -> str:
    category = _one_of(text, rules.categories, "category-unknown")
    if rules.vouched is not None and category != rules.vouched:
        raise FieldRefused("invitation-category")
    return category


def _invitation(text: str, rules: Rules) -> None:
    """Told, not dropped: whoever sends one counts on being vouched for."""
    if text.strip() and rules.vouched is None:
        raise FieldRefused("invitation-unknown")
