"""The petition editor's form: a petition as flat fields, and the fields again as what its file would say.

Rules are not here: what `given` makes is checked by domain/petition_file.py like any file. What nobody touched
stays exactly as it is stored, even where a browser would not send it back so (line ends, fractions of a second).

    shown(petition) ──→ fields ──→ a browser ──→ values ──→ given(values, petition) ──→ petition_file.check
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from petition.domain import petition_file
from petition.domain.petition_file import ASKED, GOAL_LIMIT, Faulty, PetitionFile, Place
from petition.errors import FieldRefused, Invalid
from petition.queries import petitions
from petition.queries.petitions import Petition

Values = Mapping[str, str]
CHOICES = ("status", "default_language", "publish")
MOMENTS = ("opens_at", "closes_at")
FLAGS = ("reminder", "second_entry")
TEXTS = ("title", "statement", "pause_message")
ROWS = {"categories": "category", "addressees": "addressee"}
BLANK_ROWS = 2
_ROW = re.compile(r"(category|addressee)-(\d{1,3})-([a-z-]+)")
_GROUPED = re.compile(r"\d{1,3}([,٬]\d{3})+")
_OF_LINES = ("statement-", "pause_message-", "milestones")


@dataclass(frozen=True, slots=True)
class Row:
    """A category or an addressee in the form. `fixed`: it is stored already, so its slug stays."""

    number: int
    values: Mapping[str, str]
    fixed: bool = False

    def get(self, name: str) -> str:
        return self.values.get(name, "")


def shown(petition: Petition, languages: Iterable[str]) -> dict[str, str]:
    """Every field as it stands."""
    values = {name: str(getattr(petition, name)) for name in (*CHOICES, "goal")}
    for name in MOMENTS:
        moment: datetime | None = getattr(petition, name)
        values[name] = "" if moment is None else _local(moment)
    values["milestones"] = "\n".join(map(str, petition.milestones))
    values |= {name: "yes" if getattr(petition, name) else "" for name in FLAGS}
    values |= {f"ask_for-{field}": petition.ask_for.get(field, "") for field in ASKED}
    for language in languages:
        for name in TEXTS:
            values[f"{name}-{language}"] = (getattr(petition, name) or {}).get(language, "")
        for n, category in enumerate(petition.categories):
            values[f"category-{n}-label-{language}"] = category.label.get(language, "")
        for n, addressee in enumerate(petition.addressees):
            values[f"addressee-{n}-name-{language}"] = addressee.name.get(language, "")
    for n, category in enumerate(petition.categories):
        told = {"slug": category.slug, "claim": category.claim, "position": str(n + 1)}
        told["retired"] = "yes" if category.retired else ""
        values |= {f"category-{n}-{name}": value for name, value in told.items()}
    values |= {f"addressee-{n}-position": str(n + 1) for n in range(len(petition.addressees))}
    return values


def _local(moment: datetime) -> str:
    """As a field for day and time has it, in UTC."""
    moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "auto").removesuffix(":00")


def rows(values: Values, key: str, petition: Petition) -> list[Row]:
    """The rows of `categories` or `addressees` in which something stands."""
    gathered: dict[int, dict[str, str]] = {}
    for name, value in values.items():
        match = _ROW.fullmatch(name)
        if match and match[1] == ROWS[key]:
            gathered.setdefault(int(match[2]), {})[match[3]] = _plain(name, value)
    known = {category.slug for category in petition.categories}
    return [
        Row(number, row, row.get("slug") in known)
        for number, row in sorted(gathered.items())
        if row.get("slug") or any(value for name, value in row.items() if name.startswith(("label-", "name-")))
    ]


def with_blanks(found: Sequence[Row]) -> list[Row]:
    """And some more to be filled in."""
    free = max((row.number for row in found), default=-1) + 1
    return [*found, *(Row(free + n, {}) for n in range(BLANK_ROWS))]


def unfolded(row: Row, wrong: Iterable[str]) -> bool:
    """A new category while it is being made; any other that something is wrong with."""
    fresh = bool(row.values) and not row.fixed
    return fresh or any(name.startswith(f"{ROWS['categories']}-{row.number}-") for name in wrong)


def _plain(name: str, value: str) -> str:
    """A value as any browser would send it: its line ends, and none in a field of one line."""
    value = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    return value if name.startswith(_OF_LINES) else value.replace("\n", "")


def grouped(values: Values, petition: Petition, languages: Iterable[str]) -> dict[str, Any]:
    """What can be told apart as touched or not: each field alone; categories and addressees as a whole."""
    singles = [*CHOICES, "goal", *MOMENTS, "milestones", *FLAGS, *(f"ask_for-{field}" for field in ASKED)]
    singles += [f"{name}-{language}" for name in TEXTS for language in languages]
    found: dict[str, Any] = {name: _plain(name, values.get(name, "")) for name in singles}
    for key in ROWS:
        told = rows(values, key, petition)
        found[key] = [{name: value for name, value in row.values.items() if value} for row in told]
    return found


def digests(groups: Mapping[str, Any]) -> str:
    """What the form was made from, to travel in it: so it can be told later who changed what."""
    return json.dumps({name: _digest(value) for name, value in groups.items()})


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def given(values: Values, petition: Petition, languages: Sequence[str]) -> PetitionFile:
    """The petition as these fields would have it; `Invalid` with every field that cannot stand."""
    typed = grouped(values, petition, languages)
    stands = grouped(shown(petition, languages), petition, languages)
    told = _told(petition)
    order = {
        "categories": [n for n, category in enumerate(petition.categories) if not category.retired],
        "addressees": list(range(len(petition.addressees))),
    }
    wrong: dict[str, FieldRefused] = {}
    for name, value in typed.items():
        if value == stands[name]:
            continue
        if name in ROWS:
            standing = [row for row in rows(values, name, petition) if not row.get("retired")]
            standing = _in_order(standing, ROWS[name], wrong)
            told[name], order[name] = [_row(row, name) for row in standing], [row.number for row in standing]
        else:
            _put(told, name, value)
    try:
        file = petition_file.check(told, languages)
    except Faulty as faulty:
        refused = {_name(fault.place, order): fault.refused for fault in reversed(faulty.faults)}
        raise Invalid({**dict(reversed(refused.items())), **wrong}) from None
    if wrong:
        raise Invalid(wrong)
    return file


def _told(petition: Petition) -> dict[str, Any]:
    """What the petition's file would say, as its tables are read."""
    told = asdict(petitions.as_file(petition))
    told |= {"milestones": list(petition.milestones), "categories": list(told["categories"])}
    told["addressees"] = [{"name": name} for name in told["addressees"]]
    return {key: value for key, value in told.items() if value is not None}


