"""The bench lays down what the product would: a column that it forgets stops it, or measures another database."""

import sys

import pytest

from bench import rows
from bench.running import cost_of
from petition.db import tables
from tests.factories import SLUG
from tests.house import House


async def test_a_row_of_the_bench_has_every_column_of_a_signature(house: House) -> None:
    drawn = rows.model(house.parts.hub.any_petition(SLUG), house.parts.keys)
    for _ in range(20):
        assert set(rows.signature(drawn)[0]) == set(tables.table(tables.Signature).columns.keys())


def test_what_a_command_took_is_its_own_memory_not_that_of_whoever_starts_it() -> None:
    mine = b"x" * (200 << 20)
    small = cost_of([sys.executable, "-ISc", "pass"])
    large = cost_of([sys.executable, "-ISc", f"x = b'x' * {len(mine) // 2}; sum(range(3_000_000))"])
    assert small.memory < 50 << 20 < len(mine) // 2 < large.memory < len(mine)
    assert small.cpu < large.cpu


def test_a_command_that_fails_costs_nothing_to_be_believed() -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        cost_of([sys.executable, "-ISc", "raise SystemExit(3)"])
