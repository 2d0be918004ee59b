"""A list taken in, and its states. Pure.

running ──(every line read)──→ done ──undo──→ undoing ──→ undone
   └── killed: the same file goes on where it stopped; or undo

By the console the file lies sealed until then: coming ──(all of it is there)──→ staged ──commit──→ taking ──→ taken.
Staged, nobody counts by it; taken, what was refused can be fetched for a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from petition.domain import states

STATES = RUNNING, DONE, UNDOING, UNDONE = ("running", "done", "undoing", "undone")
STAGES = COMING, STAGED, TAKING, TAKEN = ("coming", "staged", "taking", "taken")
# What lies sealed of a staged list: the file itself in parts; how it is to be read; what was understood; refused rows.
PARTS = FILE, PLAN, REPORT, REFUSED = ("file", "plan", "report", "refused")
METHODS = states.LISTED
# Why its signatures left when it was undone: nothing of them is kept.
UNDONE_REASON = "undone"
# What kind of list it is, as whoever takes it in says.
KINDS = ("office", "sheets", "messages", "meeting", "else")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a list comes from, as it is sealed with its import. `file`: how it was called; `kind`: one of `KINDS`."""

    file: str = ""
    source: str = ""
    kind: str = ""
    note: str = ""

    def facts(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def of(cls, facts: Mapping[str, str]) -> Evidence:
        return cls(**{field.name: facts.get(field.name, "") for field in fields(cls)})
