"""A real SMTP server that does as a test tells it: take, refuse, put off, or drop the line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiosmtpd.controller import Controller

from tests.house import Mail, read_mail
from tests.servers import free_port


class Postbox:
    """`answer(address)` gives the reply to RCPT TO, "drop" to cut the line, or None to take it. `mails` were taken."""

    def __init__(self, *, smtputf8: bool = True, port: int | None = None) -> None:
        self.answer: Callable[[str], str | None] = lambda _: None
        self.asked: list[str] = []
        self.mails: list[Mail] = []
        self.port = port or free_port()
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self.port, server_hostname="localhost", enable_SMTPUTF8=smtputf8
        )

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Postbox:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        self.asked.append(address)
        reply = self.answer(address)
        if reply == "drop":
            server.transport.abort()
            await asyncio.sleep(0)
            return "421 gone"
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(read_mail(envelope.content))
        return "250 OK"
