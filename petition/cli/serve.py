"""petition serve"""

from __future__ import annotations

import click

from petition import cli
from petition.cli import serving


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Web processes (PostgreSQL only).",
)
@click.option("--no-worker", is_flag=True, help="Leave the background work to `petition worker`.")
def command(host: str, port: int, workers: int, no_worker: bool) -> None:
    """The web server, with the background work in it unless told not to."""
    settings = cli.settings()
    listening = serving.listen(host, port)
    serving.be_alone(settings)
    serving.run(settings, listening, works=not no_worker, workers=workers)
