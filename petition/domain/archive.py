"""ZIP archives as a stream of bytes: nothing of them touches the disk, and no entry tells when it was written."""

from __future__ import annotations

import io
import zipfile

WRITTEN_ON = (1980, 1, 1, 0, 0, 0)


class Sink(io.RawIOBase):
    """What an archive writes, until it is taken away; it cannot be sought in, and so is a stream."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: object) -> int:
        self._parts.append(bytes(part))  # type: ignore[call-overload]
        return len(self._parts[-1])

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class Archive:
    """Files that are compressed already, one after the other: `add` and `end` give the bytes that come next."""

    def __init__(self) -> None:
        self._sink = Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED)

    def add(self, name: str, content: bytes) -> bytes:
        self._zip.writestr(zipfile.ZipInfo(name, WRITTEN_ON), content)
        return self._sink.taken()

    def end(self) -> bytes:
        self._zip.close()
        return self._sink.taken()
