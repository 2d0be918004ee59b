"""Promise 25, as far as entries go: every removal is public, with its reason, and can be taken back as publicly.

"shown = counted − removed + restored, by reason, at every checkpoint." Read from the public files alone.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

from petition.actions import moderation
from petition.domain import states
from tests.actions.desk import OWNER, Desk
from tests.factories import SLUG
from tests.house import House
from tests.people import someone

PEOPLE, ACTS = 14, 40
SIGNATORYS, ORGANIZERS = ("withdrawn", "erased"), ("invalidated", "merged")


async def entries(house: House) -> list[dict[str, Any]]:
    """The lines under the newest checkpoint."""
    note = (await house.http.get(f"/ledger/{SLUG}/checkpoint")).text
    size = int(note.splitlines()[1])
    assert 0 < size < 256
    content = (await house.http.get(f"/ledger/{SLUG}/tile/entries/000.p/{size}")).content
    found = []
    while content:
        length = int.from_bytes(content[:2], "big")
        found.append(json.loads(content[2 : 2 + length]))
        content = content[2 + length :]
    assert len(found) == size
    return found


async def adds_up(house: House) -> Counter[str]:
    """Recounted line by line against what the site shows beside that checkpoint; the removals that stand, by reason."""
    await house.fold()
    counted, removed, restored = 0, Counter[str](), Counter[str]()
    out: dict[int, str] = {}
    lines = await entries(house)
    for index, line in enumerate(lines):
        if line["event"] == "counted":
            counted += 1
        elif line["event"] == "removed":
            assert line["of"] not in out, "what is out cannot be taken out again"
            out[line["of"]] = line["reason"]
            removed[line["reason"]] += 1
        elif line["event"] == "restored":
            restored[out.pop(line["of"])] += 1
        assert line.get("of", -1) < index
        assert line.get("reason", "withdrawn") in (*SIGNATORYS, *ORGANIZERS)
    counts = await house.counts()
    assert counts["ledger_size"] == len(lines)
    assert counts["total"] == counted - removed.total() + restored.total()
    assert {reason: n for reason, n in counts["removed"].items() if n} == +(removed - restored)
    assert removed - restored == Counter(out.values())
    return removed - restored


async def merge(desk: Desk, survivor: str, other: str) -> None:
    one, two = await desk.row(survivor), await desk.row(other)
    house = desk.house
    async with house.parts.database.write() as tx:
        await moderation.merge(
            tx,
            desk.petition_id,
            one.id,
            {two.id: two.seen},
            by=OWNER,
            seen=one.seen,
            keys=house.parts.keys,
            today=house.clock.now.date(),
        )


async def unmerge(desk: Desk, link: str) -> None:
    row, house = await desk.row(link), desk.house
    async with house.parts.database.write() as tx:
        await moderation.unmerge(
            tx,
            desk.petition_id,
            row.id,
            by=OWNER,
            seen=row.seen,
            keys=house.parts.keys,
            today=house.clock.now.date(),
        )


async def act(desk: Desk, links: list[str], chance: random.Random) -> None:
    """Something that a signatory or an organizer may do to this one as it stands."""
    link = chance.choice(links)
    state = (await desk.row(link)).state
    if state == states.INVALIDATED:
        await desk.do("restore", link)
    elif state == states.MERGED:
        await unmerge(desk, link)
    elif state == states.CONFIRMED:
        what = chance.choices(("withdraw", "erase", "invalidate", "merge"), (1, 1, 4, 4))[0]
        others = [other for other in links if other != link and (await desk.row(other)).state == states.CONFIRMED]
        if what in ("withdraw", "erase"):
            assert (await desk.house.post(link, what)).status_code == 303
        elif what == "merge" and others:
            await merge(desk, chance.choice(others), link)
        else:
            await desk.do("invalidate", link)


async def test_every_removal_is_public_by_reason_and_what_organizers_removed_comes_back(house: House) -> None:
    chance, desk = random.Random(25), Desk(house)
    links = [await house.confirmed(someone(n)) for n in range(PEOPLE)]
    seen = Counter[str]()
    for _ in range(ACTS):
        await act(desk, links, chance)
        seen |= await adds_up(house)
    assert seen.keys() == {*SIGNATORYS, *ORGANIZERS}, "the walk must have been everywhere"
    for link in links:
        state = (await desk.row(link)).state
        if state == states.INVALIDATED:
            await desk.do("restore", link)
        elif state == states.MERGED:
            await unmerge(desk, link)
    standing = await adds_up(house)
    assert not {*standing} & {*ORGANIZERS}
    assert (await house.counts())["total"] == PEOPLE - standing.total()
