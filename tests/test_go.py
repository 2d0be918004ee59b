"""Go's own transparency log library against a running server. Debian: golang-go and golang-golang-x-mod-dev."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from petition.domain import checkpoint
from petition.domain.cosignature import Witness
from petition.web.witness import create_witness
from tests.factories import SLUG
from tests.house import House
from tests.people import someone
from tests.stranger import at_work, run, served
from tests.web.test_ledger import counted
from tests.witnesses import NAME, ask, book_of, key, submit

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


async def test_go_checks_what_a_witness_cosigned(house: House, verify: Path, tmp_path: Path) -> None:
    await counted(house, 300)
    book = book_of(tmp_path / "w", await key(house))
    forged = Witness(NAME, checkpoint.public_half(b"f" * 32))
    async with at_work(create_witness(book, house.clock.wall)) as url, served(house) as base:
        prefix = f"{base}/ledger/{SLUG}"
        assert (await run(str(verify), "-witness", str(book.witness), prefix))[0] == 1
        await ask(house, url, book.witness)
        assert await submit(house) == 1
        # Ten more since it was asked: what it saw is a beginning of what there is.
        for more in (0, 10):
            await counted(house, more)
            assert (await run(str(verify), "-witness", str(book.witness), prefix))[:2] == (0, str(300 + more))
        status, _, wrong = await run(str(verify), "-witness", str(forged), prefix)
        assert (status, wrong) == (1, f"no cosignature by {NAME}")
        broken = str(book.witness).replace("w1+", "w2+")
        assert (await run(str(verify), "-witness", broken, prefix))[0] == 1
