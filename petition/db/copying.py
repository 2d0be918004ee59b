"""A whole copy of the database while it is written to, and back again. Keys are no part of it.

SQLite: its online backup, out of one view; the copy is an ordinary SQLite file. PostgreSQL: its own pg_dump, pg_restore
and psql; the copy is an archive of pg_dump. Either way back happens whole or not at all.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit, urlunsplit

import asyncpg

from petition.db.sqlite import BUSY_SECONDS
from petition.errors import Busy, FileRefused, OperatorError
from petition.settings import Settings

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
MAGIC = {b"SQLite format 3\0": SQLITE, b"PGDMP": POSTGRESQL}
PAGES = 2_000
CHUNK = 1 << 20
LEDGERS = "SELECT slug, size FROM petitions JOIN tallies ON petition_id = petitions.id ORDER BY slug"
LIVE = "SELECT (SELECT count(*) FROM petitions) + (SELECT count(*) FROM organizers)"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)

Progress = Callable[[int, int], None]  # done, of how many
Ledgers = list[tuple[str, int]]  # slug, entries


def save(settings: Settings, target: Path, progress: Progress) -> Ledgers:
    """A new file with everything committed by now; the ledgers in it. Nothing of it is kept where it breaks off."""
    if target.exists():
        raise FileRefused(target, None, "exists already and is never written over; choose another name")
    half = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        os.close(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        if settings.sqlite:
            ledgers = _save_sqlite(settings.sqlite_path, half, progress)
        else:
            ledgers = asyncio.run(_save_postgresql(settings.database_url, half, progress))
        with half.open("rb") as file:
            os.fsync(file.fileno())
        os.link(half, target)
    except (OSError, sqlite3.Error) as wrong:
        why = getattr(wrong, "strerror", None) or str(wrong)
        raise OperatorError(f"no copy could be made ({why}); nothing of it was kept") from None
    finally:
        half.unlink(missing_ok=True)
    return ledgers


def kind_of(file: Path) -> str:
    """`SQLITE` or `POSTGRESQL`; `FileRefused` for what is no copy of a database."""
    try:
        with file.open("rb") as opened:
            head = opened.read(16)
    except OSError as wrong:
        raise FileRefused(file, None, f"cannot be read ({wrong.strerror})") from None
    for magic, kind in MAGIC.items():
        if head.startswith(magic):
            return kind
    raise FileRefused(file, None, "is not a copy made by `petition backup`")


# SQLite


def _save_sqlite(source: Path, target: Path, progress: Progress) -> Ledgers:
    if not source.exists():
        raise OperatorError(f"there is no database in {source}; look at PETITION_DATA_DIR")
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as live:
        live.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            # One view from first page to last: what is written meanwhile neither waits nor makes us begin again.
            live.execute("BEGIN")
            live.execute("SELECT 1 FROM sqlite_master").fetchone()
            live.backup(copy, pages=PAGES, progress=lambda _, left, total: progress(total - left, total))
            live.execute("ROLLBACK")
            # A plain file, to be read from any medium.
            copy.execute("PRAGMA journal_mode=DELETE")
            _must_be_sound(copy, target)
            return list(copy.execute(LEDGERS))


def _must_be_sound(connection: sqlite3.Connection, file: Path) -> None:
    found = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise FileRefused(file, None, f"is damaged ({found.splitlines()[0]})")


def stage_sqlite(file: Path, target: Path, progress: Progress) -> None:
    """The copy, checked, at `target`, where nothing is yet."""
    try:
        with (
            closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as copy,
            closing(sqlite3.connect(target, isolation_level=None)) as staged,
        ):
            copy.backup(staged, pages=PAGES, progress=lambda _, left, total: progress(total - left, total))
            _must_be_sound(staged, file)
    except sqlite3.Error as wrong:
        raise FileRefused(file, None, f"is damaged or no database ({wrong})") from None


def is_live_sqlite(path: Path) -> bool:
    """Whether anything would be lost with it; what cannot be read might hold everything."""
    if not path.exists() or path.stat().st_size == 0:
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as live:
            return bool(live.execute(LIVE).fetchone()[0])
    except sqlite3.Error:
        return True


def place_sqlite(staged: Path, path: Path) -> Path | None:
    """Puts `staged` where the database lies; where the earlier one lies now.

    The file goes first and its log after it: cut off in between there is no database, which nobody mistakes for one.
    """
    number = 1
    while path.with_name(f"{path.name}.replaced-{number}").exists():
        number += 1
    aside = path.with_name(f"{path.name}.replaced-{number}") if path.exists() else None
    if aside is not None:
        path.replace(aside)
    for tail in ("-wal", "-shm"):
        beside = path.with_name(path.name + tail)
        if beside.exists() and aside is not None:
            beside.replace(aside.with_name(aside.name + tail))
        beside.unlink(missing_ok=True)
    staged.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return aside


# PostgreSQL


async def _save_postgresql(url: str, target: Path, progress: Progress) -> Ledgers:
    async with _connected(url) as connection, connection.transaction(isolation="repeatable_read"):
        # What is told of the copy and the copy itself are one view.
        view = await connection.fetchval("SELECT pg_export_snapshot()")
        tables = len(await connection.fetch(TABLES))
        ledgers = [tuple(row) for row in await connection.fetch(LEDGERS)]
        words = ("--format=custom", "--no-owner", "--no-privileges", "--verbose", f"--snapshot={view}")

        def dump() -> None:
            with _program("pg_dump", url, *words, f"--file={target}", stderr=subprocess.PIPE) as running:
                done, said = 0, ""
                for line in running.stderr or ():
                    said = line.decode(errors="replace").strip() or said
                    done += "dumping contents of table" in said
                    progress(min(done, tables), tables)
            _must_have_worked("pg_dump", running.returncode, said)

        await asyncio.to_thread(dump)
        return ledgers


async def is_live_postgresql(url: str) -> bool:
    """Whether anything would be lost; `Busy` while anybody is connected."""
    async with _connected(url) as connection:
        others = await connection.fetchval(OTHERS)
        if others:
            raise Busy(
                "the database", f"{others} other connections are open; stop every server and worker, then restore"
            )
        if not await connection.fetch(TABLES):
            return False
        try:
            return bool(await connection.fetchval(LIVE))
        except asyncpg.PostgresError:
            return True


async def place_postgresql(file: Path, url: str, progress: Progress) -> None:
    """Puts the archive in place of all tables there are, in one transaction that is ended only if all was read."""
    async with _connected(url) as connection:
        there = [row[0] for row in await connection.fetch(TABLES)]
    await asyncio.to_thread(_pour, file, url, there, progress)


def _pour(file: Path, url: str, there: list[str], progress: Progress) -> None:
    with _program("pg_restore", None, "--list", str(file), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as listing:
        told, wrong = listing.communicate()
    _must_have_worked("pg_restore", listing.returncode, wrong.decode(errors="replace"), file)
    tables, done = told.count(b" TABLE DATA "), 0
    quiet = ("--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-")
    script = ("--no-owner", "--no-privileges", "--file=-", str(file))
    with (
        _program("psql", url, *quiet, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as psql,
        _program("pg_restore", None, *script, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading,
    ):
        assert psql.stdin is not None
        assert reading.stdout is not None
        refused = False
        try:
            psql.stdin.write(b"BEGIN;\n" + b"".join(b'DROP TABLE "%s" CASCADE;\n' % name.encode() for name in there))
            for part in _parts(reading.stdout):
                done += part.count(b"\nCOPY public.")
                progress(min(done, tables), tables)
                psql.stdin.write(part)
            # Only what was read to its end may stay.
            if reading.wait() == 0:
                # A table that came at once would be planned for as if it were empty until PostgreSQL looks by itself.
                psql.stdin.write(b"\nANALYZE;\nCOMMIT;\n")
            psql.stdin.close()
        except BrokenPipeError:
            refused = True
            reading.kill()
        said, unread = (p.stderr.read().decode(errors="replace") for p in (psql, reading) if p.stderr)
    if not refused:
        _must_have_worked("pg_restore", reading.returncode, unread, file)
    _must_have_worked("psql", psql.returncode or int(refused), said)


def _parts(stream: IO[bytes]) -> Iterator[bytes]:
    while part := stream.read(CHUNK):
        yield part


def _must_have_worked(name: str, code: int, said: str, file: Path | None = None) -> None:
    if code == 0:
        return
    lines = [line.strip() for line in said.splitlines() if "error" in line.lower()] or [f"it ended with {code}"]
    why = lines[0].removeprefix(f"{name}: ").removeprefix("error: ")
    if file is not None:
        raise FileRefused(file, None, f"cannot be restored, and nothing was changed ({why})")
    raise OperatorError(f"{name} failed, and nothing was changed: {why}")


def _program(name: str, url: str | None, *words: str, **streams: Any) -> subprocess.Popen[bytes]:
    """The password goes by the environment: everyone on a machine can read the words of a call."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "PETITION_"))}
    environment |= {"LC_ALL": "C", "PGCONNECT_TIMEOUT": str(BUSY_SECONDS)}
    if url is not None:
        plain, password = _apart(url)
        words = (*words, f"--dbname={plain}")
        environment |= {"PGTARGETSESSIONATTRS": "read-write"} | ({"PGPASSWORD": password} if password else {})
    try:
        return subprocess.Popen([name, *words], env=environment, **streams)
    except OSError:
        raise OperatorError(
            f"{name} is not here; install PostgreSQL's client programs, of the server's version or newer"
        ) from None


def _apart(url: str) -> tuple[str, str | None]:
    """The address without its password, and the password."""
    parts = urlsplit(url)
    who, at, hosts = parts.netloc.rpartition("@")
    user, _, password = who.partition(":")
    options = parse_qs(parts.query)
    hidden = options.pop("password", [unquote(password)])[0]
    query = urlencode(options, doseq=True)
    return urlunsplit(parts._replace(netloc=f"{user}{at}{hosts}", query=query)), hidden or None


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Any]:
    """One connection of its own for the length of a block."""
    try:
        connection = await asyncpg.connect(url, target_session_attrs="read-write", timeout=BUSY_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as wrong:
        why = str(wrong).splitlines()[0] if str(wrong) else type(wrong).__name__
        raise OperatorError(f"the database does not answer ({why}); look at PETITION_DATABASE_URL") from None
    try:
        yield connection
    finally:
        await connection.close()
