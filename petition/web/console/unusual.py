"""What stands out among the signatures that came in: on the overview, unasked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from petition.actions.limits import BURST_LEAST
from petition.domain import bursts
from petition.domain.bursts import Unusual
from petition.queries import batches
from petition.queries.petitions import Petition
from petition.web.console import gate
from petition.web.console.gate import Signed
from petition.web.parts import Parts


@dataclass(frozen=True)
class Odd:
    """`kind` is day, domain or burst; `query` leads to a rule that chooses what is meant."""

    kind: str
    facts: Mapping[str, object]
    query: Mapping[str, str]


async def unusual(held: Parts, who: Signed, petition: Petition) -> tuple[Odd, ...]:
    """By burst label for everybody; by mail domain and day once this session has opened the records."""
    found = []
    async with held.database.read() as connection:
        labels = await batches.bursts(connection, petition.id, least=BURST_LEAST)
    for label, day, number in labels:
        found.append(Odd("burst", {"number": number, "day": day, "label": label}, {"burst": label}))
    ring = await gate.ring(held, who, petition.id)
    if ring is None:
        return tuple(found)
    index = held.searches.index(who.session.id, petition.id, ring)
    if not index.whole:
        return tuple(found)
    by_domain = index.domains()
    days: dict[date, int] = {}
    for counted in by_domain.values():
        for day, number in counted.items():
            days[day] = days.get(day, 0) + number
    begun, today = min(days, default=held.today()), held.today()
    if (odd := bursts.unusual(days, today, begun=begun)) is not None:
        found.append(Odd("day", _facts(odd), {"first": odd.day.isoformat(), "last": odd.day.isoformat()}))
    for domain, counted in sorted(by_domain.items()):
        if (odd := bursts.unusual(counted, today, begun=begun)) is not None:
            one_day = {"first": odd.day.isoformat(), "last": odd.day.isoformat()}
            found.append(Odd("domain", {**_facts(odd), "domain": domain}, {"domain": domain, **one_day}))
    return tuple(found)


def _facts(odd: Unusual) -> dict[str, object]:
    return {"number": odd.number, "day": odd.day, "usual": odd.usual}
