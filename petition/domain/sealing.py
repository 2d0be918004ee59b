"""Sealing: who can read what (contract, section 8). Crypto by library; random bytes by the caller where we choose them.

    record ──HPKE (RFC 9180), petition's public key──→ sealed record   organizers, recovery key
    record ──AEAD, key from the token───────────────→ own copy         whoever holds the link
    mail   ──AEAD, key from the server's secret─────→ outbox payload   the worker, until handed over

Plaintexts are padded to whole blocks of 256 bytes, so that a length betrays no name.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from functools import lru_cache
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
SUITE_NAME = "HPKE DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305 (RFC 9180)"
RECOVERY_HEADING = "petition recovery key, version 1"
BLOCK = 256
NONCE_BYTES = 12
KEY_BYTES = 32

# A petition's private keys: the present one, then those before it while records are still sealed to them.
Ring = tuple[bytes, ...]

_RECOVERY_FIELD = re.compile(r"\b(private|public) key:\s*(\S+)")
_CANONICAL = msgspec.json.Encoder(order="sorted")
_read = msgspec.json.Decoder().decode


class Unreadable(ValueError):
    """A sealed value does not open under this key: another key, or bytes that were changed."""


def canonical(value: Any) -> bytes:
    """Canonical JSON: keys sorted, no spaces, UTF-8 (contract, section 7). Of fractions nothing is said there."""
    return _CANONICAL.encode(value)


def padded(plain: bytes) -> bytes:
    """JSON ignores trailing spaces, so padding needs no framing."""
    return plain.ljust(-(-len(plain) // BLOCK) * BLOCK)


def bind(secret: bytes, record: bytes) -> bytes:
    """SHA-256 of a 32-byte secret followed by the canonical record: shows later that a record was never swapped."""
    return hashlib.sha256(secret + record).digest()


def new_pair() -> tuple[bytes, bytes]:
    """A petition's (private, public) X25519 key, 32 raw bytes each."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def about_record(petition_id: bytes) -> bytes:
    return b"petition/record/1/" + petition_id


def seal_record(
    record: bytes, secret: bytes, public_key: bytes, petition_id: bytes, *, link: bytes | None = None
) -> bytes:
    """The canonical record and its bind secret, for organizers alone.

    `link`: the token of somebody who did not sign here and has no mail with it yet, so that one can be sent later.
    """
    kept = b',"link":"' + b64encode(link) + b'"' if link else b""
    plain = b'{"record":' + record + b',"secret":"' + b64encode(secret) + b'"' + kept + b"}"
    return seal_plain(padded(plain), public_key, petition_id)


def seal_plain(plain: bytes, public_key: bytes, petition_id: bytes) -> bytes:
    """What `Opener.plain` gave, for another key of the same petition."""
    return SUITE.encrypt(plain, _public(public_key), about_record(petition_id))


@lru_cache(maxsize=256)
def _public(key: bytes) -> X25519PublicKey:
    """Read once for each petition, not once for each signature."""
    return X25519PublicKey.from_public_bytes(key)


def open_record(sealed: bytes, private_key: bytes, petition_id: bytes) -> tuple[dict[str, Any], bytes]:
    """(record, bind secret); `Unreadable` under another key."""
    return Opener(private_key, petition_id).open(sealed)


class Opener:
    """Opens many records of one petition, by any key of its ring: keys are read once, the last that fitted comes first.

    Held no longer than the records are looked at.
    """

    def __init__(self, key: bytes | Ring, petition_id: bytes) -> None:
        ring = (key,) if isinstance(key, bytes) else key
        self._keys = [X25519PrivateKey.from_private_bytes(one) for one in ring]
        self._about = about_record(petition_id)

    def open(self, sealed: bytes) -> tuple[dict[str, Any], bytes]:
        """(record, bind secret); `Unreadable` under other keys."""
        value = _read(self.plain(sealed))
        return value["record"], b64decode(value["secret"])

    def record(self, sealed: bytes) -> dict[str, Any]:
        """The record alone."""
        found: dict[str, Any] = _read(self.plain(sealed))["record"]
        return found

    def linked(self, sealed: bytes) -> tuple[dict[str, Any], bytes | None]:
        """The record, and the token that was kept with it, if one was."""
        value = _read(self.plain(sealed))
        return value["record"], b64decode(value["link"]) if "link" in value else None

    def plain(self, sealed: bytes) -> bytes:
        for place, key in enumerate(self._keys):
            try:
                plain = SUITE.decrypt(sealed, key, self._about)
            except (InvalidTag, ValueError):
                continue
            self._keys.insert(0, self._keys.pop(place))
            return plain
        raise Unreadable("these keys do not open this record")

    def opens(self, sealed: bytes) -> bool:
        try:
            self.plain(sealed)
        except Unreadable:
            return False
        return True


def seal_ring(ring: Ring, public_key: bytes, petition_id: bytes) -> bytes:
    """A petition's earlier private keys, for whoever has its present one."""
    return SUITE.encrypt(b"".join(ring), _public(public_key), _about_ring(petition_id))


