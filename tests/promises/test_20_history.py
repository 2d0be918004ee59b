"""Promise 20: history cannot be rewritten unseen.

"Consistency proof between all consecutive checkpoints; 20 kinds of tampering. F: all caught."
"""

from __future__ import annotations

import json
import random
from itertools import pairwise
from typing import Any

from sqlalchemy import select, update

from petition.db import tables
from petition.domain import checkpoint, ledger, merkle
from petition.domain.checkpoint import Head
from tests.domain.rfc6962 import Tree
from tests.factories import SLUG
from tests.house import House
from tests.people import someone
from tests.stranger import served
from tests.test_audit import both
from tests.web.test_ledger import all_entries, counted, signed_head

ENTRIES, PUBLISHED = tables.table(tables.LedgerEntry), tables.table(tables.Published)


async def test_each_checkpoint_follows_from_all_before_it(house: House) -> None:
    """Through a campaign of joining and leaving, at steps of random size."""
    chance = random.Random(6962)
    heads: list[Head] = []
    for _ in range(25):
        await counted(house, chance.choice((1, 2, 7, 40, 130)))
        heads.append(await signed_head(house))
        assert (await house.counts())["ledger_size"] == heads[-1].size
    tree = Tree(await all_entries(house, heads[-1].size))
    for old, new in pairwise(heads):
        assert old.size < new.size
        assert merkle.consistent(old.size, new.size, tree.proof(old.size, new.size), old.root, new.root)
        assert not merkle.consistent(old.size, new.size, tree.proof(old.size, new.size), new.root, old.root)


async def sign_anew(house: House, bodies: list[bytes]) -> None:
    """An operator with ill intent: other entries, a tree and a signature that fit them."""
    house.parts.shelf.kept.clear()
    tiles = merkle.extended(0, {}, merkle.leaves(bodies))
    head = checkpoint.Head(len(bodies), merkle.hashes([(0, len(bodies))], tiles)[0])
    seeds = [bytes.fromhex((house.settings.data_dir / "keys" / f"ledger-{SLUG}.key").read_text())]
    async with house.parts.database.write() as tx:
        for index, body in enumerate(bodies):
            await tx.execute(update(ENTRIES).where(ENTRIES.c.index == index).values(body=body))
        for (level, number), row in tiles.items():
            kept = tables.table(tables.LedgerTile)
            await tx.execute(update(kept).where(kept.c.level == level, kept.c.number == number).values(hashes=row))
        note = checkpoint.sign(f"petition.example/ledger/{SLUG}", head, seeds)
        await tx.execute(update(PUBLISHED).values(checkpoint=note))
    await house.parts.hub.poll()


def tamperings(bodies: list[bytes]) -> dict[str, list[bytes]]:
    """Twenty ways to lie with a ledger of 5 lines and a withdrawal of the first one, each with a tree that fits it."""
    told = [json.loads(body) for body in bodies]

    def changed(index: int, **values: Any) -> list[bytes]:
        body = ledger.canonical({**told[index], **values})
        return [*bodies[:index], body, *bodies[index + 1 :]]

    removal = told[5]["of"]
    live = next(n for n in range(5) if n != removal)
    return {
        "another category": changed(live, category="activists" if told[live]["category"] != "activists" else "fsa"),
        "no category": changed(live, category=None),
        "another method": changed(live, method="paper"),
        "an unknown method": changed(live, method="magic"),
        "of another petition": changed(live, petition="second"),
        "another version": changed(live, v=2),
        "a version that is no number": changed(live, v=True),
        "one entered twice": changed(live, receipt=told[(live + 1) % 5]["receipt"]),
        "one more key": changed(live, name="x"),
        "not canonical": [*bodies[:live], bodies[live].replace(b":", b": ", 1), *bodies[live + 1 :]],
        "no JSON": [*bodies[:live], b"{", *bodies[live + 1 :]],
        "an act of an unknown kind": changed(5, event="forgotten"),
        "an act of no line": changed(5, of=99),
        "an act of a line to come": changed(5, of=5),
        "an act of a negative line": changed(5, of=-1),
        "an act of an act": [*bodies[:4], ledger.act(SLUG, "removed", 0, None, "merged"), changed(5, of=4)[5]],
        "another reason": changed(5, reason="merged"),
        "an unknown reason": changed(5, reason="mood"),
        "a restoration of one that counts": [*bodies[:5], ledger.act(SLUG, "restored", live, None, None)],
        "an empty entry": [*bodies[:live], b"", *bodies[live + 1 :]],
    }


async def test_every_kind_of_tampering_is_caught_even_with_a_signature_that_fits(house: House) -> None:
    for n in range(5):
        link = await house.confirmed(someone(n))
    await house.post(link, "withdraw")
    await house.fold()
    async with house.parts.database.read() as connection:
        bodies = list((await connection.execute(select(ENTRIES.c.body).order_by(ENTRIES.c.index))).scalars())
    kinds = tamperings(bodies)
    assert len(kinds) == 20
    async with served(house) as base:
        for kind, tampered in kinds.items():
            await sign_anew(house, tampered)
            ours, theirs = await both(base)
            assert ours[0] == 1, (kind, ours)
            assert len(ours[2].splitlines()) == 1, ours
            assert theirs[0] == 1, (kind, theirs)
        await sign_anew(house, bodies)
        ours, theirs = await both(base)
        assert (ours[0], theirs[0]) == (0, 0)
