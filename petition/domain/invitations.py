"""What an invitation may be: how many uses, how many at once, for how long; how it ends. Pure.

    open ──revoke──→ revoked ──recall──→ recalled

Revoked, it vouches for nobody new; recalled, for nobody at all: its people are back in review.
"""

from __future__ import annotations

from petition.errors import FieldRefused

STATES = OPEN, REVOKED, RECALLED = "open", "revoked", "recalled"
MOST_USES = 10_000
MOST_AT_ONCE = 500
MOST_DAYS = 366
# As long as nothing else is said.
DAYS = 30


def number(text: str, most: int) -> int:
    """A whole number from 1 to `most`, in any script's digits; `FieldRefused` for anything else."""
    plain = text.strip()
    if not plain:
        raise FieldRefused("required")
    if not plain.isdecimal() or len(plain) > 9 or not 1 <= int(plain) <= most:
        raise FieldRefused("number-range", least=1, most=most)
    return int(plain)
