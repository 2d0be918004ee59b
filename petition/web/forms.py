"""A form or JSON body becomes a plain mapping of texts: shape only, and what was typed is kept for showing again."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from petition.domain import submission
from petition.domain.submission import Rules, Submission
from petition.errors import FieldRefused, Invalid, PetitionError
from petition.web.parts import Asked

MOST_FIELDS = 60
# A form's language is its page's own.
JSON_FIELDS = (*submission.FIELDS, "language")


class UnsupportedBody(PetitionError):
    code = "unsupported-media-type"


class BadBody(PetitionError):
    code = "bad-request"


class UnknownFormat(PetitionError):
    code = "unknown-format"


@dataclass(frozen=True, slots=True)
class Typed:
    """`values` by field name, and what was already wrong with their shape."""

    values: Mapping[str, str]
    wrong: Mapping[str, FieldRefused]

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    def refuse(self, name: str, code: str) -> "Typed":
        """With one more field found wrong, unless it was already."""
        return replace(self, wrong={name: FieldRefused(code), **self.wrong})

    def submission(self, rules: Rules) -> Submission:
        """Checked by the rules that every door shares; `Invalid` names every field at once."""
        try:
            checked = submission.check(rules, self.values)
        except Invalid as invalid:
            raise Invalid({**invalid.fields, **self.wrong}) from None
        if self.wrong:
            raise Invalid(self.wrong)
        return checked


async def form(request: Asked, *, most: int = MOST_FIELDS, fields: Collection[str] | None = submission.FIELDS) -> Typed:
    """An urlencoded form of at most so many fields. An empty body is an empty form, whatever it calls itself.

    `fields` are those whose shape is looked at; None for all.
    """
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body:
        return Typed({}, {})
    if kind != "application/x-www-form-urlencoded":
        raise UnsupportedBody()
    try:
        # Undecodable bytes become lone surrogates here, so that the field they stand in can be named.
        text = body.decode("utf-8", "surrogateescape")
        pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=most)
    except ValueError:
        raise BadBody() from None
    return _typed(pairs, fields)


async def json_object(request: Asked) -> Typed:
    """A JSON object of texts."""
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise UnsupportedBody()
    try:
        pairs = json.loads(body, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        raise BadBody() from None
    if not isinstance(pairs, _Pairs) or len(pairs) > MOST_FIELDS:
        raise BadBody()
    return _typed(pairs, JSON_FIELDS)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its names as they came, twice if they came twice; no array is one."""


def _typed(pairs: Iterable[tuple[str, Any]], fields: Collection[str] | None) -> Typed:
    values: dict[str, str] = {}
    wrong: dict[str, FieldRefused] = {}
    for name, value in pairs:
        if value is None:
            continue
        if name in values and (fields is None or name in fields):
            wrong[name] = FieldRefused("duplicated")
        elif not isinstance(value, str):
            wrong[name] = FieldRefused("not-text")
        elif not _is_text(value):
            wrong[name] = FieldRefused("not-utf8")
            value = value.encode("utf-8", "replace").decode()
        values.setdefault(name, value if isinstance(value, str) else "")
    return Typed(values, {name: why for name, why in wrong.items() if fields is None or name in fields})


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
