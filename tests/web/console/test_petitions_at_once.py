"""Two who edit a petition at once: nobody overwrites anybody, and the later one is shown what happened."""

from __future__ import annotations

import asyncio

from tests.factories import petition_text
from tests.house import House
from tests.web.console.editor import HERE, again, edits, fields, owner, stored


async def test_of_two_editors_the_later_one_is_shown_what_happened(house: House) -> None:
    nour, _ = await owner(house)
    sami, _ = await owner(house, "sami")
    await nour.get(f"{HERE}/edit")
    await sami.get(f"{HERE}/edit")
    await again(nour, goal="4000", title__en="Nour's title", statement__ar="نصّ نور")
    answer = await again(sami, goal="9000", title__ar="عنوان سامي", milestones="7\n8")
    assert answer.status_code == 409
    now = await stored(house)
    assert (now["goal"], now["title"]) == (4000, {"en": "Nour's title", "ar": "بيان"})
    # Nour's stands in the form, with what Sami typed over it below; what Sami alone changed is still there.
    assert fields(sami)["goal"] == "4000"
    assert fields(sami)["title-en"] == "Nour's title"
    assert fields(sami)["statement-ar"].strip() == "نصّ نور"
    assert fields(sami)["title-ar"] == "عنوان سامي"
    assert fields(sami)["milestones"].split() == ["7", "8"]
    assert "You had typed: 9000" in sami.text
    assert "Changed by a colleague:" in sami.text
    await again(sami)
    now = await stored(house)
    assert (now["goal"], now["milestones"]) == (4000, [7, 8])
    assert now["title"] == {"en": "Nour's title", "ar": "عنوان سامي"}
    assert now["statement"]["ar"] == "نصّ نور"


async def test_a_colleagues_new_category_survives_an_older_form(house: House) -> None:
    nour, _ = await owner(house)
    sami, _ = await owner(house, "sami")
    await nour.get(f"{HERE}/edit")
    await sami.get(f"{HERE}/edit")
    await again(nour, **{"category-6-slug": "doctors", "category-6-label-ar": "أطبّاء"})
    await again(sami, **{"category-0-label-en": "Free people"})
    assert "Free people" in sami.text, "what was typed is shown below"
    await again(sami)
    assert (await stored(house))["categories"][-1]["slug"] == "doctors"


async def test_two_at_the_same_moment_never_overwrite_each_other(house: House) -> None:
    pairs = [await owner(house, name) for name in ("nour", "sami")]
    for browser, _ in pairs:
        await browser.get(f"{HERE}/edit")
    answers = await asyncio.gather(*(again(b, goal=str(n)) for n, (b, _) in enumerate(pairs, 101)))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    first = next(n for n, answer in enumerate(answers, 101) if answer.status_code == 303)
    assert (await stored(house))["goal"] == first
    assert len(await edits(house)) == 1


async def test_an_older_form_after_the_operators_change_is_told_too(house: House) -> None:
    browser, _ = await owner(house)
    await browser.get(f"{HERE}/edit")
    await house.apply(petition_text(goal=10))
    assert (await again(browser, goal="20")).status_code == 409
    assert (await stored(house))["goal"] == 10
    (entry,) = await edits(house)
    assert entry.organizer_id is None
