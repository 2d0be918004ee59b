"""Tiles by the thousand: in order over kept lines, and the careful way wherever an answer is not the plain one."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from petition.cli import fetching
from petition.cli.fetching import Wanted
from petition.errors import OperatorError


def plain(body: bytes, *more: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *more]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


MOST = 1 << 20
BOMB = gzip.compress(bytes(MOST + 1), 1)
PACKED = gzip.compress(b"/packed")
ANSWERS = {
    "/packed": plain(PACKED, b"content-encoding: gzip"),
    "/closing": plain(b"/closing", b"Connection: close"),
    # From here on what only the careful way can tell.
    "/gone": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "/elsewhere": b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    "/no-length": b"HTTP/1.1 200 OK\r\n\r\nabc",
    "/negative": b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
    "/no-number": b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nabc",
    "/endless": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
    "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
    "/garbage": b"\xff" * 100,
    "/no-head": b"x" * (1 << 18),
    "/cut": plain(PACKED[:-9], b"content-encoding: gzip"),
    "/bomb": plain(BOMB, b"content-encoding: gzip"),
    "/too-long": plain(bytes(MOST + 1)),
    "/nothing": b"",
}
ODD = list(ANSWERS)[2:]
TWICE = "/twice"  # where the site answers once too often


@asynccontextmanager
async def answering() -> AsyncIterator[tuple[str, list[str]]]:
    """A server of plain answers and odd ones, after which it closes; its address, and the paths it was asked for."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            path = head.split()[1].decode()
            asked.append(path)
            writer.write(ANSWERS.get(path, plain(path.encode())) * (2 if path == TWICE else 1))
            if path in ODD or path == "/closing":
                break

    async def patient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            await answer(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(patient, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def careful(path: str, taken: list[str]) -> Wanted:
    def carefully() -> bytes:
        taken.append(path)
        return b"carefully " + path.encode()

    return Wanted(path, MOST, carefully)


async def test_what_is_plain_comes_in_order_and_everything_else_the_careful_way() -> None:
    paths: list[str] = []
    for number, odd in enumerate((*ANSWERS, *ODD)):
        paths += [f"/{number}/{n}" for n in range(20)] + [odd]
    taken: list[str] = []
    async with answering() as (base, asked):
        found = [body async for body in fetching.in_order(base, [careful(path, taken) for path in paths])]
    assert [body.removeprefix(b"carefully ") for body in found] == [path.encode() for path in paths]
    assert [body.startswith(b"carefully ") for body in found] == [path in taken for path in paths]
    assert {*ODD} <= {*taken}
    # A line that is cut may take along what was asked for by it, and no more.
    assert len(taken) <= 3 * len(ODD * 2)
    assert len(asked) <= len(paths) + fetching.BATCH * len(ODD * 2)


async def test_where_nothing_plain_comes_it_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    async with answering() as (base, asked):
        wanted = [careful("/gone", taken) for _ in range(200)]
        found = [body async for body in fetching.in_order(base, wanted)]
        assert found == [b"carefully /gone"] * 200
        assert len(asked) < 2 * (fetching.MOST_FAILURES + fetching.AT_ONCE)
        # Behind a proxy, and with a password in the address, it is not tried at all.
        asked.clear()
        wanted = [careful("/1", taken)]
        named = base.replace("//", "//name:word@")
        assert [body async for body in fetching.in_order(named, wanted)] == [b"carefully /1"]
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.delenv("no_proxy", raising=False)
        assert [body async for body in fetching.in_order(base, wanted)] == [b"carefully /1"]
        assert asked == []


async def test_what_the_careful_way_says_is_what_is_told() -> None:
    def refuses() -> bytes:
        raise OperatorError("it cannot be had")

    async with answering() as (base, _):
        wanted = [Wanted(path, MOST, refuses) for path in ("/1", "/gone", *(f"/{n}" for n in range(99)))]
        with pytest.raises(OperatorError, match="it cannot be had"):
            assert [body async for body in fetching.in_order(base, wanted)]


async def test_lines_that_the_site_closed_while_nobody_asked_are_opened_anew() -> None:
    """A machine that slept finds all of them so at once, and the site is as plain as before."""
    lines: list[asyncio.StreamWriter] = []
    all_asked = asyncio.Event()
    asked: list[str] = []
    taken: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(writer)
        with suppress(OSError, EOFError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                asked.append(head.split()[1].decode())
                if len(asked) == fetching.AHEAD:
                    all_asked.set()
                writer.write(plain(asked[-1].encode()))

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        wanted = [careful(f"/{n}", taken) for n in range(4 * fetching.AHEAD)]
        found: list[bytes] = []
        async for body in fetching.in_order(base, wanted):
            found.append(body)
            if len(found) == 1:
                await all_asked.wait()
                await asyncio.sleep(0.1)
                for line in lines:
                    line.close()
        for line in lines:
            line.close()
    assert [body.removeprefix(b"carefully ") for body in found] == [each.path.encode() for each in wanted]
    assert len(taken) <= fetching.AT_ONCE


async def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_one() -> None:
    taken: list[str] = []
    paths = [f"/{n}" for n in range(20 * fetching.BATCH)]
    paths[fetching.BATCH - 1 :: fetching.BATCH] = [TWICE] * 20
    async with answering() as (base, _):
        found = [body async for body in fetching.in_order(base, [careful(path, taken) for path in paths])]
    assert found == [path.encode() for path in paths]
