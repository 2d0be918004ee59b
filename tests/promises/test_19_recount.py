"""Promise 19: an outsider recounts from public files alone.

"A script of at most 150 lines that imports nothing of ours, at 100 random moments of a simulated campaign (withdrawals,
merges, invalidations, restores, restarts). F: equal every time." On PostgreSQL, where little differs, a few are enough.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from petition.domain import states
from tests.actions.desk import Desk
from tests.factories import SLUG
from tests.house import House
from tests.people import someone
from tests.promises.test_25_removals import act
from tests.servers import environment
from tests.stranger import SCRIPT, served

MOMENTS = {"sqlite": 100, "postgresql": 10}
RESTARTS = 4
# One interpreter that knows nothing of ours runs the script anew for each address that it is given.
AGAIN = """
import sys
script = compile(open(sys.argv[1]).read(), sys.argv[1], "exec")
for line in sys.stdin:
    sys.argv = ["recount.py", line.strip()]
    try:
        exec(script, {"__name__": "__main__"})
    except SystemExit as wrong:
        print(wrong)
    sys.stdout.flush()
"""


@asynccontextmanager
async def outsider() -> AsyncIterator[asyncio.subprocess.Process]:
    words = (sys.executable, "-I", "-c", AGAIN, str(SCRIPT))
    stranger = await asyncio.create_subprocess_exec(*words, stdin=-1, stdout=-1, env=environment(SCRIPT.parent, ""))
    try:
        yield stranger
    finally:
        stranger.kill()
        await stranger.wait()


async def asked(stranger: asyncio.subprocess.Process, prefix: str) -> str:
    assert stranger.stdin is not None
    assert stranger.stdout is not None
    stranger.stdin.write(f"{prefix}\n".encode())
    return (await asyncio.wait_for(stranger.stdout.readline(), 120)).decode().strip()


def test_the_script_is_short_and_imports_nothing_of_ours() -> None:
    source = SCRIPT.read_text("utf-8")
    assert len(source.splitlines()) <= 150
    imported = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import", "from"))}
    assert imported == {"base64", "collections", "hashlib", "json", "pathlib", "re", "sys", "urllib"}


async def something(desk: Desk, links: list[str], chance: random.Random) -> None:
    """One more signs, or something is done to one who has."""
    if len(links) < 3 or chance.random() < 0.4:
        links.append(await desk.house.confirmed(someone(len(links))))
        return
    link = chance.choice(links)
    row = await desk.row(link)
    if row.state == states.CONFIRMED and chance.random() < 0.3:
        await desk.do("unverify" if row.verified else "verify", link)
    else:
        await act(desk, links, chance)


async def test_at_every_moment_a_stranger_reaches_the_same_count(house: House, database_kind: str) -> None:
    moments, chance, links = MOMENTS[database_kind], random.Random(19), list[str]()
    seen: set[str] = set()
    async with outsider() as stranger, AsyncExitStack() as stack:
        base = await stack.enter_async_context(served(house))
        for moment in range(moments):
            if moment % (moments // (RESTARTS + 1)) == 1 and moment > 1:
                await stack.aclose()
                house = await house.restarted()
                stack.push_async_callback(house.stop)
                base = await stack.enter_async_context(served(house))
            desk = Desk(house)
            for _ in range(chance.randint(0, 2)):
                await something(desk, links, chance)
            await house.fold()
            rows, counts = await house.signatures(), await house.counts()
            assert counts["total"] == sum(row.state == states.CONFIRMED for row in rows)
            told = f"{counts['total']} signatures count, of {counts['ledger_size']} entries"
            assert await asked(stranger, f"{base}/ledger/{SLUG}") == told, moment
            seen |= {row.state for row in rows}
    assert moments < 50 or seen >= {states.CONFIRMED, states.WITHDRAWN, states.INVALIDATED, states.MERGED}
