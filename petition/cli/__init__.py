"""The commands. Each is a file of this package, loaded when it is called: `--help` does not load the web server."""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import resource
import sys
from typing import NoReturn

import click

from petition.errors import OperatorError, PetitionError, Unavailable
from petition.settings import Settings

COMMANDS = {
    "demo": "Everything from nothing on this machine, to look at and try.",
    "serve": "The web server, with the background work in it.",
    "worker": "The background work alone: mail, ledger, expiry.",
    "migrate": "Bring the database to this version.",
    "apply": "Create or update a petition from its file.",
    "organizer": "Accounts of those who verify: add one.",
    "invite": "Links that vouch for a category.",
    "import": "Signatures from a list: CSV, XLSX or an exported JSON.",
    "export": "The signatory list, opened, as a file.",
    "audit": "Recount a petition from its public ledger, on anyone's machine.",
    "witness": "Watch the ledgers of others, and cosign what only grew.",
    "sample": "Draw signatories by chance that anyone can check, for an auditor.",
    "ledger": "The key that signs a ledger, and its last signed head.",
    "duplicates": "Signatures that are probably one person's.",
    "link": "Pairs of rows of any CSV that are probably one person.",
    "backup": "A consistent copy of the database, while it serves.",
    "restore": "Put a copy back; never over live data unless forced.",
    "recount": "Check that signatures, ledger and tally agree.",
    "doctor": "Every setting and what is wrong or unsafe.",
}


PR_SET_DUMPABLE = 4
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # letters of names, and obeyed by nothing
# A module cannot bear a keyword's name.
MODULES = {"import": "importing"}


class Commands(click.Group):
    """Knows the commands by name and one line each; loads one when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"petition.cli.{MODULES.get(name, name)}").command
        # What was loaded stays: no look for garbage goes through it again, however long the command works.
        gc.freeze()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="petition", prog_name="petition")
def program() -> None:
    """A statement is put to the world and people put their names to it.

    Settings are environment variables named PETITION_…; `petition doctor` shows them all.
    """


def no_core_dumps() -> None:
    """A core dump would be a copy of the memory, keys and names included.

    The limit alone does not keep the kernel from handing one to a program that gathers them.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def main() -> None:
    """Exit 0: done. 1: the work failed or a check did not hold. 2: the call's words are off."""
    # What is written here is nobody else's to read: database, keys, mails.
    os.umask(0o077)
    no_core_dumps()
    try:
        sys.exit(program.main(prog_name="petition", standalone_mode=False))
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.Abort:
        fail("stopped")
    except click.UsageError as off:
        command = off.ctx.command_path if off.ctx else "petition"
        fail(f"{off.format_message().rstrip('.')}. See: {command} --help", code=2)
    except click.ClickException as wrong:
        fail(wrong.format_message())
    except OperatorError as wrong:
        fail(str(wrong))
    except Unavailable:
        fail("the database does not answer or cannot be written; see `petition doctor`")
    except PetitionError as wrong:
        fail(f"refused: {wrong}")
    except BrokenPipeError:
        # Whoever read our output has stopped: nothing is wrong here.
        os._exit(0)


def fail(line: str, code: int = 1) -> NoReturn:
    """One line on standard error that says what is wrong and what to do."""
    click.echo(f"petition: {plain(' '.join(line.split()))}", err=True)
    sys.exit(code)


def plain(text: str) -> str:
    """What others may have written, without what a terminal obeys: escapes, and marks that turn the line round."""
    seen = (sign if sign.isprintable() or sign in JOINERS else sign.encode("unicode_escape").decode() for sign in text)
    return "".join(seen)


def settings() -> Settings:
    return Settings.from_env(os.environ)
