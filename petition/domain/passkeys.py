"""Passkeys (WebAuthn) as a second factor: what a browser is asked, and whether its answer holds. Pure.

    session's token ──expand(purpose, proofs so far, five minutes)──→ challenge

So no challenge waits stored: it is good in this session alone, for five to ten minutes, and until something was
proved with it. The library is an extra: where it is not installed, there is no site, and nothing is offered.
"""

from __future__ import annotations

import ipaddress
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from petition.domain.tokens import expand
from petition.errors import FieldRefused

try:
    import webauthn as library
except ImportError:
    webauthn: Any = None
else:
    webauthn = library

AT_MOST, NAME_LONGEST = 10, 60
GOOD_FOR, WAITED_FOR = 300, 120
ADD, SHOW = "add", "show"
# ES256, EdDSA, RS256: what authenticators have.
KINDS = (-7, -8, -257)
DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Site:
    """`name` is the host that passkeys are bound to, `origin` is where the browser must have been."""

    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer has to fit. The first challenge is the one to ask with."""

    site: Site
    challenges: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class New:
    """A passkey as its authenticator made it."""

    credential: bytes
    public_key: bytes
    sign_count: int


def site_of(base_url: str) -> Site | None:
    """None without the library, and where browsers refuse: at a bare network address, or unencrypted."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if webauthn is None or _is_address(host) or not (parts.scheme == "https" or host == "localhost"):
        return None
    port = "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return Site(host, f"{parts.scheme}://{host}{port}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def asked(site: Site, token: bytes, purpose: str, proofs: int, now: datetime) -> Asked:
    """`proofs`: how many this session has seen; each makes the earlier challenges worthless."""
    here = int(now.timestamp()) // GOOD_FOR
    purposes = (f"petition/passkey/{purpose}/{proofs}/{step}" for step in (here, here - 1))
    return Asked(site, tuple(expand(token, text) for text in purposes))


def to_add(asked: Asked, organizer_id: bytes, address: str, known: Iterable[bytes]) -> str:
    """For `navigator.credentials.create`, as JSON; bytes in base64url."""
    return _written(
        rp={"id": asked.site.name, "name": asked.site.name},
        user={"id": _b64(organizer_id), "name": address, "displayName": address},
        challenge=_b64(asked.challenges[0]),
        pubKeyCredParams=[{"type": "public-key", "alg": kind} for kind in KINDS],
        excludeCredentials=_described(known),
        # The password says who it is: the key need not. A phone that lies open asks for a finger where it can.
        authenticatorSelection={"residentKey": "discouraged", "userVerification": "preferred"},
        attestation="none",
    )


def to_show(asked: Asked, known: Iterable[bytes]) -> str:
    """For `navigator.credentials.get`, as JSON; empty where there is no passkey."""
    allowed = _described(known)
    if not allowed:
        return ""
    return _written(
        rpId=asked.site.name,
        challenge=_b64(asked.challenges[0]),
        allowCredentials=allowed,
        userVerification="preferred",
    )


def _written(**options: Any) -> str:
    return json.dumps({**options, "timeout": WAITED_FOR * 1000}, ensure_ascii=False)


def _described(known: Iterable[bytes]) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": _b64(credential)} for credential in known]


def _b64(plain: bytes) -> str:
    return urlsafe_b64encode(plain).rstrip(b"=").decode()


def added(answer: str, asked: Asked) -> New:
    """`FieldRefused` unless a passkey was just made for this site and this question."""
    for challenge in asked.challenges:
        try:
            made = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=asked.site.name,
                expected_origin=asked.site.origin,
            )
        except Exception:  # noqa: S112  # its parsers let through whatever they stumble over
            continue
        return New(made.credential_id, made.credential_public_key, made.sign_count)
    raise FieldRefused("passkey-wrong")


def credential_of(answer: str) -> bytes:
    """Which passkey claims to have answered."""
    try:
        return bytes(webauthn.helpers.parse_authentication_credential_json(answer).raw_id)
    except Exception:
        raise FieldRefused("passkey-wrong") from None


def shown(answer: str, asked: Asked, public_key: bytes, sign_count: int) -> int:
    """The passkey's new count; `FieldRefused` unless it answered this question, and later than it did before.

    A count that goes back belongs to a copy. One that stays nought belongs to a passkey that does not count.
    """
    for challenge in asked.challenges:
        try:
            found = webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=asked.site.name,
                expected_origin=asked.site.origin,
                credential_public_key=public_key,
                credential_current_sign_count=0,
            )
        except Exception:  # noqa: S112  # as above
            continue
        count = int(found.new_sign_count)
        if (count or sign_count) and count <= sign_count:
            raise FieldRefused("passkey-behind")
        return count
    raise FieldRefused("passkey-wrong")
