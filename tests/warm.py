"""One command in a process of its own, branched off from one that has all modules loaded: starting costs most of it.

That `python -m petition` itself starts and ends as it should is shown in tests/cli/test_commands.py and where a command
is stopped, piped or started beside others.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from petition import cli

_branching = multiprocessing.get_context("forkserver")
_branching.set_forkserver_preload([f"petition.cli.{cli.MODULES.get(name, name)}" for name in cli.COMMANDS])


def run(
    words: Sequence[str], env: Mapping[str, str], cwd: Path, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    with ExitStack() as stack:
        out, err = (stack.enter_context(tempfile.NamedTemporaryFile()) for _ in range(2))
        process = _branching.Process(target=_be, args=(tuple(words), dict(env), str(cwd), out.name, err.name))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(words), timeout)
        told, complained = (Path(file.name).read_text() for file in (out, err))
        return subprocess.CompletedProcess(list(words), process.exitcode, told, complained)


def _be(words: tuple[str, ...], env: dict[str, str], cwd: str, out: str, err: str) -> None:
    for number, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY), number)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["petition", *words]
    cli.main()
