"""Settings: one frozen dataclass, read from the environment once and passed as an argument.

`SETTINGS` is the table that the reader, `petition doctor` and docs/settings.md share. Any
variable may be given as a file, `NAME_FILE`. A wrong value or an unknown `PETITION_` name
raises `Misconfigured` with one line that says what to do.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from petition.errors import Misconfigured

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable: `field` of `Settings`, default as text, parser, help, secret?"""

    name: str
    field: str
    default: str
    parse: Callable[[str], object]
    help: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Smtp:
    """Where mail is handed over. `starttls` upgrades a plain connection; `tls` is TLS from the first byte."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    starttls: bool
    tls: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """What the program was told. `sources` says for each variable where its value came from."""

    data_dir: Path
    database_url: str = field(repr=False)
    base_url: str
    smtp: Smtp | None
    mail_from: str
    valkey_url: None
    trusted_proxies: tuple[Network, ...]
    challenge: str
    limits: bool
    password: str | None = field(repr=False)
    sources: Mapping[str, str]

    @property
    def sqlite(self) -> bool:
        return not self.database_url

    @property
    def sqlite_path(self) -> Path:
        return self.data_dir / "petition.sqlite3"

    @property
    def origin(self) -> str:
        """The base URL without its scheme: what the ledger's origin is built from."""
        return self.base_url.split("://", 1)[1]

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        known = {s.name for s in SETTINGS}
        for name in sorted(env):
            if name.startswith("PETITION_") and name.removesuffix("_FILE") not in known:
                raise Misconfigured(name, "there is no such setting; docs/settings.md lists those there are")
        values: dict[str, object] = {}
        sources: dict[str, str] = {}
        for setting in SETTINGS:
            text, source = _text_of(setting, env)
            try:
                values[setting.field] = setting.parse(text)
            except ValueError as wrong:
                shown = "" if setting.secret else f" (it is {text!r})"
                raise Misconfigured(setting.name, f"{wrong}{shown}") from None
            sources[setting.name] = source
        return cls(**values, sources=sources)  # type: ignore[arg-type]


def _text_of(setting: Setting, env: Mapping[str, str]) -> tuple[str, str]:
    direct, path = env.get(setting.name), env.get(f"{setting.name}_FILE")
    if direct is not None and path is not None:
        raise Misconfigured(setting.name, f"is set, and {setting.name}_FILE as well; unset one of them")
    if path is not None:
        try:
            return Path(path).read_text(encoding="utf-8").strip(), f"file {path}"
        except (OSError, UnicodeDecodeError) as wrong:
            raise Misconfigured(setting.name, f"its file {path} cannot be read ({wrong})") from None
    if direct is not None:
        return direct.strip(), "environment"
    return setting.default, "default"


def _path(text: str) -> Path:
    if not text:
        raise ValueError("must name a directory")
    return Path(text).absolute()


def _database(text: str) -> str:
    """Empty means the embedded database."""
    if not text:
        return ""
    looks = "postgresql://user:password@host/database"
    parts = _split(text, looks)
    hosts = parts.netloc.rpartition("@")[2].split(",")
    named = parts.scheme in ("postgresql", "postgres") and parts.netloc and parts.path.strip("/")
    if not named or "@" in parts.path or not all(_host_and_port(host) for host in hosts):
        raise ValueError(f"must look like {looks}; {_SIGNS}")
    return "postgresql" + text[len(parts.scheme) :]


_SIGNS = "signs such as / : @ # in a password are written %2F %3A %40 %23"


def _split(text: str, looks: str) -> SplitResult:
    """The library's own complaints quote what they met, and that may be half a password."""
    try:
        return urlsplit(text)
    except ValueError:
        raise ValueError(f"must look like {looks}") from None


def _host_and_port(text: str) -> bool:
    found = re.fullmatch(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s:@/\[\]]*)(?::(\d{1,5}))?", text)
    return found is not None and int(found[1] or 0) <= 65535


def _web_address(text: str) -> str:
    parts = _split(text, "https://example.org")
    plain = parts.hostname and not parts.query and not parts.fragment and _host_and_port(parts.netloc)
    if parts.scheme not in ("http", "https") or not plain:
        raise ValueError("must look like https://example.org")
    if not re.fullmatch(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d+)?", parts.netloc):
        # It goes into mails and into the ledger's origin as it is.
        raise ValueError("must name its host in ASCII: letters of other alphabets are written xn--…")
    if parts.path.strip("/"):
        raise ValueError("must not hold a path: the program serves from the root of its host")
    return f"{parts.scheme}://{parts.netloc}"


