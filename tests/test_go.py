"""Go's own transparency log library against a running server. Debian: golang-go and golang-golang-x-mod-dev."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.factories import SLUG
from tests.house import House
from tests.people import someone
from tests.stranger import run, served
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


async def test_go_checks_checkpoints_tiles_and_proofs(house: House, verify: Path, tmp_path: Path) -> None:
    earlier = []
    async with served(house) as base:
        prefix = f"{base}/ledger/{SLUG}"
        for number in (1, 2, 250, 4, 5, 300, 40):
            await counted(house, number)
            link = await house.confirmed(someone(number))
            receipt = tmp_path / f"{len(earlier)}.tlog-proof"
            receipt.write_text((await house.http.get(f"{link}/receipt")).text)
            earlier.append(receipt)
            earlier.append(tmp_path / f"checkpoint-{len(earlier)}")
            earlier[-1].write_text((await house.http.get(f"/ledger/{SLUG}/checkpoint")).text)
            assert await run(str(verify), prefix, *map(str, earlier)) == (0, earlier[-1].read_text().split("\n")[1], "")


async def test_go_refuses_what_was_altered(house: House, verify: Path, tmp_path: Path) -> None:
    await counted(house, 5)
    note = (await house.http.get(f"/ledger/{SLUG}/checkpoint")).text
    altered = tmp_path / "altered"
    altered.write_text(note.replace("\n5\n", "\n4\n"))
    async with served(house) as base:
        prefix = f"{base}/ledger/{SLUG}"
        assert (await run(str(verify), prefix))[0] == 0
        assert (await run(str(verify), prefix, str(altered)))[0] == 1
