"""The commands as a person or a script calls them: what they say, and with which exit code."""

from __future__ import annotations

import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from petition.cli import COMMANDS
from petition.settings import SETTINGS
from tests.factories import SLUG, petition_file, petition_text
from tests.mail.smtp import Postbox
from tests.servers import Server, command, environment

Start = Callable[..., Server]
Done = subprocess.CompletedProcess[str]


def refused(done: Done, *says: str, code: int = 1) -> None:
    """One clear line on standard error, and nothing that only a programmer could read."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for words in says:
        assert words in done.stderr


@pytest.fixture
def run(tmp_path: Path, database_url: str) -> Callable[..., Done]:
    return lambda *words, **settings: command(tmp_path / "var", database_url, *words, **settings)


@pytest.fixture
def alone(tmp_path: Path) -> Callable[..., Done]:
    """On SQLite, for what does not depend on the database."""
    return lambda *words, database_url="", **settings: command(tmp_path / "var", database_url, *words, **settings)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(alone: Callable[..., Done], name: str) -> None:
    done = alone(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: petition " + name)


def test_help_lists_every_command_and_loads_no_web_server(tmp_path: Path) -> None:
    script = (
        "import sys; from petition.cli import program\n"
        "try: program(['--help'], prog_name='petition')\n"
        "except SystemExit: pass\n"
        "print(sorted({'litestar', 'sqlalchemy', 'uvicorn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert all(name in done.stdout for name in COMMANDS)
    assert done.stdout.strip().endswith("[]")


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("apply",),
        ("organizer",),
        ("recount",),
        ("serve", "--port", "many"),
        ("serve", "--port", "70000"),
        ("demo", "--signatures", "-1"),
    ],
    ids=" ".join,
)
def test_words_that_are_off_end_with_2(alone: Callable[..., Done], words: tuple[str, ...]) -> None:
    refused(alone(*words), code=2)


WRONG = {
    "database_url": "mysql://localhost/db",
    "base_url": "ftp://example.org",
    "smtp_url": "http://example.org",
    "mail_from": "nobody",
    "valkey_url": "valkey://localhost",
    "trusted_proxies": "everyone",
    "challenge": "always",
    "limits": "perhaps",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_stops_the_start_with_one_line(alone: Callable[..., Done], name: str) -> None:
    refused(alone("serve", **{name: WRONG[name]}), f"PETITION_{name.upper()}")


def test_every_setting_that_can_be_wrong_is_tried() -> None:
    """A data directory and a password may be any text."""
    assert {f"PETITION_{name.upper()}" for name in WRONG} == {s.name for s in SETTINGS} - {
        "PETITION_DATA_DIR",
        "PETITION_PASSWORD",
    }


def test_a_secret_is_never_repeated(alone: Callable[..., Done]) -> None:
    done = alone("serve", smtp_url="http://user:hunter2@example.org")
    refused(done, "PETITION_SMTP_URL")
    assert "hunter2" not in done.stderr
    shown = alone("doctor", smtp_url="smtps://user:hunter2@127.0.0.1:1").stdout
    assert "hunter2" not in shown
    assert "PETITION_SMTP_URL" in shown


def test_an_unknown_setting_stops_the_start(alone: Callable[..., Done]) -> None:
    refused(alone("serve", smpt_url="smtp://example.org"), "PETITION_SMPT_URL")


def test_a_setting_may_come_from_a_file(tmp_path: Path, alone: Callable[..., Done]) -> None:
    secret = tmp_path / "smtp"
    secret.write_text("smtps://user:hunter2@127.0.0.1:1\n")
    assert "file" in alone("doctor", smtp_url_file=str(secret)).stdout
    refused(alone("doctor", smtp_url_file=str(tmp_path / "missing")), "PETITION_SMTP_URL")
    refused(alone("doctor", smtp_url_file=str(secret), smtp_url="smtp://x.example"), "unset one")


def test_a_petition_is_created_updated_and_left_alone(tmp_path: Path, run: Callable[..., Done]) -> None:
    path = petition_file(tmp_path)
    created = run("apply", str(path))
    assert created.returncode == 0, created.stderr
    assert f"{SLUG}: created" in created.stdout
    key = tmp_path / "var" / "recovery" / f"{SLUG}.key"
    assert str(key) in created.stdout
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "private key:" in key.read_text()
    before = key.read_bytes()

    assert run("apply", str(path)).stdout == f"{SLUG}: unchanged\n"
    petition_file(tmp_path, goal=5000)
    assert run("apply", str(path)).stdout == f"{SLUG}: updated\n"
    assert key.read_bytes() == before
    assert run("recount", SLUG).returncode == 0


def test_a_broken_file_says_the_line(tmp_path: Path, alone: Callable[..., Done]) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(petition_text().replace("goal = 3500", "goal = lots"))
    line = path.read_text().splitlines().index("goal = lots") + 1
    refused(alone("apply", str(path)), f"line {line}")
    refused(alone("apply", str(tmp_path / "none.toml")), "cannot be read")
    refused(alone("apply", str(tmp_path)), "cannot be read")


def test_a_petition_is_changed_while_the_server_runs(tmp_path: Path, server: Start, run: Callable[..., Done]) -> None:
    assert run("apply", str(petition_file(tmp_path))).returncode == 0
    running = server("serve")
    petition_file(tmp_path, goal=4321)
    assert run("apply", str(tmp_path / f"{SLUG}.toml")).stdout == f"{SLUG}: updated\n"
    assert until(lambda: counts(running)["goal"] == 4321)
    assert run("recount", SLUG).returncode == 0
    assert running.stop() == 0


def counts(running: Server) -> dict[str, int]:
    found: dict[str, int] = httpx.get(f"{running.base_url}/api/v1/petitions/{SLUG}/counts").json()
    return found


def until(holds: Callable[[], bool]) -> bool:
    return any(holds() or not _rest() for _ in range(100))


def _rest() -> bool:
    subprocess.run(["sleep", "0.1"], check=True)
    return True


def test_recount_knows_what_there_is_not(run: Callable[..., Done]) -> None:
    refused(run("recount", "nothing-here"), "nothing-here")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_recount_fails_where_a_row_was_touched(tmp_path: Path, server: Start, run: Callable[..., Done]) -> None:
    running = server("demo", "--signatures", "20")
    assert running.stop() == 0
    assert run("recount", SLUG).returncode == 0
    with sqlite3.connect(tmp_path / "var" / "petition.sqlite3") as rows:
        rows.execute("UPDATE tallies SET total = total + 1")
    refused(run("recount", SLUG), "do not agree")
    with sqlite3.connect(tmp_path / "var" / "petition.sqlite3") as rows:
        rows.execute("UPDATE tallies SET total = total - 1")
        rows.execute('DELETE FROM ledger_entries WHERE "index" = 7')
    refused(run("recount", SLUG), "entry 7 is missing")


def test_the_demonstration_shows_everything(server: Start, database_kind: str, run: Callable[..., Done]) -> None:
    if database_kind == "postgresql":
        assert run("migrate").returncode == 0
    running = server("demo", "--signatures", "12")
    assert until(lambda: counts(running)["total"] == 12)
    for path in ("/ar", "/en", f"/ar/petitions/{SLUG}", f"/en/petitions/{SLUG}/count", "/demo/mail"):
        assert httpx.get(running.base_url + path).status_code == 200
    said = running.log.read_text()
    assert f"{running.base_url}/ar/petitions/{SLUG}" in said
    assert f"{running.base_url}/demo/mail" in said
    shown = counts(running)
    assert shown["total"] == 12
    # Some came by their office's invitation, some claims wait, and not all on one day: what an organizer will meet.
    assert 0 < shown["verified"] == shown["by_method"]["invitation"] < 12
    assert shown["awaiting_verification"] > 0
    days = httpx.get(f"{running.base_url}/api/v1/petitions/{SLUG}/timeline").json()["days"]
    assert sum(day["counted"] > 0 for day in days) > 5
    assert running.stop() == 0


def test_demo_mail_is_nowhere_else(tmp_path: Path, server: Start, run: Callable[..., Done]) -> None:
    run("apply", str(petition_file(tmp_path)))
    assert httpx.get(server("serve").base_url + "/demo/mail").status_code == 404


def test_a_port_that_is_taken_is_told(alone: Callable[..., Done]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        for name in ("serve", "demo"):
            refused(alone(name, "--port", port), f"port {port}", "--port")


def test_several_web_processes_need_postgresql(alone: Callable[..., Done]) -> None:
    refused(alone("serve", "--workers", "2", "--port", "0"), "PostgreSQL")


@pytest.mark.parametrize("where", ["below a file", "where nobody may write"])
def test_a_data_directory_that_cannot_be_written_is_told(tmp_path: Path, where: str) -> None:
    file = tmp_path / "file"
    file.touch()
    # Not even root writes below /proc.
    folder = file / "var" if where == "below a file" else Path("/proc/petition")
    done = subprocess.run(
        [sys.executable, "-m", "petition", "serve", "--port", "0"],
        env=environment(folder, ""),
        capture_output=True,
        text=True,
    )
    refused(done, "PETITION_DATA_DIR", str(folder))


def test_a_file_that_is_no_database_is_told(tmp_path: Path, alone: Callable[..., Done]) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "petition.sqlite3").write_bytes(b"this is a letter, not a database, and long enough to be looked at" * 20)
    refused(alone("serve", "--port", "0"), "database")
    refused(alone("recount", SLUG), "database")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_second_server_on_the_same_data_is_told(server: Start, run: Callable[..., Done]) -> None:
    server("demo", "--signatures", "0")
    for name in ("serve", "demo"):
        refused(run(name, "--port", "0"), "a server runs on it")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_made_up_signatures_are_never_taken_for_real_ones(server: Start, run: Callable[..., Done]) -> None:
    assert server("demo", "--signatures", "3").stop() == 0
    done = run("doctor")
    assert "made-up" in done.stdout
    assert done.returncode == 1
    assert "made up" in server("serve").log.read_text()


def test_a_demonstration_leaves_real_petitions_alone(tmp_path: Path, alone: Callable[..., Done]) -> None:
    assert alone("apply", str(petition_file(tmp_path, goal=77))).returncode == 0
    refused(alone("demo", "--port", "0"), "no demonstration", "PETITION_DATA_DIR")
    assert alone("apply", str(petition_file(tmp_path, goal=77))).stdout == f"{SLUG}: unchanged\n"
    assert "made-up" not in alone("doctor").stdout


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_database_of_a_newer_version_is_refused(tmp_path: Path, run: Callable[..., Done]) -> None:
    assert run("migrate").returncode == 0
    with sqlite3.connect(tmp_path / "var" / "petition.sqlite3") as rows:
        rows.execute("UPDATE alembic_version SET version_num = '2999_01_01_later'")
    for words in (("migrate",), ("serve", "--port", "0"), ("recount", SLUG)):
        refused(run(*words), "newer")


def test_another_servers_key_does_not_start(tmp_path: Path, run: Callable[..., Done]) -> None:
    run("migrate")
    assert run("apply", str(petition_file(tmp_path))).returncode == 0
    key = tmp_path / "var" / "keys" / "server.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.write_text("ab" * 32)
    refused(run("serve", "--port", "0"), "server.key")
    key.write_text("not a key")
    refused(run("serve", "--port", "0"), "server.key")


def test_postgresql_that_is_away_is_told_without_its_password(alone: Callable[..., Done]) -> None:
    done = alone("serve", "--port", "0", database_url="postgresql://someone:hunter2@127.0.0.1:1/petition")
    refused(done, "PETITION_DATABASE_URL")
    assert "hunter2" not in done.stderr


def test_doctor_names_every_setting_and_what_is_unsafe(tmp_path: Path, run: Callable[..., Done]) -> None:
    run("migrate")
    run("apply", str(petition_file(tmp_path)))
    done = run("doctor", limits="off", base_url="http://petition.example")
    assert all(setting.name in done.stdout for setting in SETTINGS)
    assert "not encrypted" in done.stdout
    assert "recovery" in done.stdout
    assert done.returncode == 1
    safe = run("doctor", base_url="https://petition.example")
    assert safe.returncode == 0, safe.stdout + safe.stderr
    with Postbox() as box:
        mailing = run("doctor", smtp_url=box.url)
    assert (mailing.returncode, box.asked) == (0, []), mailing.stdout
    away = run("doctor", smtp_url=box.url.replace("//", "//petition:hunter2@"))
    refused(away, "1 thing to mend")
    assert "takes no mail from here (SMTPConnectError)" in away.stdout
    assert "hunter" not in away.stdout
