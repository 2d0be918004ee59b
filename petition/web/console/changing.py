"""Changing a petition's key, from whichever door: the new key, its recovery key on the disk, the work begun."""

import asyncio
import logging

from petition import keyfiles
from petition.actions import rekeying
from petition.errors import Conflict, Misconfigured
from petition.queries import rekeyings
from petition.queries.petitions import Petition
from petition.web.console import gate
from petition.web.console.gate import Signed
from petition.web.console.resealing import Work
from petition.web.parts import Parts

logger = logging.getLogger("petition.web")

# How long the answer waits for the records: those of a small petition are sealed anew by then.
PATIENCE = 1.0


async def change_key(held: Parts, who: Signed, petition: Petition) -> bool:
    """False if this session cannot open the records. `Conflict` if the key was changed by another, or the recovery
    key could not be written: then nothing was changed.
    """
    ring = await gate.ring(held, who, petition.id)
    if ring is None:
        return False
    async with held.database.read() as connection:
        total = await rekeyings.sealed_number(connection, petition.id)
    try:
        async with held.database.write() as tx:
            private_key, public_key = await rekeying.begin(
                tx, petition.id, ring[0], total=total, by=who.actor, today=held.today()
            )
            # On the disk before anything is sealed to it. If the commit fails it stays: whether it failed is not
            # always known, and a recovery key too many opens nothing, where one too few would lose everything.
            path = await asyncio.to_thread(
                keyfiles.write_recovery_key, held.settings, petition.slug, private_key, public_key, anew=True
            )
    except Misconfigured:
        raise Conflict("recovery-not-written") from None
    logger.warning("the key of %s was changed; move its recovery key offline: %s", petition.slug, path)
    await held.hub.poll()
    await go_on(held, who, petition, private_key)
    return True


async def go_on(held: Parts, who: Signed, petition: Petition, private_key: bytes) -> None:
    held.resealing.go_on(Work(petition.id, who.session, private_key))
    await held.resealing.ready(petition.id, PATIENCE)
