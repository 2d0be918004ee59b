"""Signed statements about the ledger, as texts: keys, notes, checkpoints, receipts. Pure; C2SP's formats.

    signed-note      text ‖ blank line ‖ "— name base64(key id ‖ Ed25519 signature)" lines
    tlog-checkpoint  a note whose text is origin, size and root, a line each
    tlog-proof       an entry's index, its inclusion proof and a checkpoint, to be kept and shown

A key's name is the ledger's origin: the site's address without its scheme, and `/ledger/SLUG`.
"""

from __future__ import annotations

import binascii
import hashlib
import json
import re
from base64 import b32encode, b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from petition.domain import merkle
from petition.domain.sealing import canonical

ED25519 = b"\x01"
MOST_BYTES = 1 << 20
MOST_ENTRIES = 1 << 40  # so many no ledger has
PROOF_HEADING = "c2sp.org/tlog-proof@v1"
CUT = "this receipt is cut short or altered"
DASH = "\N{EM DASH} "
ANOTHER_KEY = "it is signed by an earlier or another key"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_SHORT = re.compile(r"(0|[1-9][0-9]{0,15})-?([A-Z2-7]{5})-?([A-Z2-7]{5})")


class Malformed(ValueError):
    """A text that is none of these, or whose signature does not hold. `str()` says why, in plain English."""


def origin(host: str, slug: str) -> str:
    """`host`: the base URL without its scheme."""
    return f"{host}/ledger/{slug}"


def new_seed() -> bytes:
    """A private Ed25519 key, 32 bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_half(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name. `str()` is its vkey line without the newline."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def read(cls, vkey: str) -> Verifier:
        """`Malformed` unless it is an Ed25519 vkey whose id fits."""
        name, _, rest = vkey.strip().partition("+")
        key_id, _, key = rest.partition("+")
        material = from_b64(key)
        if not is_name(name) or len(material) != 33 or material[:1] != ED25519:
            raise Malformed("this is not the vkey line of an Ed25519 key")
        found = cls(name, material[1:])
        if found.id.hex() != key_id:
            raise Malformed("the vkey line was altered: its key id does not fit its key")
        return found


@dataclass(frozen=True, slots=True)
class Head:
    """A tree: how many entries, and the hash over all of them."""

    size: int
    root: bytes


def text_of(origin: str, head: Head) -> str:
    return f"{origin}\n{head.size}\n{b64encode(head.root).decode()}\n"


def signature(text: str, name: str, seed: bytes) -> str:
    """One signature line over a note's text."""
    signed = Ed25519PrivateKey.from_private_bytes(seed).sign(text.encode())
    key_id = Verifier(name, public_half(seed)).id
    return f"{DASH}{name} {b64encode(key_id + signed).decode()}\n"


def sign(origin: str, head: Head, seeds: Sequence[bytes]) -> str:
    """The checkpoint of this tree, signed by each of these keys. The same tree and keys give the same bytes."""
    text = text_of(origin, head)
    return text + "\n" + "".join(signature(text, origin, seed) for seed in seeds)


def read_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """A note's text, and (name, key id ‖ signature) of each of its signature lines; nothing is verified yet."""
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or len(note) > MOST_BYTES or not _is_plain(note):
        raise Malformed("this is not a signed note")
    signatures = []
    for line in lines[:-1].split("\n"):
        name, _, rest = line.removeprefix(DASH).partition(" ")
        material = from_b64(rest)
        if not line.startswith(DASH) or not is_name(name) or len(material) < 5:
            raise Malformed("this is not a signed note: a signature line is broken")
        signatures.append((name, material))
    return text + "\n", signatures


def read_text(text: str) -> tuple[str, Head]:
    """(origin, tree) of a checkpoint's text."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise Malformed("this is not a checkpoint: origin, size and root are wanted, a line each")
    name, size, root = lines[0], lines[1], from_b64(lines[2])
    if not (size.isascii() and size.isdigit() and str(int(size[:20])) == size) or len(root) != merkle.HASH:
        raise Malformed("this is not a checkpoint: its size or its root is none")
    if int(size) > MOST_ENTRIES:
        raise Malformed("this is not a checkpoint: no ledger has so many entries")
    return name, Head(int(size), root)


def head_of(note: str) -> Head | None:
    """The tree of one's own checkpoint, not verified again; None for the empty text."""
    return read_text(read_note(note)[0])[1] if note else None


def read(note: str, verifier: Verifier) -> Head:
    """The tree of a checkpoint that `verifier` signed; `Malformed` for any other."""
    text, signatures = read_note(note)
    name, head = read_text(text)
    if name != verifier.name:
        raise Malformed(f"this is a checkpoint of {name}, not of {verifier.name}")
    verified(text, signatures, verifier)
    return head


