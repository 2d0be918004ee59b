"""Why two records are taken for one person, or not: codes and facts, which whoever shows them puts into words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations
from typing import Final

from petition.domain.duplicates.index import Index
from petition.domain.duplicates.records import Record
from petition.domain.names.letters import arabic, plain
from petition.domain.names.likeness import SAME, word_likeness
from petition.domain.names.words import Word, words

# What a feature's ending says of its field; endings that only weigh (rare, common) say nothing by themselves.
_TOLD: Final = {
    "same": "same", "plain": "same", "near": "near", "part": "near", "letters": "letters", "digits": "digits",
    "other": "other",
}  # fmt: skip
_FIELDS: Final = {"born": "date_of_birth", "mail": "email"}
_FAMILY: Final = {"father": "father", "crossed": "father"}


@dataclass(frozen=True)
class Reason:
    """`code`: same, spelled, script, near, initial, missing, other for a word of the name; order, father of the name;
    same, near, letters, digits, other of a field, and local for addresses that are the same before the @.

    `field`: name, or the record's field. `place`: which word of the name: given, middle, family. `one`, `other`: how
    the two wrote it. `weight`: what it adds to the log-odds, all reasons of a field together: it stands with the first.
    """

    code: str
    field: str
    weight: float
    place: str = ""
    one: str = ""
    other: str = ""


def reasons(index: Index, one: int, other: int, first: Record, second: Record) -> list[Reason]:
    """For two kept records; the name word by word, then the fields, what weighs most first."""
    evidence = index.evidence(one, other)
    told: list[Reason] = []
    weights: dict[str, float] = {}
    codes: dict[str, str] = {}
    for feature, weight in evidence.items():
        start, _, ending = feature.rpartition("_")
        field = _FIELDS.get(start, start)
        if field in Record.__dataclass_fields__:
            weights[field] = weights.get(field, 0.0) + weight
            codes[field] = _TOLD.get(ending, codes.get(field, ""))
    for field, code in codes.items():
        if code:
            told.append(
                Reason(
                    code, field, weights[field], one=getattr(first, field).strip(), other=getattr(second, field).strip()
                )
            )
    told = [_worded(reason) for reason in told]
    told.sort(key=lambda reason: (-abs(reason.weight), reason.field))
    names = [weight for feature, weight in evidence.items() if feature != "size"]
    return _of_names(first, second, sum(names) - sum(weights.values()), evidence) + told


def _worded(reason: Reason) -> Reason:
    """Addresses are compared by what stands before the @: the same there is not yet the same address."""
    if (reason.field, reason.code) == ("email", "same") and reason.one.casefold() != reason.other.casefold():
        return replace(reason, code="local")
    return reason


def _of_names(first: Record, second: Record, weight: float, evidence: dict[str, float]) -> list[Reason]:
    left, right = words(first.full_name), words(second.full_name)
    told: list[Reason] = []
    taken = _matched(left, right)
    for i, j in sorted(taken.items()):
        told.append(Reason(_word_code(left[i], right[j]), "name", 0.0, _place(i, left), left[i].text, right[j].text))
    lone = [i for i in range(len(left)) if i not in taken]
    lone_other = [j for j in range(len(right)) if j not in taken.values()]
    for i, j in zip(lone, lone_other, strict=False):
        told.append(Reason("other", "name", 0.0, _place(i, left), left[i].text, right[j].text))
    for i in lone[len(lone_other) :]:
        told.append(Reason("missing", "name", 0.0, _place(i, left), one=left[i].text))
    for j in lone_other[len(lone) :]:
        told.append(Reason("missing", "name", 0.0, _place(j, right), other=right[j].text))
    if "swapped" in evidence:
        told.append(Reason("order", "name", 0.0))
    if evidence.keys() & _FAMILY.keys():
        told.append(Reason("father", "name", 0.0))
    if told:
        told[0] = Reason(told[0].code, "name", weight, told[0].place, told[0].one, told[0].other)
    return told


def _matched(left: tuple[Word, ...], right: tuple[Word, ...]) -> dict[int, int]:
    """Which word of the one is which of the other, in the order that fits best."""
    alike = [[word_likeness(one, other) for other in right] for one in left]
    short = min(len(left), len(right), 4)
    best: dict[int, int] = {}
    most = -1.0
    for chosen in permutations(range(len(left)), short):
        for partners in permutations(range(len(right)), short) if chosen == tuple(sorted(chosen)) else ():
            fit = sum(max(0.0, alike[i][j] - SAME / 2) for i, j in zip(chosen, partners, strict=True))
            if fit > most + 1e-9:
                most, best = fit, dict(zip(chosen, partners, strict=True))
    return {i: j for i, j in best.items() if alike[i][j] > SAME / 2}


def _word_code(one: Word, other: Word) -> str:
    if one.initial or other.initial:
        return "initial"
    if plain(one.text) == plain(other.text):
        return "same"
    if word_likeness(one, other) < SAME:
        return "near"
    return "script" if arabic(one.text) != arabic(other.text) else "spelled"


def _place(at: int, name: tuple[Word, ...]) -> str:
    return "given" if at == 0 else "family" if at == len(name) - 1 else "middle"
