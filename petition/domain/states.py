"""The states of a signature and the ways between them. Only `confirmed` counts.

pending ──confirm──→ confirmed ──withdraw───→ withdrawn
   │                     ├───────invalidate─→ invalidated ─┐
   │                     └───────merge──────→ merged ──────┤ restore, unmerge
   ├──reject───→ rejected ──restore──→ pending             └──→ confirmed
   ├──lapse────→ lapsed          (pending for over 14 days: erased)
   ├──withdraw─→ withdrawn       (denied: "this was not me")
   └──merge────→ merged          (the address already counts)
"""

from __future__ import annotations

from datetime import timedelta

from petition.errors import FieldRefused, Invalid

PENDING, CONFIRMED = "pending", "confirmed"
REJECTED, LAPSED, WITHDRAWN, MERGED, INVALIDATED = "rejected", "lapsed", "withdrawn", "merged", "invalidated"
STATES = (PENDING, CONFIRMED, REJECTED, LAPSED, WITHDRAWN, MERGED, INVALIDATED)
# Out of the way: few, and looked for by their state.
APART = (REJECTED, LAPSED, WITHDRAWN, MERGED, INVALIDATED)

# Why a signature left, where its state alone does not say it to its signatory.
DENIED, ERASED = "denied", "erased"
# Why an organizer took one out. A private word: neither the ledger nor the signatory's page tells it.
REASONS_GIVEN = ("not-a-person", "not-who-they-say", "asked-by-person", "duplicate", "offensive", "other")

VISIBILITIES = ("name", "initials", "anonymous")
MAIL, INVITATION = "mail", "invitation"
# Brought by somebody's list, without its signatory's own doing.
LISTED = ("import", "paper")
METHODS = (MAIL, INVITATION, *LISTED)
REASONS = ("withdrawn", "merged", "invalidated", "erased")

LAPSE_AFTER = timedelta(days=14)
REMIND_AFTER = timedelta(days=3)


def reason_given(reason: str) -> str:
    """One of `REASONS_GIVEN`, or `Invalid`: an organizer who takes somebody out says why."""
    if reason not in REASONS_GIVEN:
        raise Invalid({"reason": FieldRefused("reason-missing")})
    return reason
