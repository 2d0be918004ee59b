"""The wheel, built from the source archive, installed far from the checkout, serves the real thing."""

import os
import signal
import socket
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent
PATIENCE = 90.0  # seconds; generous, since other tests keep the machine busy meanwhile


def clean_environment(**more: str) -> dict[str, str]:
    """Nothing that would lead back to the checkout, and no setting of whoever runs the tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PETITION_", "PYTHON")) and name != "VIRTUAL_ENV"
    }
    return kept | more


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Source archive first, wheel from it: whoever packages from the archive gets the same."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    (archive,) = folder.glob("*.tar.gz")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-index")
    run(*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", folder, archive, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel in it, which borrows the libraries of the one we run in."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel, cwd=folder)
    # Only now: pip must not take the editable installation over there for an older one of its own.
    (own,) = folder.glob("lib/python3*/site-packages")
    borrowed = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (own / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    return folder


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(command: list[str], folder: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program, in a folder of its own; what it says goes to the file `said` there."""
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=clean_environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], client: httpx.Client, said: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, f"ended with {process.returncode}:\n{said.read_text()}"
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.1)
    raise AssertionError(f"not ready within {PATIENCE:.0f} s:\n{said.read_text()}")


def shipped(folder: str) -> set[str]:
    """The files below a folder of the checkout, those aside that Python or a test left there."""
    base = ROOT / folder
    return {
        path.relative_to(base).as_posix()
        for path in base.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(
    ("folder", "place"),
    [("petition", "petition"), ("templates", "petition/templates"), ("alembic", "petition/alembic")],
)
def test_the_wheel_holds_every_file_of(folder: str, place: str, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    assert shipped(folder)
    assert {f"{place}/{name}" for name in shipped(folder)} <= names


def test_the_wheel_puts_nothing_beside_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        tops = {name.partition("/")[0] for name in packed.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"petition"}


def test_the_installed_package_is_not_the_checkout(home: Path) -> None:
    where = run(home / "bin" / "python", "-c", "import petition; print(petition.__file__)", cwd=home)
    assert Path(where.strip()).is_relative_to(home)


def test_the_installed_program_serves_the_built_in_petition_and_ends_well(home: Path, tmp_path: Path) -> None:
    port = free_port()
    said = tmp_path / "said"
    command = [str(home / "bin" / "petition"), "demo", "--port", str(port), "--signatures", "3"]
    data = tmp_path / "data"
    with (
        running(command, tmp_path, PETITION_DATA_DIR=str(data)) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as client,
    ):
        wait_until_ready(process, client, said)
        page = client.get("/ar/petitions/boycott-sochi")
        assert page.status_code == 200
        assert 'dir="rtl"' in page.text
        assert str(port) in said.read_text()  # it says where to look
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0, said.read_text()
    assert data.is_dir()
    assert {path.name for path in tmp_path.iterdir()} == {"said", "data"}  # nothing beside the data dir
