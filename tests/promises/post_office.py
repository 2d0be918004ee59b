"""A real SMTP server that keeps what it was given in memory, so that no mail lies beside the database."""

from __future__ import annotations

import asyncio
import email
import re
import threading
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from tests.servers import free_port

LINK = re.compile(r"/(?:ar|en)/signature/[A-Za-z0-9_-]{43}")
PATIENCE = 60.0


class PostOffice:
    """`links(address)` are those in the mails to it. Addresses in `unknown` are refused for good, by name."""

    def __init__(self) -> None:
        self.unknown: set[str] = set()
        self.refused = 0
        self._links: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port(), server_hostname="localhost")

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._controller.port}"

    def open(self) -> None:
        self._controller.start()

    def close(self) -> None:
        self._controller.stop()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.unknown:
            self.refused += 1
            return f"550 5.1.1 <{address}> there is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        assert body is not None
        (link,) = LINK.findall(body.get_content())
        with self._lock:
            for address in envelope.rcpt_tos:
                self._links.setdefault(address, []).append(link)
        return "250 OK"

    def links(self, address: str) -> list[str]:
        with self._lock:
            return list(self._links.get(address, ()))

    def received(self) -> int:
        with self._lock:
            return sum(map(len, self._links.values()))

    async def until(self, mails: int) -> None:
        """Waits for the real worker in another process."""
        for _ in range(int(PATIENCE / 0.05)):
            if self.received() + self.refused >= mails:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{self.received()} mails came of {mails}")
