"""Blank sheets to sign on: what the petition asks for, numbered, in its languages, made and kept nowhere."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest

from petition import words
from petition.domain import sheet
from petition.domain.actors import AUDITOR, VERIFIER, Grant
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import Browser, account

HERE = f"/petitions/{SLUG}/sheets"
only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


async def browser_of(house: House, lang: str = "en", role: str = VERIFIER) -> Browser:
    browser = Browser(house, lang)
    await browser.sign_in(await account(house, f"{role}@example.org", Grant(None, role)))
    await browser.get(HERE)
    return browser


@only_sqlite
async def test_sheets_are_numbered_in_both_languages_on_the_paper_chosen(house: House) -> None:
    browser = await browser_of(house)
    assert "Blank sheets for signing on paper" in browser.text
    response = await browser.send("/sheets", languages="both", paper="letter", number="2", first="٤١")
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"] == f'attachment; filename="{SLUG}-sheets-41-42.pdf"'
    assert response.headers["cache-control"] == "no-store"
    made = response.content
    assert {b"/Lang(ar)", b"/Lang(en)"} <= set(re.findall(rb"/Lang\(..\)", made))
    assert b"<pdfuaid:part>1<" in made
    assert re.search(rb"/Type/Pages/Count 2\b", made), "a short statement needs no second side"
    assert set(re.findall(rb"/MediaBox\[([^\]]*)\]", made)) == {b"0 0 792 612"}


@only_sqlite
async def test_what_is_asked_wrongly_is_told_and_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = await browser_of(house, role=AUDITOR)
    await browser.send("/sheets", languages="fr", paper="a3", number="101", first="0")
    assert browser.page.status_code == 422
    assert browser.text.count("A number from 1 to 100.") >= 1
    assert browser.text.count("A number from 1 to 9,999.") >= 1
    assert 'name="number" inputmode="numeric" dir="ltr" autocomplete="off" value="101"' in browser.page.text
    await browser.get(HERE)
    await browser.send("/sheets", languages="ar", paper="a4", number="100", first="9999")
    assert browser.page.status_code == 422
    assert "A number from 1 to 9,900." in browser.text
    monkeypatch.setattr("petition.typesetting.NEEDED", ("nothing_of_the_kind",))
    await browser.get(HERE)
    assert "has to install the extra pdf" in browser.text


@only_sqlite
async def test_a_long_statement_goes_overleaf_and_only_what_is_asked_for_has_a_column(
    open_house: Callable[..., Awaitable[House]],
) -> None:
    long = "This is said at length. " * 60
    text = petition_text(statement={"en": long, "ar": "نقول هذا."}, ask_for={"city": "optional"})
    browser = await browser_of(await open_house(text))
    response = await browser.send("/sheets", languages="en", paper="a4", number="3", first="1")
    assert re.search(rb"/Type/Pages/Count 6\b", response.content), "each has a back"


def test_a_sheet_holds_the_care_the_columns_and_the_short_link() -> None:
    texts = {"ar": ("بيان", "نقول *هذا*."), "en": ("A statement", "We say *this*.\n\nAnd this.")}
    labels = {"ar": ["مستقلّون"], "en": ["Independents"]}
    made = sheet.content(
        texts, labels, words.load(), ask_for={"city": "optional"}, url="https://p.example/p/x",
        paper="a4", first=7, number=1,
    )  # fmt: skip
    assert [column["heading"]["en"] for column in made["columns"]] == [
        "No.", "Full name", "Signs as ①", "Town or city",
        "Mail address, if you wish: to change or withdraw later", "Shown as ②", "Signature",
    ]  # fmt: skip
    arabic, english = made["languages"]
    assert (made["whole"], english["opening"], arabic["opening"]) == (True, "We say this. And this.", "نقول هذا.")
    assert "For some people signing is dangerous" in english["words"]["care"]
    assert (made["qr"]["alt"], made["qr"]["shown"]) == ("https://p.example/p/x", "p.example/p/x")
    assert (made["from"], arabic["categories"], english["shown"][2]) == (7, ["مستقلّون"], "Counted, not shown")
