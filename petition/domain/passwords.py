"""An organizer's password and second factor. Pure: salts, secrets and the time come in from the caller.

    password, salt ──Argon2id (RFC 9106)──→ root
                                             ├─ expand("check") → what the database compares with
                                             └─ expand("wrap")  → key of the organizer's own private key

So whoever reads the database must guess the password at the full price for either.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from base64 import b32encode
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from petition.domain.tokens import digest, expand
from petition.errors import FieldRefused

SALT_BYTES = 16
SHORTEST, LONGEST = 12, 200
# OWASP's and RFC 9106's second choice, in passes, lanes and KiB of memory: about 0.3 s of one core.
PRICE = "3,1,65536"
STEP_SECONDS, DIGITS = 30, 6
TOTP_BYTES = 20
CODES, CODE_BYTES = 10, 10


def root(password: str, salt: bytes, price: str | None = None) -> bytes:
    """32 bytes; slow on purpose: never on the event loop."""
    passes, lanes, memory = map(int, (price or PRICE).split(","))
    derived = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    return derived.derive(unicodedata.normalize("NFKC", password).encode("utf-8", "replace"))


def check_of(root: bytes) -> bytes:
    return expand(root, "petition/organizer/check/1")


def wrap_key(root: bytes) -> bytes:
    return expand(root, "petition/organizer/wrap/1")


def accepts(root: bytes, check: bytes | None) -> bool:
    return hmac.compare_digest(check_of(root), check or bytes(32))


def require_good(password: str, address: str) -> None:
    """Long, not one sign over and over, not one's own address. Nothing else: rules make people write them down."""
    plain = unicodedata.normalize("NFKC", password)
    if len(plain) < SHORTEST:
        raise FieldRefused("password-short", least=SHORTEST)
    if len(plain) > LONGEST:
        raise FieldRefused("too-long", limit=LONGEST)
    if len(set(plain)) < 5 or address.partition("@")[0].casefold() in plain.casefold():
        raise FieldRefused("password-simple")


def totp_uri(secret: bytes, address: str, site: str) -> str:
    """What an authenticator reads from the QR code (RFC 6238, SHA-1, 30 s, six digits)."""
    return _totp(secret).get_provisioning_uri(address, site)


def totp_text(secret: bytes) -> str:
    """The same to be typed, in groups of four."""
    text = b32encode(secret).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def totp_code(secret: bytes, now: datetime) -> str:
    return _totp(secret).generate(int(now.timestamp())).decode()


def totp_step(secret: bytes, typed: str, now: datetime, *, after: int) -> int | None:
    """The step whose code this is, of the current one and its neighbours, if it comes `after` the last one used.

    One step either way forgives a clock that is half a minute off; each step is accepted once (RFC 6238, 5.2).
    """
    code, here = digits(typed), int(now.timestamp()) // STEP_SECONDS
    found = None
    for step in (here - 1, here, here + 1):
        right = _totp(secret).generate(step * STEP_SECONDS).decode()
        if hmac.compare_digest(right, code) and step > after:
            found = step
    return found


def digits(typed: str) -> str:
    """Six digits of whatever script and spacing, as ASCII; anything else as it is, and so never a code."""
    bare = re.sub(r"[\s\u200e\u200f-]", "", typed)
    if len(bare) == DIGITS and bare.isdecimal():
        return "".join(str(unicodedata.digit(sign)) for sign in bare)
    return "-"


def recovery_code(drawn: bytes) -> str:
    """80 bits as four groups of four letters: kept on paper, typed once."""
    text = b32encode(drawn).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def code_digest(key: bytes, organizer_id: bytes, typed: str) -> bytes:
    """What the database holds of a recovery code; spaces, hyphens and capitals do not matter."""
    return digest(key, organizer_id, re.sub(r"[\s-]", "", typed).lower().encode("utf-8", "replace"))


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)
