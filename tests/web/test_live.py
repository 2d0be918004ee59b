"""Open pages hear of the count, and a thousand of them cost what one does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from petition.queries import counts
from tests.factories import SLUG, petition_file
from tests.house import House
from tests.people import LAYLA, OMAR, SALMA
from tests.servers import Server, command


async def watch(house: House, seen: list[dict[str, Any]], most: int) -> None:
    """What an open page is told, until it has heard `most` counts."""
    async for snapshot in house.parts.hub.changes(SLUG):
        if snapshot is not None:
            seen.append(json.loads(snapshot.json))
        if len(seen) == most:
            return


async def test_the_first_count_comes_at_once_and_the_next_on_change(house: House) -> None:
    seen: list[dict[str, Any]] = []
    watching = asyncio.create_task(watch(house, seen, 2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [counts["total"] for counts in seen] == [0]
    await house.confirmed(LAYLA)
    await asyncio.wait_for(watching, 10)
    assert [counts["total"] for counts in seen] == [0, 1]
    assert seen[1] == await house.counts()


async def test_a_poll_without_news_tells_nobody_anything(house: House) -> None:
    seen: list[dict[str, Any]] = []
    watching = asyncio.create_task(watch(house, seen, 2))
    for _ in range(5):
        await house.parts.hub.poll()
        await asyncio.sleep(0)
    assert len(seen) == 1
    watching.cancel()


async def test_a_thousand_open_streams_cost_the_database_what_none_does(house: House) -> None:
    async def statements_of_a_change(link: str) -> int:
        await house.post(link, "confirm", agree="yes")
        await house.worker.fold()
        before = house.parts.database.statements
        await house.parts.hub.poll()
        await asyncio.sleep(0)
        return house.parts.database.statements - before

    links = [await house.signed(person) for person in (LAYLA, OMAR)]
    alone = await statements_of_a_change(links[0])
    heard: list[list[dict[str, Any]]] = [[] for _ in range(1000)]
    watchers = [asyncio.create_task(watch(house, seen, 2)) for seen in heard]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await statements_of_a_change(links[1]) == alone == 1
    await asyncio.wait_for(asyncio.gather(*watchers), 30)
    assert {seen[-1]["total"] for seen in heard} == {2}


async def test_an_idle_poll_is_one_statement(house: House) -> None:
    before = house.parts.database.statements
    await house.parts.hub.poll()
    assert house.parts.database.statements - before == 1


async def test_the_stream_speaks_server_sent_events(
    tmp_path: Path, server: Callable[..., Server], database_url: str
) -> None:
    command(tmp_path / "var", database_url, "apply", str(petition_file(tmp_path)))
    running = server("serve")
    async with (
        httpx.AsyncClient(base_url=running.base_url, timeout=30) as client,
        client.stream("GET", f"/api/v1/petitions/{SLUG}/counts/stream") as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["access-control-allow-origin"] == "*"
        lines = stream.aiter_lines()
        event: dict[str, str] = {}
        async for line in lines:
            name, _, value = line.partition(": ")
            event[name] = value
            if "event" in event and not line:
                break
        assert event["event"] == "counts"
        assert json.loads(event["data"]) == (await client.get(f"/api/v1/petitions/{SLUG}/counts")).json()
        # A stream that stays open does not keep the server from stopping.
        assert await asyncio.to_thread(running.stop) == 0


async def test_nobody_watches_what_is_not_published(house: House) -> None:
    assert (await house.http.get("/api/v1/petitions/nothing/counts/stream")).status_code == 404


async def test_a_withdrawal_is_heard_as_well(house: House) -> None:
    link = await house.confirmed(SALMA)
    seen: list[dict[str, Any]] = []
    watching = asyncio.create_task(watch(house, seen, 2))
    await asyncio.sleep(0)
    await house.post(link, "withdraw")
    await house.fold()
    await asyncio.wait_for(watching, 10)
    assert [counts["total"] for counts in seen] == [1, 0]
    assert seen[1]["removed"]["withdrawn"] == 1


async def test_an_older_look_never_undoes_a_newer_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.confirmed(LAYLA)
    real, looked, go_on = counts.heads, asyncio.Event(), asyncio.Event()

    async def slowly(connection: Any) -> Any:
        found = await real(connection)
        if not looked.is_set():
            looked.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(counts, "heads", slowly)
    slow = asyncio.create_task(house.parts.hub.poll())
    await looked.wait()
    link = await house.signed(OMAR)
    await house.post(link, "confirm", agree="yes")
    await house.worker.fold()
    quick = asyncio.create_task(house.parts.hub.poll())
    await asyncio.sleep(0.2)
    go_on.set()
    await asyncio.gather(slow, quick)
    assert (await house.counts())["total"] == 2
