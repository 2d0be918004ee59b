"""petition invite: links on standard output, one a line."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from tests.factories import SLUG, petition_text
from tests.servers import command

PASSWORD = "seven grey herons over water"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    file = tmp_path / "petition.toml"
    file.write_text(petition_text(), encoding="utf-8")
    done = command(tmp_path / "var", "", "apply", str(file))
    assert done.returncode == 0, done.stderr
    return tmp_path / "var"


def rows(folder: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "petition.sqlite3") as database:
        return database.execute("SELECT category, uses, issued_by IS NULL FROM invitations").fetchall()


def test_each_line_is_a_link_that_is_stored_as_its_hash_alone(folder: Path) -> None:
    words = ("invite", SLUG, "--category", "fsa", "--uses", "20", "--count", "3")
    done = command(folder, "", *words, base_url="https://petition.example")
    assert done.returncode == 0, done.stderr
    shape = rf"https://petition\.example/(?:ar|en)/petitions/{SLUG}\?invitation=([A-Za-z0-9_-]{{43}})"
    codes = [re.fullmatch(shape, line)[1] for line in done.stdout.splitlines()]  # type: ignore[index]
    assert len(set(codes)) == 3
    assert rows(folder) == [("fsa", 20, 1)] * 3
    assert not [code for code in codes if code.encode() in (folder / "petition.sqlite3").read_bytes()]


def test_an_organizer_answers_for_it_with_their_password(folder: Path) -> None:
    made = ("organizer", "add", "vera@example.org", "--role", "verifier", "--petition", SLUG, "--category", "fsa")
    assert command(folder, "", *made, password=PASSWORD).returncode == 0
    words = ("invite", SLUG, "--as", "vera@example.org", "--category")
    assert command(folder, "", *words, "fsa", password=PASSWORD).returncode == 0
    assert rows(folder) == [("fsa", 1, 0)]
    for category, password, told in (
        ("journalists", PASSWORD, "cannot be vouched for"),
        ("fsa", "another password altogether", "do not belong together"),
    ):
        refused = command(folder, "", *words, category, password=password)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert told in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    assert len(rows(folder)) == 1


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("no-such", "--category", "fsa"), 1, "there is no petition"),
        ((SLUG, "--category", "nobody"), 1, "cannot be vouched for"),
        ((SLUG, "--category", "fsa", "--lang", "fr"), 1, "no text in fr"),
        ((SLUG,), 2, "--category"),
        ((SLUG, "--category", "fsa", "--uses", "0"), 2, "--uses"),
    ],
)
def test_words_that_are_off_are_told_and_nothing_is_made(
    folder: Path, words: tuple[str, ...], status: int, told: str
) -> None:
    done = command(folder, "", "invite", *words)
    assert (done.returncode, done.stdout) == (status, "")
    assert re.search(told, done.stderr)
    assert rows(folder) == []
