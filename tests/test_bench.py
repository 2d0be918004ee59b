"""The bench lays down what the product would: a column that it forgets stops it, or measures another database."""

from bench import rows
from petition.db import tables
from tests.factories import SLUG
from tests.house import House


async def test_a_row_of_the_bench_has_every_column_of_a_signature(house: House) -> None:
    drawn = rows.model(house.parts.hub.any_petition(SLUG), house.parts.keys)
    for _ in range(20):
        assert set(rows.signature(drawn)[0]) == set(tables.table(tables.Signature).columns.keys())
