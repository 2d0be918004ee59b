"""The docs are held to the code: settings, commands, error codes, routes."""

import re
from pathlib import Path

import pytest

from petition import words
from petition.app import create_app
from petition.cli import COMMANDS
from petition.errors import PetitionError
from petition.settings import SETTINGS, Settings
from petition.web import problems

ROOT = Path(__file__).resolve().parent.parent
CONTRACT_ONLY = ("/api/v1", "/api/v1/{path}", "/api/v1/openapi.json")


def doc(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def routes() -> set[str]:
    """Every route as the docs write it: `{lang}` for the language, no types."""
    app = create_app(Settings.from_env({}), works=False, is_demo=True)
    plain = {re.sub(r":\w+}", "}", route.path) for route in app.routes}
    names = {"{language}": "{lang}", "{text}": "{token}"}
    return {re.sub(r"\{\w+}", lambda m: names.get(m[0], m[0]), path) for path in plain} - set(CONTRACT_ONLY)


def test_every_setting_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(PETITION_\w+)` \| (.*?) \|", doc("docs/settings.md"), re.M))
    assert rows == {s.name: f"`{s.default}`" if s.default else "unset" for s in SETTINGS}


def test_every_command_is_in_the_readme_and_no_other() -> None:
    assert set(re.findall(r"^\| `petition (\w+)", doc("README.md"), re.M)) == set(COMMANDS)


def test_every_error_code_is_documented() -> None:
    text = doc("docs/problems.md")
    codes, fields = text.split("## Codes of one field")
    known = words.load()["en"].keys
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", codes, re.M)) == {k[6:] for k in known if k.startswith("error.")}
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", fields, re.M)) == {k[6:] for k in known if k.startswith("field.")}


def _leaves(kind: type[PetitionError]) -> list[type[PetitionError]]:
    return [kind, *(leaf for sub in kind.__subclasses__() for leaf in _leaves(sub))]


@pytest.mark.parametrize("kind", _leaves(PetitionError)[1:], ids=lambda kind: kind.__name__)
def test_every_error_has_words_and_the_documented_status(kind: type[PetitionError]) -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", doc("docs/problems.md"), re.M))
    error = kind.__new__(kind)
    assert rows[kind.code] == str(problems.status_of(error))


def test_every_route_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"`(?:GET|POST) (/[^`]*)`", doc("docs/api.md")))
    assert documented == routes()


@pytest.mark.parametrize("path", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]), ids=lambda p: p.name)
def test_links_between_the_docs_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
