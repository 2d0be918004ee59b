"""Promise 11: no visitor's address is written anywhere.

"1,000 requests from 1,000 loopback addresses, error paths included. F: 0 hits", as text and in hex, in every byte of
the data directory, the database and the logs; and log lines hold no time finer than a day.
"""

from __future__ import annotations

import http.client
import ipaddress
import random
import re
import socket
import sqlite3
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.factories import SLUG
from tests.people import someone
from tests.promises.conftest import Installation
from tests.promises.searching import Needles, told

REQUESTS = 1_000
FORM = "application/x-www-form-urlencoded"
SIGN = f"/ar/petitions/{SLUG}/signatures"
FINER_THAN_A_DAY = re.compile(
    r"\d{1,2}:\d{2}"  # 10:00
    r"|\d{4}-\d{2}-\d{2}[T ]\d"  # 2017-12-27T10
    r"|\b1[5-9]\d{8}(?:\.\d+|\d{3}|\d{6}|\d{9})?\b"  # seconds since 1970, and their fractions
)


class Visitor:
    """One request from one address of this machine; its answer's status."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, address: str, method: str, path: str, body: bytes = b"", **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60, source_address=(address, 0))
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body or None, named)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def raw(self, address: str, sent: bytes) -> None:
        """Bytes that are no request, or half of one: whatever comes back, if anything."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=60, source_address=(address, 0)) as line:
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            line.recv(65536)


def form(number: int, **changes: str) -> bytes:
    return "&".join(f"{k}={v}" for k, v in someone(number).fields(**changes).items()).replace(" ", "+").encode()


