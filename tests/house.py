"""The application in the test's own process: real database, real HTTP, time and background work in the test's hands."""

from __future__ import annotations

import asyncio
import email
import re
from base64 import b64decode
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar
from sqlalchemy import select

from petition import words
from petition.actions import petitions
from petition.app import Clocks, doors, furnished, make_worker
from petition.db import tables
from petition.domain import petition_file
from petition.keyfiles import write_recovery_key
from petition.settings import Settings
from petition.web.parts import Parts
from tests.factories import SLUG
from tests.people import Person

LINK = re.compile(r"/(?:ar|en)/signature/[A-Za-z0-9_-]{43}|/organizer/(?:ar|en)\b")


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2017, 12, 27, 10, 0, tzinfo=UTC)
        self.seconds = 1000.0

    def wall(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.seconds

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)
        self.seconds += timedelta(**span).total_seconds()


def settings_for(folder: Path, database_url: str, **changes: str) -> Settings:
    """Settings as the environment would give them; `limits="on"` stands for PETITION_LIMITS=on."""
    env = {"PETITION_DATA_DIR": str(folder), "PETITION_LIMITS": "off", "PETITION_BASE_URL": "http://petition.example"}
    if database_url:
        env["PETITION_DATABASE_URL"] = database_url
    env |= {f"PETITION_{name.upper()}": value for name, value in changes.items()}
    return Settings.from_env(env)


@dataclass(frozen=True)
class Mail:
    """One mail that was sent: the parsed message, its text and its one link's path."""

    message: EmailMessage
    to: str
    subject: str
    text: str
    html: str
    link: str


def read_mail(raw: bytes) -> Mail:
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    bodies = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
    texts = {kind: body.get_content() if body else "" for kind, body in bodies.items()}
    links = LINK.findall(texts["plain"])
    assert len(links) == 1, texts["plain"]
    return Mail(message, str(message["To"]), str(message["Subject"]), texts["plain"], texts["html"], links[0])


# Doors that nobody lives behind: making them is most of what an application costs, and they are the same for all.
EMPTY: list[Litestar] = []


class House:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.clocks = Clocks(self.clock.wall, self.clock.monotonic)
        self._doors = EMPTY.pop() if EMPTY else doors()
        self.app = furnished(self._doors, settings, works=False, clocks=self.clocks)
        self._life: asyncio.Task[None] | None = None
        self._ends = asyncio.Event()
        self.recovery: dict[str, Path] = {}
        self._read: dict[Path, Mail] = {}

    async def start(self) -> None:
        begun = asyncio.Event()
        self._life = asyncio.create_task(self._live(begun))
        # Whichever comes first: it stands, or it refused to start.
        await asyncio.wait([self._life, ready := asyncio.create_task(begun.wait())], return_when="FIRST_COMPLETED")
        ready.cancel()
        if self._life.done():
            self._life.result()
        self.worker = make_worker(self.settings, self.parts.database, self.parts.keys, self.clocks)
        self.http = self.client()

    async def _live(self, begun: asyncio.Event) -> None:
        """In a task of its own: what is entered must be left by the same task."""
        async with self.app.lifespan():
            begun.set()
            await self._ends.wait()

    async def stop(self) -> None:
        if self._life is not None and not self._life.done():
            await self.http.aclose()
            self._ends.set()
            await self._life
            EMPTY.append(self._doors)

    def client(self, address: str = "203.0.113.7", **headers: str) -> httpx.AsyncClient:
        """A browser at this network address."""
        transport = httpx.ASGITransport(self.app, client=(address, 40000), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=self.settings.base_url, headers=headers)

    @property
    def parts(self) -> Parts:
        parts: Parts = self.app.state.parts
        return parts

    async def apply(self, text: str) -> petitions.Applied:
        file = petition_file.parse(text.encode(), tuple(words.load()))
        async with self.parts.database.write() as tx:
            applied = await petitions.apply(tx, file, today=self.clock.now.date())
            if applied.private_key is not None and applied.public_key is not None:
                self.recovery[file.slug] = write_recovery_key(
                    self.settings, file.slug, applied.private_key, applied.public_key
                )
        await self.parts.hub.poll()
        return applied

    # What people do

    async def sign(self, person: Person, *, lang: str = "ar", slug: str = SLUG, **fields: str) -> httpx.Response:
        return await self.http.post(f"/{lang}/petitions/{slug}/signatures", data=person.fields(**fields))

    async def post(self, link: str, act: str, **fields: str) -> httpx.Response:
        return await self.http.post(f"{link}/{act}", data=fields)

    async def signed(self, person: Person, **fields: Any) -> str:
        """Signs, has the mail sent and gives the link in it."""
        before = {mail.link for mail in self.mails(person.email)}
        response = await self.sign(person, **fields)
        assert response.status_code == 303, response.text
        await self.deliver()
        (link,) = {mail.link for mail in self.mails(person.email)} - before
        return link

    async def confirmed(self, person: Person, **fields: Any) -> str:
        """Signs, confirms, is counted; the link."""
        link = await self.signed(person, **fields)
        response = await self.post(link, "confirm", agree="yes")
        assert response.status_code == 303, response.text
        await self.fold()
        return link

    # What the background does, now

    async def deliver(self) -> int:
        sent = 0
        while count := await self.worker._delivery.step():
            sent += count
        return sent

    async def fold(self) -> int:
        taken = await self.worker.fold()
        await self.parts.hub.poll()
        return taken

    async def next_day(self, days: int = 1) -> None:
        self.clock.pass_(days=days)
        await self.worker.tidy()
        await self.parts.hub.poll()

    # What can be seen

    def mails(self, to: str | None = None) -> list[Mail]:
        paths = sorted((self.settings.data_dir / "mail").glob("*.eml"))
        # A file stays as it was written: each is read once.
        self._read = {path: self._read.get(path) or read_mail(path.read_bytes()) for path in paths}
        return [mail for mail in self._read.values() if to is None or mail.to == to]

    async def counts(self, slug: str = SLUG) -> dict[str, Any]:
        response = await self.http.get(f"/api/v1/petitions/{slug}/counts")
        assert response.status_code == 200, response.text
        counts: dict[str, Any] = response.json()
        return counts

    async def signatures(self) -> list[Any]:
        """Every row as it lies in the database."""
        async with self.parts.database.read() as connection:
            return list(await connection.execute(select(tables.table(tables.Signature))))

    async def only_signature(self) -> Any:
        (row,) = await self.signatures()
        return row

    def recovery_key(self, slug: str) -> bytes:
        """The private key as a person would read it from the recovery file."""
        text = self.recovery[slug].read_text()
        return b64decode(re.search(r"private key: (\S+)", text)[1])  # type: ignore[index]

    async def restarted(self, **changes: Any) -> House:
        """The same house after a stop and a start, with other settings where told."""
        await self.stop()
        again = House(replace(self.settings, **changes))
        again.clock.now, again.clock.seconds = self.clock.now, self.clock.seconds
        await again.start()
        return again
