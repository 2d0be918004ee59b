"""The API's shapes, for its description and for encoding: what a program may rely on."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema

Texts = dict[str, str]
PROBLEM = "application/problem+json"


class CategoryCountShape(msgspec.Struct):
    category: str
    total: int
    verified: int


class MethodsShape(msgspec.Struct):
    mail: int
    invitation: int
    paper: int
    imported: int = msgspec.field(name="import")


class RemovedShape(msgspec.Struct, omit_defaults=True):
    """`erased` is there once somebody erased a counted signature."""

    withdrawn: int
    merged: int
    invalidated: int
    erased: int | None = None


class CountsShape(msgspec.Struct):
    """The categories' totals plus `awaiting_verification` make `total`."""

    petition: str
    goal: int
    total: int
    verified: int
    awaiting_verification: int
    by_category: list[CategoryCountShape]
    by_method: MethodsShape
    removed: RemovedShape
    ledger_size: int
    as_of: datetime


class PressShape(msgspec.Struct):
    """`words` by language; a group of fewer than 10 is not told exactly."""

    petition: str
    as_of: datetime
    words: Texts


class ListedShape(msgspec.Struct):
    slug: str
    status: Literal["upcoming", "open", "paused", "closed", "archived"]
    goal: int
    total: int
    default_language: str
    title: Texts


class CategoryShape(msgspec.Struct):
    slug: str
    claim: Literal["open", "verified"]
    label: Texts


class AddresseeShape(msgspec.Struct):
    name: Texts


class MilestoneShape(msgspec.Struct):
    number: int
    day: date


class DeliveryShape(msgspec.Struct):
    """To whom it was handed over, when, how, by whom, what came back: texts by language, as far as they were given."""

    addressee: Texts
    day: date
    how: Texts
    by: Texts
    answer: Texts


class PetitionShape(ListedShape):
    version: int
    statement: Texts
    publish: Literal["live", "batched"]
    opens_at: datetime | None
    closes_at: datetime | None
    ask_for: Texts
    milestones: list[int]
    categories: list[CategoryShape]
    addressees: list[AddresseeShape]
    pause_message: Texts | None
    milestones_reached: list[MilestoneShape]
    deliveries: list[DeliveryShape]


class DayShape(msgspec.Struct):
    day: date
    counted: int
    removed: int


class TimelineShape(msgspec.Struct):
    petition: str
    days: list[DayShape]


class SignatoryShape(msgspec.Struct):
    """`category` is null while its claim awaits verification."""

    name: str
    category: str | None


class SignatoriesShape(msgspec.Struct):
    """`next` is the `after` of the page that follows, null on the last."""

    petition: str
    signatories: list[SignatoryShape]
    next: str | None


class NamesShape(msgspec.Struct):
    """All of them, as of `day`."""

    petition: str
    day: date
    signatories: list[SignatoryShape]


class AcceptedShape(msgspec.Struct):
    status: Literal["confirmation_sent"]


class FieldProblemShape(msgspec.Struct):
    field: str
    code: str
    detail: str


class ProblemShape(msgspec.Struct, omit_defaults=True):
    """RFC 9457. `errors` for `invalid` alone, `retry_after` (seconds) for `too-many`; `message`: the organizers' own
    words on why signing is paused, by language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retry_after: int | None = None
    errors: list[FieldProblemShape] | None = None
    message: Texts | None = None


def _problem(description: str) -> ResponseSpec:
    return ResponseSpec(ProblemShape, generate_examples=False, description=description, media_type=PROBLEM)


PROBLEMS = {
    400: _problem("What was sent could not be read."),
    404: _problem("There is no such petition, or none that the public may see."),
    429: _problem("Too many from this network; `Retry-After` says when again."),
    503: _problem("The database is away; nothing was stored."),
}
SIGN_PROBLEMS = PROBLEMS | {
    409: _problem("The petition does not take signatures now."),
    413: _problem("More was sent than a form can hold."),
    415: _problem("This is not JSON."),
    422: _problem("Some fields cannot stand; `errors` names them all."),
    429: _problem("Too many from this network; `Retry-After` says when again."),
}


def answers(shape: object, description: str, status: int = 200) -> dict[int, ResponseSpec]:
    """What a reading route answers with, and what it may refuse with."""
    told = ResponseSpec(shape, generate_examples=False, description=description)
    return {status: told, **(PROBLEMS if status == 200 else SIGN_PROBLEMS)}


def _text(description: str, **more: object) -> Schema:
    return Schema(type="string", description=description, **more)  # type: ignore[arg-type]


@dataclass
class Signing(Operation):
    """The body is read by our own hand, which tells a duplicate or damaged field: so it is described by hand too."""

    def __post_init__(self) -> None:
        fields = {
            "full_name": _text("As it is to stand in the list; any script.", min_length=2, max_length=200),
            "email": _text("Confirmed by mail; never published."),
            "category": _text("One of the petition's categories."),
            "affiliation": _text("Where the petition asks for it.", max_length=200),
            "city": _text("Where the petition asks for it.", max_length=200),
            "country": _text("ISO 3166-1 alpha-2, where the petition asks for it."),
            "visibility": _text("How the signatory appears.", enum=["name", "initials", "anonymous"]),
            "consent": _text("The statement was read and is signed.", enum=["yes"]),
            "language": _text("The language it was read in; the petition's own unless given."),
            "invitation": _text("The code of an invitation, if there is one: it vouches for the category."),
            "website": _text("Stays empty.", max_length=0),
        }
        needed = ["full_name", "email", "category", "visibility", "consent"]
        body = Schema(type="object", properties=dict(fields), required=needed)  # type: ignore[arg-type]
        self.request_body = RequestBody(content={"application/json": OpenAPIMediaType(schema=body)}, required=True)
