"""The count as words that a newspaper can print: true at the moment they name, whoever copies them. Pure.

Small groups are told as "fewer than 10", as the whole is while it is small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from petition.domain.counts import Counts
from petition.words import Words

FEW = 10
# How a signature came, where that is not its signatory's own confirming by mail.
TOLD_METHODS = ("import", "paper")


def sentences(counts: Counts, title: str, labels: Mapping[str, str], address: str, words: Words) -> str:
    """`labels`: category → how it is called; `address`: where the number can be checked."""
    if not counts.total:
        told = words("press.unsigned", title=title, at=counts.as_of) + "."
    else:
        key = "press.signed" if counts.total >= FEW else "press.signed-few"
        told = words.fill(key, {"title": title, "total": counts.total, "at": counts.as_of})
        told += _among(counts, labels, words) + "." + _layers(counts, words)
    if removed := sum(counts.removed.values()):
        told += " " + words("press.removed", number=_number(removed, words))
    return f"{told} {words('press.check', address=address)}"


def _among(counts: Counts, labels: Mapping[str, str], words: Words) -> str:
    groups = [
        words("press.group", label=labels[row.category], number=_number(row.total, words))
        for row in counts.by_category
        if row.total
    ]
    return words("press.among", groups=_listed(groups, words)) if groups else ""


def _layers(counts: Counts, words: Words) -> str:
    layers = {"verified": counts.verified, "awaiting": counts.awaiting_verification}
    layers |= {method: counts.by_method.get(method, 0) for method in TOLD_METHODS}
    told = [words(f"press.{name}", number=_number(number, words)) for name, number in layers.items() if number]
    return " " + words("press.layers", layers=_listed(told, words)) if told else ""


def _number(number: int, words: Words) -> str:
    return words.number(number) if number >= FEW else words("press.few")


def _listed(parts: Sequence[str], words: Words) -> str:
    *earlier, last = parts
    return words("press.comma").join(earlier) + (words("press.and") if earlier else "") + last
