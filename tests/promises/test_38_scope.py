"""Promise 38: nobody reaches beyond their role. Every route of the console, with every other petition's ids.

An owner of one petition, a verifier of one category, an auditor: each is sent through every door with ids of what is
not theirs. Nothing of it may come back, and nothing may change.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select, update

from petition.actions import batches as many
from petition.actions import delivering, exporting, importing, invitations, paper, staging
from petition.db import tables
from petition.domain import passwords
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Actor, Grant, Scope
from petition.domain.delivered import Told
from petition.domain.importing import Evidence
from petition.domain.listing import Wanted
from petition.domain.paper import FIELDS, Source
from petition.domain.rules import Rule
from petition.queries import batches, organizers, petitions, queue
from petition.queries.petitions import Petition
from petition.queries.queue import Filter
from petition.web.console import imports
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import Account, Browser, account
from tests.people import KARIM, LAYLA
from tests.promises.markup import Page

OTHER = "another-statement"
ON_MANY = ("start", "discard", "approve", "decline", "cancel", "undo", "relist")
ON_PAPER = ("hand-over", "hand-in", "drop", "undo")
ON_LISTS = ("approve", "decline", "write", "destroy")
ACTS_ON = {"batch": ON_MANY, "export": ON_LISTS, "stack": ON_PAPER, "staging_id": imports.ACTS}
ACTS = ("verify", "unverify", "move", "reject", "invalidate", "restore", "hide", "show", "pin", "unpin")


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PRICE", "1,1,64")


class Ground:
    """Two petitions, one signature each; Layla's is of the one that our people have a role on."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.ids: dict[str, bytes] = {}
        self.rows: dict[str, queue.Queued] = {}
        self.batches: dict[str, bytes] = {}
        self.invitations: dict[str, bytes] = {}
        self.exports: dict[str, bytes] = {}
        self.deliveries: dict[str, bytes] = {}
        self.stacks: dict[str, bytes] = {}
        self.lists: dict[str, bytes] = {}

    async def lay(self) -> None:
        await self.house.apply(petition_text(slug=OTHER))
        await self.house.confirmed(LAYLA)
        await self.house.confirmed(KARIM, slug=OTHER)
        for petition in self.house.parts.hub.all_petitions():
            self.ids[petition.slug] = petition.id
            async with self.house.parts.database.read() as connection:
                (row,) = (await queue.page(connection, petition.id, Filter(), Scope(None))).rows
            self.rows[petition.slug] = row
            self.batches[petition.slug] = await self._batch(petition)
            self.invitations[petition.slug] = await self._invitation(petition)
            self.exports[petition.slug] = await self._export(petition)
            await self._delivered_and_typed(petition)
            self.lists[petition.slug] = await self._sent_and_taken_in(petition)

    async def _invitation(self, petition: Petition) -> bytes:
        today, rows = self.house.clock.now.date(), tables.table(tables.Invitation)
        async with self.house.parts.database.write() as tx:
            await invitations.issue(tx, petition.id, "fsa", uses=1, expires_on=today, by=None, today=today)
            found: bytes = (await tx.execute(select(rows.c.id).where(rows.c.petition_id == petition.id))).scalar_one()
        return found

    async def _batch(self, petition: Petition) -> bytes:
        """An act on many that is under way, by somebody else."""
        by, today = Actor(b"o" * 16, (Grant(None, OWNER),)), self.house.clock.now.date()
        rule = Rule(method="mail")
        async with self.house.parts.database.write() as tx:
            rows = await batches.matching(tx, petition.id, rule, Scope(None))
            drafted = {"act": "hide", "category": None, "reason": None}
            batch_id = await many.draft(tx, petition.id, rule, rows, by=by, today=today, **drafted)
            await many.start(tx, petition.id, batch_id, by=by, today=today)
        return batch_id

    async def _export(self, petition: Petition) -> bytes:
        """A list that waits for another owner, taken out by somebody else."""
        by, today = Actor(b"o" * 16, (Grant(None, OWNER),)), self.house.clock.now.date()
        exports = tables.table(tables.Export)
        async with self.house.parts.database.write() as tx:
            asked = await exporting.ask(
                tx, petition.id, Wanted(), ("full_name",), "csv", "en", "press", by=by, today=today
            )
            await tx.execute(update(exports).where(exports.c.id == asked.id).values(state="asked"))
        return asked.id

    async def _delivered_and_typed(self, petition: Petition) -> None:
        """A delivery, and somebody's name in a batch from paper that waits to be handed in."""
        by, today = Actor(b"o" * 16, (Grant(None, OWNER),)), self.house.clock.now.date()
        who, source = KARIM if petition.slug == OTHER else LAYLA, Source("An office", "", today, "copies", "", "ar")
        told = Told({"ar": "إليه"}, today, {"ar": "باليد"}, {}, {})
        async with self.house.parts.database.write() as tx:
            self.deliveries[petition.slug] = await delivering.record(tx, petition.id, told, by=by, today=today)
            stack = self.stacks[petition.slug] = await paper.begin(tx, petition, source, by=by, today=today)
            entry = dict.fromkeys(FIELDS, "") | {"full_name": who.full_name, "email": who.email}
            await paper.enter(tx, petition.id, stack, 1, entry, "", by=by)

    async def _sent_and_taken_in(self, petition: Petition) -> bytes:
        """A list that somebody else looks at, and an import of the same id."""
        by, now = Actor(b"o" * 16, (Grant(None, OWNER),)), self.house.clock.now
        today, rows = now.date(), tables.table(tables.Import)
        async with self.house.parts.database.write() as tx:
            begun = await importing.begin(tx, petition, bytes(32), "import", Evidence("a.csv"), by=by, today=today)
            own_id = petition.id
            await tx.execute(update(rows).where(rows.c.id == begun.id).values(id=own_id))
            await staging.begin(tx, petition, own_id, b"k" * 80, by=by, now=now)
            await staging.arrived(tx, own_id, bytes(32), parts=0, size=0)
        return own_id

    async def state(self) -> list[Any]:
        """All that organizers could have changed."""
        async with self.house.parts.database.read() as connection:
            found: list[Any] = []
            accounts = tables.table(tables.Organizer)
            found.append(sorted((await connection.execute(select(accounts.c.id, accounts.c.state))).all()))
            mapped = (
                tables.Signature,
                tables.LedgerWaiting,
                tables.Role,
                tables.PetitionKey,
                tables.Note,
                tables.Export,
                tables.Rekeying,
                tables.ToldApart,
                tables.PaperBatch,
                tables.PaperLine,
                tables.Delivery,
                tables.Import,
                tables.Staging,
            )
            # A draft changes nothing yet, and whoever moderates may make one.
            many = tables.table(tables.Batch)
            for wanted in (*(select(tables.table(one)) for one in mapped), select(many).where(many.c.state != "draft")):
                found.append(sorted(map(repr, (await connection.execute(wanted)).all())))
            # Of its own petition an owner may change these.
            issued = tables.table(tables.Invitation)
            theirs = select(issued).where(issued.c.petition_id == self.ids[OTHER]).order_by(issued.c.id)
            found.append((await connection.execute(theirs)).all())
            found.append(await petitions.petition(connection, OTHER))
        return found


