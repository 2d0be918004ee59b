"""The audit: who did or saw what, by what somebody looks for; and as a file to take away, which is an act itself."""

import hmac
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Stream

from petition.actions import audit
from petition.actions.audit import Act
from petition.errors import Conflict, FieldRefused, Invalid, NotFound
from petition.queries import audit as audits
from petition.queries import organizers as accounts
from petition.queries.audit import ANYTHING, GROUPS, REST, Entry, Wanted
from petition.queries.petitions import Petition
from petition.web import parts
from petition.web.answers import html, redirect
from petition.web.console import gate, takeaway
from petition.web.console.gate import Signed
from petition.web.console.pages import AuditLine, AuditPage
from petition.web.console.takeaway import Naming
from petition.web.pages import FormState
from petition.web.parts import Asked, Parts

PAGE = 100
PIECE = 1_000
# The chain is followed before the page is shown, as far as that gets within so many seconds.
PATIENCE = 1.0
FILTERS = ("organizer", "petition", "group", "since", "until")
OPERATOR = "operator"
FORMATS = {"csv": "text/csv", "json": "application/json"}


@dataclass(frozen=True, slots=True)
class Seeing:
    """What one organizer may see of the audit: these petitions' entries; who decides everywhere sees all."""

    known: Mapping[bytes, Petition]
    everything: bool

    async def page(self, held: Parts, wanted: Wanted, before: int | None, limit: int) -> tuple[Entry, ...]:
        async with held.database.read() as connection:
            return await audits.page(
                connection,
                None if self.everything else tuple(self.known),
                wanted=wanted,
                before=before,
                limit=limit,
            )


def _seeing(held: Parts, who: Signed) -> Seeing:
    return Seeing({p.id: p for p in gate.readable(held, who)}, who.actor.decides_everywhere())


def _chosen(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given[name] for name in FILTERS if given.get(name)}


def _wanted(held: Parts, who: Signed, chosen: Mapping[str, str]) -> Wanted:
    """`Invalid` for a day that is none; what is not there, or not theirs, is not found."""
    wrong: dict[str, FieldRefused] = {}
    days: dict[str, date] = {}
    for name in ("since", "until"):
        try:
            if name in chosen:
                days[name] = date.fromisoformat(chosen[name])
        except ValueError:
            wrong[name] = FieldRefused("date-unreadable")
    if wrong:
        raise Invalid(wrong)
    group, by, slug = (chosen.get(name) for name in ("group", "organizer", "petition"))
    if group is not None and group not in (*GROUPS, REST):
        raise NotFound()
    return Wanted(
        organizer=gate.identifier(by) if by and by != OPERATOR else None,
        operator=by == OPERATOR,
        petition=gate.petition_for(held, who, slug).id if slug else None,
        group=group,
        since=days.get("since"),
        until=days.get("until"),
    )


@get("/organizer/{language:str}/audit")
async def audit_page(request: Asked, language: FromPath[str]) -> Response[bytes]:
    """Of the petitions that this organizer may read, and of accounts where they decide."""
    held = parts.of(request)
    who = await gate.signed(request, language)
    chosen = _chosen(request.query_params)
    try:
        wanted, wrong = _wanted(held, who, chosen), {}
    except Invalid as invalid:
        wanted, wrong = ANYTHING, dict(invalid.fields)
    seeing, before = _seeing(held, who), request.query_params.get("before", "")
    at = int(before) if before.isdecimal() and before.isascii() and len(before) < 10 else None
    # One more than is shown: whether there is a further page is known, not guessed.
    rows = () if wrong else await seeing.page(held, wanted, at, PAGE + 1)
    async with held.database.read() as connection:
        names = await accounts.addresses(connection, held.keys)
        team = await accounts.everyone(connection)
    mine = {o.id for o, grants in team if any(g.petition_id is None or g.petition_id in seeing.known for g in grants)}
    people = names if seeing.everything else {key: name for key, name in names.items() if key in mine}
    standing = await held.chain.standing(PATIENCE)
    page = AuditPage(
        who.who(held),
        tuple(_line(row, names, seeing.known) for row in rows[:PAGE]),
        rows[PAGE - 1].number if len(rows) > PAGE else None,
        standing.checked,
        standing.whole,
        standing.broken or next((row.number for row in reversed(rows) if not _follows(row)), None),
        tuple(sorted(((key.hex(), name) for key, name in people.items()), key=lambda pair: pair[1])),
        tuple(seeing.known.values()),
        (*GROUPS, REST),
        chosen,
        FormState(chosen, wrong),
    )
    return html(held, page, language, 422 if wrong else 200)


