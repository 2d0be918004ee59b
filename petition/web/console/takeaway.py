"""The audit as a file: CSV to be read, JSON to be checked. Written piece by piece; shared with nobody's memory."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from petition.domain import tabular
from petition.queries.audit import Entry
from petition.words import Words

HASHED = ("number", "day", "organizer_id", "petition_id", "verb", "subject", "facts")
HOW = (
    "head = SHA-256(head_before || entry), both as bytes; entry as JSON with its keys sorted, no spaces, in UTF-8. "
    "Where number - 1 is listed too, its head is this entry's head_before. Of entries left out by the filter, or not "
    "yours to see, only their heads show: two people's files must agree in every head that both have."
)
Entries = AsyncIterator[tuple[Entry, ...]]


@dataclass(frozen=True, slots=True)
class Naming:
    """How what was written by ids is said: people's addresses, petitions' slugs."""

    people: Mapping[bytes, str]
    petitions: Mapping[bytes, str]

    def who(self, entry: Entry) -> str:
        return "" if entry.organizer_id is None else self.people.get(entry.organizer_id, entry.organizer_id.hex())

    def petition(self, entry: Entry) -> str:
        return "" if entry.petition_id is None else self.petitions.get(entry.petition_id, entry.petition_id.hex())

    def subject(self, entry: Entry) -> str:
        return "" if entry.subject is None else self.people.get(entry.subject, entry.subject.hex())


def plain(entry: Entry) -> dict[str, Any]:
    """What is hashed of an entry, as it is hashed."""
    found = {name: getattr(entry, name) for name in HASHED}
    return {
        name: value.hex() if isinstance(value, bytes) else str(value) if isinstance(value, date) else value
        for name, value in found.items()
    }


async def csv(entries: Entries, naming: Naming, words: Words, what: Callable[[str], str]) -> AsyncIterator[bytes]:
    """`what`: a verb in words."""
    names = [words(f"audit.{name}") for name in ("number", "day", "who", "what", "petition", "subject", "facts")]
    yield tabular.BOM.encode() + tabular.csv_bytes([[*names, "verb", "head"]])
    async for some in entries:
        yield tabular.csv_bytes(
            (
                str(entry.number),
                entry.day.isoformat(),
                naming.who(entry) or words("audit.operator"),
                what(entry.verb),
                naming.petition(entry),
                naming.subject(entry),
                json.dumps(entry.facts, ensure_ascii=False, sort_keys=True) if entry.facts else "",
                entry.verb,
                entry.head.hex(),
            )
            for entry in some
        )


async def lossless(entries: Entries, naming: Naming, about: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """One JSON object; `about` leads it. An object that was cut off on its way does not parse."""
    lead = json.dumps({**about, "how": HOW}, ensure_ascii=False)
    yield f'{lead[:-1]}, "entries": ['.encode()
    between = "\n"
    async for some in entries:
        lines = []
        for entry in some:
            told = {
                "entry": plain(entry),
                "head_before": entry.head_before.hex() if entry.head_before else bytes(32).hex(),
                "head": entry.head.hex(),
                "who": naming.who(entry) or None,
                "petition": naming.petition(entry) or None,
            }
            lines.append(json.dumps(told, ensure_ascii=False))
        if lines:
            yield (between + ",\n".join(lines)).encode("utf-8", "replace")
            between = ",\n"
    yield b"\n]}\n"
