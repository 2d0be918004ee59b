"""Promise 24: a sample audit that anyone can run again. Organizers open it, an auditor checks it, everybody sees it.

"Drawn by a public seed; 0 false in 300 of 3,500 means at most 0.97 % false at 95 % confidence."
"""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from petition.db import tables
from petition.domain import sampling
from petition.words import load
from tests.factories import SLUG
from tests.house import House
from tests.people import LAYLA, OMAR, someone
from tests.servers import command
from tests.stranger import audit, served

SEED = "lotto 6 14 22 31 40 49"


def calls(house: House, *words: str, **settings: str) -> tuple[int, str, str]:
    """`petition sample`, beside the server, with its settings."""
    done = command(
        house.settings.data_dir,
        house.settings.database_url,
        *("sample", SLUG, "--seed", SEED, *words),
        base_url=house.settings.base_url,
        **settings,
    )
    return done.returncode, done.stdout, done.stderr


def key(house: House) -> tuple[str, str]:
    return ("--key", str(house.recovery[SLUG]))


async def verbs(house: House) -> list[str]:
    rows = tables.table(tables.AuditEntry)
    async with house.parts.database.read() as connection:
        return list((await connection.execute(select(rows.c.verb).order_by(rows.c.number))).scalars())


def test_none_false_of_300_of_3500_means_at_most_0_97_percent() -> None:
    assert (sampling.bound(3_500, 300, 0) - 1) / 3_500 <= 0.0097
    assert round(100 * sampling.bound(3_500, 300, 0) / 3_500, 2) == 0.97
    assert sampling.bound(0, 0, 0) == 1


async def test_records_are_opened_checked_and_the_result_is_shown(house: House, tmp_path: Path) -> None:
    people = [LAYLA, OMAR, *(someone(n) for n in range(10))]
    links = [await house.confirmed(person) for person in people]
    await house.post(links[3], "withdraw")
    await house.post(links[4], "erase")
    await house.fold()
    file, url = tmp_path / "sample.json", f"/p/{SLUG}"
    assert calls(house, "-n", "6", "-o", str(file))[0] == 2, "somebody has to open the records"
    code, told, wrong = calls(house, "-n", "6", "-o", str(file), *key(house))
    assert (code, wrong) == (0, "")
    assert "6 of 10 drawn" in told
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "never written over" in calls(house, "-n", "6", "-o", str(file), *key(house))[2]
    given = json.loads(file.read_text())
    known = {person.email for person in people}
    assert len(given["rows"]) == 6
    assert all(row["record"]["email"] in known for row in given["rows"])
    assert await verbs(house) == ["sample:open"]
    # Whoever runs the rule again draws the same lines.
    assert calls(house, "-n", "6")[1].split("drawn: ")[1].split() == [str(row["index"]) for row in given["rows"]]
    async with served(house) as base:
        code, told, wrong = await audit(f"{base}{url}", "--sample", str(file))
        assert code == 0, wrong
        assert "6 of 10 drawn by the seed; 6 records are those of their lines" in told
        await tampered(base, file.read_text(), tmp_path / "broken.json")
    result = ("-n", "6", "--by", "Amal Institute", "--publish")
    assert calls(house, *result, "1")[0] == 2, "of which lines, if somebody has signed since?"
    then = tmp_path / "then"
    then.write_text((await house.http.get(f"/ledger/{SLUG}/checkpoint")).text)
    code, told, _ = calls(house, *result, "1", "--at", str(then))
    assert code == 0
    assert "1 of 6 drawn from 10 could not be confirmed" in told
    assert calls(house, *result, "7", "--at", str(then))[0] == 1
    assert await verbs(house) == ["sample:open", "sample:publish"]
    await house.parts.hub.poll()
    for lang, words in load().items():
        page = (await house.http.get(f"/{lang}/petitions/{SLUG}/count")).text
        assert "Amal Institute" in page
        assert SEED in page
        assert words("how.sample-false", false=1) in page
        assert words("how.sample-bound", bound=5, population=10) in page


async def tampered(base: str, whole: str, broken: Path) -> None:
    """Whatever an organizer with ill intent hands over instead."""

    async def refused(change: Callable[[dict[str, Any]], object]) -> str:
        told = json.loads(whole)
        change(told)
        await asyncio.to_thread(broken.write_text, json.dumps(told))
        code, _, wrong = await audit(f"{base}/p/{SLUG}", "--sample", str(broken))
        assert code == 1
        return wrong

    def swap(told: dict[str, Any]) -> None:
        first, second = told["rows"][:2]
        for part in ("record", "secret"):
            first[part], second[part] = second[part], first[part]

    assert "2 records are not those of their lines" in await refused(swap)
    assert "1 records are not" in await refused(lambda t: t["rows"][0]["record"].update(full_name="Somebody Else"))
    assert "1 records are not" in await refused(lambda t: t["rows"][1].update(secret="AAAA"))
    assert "are not those that the seed draws" in await refused(lambda t: t["rows"].pop())
    assert "are not those that the seed draws" in await refused(lambda t: t.update(seed="a better one"))
    assert "are not those that the seed draws" in await refused(lambda t: t.update(number=5))
    assert "it is of other" in await refused(lambda t: t.update(petition="other"))
    assert "not to be trusted" in await refused(
        lambda t: t.update(checkpoint=t["checkpoint"].replace("\n14\n", "\n15\n"))
    )
    assert "not a whole sample" in await refused(lambda t: t.pop("rows"))


async def test_who_has_left_since_the_checkpoint_is_missing_and_counts_as_not_confirmed(
    house: House, tmp_path: Path
) -> None:
    links = [await house.confirmed(someone(n)) for n in range(5)]
    at, file = tmp_path / "at", tmp_path / "sample.json"
    at.write_text((await house.http.get(f"/ledger/{SLUG}/checkpoint")).text)
    await house.post(links[0], "erase")
    await house.confirmed(someone(9))
    code, told, wrong = calls(house, "--at", str(at), "-o", str(file), *key(house))
    assert (code, wrong) == (0, "")
    assert "5 of 5 drawn; 4 records" in told
    async with served(house) as base:
        code, told, wrong = await audit(f"{base}/p/{SLUG}", "--sample", str(file))
        assert code == 0, wrong
        assert "4 records are those of their lines" in told
        assert "1 were not given" in told


async def test_only_owners_open_a_sample_and_a_foreign_checkpoint_draws_nothing(house: House, tmp_path: Path) -> None:
    await house.confirmed(LAYLA)
    file, password = tmp_path / "sample.json", "a long enough password of theirs"
    added = command(
        house.settings.data_dir, house.settings.database_url, "organizer", "add", "vera@example.org",
        "--role", "verifier", "--petition", SLUG, password=password, base_url=house.settings.base_url,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    code, _, wrong = calls(house, "-o", str(file), "--as", "vera@example.org", password=password)
    assert code == 1
    assert "owners open a sample" in wrong
    assert not file.exists()
    other = tmp_path / "other"
    other.write_text("petition.example/ledger/other\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— x AAAAAAAA\n")
    assert calls(house, "--at", str(other))[0] == 1
    assert calls(house, "--at", str(tmp_path / "missing"))[0] == 1
    for words in (("-n", "0"), ("--publish", "0"), ("--by", "x"), ("--publish", "0", "--by", " ")):
        assert calls(house, *words)[0] == 2
