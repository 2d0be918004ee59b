"""Signatures by the thousand: in bulk, as they lie after a month; or pending, with the tokens to confirm them."""

import asyncio
import os
import random
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import insert, update

from bench.running import Store
from bench.stores import SLUG
from petition.actions import intake, outbox, publishing
from petition.cli.made_up import raw_person
from petition.db import tables, tiles
from petition.db.database import Database
from petition.db.opening import opened
from petition.domain import identity, ledger, merkle, sealing, submission, tokens
from petition.domain.tokens import Keys
from petition.notary import Notary
from petition.queries import petitions
from petition.queries.petitions import Petition
from petition.settings import Settings

CHUNK = 5_000
GROUP = 500
DAYS = 30
PEOPLE = 400
CONFIRMED, WITHDRAWN = 0.82, 0.03  # shares; the rest is pending
SIGNATURE, OUTBOX, ENTRY = (tables.table(t) for t in (tables.Signature, tables.Outbox, tables.LedgerEntry))


@dataclass(slots=True)
class Model:
    """What a bulk row is drawn from: sizes of real sealed records, names with their keys, and the tally so far."""

    petition: Petition
    keys: Keys
    today: date
    chance: random.Random
    people: list[tuple[dict[str, str], int, int]]
    opens: bool = False
    tally: ledger.Tally = field(default_factory=ledger.Tally)
    days: dict[date, list[int]] = field(default_factory=dict)
    leaves: list[bytes] = field(default_factory=list)


def model(petition: Petition, keys: Keys) -> Model:
    chance, today = random.Random(7), datetime.now(UTC).date()
    categories, rules = [c.slug for c in petition.categories], intake.rules(petition)
    people = []
    for number in range(PEOPLE):
        person = raw_person(chance, number, categories)
        checked = submission.check(rules, person)
        row = intake.prepare(petition, checked, person["language"], keys, today=today).signature
        people.append((person, len(row["sealed"]), len(row["own_copy"])))
    return Model(petition, keys, today, chance, people)


def signature(model: Model) -> tuple[dict[str, Any], list[bytes]]:
    """One row of random bytes in real sizes (with `opens`, records that can be opened), and its ledger entries."""
    person, sealed, own_copy = model.chance.choice(model.people)
    drawn = model.chance.random()
    state = "confirmed" if drawn < CONFIRMED else "withdrawn" if drawn < CONFIRMED + WITHDRAWN else "pending"
    category = model.petition.category(person["category"])
    assert category is not None
    counted_as = category.slug if category.claim == "open" and state != "pending" else None
    shown = None
    if state == "confirmed" and person["visibility"] != "anonymous":
        shown = person["full_name"] if person["visibility"] == "name" else identity.initials(person["full_name"])
    signed_on = model.today - timedelta(days=model.chance.randrange(DAYS if state != "pending" else 10))
    bodies = []
    if state != "pending":
        line = ledger.first(model.tally, counted_as, "mail")
        bodies.append(ledger.counted(SLUG, counted_as, "mail", os.urandom(32), os.urandom(32)))
        model.days.setdefault(signed_on, [0, 0])[0] += 1
    if state == "withdrawn":
        ledger.then(model.tally, line, ledger.REMOVED, None, "withdrawn")
        bodies.append(ledger.act(SLUG, ledger.REMOVED, line.index, None, "withdrawn"))
        model.days[signed_on][1] += 1
    token_hash = os.urandom(32)
    row = {
        "id": tokens.signature_id(token_hash),
        "petition_id": model.petition.id,
        "version": 1,
        "language": person["language"],
        "state": state,
        "reason": None,
        "category": category.slug,
        "counted_as": counted_as,
        "verified": False,
        "method": "mail",
        "visibility": person["visibility"],
        "signed_on": signed_on,
        "counted_on": None if state == "pending" else signed_on,
        "acts": len(bodies),
        "token_hash": token_hash,
        "identity": os.urandom(32),
        "merged_into": None,
        "bind": os.urandom(32) if state == "pending" else None,
        "sealed": _sealed(model, person) if model.opens else os.urandom(sealed),
        "own_copy": os.urandom(own_copy),
        "shown_name": shown,
        "shown_key": identity.sort_key(shown) if shown else None,
        "hidden": False,
        "pinned": False,
        "burst": None,
        "invitation_id": None,
    }
    return row, bodies


def _sealed(model: Model, person: dict[str, str]) -> bytes:
    words = ("affiliation", "category", "city", "country", "email", "full_name")
    record = sealing.canonical({name: person.get(name, "") for name in words})
    return sealing.seal_record(record, os.urandom(32), model.petition.public_key, model.petition.id)


def _chunks(model: Model, number: int) -> Iterator[dict[Any, list[dict[str, Any]]]]:
    """Rows by table. Where a signature is still pending its mail has gone out: its outbox row is there, blank."""
    for start in range(0, number, CHUNK):
        signatures, letters, entries = [], [], []
        for _ in range(min(CHUNK, number - start)):
            row, bodies = signature(model)
            signatures.append(row)
            link = model.keys.link_of(row["id"])
            begin = model.tally.size - len(bodies)
            model.leaves.append(merkle.leaves(bodies))
            entries += [
                {"petition_id": model.petition.id, "index": begin + n, "link": link, "body": body}
                for n, body in enumerate(bodies)
            ]
            if row["state"] == "pending":
                letters.append(_sent(row["id"], model.petition.id, row["signed_on"]))
        yield {SIGNATURE: signatures, OUTBOX: letters, ENTRY: entries}


