"""The ledger's fold, against a second way of counting, over any history that can happen."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.domain import ledger, sealing
from petition.domain.ledger import Broken, Tally

CATEGORIES = ("independents", "fsa", "journalists")
SECRET = bytes(32)


def counted(category: str | None, method: str = "mail") -> bytes:
    return ledger.counted("p", category, method, SECRET, SECRET)


def act(event: str, of: int, category: str | None = None, reason: str | None = None) -> bytes:
    return ledger.act("p", event, of, category, reason)


@st.composite
def histories(draw: st.DrawFn) -> list[bytes]:
    """Entries in an order that can happen: each act names a line that is there, in a state that allows it."""
    entries: list[bytes] = []
    standing: dict[int, bool] = {}
    for _ in range(draw(st.integers(0, 40))):
        live = [index for index, counts in standing.items() if counts]
        gone = [index for index, counts in standing.items() if not counts]
        choices = ["counted"] + ["verified", "moved", "removed"] * bool(live) + ["restored"] * bool(gone)
        event = draw(st.sampled_from(choices))
        if event == "counted":
            standing[len(entries)] = True
            entries.append(
                counted(draw(st.sampled_from((*CATEGORIES, None))), draw(st.sampled_from(("mail", "paper"))))
            )
            continue
        of = draw(st.sampled_from(gone if event == "restored" else live))
        standing[of] = event != "removed"
        category = draw(st.sampled_from(CATEGORIES if event == "verified" else (*CATEGORIES, None)))
        reason = draw(st.sampled_from(("withdrawn", "merged", "invalidated", "erased")))
        entries.append(act(event, of, category, reason))
    return entries


def recounted(entries: list[bytes]) -> dict[str, object]:
    """A stranger's script: line by line, nothing kept but the lines."""
    lines: dict[int, dict[str, object]] = {}
    for index, body in enumerate(entries):
        entry = json.loads(body)
        if entry["event"] == "counted":
            lines[index] = {"category": entry["category"], "method": entry["method"], "verified": False, "gone": None}
        elif entry["event"] in ("verified", "moved"):
            line = lines[entry["of"]]
            line["category"] = entry["category"]
            line["verified"] = entry["event"] == "verified" or (line["verified"] and entry["category"] is not None)
        else:
            lines[entry["of"]]["gone"] = entry.get("reason")
    live = [line for line in lines.values() if line["gone"] is None]
    return {
        "total": len(live),
        "verified": sum(bool(line["verified"]) for line in live),
        "awaiting": sum(line["category"] is None for line in live),
        "categories": Counter(line["category"] for line in live if line["category"] is not None),
        "methods": Counter(line["method"] for line in live),
        "removed": Counter(line["gone"] for line in lines.values() if line["gone"] is not None),
    }


@given(histories())
def test_the_fold_agrees_with_a_strangers_recount(entries: list[bytes]) -> None:
    tally, expected = ledger.fold(entries), recounted(entries)
    assert tally.size == len(entries)
    assert tally.total == expected["total"]
    assert tally.verified == expected["verified"]
    assert tally.awaiting == expected["awaiting"]
    assert Counter({slug: pair[0] for slug, pair in tally.by_category.items()}) == expected["categories"]
    assert Counter(tally.by_method) == expected["methods"]
    assert Counter(tally.removed) == expected["removed"]


@given(histories())
def test_categories_and_awaiting_always_make_the_total(entries: list[bytes]) -> None:
    tally = ledger.fold(entries)
    assert sum(pair[0] for pair in tally.by_category.values()) + tally.awaiting == tally.total
    assert sum(tally.by_method.values()) == tally.total


@given(histories(), st.data())
def test_one_lines_own_entries_say_where_it_stands(entries: list[bytes], data: st.DataObject) -> None:
    lines = [index for index, body in enumerate(entries) if b'"counted"' in body]
    if not lines:
        return
    of = data.draw(st.sampled_from(lines))
    own = [(i, body) for i, body in enumerate(entries) if i == of or json.loads(body).get("of") == of]
    line = ledger.line_of(own)
    assert line is not None
    assert line.index == of
    alone = ledger.fold([body.replace(b'"of":%d' % of, b'"of":0') for _, body in own])
    assert alone.total == (line.removed is None)
    assert alone.verified == (line.verified and line.removed is None)


@pytest.mark.parametrize(
    "entries",
    [
        [act("removed", 0, reason="withdrawn")],
        [counted("fsa"), act("removed", 0, reason="withdrawn"), act("removed", 0, reason="withdrawn")],
        [counted("fsa"), act("restored", 0)],
        [counted("fsa"), act("removed", 0, reason="merged"), act("verified", 0, "fsa")],
        [counted("fsa"), act("verified", 1, "fsa")],
        [counted("fsa").replace(b",", b", ")],
        [counted("fsa").replace(b'"v":1', b'"v":2')],
    ],
    ids=[
        "of nothing",
        "removed twice",
        "restored alive",
        "verified dead",
        "of itself",
        "not canonical",
        "other version",
    ],
)
def test_a_contradiction_is_never_folded(entries: list[bytes]) -> None:
    with pytest.raises(Broken):
        ledger.fold(entries)


def test_an_entry_is_written_as_the_contract_says() -> None:
    entry = ledger.counted("boycott-sochi", None, "mail", b"\x01" * 32, b"\x02" * 32)
    assert entry == (
        b'{"bind":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=","category":null,"event":"counted","method":"mail",'
        b'"petition":"boycott-sochi","receipt":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=","v":1}'
    )
    assert act("removed", 7, reason="erased") == b'{"event":"removed","of":7,"petition":"p","reason":"erased","v":1}'
    assert act("moved", 7, None) == b'{"category":null,"event":"moved","of":7,"petition":"p","v":1}'


def test_an_empty_ledger_counts_nothing() -> None:
    assert ledger.fold([]) == Tally()


def test_an_entry_is_canonical_whatever_its_words() -> None:
    for word in ('a"b', "back\\slash", "\x7f\n", "ناشطون", "\u2028", "😀", ""):
        body = ledger.counted(word, word, word, SECRET, b"\xff" * 32)
        entry = json.loads(body)
        assert body == sealing.canonical(entry)
        assert (entry["petition"], entry["category"], entry["method"]) == (word, word, word)
    assert json.loads(ledger.counted("p", None, "mail", SECRET, SECRET))["category"] is None
