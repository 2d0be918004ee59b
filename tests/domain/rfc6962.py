"""RFC 6962, section 2.1, as it is written there: recursive, slow, and nothing of the product in it."""

from __future__ import annotations

from functools import cache
from hashlib import sha256


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


class Tree:
    """Over the given entries; MTH(D[a:b]), PATH(m, D[:n]) and PROOF(m, D[:n])."""

    def __init__(self, entries: list[bytes]) -> None:
        self.entries = entries
        self.mth = cache(self._mth)

    def _mth(self, a: int, b: int) -> bytes:
        if a == b:
            return sha256().digest()
        if b - a == 1:
            return sha256(b"\x00" + self.entries[a]).digest()
        k = split(b - a)
        return sha256(b"\x01" + self.mth(a, a + k) + self.mth(a + k, b)).digest()

    def path(self, m: int, n: int) -> list[bytes]:
        return self._path(m, 0, n)

    def _path(self, m: int, a: int, b: int) -> list[bytes]:
        if b - a == 1:
            return []
        k = split(b - a)
        if m < k:
            return [*self._path(m, a, a + k), self.mth(a + k, b)]
        return [*self._path(m - k, a + k, b), self.mth(a, a + k)]

    def proof(self, m: int, n: int) -> list[bytes]:
        return self._subproof(m, 0, n, True)

    def _subproof(self, m: int, a: int, b: int, whole: bool) -> list[bytes]:
        if m == b - a:
            return [] if whole else [self.mth(a, b)]
        k = split(b - a)
        if m <= k:
            return [*self._subproof(m, a, a + k, whole), self.mth(a + k, b)]
        return [*self._subproof(m - k, a + k, b, False), self.mth(a, a + k)]
