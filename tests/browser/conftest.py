"""One browser and one furnished house for all these tests; every page they open is watched for what it must not do."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.stage import Stage, served
from tests.browser.watching import Watch

HERE = Path(__file__).parent
NO_BROWSER = "there is no browser: `make browser` installs Chromium, CHROMIUM names another"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

# What a page does by itself is waited for as long as a busy machine may need.
expect.set_options(timeout=30_000)

Open = Callable[..., Awaitable[Page]]


def chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip = chromium() is None and os.environ.get("BROWSER_TESTS") != "required"
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)
            if skip:
                item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    program = chromium()
    if program is None:
        pytest.fail(NO_BROWSER)
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        await running.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Shared: a test leaves it as it found it, or adds people of its own to petitions of its own."""
    async with served(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[Open]:
    """`await open_page(url, lang="ar", java_script_enabled=False, …)`: a page of a person of its own.

    When the test ends none of them may have asked another host, kept anything, or found a fault to report.
    """
    watches: list[Watch] = []

    async def make(address: str, lang: str = "en", **options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 900}, **options}
        context = await browser.new_context(locale=lang, **options)
        watch = Watch(context, address)
        await watch.begin()
        watches.append(watch)
        page = await context.new_page()
        await page.goto(address)
        return page

    yield make
    found = [fault for watch in watches for fault in await watch.end()]
    assert not found, found


@pytest.fixture(params=["ar", "en"])
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)
