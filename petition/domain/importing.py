"""A list taken in, and its states. Pure.

running ──(every line read)──→ done ──undo──→ undoing ──→ undone
   └── killed: the same file goes on where it stopped; or undo
"""

STATES = RUNNING, DONE, UNDOING, UNDONE = ("running", "done", "undoing", "undone")
METHODS = ("import", "paper")
# Why its signatures left when it was undone: nothing of them is kept.
UNDONE_REASON = "undone"
