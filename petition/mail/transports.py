"""Where mails go: an SMTP server, or files in a folder. Both tell apart what is over and what may be tried again."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import aiosmtplib

from petition.settings import Settings, Smtp

TIMEOUT = 30.0
LOOK_TIMEOUT = 10.0


class Refused(Exception):
    """This mail will never be taken (5xx, or an address this server cannot carry): over."""


class Deferred(Exception):
    """This mail was not taken now (4xx): to be tried again later."""


class Unreachable(Exception):
    """The server is down, slow or drops lines: nothing can be sent now, whoever it is for."""


class Transport(Protocol):
    async def send(self, mail: EmailMessage) -> None: ...
    async def close(self) -> None: ...


def of(settings: Settings) -> Transport:
    return Files(settings.data_dir / "mail") if settings.smtp is None else SmtpServer(settings.smtp)


async def looked_at(smtp: Smtp) -> str | None:
    """Connects and signs in as for a mail, and sends none; what stood against it, in a few words."""
    server = SmtpServer(smtp)
    try:
        async with asyncio.timeout(LOOK_TIMEOUT):
            await server.connected()
    except Unreachable as gone:
        return str(gone)
    except TimeoutError:
        return f"no answer within {LOOK_TIMEOUT:.0f} seconds"
    finally:
        await server.close()
    return None


class SmtpServer:
    """One connection, kept between mails and opened anew when it was dropped."""

    def __init__(self, smtp: Smtp) -> None:
        self._smtp = smtp
        self._client: aiosmtplib.SMTP | None = None
        self._turn = asyncio.Lock()

    async def send(self, mail: EmailMessage) -> None:
        async with self._turn:
            try:
                client = await self.connected()
                await client.send_message(mail)
            except aiosmtplib.SMTPRecipientsRefused as refused:
                await self._judge(refused.recipients[0].code, refused.recipients[0].message)
            except aiosmtplib.SMTPResponseException as answered:
                await self._judge(answered.code, answered.message)
            except aiosmtplib.SMTPNotSupported as unable:
                raise Refused(str(unable)) from None
            except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as gone:
                await self.close()
                if isinstance(gone, ValueError) and not isinstance(gone, OSError):
                    raise Refused("the mail cannot be put into SMTP's words") from None
                raise Unreachable(type(gone).__name__) from None

    async def _judge(self, code: int, message: str) -> None:
        """4xx is for now, 5xx for good; 421, and a refused greeting or login, is the server's own trouble."""
        if code == 421 or code in (530, 534, 535, 538):
            await self.close()
            raise Unreachable(f"SMTP {code}")
        if self._client is not None and self._client.is_connected:
            try:
                await self._client.rset()
            except (aiosmtplib.SMTPException, OSError):
                await self.close()
        if 400 <= code < 500:
            raise Deferred(f"SMTP {code}")
        raise Refused(f"SMTP {code}")

    async def connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        await self.close()
        client = aiosmtplib.SMTP(
            hostname=self._smtp.host,
            port=self._smtp.port,
            use_tls=self._smtp.tls,
            start_tls=self._smtp.starttls,
            timeout=TIMEOUT,
            # What it announces would be this machine's own name.
            local_hostname="localhost",
        )
        try:
            await client.connect()
            if self._smtp.user is not None:
                await client.login(self._smtp.user, self._smtp.password or "")
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as gone:
            client.close()
            code = f" {gone.code}" if isinstance(gone, aiosmtplib.SMTPResponseException) else ""
            raise Unreachable(f"{type(gone).__name__}{code}") from None
        self._client = client
        return client

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            try:
                await asyncio.wait_for(client.quit(), 2)
            except (aiosmtplib.SMTPException, OSError, TimeoutError):
                client.close()


class Files:
    """`.eml` files, for a machine without a mail server. They hold addresses in the clear: for trying out only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def send(self, mail: EmailMessage) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            name = re.sub(r"[^0-9a-f]", "", mail["Message-ID"].partition("@")[0])
            half = self.folder / f".{secrets.token_hex(8)}"
            file = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "wb") as open_file:
                open_file.write(bytes(mail))
            # Named by the Message-ID: a second copy replaces the first.
            half.rename(self.folder / f"{name}.eml")
        except OSError as full:
            raise Unreachable(full.strerror or "the mail folder cannot be written") from None

    async def close(self) -> None:
        return None
