"""Three hundred acts by chance, beside a model that a reader can check: the count is right after every fold."""

import random
from dataclasses import dataclass

import pytest

from petition.actions import counting
from tests.factories import SLUG
from tests.house import House, read_mail
from tests.people import Person, someone

ACTS = 300
PEOPLE = 25
CATEGORIES = ("independents", "journalists", "fsa", "activists")
OPEN = ("independents", "activists")


@dataclass
class Link:
    """What the model knows of one mail's link: who it is for, since when, and how its signature stands."""

    path: str
    person: Person
    day: int
    state: str = "pending"
    into: "Link | None" = None
    visibility: str = "name"


class Model:
    """The rules in a few lines, without a database: one address counts once; what ended does not come back."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.day = 0
        self.removed = {"withdrawn": 0, "erased": 0}
        self.read: set[str] = set()

    def counting(self, person: Person) -> "Link | None":
        of = (link for link in self.links if link.person.email == person.email and link.state == "counts")
        return next(of, None)

    def confirm(self, link: Link) -> None:
        if link.state == "pending" and self.day - link.day <= 14:
            link.into = self.counting(link.person)
            link.state = "merged" if link.into else "counts"

    def deny(self, link: Link) -> None:
        if link.state == "pending":
            link.state = "ended"

    def leave(self, link: Link, reason: str) -> None:
        if link.state == "pending":
            link.into = self.counting(link.person)
            link.state = "merged" if link.into else "ended"
        link = link.into or link
        if link.state == "counts":
            link.state = "ended"
            self.removed[reason] += 1

    def pass_days(self, days: int) -> None:
        self.day += days
        for link in self.links:
            if link.state == "pending" and self.day - link.day > 14:
                link.state = "ended"


async def sign(house: House, person: Person, model: Model) -> str:
    """The new mail's link; of some hundred mails only the new one is read."""
    assert (await house.sign(person)).status_code == 303
    await house.deliver()
    folder = house.settings.data_dir / "mail"
    (new,) = {path for path in folder.glob("*.eml") if path.name not in model.read}
    model.read.add(new.name)
    return read_mail(new.read_bytes()).link


async def act(house: House, model: Model, chance: random.Random) -> None:
    what = chance.choices(
        ("sign", "confirm", "deny", "visibility", "withdraw", "erase", "days", "fold"), (10, 10, 1, 3, 4, 2, 1, 4)
    )[0]
    if what == "sign" or not model.links:
        number = chance.randrange(PEOPLE)
        category, visibility = chance.choice(CATEGORIES), chance.choice(("name", "initials", "anonymous"))
        person = someone(number, category=category, visibility=visibility)
        model.links.append(Link(await sign(house, person, model), person, model.day, visibility=visibility))
        return
    link = chance.choice(model.links[-40:])
    if what == "confirm":
        model.confirm(link)
        assert (await house.post(link.path, "confirm", agree="yes")).status_code == 303
    elif what == "deny":
        model.deny(link)
        assert (await house.post(link.path, "deny")).status_code == 303
    elif what == "visibility":
        choice = chance.choice(("name", "initials", "anonymous"))
        answer = await house.post(link.path, "visibility", visibility=choice)
        assert answer.status_code == (303 if link.state == "counts" else 409)
        link.visibility = choice if link.state == "counts" else link.visibility
    elif what in ("withdraw", "erase"):
        model.leave(link, "withdrawn" if what == "withdraw" else "erased")
        assert (await house.post(link.path, what)).status_code == 303
    elif what == "days":
        days = chance.choice((1, 3, 15))
        model.pass_days(days)
        await house.next_day(days)
    else:
        await hold_together(house, model)


async def hold_together(house: House, model: Model) -> None:
    async with house.parts.database.read() as connection:
        assert (await counting.recount(connection, house.parts.hub.any_petition(SLUG).id)).holds
    await house.fold()
    async with house.parts.database.read() as connection:
        found = await counting.recount(connection, house.parts.hub.any_petition(SLUG).id)
    assert found.holds
    assert found.waiting == 0
    counts = await house.counts()
    standing = [link for link in model.links if link.state == "counts"]
    assert counts["total"] == counts["by_method"]["mail"] == len(standing)
    expected = {slug: sum(link.person.category == slug for link in standing) for slug in OPEN}
    assert {c["category"]: c["total"] for c in counts["by_category"] if c["category"] in OPEN} == expected
    assert counts["awaiting_verification"] == len(standing) - sum(expected.values())
    assert counts["removed"].get("erased", 0) == model.removed["erased"]
    assert counts["removed"]["withdrawn"] == model.removed["withdrawn"]
    assert counts["ledger_size"] == len(standing) + 2 * sum(model.removed.values())
    timeline = (await house.http.get(f"/api/v1/petitions/{SLUG}/timeline")).json()["days"]
    assert sum(day["counted"] - day["removed"] for day in timeline) == len(standing)
    listed = (await house.http.get(f"/api/v1/petitions/{SLUG}/signatories?limit=500")).json()["signatories"]
    assert len(listed) == sum(link.visibility != "anonymous" for link in standing)


@pytest.mark.parametrize("seed", [2018, 30])
async def test_a_random_walk_keeps_the_count(house: House, seed: int) -> None:
    chance, model = random.Random(seed), Model()
    for _ in range(ACTS):
        await act(house, model, chance)
    await hold_together(house, model)
    # The walk must have been somewhere.
    states = [link.state for link in model.links]
    assert min(states.count(state) for state in ("pending", "counts", "merged", "ended")) >= 3
    assert min(model.removed.values()) >= 2
