"""Many files of one site in order, over a few connections that stay open: a ledger's tiles, by the thousand.

Only the plain case is done here: an answer of 200 whose length is told. Whatever else comes is asked for again by the
careful way that the caller gives, which follows, explains and refuses; it takes twenty times as long.
"""

from __future__ import annotations

import asyncio
import urllib.request
import zlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import httpx

AT_ONCE = 6
AHEAD, BATCH = 128, 16
MUCH, FEW, GATHERING = 1 << 16, 8, 0.05  # bytes; times; seconds
MOST_HEAD = 1 << 16
PATIENCE = 30
MOST_FAILURES = 6  # one after another


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file by its path, how many bytes it can have at most, and the careful way to it.

    Whoever asks for many holds AHEAD of them: what `most` allows, a hostile site fills.
    """

    path: str
    most: int
    carefully: Callable[[], bytes]


async def in_order(base: str, wanted: Iterable[Wanted]) -> AsyncGenerator[bytes]:
    """What the files hold; a bounded number of them is asked for ahead of whoever reads."""
    site, coming, todo = _Site(httpx.URL(base)), deque[asyncio.Task[list[bytes]]](), iter(wanted)
    try:
        while batch := list(islice(todo, BATCH)):
            coming.append(asyncio.create_task(site.get(batch)))
            if len(coming) == AHEAD // BATCH:
                for body in await coming.popleft():
                    yield body
        while coming:
            for body in await coming.popleft():
                yield body
    finally:
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)
        await site.close()


class _Site:
    """Its open lines. Where nothing but failures comes, everything goes the careful way."""

    def __init__(self, url: httpx.URL) -> None:
        self._url = url
        self._tls = httpx.create_ssl_context() if url.scheme == "https" else None
        self._free: list[_Line] = []
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._failures = MOST_FAILURES if url.userinfo or _by_proxy(url) else 0

    async def get(self, wanted: Sequence[Wanted]) -> list[bytes]:
        found: list[bytes] = []
        async with self._turns:
            while len(found) < len(wanted):
                if self._failures < MOST_FAILURES:
                    found += await self._plainly(wanted[len(found) :])
                if len(found) < len(wanted):
                    found.append(await asyncio.to_thread(wanted[len(found)].carefully))
        return found

    async def _plainly(self, wanted: Sequence[Wanted]) -> list[bytes]:
        """As many of the first ones as were answered plainly."""
        line, found = self._free.pop() if self._free else None, list[bytes]()
        # A line that stood idle may have been closed meanwhile, and that says nothing of the site.
        failed = int(line is None)
        try:
            async with asyncio.timeout(PATIENCE):
                line = line or await self._opened()
                line.ask([each.path for each in wanted])
                while len(found) < len(wanted) and line.stands:
                    found.append(await line.answer(wanted[len(found)].most))
            self._failures = 0
        except (TimeoutError, OSError, EOFError, ValueError, zlib.error):
            self._failures = 0 if found else self._failures + failed
        finally:
            if line is not None and len(found) == len(wanted) and line.idle:
                self._free.append(line)
            elif line is not None:
                await line.close()
        return found

    async def _opened(self) -> _Line:
        port, loop = self._url.port or (443 if self._tls else 80), asyncio.get_running_loop()
        _, line = await loop.create_connection(lambda: _Line(self._url), self._url.host, port, ssl=self._tls)
        return line

    async def close(self) -> None:
        for line in self._free:
            await line.close()


class _Line(asyncio.BufferedProtocol):
    """One connection. What is not plain is an `OSError`, `EOFError` or `ValueError`.

    Nothing is read but what is waited for. Where little comes, and did several times before, more gathers first: to be
    woken for every packet costs more than to read it.
    """

    def __init__(self, url: httpx.URL) -> None:
        self._rest = (
            b" HTTP/1.1\r\nHost: %b\r\nUser-Agent: petition\r\nAccept-Encoding: gzip, identity\r\n\r\n" % url.netloc
        )
        self._room, self._got, self._at = memoryview(bytearray(MUCH)), bytearray(), 0
        self._much, self._small = False, 0
        self._woken: asyncio.Future[None] | None = None
        self._ended = asyncio.Event()
        self.stands = True

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.pause_reading()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        self._transport.pause_reading()
        self._got += self._room[:nbytes]
        self._much = nbytes == MUCH
        self._small += not self._much
        self._wake(None)

    def connection_lost(self, why: Exception | None) -> None:
        self._ended.set()
        self._wake(why or EOFError())

    def _wake(self, why: Exception | None) -> None:
        woken, self._woken = self._woken, None
        if woken is not None and not woken.done():
            woken.set_exception(why) if why else woken.set_result(None)

    @property
    def idle(self) -> bool:
        """Whether it can be asked for more: nothing is left over that would be taken for the next answer."""
        return self.stands and len(self._got) == self._at and not self._transport.is_closing()

    async def _more(self) -> None:
        if self._small > FEW and not self._much:
            await asyncio.sleep(GATHERING)
        if self._transport.is_closing():
            raise EOFError
        self._woken = asyncio.get_running_loop().create_future()
        self._transport.resume_reading()
        await self._woken

    def ask(self, paths: Sequence[str]) -> None:
        """All at once; they are answered one after another."""
        if self._transport.is_closing():
            raise EOFError
        self._transport.write(b"".join([b"GET " + path.encode() + self._rest for path in paths]))

    async def answer(self, most: int) -> bytes:
        head = await self._until(b"\r\n\r\n")
        status, *lines = head.lower().split(b"\r\n")
        told = {name: value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        length = int(told.get(b"content-length", b"-1"))
        if not status.startswith(b"http/1.1 200") or not 0 <= length <= most or b"transfer-encoding" in told:
            raise ValueError
        body = await self._take(length)
        if told.get(b"connection") == b"close":
            self.stands = False
        return _unpacked(body, most) if told.get(b"content-encoding") == b"gzip" else body

    async def _until(self, end: bytes) -> bytes:
        while (at := self._got.find(end, self._at)) < 0:
            if len(self._got) - self._at > MOST_HEAD:
                raise ValueError
            await self._more()
        return await self._take(at + len(end) - self._at)

    async def _take(self, length: int) -> bytes:
        while len(self._got) - self._at < length:
            await self._more()
        taken = bytes(self._got[self._at : self._at + length])
        self._at += length
        if self._at > MUCH:
            del self._got[: self._at]
            self._at = 0
        return taken

    async def close(self) -> None:
        # Nobody waits for the other side's farewell.
        self._transport.abort()
        await self._ended.wait()


def _unpacked(packed: bytes, most: int) -> bytes:
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    body = unpacking.decompress(packed, most)
    if not unpacking.eof:
        raise ValueError
    return body


def _by_proxy(url: httpx.URL) -> bool:
    proxies = urllib.request.getproxies()
    return bool({url.scheme, "all"} & proxies.keys()) and not urllib.request.proxy_bypass(url.host)
