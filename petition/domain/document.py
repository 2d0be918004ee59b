"""The petition as a document to hand over: what stands on its pages, as plain data for the typesetter. Pure.

    front   title, addressees, statement in every language, the count as of its moment and how it came about
    names   by category in the organizers' order; pinned first, then by script, each in its own order
    end     who is named and who is not, the ledger's signed head, how to check it

Only those stand on it who chose to be shown; the others are a number. Beyond `PART` names it is cut into parts, each
a document of its own with its pages numbered, so that setting it takes the same memory at any length.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import segno

from petition.domain import paragraphs
from petition.domain.counts import Counts
from petition.words import Words

PART = 5_000
METHODS = ("mail", "invitation", "import", "paper")
AWAITING = "awaiting"
_ISOLATE, _POP, _BREAK = "\u2068", "\u2069", "\u200b"
_LONG_WORD, _PIECE = 24, 8
_RTL = frozenset({"R", "AL"})
_STRONG = frozenset({"L", *_RTL})


class Named(NamedTuple):
    """One who is shown, where it counts (None while its claim awaits), and whether organizers put it first."""

    name: str
    category: str | None
    pinned: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A petition's own words in one language."""

    title: str
    statement: str
    addressees: tuple[str, ...]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Document:
    """All that is said of a petition beside its names. `texts` by language, the leading one first.

    `chosen`: categories to be listed, None for all, those awaiting included. `shown`: so many are named, by category.
    `count_url`, `petition_url`: where the codes lead, `count_code` and `petition_code` as pictures in SVG.
    """

    slug: str
    texts: Mapping[str, Text]
    catalogues: Mapping[str, Words]
    counts: Counts
    chosen: tuple[str, ...] | None
    shown: Mapping[str | None, int]
    mark: str
    day: date
    checkpoint: str
    key: str
    petition_url: str
    petition_code: str
    count_url: str
    count_code: str

    @property
    def sections(self) -> tuple[str | None, ...]:
        """The categories that have pages, in their order; None for claims that await verification."""
        listed = [c.category for c in self.counts.by_category if self.chosen is None or c.category in self.chosen]
        awaits = self.chosen is None and self.counts.awaiting_verification
        return (*listed, None) if awaits else tuple(listed)

    @property
    def parts(self) -> int:
        return max(1, -(-sum(self.shown.values()) // PART))

    def total(self, category: str | None) -> int:
        if category is None:
            return self.counts.awaiting_verification
        return next(c.total for c in self.counts.by_category if c.category == category)

    def verified(self, category: str | None) -> int:
        return 0 if category is None else next(c.verified for c in self.counts.by_category if c.category == category)


def code(url: str) -> str:
    """A code for a camera, as a picture in SVG that takes any size; the paper around it is its margin."""
    out = io.BytesIO()
    made = segno.make(url, error="m", micro=False)
    made.save(out, kind="svg", border=0, dark="#1a1a18", light=None, xmldecl=False, omitsize=True)
    return out.getvalue().decode()


def direction(text: str) -> str:
    """`rtl` or `ltr`: of the first letter that has one."""
    way = next((way for way in map(unicodedata.bidirectional, text) if way in _STRONG), "L")
    return "rtl" if way in _RTL else "ltr"


def set_name(name: str) -> str:
    """One line, isolated: whatever it holds reorders nothing around it. A word that no column holds may be broken."""
    words = (_BREAK.join(_pieces(word)) if len(word) > _LONG_WORD else word for word in name.split())
    return f"{_ISOLATE}{' '.join(words)}{_POP}"


def _pieces(word: str) -> list[str]:
    return [word[at : at + _PIECE] for at in range(0, len(word), _PIECE)]


@dataclass(slots=True)
class Pages:
    """One part being filled: `start` is the number of its first name."""

    number: int
    start: int
    sections: list[dict[str, Any]] = field(default_factory=list)
    names: int = 0
    _at: tuple[str | None, bool, str] | None = None

    def add(self, document: Document, named: Named, *, continued: bool) -> None:
        way = direction(named.name)
        at = (named.category, named.pinned, way)
        if not self.sections or self._at is None or self._at[0] != named.category:
            self.sections.append({**head(document, named.category, continued=continued), "runs": []})
            self._at = None
        if self._at != at:
            self.sections[-1]["runs"].append({"dir": way, "digits": _digits(document, way), "names": []})
            self._at = at
        self.sections[-1]["runs"][-1]["names"].append(set_name(named.name))
        self.names += 1


def _digits(document: Document, way: str) -> list[str]:
    """Numbers stand in the digits of a language that runs the way the names do."""
    spoken = (document.catalogues[code].language for code in document.texts)
    return list(next((language.digits for language in spoken if language.direction == way), "0123456789"))


def head(document: Document, category: str | None, *, continued: bool) -> dict[str, Any]:
    """A category's heading in every language."""
    title, told = {}, {}
    for code, text in document.texts.items():
        words = document.catalogues[code]
        label = words("count.awaiting") if category is None else text.labels.get(category, category)
        title[code] = words("document.continued", category=label) if continued else label
        facts = {"total": document.total(category), "verified": document.verified(category)}
        which = "section-awaiting" if category is None else "section" if facts["verified"] else "section-open"
        told[code] = words(f"document.{which}", **facts)
    return {"title": title, "told": told}


def content(
    document: Document, pages: Pages, listed: Mapping[str | None, int], *, at: datetime, ends: bool
) -> dict[str, Any]:
    """What the template sets for one part. `listed`: so many were named in all parts up to the end of this one."""
    leading = next(iter(document.texts))
    return {
        "title": document.texts[leading].title,
        "mark": document.mark,
        "opens": pages.number == 1,
        "ends": ends,
        "start": pages.start,
        "last": pages.start + pages.names - 1,
        "languages": [_language(document, code, pages, listed, at) for code in document.texts],
        "addressees": _addressees(document),
        "sections": pages.sections,
        "qr": {
            name: {"svg": picture, "alt": url}
            for name, url, picture in (
                ("petition", document.petition_url, document.petition_code),
                ("count", document.count_url, document.count_code),
            )
        },
        "checkpoint": _checkpoint_lines(document.checkpoint),
        "key": document.key,
    }


def _addressees(document: Document) -> list[dict[str, str]]:
    number = len(next(iter(document.texts.values())).addressees)
    return [{code: text.addressees[n] for code, text in document.texts.items()} for n in range(number)]


def _checkpoint_lines(checkpoint: str) -> list[str]:
    """A signature's line is cut before the signature, which no page is wide enough for."""
    lines = []
    for line in checkpoint.splitlines():
        name, _, signature = line.rpartition(" ") if line.startswith("— ") else ("", "", line)
        lines += [name, f"  {signature}"] if name else [line]
    return lines


def _language(
    document: Document, code: str, pages: Pages, listed: Mapping[str | None, int], at: datetime
) -> dict[str, Any]:
    words, text, counts = document.catalogues[code], document.texts[code], document.counts
    numbered = {"n": "{n}", "all": "{all}", "part": words.number(pages.number), "parts": words.number(document.parts)}
    wordings = {
        "page": words("document.page" if document.parts == 1 else "document.part-page", **numbered),
        "part": words("document.part", **numbered),
        "signatures": words("document.signatures", total=counts.total),
        "as-of": words("count.as-of", time=words.time(at), day=words.day(at)),
        "as-of-this": words("document.as-of", total=counts.total, size=counts.ledger_size, at=at),
        "how": words("how.title"),
        "count": words("count.label"),
        "verified-note": words("how.verified-note"),
        "checks": [
            words("document.check-sum", size=counts.ledger_size),
            *([words("document.check-head")] if document.checkpoint else []),
            words("document.check-address", address=f"{_ISOLATE}{document.count_url}{_POP}"),
        ],
        "made": words("document.made", day=document.day, mark=f"{_ISOLATE}{document.mark}{_POP}"),
        "lead": " ".join([words("how.lead"), *([words("how.listed")] if counts.listed else [])]),
        **{
            name: words(f"document.{name}")
            for name in ("petition", "to", "statement", "signatories", "named-and-not", "choice", "check")
        },
    }
    return {
        "code": code,
        "dir": words.direction,
        "digits": list(words.language.digits),
        "title": text.title,
        "head": _short(text.title),
        "statement": paragraphs.blocks(text.statement),
        "total": words.number(counts.total),
        "words": wordings,
        "layers": _layers(document, words, text),
        "named": _named(document, words, text, listed),
    }


def _short(title: str, most: int = 64) -> str:
    """For the head of every page: one line."""
    return title if len(title) <= most else f"{title[:most].rsplit(' ', 1)[0]} …"


def _row(words: Words, label: str, number: int, *, whole: bool = False) -> dict[str, Any]:
    return {"label": label, "number": words.number(number), "sum": whole}


def _layers(document: Document, words: Words, text: Text) -> list[dict[str, Any]]:
    """How the count came about: by category, by method, verified and awaiting, what was taken out."""
    counts = document.counts
    categories = [_row(words, text.labels.get(c.category, c.category), c.total) for c in counts.by_category]
    if counts.awaiting_verification:
        categories.append(_row(words, words("count.awaiting"), counts.awaiting_verification))
    methods = [_row(words, words(f"how.{name}"), counts.by_method.get(name, 0)) for name in METHODS]
    vouched = [
        _row(words, words("count.verified"), counts.verified),
        _row(words, words("count.awaiting"), counts.awaiting_verification),
    ]
    removed = [_row(words, words(f"how.{reason}"), number) for reason, number in counts.removed.items() if number]
    together = _row(words, words("document.together"), counts.total, whole=True)
    return [
        {"title": words("how.categories"), "rows": [*categories, together]},
        {"title": words("how.methods"), "rows": [*methods, together]},
        {"title": words("document.vouched"), "rows": vouched},
        {"title": words("how.removed"), "rows": removed or [_row(words, words("how.removed-none"), 0)]},
    ]


def _named(document: Document, words: Words, text: Text, listed: Mapping[str | None, int]) -> list[dict[str, Any]]:
    """Named, and not: together they are what counts."""
    rows = [_row(words, words("document.named"), sum(listed.values()))]
    for category in document.sections:
        label = words("count.awaiting") if category is None else text.labels.get(category, category)
        hidden = document.total(category) - listed.get(category, 0)
        if hidden > 0:
            rows.append(_row(words, words("document.not-named", category=label), hidden))
    rows.append(_row(words, words("document.together"), sum(map(document.total, document.sections)), whole=True))
    return rows


class Filling:
    """Names, as they come, put on parts: a part is given away once it is full and more follow."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._pages = Pages(1, 1)
        self._before: str | None = ""
        self.listed: dict[str | None, int] = {}

    def take(self, named: Sequence[Named]) -> Iterator[Pages]:
        for one in named:
            if self._pages.names == PART and self._pages.number < self._document.parts:
                full, self._pages = self._pages, Pages(self._pages.number + 1, self._pages.start + PART)
                yield full
            continued = not self._pages.sections and self._before == one.category
            self._pages.add(self._document, one, continued=continued)
            self._before = one.category
            self.listed[one.category] = self.listed.get(one.category, 0) + 1

    def rest(self) -> Pages:
        return self._pages
