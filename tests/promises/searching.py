"""Searches every byte of files for thousands of needles in one pass, however they are spelled."""

from __future__ import annotations

import base64
import hashlib
import json
import quopri
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

ANCHOR = 8
CHUNK = 1 << 20
NAMESPACES = (uuid.NAMESPACE_DNS, uuid.NAMESPACE_URL, uuid.NAMESPACE_OID, uuid.NAMESPACE_X500)


@dataclass(frozen=True)
class Hit:
    label: str
    spelling: str
    where: str


def spellings(text: str) -> dict[str, bytes]:
    """One text in every dress that promise 10 names, and in JSON's."""
    plain = text.encode()
    found = {
        "utf-8": plain,
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "percent": quote(text, safe="").encode(),
        "percent, small": quote(text, safe="").lower().encode(),
        "percent, plus": quote_plus(text).encode(),
        "quoted-printable": quopri.encodestring(plain).replace(b"=\n", b"").strip(),
        "json": json.dumps(text).strip('"').encode(),
    }
    for offset in range(3):
        # Only whole characters of base64 that depend on the text alone.
        packed = base64.b64encode(b"\0" * offset + plain + b"\0\0")
        inside = packed[(0, 2, 3)[offset] : (offset + len(plain)) * 8 // 6]
        found[f"base64 at {offset}"] = inside
        found[f"base64url at {offset}"] = inside.translate(bytes.maketrans(b"+/", b"-_"))
    return found


def digests(text: str) -> dict[str, bytes]:
    """What others keep instead of an address, and could be tried for every address there is."""
    plain = text.encode()
    raw = {
        "md5": hashlib.md5(plain, usedforsecurity=False).digest(),
        "sha-1": hashlib.sha1(plain, usedforsecurity=False).digest(),
        "sha-256": hashlib.sha256(plain).digest(),
        **{f"uuid5 {n}": uuid.uuid5(space, text).bytes for n, space in enumerate(NAMESPACES)},
    }
    found: dict[str, bytes] = {}
    for name, digest in raw.items():
        found |= {
            name: digest,
            f"{name} hex": digest.hex().encode(),
            f"{name} HEX": digest.hex().upper().encode(),
        }
        found[f"{name} base64"] = base64.b64encode(digest).rstrip(b"=")
        if len(digest) == 16:
            found[f"{name} dashed"] = str(uuid.UUID(bytes=digest)).encode()
    return found


class Needles:
    """`add` what must not be found, then look `in_folders`. Each needle is known by its first 8 bytes."""

    def __init__(self) -> None:
        self._known: dict[int, list[tuple[bytes, str, str]]] = {}
        self._longest = ANCHOR
        self.count = 0

    def add(self, label: str, spelled: dict[str, bytes]) -> None:
        for spelling, needle in spelled.items():
            assert len(needle) >= ANCHOR, f"{label} is too short to be looked for as {spelling}"
            self._known.setdefault(int.from_bytes(needle[:ANCHOR], sys.byteorder), []).append((needle, label, spelling))
            self._longest = max(self._longest, len(needle))
            self.count += 1

    def _found(self, content: bytes) -> Iterator[tuple[int, str, str]]:
        anchors = frozenset(self._known)
        for offset in range(ANCHOR):
            # Every eighth place of the bytes as one number: the set is asked in C, 100 MB take some seconds.
            view = memoryview(content)[offset : offset + (len(content) - offset) // ANCHOR * ANCHOR].cast("Q")
            if anchors.isdisjoint(view):
                continue
            for position, number in enumerate(view):
                for needle, label, spelling in self._known.get(number, ()):
                    if content.startswith(needle, offset + position * ANCHOR):
                        yield offset + position * ANCHOR, label, spelling

    def in_bytes(self, content: bytes, where: str = "") -> list[Hit]:
        return [Hit(label, spelling, where) for _, label, spelling in self._found(content)]

    def places(self, content: bytes) -> Iterator[tuple[str, int]]:
        """(label, where it begins) of everything that is there."""
        return ((label, place) for place, label, _ in self._found(content))

    def in_file(self, path: Path) -> list[Hit]:
        hits: list[Hit] = []
        tail = b""
        try:
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    hits += self.in_bytes(tail + chunk, str(path))
                    tail = chunk[-self._longest :]
        except FileNotFoundError:
            pass  # it went while we looked
        return hits

    def in_folders(self, *folders: Path) -> list[Hit]:
        """File names are searched like what stands in the files."""
        hits = []
        for path in files(*folders):
            hits += self.in_bytes(str(path).encode(), f"name of {path}") + self.in_file(path)
        return hits


def files(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def told(hits: list[Hit]) -> str:
    """The first few, for a failed assertion."""
    shown = sorted({(hit.label, hit.spelling, hit.where) for hit in hits})[:10]
    return "\n".join(
        [f"{len(hits)} hits:", *(f"  {label} as {spelling} in {where}" for label, spelling, where in shown)]
    )
