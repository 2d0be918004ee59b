"""What a witness says of a checkpoint, and how it is asked: C2SP's tlog-cosignature (v1) and tlog-witness. Pure.

cosignature     "cosignature/v1\ntime SECONDS\n" ‖ the checkpoint's text, signed with Ed25519; a line of the note
add-checkpoint  "old SIZE", a consistency proof from that size, an empty line, and the checkpoint
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from petition.domain import checkpoint, merkle
from petition.domain.checkpoint import DASH, Malformed

KIND = b"\x04"
MOST_STEPS = 63
MOST_SECONDS = (1 << 63) - 1
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness's public key under its name. `str()` is its vkey line without the newline."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + KIND + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(KIND + self.public).decode()}"

    @classmethod
    def read(cls, vkey: str) -> Witness:
        """`Malformed` unless it is the vkey of an Ed25519 cosigner whose id fits."""
        name, _, rest = vkey.strip().partition("+")
        key_id, _, key = rest.partition("+")
        material = checkpoint.from_b64(key)
        if not checkpoint.is_name(name) or len(material) != 33 or material[:1] != KIND:
            raise Malformed("this is not the vkey line of a witness (Ed25519, type 4)")
        found = cls(name, material[1:])
        if found.id.hex() != key_id:
            raise Malformed("the vkey line was altered: its key id does not fit its key")
        return found


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def sign(text: str, at: int, name: str, seed: bytes) -> str:
    """One line over a checkpoint's text; `at`: seconds since 1970."""
    signed = Ed25519PrivateKey.from_private_bytes(seed).sign(_message(text, at))
    witness = Witness(name, checkpoint.public_half(seed))
    return f"{DASH}{name} {b64encode(witness.id + at.to_bytes(8, 'big') + signed).decode()}\n"


def verified(note: str, witness: Witness) -> tuple[str, int]:
    """(the witness's line, seconds since 1970) in a note; `Malformed` if there is none, or one that does not hold."""
    text, signatures = checkpoint.read_note(note)
    own = [material for name, material in signatures if name == witness.name and material[:4] == witness.id]
    if not own:
        raise Malformed(f"there is no cosignature by {witness.name}+{witness.id.hex()}")
    latest = -1
    for material in own:
        at = int.from_bytes(material[4:12], "big")
        try:
            Ed25519PublicKey.from_public_bytes(witness.public).verify(material[12:], _message(text, at))
        except (InvalidSignature, ValueError):
            raise Malformed(f"the cosignature by {witness.name} does not hold") from None
        if at > MOST_SECONDS:
            raise Malformed(f"the cosignature by {witness.name} bears no time")
        if at > latest:
            latest, found = at, material
    return f"{DASH}{witness.name} {b64encode(found).decode()}\n", latest


def request(old: int, proof: Sequence[bytes], note: str) -> str:
    """What is posted to a witness that saw `old` entries last."""
    return f"old {old}\n" + "".join(f"{b64encode(step).decode()}\n" for step in proof) + f"\n{note}"


def read_request(body: str) -> tuple[int, list[bytes], str]:
    """(old size, proof, note); `Malformed` for anything that `request` would not write. Nothing is verified yet."""
    head, blank, note = body.partition("\n\n")
    first, *lines = head.split("\n")
    size = first.removeprefix("old ")
    if not blank or not first.startswith("old ") or not _NUMBER.fullmatch(size) or len(lines) > MOST_STEPS:
        raise Malformed("this is not a request to cosign")
    proof = [checkpoint.from_b64(line) for line in lines]
    if any(len(step) != merkle.HASH for step in proof):
        raise Malformed("this is not a request to cosign: a step of its proof is no hash")
    return int(size), proof, note


def read_size(body: str) -> int | None:
    """The size that a witness answers with when it has seen another one last; None for anything else."""
    return int(body[:-1]) if body.endswith("\n") and _NUMBER.fullmatch(body[:-1]) else None
