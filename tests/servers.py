"""The real program in a process of its own: what must be shown of the whole, from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx

from tests import warm

PATIENCE = 60.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def environment(folder: Path, database_url: str, **settings: str) -> dict[str, str]:
    """`limits="off"` stands for PETITION_LIMITS=off."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PETITION_")}
    env["PETITION_DATA_DIR"] = str(folder)
    if database_url:
        env["PETITION_DATABASE_URL"] = database_url
    return env | {f"PETITION_{name.upper()}": value for name, value in settings.items()}


def command(folder: Path, database_url: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """One command, run to its end."""
    return warm.run(words, environment(folder, database_url, **settings), folder.parent)


class Server:
    def __init__(self, folder: Path, database_url: str, words: tuple[str, ...], settings: dict[str, str]) -> None:
        self.folder = folder
        self.database_url = database_url
        self.words = words
        self.settings = settings
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.process: warm.Program | None = None
        self.log = folder.parent / f"server-{self.port}.log"

    def start(self) -> None:
        """Returns once it is ready."""
        settings = {"base_url": self.base_url, "limits": "off", **self.settings}
        env = environment(self.folder, self.database_url, **settings)
        words = [*self.words, "--port", str(self.port)]
        self.process = warm.Program(words, env, self.folder.parent, self.log, self.log)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.process.returncode}:\n{self.log.read_text()}")
            try:
                if httpx.get(f"{self.base_url}/readyz", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"not ready:\n{self.log.read_text()}")

    def kill(self) -> None:
        """As a crash would: every process of it, at once."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """As an operator would; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)
