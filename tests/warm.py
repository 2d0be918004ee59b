"""Programs branched off from a process that has everything loaded: starting costs more than most of them do.

That `python -m petition` itself starts and ends as it should is shown in tests/cli/test_commands.py and wherever a
program is piped, limited or started beside others.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from petition import cli

_branching = multiprocessing.get_context("forkserver")
_branching.set_forkserver_preload(["tests.loaded"])


class Program:
    """What `subprocess.Popen` is for a program that was started anew; output and errors go to the ends of files."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str], cwd: Path, out: Path, err: Path) -> None:
        told = (tuple(words), dict(env), str(cwd), str(out), str(err))
        self._words = list(words)
        self._process = _branching.Process(target=_be, args=told)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._words, timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(words: Sequence[str], env: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    with ExitStack() as stack:
        out, err = (Path(stack.enter_context(tempfile.NamedTemporaryFile()).name) for _ in range(2))
        program = Program(words, env, cwd, out, err)
        try:
            code = program.wait(120)
        finally:
            program.kill()
        return subprocess.CompletedProcess(list(words), code, out.read_text(), err.read_text())


def _be(words: tuple[str, ...], env: dict[str, str], cwd: str, out: str, err: str) -> None:
    os.setsid()
    for number, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["petition", *words]
    cli.main()
