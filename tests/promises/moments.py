"""Finds a moment finer than a day in any value that a column can hold."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

SHAPES = re.compile(r"\d{4}-?\d{2}-?\d{2}[T ]\d{2}|\b\d{1,2}:\d{2}\b")
PER_SECOND = (1, 1_000, 1_000_000, 1_000_000_000)
GREGORIAN = 0x01B21DD213814000  # between 1582 and 1970, in tenths of a microsecond
Span = tuple[datetime, datetime]


class Moments:
    """`spans`: when the test ran, by its own clock and by the world's."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = [(begin.timestamp(), end.timestamp()) for begin, end in spans]

    def finer_than_a_day(self, value: Any) -> bool:
        """Whether it is, or can be read as, a moment within the spans."""
        match value:
            case None | bool():
                return False
            case datetime():
                return value.astimezone(UTC).time() != time(0)
            case int() | float():
                return any(self._within(value / unit) for unit in PER_SECOND)
            case str():
                return self._text(value)
            case dict():
                return any(map(self.finer_than_a_day, (*value, *value.values())))
            case list() | tuple():
                return any(map(self.finer_than_a_day, value))
            case bytes() | memoryview():
                return self._bytes(bytes(value))
        return False

    def _within(self, seconds: float) -> bool:
        return any(begin <= seconds <= end for begin, end in self._spans)

    def _text(self, value: str) -> bool:
        if SHAPES.search(value):
            return True
        try:
            return self.finer_than_a_day(uuid.UUID(value).bytes)
        except ValueError:
            pass
        try:
            parsed = json.loads(value)
        except ValueError:
            return False
        return self.finer_than_a_day(parsed) if parsed != value else False

    def _bytes(self, value: bytes) -> bool:
        """As text, as a number at its beginning, or as an identifier made from the time."""
        try:
            return self._text(value.decode())
        except UnicodeDecodeError:
            pass
        heads = [value[:size] for size in (4, 6, 8) if len(value) >= size]
        numbers = [int.from_bytes(head, order) for head in heads for order in ("big", "little")]
        if any(self.finer_than_a_day(number) for number in numbers):
            return True
        return len(value) == 16 and self._within((uuid.UUID(bytes=value).time - GREGORIAN) / 1e7)
