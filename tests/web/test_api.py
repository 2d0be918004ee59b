"""The API keeps what its description promises."""

import re

import msgspec
import pytest

from petition.web import shapes
from tests.factories import SLUG
from tests.house import House
from tests.people import KARIM, LAYLA, OMAR

HERE = f"/api/v1/petitions/{SLUG}"
ANSWERS = {
    "/api/v1/petitions": list[shapes.ListedShape],
    HERE: shapes.PetitionShape,
    f"{HERE}/counts": shapes.CountsShape,
    f"{HERE}/timeline": shapes.TimelineShape,
    f"{HERE}/signatories": shapes.SignatoriesShape,
}


async def test_every_answer_has_the_shape_that_is_described(house: House) -> None:
    for person in (LAYLA, OMAR, KARIM):
        link = await house.confirmed(person)
    await house.post(link, "erase")
    await house.fold()
    for path, shape in ANSWERS.items():
        answer = await house.http.get(path)
        told = msgspec.json.decode(answer.content, type=shape)
        # Encoded again it says the same: nothing is answered that is not described.
        assert msgspec.json.decode(msgspec.json.encode(told)) == answer.json(), path


async def test_the_counts_are_those_of_the_contract(house: House) -> None:
    await house.confirmed(LAYLA)
    counts = await house.counts()
    assert list(counts) == [
        "petition",
        "goal",
        "total",
        "verified",
        "awaiting_verification",
        "by_category",
        "by_method",
        "removed",
        "ledger_size",
        "as_of",
    ]
    assert counts["by_method"] == {"mail": 1, "invitation": 0, "import": 0, "paper": 0}
    assert counts["removed"] == {"withdrawn": 0, "merged": 0, "invalidated": 0}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", counts["as_of"])


async def test_problems_have_the_shape_that_is_described(house: House) -> None:
    for answer in (
        await house.http.get("/api/v1/petitions/none/counts"),
        await house.http.post(f"{HERE}/signatures", json={}),
        await house.http.post(f"{HERE}/signatures", content=b"{"),
        await house.http.get(f"{HERE}/signatories?limit=many"),
    ):
        assert answer.headers["content-type"].startswith(shapes.PROBLEM)
        told = msgspec.json.decode(answer.content, type=shapes.ProblemShape)
        assert told.status == answer.status_code
        assert msgspec.json.decode(msgspec.json.encode(told)) == answer.json()


async def test_the_description_lists_every_api_route_and_no_page(house: House) -> None:
    described = (await house.http.get("/api/v1/openapi.json")).json()
    routes = {re.sub(r":\w+}", "}", route.path) for route in house.app.routes}
    assert set(described["paths"]) == {path for path in routes if path.startswith("/api/v1/petitions")}
    body = described["paths"]["/api/v1/petitions/{slug}/signatures"]["post"]["requestBody"]
    fields = set(body["content"]["application/json"]["schema"]["properties"])
    assert fields == {*LAYLA.fields(), "language", "website"}


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null"])
async def test_reading_is_allowed_from_any_origin_and_pages_are_not(house: House, origin: str) -> None:
    for path in ANSWERS:
        answer = await house.http.get(path, headers={"origin": origin})
        assert answer.headers["access-control-allow-origin"] == "*"
    page = await house.http.get(f"/ar/petitions/{SLUG}", headers={"origin": origin})
    assert "access-control-allow-origin" not in page.headers