def _sent(signature_id: bytes, petition_id: bytes, day: date) -> dict[str, Any]:
    return {
        "id": signature_id + outbox.NUMBERS[outbox.CONFIRM],
        "signature_id": signature_id,
        "petition_id": petition_id,
        "kind": "confirm",
        "state": "sent",
        "due_on": day,
        "attempts": 1,
        "claimed_by": None,
        "payload": None,
    }


def fill(store: Store, number: int, *, opens: bool = False) -> None:
    """So many signatures, in the random order in which they would have come, with ledger and tally that agree."""
    asyncio.run(_fill(store, number, opens))


async def _fill(store: Store, number: int, opens: bool) -> None:
    settings = store.settings
    async with opened(settings) as (database, keys):
        async with database.read() as connection:
            petition = await petitions.petition(connection, SLUG)
        assert petition is not None
        drawn = model(petition, keys)
        drawn.opens = opens
        await lay_down(settings, _chunks(drawn, number))
        async with database.write() as tx:
            tally = {name: getattr(drawn.tally, name) for name in ledger.Tally.__slots__}
            await tx.execute(update(tables.table(tables.Tally)).values(**tally))
            await tiles.extend(tx, petition.id, 0, b"".join(drawn.leaves))
            days = [
                {"petition_id": petition.id, "day": day, "counted": counted, "removed": removed}
                for day, (counted, removed) in drawn.days.items()
            ]
            await tx.execute(insert(tables.table(tables.TallyDay)), days)
        await database.checkpoint()


async def lay_down(settings: Settings, chunks: Iterator[dict[Any, list[dict[str, Any]]]]) -> None:
    """Rows by table, past the product: nobody else has the database open."""
    if settings.sqlite:
        _into_sqlite(str(settings.sqlite_path), chunks)
    else:
        await _into_postgresql(settings.database_url, chunks)


def _into_sqlite(path: str, chunks: Iterator[dict[Any, list[dict[str, Any]]]]) -> None:
    """No syncing, and a large cache."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-1000000")
    for chunk in chunks:
        connection.execute("BEGIN")
        for table, rows in chunk.items():
            names = [column.name for column in table.columns]
            quoted, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
            values = [[_plain(row[name]) for name in names] for row in rows]
            connection.executemany(f"INSERT INTO {table.name} ({quoted}) VALUES ({marks})", values)
        connection.execute("COMMIT")
    connection.close()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


async def _into_postgresql(url: str, chunks: Iterator[dict[Any, list[dict[str, Any]]]]) -> None:
    connection = await asyncpg.connect(url)
    for chunk in chunks:
        for table, rows in chunk.items():
            names = [column.name for column in table.columns]
            records = [[row[name] for name in names] for row in rows]
            await connection.copy_records_to_table(table.name, columns=names, records=records)
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def publish(database: Database, petition_id: bytes, notary: Notary) -> None:
    """What is folded, signed and shown, as the worker does it."""
    async with database.write() as tx:
        await publishing.own_key(tx, petition_id, SLUG, notary)
    async with database.read() as connection:
        ready = await publishing.ready(connection, petition_id, SLUG, notary.last(SLUG))
    note = notary.sign(SLUG, ready.head, notary.last(SLUG))
    async with database.write() as tx:
        await publishing.publish(tx, petition_id, notary.origin(SLUG), note, ready.tally)


def pending(store: Store, number: int, seed: str) -> list[str]:
    """So many real attempts, recorded and mailed; the tokens of their links."""
    return asyncio.run(_pending(store, number, seed))


async def _pending(store: Store, number: int, seed: str) -> list[str]:
    written = []
    async with opened(store.settings) as (database, keys):
        async with database.read() as connection:
            petition = await petitions.petition(connection, SLUG)
        assert petition is not None
        attempts = _attempts(petition, keys, number, seed)
        for start in range(0, number, GROUP):
            group = attempts[start : start + GROUP]
            async with database.write() as tx:
                await intake.record(tx, group)
                await tx.execute(update(OUTBOX).where(OUTBOX.c.state == "waiting").values(state="sent", payload=None))
            written += [tokens.written(attempt.token) for attempt in group]
    return written


def _attempts(petition: Petition, keys: Keys, number: int, seed: str) -> Sequence[intake.Attempt]:
    chance, today = random.Random(seed), datetime.now(UTC).date()
    categories, rules = [c.slug for c in petition.categories], intake.rules(petition)
    attempts = []
    for n in range(number):
        person = {**raw_person(chance, n, categories), "email": f"w{seed}n{n}@example.org"}
        checked = submission.check(rules, person)
        attempts.append(intake.prepare(petition, checked, person["language"], keys, today=today))
    return attempts
