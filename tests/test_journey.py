"""house.md, section 3, walked through HTTP, mail and ledger: one signature from POST to counted."""

import json

from petition.actions import counting
from petition.domain import ledger, sealing, tokens
from tests.factories import SLUG
from tests.house import House
from tests.people import LAYLA, OMAR


async def test_a_signature_goes_from_the_form_to_the_count(house: House) -> None:
    answer = await house.sign(LAYLA)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/ar/petitions/{SLUG}/check-your-mail"
    assert (await house.counts())["total"] == 0

    await house.deliver()
    (mail,) = house.mails(to=LAYLA.email)
    page = await house.http.get(mail.link)
    assert page.status_code == 200
    assert LAYLA.full_name in page.text
    assert (await house.counts())["total"] == 0

    assert (await house.post(mail.link, "confirm", agree="yes")).status_code == 303
    await house.fold()
    counts = await house.counts()
    assert counts["total"] == 1
    assert counts["by_method"]["mail"] == 1
    # As the contract writes them, whatever the database makes of an object's order.
    assert list(counts["by_method"]) == ["mail", "invitation", "import", "paper"]
    assert list(counts["removed"]) == ["withdrawn", "merged", "invalidated"]
    assert {c["category"]: c["total"] for c in counts["by_category"]}[LAYLA.category] == 1
    listed = (await house.http.get(f"/api/v1/petitions/{SLUG}/signatories")).json()["signatories"]
    assert listed == [{"name": LAYLA.full_name, "category": "independents"}]


async def test_the_ledger_holds_what_the_contract_says(house: House) -> None:
    link = await house.confirmed(OMAR)
    token = tokens.read(link.rpartition("/")[2])
    assert token is not None
    async with house.parts.database.read() as connection:
        entries = await counting.entries(connection, house.parts.hub.snapshot(SLUG).petition.id)
        found = await counting.recount(connection, house.parts.hub.snapshot(SLUG).petition.id)
    (entry,) = [json.loads(body) for body in entries]
    assert set(entry) == {"bind", "category", "event", "method", "petition", "receipt", "v"}
    assert entry["category"] is None
    assert entry["receipt"] == tokens.b64(tokens.receipt(token))
    assert found.holds
    assert ledger.fold(entries).awaiting == 1


async def test_the_recovery_key_opens_the_record_and_shows_it_was_never_swapped(house: House) -> None:
    link = await house.confirmed(OMAR)
    assert link
    row = await house.only_signature()
    private_key = house.recovery_key(SLUG)
    record, secret = sealing.open_record(row.sealed, private_key, row.petition_id)
    assert record["full_name"] == OMAR.full_name
    assert record["email"] == OMAR.email
    async with house.parts.database.read() as connection:
        (body,) = await counting.entries(connection, row.petition_id)
    assert json.loads(body)["bind"] == tokens.b64(sealing.bind(secret, sealing.canonical(record)))
