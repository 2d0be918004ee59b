"""The ledgers' signing keys and the last heads they signed: files beside the database, never in it.

    keys/ledger-SLUG.key      a seed a line (hexadecimal): the first signs, older ones sign along until they are retired
    keys/ledger-SLUG.signed   origin, size and root of the largest tree that was ever signed here
    keys/ledger-SLUG.doubted  a copy was put back where no such head was known: nothing is signed until one is told

A head is on the disk before its signature leaves this file. So whatever happens to the database, what was signed is
known, and nothing is signed that does not follow from it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from petition.domain import checkpoint
from petition.domain.checkpoint import Head, Verifier
from petition.errors import Misconfigured
from petition.keyfiles import replace, write_once
from petition.settings import Settings


class Moved(Exception):
    """Somebody else has signed meanwhile: look again."""


class Notary:
    def __init__(self, settings: Settings) -> None:
        self.host = settings.origin
        self._folder = settings.data_dir / "keys"

    def origin(self, slug: str) -> str:
        return checkpoint.origin(self.host, slug)

    # Keys

    def make(self, slug: str) -> bytes:
        """The public half of the ledger's key; the key is made where there is none."""
        if not self._key(slug).exists():
            write_once(self._key(slug), checkpoint.new_seed().hex() + "\n")
        return checkpoint.public_half(self._seeds(slug)[0])

    def must_have(self, slug: str, public_key: bytes) -> None:
        """`Misconfigured` unless the key lies here whose public half this is."""
        path = self._key(slug)
        if not path.exists() or public_key not in map(checkpoint.public_half, self._seeds(slug)):
            raise Misconfigured(
                "PETITION_DATA_DIR",
                f"the key that signs the ledger of {slug} is not in {path}; put the right one back, from your copy"
                " or from the host that made it",
            )

    def renew(self, slug: str) -> bytes:
        """A new key, with which the old one signs along; its public half."""
        seed = checkpoint.new_seed()
        replace(self._key(slug), "".join(f"{each.hex()}\n" for each in (seed, *self._seeds(slug))))
        return checkpoint.public_half(seed)

    def retire(self, slug: str) -> bytes:
        """The newest key alone."""
        seed = self._seeds(slug)[0]
        replace(self._key(slug), f"{seed.hex()}\n")
        return checkpoint.public_half(seed)

    def begin_anew(self, slug: str) -> bytes:
        """Another key for another history. What the old one signed last is kept under another name, and its key goes:
        under it nothing can be signed any more."""
        signed = self._signed(slug)
        if signed.exists() or self._doubted(slug).exists():
            if signed.exists():
                signed.replace(signed.with_name(f"{signed.name}.lost"))
            self._key(slug).unlink(missing_ok=True)
        made = self.make(slug)
        self.assure(slug)
        return made

    def _key(self, slug: str) -> Path:
        return self._folder / f"ledger-{slug}.key"

    def _seeds(self, slug: str) -> list[bytes]:
        path = self._key(slug)
        try:
            seeds = [bytes.fromhex(line) for line in path.read_text().split()]
        except (OSError, ValueError):
            seeds = []
        if not seeds or any(len(seed) != 32 for seed in seeds):
            raise Misconfigured("PETITION_DATA_DIR", f"{path} is not a ledger's key; put the right one back")
        return seeds

    # Heads

    def signed(self) -> dict[str, Head]:
        """The last head of every ledger that was ever signed here, by slug."""
        names = sorted(self._folder.glob("ledger-*.signed"))
        slugs = [path.name.removeprefix("ledger-").removesuffix(".signed") for path in names]
        return {slug: head for slug in slugs if (head := self.last(slug)) is not None}

    def last(self, slug: str) -> Head | None:
        path = self._signed(slug)
        try:
            return checkpoint.read_text(path.read_text("utf-8"))[1]
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as wrong:
            why = wrong.strerror if isinstance(wrong, OSError) else "it was altered"
            raise Misconfigured(
                "PETITION_DATA_DIR", f"{path}, the last signed head, cannot be read ({why}); put it back from your copy"
            ) from None

    def sign(self, slug: str, head: Head, known: Head | None) -> str:
        """The checkpoint of `head`, which the caller has found to follow from `known`, the last one signed here.

        `Moved` if that is no longer the last one.
        """
        with self._alone(slug):
            if self.last(slug) != known or (known is not None and head.size < known.size):
                raise Moved()
            if head != known:
                self._write(slug, head)
            return checkpoint.sign(self.origin(slug), head, self._seeds(slug))

    def remember(self, slug: str, head: Head) -> None:
        """A larger head that another host has signed."""
        with self._alone(slug):
            last = self.last(slug)
            if last is None or head.size > last.size:
                self._write(slug, head)

    # Copies put back

    def known(self) -> set[str]:
        """The ledgers, by slug, whose last signed head is known here."""
        return set(self.signed()) - set(self.doubted())

    def doubt(self, known: set[str]) -> list[str]:
        """Called before a copy is put back: of all ledgers but the `known`, nothing is signed from now on. Which."""
        keys = sorted(self._folder.glob("ledger-*.key"))
        slugs = [path.name.removeprefix("ledger-").removesuffix(".key") for path in keys]
        unknown = [slug for slug in slugs if slug not in known]
        for slug in unknown:
            self.hesitate(slug)
        return unknown

    def hesitate(self, slug: str) -> None:
        """Nothing more is signed of this ledger until `assure`."""
        replace(self._doubted(slug), "put back from a copy\n")

    def doubted(self) -> list[str]:
        """The ledgers, by slug, of which a copy was put back and nobody has said yet what was signed last."""
        names = sorted(self._folder.glob("ledger-*.doubted"))
        return [path.name.removeprefix("ledger-").removesuffix(".doubted") for path in names]

    def assure(self, slug: str) -> None:
        """What was signed last is known again."""
        self._doubted(slug).unlink(missing_ok=True)

    def read_own(self, slug: str, note: str) -> Head:
        """The head in a checkpoint that one of this ledger's keys signed, under whatever address; `Malformed` else."""
        name, _ = checkpoint.read_text(checkpoint.read_note(note)[0])
        wrong = checkpoint.Malformed("this is no checkpoint of this ledger")
        for public in map(checkpoint.public_half, self._seeds(slug)):
            try:
                return checkpoint.read(note, Verifier(name, public))
            except checkpoint.Malformed as found:
                wrong = found
        raise wrong

    # Keys apart from the data

    def files(self) -> dict[str, str]:
        """Name and content of every file that the ledgers cannot do without."""
        paths = (*self._folder.glob("ledger-*.key"), *self._folder.glob("ledger-*.signed"))
        return {path.name: path.read_text("utf-8") for path in sorted(paths)}

    def _doubted(self, slug: str) -> Path:
        return self._folder / f"ledger-{slug}.doubted"

    def _signed(self, slug: str) -> Path:
        return self._folder / f"ledger-{slug}.signed"

    def _write(self, slug: str, head: Head) -> None:
        replace(self._signed(slug), checkpoint.text_of(self.origin(slug), head))

    @contextmanager
    def _alone(self, slug: str) -> Iterator[None]:
        """No other process of this machine signs meanwhile."""
        file = os.open(self._folder / "ledger.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)
