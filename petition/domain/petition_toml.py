"""A petition as the text of its file: what `petition_file.parse` reads back as the very same.

TOML 1.0 (https://toml.io/en/v1.0.0), as much of it as this one shape needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from petition.domain.petition_file import ASKED, PetitionFile

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
# What a basic string may not hold as it is; a string of several lines may hold tabs and line feeds.
_IN_A_LINE = re.compile(r'[\x00-\x1f\x7f"\\]')
_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\\]")
# Three in a row, or one at the end, would be read as the end.
_QUOTES = re.compile(r'"{2,}|"\Z')


def written(file: PetitionFile) -> str:
    """The whole file, its keys in the order of the contract."""
    lines = [f"slug = {text(file.slug)}", f"status = {text(file.status)}"]
    if file.pause_message is not None:
        lines.append(f"pause_message = {_inline(file.pause_message)}")
    lines += [
        f"goal = {file.goal}",
        f"default_language = {text(file.default_language)}",
        f"publish = {text(file.publish)}",
    ]
    for key, moment in (("opens_at", file.opens_at), ("closes_at", file.closes_at)):
        if moment is not None:
            lines.append(f"{key} = {_moment(moment)}")
    lines += [
        f"ask_for = {_inline({field: file.ask_for[field] for field in ASKED if field in file.ask_for})}",
        f"milestones = [{', '.join(map(str, file.milestones))}]",
        f"reminder = {'true' if file.reminder else 'false'}",
        *(["second_entry = true"] if file.second_entry else []),
        "",
        "[title]",
        *(f"{_key(language)} = {text(title)}" for language, title in file.title.items()),
        "",
        "[statement]",
        *(f"{_key(language)} = {long_text(statement)}" for language, statement in file.statement.items()),
    ]
    for category in file.categories:
        lines += ["", "[[categories]]", f"slug = {text(category['slug'])}", f"claim = {text(category['claim'])}"]
        lines.append(f"label = {_inline(category['label'])}")
    return "\n".join([*lines, *_addressees(file.addressees), ""])


def text(value: str) -> str:
    """One line between quotes."""
    return f'"{_IN_A_LINE.sub(_escaped, value)}"'


def long_text(value: str) -> str:
    """Between three quotes, its lines as lines. The line feed right after the opening quotes is not part of it."""
    escaped = _IN_LINES.sub(_escaped, value)
    return '"""\n' + _QUOTES.sub(lambda quotes: quotes[0].replace('"', '\\"'), escaped) + '"""'


def _escaped(found: re.Match[str]) -> str:
    return _SHORT.get(found[0]) or f"\\u{ord(found[0]):04X}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else text(name)


def _inline(texts: Mapping[str, str]) -> str:
    pairs = ", ".join(f"{_key(name)} = {text(value)}" for name, value in texts.items())
    return f"{{ {pairs} }}" if pairs else "{}"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _addressees(addressees: Sequence[Mapping[str, str]]) -> list[str]:
    return [line for name in addressees for line in ("", "[[addressees]]", f"name = {_inline(name)}")]
