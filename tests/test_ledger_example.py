"""The worked example in docs/ledger.md, checked block by block."""

import re
from hashlib import sha256
from pathlib import Path

from petition.domain import checkpoint, ledger, merkle
from petition.domain.checkpoint import Receipt, Verifier
from tests.domain.rfc6962 import Tree
from tests.stranger import SCRIPT

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "ledger.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.M | re.S))
ENTRIES = [line.encode() for line in BLOCKS["entries"].splitlines()]


def test_entries_hashes_and_root_belong_together() -> None:
    *leaves, root = BLOCKS["hashes"].split()
    assert [sha256(b"\0" + entry).hexdigest() for entry in ENTRIES] == leaves
    assert Tree(ENTRIES).mth(0, 4).hex() == merkle.top(merkle.leaves(ENTRIES)).hex() == root
    assert ledger.fold(ENTRIES).total == 1


def test_the_checkpoint_is_signed_by_the_key_and_the_receipt_leads_to_it() -> None:
    key = Verifier.read(BLOCKS["key"])
    head = checkpoint.read(BLOCKS["checkpoint"], key)
    assert (head.size, head.root.hex()) == (4, BLOCKS["hashes"].split()[-1])
    receipt = Receipt.read(BLOCKS["receipt"])
    assert receipt.verify(key) == head
    assert receipt.entry == ENTRIES[0]
    assert receipt.proof == (merkle.leaf(ENTRIES[1]), Tree(ENTRIES).mth(2, 4))
    assert f"`{checkpoint.short_code(0, ENTRIES[0])}`" in TEXT


def test_the_script_is_as_long_as_is_said() -> None:
    assert f"of {len(SCRIPT.read_text('utf-8').splitlines())}\nlines" in TEXT
