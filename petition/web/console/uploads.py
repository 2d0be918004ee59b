"""A form that brings a file: its fields first, then the file, handed on piece by piece as it comes.

Nothing of it is gathered in memory or laid on a disk on the way. Whoever is refused is answered once all was sent: a
browser that is cut off while it sends shows no answer at all.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from petition.web.forms import BadBody, UnsupportedBody
from petition.web.parts import Asked

MOST_OF_FIELDS: Final = 64 << 10
PATIENT: Final = 4  # so many times the size that is taken is listened to before the line is cut


class TooLarge(Exception):
    """More than is taken; told once all of it was sent."""


class Sink(Protocol):
    """Where a file goes."""

    async def write(self, some: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class File:
    """What came: the fields before the file, what the file is called, its size; no `name` where none was chosen."""

    fields: Mapping[str, str]
    name: str
    size: int


async def received(request: Asked, begin: Callable[[Mapping[str, str], str], Awaitable[Sink]], *, most: int) -> File:
    """`begin` is given the fields and the file's name, once, and may refuse; `TooLarge` above `most` bytes."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data" or "boundary" not in options:
        raise UnsupportedBody()
    reading = _Reading(begin, most)
    refused: Exception | None = None
    heard = 0
    parser = PushMultipartParser(options["boundary"], max_segment_count=20)
    try:
        async for chunk in _stream(request):
            heard += len(chunk)
            if heard > PATIENT * most + MOST_OF_FIELDS:
                raise TooLarge()
            if refused is None:
                try:
                    for event in parser.parse(chunk):
                        await reading.take(event)
                except Exception as why:
                    refused = why
        if refused is None:
            parser.close()
    except MultipartError:
        raise BadBody() from None
    if isinstance(refused, MultipartError):
        raise BadBody() from None
    if refused is not None:
        raise refused
    return File(reading.fields, reading.name, reading.size)


async def _stream(request: Asked) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        if chunk:
            yield chunk


class _Reading:
    """What the parser's events come to: a segment begins, its bytes, None at its end."""

    def __init__(self, begin: Callable[[Mapping[str, str], str], Awaitable[Sink]], most: int) -> None:
        self._begin, self._most = begin, most
        self._segment: MultipartSegment | None = None
        self._text = bytearray()
        self._sink: Sink | None = None
        self._gathered = 0
        self.fields: dict[str, str] = {}
        self.name = ""
        self.size = 0

    async def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            self._segment, self._text = event, bytearray()
            if event.filename and self._sink is None:
                self.name = _last(event.filename)
                self._sink = await self._begin(self.fields, self.name)
        elif event is None:
            if self._segment is not None and self._segment.filename is None:
                self.fields.setdefault(self._segment.name, self._text.decode("utf-8", "replace"))
            self._segment = None
        elif self._segment is not None and self._segment.filename:
            await self._more(bytes(event))
        else:
            self._gathered += len(event)
            if self._gathered > MOST_OF_FIELDS:
                raise BadBody()
            self._text += event

    async def _more(self, some: bytes) -> None:
        self.size += len(some)
        if self.size > self._most:
            raise TooLarge()
        assert self._sink is not None
        await self._sink.write(some)


def _last(name: str) -> str:
    """A file's name without the folders that some browsers send along."""
    return name.replace("\\", "/").rpartition("/")[2][:120]
