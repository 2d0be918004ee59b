"""What every door holds: made once by the composition root, found at `app.state.parts`."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from litestar import Request

from petition.actions.intake import Attempt
from petition.actions.limits import Limiter
from petition.actions.signing import Confirmation
from petition.db.database import Database
from petition.db.grouping import Grouped
from petition.domain.tokens import Keys
from petition.queries.signatures import Signature
from petition.settings import Settings
from petition.web.console.memory import Chain, Kept
from petition.web.console.relisting import Relisting
from petition.web.console.resealing import Resealing
from petition.web.console.resemblances import Likenesses
from petition.web.console.search import Searches
from petition.web.console.taking_in import TakingIn
from petition.web.console.writing import Writing
from petition.web.hub import Hub
from petition.web.pages import Pages
from petition.words import Words


@dataclass(frozen=True, slots=True)
class Parts:
    """`clock` is the wall clock (aware, UTC), `monotonic` is seconds; `mail_folder` is set in the demo alone.

    `rendered` keeps public pages by (kind, language, …), each as long as what it was made of is current.
    """

    settings: Settings
    database: Database
    keys: Keys
    catalogues: Mapping[str, Words]
    pages: Pages
    hub: Hub
    limiter: Limiter
    intake: Grouped[Attempt, None]
    confirmations: Grouped[Confirmation, Signature | None]
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    mail_folder: Path | None
    searches: Searches
    likenesses: Likenesses
    relisting: Relisting
    writing: Writing
    taking_in: TakingIn
    resealing: Resealing
    kept: Kept
    chain: Chain
    # Tiles of ledgers in their wire form: web/ledger.py.
    shelf: Any
    rendered: dict[tuple[str, ...], Any] = field(default_factory=dict)
    # Each derivation of a password takes 64 MB for a third of a second.
    derivations: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    def forget(self, session_id: bytes) -> None:
        """What the session had opened is gone from memory."""
        self.searches.forget(session_id)
        self.likenesses.forget(session_id)

    def today(self) -> date:
        return self.clock().date()


Asked = Request[Any, Any, Any]


def of(request: Asked) -> Parts:
    parts: Parts = request.app.state.parts
    return parts
