"""Promise 22: every receipt verifies, offline, and names nobody; 10,000 random ones are refused."""

from __future__ import annotations

import json
import random
from base64 import b64decode

import pytest

from petition.domain import tokens
from petition.domain.checkpoint import Malformed, Receipt
from tests.domain.test_checkpoint import CODE, ENTRIES, KEY, RECEIPT, SIGNED
from tests.house import House
from tests.people import LAYLA, someone
from tests.web.test_ledger import all_entries, counted, signed_head
from tests.web.test_receipt import key, receipt


async def test_every_receipt_verifies_with_the_public_key_alone(house: House) -> None:
    links = [await house.confirmed(someone(n)) for n in range(9)]
    await counted(house, 260)
    verifier, head = await key(house), await signed_head(house)
    entries = await all_entries(house, head.size)
    seen = set()
    for link in links:
        read = Receipt.read(await receipt(house, link))
        assert read.verify(verifier) == head
        assert entries[read.index] == read.entry
        seen.add(read.index)
        for other in range(head.size):
            if other != read.index:
                with pytest.raises(Malformed):
                    Receipt(read.code, entries[other], other, read.proof, read.checkpoint).verify(verifier)
    assert len(seen) == 9


async def test_it_names_nobody_and_opens_nothing(house: House) -> None:
    link = await house.confirmed(LAYLA)
    text = await receipt(house, link)
    told = json.loads(b64decode(text.split("\n")[1].removeprefix("extra ")))
    everything = text + json.dumps(told, ensure_ascii=False)
    for secret in (LAYLA.full_name, LAYLA.email, LAYLA.email.split("@")[0], link.rpartition("/")[2], "2017"):
        assert secret not in everything
    code = b64decode(told["code"])
    assert code == tokens.receipt_code(tokens.read(link.rpartition("/")[2]) or b"")
    assert (await house.http.get(f"/en/signature/{tokens.written(code)}")).status_code == 404
    assert code not in json.dumps([list(map(str, row)) for row in await house.signatures()]).encode()


def test_ten_thousand_made_up_receipts_are_refused() -> None:
    draw = random.Random(22)
    for _ in range(10_000):
        kind = draw.randrange(4)
        made = {
            0: lambda: Receipt(draw.randbytes(32), RECEIPT.entry, 0, RECEIPT.proof, SIGNED),
            1: lambda: Receipt(CODE, RECEIPT.entry, draw.randrange(1, 5), RECEIPT.proof, SIGNED),
            2: lambda: Receipt(CODE, RECEIPT.entry, 0, tuple(draw.randbytes(32) for _ in range(3)), SIGNED),
            3: lambda: Receipt(CODE, ENTRIES[draw.randrange(1, 5)], 0, RECEIPT.proof, SIGNED),
        }[kind]()
        with pytest.raises(Malformed):
            Receipt.read(str(made)).verify(KEY)
