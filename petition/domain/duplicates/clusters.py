"""Who is one person with whom: pairs joined to clusters, the surest first, and not against the odds.

A chain of likely pairs would join strangers: two clusters are joined only if their members, taken together, are likely
to be one person, and a pair that was once told apart keeps its clusters apart for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Final, NamedTuple

_ABSENT: Final = 0.02  # of a pair so unlike that it was not even compared
_AVERAGE: Final = 0.8  # of the threshold, that the average pair between two clusters has to reach
LARGEST: Final = 50  # members of a cluster; a person who signed more often than that is a matter for a human


class Link(NamedTuple):
    """Two members of one cluster; `probability` of a pair that was not likely by itself is its weakest link's."""

    one: int
    other: int
    probability: float


def clusters(
    pairs: Iterable[tuple[int, int, float]], threshold: float, apart: Iterable[tuple[int, int]] = ()
) -> list[list[int]]:
    """Clusters of two or more rows, each in order, from pairs (one, other, probability) and pairs known to differ."""
    known = {(min(one, other), max(one, other)): p for one, other, p in pairs}
    never = {(min(pair), max(pair)) for pair in apart}
    home: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    for (one, other), _ in sorted(known.items(), key=lambda item: (-item[1], item[0])):
        if known[one, other] < threshold:
            break
        a, b = home.setdefault(one, one), home.setdefault(other, other)
        left, right = members.setdefault(a, [a]), members.setdefault(b, [b])
        if a == b or len(left) + len(right) > LARGEST:
            continue
        between = [(min(x, y), max(x, y)) for x in left for y in right]
        if any(pair in never for pair in between):
            continue
        if sum(known.get(pair, _ABSENT) for pair in between) / len(between) < threshold * _AVERAGE:
            continue
        left.extend(right)
        for member in members.pop(b):
            home[member] = a
    return sorted(sorted(found) for found in members.values() if len(found) > 1)


def links(pairs: Iterable[tuple[int, int, float]], found: list[list[int]]) -> list[Link]:
    """Every pair within the clusters."""
    home = {member: number for number, cluster in enumerate(found) for member in cluster}
    inside: list[dict[tuple[int, int], float]] = [{} for _ in found]
    for one, other, probability in pairs:
        if home.get(one, -1) == home.get(other, -2):
            inside[home[one]][min(one, other), max(one, other)] = probability
    answer: list[Link] = []
    for cluster, known in zip(found, inside, strict=True):
        weakest = _weakest_links(cluster, known)
        answer += [Link(one, other, weakest[one, other]) for one, other in combinations(cluster, 2)]
    return answer


def _weakest_links(cluster: list[int], known: dict[tuple[int, int], float]) -> dict[tuple[int, int], float]:
    """For every pair the strongest of the chains between them, each as strong as its weakest link."""
    best: dict[tuple[int, int], float] = {}
    group = {member: [member] for member in cluster}
    for (one, other), probability in sorted(known.items(), key=lambda item: (-item[1], item[0])):
        left, right = group[one], group[other]
        if left is right:
            continue
        for x in left:
            for y in right:
                best[min(x, y), max(x, y)] = probability
        left.extend(right)
        for member in right:
            group[member] = left
    return best | {pair: p for pair, p in known.items() if p > best.get(pair, 0)}
