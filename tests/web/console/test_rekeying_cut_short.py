"""A key's change killed, cancelled or signed out of at any moment: all stays readable, and it is gone on with."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from petition import keyfiles
from petition.actions import rekeying
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant
from petition.errors import Misconfigured
from petition.queries import rekeyings
from petition.web.console.resealing import Resealing
from tests.factories import SLUG
from tests.house import House
from tests.organizers import account
from tests.web.console.rekeying import (
    CROWD,
    KEY,
    all_are_read,
    crowd_by_twos,
    holds,
    on_the_dashboard,
    opened_by,
    petition_id,
    present_key,
    remove,
    session_work,
    settled,
    signed_in,
    state,
)


class Killed(BaseException):
    """What a kill is to a transaction: nothing after it runs."""


class Kills:
    """Raises at the n-th moment that is asked about, and lets it pass afterwards."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at: str | None = None
        self._patch(monkeypatch, "before", "between")
        self._patch(monkeypatch, "within", "within")

    def _patch(self, monkeypatch: pytest.MonkeyPatch, when: str, moment: str) -> None:
        real = rekeying.advance

        async def advance(tx: Any, *words: Any, **more: Any) -> bool:
            if when == "before" and self.at == moment:
                raise Killed
            done = await real(tx, *words, **more)
            if when == "within" and self.at == moment:
                raise Killed
            return done

        monkeypatch.setattr(rekeying, "advance", advance)


async def test_killed_at_every_moment_everything_stays_readable_and_it_goes_on_to_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crowd_by_twos(house, monkeypatch)
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    sami = await account(house, "sami@example.org", Grant(None, VERIFIER))
    rima = await account(house, "rima@example.org", Grant(petition_id(house), AUDITOR))
    owner, auditor = await signed_in(house, nour), await signed_in(house, rima)
    old = present_key(house)
    await remove(owner, sami)
    new = present_key(house)
    kills = Kills(monkeypatch)
    left, moments, more = [], 0, True
    while more:
        now = await state(house)
        assert now is not None
        for moment in ("between", "within"):
            kills.at = moment
            # Each time another process: what it knew is gone.
            work = await session_work(house, await on_the_dashboard(owner), new)
            with pytest.raises(Killed):
                await Resealing(house.parts.database, house.clocks.wall).step(work)
            moments += 1
            assert await state(house) == now, "nothing half done"
            for browser in (owner, auditor):
                await all_are_read(browser, CROWD)
        kills.at = None
        more = await house.parts.resealing.step(work)
        left.append(await opened_by(house, old))
        await all_are_read(auditor, CROWD)
    parts = 4 + len(rekeyings.SEALED) - 1
    assert moments == 2 * 2 * parts, "four parts of signatures, one of each other kind, gone through twice"
    assert left == [5, 3, 1, *[0] * (2 * parts - 3)]
    assert await state(house) is None
    await holds(house)


async def test_killed_while_the_key_is_changed_there_is_one_key_or_the_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the removal and the change, or within it: the account has ended, and the page says what is due."""
    for who in CROWD:
        await house.confirmed(who)
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    sami = await account(house, "sami@example.org", Grant(None, VERIFIER))
    owner, verifier = await signed_in(house, nour), await signed_in(house, sami)
    old, real = present_key(house), keyfiles.write_recovery_key

    def unwritable(*words: Any, **more: Any) -> Any:
        raise Misconfigured("PETITION_DATA_DIR", "the disk is full")

    monkeypatch.setattr(keyfiles, "write_recovery_key", unwritable)
    await remove(owner, sami)
    assert (await verifier.get()).status_code == 303, "removed in any case"
    assert "The key has to be changed" in owner.text
    assert present_key(house) == old
    await all_are_read(owner, CROWD)
    await owner.get(KEY)
    refused = await owner.send("/key/change")
    assert refused.status_code == 409
    assert "found no place on the server" in owner.text
    assert present_key(house) == old
    monkeypatch.setattr(keyfiles, "write_recovery_key", real)
    await owner.get(KEY)
    await owner.send("/key/change")
    await owner.follow()
    await settled(house)
    assert await opened_by(house, old) == 0
    assert await state(house) is None
    await all_are_read(owner, CROWD)
    assert house.recovery[SLUG].exists(), "an older recovery key is never overwritten"
    assert len(list((house.settings.data_dir / "recovery").glob("*.key"))) == 2


async def test_a_task_that_is_cancelled_is_gone_on_with_by_another_owner(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekeying, "CHUNK", 2)
    for who in CROWD:
        await house.confirmed(who)
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    amal = await account(house, "amal@example.org", Grant(petition_id(house), OWNER))
    sami = await account(house, "sami@example.org", Grant(None, VERIFIER))
    owner, other = await signed_in(house, nour), await signed_in(house, amal)
    old, real, begun = present_key(house), rekeying.advance, 0

    async def cut_off(*words: Any, **more: Any) -> bool:
        nonlocal begun
        done = await real(*words, **more)
        begun += 1
        if begun == 3:
            house.parts.resealing._tasks[petition_id(house)].cancel()
            await asyncio.sleep(0)
        return done

    monkeypatch.setattr(rekeying, "advance", cut_off)
    await remove(owner, sami)
    await settled(house)
    now = await state(house)
    assert now is not None
    assert now.done == 4, "the third part was in its transaction when it was cancelled"
    assert await opened_by(house, old) == 3
    await all_are_read(other, CROWD)
    await other.get()
    assert "The records are being sealed anew." in other.text
    await other.get(KEY)
    assert "4 of 7" in other.text
    await other.send("/key/continue")
    await other.follow()
    await settled(house)
    assert await state(house) is None
    assert await opened_by(house, old) == 0
    await all_are_read(other, CROWD)


async def test_the_work_ends_with_the_session_that_could_open_the_records(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crowd_by_twos(house, monkeypatch)
    nour = await account(house, "nour@example.org", Grant(None, OWNER))
    owner = await signed_in(house, nour)
    await owner.get(KEY)
    await owner.send("/key/change")
    work = await session_work(house, await on_the_dashboard(owner), present_key(house))
    assert await house.parts.resealing.step(work)
    await owner.get()
    await owner.send("/sign-out")
    assert not await house.parts.resealing.step(work)
    now = await state(house)
    assert now is not None
    assert now.done == 2
