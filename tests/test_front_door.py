"""What a newcomer meets first: `make` says what is missing, and what it installs is pinned and checked."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from importlib.metadata import version as installed_version
from itertools import combinations
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PRODUCT, PASSKEYS, TESTS = "constraints.txt", "constraints-passkeys.txt", "constraints-test.txt"
PINNED = (PRODUCT, PASSKEYS, TESTS)
MINOR = sys.version_info[1]

# A Python that is like ours, but for what a test takes away from it. It makes no virtual environment.
PYTHON = f"""#!/bin/sh
case "$*" in
  *ensurepip*) [ -e venv-module ] ;;
  *"-m venv"*) echo "asked for: $*" >&2; exit 7 ;;
  *) exec {sys.executable} "$@" ;;
esac
"""


@pytest.fixture
def door(tmp_path: Path) -> Path:
    """A fresh copy of what `make run` reads, with room for programs that stand in for the system's."""
    (tmp_path / "bin").mkdir()
    for name in ("Makefile", "pyproject.toml", *PINNED):
        shutil.copy(ROOT / name, tmp_path / name)
    stand_in(tmp_path, "python", PYTHON)
    return tmp_path


def stand_in(door: Path, name: str, text: str) -> None:
    program = door / "bin" / name
    program.write_text(text)
    program.chmod(0o755)


def make(door: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """As if typed by hand: a `make` above this one passes nothing on."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "PETITION_")) and name not in ("PYTHON", "ARGS")
    }
    environment["PATH"] = f"{door / 'bin'}:{environment['PATH']}"
    done = subprocess.run(
        ["make", *words], cwd=door, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 2
    return done


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    (line,) = (line for line in done.stderr.splitlines() if not line.startswith("make:"))
    return line


@pytest.mark.parametrize("goal", ["run", "test", "check"])
def test_without_a_fit_python_one_line_says_so(goal: str, door: Path) -> None:
    said = complaint(make(door, goal, "PYTHON=/nonexistent"))
    assert "Python 3.11 or newer" in said
    assert "/nonexistent" in said
    assert "apt-get install python3" in said


def test_a_python_that_is_too_old_is_not_taken(door: Path) -> None:
    stand_in(door, "old", "#!/bin/sh\nexit 1\n")
    assert "Python 3.11 or newer" in complaint(make(door, "run", f"PYTHON={door}/bin/old"))


def test_without_the_venv_module_an_ordinary_user_is_told_the_command(door: Path) -> None:
    stand_in(door, "id", "#!/bin/sh\necho 1000\n")
    said = complaint(make(door, "run", f"PYTHON={door}/bin/python"))
    assert f"apt-get install python3.{MINOR}-venv" in said


def test_without_the_venv_module_root_has_it_installed(door: Path) -> None:
    stand_in(door, "id", "#!/bin/sh\necho 0\n")
    stand_in(door, "apt-get", '#!/bin/sh\necho "$@" >> apt-get.calls\ntouch venv-module\n')
    said = make(door, "run", f"PYTHON={door}/bin/python")
    calls = (door / "apt-get.calls").read_text()
    assert re.search(rf"install .*python3\.{MINOR}-venv", calls)
    assert complaint(said) == "asked for: -m venv .venv"


def test_a_half_made_environment_is_made_anew(door: Path) -> None:
    (door / "venv-module").touch()
    (door / ".venv" / "bin").mkdir(parents=True)
    (door / ".venv" / "left-behind").touch()
    assert complaint(make(door, "run", f"PYTHON={door}/bin/python")) == "asked for: -m venv .venv"
    assert not (door / ".venv").exists()


def test_an_environment_that_was_moved_is_made_anew(door: Path) -> None:
    (door / "venv-module").touch()
    (door / ".venv").mkdir()
    (door / ".venv" / ".product").write_text("/elsewhere\n")
    (door / ".venv" / ".installed").touch()
    assert complaint(make(door, "run", f"PYTHON={door}/bin/python")) == "asked for: -m venv .venv"


def pins(name: str) -> dict[str, tuple[Requirement, list[str]]]:
    """What a file pins: name -> (requirement, hashes)."""
    entries = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
    found = {}
    for entry in entries:
        requirement, *hashes = entry.split(" --hash=")
        parsed = Requirement(requirement)
        found[canonicalize_name(parsed.name)] = (parsed, [text.strip() for text in hashes])
    assert len(found) == len(entries), "a package stands there twice"
    return found


@pytest.mark.parametrize("name", PINNED)
def test_a_pin_is_one_version_with_its_hashes_and_no_address(name: str) -> None:
    for requirement, hashes in pins(name).values():
        assert re.fullmatch(r"==[\w.!+]+", str(requirement.specifier))
        assert requirement.url is None
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", text) for text in hashes)
    assert not re.search(r"://|^\s*(-i|-f|--(?!hash=)\w)|\bfile:", (ROOT / name).read_text(), re.MULTILINE)


def test_no_package_is_pinned_in_two_files() -> None:
    assert not [pair for pair in combinations(PINNED, 2) if pins(pair[0]).keys() & pins(pair[1]).keys()]


def test_every_direct_dependency_is_pinned_to_a_version_it_allows() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    product = [*PROJECT["project"]["dependencies"], *extras["pdf"], *PROJECT["build-system"]["requires"]]
    for names, where in (
        (product, pins(PRODUCT)),
        (extras["passkeys"], pins(PASSKEYS)),
        (extras["test"] + extras["dev"], pins(PRODUCT) | pins(TESTS)),
    ):
        for requirement in map(Requirement, names):
            pinned = where[canonicalize_name(requirement.name)][0]
            assert requirement.specifier.contains(str(pinned.specifier).removeprefix("=="))


def test_the_tests_run_on_what_is_pinned() -> None:
    for name, (requirement, _) in (pins(PRODUCT) | pins(PASSKEYS) | pins(TESTS)).items():
        if requirement.marker is None or requirement.marker.evaluate():
            assert requirement.specifier.contains(installed_version(name)), name  # fonts write 1.2 as 1.002


def test_the_product_runs_on_fifty_packages_at_most() -> None:
    """What it is built with is pinned beside them and not counted: nothing of it is imported."""
    paper = PROJECT["project"]["optional-dependencies"]["pdf"]
    needed = set[str]()
    looked_at = [Requirement(line) for line in (*PROJECT["project"]["dependencies"], *paper)]
    while looked_at:
        one = looked_at.pop()
        name = canonicalize_name(one.name)
        if name in needed and not one.extras:
            continue
        needed.add(name)
        asked = [Requirement(line) for line in requires(name) or ()]
        extras = ("", *one.extras)
        looked_at += [r for r in asked if not r.marker or any(r.marker.evaluate({"extra": e}) for e in extras)]
    assert needed <= pins(PRODUCT).keys()
    assert len(needed) <= 50, sorted(needed)


def test_the_checks_end_with_the_tests_and_demand_a_browser() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    assert script.read_text().splitlines()[-1] == "BROWSER_TESTS=required make test"


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = (ROOT / name.decode() for name in listed.stdout.split(b"\0") if name)
    return [path for path in paths if path.is_file()]


def test_no_tracked_file_names_a_package_registry_or_a_place_on_somebodys_machine() -> None:
    host = re.compile(rb"pypi\.org|python[h]osted|npmjs\.|debian\.org|docker\.io|crates\.io")
    place = re.compile(rb"(?<![\w.\-/])/(?:root|work|home|Users)/\w")
    for path in tracked():
        content = path.read_bytes()
        assert not host.search(content), f"{path} names a registry's host"
        assert not place.search(content), f"{path} names a place on a machine"
