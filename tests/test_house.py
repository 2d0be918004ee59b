"""The house's own rules (docs/house.md), read from the code with plain `ast`."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "petition"
FILES = sorted(PACKAGE.rglob("*.py"))

# A floor imports only lower floors. Rooms not named here lie on their folder's floor.
FLOORS = {
    "petition.errors": 1,
    "petition.settings": 1,
    "petition.assets": 1,
    "petition.words": 1,
    "petition.rendering": 2,
    "petition.domain": 2,
    "petition.keyfiles": 3,
    "petition.sheets": 3,
    "petition.workbooks": 3,
    "petition.notary": 3,
    "petition.typesetting": 3,
    "petition.typesetter": 3,
    "petition.places": 3,
    "petition.witnessing": 3,
    "petition.submitting": 6,
    "petition.taking": 6,
    "petition.db": 3,
    "petition.queries": 4,
    "petition.actions": 5,
    "petition.mail": 6,
    "petition.web": 6,
    "petition.worker": 7,
    "petition.app": 7,
    "petition.cli": 8,
    "petition.__main__": 9,
}
LEAVES = {
    f"petition.actions.{name}" for name in ("intake", "counting", "outbox", "limits", "audit", "notes", "milestones")
}
SHARED = {
    f"petition.web.{name}"
    for name in (
        "forms",
        "pages",
        "guards",
        "problems",
        "answers",
        "attempts",
        "hub",
        "parts",
        "figures",
        "card",
        "prose",
        "envelope",
        "shapes",
        "console.gate",
        "console.pages",
        "console.account_pages",
        "console.desk_pages",
        "console.petition_form",
        "console.search",
        "console.writing",
        "console.relisting",
        "console.unusual",
        "console.resealing",
        "console.changing",
        "console.memory",
        "console.takeaway",
        "console.unlocked",
        "console.resemblances",
        "console.duplicate_pages",
        "console.paper_desk",
        "console.paper_pages",
        "console.import_pages",
        "console.uploads",
        "console.staged_files",
        "console.comparing",
        "console.taking_in",
    )
}
BANNED = re.compile(
    r"(^|_)(utils?|helpers?|common|misc|base|managers?|services?|handlers?|data|info)($|_)|^(do|process)_"
)


def module_of(path: Path) -> str:
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return dotted.removesuffix(".__init__")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def floor(module: str) -> int:
    while module not in FLOORS:
        module = module.rpartition(".")[0]
        assert module, "a room without a floor"
    return FLOORS[module]


def imports(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, `from petition.web import parts` counted as petition.web.parts."""
    known = {module_of(file) for file in FILES}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("petition"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("petition"):
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                yield deeper if deeper in known else str(node.module)


def graph() -> dict[str, set[str]]:
    found = {module_of(path): set(imports(path)) - {"petition"} for path in FILES}
    return {module: others for module, others in found.items() if module != "petition"}


def foreign(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_every_import_falls() -> None:
    rising = [
        f"{module} imports {other}"
        for module, others in graph().items()
        for other in others
        if floor(other) > floor(module)
    ]
    assert not rising


def test_mail_and_web_do_not_know_each_other() -> None:
    crossing = [
        f"{module} imports {other}"
        for module, others in graph().items()
        for other in others
        if {module.split(".")[1], other.split(".")[1]} == {"mail", "web"}
    ]
    assert not crossing


def test_doors_never_import_each_other() -> None:
    doors = [
        f"{module} imports {other}"
        for module, others in graph().items()
        for other in others
        if module.startswith("petition.web.") and other.startswith("petition.web.") and other not in SHARED
    ]
    assert not doors


def test_an_action_imports_only_leaf_siblings() -> None:
    leaning = [
        f"{module} imports {other}"
        for module, others in graph().items()
        for other in others
        if module.startswith("petition.actions.") and other.startswith("petition.actions.") and other not in LEAVES
    ]
    assert not leaning


def test_nobody_imports_the_commands() -> None:
    assert not [m for m, others in graph().items() if floor(m) < 8 and any(floor(o) >= 8 for o in others)]


def test_there_is_no_circle() -> None:
    others = graph()
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, f"circle: {' → '.join((*path, module))}"
        if module not in done:
            for other in sorted(others.get(module, ())):
                visit(other, (*path, module))
            done.add(module)

    for module in others:
        visit(module, ())


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_stand_at_the_top(path: Path) -> None:
    inner = [
        node.lineno
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inner
    assert "TYPE_CHECKING" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_each_library_stays_on_its_floors(path: Path) -> None:
    module, libraries = module_of(path), foreign(path)
    if not (module.startswith("petition.web") or module in ("petition.app", "petition.cli.serving")):
        assert "litestar" not in libraries
    if not module.startswith(("petition.db", "petition.queries", "petition.actions")):
        # Two commands speak of the database itself: whether it contradicts a rule, and what time it has.
        assert "sqlalchemy" not in libraries or module in ("petition.cli.apply", "petition.cli.doctor")
    if module.startswith("petition.web"):
        assert "from __future__ import annotations" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_only_the_database_commits(path: Path) -> None:
    if not module_of(path).startswith("petition.db"):
        assert ".commit(" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [p for p in FILES if "domain" in p.parts], ids=module_of)
def test_the_ground_floor_has_no_clock_chance_or_files(path: Path) -> None:
    names = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
    assert not foreign(path) & {"time", "random", "secrets", "os", "pathlib", "asyncio"}
    assert not names & {"now", "utcnow", "today", "urandom"}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_the_tally_is_moved_in_one_place(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    kept = "Tally|TallyDay|LedgerEntry|LedgerTile|Published"
    writes = re.search(rf"(update|insert|delete)\([^)]*tables\.({kept})\b", source)
    assert not writes or module_of(path) in {f"petition.actions.{a}" for a in ("counting", "petitions", "publishing")}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_names_say_what_they_are(path: Path) -> None:
    names = {path.stem} | {
        node.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    assert not {name for name in names if BANNED.search(name.lower())}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_files_and_functions_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno <= 60, node.name


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_every_room_says_what_lives_in_it(path: Path) -> None:
    assert ast.get_docstring(tree(path))


def test_numbers_are_reckoned_in_the_threads_that_we_start() -> None:
    """A library's own, one for each core, would spin beside ours."""
    said = "import os; from petition.domain import auditing; print(os.listdir('/proc/self/task') == [str(os.getpid())])"
    clean = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    asked = [sys.executable, "-c", said]
    done = subprocess.run(asked, cwd=ROOT, env=clean, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_the_migrations_folder_does_not_shadow_the_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()
