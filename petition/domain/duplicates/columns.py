"""Which columns of a list make which field of a record: by our own names first, else by what others call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from petition.domain.delimited import Unreadable, columns_of
from petition.domain.duplicates.records import FIELDS

NAMES: Final = ("id", *FIELDS, "given_name", "surname")
# Taken only where the field's own column is missing; the first that is there, or all of those in one pair of brackets.
_ELSE: Final[Mapping[str, Sequence[tuple[str, ...]]]] = {
    "id": (("rec_id",), ("record_id",)),
    "full_name": (("name",),),
    "given_name": (("first_name",), ("forename",)),
    "surname": (("last_name",), ("family_name",)),
    "email": (("e_mail",), ("mail",), ("email_address",)),
    "phone": (("telephone",), ("phone_number",), ("mobile",)),
    "city": (("suburb",), ("town",)),
    "affiliation": (("organisation",), ("organization",), ("employer",)),
    "date_of_birth": (("birth_date",), ("birthdate",), ("dob",)),
    "address": (("street_number", "address_1", "address_2"), ("street_number", "street"), ("street",)),
    "postcode": (("post_code",), ("postal_code",), ("zip_code",), ("zip",)),
    "national_id": (("soc_sec_id",), ("ssn",)),
}


@dataclass(frozen=True)
class Columns:
    """`at`: the places whose cells make a field, joined by blanks. `taken`: field → columns of other names that are
    used; `alike`: columns that are not used and may be misspelled → what they may be meant for.
    """

    at: Mapping[str, tuple[int, ...]]
    taken: Mapping[str, tuple[str, ...]]
    alike: Mapping[str, str]


def columns(header: Sequence[str]) -> Columns:
    """`Unreadable` where there is no id, no name, or one column twice."""
    known = {*NAMES, *(name for ways in _ELSE.values() for way in ways for name in way)}
    found, alike = columns_of(header, (*NAMES, *sorted(known - {*NAMES})))
    at: dict[str, tuple[int, ...]] = {name: (found[name],) for name in NAMES if name in found}
    taken: dict[str, tuple[str, ...]] = {}
    for field, ways in _ELSE.items():
        way = next((way for way in ways if any(name in found for name in way)), ())
        there = tuple(name for name in way if name in found)
        if there and field not in at:
            at[field], taken[field] = tuple(found[name] for name in there), there
    alike = {written: meant for written, meant in alike.items() if meant in NAMES and meant not in at}
    hint = "".join(f"; is {written!r} meant for {meant}?" for written, meant in alike.items())
    if "id" not in at:
        raise Unreadable(1, f"there is no column id{hint}")
    parts = [at.pop(name, ()) for name in ("given_name", "surname")]
    if "full_name" in taken and all(parts):
        del at["full_name"], taken["full_name"]
    if "full_name" in at:
        taken = {field: names for field, names in taken.items() if field not in ("given_name", "surname")}
    elif all(parts):
        at["full_name"] = (*parts[0], *parts[1])
    else:
        raise Unreadable(1, f"there is no column full_name, nor given_name and surname{hint}")
    return Columns(at, taken, alike)