def visits(visitor: Visitor, chance: random.Random, number: int, address: str, elsewhere: str) -> int:
    """What the `number`th visitor does; the status, or 0 where what was sent is no request."""
    api = f"/api/v1/petitions/{SLUG}/signatures"
    token = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=43))
    forwarded = {"X_Forwarded_For": elsewhere, "Forwarded": f"for={elsewhere}", "X_Real_IP": elsewhere}
    match number % 16:
        case 0:
            return visitor.ask(address, "GET", f"/en/petitions/{SLUG}")
        case 1 | 2 | 3:
            return visitor.ask(address, "POST", SIGN, form(number), Content_Type=FORM, **forwarded)
        case 4:
            return visitor.ask(address, "POST", SIGN, form(number, email="nothing"), Content_Type=FORM, **forwarded)
        case 5:
            return visitor.ask(address, "GET", f"/en/nowhere/{number}")
        case 6:
            return visitor.ask(address, "DELETE", f"/en/petitions/{SLUG}")
        case 7:
            return visitor.ask(address, "POST", SIGN, b"a" * 70_000, Content_Type=FORM)
        case 8:
            return visitor.ask(address, "GET", f"/en/signature/{token}", **forwarded)
        case 9:
            return visitor.ask(address, "POST", f"/en/signature/{token}/confirm", b"agree=yes", Content_Type=FORM)
        case 10:
            return visitor.ask(address, "POST", api, b"{", Content_Type="application/json", **forwarded)
        case 11:
            return visitor.ask(address, "POST", api, b"<x/>", Content_Type="text/xml")
        case 12:
            return visitor.ask(address, "GET", "/metrics", **forwarded)
        case 13:
            return visitor.ask(address, "GET", f"/api/v1/petitions/{SLUG}/signatories?limit=%00many&after=%ff")
        case 14:
            visitor.raw(address, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nhalf")
        case _:
            visitor.raw(address, b"\x16\x03\x01 no request at all\r\n\r\n")
    return 0


def addresses(chance: random.Random, first: int, number: int) -> list[str]:
    """Distinct, each in a network of its own, and long enough as text that no other number looks like one."""
    found = {f"{first}.{'.'.join(str(chance.randrange(100, 255)) for _ in range(3))}" for _ in range(2 * number)}
    return sorted(found)[:number]


def needles_for(written: list[str]) -> Needles:
    needles = Needles()
    for address in written:
        ip = ipaddress.IPv4Address(address)
        packed = ip.packed.hex()
        spelled = {
            "text": address.encode(),
            "utf-16": address.encode("utf-16-le"),
            "hex": packed.encode(),
            "HEX": packed.upper().encode(),
            "other end first": ip.packed[::-1].hex().encode(),
            "IPv6": f"::ffff:{packed[:4]}:{packed[4:]}".encode(),
            "dashed": address.replace(".", "-").encode(),
            "hidden in part": address.rpartition(".")[0].encode() + b".",
        }
        needles.add(address, spelled)
    return needles


def test_an_address_written_anywhere_would_be_found(tmp_path: Path) -> None:
    needles = needles_for(["127.203.118.147"])
    for written in (
        b"GET / from 127.203.118.147:40000",
        b"x7fcb7693",
        b"[::ffff:7fcb:7693]",
        b"127.203.118.0",
    ):
        (tmp_path / "log").write_bytes(b"?" * 1001 + written)
        assert needles.in_folders(tmp_path), written
    (tmp_path / "log").write_bytes(b"127.103.118.147")
    assert not needles.in_folders(tmp_path)


@pytest.mark.parametrize("line", ["at 10:00:01", "2017-12-27T10", "1514368801", "1514368801123", "[1514368801.5]"])
def test_a_time_in_a_log_line_would_be_seen(line: str) -> None:
    assert FINER_THAN_A_DAY.search(line)
    assert not FINER_THAN_A_DAY.search("2017-12-27 INFO petition.mail a mail was put off: SMTP 451 at delivery.py:104")


def test_no_visitors_address_is_written(install: Callable[..., Installation], database_kind: str) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    here, elsewhere = addresses(chance, 127, REQUESTS + 20), addresses(chance, 203, REQUESTS)
    # Some of them come through a proxy that we believe, so that the address behind it is the visitor's.
    # Nobody listens where mail should go: that is logged as well.
    place = install(limits="on", smtp_url="smtp://127.0.0.1:9", trusted_proxies=" ".join(here[1:REQUESTS:5]))
    visitor = Visitor(place.server.port)
    with ThreadPoolExecutor(8) as crowd:
        statuses = Counter(
            crowd.map(lambda n: visits(visitor, random.Random(seed + n), n, here[n], elsewhere[n]), range(REQUESTS))
        )
    assert {200, 303, 400, 404, 405, 413, 415, 422} <= set(statuses), statuses
    assert sum(statuses.values()) == REQUESTS

    # One of them is slowed down, then the database goes.
    # On a slow machine the bucket fills up meanwhile: as many as it takes, within bounds.
    asked = (visitor.ask(here[-1], "POST", SIGN, b"a=b", Content_Type=FORM) for _ in range(10_000))
    assert 429 in asked
    break_database(place)
    broken = {visitor.ask(address, "POST", SIGN, form(n), Content_Type=FORM) for n, address in enumerate(here[-15:-5])}
    assert broken == {503 if database_kind == "sqlite" else 500}

    needles = needles_for([*here, *elsewhere])
    found = needles.in_folders(*place.folders())
    assert not found, told(found)
    place.server.stop()
    found = needles.in_folders(*place.folders())
    assert not found, told(found)
    log = place.log().replace(place.server.base_url, "")
    print(log)
    today = f"{datetime.now(UTC):%Y-}"
    assert log.count(today) >= 5, "something was logged"
    assert not [line for line in log.splitlines() if FINER_THAN_A_DAY.search(line)]


def break_database(place: Installation) -> None:
    """The table of signatures is gone: on SQLite that is weather (503), on PostgreSQL a wrong statement (500)."""
    if place.cluster is not None:
        place.cluster.sql("ALTER TABLE signatures RENAME TO gone", "petition")
        return
    with sqlite3.connect(place.server.folder / "petition.sqlite3", timeout=30) as connection:
        connection.execute("ALTER TABLE signatures RENAME TO gone")
    connection.close()
