"""Files that a command writes for a person: whole under their name, or not there at all. Not a command."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from petition.errors import OperatorError

STDOUT = Path("-")


class NotWritten(OperatorError):
    """Nothing lies under that name that did not lie there before. `why`: in the system's words."""

    def __init__(self, path: Path, wrong: OSError) -> None:
        self.path, self.why = path, wrong.strerror
        super().__init__(f"{path} cannot be written ({wrong.strerror}); nothing of it was kept")


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A file for its owner alone, in place once all of it is on the disk; `-` is standard output.

    Whatever breaks off leaves nothing of it, and what lay there before stays; `NotWritten` where the disk is full. A
    device or a pipe is written into as it comes.
    """
    if path == STDOUT:
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as wrong:
            raise OperatorError(f"standard output cannot be written ({wrong.strerror})") from None
        return
    if path.exists() and not path.is_file():
        with _straight(path) as file:
            yield file
        return
    # What a link leads to is written anew; the link stays.
    path = Path(os.path.realpath(path))
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except OSError as wrong:
        raise NotWritten(path, wrong) from None
    finally:
        half.unlink(missing_ok=True)


@contextmanager
def _straight(path: Path) -> Iterator[IO[bytes]]:
    """Into a device or a pipe, which nothing may take the place of."""
    try:
        with path.open("wb") as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as wrong:
        raise OperatorError(f"{path} cannot be written ({wrong.strerror})") from None


def free(path: Path) -> Path:
    """This name, or the first one beside it that is not taken: `list.csv`, `list-2.csv`, …"""
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_stem(f"{path.stem}-{number}")
    return found


@contextmanager
def watched(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar where a person watches, moved by calling what it gives with how much is done, and of how much."""
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(done: int, of: int) -> None:
            bar.length = max(of, 1)
            bar.update(done - bar.pos)

        yield progress
