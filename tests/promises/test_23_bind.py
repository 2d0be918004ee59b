"""Promise 23: knowing everything about every signatory, the ledger matches no one.

"Bind without its secret: chance level." Whoever took the database and knows each record by heart tries what there is to
try; with the secret, which only organizers can open, each record fits its own line and no other.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from base64 import b64decode
from typing import Any

from petition.domain import sealing, tokens
from tests.actions.desk import Desk
from tests.factories import SLUG
from tests.house import House
from tests.people import someone
from tests.web.test_ledger import all_entries, signed_head

PEOPLE = 30


async def lines(house: House) -> list[dict[str, Any]]:
    return [json.loads(entry) for entry in await all_entries(house, (await signed_head(house)).size)]


def guesses(record: dict[str, Any], row: Any) -> set[bytes]:
    """What could be hashed of all that is known of a person and all that lies in the database, but the secret."""
    whole = sealing.canonical(record)
    known = [whole, *(str(value).encode() for value in record.values() if value)]
    salts = [b"", bytes(32), *(value for value in row if isinstance(value, bytes))]
    salts += [hashlib.sha256(salt).digest() for salt in salts]
    return {
        found
        for told in known
        for salt in salts
        for found in (
            hashlib.sha256(salt + told).digest(),
            hashlib.sha256(told + salt).digest(),
            hmac.digest(salt or b"0", told, "sha256"),
            hashlib.sha256(salt).digest(),
        )
    }


async def test_nobody_is_found_by_what_is_known_of_them(house: House) -> None:
    desk = Desk(house)
    links = [await house.confirmed(someone(n)) for n in range(PEOPLE)]
    public = await lines(house)
    binds = [b64decode(line["bind"]) for line in public]
    receipts = [b64decode(line["receipt"]) for line in public]
    own = []
    for link in links:
        row = await desk.raw(link)
        record, secret = sealing.open_record(row.sealed, house.recovery_key(SLUG), row.petition_id)
        assert not guesses(record, row) & {*binds, *receipts}
        # The test is not blind: with the secret it is one line, and one line alone.
        own.append(binds.index(hashlib.sha256(secret + sealing.canonical(record)).digest()))
        code = tokens.receipt_code(tokens.read(link.rpartition("/")[2]) or b"")
        assert receipts[own[-1]] == hashlib.sha256(code).digest()
    assert sorted(own) == list(range(PEOPLE))


def test_of_two_that_it_could_be_the_digest_tells_them_apart_no_better_than_a_coin() -> None:
    draw, right = random.Random(23), 0
    for _ in range(2_000):
        records = [sealing.canonical({"full_name": name}) for name in ("Layla", "Omar")]
        truth = draw.randrange(2)
        told = sealing.bind(draw.randbytes(32), records[truth])
        # As near as whoever has no secret can come: which of the two digests has more bits in common with it.
        near = [(int.from_bytes(told) ^ int.from_bytes(hashlib.sha256(r).digest())).bit_count() for r in records]
        right += (near[0] > near[1]) == truth if near[0] != near[1] else draw.randrange(2)
    # 1,000 expected, with a standard deviation of 22.4: five of them.
    assert abs(right - 1_000) < 112