def read_kept(note: str, keys: Sequence[Verifier]) -> tuple[Head, str]:
    """The tree of a checkpoint from before, and what of its signature cannot be checked with these keys, today's first:
    empty where one of them signed it. `Malformed` where a signature does not hold, or for another petition's.

    Keys change, and addresses do. Whose root is that of the tree's beginning fits it, whoever signed.
    """
    text, signatures = read_note(note)
    name, head = read_text(text)
    ids = {material[:4] for who, material in signatures if who == name}
    known = [key for key in keys if key.name == name and key.id in ids]
    for key in known:
        verified(text, signatures, key)
    if known:
        return head, ""
    if name.rpartition("/ledger/")[2] != keys[0].name.rpartition("/ledger/")[2]:
        raise Malformed(f"this is a checkpoint of {name}, not of {keys[0].name}")
    if not ids:
        raise Malformed(f"there is no signature by a key of {name}")
    return head, ANOTHER_KEY if name == keys[0].name else f"it is of another address: {name}"


def verified(text: str, signatures: Sequence[tuple[str, bytes]], verifier: Verifier) -> None:
    """`Malformed` unless one of the signatures is the verifier's, and all that say they are hold."""
    own = [material[4:] for name, material in signatures if name == verifier.name and material[:4] == verifier.id]
    if not own:
        raise Malformed(f"there is no signature by the key {verifier.name}+{verifier.id.hex()}")
    for signed in own:
        try:
            Ed25519PublicKey.from_public_bytes(verifier.public).verify(signed, text.encode())
        except (InvalidSignature, ValueError):
            raise Malformed("the signature does not hold: the text was altered, or the key is another's") from None


# Receipts


@dataclass(frozen=True, slots=True)
class Receipt:
    """A tlog-proof. `code` is what only its signatory has; `entry` is the ledger's line, as it is hashed."""

    code: bytes
    entry: bytes
    index: int
    proof: tuple[bytes, ...]
    checkpoint: str

    def __str__(self) -> str:
        # The entry is canonical as it stands, and stays so inside.
        extra = b'{"code":"' + b64encode(self.code) + b'","entry":' + self.entry + b"}"
        steps = "".join(f"{b64encode(step).decode()}\n" for step in self.proof)
        return f"{PROOF_HEADING}\nextra {b64encode(extra).decode()}\nindex {self.index}\n{steps}\n{self.checkpoint}"

    @classmethod
    def read(cls, text: str) -> Receipt:
        """`Malformed` for anything that `str` would not write; nothing is verified yet."""
        proof, _, checkpoint = text.partition("\n\n")
        heading, *lines = proof.split("\n")
        if heading != PROOF_HEADING or len(text) > MOST_BYTES:
            raise Malformed("this is not a receipt")
        if len(lines) < 2:
            raise Malformed(CUT)
        extra, index, steps = lines[0].removeprefix("extra "), lines[1].removeprefix("index "), lines[2:]
        try:
            read_note(checkpoint)
            told: Any = json.loads(from_b64(extra))
            read = cls(
                from_b64(told["code"]), canonical(told["entry"]), int(index), tuple(map(from_b64, steps)), checkpoint
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Malformed(CUT) from None
        if str(read) != text or len(steps) > merkle.MOST_HASHES:
            raise Malformed(CUT)
        return read

    def verify(self, verifier: Verifier) -> Head:
        """The tree that it is proved to be in; `Malformed` if code, entry, proof and checkpoint do not belong together.

        Whether the line still counts is not in a receipt: the entries after it say so.
        """
        head = read(self.checkpoint, verifier)
        self.leads_to(head)
        return head

    def leads_to(self, head: Head) -> None:
        """`Malformed` if code, entry and proof do not belong to this tree, whoever signed it."""
        entry: Any = json.loads(self.entry)
        if not isinstance(entry, dict) or entry.get("event") != "counted":
            raise Malformed("the entry in this receipt is not that of a signature")
        if entry.get("receipt") != b64encode(hashlib.sha256(self.code).digest()).decode():
            raise Malformed("the code in this receipt is not that of its entry")
        if not merkle.included(merkle.leaf(self.entry), self.index, head.size, self.proof, head.root):
            raise Malformed("the proof does not lead from the entry to the checkpoint's root")


def short_code(index: int, entry: bytes) -> str:
    """To be written down: the line's index and the first 50 bits of its `receipt`, as in `1234-K7QXM-2RTFA`.

    Anyone can make it of the public ledger: it says where to look and proves nothing about whoever carries it.
    """
    letters = b32encode(b64decode(json.loads(entry)["receipt"])).decode()
    return f"{index}-{letters[:5]}-{letters[5:10]}"


def read_short_code(text: str) -> tuple[int, str] | None:
    """(index, the ten letters); None for anything else. Small letters and spaces are as good."""
    found = _SHORT.fullmatch("".join(text.upper().split()))
    return (int(found[1]), found[2] + found[3]) if found else None


def from_b64(text: str) -> bytes:
    """Standard base64 with its padding, one spelling for each value; `Malformed` otherwise."""
    try:
        value = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("this is not base64") from None
    if b64encode(value).decode() != text:
        raise Malformed("this is not base64 as it is written")
    return value


def is_name(name: str) -> bool:
    return bool(name) and "+" not in name and name.isprintable() and not any(sign.isspace() for sign in name)


def _is_plain(text: str) -> bool:
    """No control characters but the newline (signed-note), nor those of U+007F to U+009F, which terminals obey too."""
    return not _CONTROL.search(text)
