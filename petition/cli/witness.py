"""petition witness"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import uvicorn

from petition import cli, keyfiles
from petition.cli import serving
from petition.domain.checkpoint import Malformed, Verifier, is_name
from petition.errors import FileRefused
from petition.web.witness import create_witness
from petition.witnessing import Book


def _names(_: click.Context, __: click.Parameter, typed: str) -> str:
    if not is_name(typed):
        raise click.BadParameter("A name is a host and perhaps a path, such as witness.example/w1.")
    return typed


@click.command()
@click.option("--name", required=True, callback=_names, metavar="NAME", help="Such as witness.example/w1; for good.")
@click.option("--log", "logs", multiple=True, metavar="VKEY", help="The key line of a ledger to watch.")
@click.option("--logs", "file", type=click.Path(path_type=Path), metavar="FILE", help="A file of such lines.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8100, show_default=True, type=click.IntRange(0, 65535))
def command(name: str, logs: tuple[str, ...], file: Path | None, host: str, port: int) -> None:
    """Watch the ledgers of others: see that each only grows, and cosign what it has seen.

    To be run by another organization than the one that runs the petition, on its own machine, with a data directory
    of its own. Give whoever runs the petition the line that it prints.
    """
    settings = cli.settings()
    known = [_verifier(line) for line in logs]
    if file is not None:
        known += _read(file)
    if not known:
        raise click.UsageError("At least one ledger is needed: --log VKEY or --logs FILE.")
    keyfiles.prepare(settings)
    book = Book(settings, name, known)
    listening = serving.listen(host, port)
    serving.set_up_logging()
    click.echo(str(book.witness))
    app = create_witness(book, lambda: datetime.now(UTC))
    config = uvicorn.Config(app, proxy_headers=False, access_log=False, server_header=False, log_config=None)
    uvicorn.Server(config).run(sockets=[listening])


def _verifier(line: str) -> Verifier:
    try:
        return Verifier.read(line)
    except Malformed as wrong:
        raise click.UsageError(f"{line}: {wrong}.") from None


def _read(file: Path) -> list[Verifier]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as wrong:
        raise FileRefused(file, None, f"cannot be read ({getattr(wrong, 'strerror', None) or 'no text'})") from None
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            try:
                found.append(Verifier.read(line))
            except Malformed as wrong:
                raise FileRefused(file, number, str(wrong)) from None
    return found
