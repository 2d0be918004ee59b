"""One act on many signatures: its states, and what it changes in each signature and back. Pure.

    draft ──start──→ asked ──approve──→ running ──→ done ──┐
      │      │         └──decline──→ declined    └cancel→ cancelled ─┴─undo─→ undoing ──→ undone
      │      └── (few, or a single owner) ─→ running
      └──discard──→ (gone)

A member is done if it still stood as when it was chosen, else skipped; it is undone if it still stands as the
batch left it, else left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from petition.domain import ledger, states
from petition.domain.ledger import Told

ACTS = VERIFY, MOVE, REJECT, INVALIDATE, HIDE = ("verify", "move", "reject", "invalidate", "hide")
WITH_REASON = (REJECT, INVALIDATE)
STATES = DRAFT, ASKED, DECLINED, RUNNING, DONE, CANCELLED, UNDOING, UNDONE = (
    *("draft", "asked", "declined", "running", "done", "cancelled", "undoing", "undone"),
)
AT_WORK = (RUNNING, UNDOING)
# Of one member; a batch's own words are about the whole. `unlisted`: undone, its name not yet back in the list.
MEMBER_STATES = WAITING, CHANGED, SKIPPED, BACK, UNLISTED, LEFT = (
    *("waiting", "changed", "skipped", "back", "unlisted", "left"),
)
# Above this many, or above this share of all that count, a second owner has to agree.
ALONE_MOST = 20
ALONE_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Row:
    """What a batch looks at in a signature."""

    id: bytes
    state: str
    category: str | None
    counted_as: str | None
    verified: bool
    hidden: bool
    visibility: str
    acts: int


@dataclass(frozen=True, slots=True)
class Stood:
    """How a member stood when it was chosen."""

    was: str
    acts: int
    counted_as: str | None
    verified: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Columns to be written, and what the ledger is told. `unlisted`: a name that was listed has to come back."""

    values: Mapping[str, Any]
    told: tuple[Told, ...] = ()
    unlisted: bool = False


UNSHOWN: Mapping[str, None] = {"shown_name": None, "shown_key": None}


def second_owner_needed(number: int, total: int) -> bool:
    """Never for one signature: whoever may act on it at all needs nobody else for that."""
    return number > 1 and (number > ALONE_MOST or number > ALONE_SHARE * total)


def change(act: str, target: str | None, reason: str | None, row: Row) -> Change | None:
    """What `act` makes of this signature; None where it does not fit. Verify without a `target`: as it was claimed."""
    confirmed = row.state == states.CONFIRMED
    into = target or row.category
    match act:
        case "verify" if confirmed and not row.verified and into is not None:
            # From here on it is an organizer who vouches, no invitation.
            mine = {"verified": True, "counted_as": into, "invitation_id": None}
            return Change(mine, ((ledger.VERIFIED, into, None),))
        case "move" if confirmed and target is not None and row.counted_as != target:
            return Change({"counted_as": target}, ((ledger.MOVED, target, None),))
        case "reject" if row.state == states.PENDING:
            return Change({"state": states.REJECTED, "reason": reason})
        case "invalidate" if confirmed:
            gone = {"state": states.INVALIDATED, "reason": reason, **UNSHOWN}
            return Change(gone, ((ledger.REMOVED, None, "invalidated"),))
        case "hide" if row.state in (states.PENDING, states.CONFIRMED) and not row.hidden:
            return Change({"hidden": True, **UNSHOWN})
    return None


def stands(stood: Stood, row: Row) -> bool:
    """Still as when it was chosen."""
    return (row.state, row.acts, row.counted_as, row.verified) == (
        stood.was,
        stood.acts,
        stood.counted_as,
        stood.verified,
    )


def change_back(act: str, target: str | None, stood: Stood, row: Row) -> Change | None:
    """What undoes it; None where somebody has changed the signature since."""
    told = 0 if act in (REJECT, HIDE) else 1
    if row.acts != stood.acts + told:
        return None
    back = {"verified": stood.verified, "counted_as": stood.counted_as}
    listed = row.visibility != "anonymous" and stood.was == states.CONFIRMED
    match act:
        case "verify" if row.state == states.CONFIRMED and row.verified:
            return Change(back, ledger.unvouched(stood.counted_as))
        case "move" if row.state == states.CONFIRMED:
            return Change(back, ((ledger.MOVED, stood.counted_as, None),))
        case "reject" if row.state == states.REJECTED:
            return Change({"state": states.PENDING, "reason": None})
        case "invalidate" if row.state == states.INVALIDATED:
            restored: Told = (ledger.RESTORED, None, None)
            return Change({"state": states.CONFIRMED, "reason": None}, (restored,), listed and not row.hidden)
        case "hide" if row.state == stood.was and row.hidden:
            return Change({"hidden": False}, (), listed)
    return None


def unvouched(change: Change, back: str | None) -> Change:
    """The same, without the mark: who vouched for it was called off meanwhile. `back`: where it then counts."""
    values = {**change.values, "verified": False, "counted_as": back}
    return replace(change, values=values, told=(*change.told, *ledger.unvouched(back)))
