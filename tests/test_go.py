"""Go's own transparency log library against a running server. Debian: golang-go and golang-golang-x-mod-dev."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from tests.factories import SLUG
from tests.house import House
from tests.servers import free_port
from tests.web.test_ledger import counted

GOPATH = os.environ.get("GOPATH", "/usr/share/gocode")
HAD = shutil.which("go") and (Path(GOPATH) / "src/golang.org/x/mod/sumdb/tlog").is_dir()
pytestmark = pytest.mark.skipif(not HAD, reason="golang-go and golang-golang-x-mod-dev are not installed")


@pytest.fixture(scope="session")
def verify(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("go") / "verify"
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": GOPATH, "GOFLAGS": "", "GOCACHE": f"{program}.cache"}
    source = Path(__file__).with_name("go") / "verify.go"
    subprocess.run(["go", "build", "-o", str(program), str(source)], env=environment, check=True)
    return program


@asynccontextmanager
async def serving(house: House) -> AsyncIterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(house.app, port=port, lifespan="off", log_config=None))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}/ledger/{SLUG}"
    finally:
        server.should_exit = True
        await task


async def run(verify: Path, *words: str) -> tuple[int, str]:
    done = await asyncio.create_subprocess_exec(str(verify), *words, stdout=-1, stderr=-2)
    told, _ = await done.communicate()
    return done.returncode or 0, told.decode().strip()


async def test_go_checks_checkpoints_tiles_and_proofs(
    house: House, verify: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    earlier = []
    async with serving(house) as prefix:
        for number in (1, 3, 251, 1, 1, 300, 40):
            await counted(house, number)
            earlier.append(tmp_path / f"checkpoint-{len(earlier)}")
            earlier[-1].write_text((await house.http.get(f"/ledger/{SLUG}/checkpoint")).text)
            assert await run(verify, prefix, *map(str, earlier)) == (0, (earlier[-1].read_text().split("\n")[1]))


async def test_go_refuses_what_was_altered(house: House, verify: Path, tmp_path: Path) -> None:
    await counted(house, 5)
    note = (await house.http.get(f"/ledger/{SLUG}/checkpoint")).text
    altered = tmp_path / "altered"
    altered.write_text(note.replace("\n5\n", "\n4\n"))
    async with serving(house) as prefix:
        assert (await run(verify, prefix))[0] == 0
        assert (await run(verify, prefix, str(altered)))[0] == 1
