"""Text folded for finding: what people type alike meets, whatever marks, letter forms or digits it was written with.

For search alone, never for display and never to decide whether two people are one.
"""

from __future__ import annotations

import unicodedata

# Letter forms that keyboards and habits exchange: alef, hamza, ta marbuta, alef maqsura, Persian and Kurdish.
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("أإآٱ", "ا"),
        "ة": "ه",
        "ۀ": "ه",
        "ى": "ي",
        "ی": "ي",
        "ې": "ي",
        "ک": "ك",
        "ؤ": "و",
        "ئ": "ي",
        "ء": None,
        "ـ": None,
        "ß": "ss",
        "ı": "i",
        "ø": "o",
        "ł": "l",
        "đ": "d",
    }
)


def fold(text: str) -> str:
    """Lower case, without marks (harakat, accents, tatweel), one form for each letter, ASCII digits, single spaces."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_ALIKE)
    bare = "".join(
        sign for sign in unicodedata.normalize("NFD", plain) if unicodedata.category(sign) not in ("Mn", "Cf")
    )
    digits = "".join(str(unicodedata.digit(sign)) if sign.isdigit() else sign for sign in bare)
    return " ".join(unicodedata.normalize("NFC", digits.translate(_ALIKE)).split())


def words(text: str) -> tuple[str, ...]:
    """What is looked for: every one of these must be found."""
    return tuple(fold(text).split())
