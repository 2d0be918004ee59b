"""The ledger's entries and their fold, as pure functions (contract, section 7).

    counted ──→ a line: category (or null while a claim awaits), method, not verified
      verified ─→ that line: category, verified
      moved ────→ that line: another category; to null it is no longer verified
      removed ──→ that line no longer counts; its reason does
      restored ─→ that line counts again as it stood

The count is the fold of the entries in order. An entry holds no name, no address and no time.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from petition.domain.sealing import canonical
from petition.domain.states import METHODS

VERSION = 1
COUNTED, VERIFIED, MOVED, REMOVED, RESTORED = "counted", "verified", "moved", "removed", "restored"


class Broken(ValueError):
    """The entries contradict each other: an act on a line that is not there, or not in that state."""


# A ledger entry to be: event, category, reason.
Told = tuple[str, str | None, str | None]


def unvouched(back: str | None) -> tuple[Told, ...]:
    """What says that nobody vouches for a line any more: it loses its mark by moving to no category, then to `back`."""
    return ((MOVED, None, None),) if back is None else ((MOVED, None, None), (MOVED, back, None))


@dataclass(frozen=True, slots=True)
class Line:
    """Where one counted signature stands."""

    index: int
    category: str | None
    method: str
    verified: bool = False
    removed: str | None = None


@dataclass(slots=True)
class Tally:
    """The fold so far. `size` entries are in it; `by_category` holds [total, verified]."""

    size: int = 0
    total: int = 0
    verified: int = 0
    awaiting: int = 0
    by_category: dict[str, list[int]] = field(default_factory=dict)
    by_method: dict[str, int] = field(default_factory=lambda: dict.fromkeys(METHODS, 0))
    removed: dict[str, int] = field(default_factory=lambda: {"withdrawn": 0, "merged": 0, "invalidated": 0})

    def put(self, line: Line, by: int) -> None:
        """Counts a standing line in (`by` = 1) or out (-1)."""
        self.total += by
        self.verified += by * line.verified
        self.by_method[line.method] = self.by_method.get(line.method, 0) + by
        if line.category is None:
            self.awaiting += by
        else:
            of = self.by_category.setdefault(line.category, [0, 0])
            of[0] += by
            of[1] += by * line.verified


def counted(petition: str, category: str | None, method: str, bind: bytes, receipt: bytes) -> bytes:
    # Canonical as it stands: a fold makes thousands at once, and a general encoder takes ten times as long.
    between = _between(petition, category, method)
    return b"".join((_BEGIN, b2a_base64(bind, newline=False), between, b2a_base64(receipt, newline=False), _END))


_BEGIN, _END = b'{"bind":"', b'","v":%d}' % VERSION


@lru_cache(maxsize=1024)
def _between(petition: str, category: str | None, method: str) -> bytes:
    return (
        f'","category":{_word(category)},"event":"{COUNTED}","method":{_word(method)},'
        f'"petition":{_word(petition)},"receipt":"'
    ).encode()


def _word(word: str | None) -> str:
    return canonical(word).decode()


def act(petition: str, event: str, of: int, category: str | None, reason: str | None) -> bytes:
    """An entry about an earlier line: verified, moved, removed or restored."""
    entry: dict[str, Any] = {"event": event, "of": of, "petition": petition, "v": VERSION}
    if event in (VERIFIED, MOVED):
        entry["category"] = category
    if event == REMOVED:
        entry["reason"] = reason
    return canonical(entry)


def first(tally: Tally, category: str | None, method: str) -> Line:
    """A new line at the end of the ledger, counted."""
    line = Line(tally.size, category, method)
    tally.put(line, 1)
    tally.size += 1
    return line


def firsts(tally: Tally, lines: Mapping[tuple[str | None, str], int]) -> None:
    """New lines at the end of the ledger, so many of each category and method: their order changes no count."""
    for (category, method), number in lines.items():
        tally.put(Line(tally.size, category, method), number)
        tally.size += number


def after(line: Line, event: str, category: str | None, reason: str | None) -> Line:
    """The line after one more act on it; `Broken` if it cannot be."""
    if (event == RESTORED) != (line.removed is not None):
        raise Broken(f"{event!r} of line {line.index}, which {'was removed' if line.removed else 'counts'}")
    match event:
        case "verified":
            return replace(line, category=category, verified=True)
        case "moved":
            return replace(line, category=category, verified=line.verified and category is not None)
        case "removed":
            return replace(line, removed=reason)
        case "restored":
            return replace(line, removed=None)
    raise Broken(f"unknown event {event!r}")


def then(tally: Tally, line: Line, event: str, category: str | None, reason: str | None) -> Line:
    """`after`, moved in `tally` as well."""
    changed = after(line, event, category, reason)
    for stood, by in ((line, -1), (changed, 1)):
        if stood.removed is None:
            tally.put(stood, by)
        else:
            tally.removed[stood.removed] = tally.removed.get(stood.removed, 0) + by
    tally.size += 1
    return changed


def line_of(entries: Iterable[tuple[int, bytes]]) -> Line | None:
    """Where one signature stands, from its own (index, entry) pairs in order."""
    line = None
    for index, body in entries:
        entry = json.loads(body)
        if line is None:
            line = Line(index, entry["category"], entry["method"])
        else:
            line = after(line, entry["event"], entry.get("category"), entry.get("reason"))
    return line


def fold(entries: Iterable[bytes]) -> Tally:
    """The whole count from the entries alone, as a stranger would reach it; `Broken` if they contradict each other."""
    tally, lines = Tally(), dict[int, Line]()
    for body in entries:
        entry: Mapping[str, Any] = json.loads(body)
        if canonical(entry) != body or entry.get("v") != VERSION:
            raise Broken(f"entry {tally.size} is not canonical")
        if entry["event"] == COUNTED:
            line = first(tally, entry["category"], entry["method"])
        elif entry["of"] not in lines:
            raise Broken(f"entry {tally.size} is about line {entry['of']}, which does not exist")
        else:
            line = then(tally, lines[entry["of"]], entry["event"], entry.get("category"), entry.get("reason"))
        lines[line.index] = line
    return tally
