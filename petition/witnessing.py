"""A witness's own files: its key, the ledgers it watches, and the last checkpoint that it saw of each.

    witness/key             name and seed (hexadecimal), mode 0600
    witness/DIGEST.seen     the last cosigned checkpoint's text, by the SHA-256 of its origin

What it saw is on the disk before its cosignature leaves this file, and nothing is cosigned that does not follow.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from petition.domain import checkpoint, cosignature, merkle
from petition.domain.checkpoint import Head, Malformed, Verifier
from petition.domain.cosignature import Witness
from petition.errors import Misconfigured
from petition.keyfiles import replace, write_once
from petition.settings import Settings

PLAIN, SIZE = "text/plain; charset=utf-8", "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class Answer:
    """To a request, as tlog-witness gives it."""

    status: int
    body: str
    kind: str = PLAIN


class Book:
    """What one witness knows. `logs`: the keys it trusts; several may be of one ledger."""

    def __init__(self, settings: Settings, name: str, logs: Sequence[Verifier]) -> None:
        self._folder = settings.data_dir / "witness"
        self._folder.mkdir(exist_ok=True, mode=0o700)
        self._logs = tuple(logs)
        self.witness, self._seed = self._own(name)

    def _own(self, name: str) -> tuple[Witness, bytes]:
        path = self._folder / "key"
        if not path.exists():
            write_once(path, f"{name} {checkpoint.new_seed().hex()}\n")
        try:
            known, seed = path.read_text("utf-8").split()
            public = checkpoint.public_half(bytes.fromhex(seed))
        except (OSError, ValueError):
            raise Misconfigured("PETITION_DATA_DIR", f"{path} is not a witness's key; put the right one back") from None
        if known != name:
            raise Misconfigured("PETITION_DATA_DIR", f"{path} is the key of {known}; start it with --name {known}")
        return Witness(name, public), bytes.fromhex(seed)

    def last(self, origin: str) -> Head | None:
        """The last that was cosigned of this ledger."""
        path = self._seen(origin)
        try:
            return checkpoint.read_text(path.read_text("utf-8"))[1]
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise Misconfigured("PETITION_DATA_DIR", f"{path} cannot be read; put it back from your copy") from None

    def add(self, body: bytes, at: int) -> Answer:
        """Cosigns the checkpoint in this request if it follows from the last one; `at`: seconds since 1970."""
        try:
            old, proof, note = cosignature.read_request(body.decode("utf-8"))
            text, signatures = checkpoint.read_note(note)
            origin, head = checkpoint.read_text(text)
        except (Malformed, UnicodeDecodeError) as wrong:
            return Answer(400, f"{wrong if isinstance(wrong, Malformed) else 'this is no text'}\n")
        trusted = [log for log in self._logs if log.name == origin]
        if not trusted:
            return Answer(404, "this ledger is not watched here\n")
        if not any(_signed(text, signatures, log) for log in trusted):
            return Answer(403, "no signature by a key of this ledger holds\n")
        if old > head.size:
            return Answer(400, "the old size is larger than the checkpoint\n")
        with self._alone():
            known = self.last(origin) or Head(0, merkle.EMPTY)
            if old != known.size:
                return Answer(409, f"{known.size}\n", SIZE)
            if old == head.size and known.root != head.root:
                return Answer(409, f"{known.size}\n", SIZE)
            if not merkle.consistent(old, head.size, proof, known.root, head.root):
                return Answer(422, "the proof does not lead from the last checkpoint to this one\n")
            replace(self._seen(origin), text)
        return Answer(200, cosignature.sign(text, at, self.witness.name, self._seed))

    def _seen(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()}.seen"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        file = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


def _signed(text: str, signatures: list[tuple[str, bytes]], log: Verifier) -> bool:
    try:
        checkpoint.verified(text, signatures, log)
    except Malformed:
        return False
    return True
