"""Where two texts differ, letter by letter, for the eye of whoever compares them."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import NamedTuple

from petition.domain.names.letters import arabic


class Piece(NamedTuple):
    text: str
    differs: bool


def differing(text: str, beside: str) -> tuple[Piece, ...]:
    """`text` in pieces: what stands in `beside` as well, and what does not. Capitals are no difference.

    In another script every letter would differ and say nothing: then the text is one piece.
    """
    if not beside or not text or arabic(text) != arabic(beside):
        return (Piece(text, False),) if text else ()
    matcher = SequenceMatcher(None, _plain(text), _plain(beside), autojunk=False)
    pieces = [
        Piece(text[start:end], what != "equal") for what, start, end, _, _ in matcher.get_opcodes() if end > start
    ]
    return tuple(pieces)


def _plain(text: str) -> str:
    """Small letters, one for one: some letters grow in number when they are folded."""
    return "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)
