"""Promise 21: standard mathematics.

"The Certificate Transparency reference roots; all proofs for sizes up to 130 against a second implementation": RFC 6962
written out (tests/domain/rfc6962.py); and where it is installed Go's own (tests/test_go.py).
"""

from __future__ import annotations

from hashlib import sha256

import pytest

from petition.domain import merkle
from tests.domain.test_merkle import ENTRIES, REFERENCE, REFERENCE_ROOTS, TREE, grown, hashes, root


def test_the_reference_roots() -> None:
    assert root(0) == sha256().digest()
    for size, expected in enumerate(REFERENCE_ROOTS, start=1):
        tiles = grown(REFERENCE[:size])
        assert hashes([(0, size)], tiles)[0].hex() == expected


@pytest.mark.parametrize("size", range(261))
def test_root_and_proofs_are_those_of_the_rfc(size: int) -> None:
    """Every proof up to 130 entries, and a spread of them beyond."""
    assert root(size) == TREE.mth(0, size)
    step = 1 if size <= 130 else 7
    for index in range(0, size, step):
        proof = hashes(merkle.inclusion(index, size))
        assert proof == TREE.path(index, size)
        assert merkle.included(merkle.leaf(ENTRIES[index]), index, size, proof, root(size))
    for old in range(1, size + 1, step):
        proof = hashes(merkle.consistency(old, size))
        assert proof == TREE.proof(old, size)
        assert merkle.consistent(old, size, proof, root(old), root(size))
    assert merkle.consistent(0, size, [], root(0), root(size))
