"""The pages of the review of duplicates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from petition.domain.duplicates.differing import Piece, differing
from petition.domain.duplicates.index import SURE
from petition.domain.duplicates.reasons import Reason
from petition.queries.petitions import Petition
from petition.queries.queue import Queued
from petition.web.console.pages import EMPTY, InsidePage
from petition.web.pages import FormState

SHOWN = ("full_name", "email", "affiliation", "city")
BATCHED = 0.9  # from here on proposals can be ticked and merged by the page

Opened = tuple[Queued, Mapping[str, Any]]


def survivor_first(rows: Iterable[Opened]) -> tuple[Opened, ...]:
    """Whoever should go on counting first: somebody vouched for them, they say most, they signed first."""

    def rank(opened: Opened) -> tuple[Any, ...]:
        row, record = opened
        said = sum(bool(value) for value in record.values())
        return not row.verified, row.counted_as is None, not row.pinned, -said, row.signed_on, row.id

    return tuple(sorted(rows, key=rank))


@dataclass(frozen=True)
class Card:
    """One of several signatures side by side. `marked`: by field, what differs from the first; `reasons`: beside it.

    `before`: a signature with the same address that was merged already.
    """

    row: Queued
    record: Mapping[str, Any]
    marked: tuple[tuple[str, tuple[Piece, ...]], ...]
    reasons: tuple[Reason, ...]
    before: bytes | None = None

    def pieces(self, name: str) -> tuple[Piece, ...]:
        value = self.record.get(name) or ""
        return dict(self.marked).get(name, (Piece(value, False),) if value else ())


def card_of(
    row: Queued,
    record: Mapping[str, Any],
    first: Mapping[str, Any],
    reasons: Sequence[Reason],
    before: bytes | None = None,
) -> Card:
    marked = tuple((name, differing(record.get(name) or "", first.get(name) or "")) for name in SHOWN)
    return Card(row, record, marked, tuple(reasons), before)


class Likely:
    """Whatever has a `probability`."""

    probability: float

    @property
    def percent(self) -> int:
        """Never a hundred: nothing here is certain."""
        return min(99, int(self.probability * 100))

    @property
    def sure(self) -> bool:
        return self.probability >= SURE


@dataclass(frozen=True)
class Proposal(Likely):
    """One person, probably: their signatures, the one that should go on counting first."""

    rows: tuple[Opened, ...]
    probability: float

    @property
    def value(self) -> str:
        """What the form sends: each signature with what was seen of it."""
        return ",".join(f"{row.id.hex()}.{row.seen}" for row, _ in self.rows)


@dataclass(frozen=True)
class DuplicatesPage(InsidePage):
    """`number`: of all proposals at `least`; `more` leads on; `read`: signatures compared so far, `whole` if all.

    `left_out`: pairs of namesakes that were too many to be compared.
    """

    template = "console/duplicates.html"
    petition: Petition
    proposals: tuple[Proposal, ...]
    number: int
    more: int | None
    least: float
    leasts: tuple[float, ...]
    opens: bool
    whole: bool
    read: int
    left_out: int
    may: bool
    said: str | None = None
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/duplicates"

    @property
    def ticks(self) -> bool:
        return self.may and self.least >= BATCHED and bool(self.proposals)


@dataclass(frozen=True)
class ClusterPage(Likely, InsidePage):
    """`at`: (which, of how many); `following`: a signature of the next; `of`: whom the last act was about."""

    template = "console/cluster.html"
    petition: Petition
    cards: tuple[Card, ...]
    probability: float
    following: str | None
    at: tuple[int, int]
    may: bool
    said: str | None = None
    of: str | None = None
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/duplicates/{self.cards[0].row.id.hex()}"

    def ticked(self, card: Card) -> bool:
        """As it was sent; before anything was, all are."""
        return not self.form.values or f"with-{card.row.id.hex()}" in self.form.values

    def chosen(self, card: Card) -> bool:
        return card.row.id.hex() == (self.form.values.get("survivor") or self.cards[0].row.id.hex())


@dataclass(frozen=True)
class Together:
    """Two that were told apart."""

    one: Opened
    other: Opened


@dataclass(frozen=True)
class DecidedPage(InsidePage):
    template = "console/decided.html"
    petition: Petition
    pairs: tuple[Together, ...]
    more: int | None
    opens: bool
    may: bool
    said: str | None = None

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/duplicates/decided"
