"""The witness's side, by the document: it cosigns what grows from what it has seen, and remembers that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from petition.domain import checkpoint, cosignature, merkle
from petition.domain.checkpoint import Head, Malformed, Verifier
from petition.domain.cosignature import Witness
from tests.domain.rfc6962 import Tree
from tests.witnesses import NAME, ORIGIN, SEED, book_of


class Log:
    """A ledger made by hand, honest or not."""

    def __init__(self, word: str = "entry", name: str = ORIGIN) -> None:
        self.seed, self.name = checkpoint.new_seed(), name
        self.tree = Tree([f"{word} {n}".encode() for n in range(20)])

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, checkpoint.public_half(self.seed))

    def note(self, size: int) -> str:
        return checkpoint.sign(self.name, Head(size, self.tree.mth(0, size)), [self.seed])

    def asks(self, old: int, size: int) -> bytes:
        proof = self.tree.proof(old, size) if 0 < old < size else []
        return cosignature.request(old, proof, self.note(size)).encode()


def test_a_witness_answers_as_the_document_says(tmp_path: Path) -> None:
    log = Log()
    book = book_of(tmp_path / "w", log.verifier)
    assert book.add(log.asks(0, 5), 1_000).status == 200
    answer = book.add(log.asks(5, 9), 2_000)
    assert answer.status == 200
    assert cosignature.verified(log.note(9) + answer.body, book.witness) == (answer.body, 2_000)
    assert book.add(log.asks(9, 9), 3_000).status == 200
    for old in (0, 5):
        conflict = book.add(log.asks(old, 12), 1)
        assert (conflict.status, conflict.body, conflict.kind) == (409, "9\n", "text/x.tlog.size")
    assert book.add(cosignature.request(12, [], log.note(9)).encode(), 1).status == 400
    proof = log.tree.proof(9, 14)
    for broken in ([], proof[:-1], proof[::-1], [*proof, merkle.EMPTY]):
        assert book.add(cosignature.request(9, broken, log.note(14)).encode(), 1).status == 422
    # The same key with another history: never.
    liar = Log("other")
    liar.seed = log.seed
    assert book.add(liar.asks(9, 14), 1).status == 422
    same_size = book.add(liar.asks(9, 9), 1)
    assert (same_size.status, same_size.body) == (409, "9\n")
    assert book.last(ORIGIN) == Head(9, log.tree.mth(0, 9))
    # Another's key, another's ledger, and what is no request at all.
    assert book.add(Log().asks(9, 14), 1).status == 403
    assert book.add(Log(name="other.example/ledger/x").asks(0, 14), 1).status == 404
    good = log.asks(9, 14)
    swaps = ((b"old 9", b"old 09"), (b"old 9", b"old -9"), (b"old 9\n", b"old 9\n!!!\n"))
    swapped = [good.replace(*swap) for swap in swaps]
    for bad in (*swapped, b"", b"old 9", good[:-30], b"\xff" + good, b"old 9\n" + b"AAAA\n" * 64 + b"\n"):
        assert book.add(bad, 1).status == 400, bad
    assert book.add(good, 1).status == 200


def test_a_witness_remembers_across_restarts_and_keeps_its_name(tmp_path: Path) -> None:
    log = Log()
    first = book_of(tmp_path / "w", log.verifier)
    assert first.add(log.asks(0, 7), 1).status == 200
    again = book_of(tmp_path / "w", log.verifier)
    assert again.witness == first.witness
    assert again.add(log.asks(0, 9), 1).body == "7\n"
    assert again.add(log.asks(7, 9), 1).status == 200
    with pytest.raises(Exception, match=re.escape(f"--name {NAME}")):
        book_of(tmp_path / "w", log.verifier, name="other.example")


def test_vkeys_of_witnesses_are_read_and_others_refused() -> None:
    witness = Witness(NAME, checkpoint.public_half(SEED))
    assert Witness.read(str(witness)) == witness
    for bad in (str(Verifier(NAME, witness.public)), str(witness)[:-4], str(witness).replace("w1", "w2"), ""):
        with pytest.raises(Malformed):
            Witness.read(bad)
