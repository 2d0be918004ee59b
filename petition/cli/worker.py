"""petition worker"""

from __future__ import annotations

import asyncio
import signal

import click

from petition import cli
from petition.app import Clocks, make_worker
from petition.cli.serving import set_up_logging
from petition.db.database import SERVERS_CACHE_KIB
from petition.db.opening import opened
from petition.settings import Settings


@click.command()
def command() -> None:
    """The background work alone: mail, ledger, expiry. Several may run; one works, the others stand by."""
    set_up_logging()
    asyncio.run(_work(cli.settings()))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with opened(settings, cache_kib=SERVERS_CACHE_KIB) as (database, keys):
        click.echo("working; stop with Ctrl-C")
        await make_worker(settings, database, keys, Clocks()).run(stop)
