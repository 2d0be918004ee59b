"""The signatory's token and what follows from it. Pure: random bytes come in from the caller.

    token (32 random bytes, in the mail's link as 43 characters)
      ├─ SHA-256 ─────────────────────────→ what the database holds of it
      │     └─ its first half ────────────→ the signature's id, which stays when the link is made anew
      ├─ expand("own copy") ──────────────→ key of the signatory's own copy
      └─ expand("receipt") = code ─ SHA-256 → `receipt` of the ledger entry

The same expansion turns the server's one secret into its keys.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import b2a_base64
from dataclasses import dataclass, field, fields

TOKEN_BYTES = 32
ID_BYTES = 16
_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")


def expand(secret: bytes, purpose: str) -> bytes:
    """32 bytes that follow from a uniformly random `secret` (HKDF-Expand with SHA-256, one block, RFC 5869 §2.3)."""
    return hmac.digest(secret, purpose.encode() + b"\x01", "sha256")


def digest(key: bytes, *parts: bytes) -> bytes:
    """Keyed digest (HMAC-SHA256) of `parts`; lengths are mixed in, so that no two lists of parts meet."""
    return hmac.digest(key, b"".join([len(p).to_bytes(4, "big") + p for p in parts]), "sha256")


def written(token: bytes) -> str:
    """The token as it stands in a link."""
    return urlsafe_b64encode(token).rstrip(b"=").decode()


def read(text: str) -> bytes | None:
    """The token in a link, or None if this cannot be one (cut short, changed, padded)."""
    if not _SHAPE.fullmatch(text):
        return None
    token = urlsafe_b64decode(text + "=")
    # The last character carries four spare bits: one token must have one spelling.
    return token if written(token) == text else None


def stored(token: bytes) -> bytes:
    """What the database holds instead of the token (SHA-256: a 256-bit random needs no slow hash)."""
    return hashlib.sha256(token).digest()


def signature_id(stored: bytes) -> bytes:
    """The id (16 bytes) of a signature that begins with this link: as good as random, and found without an index."""
    return stored[:ID_BYTES]


def own_copy_key(token: bytes) -> bytes:
    return expand(token, "petition/own copy/1")


def receipt_code(token: bytes) -> bytes:
    return expand(token, "petition/receipt/1")


def receipt(token: bytes) -> bytes:
    """SHA-256 of the receipt code: what the ledger shows (contract, section 7)."""
    return hashlib.sha256(receipt_code(token)).digest()


def b64(value: bytes) -> str:
    return b2a_base64(value, newline=False).decode()


@dataclass(frozen=True, slots=True)
class Keys:
    """What follows from the server's one secret, which lies outside the database.

    identity: "this address already counts". mailbox: mail budgets. link: signature ↔ ledger entry,
    so that the database alone does not say which entry is whose. mail: unsent mail. login: which account
    an organizer's address is; accounts: that address and the second factor; resume: a form kept over signing in.
    """

    identity: bytes = field(repr=False)
    mailbox: bytes = field(repr=False)
    link: bytes = field(repr=False)
    mail: bytes = field(repr=False)
    metrics: bytes = field(repr=False)
    login: bytes = field(repr=False)
    accounts: bytes = field(repr=False)
    resume: bytes = field(repr=False)
    check: bytes

    @classmethod
    def of(cls, secret: bytes) -> Keys:
        return cls(*(expand(secret, f"petition/{f.name}/1") for f in fields(cls)))

    def identity_of(self, petition_id: bytes, canonical: str) -> bytes:
        return digest(self.identity, petition_id, canonical.encode())

    def mailbox_of(self, mailbox: str) -> bytes:
        return digest(self.mailbox, mailbox.encode())

    def link_of(self, signature_id: bytes) -> bytes:
        return digest(self.link, signature_id)

    def login_of(self, mailbox: str) -> bytes:
        return digest(self.login, mailbox.encode())

    def metrics_token(self) -> str:
        return self.metrics.hex()
