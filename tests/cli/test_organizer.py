"""petition organizer add: the first owner, from the command line."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from petition.domain import sealing
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


def test_it_prints_a_set_up_link_and_shares_the_petitions_key(folder: Path) -> None:
    done = command(
        folder, "", "organizer", "add", "nour@example.org", "--role", "owner", base_url="https://petition.example"
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"https://petition\.example/organizer/ar/set-up/[A-Za-z0-9_-]{43}\b", done.stdout)
    assert "was not shared" not in done.stdout
    with sqlite3.connect(folder / "petition.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM petition_keys").fetchone() == (1,)
        (setup,) = database.execute("SELECT setup FROM organizers").fetchone()
    link = re.findall(r"set-up/(\S+)", done.stdout)[0]
    assert link.encode() not in (folder / "petition.sqlite3").read_bytes()
    assert len(setup) == 32


def test_without_the_recovery_key_it_says_who_can_share_it(folder: Path) -> None:
    (folder / "recovery" / f"{SLUG}.key").rename(folder.parent / "moved-offline.key")
    done = command(folder, "", "organizer", "add", "nour@example.org", "--role", "owner")
    assert done.returncode == 0
    assert f"the key of {SLUG} was not shared" in done.stdout


def test_with_a_password_in_the_environment_the_account_is_made_at_once(folder: Path) -> None:
    words = ("organizer", "add", "nour@example.org", "--role", "owner")
    done = command(folder, "", *words, password=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout
    (uri,) = re.findall(r"otpauth://\S+", done.stdout)
    assert len(parse_qs(urlsplit(uri).query)["secret"][0]) == 32
    assert len(re.findall(r"^recovery code: ", done.stdout, re.M)) == 10
    again = command(folder, "", "organizer", "add", "nour@example.org", "--role", "auditor", "--petition", SLUG)
    assert again.returncode == 0
    assert "set-up" not in again.stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("nour@example.org", "--role", "boss"), 2, "owner"),
        (("not-an-address", "--role", "owner"), 2, "mail address"),
        (("nour@example.org", "--role", "owner", "--petition", "nothing"), 1, "no petition nothing"),
        (("nour@example.org", "--role", "owner", "--category", "fsa"), 2, "--category"),
        (("nour@example.org", "--role", "verifier", "--petition", SLUG, "--category", "x"), 1, "no category x"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(folder: Path, words: tuple[str, ...], code: int, told: str) -> None:
    done = command(folder, "", "organizer", "add", *words)
    assert done.returncode == code
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    with sqlite3.connect(folder / "petition.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM organizers").fetchone() == (0,)


def test_a_weak_password_makes_no_account(folder: Path) -> None:
    done = command(folder, "", "organizer", "add", "nour@example.org", "--role", "owner", password="short")
    assert done.returncode == 1
    assert "PETITION_PASSWORD" in done.stderr
    assert "short;" not in done.stderr.replace("password-short;", "")


def test_a_new_petitions_key_is_shared_with_those_who_have_all(folder: Path) -> None:
    command(folder, "", "organizer", "add", "nour@example.org", "--role", "owner", password=PASSWORD)
    file = folder.parent / "second.toml"
    file.write_text(petition_text(slug="second"), encoding="utf-8")
    assert command(folder, "", "apply", str(file)).returncode == 0
    with sqlite3.connect(folder / "petition.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM petition_keys").fetchone() == (2,)


def test_the_doctor_finds_an_audit_that_was_tampered_with(folder: Path) -> None:
    command(folder, "", "organizer", "add", "nour@example.org", "--role", "owner", password=PASSWORD)
    assert "entry" not in command(folder, "", "doctor").stdout
    with sqlite3.connect(folder / "petition.sqlite3") as database:
        database.execute("DELETE FROM audit WHERE number = 2")
    done = command(folder, "", "doctor")
    assert done.returncode == 1
    assert "entry 2 was changed or taken out" in done.stdout + done.stderr


def test_the_doctor_tells_of_keys_to_be_changed_and_of_recovery_keys_that_open_nothing(folder: Path) -> None:
    assert "has left" not in command(folder, "", "doctor").stdout
    private, public = sealing.new_pair()
    (folder / "recovery" / f"{SLUG}.0123abcd.key").write_text(sealing.recovery_file(SLUG, private, public))
    with sqlite3.connect(folder / "petition.sqlite3") as database:
        database.execute(
            "INSERT INTO rekeyings (petition_id, due, earlier, total, round, kind, done, found)"
            " SELECT id, true, x'00', 40, 1, 0, 10, 0 FROM petitions"
        )
    done = command(folder, "", "doctor")
    assert done.returncode == 1
    told = done.stdout + done.stderr
    assert f"somebody who held the key of {SLUG} has left" in told
    assert "(10 of 40)" in told
    assert f"open old copies alone ({SLUG}.0123abcd.key)" in told
