"""Promise 10: nothing readable at rest.

10: "500 known people sign, half of them not to be shown; every byte of the data dir, database, WAL, temp files, logs,
backups is searched for address, local part and (hidden) name in UTF-8/16, base64 at three offsets, hex, percent,
quoted-printable, and for MD5, SHA-1, SHA-256, UUIDv5 of each. F: 0 hits."
"""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from petition.domain import passwords
from petition.domain.actors import OWNER, Grant
from tests.factories import SLUG
from tests.house import House
from tests.organizers import PASSWORD, Browser, account
from tests.promises.conftest import ON_SQLITE, Installation
from tests.promises.crowd import Known, add_name, person
from tests.promises.post_office import PostOffice
from tests.promises.searching import Needles, digests, spellings, told
from tests.promises.signing import Signing
from tests.servers import command

PEOPLE = 500
WORKED_ON = 40


async def back_up(place: Installation) -> None:
    copy = place.root / "backup"
    done = await asyncio.to_thread(command, place.server.folder, "", "backup", str(copy))
    assert done.returncode == 0, done.stderr
    assert copy.stat().st_size > PEOPLE * 1_000


async def test_nothing_readable_lies_on_the_disk(
    install: Callable[..., Installation], post_office: PostOffice, database_kind: str
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    crowd = [person(chance, visibility=("name", ("initials", "anonymous")[n // 2 % 2])[n % 2]) for n in range(PEOPLE)]
    assert sum(who.visibility == "name" for who in crowd) == PEOPLE // 2
    # By turns, so that shown and hidden, Arabic and Latin are in every part.
    pending, denied, refused, wrong = crowd[:40], crowd[40:60], crowd[60:70], crowd[70:120]
    counted = crowd[70:]
    erased, withdrawn, changed, later = counted[:40], counted[40:80], counted[80:120], counted[120:160]
    post_office.unknown = {who.email for who in refused}

    place = install(smtp_url=post_office.url)
    async with httpx.AsyncClient(base_url=place.server.base_url, timeout=30) as http:
        people = Signing(http, post_office)
        await people.each(people.sign_wrong, wrong)
        await people.each(people.sign, crowd)
        await post_office.until(PEOPLE)
        await people.each(people.act("deny"), denied)
        await people.each(people.act("confirm", agree="yes"), counted)
        await people.each(people.act("erase"), erased)
        await people.each(people.act("withdraw"), withdrawn)
        await people.each(people.act("visibility", visibility="anonymous"), changed)
        await people.each(people.act("visibility", visibility="name"), later)

    once = {*counted} - {who for who in crowd if who.visibility != "name"} | {*later}
    hidden = Needles()
    for who in crowd:
        Known(who, name_is_shown=who in once).add_to(hidden)
    assert hidden.count > 40 * PEOPLE
    # While it runs: the write-ahead log is full of what has just happened. A backup lies beside it.
    if database_kind == "sqlite":
        await back_up(place)
    found = hidden.in_folders(*place.folders())
    assert not found, told(found)
    assert "refused for good" in place.log()
    assert pending

    # A copy keeps what is erased later: that is said where it is made (docs/operating.md).
    (place.root / "backup").unlink(missing_ok=True)
    assert place.server.stop() == 0
    now = once - {*erased, *withdrawn, *changed}
    shown = Needles()
    for who in now:
        shown.add(who.full_name, {"utf-8": who.full_name.encode()})
    found = shown.in_folders(*place.folders())
    assert {hit.label for hit in found} == {who.full_name for who in now}, (
        "a name shown must be found, else this is blind"
    )

    if database_kind == "sqlite":
        # PostgreSQL keeps dead rows and its log for a while: promise 15 is SQLite's so far.
        for who in once - now:
            add_name(hidden, who)
    found = hidden.in_folders(*place.folders())
    assert not found, told(found)


@ON_SQLITE
async def test_organizers_at_work_leave_nothing_readable(
    open_house: Callable[..., Any], post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed in, with the list opened, searched and worked on; and again after they have left."""
    monkeypatch.setattr(passwords, "PRICE", "1,1,64")
    house: House = await open_house(smtp_url=post_office.url)
    crowd = [person(random.Random(n), visibility="anonymous") for n in range(WORKED_ON)]
    people = Signing(house.http, post_office)
    await people.each(people.sign, crowd)
    await house.deliver()
    await people.each(people.act("confirm", agree="yes"), crowd)
    await house.fold()
    nour = await account(house, "nour.organizes@example.org", Grant(None, OWNER))
    needles = Needles()
    for who in crowd:
        Known(who).add_to(needles)
        add_name(needles, who)
    for name, secret in (("address", nour.address), ("password", PASSWORD), ("code", nour.codes[0])):
        needles.add(name, {"utf-8": secret.encode()})
    needles.add("authenticator", {"raw": nour.totp, "hex": nour.totp.hex().encode()})

    browser = Browser(house)
    await browser.sign_in(nour)
    page = await browser.get(f"/petitions/{SLUG}/queue")
    assert sum(who.full_name in page.text for who in crowd) == WORKED_ON, "the list must have been opened"
    await browser.send("/queue", q=crowd[0].full_name)
    record = page.text.partition('<th scope="row"><a href="')[2].partition('"')[0].replace("&amp;", "&")
    await browser.get(record)
    await browser.send("/verify")
    found = needles.in_folders(house.settings.data_dir)
    assert not found, told(found)
    await browser.get()
    await browser.send("/sign-out")
    found = needles.in_folders(house.settings.data_dir)
    assert not found, told(found)


KINDS = sorted({*spellings("a.person@example.org"), *digests("a.person@example.org")})


@pytest.mark.parametrize("spelling", KINDS)
def test_a_planted_address_is_found_in_each_spelling(tmp_path: Path, spelling: str) -> None:
    chance = random.Random(spelling)
    who = person(chance)
    needles = Needles()
    Known(who).add_to(needles)
    planted = (spellings(who.email) | digests(who.email))[spelling]
    before, after = (chance.randbytes(chance.randrange(3_000_000)) for _ in range(2))
    path = tmp_path / "some.file"
    path.write_bytes(before + after)
    assert needles.in_folders(tmp_path) == []
    path.write_bytes(before + planted + after)
    assert spelling in {hit.spelling for hit in needles.in_folders(tmp_path)}


@pytest.mark.parametrize("before", range(7))
def test_base64_is_found_wherever_it_begins(before: int) -> None:
    packed = base64.b64encode(b"?" * before + b"someone@example.org" + b"!" * 5)
    spelled = spellings("someone@example.org")
    assert any(packed.find(spelled[f"base64 at {offset}"]) >= 0 for offset in range(3))
