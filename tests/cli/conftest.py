"""The desk at which a list is taken in by command."""

from __future__ import annotations

import pytest

from tests.cli.lists import Desk
from tests.house import House


@pytest.fixture
async def desk(house: House, database_url: str) -> Desk:
    return Desk(house, database_url)
