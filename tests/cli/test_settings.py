"""Settings: strict, told in one line that names the variable, and never repeating a secret."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from petition.errors import Misconfigured
from petition.settings import SETTINGS, Settings, Smtp

WRONG: tuple[tuple[str, str], ...] = (
    ("DATA_DIR", ""),
    ("DATABASE_URL", "postgresql://"),
    ("DATABASE_URL", "postgresql://host"),
    ("DATABASE_URL", "postgresql:///petition"),
    ("DATABASE_URL", "postgresql://[::1/petition"),
    ("DATABASE_URL", "postgresql://user:s3cret@host:port/petition"),
    ("DATABASE_URL", "postgresql://user:s3cret@host:99999/petition"),
    ("DATABASE_URL", "postgresql://user:s3cret@one:5432,two:s3cret/petition"),
    ("DATABASE_URL", "postgresql://user:s3cret/x@host/petition"),
    ("DATABASE_URL", "postgresql://user:12/s3cret@host/petition"),
    ("DATABASE_URL", "postgresql://user:s3cret#x@host/petition"),
    ("DATABASE_URL", "sqlite:///petition.sqlite3"),
    ("DATABASE_URL", "mysql://user:s3cret@host/petition"),
    ("BASE_URL", ""),
    ("BASE_URL", "petition.example"),
    ("BASE_URL", "ftp://petition.example"),
    ("BASE_URL", "https://"),
    ("BASE_URL", "https://petition.example/below"),
    ("BASE_URL", "https://petition.example?x=1"),
    ("BASE_URL", "https://petition.example#x"),
    ("BASE_URL", "https://petition.example:99999"),
    ("BASE_URL", "https://petition.example:port"),
    ("BASE_URL", "https://user:password@petition.example"),
    ("BASE_URL", "https://petition example"),
    ("BASE_URL", "https://[::1"),
    ("BASE_URL", "https://عريضة.example"),
    ("BASE_URL", 'https://petition"example'),
    ("SMTP_URL", "mail.example"),
    ("SMTP_URL", "smtp://"),
    ("SMTP_URL", "http://mail.example"),
    ("SMTP_URL", "smtp://mail.example:port"),
    ("SMTP_URL", "smtp://mail.example:99999"),
    ("SMTP_URL", "smtp://user:s3cret/x@mail.example"),
    ("SMTP_URL", "smtp://user:12/s3cret@mail.example"),
    ("SMTP_URL", "smtp://user:s3cret@[mail.example"),
    ("SMTP_URL", "smtp://mail.example?starttls"),
    ("SMTP_URL", "smtp://mail.example?starttls="),
    ("SMTP_URL", "smtp://mail.example?starttls=maybe"),
    ("SMTP_URL", "smtp://mail.example?tls=true"),
    ("SMTP_URL", "smtp://mail.example?starttls=true&verify=false"),
    ("MAIL_FROM", ""),
    ("MAIL_FROM", "petition"),
    ("MAIL_FROM", "Petition <petition@example.org>"),
    ("MAIL_FROM", "a@example.org, b@example.org"),
    ("MAIL_FROM", "a@example.org\nBcc: b@example.org"),
    ("MAIL_FROM", "pétition@example.org"),
    ("VALKEY_URL", "valkey://user:s3cret@host"),
    ("TRUSTED_PROXIES", "proxy.example"),
    ("TRUSTED_PROXIES", "10.0.0.0/33"),
    ("TRUSTED_PROXIES", "10.0.0.1;10.0.0.2"),
    ("CHALLENGE", "adaptive"),
    ("CHALLENGE", "always"),
    ("CHALLENGE", "on"),
    ("CHALLENGE", ""),
    ("LIMITS", "maybe"),
    ("LIMITS", ""),
    ("LIMITS", "offf"),
)


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_one_line_that_names_its_variable_and_no_secret(name: str, value: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        Settings.from_env({f"PETITION_{name}": value})
    said = str(refused.value)
    assert said.startswith(f"PETITION_{name}: ")
    assert "\n" not in said
    assert len(said) > len(f"PETITION_{name}: ") + 5
    assert "s3cret" not in said


def test_nothing_need_be_set() -> None:
    settings = Settings.from_env({})
    assert settings.sqlite
    assert settings.data_dir == Path("var").absolute()
    assert settings.sqlite_path == settings.data_dir / "petition.sqlite3"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.origin == "127.0.0.1:8000"
    assert settings.smtp is None
    assert settings.mail_from == "petition@localhost"
    assert settings.trusted_proxies == ()
    assert settings.limits
    assert settings.password is None
    assert set(settings.sources.values()) == {"default"}


@pytest.mark.parametrize(
    ("url", "smtp"),
    [
        ("smtp://mail.example", Smtp("mail.example", 25, None, None, starttls=False, tls=False)),
        ("smtp://mail.example:587?starttls=true", Smtp("mail.example", 587, None, None, starttls=True, tls=False)),
        ("smtp://mail.example?starttls=off", Smtp("mail.example", 25, None, None, starttls=False, tls=False)),
        ("smtps://mail.example", Smtp("mail.example", 465, None, None, starttls=False, tls=True)),
        ("smtps://a:b@mail.example:4650", Smtp("mail.example", 4650, "a", "b", starttls=False, tls=True)),
        ("smtp://u%40x:p%2F%3A%40%23@h", Smtp("h", 25, "u@x", "p/:@#", starttls=False, tls=False)),
        ("smtp://[::1]:1025", Smtp("::1", 1025, None, None, starttls=False, tls=False)),
    ],
)
def test_where_mail_goes_and_how(url: str, smtp: Smtp) -> None:
    assert Settings.from_env({"PETITION_SMTP_URL": url}).smtp == smtp


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://host/petition",
        "postgres://user:p%2Fw@host:5432/petition",
        "postgresql://user:p@one,two:5433,[::1]:5434/petition?sslmode=require",
    ],
)
def test_postgresql_may_be_on_several_hosts(url: str) -> None:
    settings = Settings.from_env({"PETITION_DATABASE_URL": url})
    assert not settings.sqlite
    assert settings.database_url == "postgresql" + url[url.index(":") :]


def test_addresses_and_networks_of_proxies() -> None:
    settings = Settings.from_env({"PETITION_TRUSTED_PROXIES": "127.0.0.1, 10.1.2.3/8  ::1,"})
    assert settings.trusted_proxies == tuple(map(ipaddress.ip_network, ("127.0.0.1", "10.0.0.0/8", "::1")))
    assert Settings.from_env({"PETITION_TRUSTED_PROXIES": "none"}).trusted_proxies == ()


@pytest.mark.parametrize(("text", "on"), [("on", True), ("TRUE", True), ("1", True), ("Off", False), ("no", False)])
def test_on_and_off_have_a_few_spellings(text: str, on: bool) -> None:
    assert Settings.from_env({"PETITION_LIMITS": f" {text} "}).limits is on


@pytest.mark.parametrize("name", ["PETITION_DATA", "PETITION_", "PETITION_DATA_DIR_FILE_FILE", "PETITION_limits"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        Settings.from_env({name: "x"})


def test_other_programs_variables_are_their_own() -> None:
    assert Settings.from_env({"PETITIONS_DATA": "x", "MY_PETITION_DATA_DIR": "x", "petition_data": "x"}).sqlite


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_may_come_from_a_file(tmp_path: Path, setting: object) -> None:
    name = setting.name  # type: ignore[attr-defined]
    good = {
        "PETITION_DATA_DIR": str(tmp_path),
        "PETITION_DATABASE_URL": "postgresql://host/petition",
        "PETITION_SMTP_URL": "smtp://mail.example",
        "PETITION_PASSWORD": "a long sentence",
    }.get(name, setting.default)  # type: ignore[attr-defined]
    file = tmp_path / "setting"
    file.write_text(good + "\n")
    settings = Settings.from_env({f"{name}_FILE": str(file)})
    assert settings.sources[name] == f"file {file}"
    with pytest.raises(Misconfigured, match=name):
        Settings.from_env({f"{name}_FILE": str(file), name: good})
    for unreadable in (tmp_path / "missing", tmp_path, _damaged(tmp_path)):
        with pytest.raises(Misconfigured, match=name):
            Settings.from_env({f"{name}_FILE": str(unreadable)})


def _damaged(folder: Path) -> Path:
    path = folder / "damaged"
    path.write_bytes(b"\xff\xfe\x00")
    return path


def test_settings_print_no_secret() -> None:
    settings = Settings.from_env(
        {"PETITION_SMTP_URL": "smtp://user:s3cret@mail.example", "PETITION_PASSWORD": "s3cret",
         "PETITION_DATABASE_URL": "postgresql://user:s3cret@host/petition"}
    )  # fmt: skip
    assert settings.smtp is not None
    assert "s3cret" not in f"{settings!r} {settings}"
