"""petition link: a list in, pairs out, and one clear line for a list that is off."""

from __future__ import annotations

import csv
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_commands import refused
from tests.servers import command, environment

Done = subprocess.CompletedProcess[str]
HEADER = "id,full_name,email,city"
ROWS = (
    "a1,محمد الدروبي,m.droubi81@gmail.com,حمص",
    "a2,ريم قباني,r.qabbani@example.org,حلب",
    "a3,Dr. Mohamad Droubi,m.droubi81@yahoo.com,Homs",
    "a4,John Smith,js@example.org,London",
)


@pytest.fixture
def link(tmp_path: Path) -> Callable[..., Done]:
    return lambda *words: command(tmp_path / "var", "", "link", *map(str, words))


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "list.csv"
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    return write


def pairs(text: str) -> list[tuple[str, str]]:
    rows = list(csv.DictReader(text.splitlines()))
    assert all(0 <= float(row["score"]) <= 1 for row in rows)
    return [(row["id1"], row["id2"]) for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_two_spellings_of_one_person_are_linked(
    link: Callable[..., Done], listed: Callable[..., Path], encoding: str, separator: str
) -> None:
    path = listed(*(line.replace(",", separator) for line in (HEADER, *ROWS)), encoding=encoding)
    done = link(path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("id1,id2,score\n")
    assert pairs(done.stdout) == [("a1", "a3")]
    assert done.stderr == ""


def test_the_answer_goes_into_a_file(link: Callable[..., Done], listed: Callable[..., Path], tmp_path: Path) -> None:
    done = link(listed(HEADER, *ROWS), "-o", tmp_path / "pairs.csv")
    assert done.stdout == ""
    assert pairs((tmp_path / "pairs.csv").read_text()) == [("a1", "a3")]
    refused(link(listed(HEADER, *ROWS), "-o", tmp_path / "none" / "pairs.csv"), "cannot be written")
    refused(link(listed(HEADER, *ROWS), "-o", tmp_path / "list.csv"), "is the list itself")
    assert (tmp_path / "list.csv").read_text().startswith(HEADER)


def test_a_threshold_widens_or_narrows_the_answer(link: Callable[..., Done], listed: Callable[..., Path]) -> None:
    path = listed(HEADER, *ROWS, "a5,Reem Kabbani,,Alep")
    assert pairs(link(path, "--threshold", "1").stdout) == []
    assert {("a1", "a3"), ("a2", "a5")} <= set(pairs(link(path, "--threshold", "0.01").stdout))
    refused(link(path, "--threshold", "2"), code=2)
    refused(link(path, "--threshold", "nan"), code=2)


def test_given_name_and_surname_do_as_well(link: Callable[..., Done], listed: Callable[..., Path]) -> None:
    path = listed(
        "id,given_name,surname,date_of_birth,address,postcode",
        "r1,lachlan,berry,19990219,69 giblin street,4814",
        "r2,berry,lachlan,19990219,69 giblin stret,4814",
        "r3,deakin,sondergeld,19600210,48 goldfinch circuit,2776",
    )
    assert pairs(link(path).stdout) == [("r1", "r2")]


def test_columns_that_others_call_otherwise_are_used_and_told(
    link: Callable[..., Done], listed: Callable[..., Path]
) -> None:
    done = link(
        listed(
            "rec_id, given_name, surname, street_number, address_1, address_2, suburb, postcode, soc_sec_id",
            "r1, lachlan, berry, 69, giblin street, killarney, bittern, 4814, 7364009",
            "r2, lachlan, bery, 69, giblin stret, kilarney, bittern, 4814, 7364009",
            "r3, deakin, sondergeld, 48, goldfinch circuit, kooltuo, canterbury, 2776, 2635962",
        )
    )
    assert pairs(done.stdout) == [("r1", "r2")]
    for told in ("id: rec_id", "city: suburb", "address: street_number, address_1, address_2", "soc_sec_id"):
        assert told in done.stderr


def test_the_order_of_the_rows_says_nothing_even_among_too_many_namesakes(
    link: Callable[..., Done], listed: Callable[..., Path]
) -> None:
    crowd = [f"c{number},محمد أحمد,x{number % 90}@example.org,دمشق" for number in range(300)]
    straight = link(listed(HEADER, *ROWS, *crowd))
    turned = link(listed(HEADER, *reversed((*ROWS, *crowd))))
    assert "left uncompared" in straight.stderr
    assert (straight.stdout, straight.stderr) == (turned.stdout, turned.stderr)


def test_an_empty_list_has_no_pairs(link: Callable[..., Done], listed: Callable[..., Path]) -> None:
    done = link(listed(HEADER))
    assert (done.returncode, done.stdout) == (0, "id1,id2,score\n")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["full_name", "x"], ("line 1", "no column id")),
        (["id,email", "1,x"], ("line 1", "no column full_name")),
        (["id,fullname", "1,x"], ("'fullname' meant for full_name",)),
        (["id,full_name,full_name", "1,x,y"], ("line 1", "2 times")),
        ([HEADER, "1,x,y"], ("line 2", "3 cells")),
        ([HEADER, "1,x,,", ",x,,"], ("line 3", "id is empty")),
        ([HEADER, "1,x,,", "2,x,,", "1,x,,"], ("line 4", "stands in line 2")),
        ([HEADER, '1,"x,,'], ("line", "cannot be read")),
        ([""], ("no column id",)),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_list_that_is_off_is_refused_with_one_line(
    link: Callable[..., Done], listed: Callable[..., Path], lines: list[str], says: tuple[str, ...]
) -> None:
    refused(link(listed(*lines)), "list.csv", *says)


@pytest.mark.parametrize("encoding", ["cp1256", "utf-16"])
def test_another_encoding_is_told(link: Callable[..., Done], listed: Callable[..., Path], encoding: str) -> None:
    refused(link(listed(HEADER, *ROWS[:2], encoding=encoding)), "UTF-8")


def test_a_missing_file_is_told(link: Callable[..., Done], tmp_path: Path) -> None:
    refused(link(tmp_path / "none.csv"), "none.csv", code=2)
    refused(link(tmp_path), code=2)


def test_a_misspelled_column_is_mentioned_and_not_used(link: Callable[..., Done], listed: Callable[..., Path]) -> None:
    done = link(listed("id,full_name,emial", "1,Ali Haddad,x@y.org"))
    assert done.returncode == 0
    assert "'emial' meant for email" in done.stderr


def test_odd_names_are_borne(link: Callable[..., Done], listed: Callable[..., Path]) -> None:
    odd = ["", "x", "م", "😀", "12345", "Ахмад محمد", "a" * 200, '"a ""b"" c"', "—"]
    done = link(listed("id,full_name", *(f"{number},{name}" for number, name in enumerate(odd))))
    assert (done.returncode, done.stdout) == (0, "id1,id2,score\n")


def test_a_crowd_of_one_name_is_bounded_and_told(link: Callable[..., Done], listed: Callable[..., Path]) -> None:
    done = link(listed("id,full_name,city", *(f"{number},محمد أحمد,دمشق" for number in range(3000))))
    assert (done.returncode, done.stdout) == (0, "id1,id2,score\n")
    assert "left uncompared" in done.stderr


def test_whoever_watches_sees_a_bar(listed: Callable[..., Path], tmp_path: Path) -> None:
    leading, following = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "petition", "link", str(listed(HEADER, *ROWS))],
        env=environment(tmp_path / "var", "") | {"TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=following,
        text=True,
        timeout=120,
    )
    os.close(following)
    shown = os.read(leading, 65536).decode()
    os.close(leading)
    assert "linking" in shown
    assert "100%" in shown
    assert pairs(done.stdout) == [("a1", "a3")]
