"""One attempt to sign, whichever door it came through."""

from petition.actions import intake
from petition.web.forms import Typed
from petition.web.hub import Snapshot
from petition.web.parts import Parts


async def submit(held: Parts, snapshot: Snapshot, typed: Typed, language: str, burst: str | None) -> None:
    """`burst`: guards.burst. Returns once it is durable; `Invalid`, `PetitionNotOpen` or `Unavailable` if it is not."""
    petition = snapshot.petition
    now = held.clock()
    intake.require_open(petition, now=now)
    submission = typed.submission(intake.rules(petition))
    if language not in petition.languages:
        # Whoever reads the page in another language was shown the statement in its own, and signs that.
        language = petition.default_language
    attempt = intake.prepare(petition, submission, language, held.keys, today=now.date(), burst=burst)
    await held.intake.submit(attempt)
