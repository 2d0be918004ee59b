"""A stranger's recount: from bundles of entries to leaf hashes and counts, and what anyone's receipt is worth. Pure.

Every entry must be canonical and of this petition; a removal must name a line that counts, a restoration one that was
removed; no signature may be entered twice. Whatever does not fit is `Broken` or `Malformed`, with its entry's index.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import numpy as np

from petition.domain import checkpoint, ledger, merkle
from petition.domain.checkpoint import Head, Malformed, Receipt, Verifier
from petition.domain.ledger import Broken, Tally, Told
from petition.domain.petition_file import SLUG

Standing = tuple[str | None, str, bool, str | None]  # category, method, verified, why removed

# A line, as it is written: HEAD, 44 signs of its bind, what is between, 44 of its receipt, TAIL. An act: OF, a number.
HEAD, TAIL, OF = b'{"bind":"', b'","v":1}', b'"of":'
BIND, BETWEEN, RECEIPT = slice(9, 53), slice(53, -52), slice(-52, -8)
BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# The sign before the padding holds four bits: with any other the same digest would be spelt otherwise.
LAST = b"AEIMQUYcgkosw048"
DIGEST = 44
BEGIN = np.dtype({"names": ["begin"], "formats": ["<u8"], "offsets": [0], "itemsize": DIGEST})
NUMBER = re.compile(rb"0|[1-9][0-9]{0,15}").fullmatch


class Counted(msgspec.Struct, forbid_unknown_fields=True):
    """Its fields in their canonical order: encoded again it must be what it was."""

    bind: str
    category: str | None
    event: Literal["counted"]
    method: Literal["mail", "invitation", "import", "paper"]
    petition: str
    receipt: str
    v: Literal[1]


_counted = msgspec.json.Decoder(Counted).decode
_any = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode
_sorted = msgspec.json.Encoder(order="sorted").encode
ACT_KEYS = {
    ledger.VERIFIED: {"category", "event", "of", "petition", "v"},
    ledger.MOVED: {"category", "event", "of", "petition", "v"},
    ledger.REMOVED: {"event", "of", "petition", "reason", "v"},
    ledger.RESTORED: {"event", "of", "petition", "v"},
}
REASONS = ("withdrawn", "merged", "invalidated", "erased")


def entries_in(bundle: bytes, wide: int) -> list[bytes]:
    """The entries of a bundle, each after its length (two bytes, big-endian); `Malformed` unless there are `wide`."""
    found, at, end = [], 0, len(bundle) - 1
    while at < end:
        upto = at + 2 + (bundle[at] << 8) + bundle[at + 1]
        found.append(bundle[at + 2 : upto])
        at = upto
    if at != len(bundle) or len(found) != wide:
        raise Malformed(f"a bundle of {wide} entries is cut short or too long")
    return found


class Recount:
    """Of one petition. `leaves`: the hashes of the entries so far; `tallies`: the count at each of `sizes`;
    `bodies`: those of the entries whose indexes are in `kept`."""

    def __init__(
        self, petition: str, sizes: Collection[int] = (), kept: Collection[int] = (), stood_at: Collection[int] = ()
    ) -> None:
        self.petition = petition
        self.leaves = bytearray()
        self.lines: list[Standing | None] = []
        self.tallies: dict[int, Tally] = {}
        self.bodies: dict[int, bytes] = {}
        # Which lines counted at each of `sizes`, where they are wanted: they are as many as the signatures.
        self.stood: dict[int, list[int]] = {}
        self._stood_at = stood_at
        self._kept = set(kept)
        self._sizes = {*sizes, *stood_at}
        self._digests = bytearray()
        # What was read once between bind and receipt, or around a number, means the same each time.
        self._lines_read: dict[bytes, Standing] = {}
        self._acts_read: dict[tuple[bytes, bytes], Told] = {}
        if 0 in self._sizes:
            self.tallies[0] = Tally()

    @property
    def size(self) -> int:
        return len(self.lines)

    def add(self, bundle: bytes, wide: int) -> None:
        """The next `wide` entries."""
        here, bodies = self.size, entries_in(bundle, wide)
        self.bodies |= {n: bodies[n - here] for n in self._kept if 0 <= n - here < wide}
        self.leaves += merkle.leaves(bodies)
        at = 0
        for size in sorted(n for n in self._sizes if here < n <= here + wide):
            self._follow(bodies[at : size - here])
            at = size - here
            self.tallies[size] = self.tally()
            if size in self._stood_at:
                self.stood[size] = self.counting()
        self._follow(bodies[at:])

    def _follow(self, bodies: list[bytes]) -> None:
        """In order. What differs from line to line is looked at for all of them at once, the rest once a form."""
        here, read = self.size, self._lines_read.get
        new = [body for body in bodies if body[:9] == HEAD]
        digests = b"".join([body[BIND] for body in new] + [body[RECEIPT] for body in new])
        if not _are_digests(digests, 2 * len(new)):
            marked = [(n, body) for n, body in enumerate(bodies, here) if body[:9] == HEAD]
            index = next(n for n, body in marked if not _are_digests(body[BIND] + body[RECEIPT], 2))
            raise Broken(f"entry {index} has no digest for bind or receipt")
        self._digests += digests
        # None where something is yet to be read: an act, or a line of a form that was not seen before.
        self.lines += [read(body[BETWEEN]) if body[:9] == HEAD and body[-8:] == TAIL else None for body in bodies]
        for index, line in enumerate(self.lines[here:], here):
            if line is None:
                body = bodies[index - here]
                if body[:9] == HEAD:
                    self.lines[index] = self._line(body, index)
                else:
                    self._act(body, index)

    def once(self) -> None:
        """`Broken` if a bind or a receipt was there before. To be asked at the end: a set of millions takes longer."""
        begins = np.sort(np.frombuffer(self._digests, BEGIN)["begin"])
        if not (again := set(begins[1:][begins[1:] == begins[:-1]].tolist())):
            return
        known = set[bytes]()
        for at in range(0, len(self._digests), DIGEST):
            if int.from_bytes(self._digests[at : at + 8], "little") in again:
                digest = bytes(self._digests[at : at + DIGEST])
                if digest in known:
                    raise Broken(f"{digest.decode()} was entered twice")
                known.add(digest)

    def _line(self, body: bytes, here: int) -> Standing:
        """Of an entry between whose bind and receipt something stands that was not read yet."""
        try:
            entry = _counted(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            raise Broken(f"entry {here}: {wrong}") from None
        if _encode(entry) != body or entry.petition != self.petition:
            raise Broken(f"entry {here} is not canonical, or of another petition")
        if entry.category is not None and not SLUG.fullmatch(entry.category):
            raise Broken(f"entry {here} names no category")
        if (entry.bind.encode(), entry.receipt.encode()) != (body[BIND], body[RECEIPT]):
            raise Broken(f"entry {here} has no digest for bind or receipt")
        line = self._lines_read[body[BETWEEN]] = (entry.category, entry.method, False, None)
        return line

    def _act(self, body: bytes, here: int) -> None:
        """An entry about an earlier line."""
        before, _, rest = body.partition(OF)
        number, _, behind = rest.partition(b",")
        told = self._acts_read.get((before, behind))
        if told is None or not NUMBER(number):
            told = self._told(body, here)
            self._acts_read[before, behind] = told
        event, category, reason = told
        of = int(number)
        line = self.lines[of] if of < here else None
        if line is None:
            raise Broken(f"entry {here} is about line {of}, which does not exist")
        stood, method, verified, removed = line
        if (event == ledger.RESTORED) != (removed is not None):
            raise Broken(f"entry {here}: {event} of line {of}, which {'was removed' if removed else 'counts'}")
        if event in (ledger.VERIFIED, ledger.MOVED):
            verified = event == ledger.VERIFIED or (verified and category is not None)
            self.lines[of] = (category, method, verified, None)
        else:
            self.lines[of] = (stood, method, verified, reason)

    def _told(self, body: bytes, here: int) -> Told:
        """What an act says, all but the number of its line."""
        try:
            entry = _any(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            raise Broken(f"entry {here}: {wrong}") from None
        event, of, category, reason = (entry.get(name) for name in ("event", "of", "category", "reason"))
        if _sorted(entry) != body or entry.keys() != ACT_KEYS.get(str(event)):
            raise Broken(f"entry {here} is not canonical, or of an unknown kind")
        if entry["petition"] != self.petition or type(entry["v"]) is not int or entry["v"] != ledger.VERSION:
            raise Broken(f"entry {here} is of another petition, or of another version")
        if type(of) is not int or of < 0:
            raise Broken(f"entry {here} is about line {of}, which does not exist")
        named = isinstance(category, str) and SLUG.fullmatch(category) is not None
        if not named and (event == ledger.VERIFIED or category is not None):
            raise Broken(f"entry {here} names no category")
        if event == ledger.REMOVED and reason not in REASONS:
            raise Broken(f"entry {here} gives no known reason")
        return str(event), category, reason

    def counting(self) -> list[int]:
        """The indexes of the lines that count now."""
        return [index for index, line in enumerate(self.lines) if line is not None and line[3] is None]

    def tally(self) -> Tally:
        """The count of the lines as they stand now."""
        found = Tally(size=self.size)
        for line, number in Counter(self.lines).items():
            if line is None:
                continue
            category, method, verified, removed = line
            if removed is None:
                found.put(ledger.Line(0, category, method, verified), number)
            else:
                found.removed[removed] = found.removed.get(removed, 0) + number
        return found


def _are_digests(joined: bytes, number: int) -> bool:
    """So many times 32 bytes in base64, each in its one spelling."""
    padding = b"=" * number
    return (
        len(joined) == DIGEST * number
        # So many paddings in all, and each where it belongs.
        and joined.translate(None, BASE64) == padding == joined[DIGEST - 1 :: DIGEST]
        and not joined[DIGEST - 2 :: DIGEST].translate(None, LAST)
    )


def differences(tally: Tally, said: Any, petition: str) -> list[str]:
    """Where a counts object of the API says something else than the tally; empty where it is the same."""
    if not isinstance(said, dict):
        return ["the site's counts are none"]
    if said.get("petition") != petition:
        return [f"the site's counts are of another petition: {said.get('petition')}"]
    wanted: dict[str, Any] = {
        "total": tally.total,
        "verified": tally.verified,
        "awaiting_verification": tally.awaiting,
        "ledger_size": tally.size,
    }
    told: dict[str, Any] = {name: said.get(name) for name in wanted}
    try:
        for category in said["by_category"]:
            if (name := f"category {category['category']}") in told:
                return [f"{name}: the site names it twice"]
            told[name] = [category["total"], category["verified"]]
        told |= {f"method {name}": n for name, n in said["by_method"].items()}
        told |= {f"removed {name}": n for name, n in said["removed"].items()}
    except (KeyError, TypeError, AttributeError):
        return ["the site's counts lack a part"]
    wanted |= {f"category {name}": pair for name, pair in tally.by_category.items()}
    wanted |= {f"method {name}": n for name, n in tally.by_method.items()}
    wanted |= {f"removed {name}": n for name, n in tally.removed.items()}
    return [
        f"{name}: the ledger says {_number(wanted.get(name))}, the site {_number(told.get(name))}"
        for name in sorted(wanted.keys() | told.keys())
        if _number(wanted.get(name)) != _number(told.get(name))
    ]


def _number(value: Any) -> str:
    """Nought, [0, 0] and nothing are the same."""
    return str(value) if value not in (None, 0, [0, 0]) else "0"


@dataclass(frozen=True, slots=True)
class Tree:
    """Of all entries that were recounted."""

    size: int
    # Not to be written out: whoever shows a task that is done shows what it gave, here tens of megabytes.
    tiles: dict[merkle.Tile, bytes] = field(repr=False)

    @classmethod
    def of(cls, leaves: bytes) -> Tree:
        return cls(len(leaves) // merkle.HASH, merkle.extended(0, {}, leaves))

    def root(self, size: int) -> bytes:
        (found,) = merkle.hashes([(0, size)], self.tiles)
        return found

    def begins_with(self, head: Head) -> str | None:
        """Why not, or None."""
        if head.size > self.size:
            return f"it is of {head.size} entries, and the site shows only {self.size}: it hides some, or lost them"
        if self.root(head.size) != head.root:
            return f"the site's first {head.size} entries are others: history was rewritten"
        return None

    def kept(self, note: str, keys: Sequence[Verifier]) -> tuple[Head, str]:
        """The tree of a checkpoint from before, with which this one begins, and what of its signature is not known
        (`checkpoint.read_kept`); `Malformed` if it does not fit."""
        head, unknown = checkpoint.read_kept(note, keys)
        why = self.begins_with(head)
        if why is not None:
            raise Malformed(f"{unknown}, and if that is this ledger's, {why}" if unknown else why)
        return head, unknown


def index_in(text: str) -> int:
    """The line that a receipt or a short code is about; `Malformed` if it is neither."""
    short = checkpoint.read_short_code(text)
    return short[0] if short is not None else Receipt.read(text).index


def standing(text: str, recount: Recount, tree: Tree, keys: Sequence[Verifier]) -> tuple[str, str]:
    """How the line of a receipt, or of a short code, stands, and what of its signature is not known; `Malformed` if it
    is none of this ledger.

    The recount must have kept the entry of `index_in(text)`.
    """
    index, short = index_in(text), checkpoint.read_short_code(text)
    line, unknown = recount.lines[index] if index < recount.size else None, ""
    if short is None:
        read = Receipt.read(text)
        head, unknown = tree.kept(read.checkpoint, keys)
        read.leads_to(head)
    elif line is None or checkpoint.read_short_code(checkpoint.short_code(index, recount.bodies[index])) != short:
        raise Malformed("there is no such line in this ledger")
    assert line is not None  # it is proved to be in a tree that is a beginning of this one
    return _stands(index, line), unknown


def _stands(index: int, line: Standing) -> str:
    category, _, verified, removed = line
    if removed is not None:
        return f"line {index} was {removed} and no longer counts"
    kind = f"as {category}" if category else "awaiting verification, in no category"
    return f"line {index} counts, {kind}{', verified' if verified else ''}"
