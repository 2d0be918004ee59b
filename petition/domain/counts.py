"""The public number and its layers, as every door shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from petition.domain.states import LISTED


@dataclass(frozen=True, slots=True)
class CategoryCount:
    category: str
    total: int
    verified: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The fold of the first `ledger_size` entries of one petition's ledger.

    The categories' totals plus `awaiting_verification` make `total`. `as_of` (UTC) is when this
    process saw that the ledger had this size; no such time is stored.
    """

    petition: str
    goal: int
    total: int
    verified: int
    awaiting_verification: int
    by_category: tuple[CategoryCount, ...]
    by_method: Mapping[str, int]
    removed: Mapping[str, int]
    ledger_size: int
    as_of: datetime

    @property
    def listed(self) -> bool:
        """Some of them came on lists or on paper, and were not asked to confirm."""
        return any(self.by_method.get(method) for method in LISTED)
