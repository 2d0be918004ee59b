"""Many people who sign, over a real connection or in the test's own process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from tests.factories import SLUG
from tests.people import Person
from tests.promises.post_office import PostOffice

AT_ONCE = 20
SIGN = f"/ar/petitions/{SLUG}/signatures"


class Signing:
    """What browsers would do, over a real connection or in the test's own process."""

    def __init__(self, http: httpx.AsyncClient, office: PostOffice) -> None:
        self._http = http
        self._office = office

    async def each(self, act: Callable[[Person], Any], people: Sequence[Person]) -> None:
        for start in range(0, len(people), AT_ONCE):
            await asyncio.gather(*map(act, people[start : start + AT_ONCE]))

    async def sign(self, who: Person) -> None:
        answer = await self._http.post(SIGN, data=who.fields())
        assert answer.status_code == 303, answer.text

    async def sign_wrong(self, who: Person) -> None:
        """The form as it comes back holds what was typed; nothing else may."""
        answer = await self._http.post(SIGN, data=who.fields(consent="", category="nobody"))
        assert answer.status_code == 422
        assert who.email in answer.text

    def act(self, name: str, **fields: str) -> Callable[[Person], Any]:
        async def acted(who: Person) -> None:
            (link,) = self._office.links(who.email)
            if name == "confirm":
                assert who.full_name in (await self._http.get(link)).text
            answer = await self._http.post(f"{link}/{name}", data=fields)
            assert answer.status_code == 303, answer.text

        return acted
