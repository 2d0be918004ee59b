"""Duplicates: found across scripts and slips, explained, never by a common name alone, the same in any order."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petition.domain.duplicates.clusters import clusters, links
from petition.domain.duplicates.dates import born
from petition.domain.duplicates.evidence import FEATURES
from petition.domain.duplicates.index import SURE, THRESHOLD, Index, shift_of
from petition.domain.duplicates.reasons import Reason, reasons
from petition.domain.duplicates.records import Record, code, mail, phone
from petition.domain.duplicates.weights import WEIGHTS
from petition.places import places

GIVEN = (
    "Ahmad Omar Khaled Youssef Samir Layla Rana Huda Nour Ziad Fadi Maher Hala Salma Karim Tarek Wael Mona Rima Jamal"
).split()
FAMILY = (
    "Haddad Khoury Shami Halabi Hariri Qabbani Masri Najjar Sabbagh Attar Kurdi Homsi Hamwi Zoubi Rifai Bitar Akkad"
).split()
SALAM = Record("محمد سلّوم الدروبي", "m.droubi81@gmail.com", "0944 123 456", "حمص", "سوريا", "نقابة المهندسين")


def crowd(size: int, seed: int = 1) -> list[Record]:
    """People who have nothing to do with each other, save that names and towns recur."""
    chance = random.Random(seed)
    return [
        Record(
            f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}{chance.choice('aeiou')}{chance.choice('bdfklmnrst')}",
            f"{chance.choice(GIVEN).lower()}{chance.randrange(10**6)}@example.org",
            city=chance.choice(["Damascus", "Homs", "Berlin", "Paris", ""]),
        )
        for _ in range(size)
    ]


def index_of(*records: Record, among: int = 800) -> Index:
    """The records first, then a crowd."""
    index = Index(places())
    index.extend([*records, *crowd(among)])
    return index


def chance_of(index: Index, one: int, other: int) -> float:
    return float(index.probability(np.array([one]), np.array([other]))[0])


def found(index: Index, least: float = THRESHOLD) -> dict[tuple[int, int], float]:
    return {
        (int(one), int(other)): float(probability)
        for batch in index.pairs(least)
        for one, other, probability in zip(*batch, strict=True)
    }


@pytest.mark.parametrize(
    "other",
    [
        Record("Mohamad Salloum Droubi", "m.droubi81@yahoo.com", city="Homs"),
        Record("الدروبي محمد", "", "+963 944 123 456", "حمص"),
        Record("Dr. M. S. Al-Droubi", "m.droubi81+news@gmail.com", country="Syrie"),
        Record("محمد سلوم الدروبى", "mdroubi81@gmail.com", city="Hims", affiliation="Order of Engineers"),
        Record("Mohammed Droubi", "", "00963944123456", "Homs", "Syria", "Engineers Syndicate"),
    ],
    ids=lambda record: record.full_name,
)
def test_one_person_is_found_however_they_write_themselves(other: Record) -> None:
    index = index_of(SALAM, other)
    assert chance_of(index, 0, 1) > SURE
    assert (0, 1) in found(index)


@pytest.mark.parametrize(
    "other",
    [
        Record("Hassan Droubi", "h.droubi@gmail.com", city="Homs"),
        Record("سلّوم الدروبي", "s.droubi@gmail.com", city="حمص"),  # the father
        Record("Mohamad Haddad", "m.haddad@gmail.com", city="Homs", affiliation="Engineers Syndicate"),
    ],
    ids=lambda record: record.full_name,
)
def test_who_belongs_to_the_family_or_the_office_is_somebody_else(other: Record) -> None:
    index = index_of(SALAM, other)
    assert chance_of(index, 0, 1) < THRESHOLD


def test_a_sister_at_the_same_telephone_is_never_among_the_sure() -> None:
    index = index_of(SALAM, Record("ريم سلوم الدروبي", "", "0944 123 456", "حمص", "سوريا"))
    assert chance_of(index, 0, 1) < SURE


def test_a_rare_name_says_more_than_a_common_one() -> None:
    common = [Record("محمد أحمد", f"x{number}@example.org") for number in range(40)]
    rare = [Record("جلنار الهبّاش", "a@example.org"), Record("Julnar Habbash", "b@example.org")]
    index = index_of(*rare, *common)
    assert chance_of(index, 0, 1) > 10 * chance_of(index, 2, 3)


def test_a_common_name_alone_never_makes_a_pair() -> None:
    index = Index(places())
    index.extend([Record("محمد أحمد", city="دمشق") for _ in range(10_000)])
    assert found(index) == {}
    assert index.left_out > 40_000_000  # bounded, and told


def test_towns_and_countries_are_known_by_all_their_names() -> None:
    for one, other in (("الشام", "Damas"), ("Halep", "حلب"), ("Beyrouth", "بيروت"), ("Aleppoo", "Alep")):
        index = index_of(
            Record("Salwa Droubi", city=one), Record("Salwa Droubi", city=other), Record("Salwa Droubi", city="Oslo")
        )
        assert chance_of(index, 0, 1) > chance_of(index, 0, 2)


def test_names_of_an_organisation_are_learned_from_those_who_are_surely_one() -> None:
    pairs = []
    for number, (given_name, family) in enumerate(zip(GIVEN * 2, FAMILY * 2, strict=False)):
        address = f"{given_name}{family}{7000 + number}".lower()
        pairs += [
            Record(f"{given_name} {family}{number % 7 * 'a'}", f"{address}@a.org", affiliation="Blue Lantern"),
            Record(f"{given_name} {family}{number % 7 * 'a'}", f"{address}@b.org", affiliation="فانوس"),
        ]
    unknown = index_of(Record("Juman Tawil", affiliation="Blue Lantern"), Record("Juman Tawil", affiliation="فانوس"))
    taught = index_of(
        Record("Juman Tawil", affiliation="Blue Lantern"), Record("Juman Tawil", affiliation="فانوس"), *pairs
    )
    found(unknown)
    found(taught)
    assert chance_of(taught, 0, 1) > 2 * chance_of(unknown, 0, 1)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_rows_says_nothing(seed: int) -> None:
    records = [SALAM, Record("Mohamad Droubi", "m.droubi81@yahoo.com"), *crowd(400)]
    order = list(range(len(records)))
    random.Random(seed).shuffle(order)
    straight, shuffled = Index(places()), Index(places())
    straight.extend(records)
    shuffled.extend([records[at] for at in order])
    expected = {pair: round(p, 4) for pair, p in found(straight, 0.2).items()}
    there = {
        (min(order[a], order[b]), max(order[a], order[b])): round(p, 4) for (a, b), p in found(shuffled, 0.2).items()
    }
    assert there.keys() == expected.keys()
    assert all(there[pair] == pytest.approx(p, abs=1e-3) for pair, p in expected.items())


def test_the_same_records_give_the_same_answers() -> None:
    assert found(index_of(SALAM), 0.1) == found(index_of(SALAM), 0.1)


def test_a_newcomer_is_compared_with_all_others_and_not_kept_unless_added() -> None:
    index = index_of(SALAM)
    newcomer = Record("Mohamad Droubi", "m.droubi81@yahoo.com", city="Homs")
    first = index.candidates(newcomer)
    assert first[0].row == 0
    assert first[0].probability > SURE
    assert index.candidates(newcomer) == first
    size = index.size
    row = index.add(newcomer)
    assert row == size
    assert index.candidates_of(row)[0].row == 0
    again = index.candidates(Record("محمد الدروبي", "m.droubi81@outlook.com"))
    assert {candidate.row for candidate in again[:2]} == {0, row}


def test_newcomers_find_whom_a_whole_comparison_finds() -> None:
    records = [SALAM, Record("Mohamad Droubi", "m.droubi81@yahoo.com"), *crowd(300)]
    whole, grown = Index(places()), Index(places())
    whole.extend(records)
    grown.extend(records[2:])
    for record in records[:2]:
        grown.candidates(record)
        grown.add(record)
    assert (0, 1) in found(whole)
    last = grown.size - 1
    assert grown.candidates_of(last)[0].row == last - 1
    assert grown.candidates_of(last)[0].probability == pytest.approx(chance_of(whole, 0, 1), abs=0.02)


def rewritten(record: Record, chance: random.Random) -> Record:
    """The same person another day: a word short or misspelled, an initial, another address, no town."""
    first, last = record.full_name.split()
    name = chance.choice([f"{first[0]}. {last}", f"{first} {last[:-2]}", f"{last} {first}", last, f"{first}{last}", ""])
    mail = chance.choice([record.email, "", f"{first}.{last}@example.org".lower()])
    return Record(name, mail, city=chance.choice([record.city, "", "Aleppo"]))


def test_names_are_left_uncompared_only_where_they_could_not_have_made_a_pair_likely() -> None:
    chance = random.Random(7)
    records = crowd(300)
    index = Index(places())
    index.extend([*records, *(rewritten(record, chance) for record in records)])
    everything = found(index, 0)
    likely = {pair for pair, probability in everything.items() if probability >= 0.2}
    assert len(everything) > 1000 > len(likely) > 100
    assert found(index, 0.2).keys() == likely


def test_fields_that_only_some_lists_have_count_as_well() -> None:
    one = Record("lachlan berry", date_of_birth="1999-02-19", address="69 giblin street killarney", postcode="4814")
    other = Record("lachlan bery", date_of_birth="19/02/1999", address="giblin st 69 killarny", postcode="4814")
    stranger = Record("lachlan berry", date_of_birth="1971-05-01", address="2 harbour road", postcode="2600")
    index = index_of(one, other, stranger)
    assert chance_of(index, 0, 1) > SURE
    assert chance_of(index, 0, 2) < 0.1
    assert (
        chance_of(index_of(Record("A Berry", national_id="7364009"), Record("Al Bery", national_id="736-4009")), 0, 1)
        > 0.5
    )


def test_a_pair_says_why() -> None:
    other = Record("Mohamad Droubi", "m.droubi81@yahoo.com", city="Damas")
    index = index_of(SALAM, other)
    told = reasons(index, 0, 1, SALAM, other)
    assert [(reason.code, reason.place) for reason in told if reason.field == "name"] == [
        ("script", "given"),
        ("script", "family"),
        ("missing", "middle"),
    ]
    by_field = {reason.field: reason for reason in told if reason.field != "name"}
    assert by_field["email"].code == "local"
    assert by_field["email"].weight > 0
    assert by_field["city"] == Reason("other", "city", by_field["city"].weight, one="حمص", other="Damas")
    assert by_field["city"].weight < 0
    total = sum(index.evidence(0, 1)[name] for name in index.evidence(0, 1) if name != "size")
    assert sum(reason.weight for reason in told) == pytest.approx(total, abs=1e-4)


def test_what_was_told_apart_stays_apart_and_chains_do_not_join_strangers() -> None:
    pairs = [(1, 2, 0.99), (2, 3, 0.9), (1, 3, 0.8), (4, 5, 0.9), (5, 6, 0.6)]
    assert clusters(pairs, 0.45) == [[1, 2, 3], [4, 5]]
    assert clusters(pairs, 0.45, apart=[(3, 1)]) == [[1, 2], [4, 5]]
    assert clusters(pairs, 0.95) == [[1, 2]]
    assert clusters([], 0.45) == []


def test_a_cluster_shows_all_its_pairs_each_as_sure_as_its_weakest_link() -> None:
    pairs = [(1, 2, 0.99), (2, 3, 0.97), (1, 3, 0.3)]
    assert {(one, other): p for one, other, p in links(pairs, [[1, 2, 3]])} == {
        (1, 2): 0.99,
        (2, 3): 0.97,
        (1, 3): 0.97,
    }


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.floats(0, 1)), max_size=20))
def test_clusters_are_disjoint_and_do_not_depend_on_order(pairs: list[tuple[int, int, float]]) -> None:
    known = {(min(a, b), max(a, b)): p for a, b, p in pairs if a != b}
    told = [(a, b, p) for (a, b), p in known.items()]
    joined = clusters(told, 0.5)
    assert clusters(list(reversed(told)), 0.5) == joined
    members = [member for cluster in joined for member in cluster]
    assert len(members) == len(set(members))


def test_a_set_full_of_sure_duplicates_is_believed_to_hold_more() -> None:
    assert shift_of(40, 1000) == 0.0
    assert 0 < shift_of(200, 1000) < shift_of(900, 1000) <= 2.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ahmad.Ali+x@gmail.com", "ahmad_ali@yahoo.com"),
        ("AHMADALI@gmail.com", "ahmad-ali@gmail.com"),
    ],
)
def test_addresses_that_one_person_may_use_meet(one: str, other: str) -> None:
    assert mail(one).local == mail(other).local != b""


def test_numbers_and_dates_meet_however_they_are_written() -> None:
    assert phone("+963 944 123 456") == phone("0944-123-456") == phone("٠٩٤٤١٢٣٤٥٦") == b"44123456"
    assert phone("12") == b""
    assert code(" ab-12 ") == code("AB12") == b"ab12"
    assert mail("nonsense").local == b""


@pytest.mark.parametrize(
    "written",
    [
        *("1999-2-19", "19/02/1999", "19990219", "19021999", "02/19/1999", "19.2.99", "1999-02-19T00:00:00"),
        *(
            "1999-02-19 00:00:00",
            "19 February 1999",
            "Feb. 19, 1999",
            "19 févr. 1999",
            "19. Februar 1999",
            "19 Şubat 1999",
        ),
        *("١٩/٢/١٩٩٩", "١٩ شباط ١٩٩٩", "19 فبراير 1999", "19990219.0"),
    ],
)
def test_a_date_of_birth_is_the_same_however_it_is_written(written: str) -> None:
    assert born(written) == b"19990219"


def test_dates_that_say_too_little_or_nothing_are_not_made_up() -> None:
    assert born("1999") == born("") == b""
    assert born("4 كانون الأول 1987") == b"19871204"
    assert born("19581923") == b"19581923"  # no such day either way: kept as it stands
    assert born("unknown") == b""


@settings(max_examples=30, deadline=None)
@given(st.lists(st.builds(Record, *[st.text(max_size=40)] * 11), max_size=12))
def test_whatever_a_list_holds_is_borne(records: list[Record]) -> None:
    index = Index()
    index.extend(records)
    for pair, probability in found(index, 0.0).items():
        assert pair[0] < pair[1] < len(records)
        assert 0.0 <= probability <= 1.0
    index.candidates(Record("😀", "@", "x" * 50, "؟"))
    assert index.size == len(records)


def test_every_piece_of_evidence_has_its_estimated_weight() -> None:
    assert set(WEIGHTS) == set(FEATURES)
