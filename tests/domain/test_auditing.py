"""A stranger's fold reads each form of entry once: it must come to what reading every entry whole comes to."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petition.domain import ledger, merkle
from petition.domain.auditing import Recount
from petition.domain.ledger import Broken, Tally
from tests.domain.test_ledger import act, counted, histories


def bundle(bodies: list[bytes]) -> bytes:
    return b"".join(len(body).to_bytes(2, "big") + body for body in bodies)


def fresh(bodies: list[bytes]) -> list[bytes]:
    """Each with a bind and a receipt of its own."""
    zeros = b64encode(bytes(32))
    digests = [[b64encode(sha256(b"%d %d" % (n, of)).digest()) for of in (0, 1)] for n in range(len(bodies))]
    return [
        body.replace(zeros, one, 1).replace(zeros, two, 1) for body, (one, two) in zip(bodies, digests, strict=True)
    ]


def recounted(*bundles: list[bytes], sizes: tuple[int, ...] = ()) -> Recount:
    recount = Recount("p", sizes)
    for bodies in bundles:
        recount.add(bundle(bodies), len(bodies))
    recount.once()
    return recount


def numbers(tally: Tally) -> tuple[object, ...]:
    """A category in which nobody is any more is none."""
    there = {category: pair for category, pair in tally.by_category.items() if pair[0]}
    return (
        tally.size,
        tally.total,
        tally.verified,
        tally.awaiting,
        there,
        Counter(tally.by_method),
        Counter(tally.removed),
    )


@given(histories(), st.data())
@settings(max_examples=50)
def test_it_comes_to_what_the_plain_fold_comes_to(entries: list[bytes], data: st.DataObject) -> None:
    bodies, cut = fresh(entries), data.draw(st.integers(0, len(entries)))
    found = recounted(bodies[:cut], bodies[cut:], sizes=(0, cut, len(bodies)))
    for size in (0, cut, len(bodies)):
        assert numbers(found.tallies[size]) == numbers(ledger.fold(bodies[:size]))
    assert bytes(found.leaves) == merkle.leaves(bodies)


GOOD = fresh(
    [counted("fsa"), counted("fsa"), counted(None), act("verified", 0, "fsa"), act("removed", 1, reason="merged")]
)


def changed(index: int, old: bytes, new: bytes) -> list[bytes]:
    """After good entries of the same forms, so that those have been read."""
    assert old in GOOD[index]
    return [*GOOD, *fresh([counted("fsa")] * 9)[5:], GOOD[index].replace(old, new)]


DIGEST = json.loads(GOOD[1])["bind"].encode()
RECEIPT = json.loads(GOOD[1])["receipt"].encode()
NEW = b64encode(sha256(b"new").digest())


@pytest.mark.parametrize(
    "bodies",
    [
        [*GOOD, GOOD[0]],
        changed(1, DIGEST, NEW),  # the receipt again
        changed(1, RECEIPT, NEW),  # the bind again
        changed(1, DIGEST, RECEIPT),
        changed(1, DIGEST, NEW[:-1]),
        changed(1, DIGEST, NEW + b"A"),
        changed(1, DIGEST, b'A","x":"' + NEW[8:]),
        changed(1, DIGEST, b"\\u0041" + NEW[6:]),
        changed(1, DIGEST, b"\xff" + NEW[1:]),
        changed(1, DIGEST, b" " + NEW[1:]),
        changed(1, RECEIPT + b'","v":1}', NEW + b'","v":2}'),
        changed(1, RECEIPT + b'","v":1}', NEW + b'","v":1} '),
        changed(1, b'{"bind', b'{"bing'),
        changed(1, b"mail", b"magic"),
        changed(1, b'"p"', b'"q"'),
        changed(3, b'"of":0', b'"of":00'),
        changed(3, b'"of":0', b'"of":+0'),
        changed(3, b'"of":0', b'"of":-0'),
        changed(3, b'"of":0', b'"of": 0'),
        changed(3, b'"of":0', b'"of":0.0'),
        changed(3, b'"of":0', b'"of":"0"'),
        changed(3, b'"of":0', b'"of":'),
        changed(3, b'"of":0', b'"of":999'),
        changed(3, b'"of":0', b'"of":99999999999999999999999'),
        changed(3, b'"of":0', b'"of":3'),
        changed(3, b'"of":0', b'"of":1'),
        changed(3, b'"of":0,', b'"of":0,"of":0,'),
        changed(3, b'"fsa"', b"null"),
        changed(4, b'"of":1', b'"of":1,"of":1'),
        [*GOOD, b""],
        [*GOOD, b"{}"],
        [*GOOD, b'{"bind":"'],
        [*GOOD, b'{"bind":"","v":1}'],
    ],
)
def test_what_is_not_exactly_an_entry_is_refused_after_a_thousand_that_are(bodies: list[bytes]) -> None:
    recounted(bodies[:-1])
    with pytest.raises(Broken):
        recounted(bodies)


ONE = fresh([counted("fsa")] * 9)[8]
BIND, ITS_RECEIPT = json.loads(ONE)["bind"].encode(), json.loads(ONE)["receipt"].encode()


@pytest.mark.parametrize(
    "body",
    [
        ONE.replace(BIND, b"=" * 44),
        ONE.replace(BIND, BIND[:20] + b"=" + BIND[21:]),
        ONE.replace(BIND, BIND[:43] + b"A"),
        # The same 32 bytes with other bits where none count.
        ONE.replace(ITS_RECEIPT, ITS_RECEIPT[:42] + bytes([ITS_RECEIPT[42] + 1]) + b"="),
        ONE.replace(b'"fsa"', b'"\\u001b[1A\\u001b[2Kx"'),
        ONE.replace(b'"fsa"', b'"a b"'),
        ONE.replace(b'"fsa"', b'""'),
        act("verified", 1, "\x1b[2K"),
        act("moved", 0, "\x1b[2K"),
    ],
)
def test_a_digest_has_one_spelling_and_a_category_is_a_slug(body: bytes) -> None:
    recounted([*GOOD[:4], ONE])
    with pytest.raises(Broken, match=r"^entry 4\b"):
        recounted([*GOOD[:4], body, *fresh([counted("fsa")] * 12)[9:]])
