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
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import httpx

AT_ONCE = 6
AHEAD, BATCH = 128, 16
PATIENCE = 30
MOST_BYTES = 64 << 20
MOST_FAILURES = 6  # one after another


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file by its path, and the careful way to it."""

    path: str
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
                    found += await self._plainly([each.path for each in wanted[len(found) :]])
                if len(found) < len(wanted):
                    found.append(await asyncio.to_thread(wanted[len(found)].carefully))
        return found

    async def _plainly(self, paths: Sequence[str]) -> list[bytes]:
        """As many of the first ones as were answered plainly."""
        line, found = None, list[bytes]()
        try:
            async with asyncio.timeout(PATIENCE):
                line = self._free.pop() if self._free else await self._opened()
                line.ask(paths)
                while len(found) < len(paths) and line.stands:
                    found.append(await line.answer())
            self._failures = 0
        except (TimeoutError, OSError, EOFError, ValueError, asyncio.LimitOverrunError, zlib.error):
            self._failures = 0 if found else self._failures + 1
        finally:
            if line is not None and len(found) == len(paths) and line.stands:
                self._free.append(line)
            elif line is not None:
                await line.close()
        return found

    async def _opened(self) -> _Line:
        port = self._url.port or (443 if self._tls else 80)
        return _Line(self._url, *await asyncio.open_connection(self._url.host, port, ssl=self._tls))

    async def close(self) -> None:
        for line in self._free:
            await line.close()


class _Line:
    """One connection. What is not plain is an `OSError`, `EOFError` or `ValueError`."""

    def __init__(self, url: httpx.URL, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._rest = (
            b" HTTP/1.1\r\nHost: %b\r\nUser-Agent: petition\r\nAccept-Encoding: gzip, identity\r\n\r\n" % url.netloc
        )
        self._reader, self._writer = reader, writer
        self.stands = True

    def ask(self, paths: Sequence[str]) -> None:
        """All at once; they are answered one after another."""
        self._writer.write(b"".join([b"GET " + path.encode() + self._rest for path in paths]))

    async def answer(self) -> bytes:
        status, *lines = (await self._reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        told = {name: value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        length = int(told.get(b"content-length", b"-1"))
        if not status.startswith(b"http/1.1 200") or not 0 <= length <= MOST_BYTES or b"transfer-encoding" in told:
            raise ValueError
        body = await self._reader.readexactly(length)
        self.stands = told.get(b"connection") != b"close"
        return _unpacked(body) if told.get(b"content-encoding") == b"gzip" else body

    async def close(self) -> None:
        # Nobody waits for the other side's farewell.
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    body = unpacking.decompress(packed, MOST_BYTES)
    if not unpacking.eof:
        raise ValueError
    return body


def _by_proxy(url: httpx.URL) -> bool:
    proxies = urllib.request.getproxies()
    return bool({url.scheme, "all"} & proxies.keys()) and not urllib.request.proxy_bypass(url.host)