def open_ring(sealed: bytes, private_key: bytes, petition_id: bytes) -> Ring:
    """`Unreadable` under another key than the present one."""
    try:
        keys = SUITE.decrypt(sealed, X25519PrivateKey.from_private_bytes(private_key), _about_ring(petition_id))
    except (InvalidTag, ValueError) as wrong:
        raise Unreadable("this key does not open these") from wrong
    return tuple(keys[at : at + KEY_BYTES] for at in range(0, len(keys), KEY_BYTES))


def ring_of(private_key: bytes, earlier: bytes | None, petition_id: bytes) -> Ring:
    """The present key with those that `seal_ring` sealed to it, if any; `Unreadable` if they do not belong together."""
    return (private_key, *(open_ring(earlier, private_key, petition_id) if earlier else ()))


def _about_ring(petition_id: bytes) -> bytes:
    return b"petition/earlier keys/1/" + petition_id


def share_key(private_key: bytes, public_key: bytes, petition_id: bytes, organizer_id: bytes) -> bytes:
    """A petition's private key, for one organizer's own key alone (HPKE)."""
    return SUITE.encrypt(
        private_key, X25519PublicKey.from_public_bytes(public_key), _about_share(petition_id, organizer_id)
    )


def open_share(sealed: bytes, own_key: bytes, petition_id: bytes, organizer_id: bytes) -> bytes:
    """The petition's private key; `Unreadable` under another's key."""
    try:
        return SUITE.decrypt(
            sealed, X25519PrivateKey.from_private_bytes(own_key), _about_share(petition_id, organizer_id)
        )
    except (InvalidTag, ValueError) as wrong:
        raise Unreadable("this key does not open this share") from wrong


def wrap_own(private_key: bytes, key: bytes, nonce: bytes, about: bytes) -> bytes:
    """An organizer's own private key under another key: the password's, the set-up link's, a session's."""
    return seal(private_key, key, nonce, about)


def open_own(wrapped: bytes, key: bytes, about: bytes) -> bytes:
    return unseal(wrapped, key, about)[:KEY_BYTES]


def _about_share(petition_id: bytes, organizer_id: bytes) -> bytes:
    return b"petition/share/1/" + petition_id + organizer_id


def public_half(private_key: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def seal(plain: bytes, key: bytes, nonce: bytes, about: bytes) -> bytes:
    """ChaCha20-Poly1305 (RFC 8439) under a 32-byte `key`, `about` authenticated with it; the nonce leads the result."""
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, padded(plain), about)


def unseal(sealed: bytes, key: bytes, about: bytes) -> bytes:
    try:
        return ChaCha20Poly1305(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
    except (InvalidTag, ValueError) as wrong:
        raise Unreadable("this key does not open this") from wrong


def seal_part(part: bytes, key: bytes, export_id: bytes, number: int) -> bytes:
    """A piece of a list that was taken out, under a key of that list alone. Its length is kept: it may be no text."""
    framed = len(part).to_bytes(4, "big") + part
    return seal(framed, key, number.to_bytes(NONCE_BYTES, "big"), b"petition/export/1/" + export_id)


def open_part(sealed: bytes, key: bytes, export_id: bytes, number: int) -> bytes:
    framed = unseal(sealed, key, b"petition/export/1/" + export_id)
    if sealed[:NONCE_BYTES] != number.to_bytes(NONCE_BYTES, "big"):
        raise Unreadable("this is another part")
    return framed[4 : 4 + int.from_bytes(framed[:4], "big")]


def seal_staged(part: bytes, key: bytes, nonce: bytes, about: bytes) -> bytes:
    """A piece of a list that was sent in, under a key of that list alone; `about`: of which, and which piece."""
    return seal(len(part).to_bytes(4, "big") + part, key, nonce, b"petition/staging/1/" + about)


def open_staged(sealed: bytes, key: bytes, about: bytes) -> bytes:
    framed = unseal(sealed, key, b"petition/staging/1/" + about)
    return framed[4 : 4 + int.from_bytes(framed[:4], "big")]


def recovery_file(slug: str, private_key: bytes, public_key: bytes) -> str:
    """The recovery key as a text that a person can print and keep."""
    return (
        f"{RECOVERY_HEADING}\n"
        f"petition: {slug}\n"
        f"public key: {b64encode(public_key).decode()}\n"
        f"private key: {b64encode(private_key).decode()}\n"
        f"sealing: {SUITE_NAME}\n\n"
        "Whoever holds this file can read the name and mail address of everyone who signed.\n"
        "Without it, and without an organizer's password, nobody can.\n"
        "Print it or move it to a medium that you keep offline, then delete it here.\n"
    )


def read_recovery_file(text: str) -> bytes:
    """The private key in a recovery file's text; `Unreadable` if it is none, or one that was damaged.

    Lines and spaces do not matter: it may have come through a clipboard or off a page of paper.
    """
    fields = dict(_RECOVERY_FIELD.findall(text))
    try:
        private, public = (b64decode(fields[name], validate=True) for name in ("private", "public"))
        whole = public_half(private) == public
    except (KeyError, ValueError):
        whole = False
    if not whole or RECOVERY_HEADING not in text:
        raise Unreadable("this is not a recovery key")
    return private
