"""How far two spelled words are apart: weighted edits of their sounds, for many pairs at once.

Pure array arithmetic: one step of the table is done for all pairs together, so that a pair costs about a microsecond.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from petition.domain.names.letters import CODE, EXCHANGE, EXCHANGE_ARABIC, LEFT_OUT, LONGEST

Codes = NDArray[np.uint8]
Floats = NDArray[np.float32]

Costs = NDArray[np.uint16]

_UNIT: Final = 100  # costs are counted in hundredths: whole numbers of two bytes go twice as fast
_SWAPPED: Final = np.uint16(70)  # two neighbours typed in the wrong order
_AT_ONCE: Final = 1 << 14  # pairs whose rows of the table stay in the processor's cache
_BAND: Final = 6  # letters that one word may run ahead of the other


def _whole(costs: Floats) -> Costs:
    return np.round(costs * _UNIT).astype(np.uint16)


_SIZE: Final = EXCHANGE.shape[0]
_ONE_SCRIPT, _TWO_SCRIPTS = _whole(LEFT_OUT)
_EXCHANGED: Final = _whole(EXCHANGE).ravel()
_EXCHANGED_ARABIC: Final = _whole(EXCHANGE_ARABIC).ravel()
_TO_CODE: Final = str.maketrans({sound: chr(code) for sound, code in CODE.items()})


def code(said: str) -> bytes:
    """The sounds of a word as codes."""
    return said.translate(_TO_CODE).encode("latin-1")


def coded(said: str) -> bytes:
    """The same as a row of LONGEST codes, filled up with noughts."""
    return code(said[:LONGEST]).ljust(LONGEST, b"\0")


def distances(one: Codes, other: Codes, one_arabic: NDArray[np.bool_], other_arabic: NDArray[np.bool_]) -> Floats:
    """For rows of codes of shape (n, LONGEST) side by side: the cost of turning one word into the other, in letters."""
    found = np.empty(len(one), np.float32)
    longest = np.maximum((one != 0).sum(1), (other != 0).sum(1))
    both, neither = one_arabic & other_arabic, ~one_arabic & ~other_arabic
    for these, exchanged, lacking in (
        (neither, _EXCHANGED, _ONE_SCRIPT),
        (both, _EXCHANGED_ARABIC, _ONE_SCRIPT),
        (~both & ~neither, _EXCHANGED, _TWO_SCRIPTS),
    ):
        rows = np.flatnonzero(these)
        rows = rows[np.argsort(longest[rows], kind="stable")]
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            width = int(longest[some].max(initial=0))
            found[some] = _table(one[some, :width], other[some, :width], exchanged, lacking)
    return found / np.float32(_UNIT)


def _table(one: Codes, other: Codes, exchanged: Costs, lacking: Costs) -> Costs:
    """The classic table, a row kept for each of the last two letters; padding is left out at no cost."""
    n, width = one.shape
    far = np.full(n, 60_000, np.uint16)
    first, second = np.ascontiguousarray(one.T), np.ascontiguousarray(other.T)
    at, columns = first.astype(np.intp) * _SIZE, second.astype(np.intp)
    lost, gained = lacking[first], lacking[second]
    previous: list[Costs] = [np.zeros(n, np.uint16)]
    for j in range(width):
        previous.append(previous[-1] + gained[j])
    before: list[Costs] = previous
    equal: list[NDArray[np.bool_]] = []
    for i in range(width):
        row: list[Costs] = [previous[0] + lost[i]]
        equal_before, equal = equal, [first[i] == second[j] for j in range(width)]
        for j in range(width):
            if abs(i - j) > _BAND:
                row.append(far)
                continue
            cost = exchanged[at[i] + columns[j]]
            cost += previous[j]
            if previous[j + 1] is not far:
                np.minimum(cost, previous[j + 1] + lost[i], out=cost)
            if row[j] is not far:
                np.minimum(cost, row[j] + gained[j], out=cost)
            if i and j:
                swapped = equal[j - 1] & equal_before[j]
                if swapped.any():
                    np.minimum(cost, before[j - 1] + _SWAPPED, out=cost, where=swapped & (first[i] != 0))
            row.append(cost)
        before, previous = previous, row
    return previous[width]
