"""The application served on a real port, so that programs that are not ours can read it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn

from tests.house import House
from tests.servers import environment, free_port

SCRIPT = Path(__file__).resolve().parent.parent / "docs" / "recount.py"


@asynccontextmanager
async def at_work(app: Any) -> AsyncIterator[str]:
    """The base address of an application on a real port, while the block lasts."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", log_config=None))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


def served(house: House) -> AbstractAsyncContextManager[str]:
    return at_work(house.app)


async def run(*words: str, folder: Path | None = None) -> tuple[int, str, str]:
    """(exit, output, errors) of a program."""
    env = environment(folder or Path("/nonexistent"), "")
    done = await asyncio.create_subprocess_exec(*words, stdout=-1, stderr=-1, env=env)
    told, wrong = await done.communicate()
    return done.returncode or 0, told.decode().strip(), wrong.decode().strip()


async def script(*words: str) -> tuple[int, str, str]:
    """The reference script, in a Python that knows nothing of ours."""
    return await run(sys.executable, "-I", str(SCRIPT), *words)


async def audit(*words: str) -> tuple[int, str, str]:
    return await run(sys.executable, "-m", "petition", "audit", *words)
