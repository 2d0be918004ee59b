"""Keys on disk: the server's secret and a new petition's recovery key. Files of mode 0600 in the data directory."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path

from petition.domain import sealing
from petition.domain.tokens import Keys
from petition.errors import Misconfigured
from petition.settings import Settings

SECRET_BYTES = 32
MADE_UP = "made-up"
DEMO_LOGIN = "demo-login.json"


def prepare(settings: Settings) -> None:
    """The data directory, for its owner alone; `Misconfigured` where it cannot be written."""
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "keys").mkdir(exist_ok=True, mode=0o700)
        probe = folder / ".writable"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as wrong:
        raise Misconfigured(
            "PETITION_DATA_DIR",
            f"the data directory {folder} cannot be written ({wrong.strerror}); mend it or set PETITION_DATA_DIR",
        ) from None


def secret_path(settings: Settings) -> Path:
    return settings.data_dir / "keys" / "server.key"


def keys(settings: Settings) -> Keys:
    """The server's keys; the secret behind them is made at the first call."""
    path = secret_path(settings)
    if not path.exists():
        write_once(path, secrets.token_hex(SECRET_BYTES) + "\n")
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError):
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise Misconfigured("PETITION_DATA_DIR", f"{path} is not a server key; put the right one back from your copy")
    made = Keys.of(secret)
    token = path.with_name("metrics.token")
    if not token.exists():
        write_once(token, made.metrics_token() + "\n")
    return made


def mark_made_up(settings: Settings) -> None:
    """What a demonstration counts here are people who do not exist: whoever serves it later must be told."""
    (settings.data_dir / MADE_UP).touch(mode=0o600)


def is_made_up(settings: Settings) -> bool:
    return (settings.data_dir / MADE_UP).exists()


def demo_login(settings: Settings) -> dict[str, str] | None:
    """`address`, `password` and `totp` (hexadecimal) of the organizer that a demonstration made up."""
    try:
        login: dict[str, str] = json.loads((settings.data_dir / DEMO_LOGIN).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return login


def write_demo_login(settings: Settings, **login: str) -> None:
    path = settings.data_dir / DEMO_LOGIN
    path.unlink(missing_ok=True)
    write_once(path, json.dumps(login))


def write_recovery_key(
    settings: Settings, slug: str, private_key: bytes, public_key: bytes, *, anew: bool = False
) -> Path:
    """Written once, never over another; that of a changed key (`anew`) is named by its public half too."""
    folder = settings.data_dir / "recovery"
    name = f"{slug}.{hashlib.sha256(public_key).hexdigest()[:8]}.key" if anew else f"{slug}.key"
    path = folder / name
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
    except OSError as wrong:
        raise Misconfigured("PETITION_DATA_DIR", f"{folder} cannot be made ({wrong.strerror})") from None
    write_once(path, sealing.recovery_file(slug, private_key, public_key))
    return path


def recovery_path(settings: Settings, slug: str, public_key: bytes) -> Path | None:
    """Where a petition's recovery key still lies; None if it was moved away."""
    folder = settings.data_dir / "recovery"
    # A slug holds no dot: no other petition's file is meant.
    for path in (folder / f"{slug}.key", *sorted(folder.glob(f"{slug}.*.key"))):
        private_key = _recovery_key(path)
        if private_key is not None and sealing.public_half(private_key) == public_key:
            return path
    return None


def recovery_key(settings: Settings, slug: str, public_key: bytes) -> bytes | None:
    """A petition's private key while its recovery key still lies where it was written; None if it was moved away."""
    path = recovery_path(settings, slug, public_key)
    return None if path is None else _recovery_key(path)


def _recovery_key(path: Path) -> bytes | None:
    try:
        return sealing.read_recovery_file(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _write(half: Path, content: str) -> None:
    """All of it, on the disk: where room ends in the middle the system writes a part and says nothing, once."""
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content.encode())
        file.flush()
        os.fsync(file.fileno())


def write_once(path: Path, content: str) -> None:
    """Whole or not at all, and on the disk before anything is sealed to it."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write(half, content)
        os.link(half, path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except FileExistsError:
        raise Misconfigured(
            "PETITION_DATA_DIR", f"{path} exists already and is never overwritten; move it away first"
        ) from None
    except OSError as wrong:
        raise Misconfigured("PETITION_DATA_DIR", f"{path} cannot be written ({wrong.strerror})") from None
    finally:
        half.unlink(missing_ok=True)


def replace(path: Path, content: str) -> None:
    """In place of what was there, whole or not at all, and on the disk."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write(half, content)
        half.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except OSError as wrong:
        raise Misconfigured("PETITION_DATA_DIR", f"{path} cannot be written ({wrong.strerror})") from None
    finally:
        half.unlink(missing_ok=True)
