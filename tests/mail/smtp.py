"""A real SMTP server that does as a test tells it: take, refuse, put off, be slow, or drop the line."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.house import Mail, read_mail
from tests.servers import free_port


class Postbox:
    """`answer(address)` gives the reply to RCPT TO, "drop" to cut the line, or None to take it. `mails` were taken.

    `at_the_end()` is asked likewise once the whole mail is there; what it refuses is in `thrown_away`. With a
    `login` it takes nothing from strangers.
    """

    def __init__(
        self,
        *,
        smtputf8: bool = True,
        port: int | None = None,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.answer: Callable[[str], str | None] = lambda _: None
        self.at_the_end: Callable[[], str | None] = lambda: None
        self.slow = 0.0
        self.asked: list[str] = []
        self.mails: list[Mail] = []
        self.thrown_away: list[Mail] = []
        self.port = port or free_port()
        self._login = login
        options: dict[str, Any] = {"enable_SMTPUTF8": smtputf8, "server_hostname": "localhost"}
        if login:
            options |= {"auth_required": True, "auth_require_tls": False, "authenticator": self._authenticate}
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Postbox:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def _authenticate(self, _s: SMTP, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        known = (given.login.decode(), given.password.decode()) == self._login
        return AuthResult(success=known, handled=False)

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        self.asked.append(address)
        reply = self._reply(server, self.answer(address))
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        await asyncio.sleep(self.slow)
        reply = self._reply(server, self.at_the_end())
        kept = self.mails if reply.startswith("250") else self.thrown_away
        kept.append(read_mail(envelope.content))
        return reply

    def _reply(self, server: Any, reply: str | None) -> str:
        if reply == "drop":
            server.transport.abort()
            return "421 gone"
        return reply or "250 OK"


class SecurePostbox:
    """As much of SMTP as shows that mail goes encrypted, to the right server, after the right password.

    With `wrapped` it speaks TLS from the first byte, else after STARTTLS; anything before that it refuses.
    """

    def __init__(self, tls: ssl.SSLContext, login: tuple[str, str], *, wrapped: bool) -> None:
        self.mails: list[Mail] = []
        self.said: list[str] = []
        self._tls = tls
        self._login = b64encode(f"\0{login[0]}\0{login[1]}".encode()).decode()
        self._wrapped = wrapped

    async def __aenter__(self) -> SecurePostbox:
        options = {"ssl": self._tls} if self._wrapped else {}
        self._server = await asyncio.start_server(self._line, "127.0.0.1", 0, **options)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secure, known = self._wrapped, False
        writer.write(b"220 localhost\r\n")
        while line := (await reader.readline()).decode().strip():
            verb = line.split()[0].upper()
            self.said.append(verb)
            if verb == "EHLO":
                offer = "250-AUTH PLAIN" if secure else "250-STARTTLS"
                reply = f"250-localhost\r\n{offer}\r\n250 SMTPUTF8"
            elif verb == "STARTTLS" and not secure:
                writer.write(b"220 go ahead\r\n")
                await writer.start_tls(self._tls)
                secure = True
                continue
            elif verb == "QUIT":
                reply = "221 bye"
            elif not secure:
                reply = "530 5.7.0 first STARTTLS"
            elif verb == "AUTH":
                known = line.split()[-1] == self._login
                reply = "235 welcome" if known else "535 5.7.8 no"
            elif verb == "DATA" and known:
                writer.write(b"354 go ahead\r\n")
                content = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(read_mail(content[:-3]))
                reply = "250 taken"
            else:
                reply = "250 OK" if known else "530 5.7.0 who are you"
            writer.write(reply.encode() + b"\r\n")
