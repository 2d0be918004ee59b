"""One attempt to sign, whichever door it came through."""

from petition.actions import intake
from petition.domain import invitations as rules
from petition.domain import tokens
from petition.errors import Conflict, Unavailable
from petition.queries import invitations
from petition.queries.invitations import Invitation
from petition.queries.petitions import Petition
from petition.web.forms import Typed
from petition.web.hub import Snapshot
from petition.web.parts import Parts

# A key is changed once in months; twice while one person waits is a fault.
KEYS_MOST = 3


async def submit(held: Parts, snapshot: Snapshot, typed: Typed, language: str, burst: str | None) -> None:
    """`burst`: guards.burst. Returns once it is durable; `Invalid`, `PetitionNotOpen` or `Unavailable` if it is not."""
    for _ in range(KEYS_MOST):
        petition = snapshot.petition
        now = held.clock()
        intake.require_open(petition, now=now)
        invitation = await invited(held, petition, typed.get("invitation"))
        submission = typed.submission(intake.rules(petition, invitation))
        if language not in petition.languages:
            # Whoever reads the page in another language was shown the statement in its own, and signs that.
            language = petition.default_language
        attempt = intake.prepare(
            petition, submission, language, held.keys, today=now.date(), burst=burst, invitation=invitation
        )
        try:
            await held.intake.submit(attempt)
        except Conflict:
            # The petition's key was changed at this moment: sealed to the earlier one, nothing was stored.
            await held.hub.poll()
            snapshot = held.hub.snapshot(petition.slug)
        else:
            return
    raise Unavailable()


async def invited(held: Parts, petition: Petition, text: str) -> Invitation | None:
    """The invitation of this code, if one can sign with it now. The code alone decides what is looked up here."""
    code = tokens.read(text.strip())
    if code is None:
        return None
    async with held.database.read() as connection:
        found = await invitations.by_code(connection, petition.id, tokens.stored(code))
    if found is None or found.stands(held.today()) != rules.OPEN:
        return None
    category = petition.category(found.category)
    return found if category is not None and not category.retired else None
