"""petition invite"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import click

from petition import cli
from petition.actions import invitations
from petition.cli import unlocking
from petition.db.opening import opened
from petition.domain import invitations as rules
from petition.errors import Forbidden, Invalid, OperatorError
from petition.settings import Settings


@click.command()
@click.argument("slug")
@click.option("--category", required=True, metavar="SLUG", help="What the link vouches for.")
@click.option("--uses", default=1, show_default=True, type=click.IntRange(1, rules.MOST_USES), help="People per link.")
@click.option("--count", default=1, show_default=True, type=click.IntRange(1, rules.MOST_AT_ONCE), help="Links.")
@click.option(
    "--days", default=rules.DAYS, show_default=True, type=click.IntRange(1, rules.MOST_DAYS), help="Good for."
)
@click.option("--as", "address", metavar="EMAIL", help="In this organizer's name; PETITION_PASSWORD, or asked for.")
@click.option("--lang", "language", help="Language of the page that the link opens; the petition's own otherwise.")
def command(
    slug: str, category: str, uses: int, count: int, days: int, address: str | None, language: str | None
) -> None:
    """Print invitation links, one a line: whoever signs through one is verified on confirming.

    A link is shown this once: only its hash is stored. The console lists what was issued, and can revoke it.
    """
    for line in asyncio.run(_invite(cli.settings(), slug, category, uses, count, days, address, language)):
        click.echo(line)


async def _invite(
    settings: Settings,
    slug: str,
    category: str,
    uses: int,
    count: int,
    days: int,
    address: str | None,
    language: str | None,
) -> list[str]:
    today = datetime.now(UTC).date()
    async with opened(settings) as (database, keys):
        petition = await unlocking.petition_of(database, slug)
        if language is not None and language not in petition.languages:
            raise OperatorError(f"{slug} has no text in {language}; it has {', '.join(petition.languages)}")
        by = None
        if address is not None:
            by, _ = await unlocking.signed_in(database, keys, settings, address)
        try:
            async with database.write() as tx:
                made = await invitations.issue(
                    tx,
                    petition.id,
                    category,
                    uses=uses,
                    count=count,
                    expires_on=today + timedelta(days=days),
                    by=by,
                    today=today,
                )
        except Forbidden:
            raise OperatorError(f"{address} may not vouch for anybody on {slug}") from None
        except Invalid:
            known = ", ".join(c.slug for c in petition.categories if not c.retired)
            raise OperatorError(f"{category} cannot be vouched for here; {slug} has {known}") from None
    spoken = language or petition.default_language
    return [invitations.link(settings.base_url, spoken, slug, code) for _, code in made]
