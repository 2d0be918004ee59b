"""petition backup FILE"""

from __future__ import annotations

import json
from pathlib import Path

import click

from petition import cli, keyfiles
from petition.cli import files
from petition.db import copying
from petition.errors import FileRefused
from petition.notary import Notary
from petition.settings import Settings

KEYS = "petition keys 1"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--keys", "keys_file", type=click.Path(path_type=Path), metavar="FILE",
              help="Copy the server's and the ledgers' keys too, into a file of their own.")  # fmt: skip
def command(file: Path, keys_file: Path | None) -> None:
    """A consistent copy of the database in FILE, while everything goes on.

    The keys are not in it: whoever finds the copy reads no names, and cannot sign. Keep theirs elsewhere.
    """
    settings = cli.settings()
    if keys_file is not None and keys_file.exists():
        raise FileRefused(keys_file, None, "exists already and is never written over; choose another name")
    # Read before the data: the heads that were signed by now are in the copy, and it can be looked at by itself.
    kept = _keys(settings) if keys_file is not None else b""
    with files.watched(str(file)) as progress:
        ledgers = copying.save(settings, file, progress)
    for slug, size in ledgers:
        click.echo(f"{slug}: {size:,} entries in its ledger")
    click.echo(f"{file}: {file.stat().st_size:,} bytes")
    if keys_file is None:
        folder = keyfiles.secret_path(settings).parent
        click.echo(f"The keys in {folder} are not in it; keep a copy of them apart from this one (--keys FILE).")
    else:
        with files.written(keys_file) as opened:
            opened.write(kept)
        click.echo(f"keys: {keys_file}. Keep it apart from the copy, for nobody else to read.")


def _keys(settings: Settings) -> bytes:
    """The content of a file of keys: those of the server and of the ledgers, and what was signed last."""
    kept = keyfiles.secret_path(settings)
    try:
        server = {kept.name: kept.read_text("ascii")} if kept.exists() else {}
        told = {"what": KEYS, "files": server | Notary(settings).files()}
    except (OSError, UnicodeDecodeError) as wrong:
        raise FileRefused(kept.parent, None, f"cannot be read ({getattr(wrong, 'strerror', None)})") from None
    return json.dumps(told, indent=2).encode() + b"\n"