def _smtp(text: str) -> Smtp | None:
    if not text:
        return None
    looks = "smtp://user:password@host:587?starttls=true or smtps://…"
    parts = _split(text, looks)
    sound = _host_and_port(parts.netloc.rpartition("@")[2]) and not parts.path.strip("/") and not parts.fragment
    if parts.scheme not in ("smtp", "smtps") or not sound or not parts.hostname:
        raise ValueError(f"must look like {looks}; {_SIGNS}")
    query = parse_qs(parts.query, keep_blank_values=True)
    if set(query) - {"starttls"} or (parts.query and not query):
        raise ValueError("knows one option, starttls=true or starttls=false")
    return Smtp(
        host=parts.hostname,
        port=parts.port or (465 if parts.scheme == "smtps" else 25),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        starttls=_flag(query.get("starttls", ["false"])[0]),
        tls=parts.scheme == "smtps",
    )


def _flag(text: str) -> bool:
    """Strict: a boolean mistyped must not silently mean its opposite."""
    match text.lower():
        case "on" | "true" | "1" | "yes":
            return True
        case "off" | "false" | "0" | "no":
            return False
    raise ValueError("must be on or off")


def _mail_from(text: str) -> str:
    if not text.isascii() or not re.fullmatch(r"[^\s@<>\"(),:;\\\[\]\x00-\x1f]+@[^\s@<>\"(),:;\\\x00-\x1f]+", text):
        raise ValueError("must be one plain mail address in ASCII")
    return text


def _networks(text: str) -> tuple[Network, ...]:
    words = [w for w in re.split(r"[\s,]+", text) if w and w != "none"]
    try:
        return tuple(ipaddress.ip_network(w, strict=False) for w in words)
    except ValueError:
        raise ValueError("must list addresses or networks, such as 127.0.0.1, 10.0.0.0/8") from None


def _valkey(text: str) -> None:
    if text:
        raise ValueError("is not supported yet: limits are kept per process; unset it")


def _challenge(text: str) -> str:
    if text in ("adaptive", "always"):
        raise ValueError("knows only off in this version: there is no proof-of-work yet")
    if text != "off":
        raise ValueError("must be off")
    return text


SETTINGS: tuple[Setting, ...] = (
    Setting("PETITION_DATA_DIR", "data_dir", "./var", _path, "Keys, embedded database, exports, mail files."),
    Setting(
        "PETITION_DATABASE_URL",
        "database_url",
        "",
        _database,
        "postgresql://user:pass@host1,host2/db (of several hosts the writable one is found); "
        "unset: an SQLite file in the data directory.",
        secret=True,
    ),
    Setting(
        "PETITION_BASE_URL",
        "base_url",
        "http://127.0.0.1:8000",
        _web_address,
        "What links in mails and the ledger's origin are built from.",
    ),
    Setting(
        "PETITION_SMTP_URL",
        "smtp",
        "",
        _smtp,
        "smtp://user:pass@host:587?starttls=true or smtps://…; unset: mails become files in the data dir's mail/.",
        secret=True,
    ),
    Setting("PETITION_MAIL_FROM", "mail_from", "petition@localhost", _mail_from, "The sender of every mail."),
    Setting(
        "PETITION_VALKEY_URL",
        "valkey_url",
        "",
        _valkey,
        "Shared rate limits where several hosts serve; not supported yet and refused.",
        secret=True,
    ),
    Setting(
        "PETITION_TRUSTED_PROXIES",
        "trusted_proxies",
        "",
        _networks,
        "Addresses or networks whose X-Forwarded-For is believed, separated by commas; unset: nobody's.",
    ),
    Setting(
        "PETITION_CHALLENGE",
        "challenge",
        "off",
        _challenge,
        "Proof-of-work on the sign form; only off in this version.",
    ),
    Setting(
        "PETITION_LIMITS",
        "limits",
        "on",
        _flag,
        "off switches every rate limit and mail budget off (load tests).",
    ),
    Setting(
        "PETITION_PASSWORD",
        "password",
        "",
        lambda text: text or None,
        "The organizer's password, for commands run by scripts; unset: asked for.",
        secret=True,
    ),
)
