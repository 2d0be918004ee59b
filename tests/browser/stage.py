"""The demonstration over a real socket, in the test's own process: time and background work stay in its hands."""

import asyncio
import contextlib
import tomllib
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from playwright.async_api import Page

import petition
from petition.app import create_app
from tests.factories import CATEGORIES, petition_text
from tests.house import House, settings_for
from tests.people import KARIM, LAYLA, OMAR, SALMA, Person, someone
from tests.servers import free_port

BUILTIN = (Path(petition.__file__).parent / "builtin" / "boycott-sochi.toml").read_text("utf-8")
SLUG = tomllib.loads(BUILTIN)["slug"]
MISSING = ("not found", "no petition", "unknown")
OTHERS = ("paused", "upcoming", "closed", "wordy", "arabic-only")

# What nobody measures a layout by, and somebody will type: two hundred characters, and words without an end.
LONG_NAME = ("Aleksandrína Konstantínovna " * 8)[:200].strip()
LONG_WORD = ("Wolfeschlegelsteinhausenbergerdorff" * 6)[:200]
LONG_ARABIC = ("عبدالرحمنالسميعالعليمالحكيمالكريم" * 7)[:200]


@dataclass
class Stage:
    """`links` by what has become of the signature behind each; `paths` are the pages without one."""

    house: House
    links: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.house.settings.base_url

    def link(self, kind: str, lang: str) -> str:
        return f"{self.address}/{lang}/signature/{self.links[kind].rpartition('/')[2]}"

    def paths(self, lang: str) -> dict[str, str]:
        """Every page that an address alone leads to."""
        here = f"/{lang}/petitions/{SLUG}"
        found = {
            "home": f"/{lang}", "petition": here, "check your mail": f"{here}/check-your-mail",
            "signatories": f"{here}/signatories", "signatories of a category": f"{here}/signatories?category=activists",
            "nobody": f"{here}/signatories?category=fsa", "count": f"{here}/count", "version": f"{here}/versions/1",
            "recount": f"{here}/recount",
            "not found": f"/{lang}/nowhere", "no petition": f"/{lang}/petitions/nothing", "demo mail": "/demo/mail",
        }  # fmt: skip
        found |= {other: f"/{lang}/petitions/{other}" for other in OTHERS}
        found |= {"wordy count": f"/{lang}/petitions/wordy/count"}
        found |= {kind: f"/{lang}/signature/{link.rpartition('/')[2]}" for kind, link in self.links.items()}
        return {name: self.address + path for name, path in found.items()}

    async def walk(self, page: Page, lang: str, without: Collection[str] = ()) -> AsyncIterator[str]:
        """Opens one after the other; each is what it should be, and not an apology for it."""
        for name, address in self.paths(lang).items():
            if name not in without:
                answer = await page.goto(address)
                assert answer is not None
                assert answer.status == (404 if name in MISSING else 200), name
                yield name


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the test run's."""
        yield


@contextlib.asynccontextmanager
async def served(folder: Path, *, host: str = "127.0.0.1", furnished: bool = True) -> AsyncIterator[Stage]:
    port = free_port()
    house = House(settings_for(folder / "var", "", base_url=f"http://{host}:{port}"))
    house.app = create_app(house.settings, works=False, is_demo=True, clocks=house.clocks)
    await house.start()
    stage = Stage(house)
    if furnished:
        await _furnish(stage)
    config = uvicorn.Config(
        house.app, port=port, lifespan="off", access_log=False, log_config=None, timeout_graceful_shutdown=1
    )
    server = _Uvicorn(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done(), "the stage could not be served"
        await asyncio.sleep(0.01)
    try:
        yield stage
    finally:
        house.parts.hub.close()
        server.should_exit = True
        await serving
        await house.stop()


async def _furnish(stage: Stage) -> None:
    """Petitions in every phase, an older text, links in every state, a count that people were taken out of."""
    house, links = stage.house, stage.links
    await house.apply(BUILTIN.replace("that Russia is preparing", "that is being prepared"))
    await house.apply(BUILTIN)
    await house.apply(petition_text(slug="paused", status="paused"))
    await house.apply(petition_text(slug="upcoming", opens_at="2018-02-01T00:00:00Z"))
    await house.apply(petition_text(slug="closed", closes_at="2017-12-01T00:00:00Z"))
    await house.apply(petition_text(slug="arabic-only", title={"ar": "بيان"}, statement={"ar": "نقول **هذا**."}))
    await house.apply(petition_text(slug="wordy", **_wordy()))
    links["lapsed"] = await house.signed(someone(1))
    links["withdrawn"] = await house.confirmed(someone(2))
    links["erased"] = await house.confirmed(someone(3))
    await house.next_day(9)
    await house.confirmed(OMAR)
    await house.confirmed(KARIM)
    await house.post(links["withdrawn"], "withdraw")
    await house.next_day(9)
    links["hidden"] = await house.confirmed(SALMA, lang="en")
    links["confirmed"] = await house.confirmed(LAYLA)
    links["already"] = await house.signed(LAYLA)
    links["pending"] = await house.signed(someone(4, affiliation="Free Press", city="حلب"))
    links["denied"] = await house.signed(someone(5))
    await house.post(links["denied"], "deny")
    await house.post(links["erased"], "erase")
    links["long"] = await house.confirmed(Person(LONG_NAME, f"{'a-long-name.' * 5}x@example.org"))
    links["word"] = await house.confirmed(Person(LONG_WORD, "word@example.org"), lang="en")
    links["long pending"] = await house.signed(Person(LONG_ARABIC, "kalima@example.org", affiliation=LONG_WORD))
    links["wordy confirmed"] = await house.confirmed(Person(LONG_WORD, "w@example.org", "word"), slug="wordy")
    links["unknown"] = "A" * 43
    await house.fold()


def _wordy() -> dict[str, Any]:
    """What an organizer may write: a title, a text and a category of one endless word each."""
    return {
        "title": {"en": LONG_WORD, "ar": LONG_ARABIC},
        "statement": {"en": f"1. **{LONG_WORD}**", "ar": f"1. **{LONG_ARABIC}**"},
        "categories": [("word", "open", LONG_WORD[:100], LONG_ARABIC[:100]), *CATEGORIES],
    }
