"""petition duplicates SLUG"""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

import click

from petition import cli, words
from petition.cli import unlocking
from petition.cli.unlocking import Unlocked
from petition.db.database import Database
from petition.db.opening import opened
from petition.domain import sealing
from petition.domain.actors import READ, Scope
from petition.domain.duplicates.clusters import clusters, links
from petition.domain.duplicates.index import THRESHOLD, Index
from petition.domain.duplicates.reasons import Reason, reasons
from petition.domain.duplicates.records import Record, record_of
from petition.errors import OperatorError
from petition.places import places
from petition.queries import queue, resembling
from petition.settings import Settings
from petition.words import Words

AT_ONCE: Final = 500
LEAST: Final = 0.2


class Found(NamedTuple):
    id1: str
    id2: str
    score: float
    reasons: tuple[Reason, ...]


@click.command()
@click.argument("slug")
@click.option("--format", "kind", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@unlocking.options()
def command(slug: str, kind: str, address: str | None, key_file: Path | None) -> None:
    """Signatures of SLUG that are probably one person's, as id1,id2,score,reason; the score is a probability.

    Those that an organizer told apart are left out. The ids are those of `petition export`; no name is printed.
    """
    unlocking.require_one(address, key_file)
    found, left_out = asyncio.run(_found(cli.settings(), slug, address, key_file))
    spoken = words.load()["en"]
    if kind == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("id1", "id2", "score", "reason"))
        writer.writerows((each.id1, each.id2, f"{each.score:.6f}", in_words(each.reasons, spoken)) for each in found)
    else:
        told = [
            {"id1": each.id1, "id2": each.id2, "score": round(each.score, 6), "reason": in_words(each.reasons, spoken)}
            for each in found
        ]
        json.dump(told, sys.stdout, indent=1)
        click.echo()
    if left_out:
        said = f"{left_out:,} pairs who share a common name or little else were left uncompared"
        click.echo(f"petition: {said}", err=True)


async def _found(settings: Settings, slug: str, address: str | None, key_file: Path | None) -> tuple[list[Found], int]:
    async with opened(settings) as (database, keys):
        unlocked = await unlocking.unlock(database, keys, settings, slug, address, key_file)
        ids, records = await _records(database, unlocked)
        async with database.read() as connection:
            apart = await resembling.apart(connection, unlocked.petition.id)
    index = Index(places())
    index.extend(records)
    pairs = [
        (one, other, probability)
        for batch in index.pairs(LEAST)
        for one, other, probability in zip(*(column.tolist() for column in batch), strict=True)
    ]
    rows = dict(zip(ids, count(), strict=False))
    never = [(rows[one], rows[other]) for one, other in apart if one in rows and other in rows]
    found = [
        Found(
            ids[link.one].hex(),
            ids[link.other].hex(),
            link.probability,
            tuple(reasons(index, link.one, link.other, records[link.one], records[link.other])),
        )
        for link in links(pairs, clusters(pairs, THRESHOLD, never))
    ]
    return sorted(found, key=lambda each: (-each.score, each.id1, each.id2)), index.left_out


async def _records(database: Database, unlocked: Unlocked) -> tuple[list[bytes], list[Record]]:
    """Of all that count, within the organizer's scope; a record that does not open ends it: half an answer misleads."""
    petition = unlocked.petition
    opener = sealing.Opener(unlocked.ring, petition.id)
    ids: list[bytes] = []
    records: list[Record] = []
    scope = Scope(None) if unlocked.by is None else unlocked.by.scope(petition.id, READ)
    assert scope is not None
    async with database.read() as connection:
        counting = await queue.counting(connection, petition.id, scope)
    for start in range(0, len(counting), AT_ONCE):
        async with database.read() as connection:
            sealed = await queue.sealed_of(connection, petition.id, counting[start : start + AT_ONCE])
        for signature, text in sealed:
            try:
                record = opener.record(text)
            except sealing.Unreadable:
                raise OperatorError(f"the record {signature.hex()} does not open with this key") from None
            ids.append(signature)
            records.append(record_of(record))
    return ids, records


def in_words(told: tuple[Reason, ...], spoken: Words) -> str:
    """What the console's review says beside a pair, without the names."""
    said = []
    for reason in told:
        what = (reason.place or reason.field).replace("_", "-")
        why = "differs" if reason.code == "other" else reason.code
        said.append(f"{spoken(f'duplicate-what.{what}')}: {spoken(f'duplicate-why.{why}')}")
    return "; ".join(said)