async def everywhere(
    ground: Ground, who: Account, slug: str, signature: queue.Queued, member: bytes, whose: str, *, of: str = ""
) -> list[Any]:
    """Every door with these ids; what it answered. `of`: only doors whose address has such an id in it."""
    browser = Browser(ground.house)
    await browser.sign_in(who)
    csrf = dict(Page(browser.page.text).forms[0].fields)["csrf"]
    async with ground.house.parts.database.read() as connection:
        role = (await organizers.actor(connection, member)).grants[0].id
    given = {"language": "en", "slug": slug, "signature": signature.id.hex(), "member": member.hex(), "text": "A" * 43}
    given |= {"number": "1", "invitation": ground.invitations[OTHER].hex()}
    given |= {"batch": ground.batches[whose].hex(), "export": ground.exports[whose].hex()}
    given |= {"delivery": ground.deliveries[whose].hex(), "stack": ground.stacks[whose].hex()}
    given |= {"role": role.hex(), "staging_id": ground.lists[whose].hex()}
    answers = []
    for template in sorted({route.path for route in ground.house.app.routes if "/organizer/" in route.path}):
        if not re.search(of, template):
            continue
        if "sign-" in template or "/account" in template or template.endswith(("/code", "/prove")):
            continue
        acts = next((known for name, known in ACTS_ON.items() if f"{{{name}:" in template), ACTS)
        for act in acts if "{act:" in template else ("",):
            path = re.sub(r"\{(\w+):\w+\}", lambda name, act=act: given.get(name[1], act), template)
            answers.append(await browser.http.get(path))
            typed = {"csrf": csrf, "seen": signature.seen, "reason": "duplicate", "category": signature.category or ""}
            typed |= {"address": "new@example.org", "role": "owner", "petition": slug}
            revision = ground.house.parts.hub.any_petition(slug).revision
            typed |= {
                "mode": "first",
                "number": "2",
                "full_name": "Somebody Else",
                "office": "Mine",
                "evidence": "copies",
            }
            typed |= {"uses": "1", "count": "1", "days": "1", "format": "json"}
            typed |= {"method": "mail", "note": "A word", "act": "hide" if "/batches" in template else "save"}
            here = signature.id.hex()
            typed |= {"survivor": here, f"with-{here}": signature.seen, "one": here, "other": here}
            typed |= {"proposal-1": f"{here}.{signature.seen},{'0' * 32}.0"}
            typed |= {"revision": str(revision), "goal": "1", "status": "open", "default_language": "ar"}
            answers.append(await browser.http.post(path, data=typed))
    return answers