def _follows(row: Entry) -> bool:
    """What is shown is followed at every look, however long ago the whole chain was."""
    before = audit.NOTHING if row.number == 1 else row.head_before
    return before is not None and hmac.compare_digest(audit.link(before, takeaway.plain(row)), row.head)


def _line(row: Entry, names: Mapping[bytes, str], known: Mapping[bytes, Petition]) -> AuditLine:
    who = names.get(row.organizer_id, "") if row.organizer_id else ""
    subject = names.get(row.subject, row.subject.hex()[:8]) if row.subject else ""
    return AuditLine(row.number, row.day, who, row.verb, known.get(row.petition_id or b""), subject, row.facts)


@post("/organizer/{language:str}/audit/export", status_code=200)
async def export(request: Asked, language: FromPath[str]) -> Stream:
    """What the page shows under these filters, whole, as a file. It asks for a fresh code and is an entry itself."""
    held = parts.of(request)
    who, typed = await gate.sent(request, language, proved=True)
    kind, chosen, seeing = typed.get("format"), _chosen(typed.values), _seeing(held, who)
    if kind not in FORMATS:
        raise Invalid({"format": FieldRefused("unknown-choice")})
    wanted = _wanted(held, who, chosen)
    if any(petition.safe for petition in seeing.known.values() if wanted.petition in (None, petition.id)):
        raise Conflict("exports-stopped")
    today = held.today()
    async with held.database.write() as tx:
        facts: dict[str, Any] = {"format": kind, "filter": chosen}
        # Told to everybody of each petition whose entries go.
        gone: list[bytes | None] = [wanted.petition] if wanted.petition else [*seeing.known] or [None]
        acts = [Act("audit:export", who.actor.id, petition_id, facts=facts) for petition_id in gone]
        await audit.record(tx, *acts, today=today)
    async with held.database.read() as connection:
        people = await accounts.addresses(connection, held.keys)
    naming = Naming(people, {key: petition.slug for key, petition in seeing.known.items()})
    entries, words = _entries(held, seeing, wanted), held.catalogues[language]
    if kind == "csv":
        content = takeaway.csv(entries, naming, words, lambda verb: _in_words(words, verb))
    else:
        about = {"audit": held.settings.base_url, "exported_on": today.isoformat(), "filter": chosen}
        content = takeaway.lossless(entries, naming, about)
    name = f"audit-{today.isoformat()}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Stream(content, media_type=FORMATS[kind], headers=headers)


def _in_words(words: Any, verb: str) -> str:
    key = f"audit-verb.{verb}"
    return str(words(key)) if key in words else verb


async def _entries(held: Parts, seeing: Seeing, wanted: Wanted) -> AsyncIterator[tuple[Entry, ...]]:
    """Newest first, a piece at a time: no connection is held while somebody's slow line takes it in."""
    before: int | None = None
    while True:
        some = await seeing.page(held, wanted, before, PIECE)
        yield some
        if len(some) < PIECE:
            return
        before = some[-1].number


@get("/organizer/{language:str}/audit/export")
async def back_to_the_audit(request: Asked, language: FromPath[str]) -> Response[bytes]:
    """The address of the export, followed instead of posted to."""
    await gate.signed(request, language)
    return redirect(f"/organizer/{language}/audit")


router = Router(
    path="/",
    include_in_schema=False,
    exception_handlers=gate.HANDLERS,
    route_handlers=[audit_page, export, back_to_the_audit],
)