def _put(told: dict[str, Any], name: str, value: str) -> None:
    """One field into the file's tables; what cannot be read goes in as it is, for the rules to refuse."""
    key, _, of = name.partition("-")
    if of:
        texts = dict(told.get(key) or {})
        texts.pop(of, None)
        told[key] = {**texts, of: value} if value else texts
        if key == "pause_message" and not told[key]:
            del told[key]
    elif key in FLAGS:
        told[key] = value == "yes"
    elif key == "milestones":
        told[key] = [_number(line) for line in value.split("\n") if line.strip()]
    elif not value and key not in CHOICES:
        told.pop(key, None)
    elif key == "goal":
        told[key] = _number(value)
    else:
        told[key] = _moment(value) if key in MOMENTS else value


def _number(text: str) -> int | str:
    """In any digits, thousands set apart or not."""
    text = text.strip()
    if _GROUPED.fullmatch(text):
        text = re.sub("[,٬]", "", text)
    return int(text) if text.isdecimal() and len(text) < 12 else text


def _moment(text: str) -> datetime | str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_order(found: list[Row], kind: str, wrong: dict[str, FieldRefused]) -> list[Row]:
    """By the places typed; without one, at the end."""
    places: dict[int, int] = {}
    for row in found:
        place = _number(row.get("position")) if row.get("position") else GOAL_LIMIT
        if not isinstance(place, int):
            wrong[f"{kind}-{row.number}-position"] = FieldRefused("whole-number", limit=len(found))
            place = GOAL_LIMIT
        places[row.number] = place
    return sorted(found, key=lambda row: (places[row.number], row.number))


def _row(row: Row, key: str) -> dict[str, Any]:
    part = "label" if key == "categories" else "name"
    texts = {
        name.partition("-")[2]: value for name, value in row.values.items() if value and name.startswith(f"{part}-")
    }
    return {"slug": row.get("slug"), "claim": row.get("claim"), part: texts} if key == "categories" else {part: texts}


def _name(place: Place, order: Mapping[str, Sequence[int]]) -> str:
    """The field at which the rules found a fault."""
    key, *more = place
    if key in ROWS and more:
        nth, *more = more
        assert isinstance(nth, int)
        more = [ROWS[str(key)], order[str(key)][nth], *more]
        return "-".join(map(str, more))
    return "-".join(map(str, place))


@dataclass(frozen=True, slots=True)
class Merged:
    """A form that came after somebody else's change: `theirs` names what they changed; `mine` is what was typed
    over something of theirs, now out of the form."""

    values: Values
    theirs: tuple[str, ...]
    mine: Mapping[str, str]


def merged(values: Values, was: str, petition: Petition, languages: Sequence[str]) -> Merged:
    """What one alone changed stands in the form, whoever it was. Where both did, theirs does."""
    now = shown(petition, languages)
    typed, stands = grouped(values, petition, languages), grouped(now, petition, languages)
    before = _before(was)
    fresh, theirs, mine = dict(now), [], {}
    for name, value in stands.items():
        by_them, by_me = _digest(value) != before.get(name), _digest(typed[name]) != before.get(name)
        if by_them:
            theirs.append(name)
        if by_me and not by_them:
            prefix = f"{ROWS[name]}-" if name in ROWS else None
            fresh = {n: v for n, v in fresh.items() if not (prefix and n.startswith(prefix))}
            fresh |= {n: v for n, v in values.items() if (n.startswith(prefix) if prefix else n == name)}
            if name in FLAGS:
                fresh[name] = typed[name]
        elif by_me and typed[name] != value:
            mine[name] = _said(typed[name])
    return Merged(fresh, tuple(theirs), mine)


def _before(was: str) -> Mapping[str, Any]:
    try:
        found = json.loads(was)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "\n".join(" · ".join(row.values()) for row in value)
