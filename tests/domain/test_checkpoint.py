"""Keys, checkpoints and receipts: the documents' own examples hold, and whatever was altered does not."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petition.domain import checkpoint, ledger, merkle
from petition.domain.checkpoint import Head, Malformed, Receipt, Verifier

# From C2SP signed-note.
NOTE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
ORIGIN = "petition.example/ledger/p"
SEED, OTHER = bytes(range(32)), bytes(32)
KEY = Verifier(ORIGIN, checkpoint.public_half(SEED))
CODE = b"c" * 32
ENTRIES = [ledger.counted("p", "fsa", "mail", b"b" * 32, sha256(CODE + bytes(n > 0)).digest()) for n in range(5)]
ENTRIES[0] = ledger.counted("p", "fsa", "mail", b"b" * 32, sha256(CODE).digest())
TILES = merkle.extended(0, {}, merkle.leaves(ENTRIES))
HEAD = Head(5, merkle.hashes([(0, 5)], TILES)[0])
SIGNED = checkpoint.sign(ORIGIN, HEAD, [SEED])
RECEIPT = Receipt(CODE, ENTRIES[0], 0, tuple(merkle.hashes(merkle.inclusion(0, 5), TILES)), SIGNED)


def test_the_documents_example_verifies() -> None:
    text, signatures = checkpoint.read_note(NOTE)
    checkpoint.verified(text, signatures, Verifier.read(NOTE_KEY))
    assert str(Verifier.read(NOTE_KEY)) == NOTE_KEY
    with pytest.raises(Malformed):
        checkpoint.verified(text.replace("example", "sample"), signatures, Verifier.read(NOTE_KEY))


def test_a_checkpoint_is_origin_size_and_root() -> None:
    lines = SIGNED.split("\n")
    assert lines[:4] == [ORIGIN, "5", b64encode(HEAD.root).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert checkpoint.read(SIGNED, KEY) == HEAD
    assert checkpoint.sign(ORIGIN, HEAD, [SEED]) == SIGNED


def test_signatures_of_others_beside_ours_are_passed_over() -> None:
    text, _ = checkpoint.read_note(SIGNED)
    foreign = checkpoint.signature(text, "witness.example", OTHER)
    assert checkpoint.read(SIGNED + foreign, KEY) == HEAD
    # A second key of the same name, as after a change of keys.
    assert checkpoint.read(SIGNED + checkpoint.signature(text, ORIGIN, OTHER), KEY) == HEAD
    broken = checkpoint.signature("something else\n", ORIGIN, SEED)
    with pytest.raises(Malformed):
        checkpoint.read(SIGNED + broken, KEY)


ALTERED = {
    "another size": SIGNED.replace("\n5\n", "\n6\n"),
    "another root": SIGNED.replace(b64encode(HEAD.root).decode(), b64encode(bytes(32)).decode()),
    "another origin": SIGNED.replace(ORIGIN, "petition.example/ledger/q"),
    "another key": checkpoint.sign(ORIGIN, HEAD, [OTHER]),
    "of another ledger": checkpoint.sign("petition.example/ledger/q", HEAD, [SEED]),
    "unsigned": checkpoint.text_of(ORIGIN, HEAD),
    "no line for the signature": checkpoint.text_of(ORIGIN, HEAD) + "\n",
    "cut short": SIGNED[:-4],
    "without the last newline": SIGNED[:-1],
    "with a carriage return": SIGNED.replace("\n", "\r\n"),
    "leading noughts": checkpoint.sign(ORIGIN, HEAD, [SEED]).replace("\n5\n", "\n05\n"),
    "a line more": SIGNED.replace("\n\n", "\nmore\n\n"),
    "empty": "",
    "a page": "<!doctype html><title>Not here</title>\n\n— x y\n",
    "a very long one": SIGNED + "— a AAAAAAAA\n" * 100_000,
}


@pytest.mark.parametrize("note", ALTERED.values(), ids=ALTERED.keys())
def test_an_altered_checkpoint_is_refused(note: str) -> None:
    with pytest.raises(Malformed):
        checkpoint.read(note, KEY)


@given(st.integers(0, len(SIGNED) - 1), st.characters(codec="utf-8"))
@settings(max_examples=300)
def test_no_changed_character_goes_unseen(position: int, sign: str) -> None:
    changed = SIGNED[:position] + sign + SIGNED[position + 1 :]
    if changed != SIGNED:
        with pytest.raises(Malformed):
            checkpoint.read(changed, KEY)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        str(KEY).replace("petition.example", "petition.sample"),
        str(KEY)[:-4],
        str(KEY).replace("+", " "),
        "a b+00000000+" + b64encode(b"\x01" + bytes(32)).decode(),
        "a+00000000+" + b64encode(b"\x02" + bytes(32)).decode(),
    ],
)
def test_a_broken_key_line_is_refused(vkey: str) -> None:
    with pytest.raises(Malformed):
        Verifier.read(vkey)


def test_a_receipt_proves_its_line_and_opens_nothing() -> None:
    assert Receipt.read(str(RECEIPT)) == RECEIPT
    assert RECEIPT.verify(KEY) == HEAD
    heading, extra, index, *_ = str(RECEIPT).split("\n")
    assert (heading, index) == ("c2sp.org/tlog-proof@v1", "index 0")
    told = json.loads(checkpoint.from_b64(extra.removeprefix("extra ")))
    assert set(told) == {"code", "entry"}
    assert told["entry"]["receipt"] == b64encode(sha256(CODE).digest()).decode()


def test_the_receipt_of_an_only_entry_has_no_steps() -> None:
    tiles = merkle.extended(0, {}, merkle.leaves(ENTRIES[:1]))
    head = Head(1, merkle.hashes([(0, 1)], tiles)[0])
    alone = Receipt(CODE, ENTRIES[0], 0, (), checkpoint.sign(ORIGIN, head, [SEED]))
    assert Receipt.read(str(alone)).verify(KEY) == head


def _changed(**changes: object) -> str:
    values = {name: getattr(RECEIPT, name) for name in Receipt.__slots__} | changes
    return str(Receipt(**values))


WRONG = {
    "another code": _changed(code=b"d" * 32),
    "another entry": _changed(entry=ENTRIES[1]),
    "another index": _changed(index=1),
    "a step less": _changed(proof=RECEIPT.proof[1:]),
    "a step more": _changed(proof=(*RECEIPT.proof, bytes(32))),
    "of another key": _changed(checkpoint=checkpoint.sign(ORIGIN, HEAD, [OTHER])),
    "of another petition": _changed(checkpoint=checkpoint.sign("petition.example/ledger/q", HEAD, [SEED])),
    "of an act": _changed(entry=ledger.act("p", "restored", 0, None, None)),
    "of no entry": _changed(entry=b'"x"'),
    "too many steps": _changed(proof=(bytes(32),) * 64),
    "without extra": str(RECEIPT).replace("extra ", "other "),
    "entry spelled otherwise": str(RECEIPT).replace(
        str(RECEIPT).split("\n")[1], "extra " + b64encode(b'{"code":"","entry": {}}').decode()
    ),
    "empty": "",
    "a checkpoint": SIGNED,
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_receipt_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Receipt.read(text).verify(KEY)


@given(st.integers(0, len(str(RECEIPT)) - 1), st.sampled_from("\n A0=/{\x00é"), st.booleans())
@settings(max_examples=400)
def test_a_damaged_receipt_is_refused(position: int, sign: str, cut: bool) -> None:
    whole = str(RECEIPT)
    damaged = whole[:position] if cut else whole[:position] + sign + whole[position + 1 :]
    if damaged != whole:
        with pytest.raises(Malformed):
            Receipt.read(damaged).verify(KEY)


@given(
    st.binary(max_size=64).map(lambda b: b64encode(b).decode()), st.integers(0, 9), st.binary(min_size=32, max_size=32)
)
@settings(max_examples=200)
def test_made_up_receipts_are_refused(extra: str, index: int, step: bytes) -> None:
    made_up = f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex {index}\n{b64encode(step).decode()}\n\n{SIGNED}"
    with pytest.raises(Malformed):
        Receipt.read(made_up).verify(KEY)


@pytest.mark.parametrize("index", [0, 7, 1_000_000])
def test_a_short_code_is_read_as_people_write_it(index: int) -> None:
    code = checkpoint.short_code(index, ENTRIES[0])
    found = checkpoint.read_short_code(code)
    assert found is not None
    assert found[0] == index
    for spelled in (code.lower(), f" {code} \n", code.replace("-", " - ")):
        assert checkpoint.read_short_code(spelled) == found
    for wrong in ("", code[:-1], f"{code}A", f"0{code}", f"x{code}", code.replace("-", "")[:5], "1-AAAAA-AAAA1"):
        assert checkpoint.read_short_code(wrong) is None
