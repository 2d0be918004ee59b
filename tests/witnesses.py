"""Witnesses in the tests: ours on a real port, others that say what they are told to, and the ledger that asks them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from petition.actions import publishing
from petition.domain.checkpoint import Verifier
from petition.domain.cosignature import Witness
from petition.domain.witnessed import Asked
from petition.witnessing import Book
from tests.factories import SLUG
from tests.house import House, settings_for
from tests.web.test_ledger import get

NAME = "witness.example/w1"
ORIGIN = f"petition.example/ledger/{SLUG}"
SEED = b"s" * 32


def book_of(folder: Path, *logs: Verifier, name: str = NAME) -> Book:
    folder.mkdir(parents=True, exist_ok=True)
    return Book(settings_for(folder, ""), name, logs)


def saying(status: int, body: Callable[[bytes], str], wait: float = 0) -> Any:
    """A witness that says what it is told to, whatever it is asked."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked, more = b"", True
        while more:
            message = await receive()
            asked += message.get("body", b"")
            more = message.get("more_body", False)
        await asyncio.sleep(wait)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body(asked).encode()})

    return app


async def key(house: House) -> Verifier:
    return Verifier.read((await get(house, "key")).text)


async def ask(house: House, url: str, witness: Witness) -> None:
    petition = house.parts.hub.any_petition(SLUG).id
    async with house.parts.database.write() as tx:
        await publishing.ask(tx, petition, Asked(url, str(witness)))


async def submit(house: House) -> int:
    """One look round, when it is every witness's turn."""
    house.clock.pass_(hours=2)
    done = await house.worker._submitting.step()
    await house.parts.hub.poll()
    return done
