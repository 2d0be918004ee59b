"""Promise 38 as a table: docs/roles.md says who may do what; every door has a row there, and is tried by every role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert, update

from petition.db import tables
from petition.domain import passwords
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant
from petition.queries import organizers
from petition.web.console import batches, paper, signatures
from tests.factories import SLUG
from tests.house import House
from tests.organizers import Account, Browser, account
from tests.promises.conftest import ON_SQLITE
from tests.promises.markup import Page
from tests.promises.test_38_scope import ON_LISTS, OTHER, Ground

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "roles.md"
PETITION = "/petitions/{slug}"
ROLES = ("owner of all", "owner", "verifier", "in categories", "auditor")
# Before or without a session, and addresses that only lead back from where a form was sent.
OUTSIDE = ("/sign-in", "/code", "/set-up/{text}")
ACTS_AT = {
    "/signatures/": tuple(signatures.ACTS),
    "/batches/": (*batches.ACTS, "discard", "relist"),
    "/exports/": ON_LISTS,
    "/paper/": paper.ACTS,
    "/imports/": ("go-on", "discard", "undo", "undo-on", "ask"),
}
# How what somebody else has made must stand.
STANDS = {
    **dict.fromkeys(("approve", "decline"), "asked"),
    **dict.fromkeys(("start", "discard"), "draft"),
    "cancel": "running",
    "undo": "done",
    **dict.fromkeys(("relist", "undo-on"), "undoing"),
    "ask": "done",
}
# Nothing of that name is there: whoever may is told "not found", whoever may not is told so.
NOTHING_THERE = re.compile(r"/passkeys|/duplicates/(merge|apart|together)$|/paper/{stack}/undo$")
# They end sessions or roles, or change the key: after all others.
LATE = re.compile(r"/remove$|/take$|/key/|/safety/o|/end$|sign-out$")


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PRICE", "1,1,64")


def table() -> dict[str, dict[str, str]]:
    """What the page says: door → role → yes, no, own, theirs; `fresh`: a star where the second factor is asked for."""
    found: dict[str, dict[str, str]] = {}
    for row in re.findall(r"^\| .* \|$", PAGE.read_text("utf-8"), re.MULTILINE):
        _, doors, *cells = (cell.strip() for cell in row.strip("|").split("|"))
        for method, star, path in re.findall(r"`(\w+)(\*?) ([^`]+)`", doors):
            door = f"{method} {path.replace('…', PETITION)}".removesuffix(" /")
            assert door not in found, f"{door} stands there twice"
            found[door] = dict(zip(ROLES, cells, strict=True)) | {"fresh": star}
    return found


def doors(house: House) -> Iterator[str]:
    """Every door of the console, with its acts; a GET that answers with a redirect alone stands for none."""
    for route in house.app.routes:
        path = re.sub(r":\w+}", "}", route.path)
        if not path.startswith("/organizer/{language}") or path.endswith(OUTSIDE):
            continue
        path = path.removeprefix("/organizer/{language}")
        for method in sorted({*route.methods} & {"GET", "POST"}):
            acts = next((acts for part, acts in ACTS_AT.items() if part in path), ()) if "{act}" in path else ("",)
            assert acts, f"the acts of {path} are not known here"
            yield from (f"{method} {path.replace('{act}', act)}".strip() for act in acts)


class Colleague:
    """Somebody with one role, at every door with ids of what is really there and was made by somebody else."""

    def __init__(self, ground: Ground, who: Account, given: dict[str, str]) -> None:
        self.ground, self.who, self.given = ground, who, given
        self.browser = Browser(ground.house)

    async def begin(self) -> Colleague:
        await self.browser.sign_in(self.who)
        self.csrf = dict(Page(self.browser.page.text).forms[0].fields)["csrf"]
        return self

    async def at(self, door: str, *, arranged: bool = True) -> httpx.Response:
        """`arranged`: what somebody else has made stands as it must for the act to make sense."""
        method, _, path = door.partition(" ")
        if arranged and (state := STANDS.get(path.rpartition("/")[2])):
            await self._stands(state)
        address = "/organizer/en" + re.sub(r"{(\w+)}", lambda name: self.given.get(name[1], "0" * 32), path)
        if method == "GET":
            return await self.browser.http.get(address)
        file = {"file": ("list.csv", b"full_name\n")} if path.endswith("/imports") else None
        return await self.browser.http.post(address, data={"csrf": self.csrf}, files=file)

    async def _stands(self, state: str) -> None:
        many, lists, taken = (tables.table(mapped) for mapped in (tables.Batch, tables.Export, tables.Import))
        async with self.ground.house.parts.database.write() as tx:
            await tx.execute(update(many).where(many.c.id == self.ground.batches[SLUG]).values(state=state))
            if state in ("done", "undoing"):
                await tx.execute(update(taken).values(state=state))
            if state == "asked":
                await tx.execute(update(lists).where(lists.c.id == self.ground.exports[SLUG]).values(state=state))


async def laid(house: House) -> tuple[Ground, dict[str, str]]:
    ground = Ground(house)
    await ground.lay()
    taken = {"id": b"t" * 16, "petition_id": ground.ids[SLUG], "digest": bytes(32), "method": "import", "state": "done"}
    taken |= {"source": None, "added": 0, "refused": 0, "made_by": b"o" * 16, "made_on": house.clock.now.date()}
    async with house.parts.database.write() as tx:
        await tx.execute(insert(tables.table(tables.Import)).values(**taken))
    return ground, {
        "slug": SLUG,
        "number": "1",
        "signature": ground.rows[SLUG].id.hex(),
        "invitation": ground.invitations[SLUG].hex(),
        "export": ground.exports[SLUG].hex(),
        "batch": ground.batches[SLUG].hex(),
        "delivery": ground.deliveries[SLUG].hex(),
        "stack": ground.stacks[SLUG].hex(),
        "staging_id": (b"t" * 16).hex(),
    }


async def colleague(ground: Ground, given: dict[str, str], role: str, grant: Grant) -> Colleague:
    """With a colleague beside them, whose account and role are there to be taken."""
    house, name = ground.house, role.replace(" ", "-")
    other = await account(house, f"beside-{name}@example.org", Grant(ground.ids[SLUG], VERIFIER))
    async with house.parts.database.read() as connection:
        held = (await organizers.actor(connection, other.id)).grants[0].id
    who = await account(house, f"{name}@example.org", grant)
    return await Colleague(ground, who, {**given, "member": other.id.hex(), "role": held.hex()}).begin()


def _late(door: str) -> tuple[bool, bool, bool, str]:
    return bool(LATE.search(door)), door.endswith("/sign-out"), door.endswith("/remove"), door


@ON_SQLITE
async def test_every_door_lets_in_whom_the_table_says_and_nobody_else(house: House) -> None:
    ground, given = await laid(house)
    said, there = table(), sorted(doors(house), key=_late)
    also_posted = {door for door in there if door.startswith("GET") and f"POST{door[3:]}" in there}
    leads_back = also_posted - said.keys()
    assert {*there} - leads_back == said.keys(), "each door has its row, and each row its door"
    here, category = ground.ids[SLUG], ground.rows[SLUG].category
    assert category is not None
    grants = {
        "auditor": Grant(here, AUDITOR),
        "in categories": Grant(here, VERIFIER, (category, "fsa")),
        "verifier": Grant(here, VERIFIER),
        "owner": Grant(here, OWNER),
        "owner of all": Grant(None, OWNER),
    }
    wrong = []
    for role, grant in grants.items():
        who = await colleague(ground, given, role, grant)
        for door in there:
            answer = await who.at(door)
            assert answer.status_code < 500, door
            if door in leads_back:
                assert answer.is_redirect or answer.status_code in (403, 404), door
                continue
            refused = answer.status_code == 403 or (answer.status_code == 404 and not NOTHING_THERE.search(door))
            if refused != (said[door][role] in ("no", "own")):
                wrong.append(f"{role} at {door}: {answer.status_code}, but the table says {said[door][role]}")
    assert not wrong, "\n".join(wrong)


@ON_SQLITE
async def test_what_the_table_marks_asks_for_the_second_factor_again_and_nothing_else(house: House) -> None:
    ground, given = await laid(house)
    owner = await colleague(ground, given, "owner", Grant(None, OWNER))
    house.clock.pass_(minutes=11)
    said = table()
    for door in sorted(said, key=_late):
        if door.startswith("POST") and door != "POST /prove":
            answer = await owner.at(door)
            asked = answer.status_code == 200 and 'action="/organizer/en/prove"' in answer.text
            assert asked == bool(said[door]["fresh"]), f"{door}: {answer.status_code}"


@ON_SQLITE
async def test_without_a_role_on_it_no_address_of_a_petition_is_there(house: House) -> None:
    ground, given = await laid(house)
    stranger = await colleague(ground, given, "stranger", Grant(ground.ids[OTHER], OWNER))
    for door in doors(house):
        if PETITION in door or "{member}" in door:
            answer = await stranger.at(door)
            leads_back = door.startswith("GET") and answer.is_redirect
            assert leads_back or answer.status_code in (403, 404), f"{door}: {answer.status_code}"
            assert ground.rows[SLUG].id.hex() not in answer.text


@ON_SQLITE
async def test_a_password_alone_an_ended_session_and_none_at_all_lead_to_signing_in_everywhere(house: House) -> None:
    """Promise 37, at every door there is."""
    ground, given = await laid(house)
    owner = await colleague(ground, given, "owner", Grant(None, OWNER))
    half, gone, idle, none = (Browser(house) for _ in range(4))
    await half.get("/sign-in")
    await half.send("/sign-in", address=owner.who.address, password=owner.who.password)
    for browser in (gone, idle):
        await browser.sign_in(owner.who)
    token = str(gone.cookie)
    await gone.send("/sign-out")
    gone.http.cookies.set("organizer", token, domain="petition.example", path="/organizer")
    house.clock.pass_(minutes=9)
    await half.send("/code", code="000000")
    before = await ground.state()
    for browser in (half, gone, none, idle):
        if browser is idle:
            house.clock.pass_(minutes=31)
        owner.browser = browser
        for door in doors(house):
            answer = await owner.at(door, arranged=False)
            if answer.status_code == 303:
                to = answer.headers["location"]
                assert "/sign-in" in to or (door.startswith("GET") and (await browser.http.get(to)).status_code == 303)
            else:
                assert answer.status_code == 401, f"{door}: {answer.status_code}"
                assert SLUG not in answer.text
    assert await ground.state() == before
