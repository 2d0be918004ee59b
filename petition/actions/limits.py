"""LEAF. Rate limits in memory, per network prefix. No address is kept: the key is a digest whose key rotates.

Generous on purpose: a café, a camp or a carrier's shared address is many people. A limit here
slows a machine down; it never decides who may sign.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from dataclasses import dataclass

from petition.errors import TooMany

ROTATE_SECONDS = 3600.0
MOST_BUCKETS = 200_000
PREFIX = {4: 24, 6: 56}
BURST_LEAST = 30


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `burst` at once, then `per_second` more."""

    burst: float
    per_second: float


SIGN = Rate(burst=1_000, per_second=1.0)
ACT = Rate(burst=2_000, per_second=2.0)
SIGN_IN = Rate(burst=30, per_second=0.2)
# Whole lists of names as files.
LIST = Rate(burst=60, per_second=0.1)
# Of one account, from everywhere: a million codes at this pace take two years.
GUESS = Rate(burst=10, per_second=1 / 60)


class Limiter:
    """`take(what, address, now=…)` or `TooMany`. `now` is a monotonic time in seconds."""

    def __init__(self, on: bool) -> None:
        self._on = on
        self._buckets: dict[tuple[str, bytes], tuple[float, float]] = {}
        self._fast: dict[bytes, tuple[int, str]] = {}
        self._key = secrets.token_bytes(16)
        self._born = 0.0

    def take(self, what: str, rate: Rate, address: str, *, now: float) -> None:
        self.take_of(what, rate, b"", address, now=now)

    def take_of(self, what: str, rate: Rate, whose: bytes, address: str, *, now: float) -> None:
        """From a bucket of one's own: an account's, whatever network its attempts come from (`address` empty)."""
        if not self._on:
            return
        self._turn(now)
        key = (what, whose or self._prefix(address))
        left, since = self._buckets.get(key, (rate.burst, now))
        left = min(rate.burst, left + (now - since) * rate.per_second)
        if left < 1:
            self._buckets[key] = (left, now)
            raise TooMany(retry_after=int((1 - left) / rate.per_second) + 1)
        self._buckets[key] = (left - 1, now)

    def burst(self, address: str, *, now: float) -> str | None:
        """A label for what comes fast from one network: the same for all of it within the hour, and drawn by chance.

        So it says that these came together and not from where. Organizers can take out a flood by it. The first
        `BURST_LEAST` of a network carry none: a family or an office is no burst.
        """
        if not self._on:
            return None
        self._turn(now)
        number, label = self._fast.get(prefix := self._prefix(address), (0, ""))
        if number == BURST_LEAST:
            label = secrets.token_hex(4)
        self._fast[prefix] = (number + 1, label)
        return label or None

    def _turn(self, now: float) -> None:
        if now - self._born > ROTATE_SECONDS or len(self._buckets) > MOST_BUCKETS or len(self._fast) > MOST_BUCKETS:
            # Whoever was slowed down starts afresh with the new key: once an hour, by design.
            self._buckets.clear()
            self._fast.clear()
            self._key, self._born = secrets.token_bytes(16), now

    def _prefix(self, address: str) -> bytes:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return b""
        mapped = getattr(ip, "ipv4_mapped", None)
        ip = mapped or ip
        network = ipaddress.ip_network((ip, PREFIX[ip.version]), strict=False)
        return hashlib.blake2b(network.network_address.packed, key=self._key, digest_size=16).digest()
