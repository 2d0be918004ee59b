"""Who can read what (contract, section 8), and the tokens that keys follow from."""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from petition.domain import sealing, tokens
from petition.domain.sealing import Unreadable

PETITION, OTHER = b"p" * 16, b"q" * 16
TOKENS = st.binary(min_size=32, max_size=32)


def test_a_record_opens_with_the_petitions_key_alone() -> None:
    private, public = sealing.new_pair()
    stranger, _ = sealing.new_pair()
    record = sealing.canonical({"full_name": "ليلى", "email": "layla@example.org"})
    sealed = sealing.seal_record(record, b"s" * 32, public, PETITION)
    assert sealing.open_record(sealed, private, PETITION) == (
        {"full_name": "ليلى", "email": "layla@example.org"},
        b"s" * 32,
    )
    for key, petition in ((stranger, PETITION), (private, OTHER)):
        with pytest.raises(Unreadable):
            sealing.open_record(sealed, key, petition)
    with pytest.raises(Unreadable):
        sealing.open_record(sealed[:-1] + bytes([sealed[-1] ^ 1]), private, PETITION)


WORDS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
)


@given(VALUES)
def test_a_record_is_written_as_anyone_with_a_json_library_would_write_it(value: object) -> None:
    """What was bound by one version is checked by another, and by programs of others."""
    theirs = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert sealing.canonical(value) == theirs.encode()


def test_sealing_twice_gives_different_bytes() -> None:
    _, public = sealing.new_pair()
    assert len({sealing.seal_record(b"{}", b"s" * 32, public, PETITION) for _ in range(20)}) == 20


@given(st.text(min_size=2, max_size=40), st.text(min_size=2, max_size=40))
def test_the_length_of_a_sealed_record_betrays_no_short_name(one: str, other: str) -> None:
    lengths = {len(sealing.padded(sealing.canonical({"full_name": name}))) for name in (one, other)}
    assert lengths == {sealing.BLOCK} or max(lengths) % sealing.BLOCK == 0


@given(st.binary(max_size=600), TOKENS, st.binary(min_size=12, max_size=12))
def test_a_copy_opens_under_its_own_token_alone(plain: bytes, token: bytes, nonce: bytes) -> None:
    key = tokens.own_copy_key(token)
    sealed = sealing.seal(plain, key, nonce, b"about")
    assert sealing.unseal(sealed, key, b"about").rstrip() == plain.rstrip()
    with pytest.raises(Unreadable):
        sealing.unseal(sealed, tokens.own_copy_key(hashlib.sha256(token).digest()), b"about")
    with pytest.raises(Unreadable):
        sealing.unseal(sealed, key, b"another row")


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(12), bytes(40)])
def test_what_is_too_short_to_be_sealed_is_unreadable_and_nothing_worse(sealed: bytes) -> None:
    with pytest.raises(Unreadable):
        sealing.unseal(sealed, bytes(32), b"")
    with pytest.raises(Unreadable):
        sealing.open_record(sealed, b"k" * 32, PETITION)


@given(TOKENS)
def test_a_token_reads_back_from_its_link(token: bytes) -> None:
    text = tokens.written(token)
    assert len(text) == 43
    assert tokens.read(text) == token


@given(TOKENS, st.integers(0, 42), st.sampled_from("Aa0-_=/+ .é\0"))
def test_a_changed_link_is_another_token_or_none(token: bytes, place: int, character: str) -> None:
    text = tokens.written(token)
    changed = text[:place] + character + text[place + 1 :]
    if changed != text:
        assert tokens.read(changed) != token
    assert tokens.read(text[:-1]) is None
    assert tokens.read(text + "A") is None


def test_a_link_has_one_spelling() -> None:
    """The last character has spare bits: of its four readings one is ours."""
    text = tokens.written(bytes(32))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert sum(tokens.read(text[:-1] + last) is not None for last in alphabet) == 16
    same = base64.urlsafe_b64decode(text[:-1] + "B" + "=")
    assert same == bytes(32)
    assert tokens.read(text[:-1] + "B") is None


def test_keys_follow_by_the_standard() -> None:
    """HKDF-Expand of RFC 5869, by another implementation."""
    token = bytes(range(32))
    expected = HKDFExpand(hashes.SHA256(), 32, b"petition/receipt/1").derive(token)
    assert tokens.receipt_code(token) == expected
    assert tokens.receipt(token) == hashlib.sha256(expected).digest()


def test_no_key_of_the_server_equals_another() -> None:
    keys = tokens.Keys.of(bytes(32))
    values = [getattr(keys, name) for name in keys.__slots__]
    assert len(set(values)) == len(values)
    assert keys.identity.hex() not in repr(keys)


@given(st.binary(max_size=8), st.binary(max_size=8), st.binary(max_size=8), st.binary(max_size=8))
def test_digests_of_different_parts_never_meet(a: bytes, b: bytes, c: bytes, d: bytes) -> None:
    if (a, b) != (c, d):
        assert tokens.digest(b"k", a, b) != tokens.digest(b"k", c, d)
    assert tokens.digest(b"k", a) != hmac.digest(b"k", a, "sha256")


def test_the_recovery_file_says_what_it_is_and_opens_records() -> None:
    private, public = sealing.new_pair()
    text = sealing.recovery_file("boycott-sochi", private, public)
    assert text.startswith(sealing.RECOVERY_HEADING)
    assert base64.b64encode(private).decode() in text
    assert "offline" in text
