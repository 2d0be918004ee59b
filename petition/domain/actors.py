"""Who may do what. Pure.

    owner     ── reads, opens, moderates, and decides: people, keys, texts, the safety switch
    verifier  ── reads, opens and moderates; maybe in some categories alone
    auditor   ── reads and opens; changes nothing

Each per petition, or for all of them (`petition_id` null). What somebody holds twice adds up.
"""

from __future__ import annotations

from dataclasses import dataclass, field

OWNER, VERIFIER, AUDITOR = "owner", "verifier", "auditor"
STATES = INVITED, ACTIVE, REMOVED = "invited", "active", "removed"
ROLES = (OWNER, VERIFIER, AUDITOR)
READ, MODERATE, DECIDE = "read", "moderate", "decide"
ACTS = {OWNER: (READ, MODERATE, DECIDE), VERIFIER: (READ, MODERATE), AUDITOR: (READ,)}


@dataclass(frozen=True, slots=True)
class Grant:
    """One role on one petition, or on all. `categories`: those a verifier is limited to; None for all."""

    petition_id: bytes | None
    role: str
    categories: tuple[str, ...] | None = None
    # Which of its holder's roles it is; two that say the same are equal.
    id: bytes = field(default=b"", compare=False)

    def covers(self, petition_id: bytes) -> bool:
        return self.petition_id in (None, petition_id)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where somebody may do an act: in `categories` of a petition; None for the whole of it."""

    categories: frozenset[str] | None

    def holds(self, category: str | None) -> bool:
        return self.categories is None or category in self.categories


@dataclass(frozen=True, slots=True)
class Actor:
    """An organizer who has signed in."""

    id: bytes
    grants: tuple[Grant, ...]

    def scope(self, petition_id: bytes, act: str) -> Scope | None:
        """None: may not, anywhere on this petition."""
        fitting = [g for g in self._on(petition_id) if act in ACTS[g.role]]
        if not fitting:
            return None
        if any(g.categories is None for g in fitting):
            return Scope(None)
        return Scope(frozenset(slug for g in fitting for slug in g.categories or ()))

    def may(self, petition_id: bytes, act: str, category: str | None = None) -> bool:
        """With a category: in that one; without: on the whole petition."""
        scope = self.scope(petition_id, act)
        return scope is not None and scope.holds(category)

    def role_on(self, petition_id: bytes) -> str | None:
        """The strongest role held there."""
        held = {g.role for g in self._on(petition_id)}
        return next((role for role in ROLES if role in held), None)

    def decides_everywhere(self) -> bool:
        return any(g.petition_id is None and g.role == OWNER for g in self.grants)

    def decides_anywhere(self) -> bool:
        return any(g.role == OWNER for g in self.grants)

    def may_give(self, grant: Grant) -> bool:
        """Or take away: a role on what one decides about oneself."""
        return self.decides_everywhere() if grant.petition_id is None else self.may(grant.petition_id, DECIDE)

    def _on(self, petition_id: bytes) -> list[Grant]:
        return [g for g in self.grants if g.covers(petition_id)]