@pytest.mark.parametrize(
    "grant",
    [("owner", None), ("verifier", None), ("auditor", None), ("verifier", ("fsa",))],
    ids=lambda grant: f"{grant[0]}-{grant[1]}",
)
async def test_another_petitions_ids_lead_nowhere(house: House, grant: tuple[str, Any]) -> None:
    ground = Ground(house)
    await ground.lay()
    boss = await account(house, "boss@example.org", Grant(None, OWNER))
    who = await account(house, "who@example.org", Grant(ground.ids[SLUG], *grant))
    foreign = ground.rows[OTHER]
    before = await ground.state()
    # Its own address, and its id under the address of the petition that they do have a role on.
    # (What else an owner does there is their right.)
    for slug, of in ((OTHER, ""), (SLUG, "{(signature|member|batch|invitation|export|delivery|stack|staging_id):")):
        for answer in await everywhere(ground, who, slug, foreign, boss.id, OTHER, of=of):
            told = f"{answer.request.method} {answer.request.url} {answer.status_code}"
            assert answer.status_code in (200, 303, 403, 404, 405, 410, 422), told
            assert KARIM.full_name not in answer.text, told
            assert KARIM.email not in answer.text, told
            assert foreign.id.hex() not in answer.text, told
            assert "boss@example.org" not in answer.text or "/audit" in told, told
    assert await ground.state() == before


async def test_an_auditor_reads_everything_and_changes_nothing(house: House) -> None:
    ground = Ground(house)
    await ground.lay()
    boss = await account(house, "boss@example.org", Grant(None, OWNER))
    who = await account(house, "who@example.org", Grant(None, AUDITOR))
    before = await ground.state()
    answers = await everywhere(ground, who, SLUG, ground.rows[SLUG], boss.id, SLUG)
    assert await ground.state() == before
    assert any(LAYLA.full_name in answer.text for answer in answers)
    # Searching, taking the audit away and blank sheets are reading, though they are asked by POST.
    reading = ("/queue", "/invitations/find", "/audit/export", "/sheets")
    posted = [a for a in answers if a.request.method == "POST" and not a.request.url.path.endswith(reading)]
    assert {a.status_code for a in posted} <= {403, 404, 405, 410}


async def test_a_verifier_of_one_category_sees_and_moves_no_other(house: House) -> None:
    ground = Ground(house)
    await ground.lay()
    boss = await account(house, "boss@example.org", Grant(None, OWNER))
    theirs = ground.rows[SLUG].category
    foreign = next(c.slug for c in house.parts.hub.any_petition(SLUG).categories if c.slug != theirs)
    who = await account(house, "who@example.org", Grant(ground.ids[SLUG], VERIFIER, (foreign,)))
    before = await ground.state()
    for answer in await everywhere(ground, who, SLUG, ground.rows[SLUG], boss.id, SLUG):
        assert LAYLA.full_name not in answer.text
        assert LAYLA.email not in answer.text
    assert await ground.state() == before


async def test_the_test_would_see_a_leak(house: House) -> None:
    ground = Ground(house)
    await ground.lay()
    boss = await account(house, "boss@example.org", Grant(None, OWNER))
    before = await ground.state()
    answers = await everywhere(ground, boss, OTHER, ground.rows[OTHER], boss.id, OTHER)
    assert any(KARIM.full_name in answer.text for answer in answers)
    assert await ground.state() != before
