"""The petition editor: what an owner changes, what cannot be changed, and what is told of what is wrong."""

from __future__ import annotations

import pytest

from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import Browser, account, query
from tests.people import LAYLA, OMAR, SALMA, someone
from tests.promises.markup import Page
from tests.web.console.editor import HERE, again, edits, fields, owner, row_of, save, stored

HOSTILE = 'He said "no" \\ and """\n\nthen\ttabbed & <b>bold</b> \u2028 \u0001 end"'


async def test_what_an_owner_changes_the_public_sees_and_the_audit_names_without_its_texts(house: House) -> None:
    browser, who = await owner(house)
    typed = {"goal": "٥٬٠٠٠", "milestones": "1000\n2,500\n5000", "publish": "batched", "reminder": "yes"}
    dates = {"opens_at": "2017-12-01T08:00", "closes_at": "2018-03-01T20:30"}
    asked = {"ask_for-city": "", "ask_for-affiliation": "required"}
    answer = await save(browser, **typed, **dates, **asked, **{"title-en": "Another title"})
    assert query(answer) == {"said": "edited"}
    now = await stored(house)
    assert (now["goal"], now["milestones"], now["publish"]) == (5000, [1000, 2500, 5000], "batched")
    assert (now["opens_at"], now["closes_at"]) == ("2017-12-01T08:00:00Z", "2018-03-01T20:30:00Z")
    assert now["ask_for"] == {"affiliation": "required", "country": "required"}
    assert now["title"]["en"] == "Another title"
    (entry,) = await edits(house)
    assert entry.organizer_id == who.id
    changed = {"goal", "milestones", "publish", "reminder", "opens_at", "closes_at", "ask_for", "title"}
    assert set(entry.facts["changed"]) == changed
    assert "Another title" not in str(entry.facts)
    await browser.follow()
    assert "Saved" in browser.text


async def test_saving_what_stands_there_changes_nothing(house: House) -> None:
    await house.apply(petition_text(statement={"ar": "نص", "en": HOSTILE}, closes_at="2018-01-30T10:00:00.000001Z"))
    before = house.parts.hub.any_petition(SLUG)
    browser, _ = await owner(house)
    assert query(await save(browser)) == {"said": "unchanged"}
    # A browser ends lines with both signs.
    await browser.get(f"{HERE}/edit")
    sent = {name: value.replace("\n", "\r\n") for name, value in fields(browser).items()}
    assert query(await browser.send("/edit", **{**sent, "act": "save"})) == {"said": "unchanged"}
    assert house.parts.hub.any_petition(SLUG) == before
    assert len(await edits(house)) == 1, "the operator's own"


async def test_a_changed_statement_is_a_new_version_and_signatures_stay_with_theirs(house: House) -> None:
    await house.confirmed(LAYLA, lang="ar")
    await house.confirmed(OMAR, lang="en")
    browser, _ = await owner(house)
    await browser.get(f"{HERE}/edit")
    assert "becomes version 2" in browser.text
    await again(browser, statement__en="We say **something else**.")
    await house.confirmed(SALMA, lang="en")
    await house.signed(someone(1), lang="en")
    await browser.get(f"{HERE}/versions")
    for row in ("2 · current English", "1 English", "1 العربية"):
        assert f"{row} 27 December 2017 1 {1 if '2' in row else 0} " in browser.text, row
    await browser.get(f"{HERE}/versions/1")
    assert "We say this" in browser.text
    assert "<strong>this</strong>" in browser.page.text
    assert (await browser.get(f"{HERE}/versions/3")).status_code == 404
    assert "We say <strong>this" in (await house.http.get(f"/en/petitions/{SLUG}/versions/1")).text


async def test_a_draft_is_seen_by_organizers_alone(house: House) -> None:
    browser, _ = await owner(house)
    await save(browser, status="draft")
    for path in ("/en", f"/en/petitions/{SLUG}", f"/p/{SLUG}", f"/api/v1/petitions/{SLUG}", "/api/v1/petitions"):
        answer = await house.http.get(path)
        assert "A statement" not in answer.text
        assert answer.status_code == 404 or path in ("/en", "/api/v1/petitions")
    assert (await house.http.get(f"/organizer/en{HERE}/preview")).status_code == 303
    auditor = Browser(house)
    await auditor.sign_in(await account(house, "sami@example.org", Grant(None, AUDITOR)))
    assert f"{HERE}/preview" in auditor.page.text
    await auditor.get(f"{HERE}/preview")
    assert auditor.page.status_code == 200
    assert "<strong>this</strong>" in auditor.page.text
    assert "It is a draft" in auditor.text
    assert f"{HERE}/edit" not in auditor.page.text


async def test_a_draft_that_nobody_signed_changes_in_place_and_one_that_was_signed_does_not(house: House) -> None:
    browser, _ = await owner(house)
    await save(browser, status="draft")
    await save(browser, statement__en="Better said.")
    assert house.parts.hub.any_petition(SLUG).version == 1
    await save(browser, status="open")
    await house.signed(LAYLA)
    await save(browser, status="draft")
    await save(browser, statement__en="Said behind their backs.")
    assert house.parts.hub.any_petition(SLUG).version == 2
    await browser.get(f"{HERE}/versions/1")
    assert "Better said." in browser.text


async def test_a_pause_says_why_in_both_languages_for_as_long_as_it_lasts(house: House) -> None:
    browser, _ = await owner(house)
    why = {"en": "Our mail server is being mended: back on Monday.", "ar": "نصلح خادم البريد ونعود يوم الإثنين."}
    await save(browser, **{f"pause_message-{language}": text for language, text in why.items()})
    for language, text in why.items():
        assert text not in (await house.http.get(f"/{language}/petitions/{SLUG}")).text
    assert (await stored(house))["pause_message"] is None
    await save(browser, status="paused")
    for language, text in why.items():
        assert text in (await house.http.get(f"/{language}/petitions/{SLUG}")).text
        refused = await house.sign(LAYLA, lang=language)
        assert refused.status_code == 409
        assert text in refused.text
    by_api = await house.http.post(f"/api/v1/petitions/{SLUG}/signatures", json=LAYLA.fields())
    assert (by_api.status_code, by_api.json()["code"], by_api.json()["message"]) == (409, "petition-paused", why)
    assert (await stored(house))["pause_message"] == why
    assert not await house.signatures()
    await save(browser, status="open")
    assert (await house.sign(LAYLA)).status_code == 303
    await save(browser, **{f"pause_message-{language}": "" for language in why})
    assert house.parts.hub.any_petition(SLUG).pause_message is None


async def test_the_safety_switch_does_not_tell_an_old_pauses_reason(house: House) -> None:
    browser, _ = await owner(house)
    await save(browser, **{"pause_message-ar": "صيانة", "pause_message-en": "Maintenance"})
    await browser.get(f"{HERE}/safety")
    await browser.send("/safety/on")
    assert "Maintenance" not in (await house.http.get(f"/en/petitions/{SLUG}")).text
    by_api = await house.http.post(f"/api/v1/petitions/{SLUG}/signatures", json=LAYLA.fields())
    assert "message" not in by_api.json()


async def test_categories_are_added_relabelled_reordered_retired_and_taken_up_again(house: House) -> None:
    await house.confirmed(someone(1), category="fsa")
    browser, _ = await owner(house)
    await browser.get(f"{HERE}/edit")
    fsa, activists = row_of(browser, "fsa"), row_of(browser, "activists")
    new = next(n for n in fields(browser) if n.endswith("-slug") and not fields(browser)[n]).removesuffix("slug")
    typed = {f"{new}slug": "doctors", f"{new}label-en": "Doctors", f"{new}label-ar": "أطبّاء", f"{new}claim": "verified"}
    typed |= {f"{fsa}retired": "yes", f"{activists}label-en": "Campaigners", f"{activists}claim": "verified"}
    typed |= {f"{activists}position": "0.5"}
    assert (await again(browser, **typed)).status_code == 422
    assert fields(browser)[f"{new}label-en"] == "Doctors"
    await again(browser, **{f"{activists}position": "1", f"{row_of(browser, 'independents')}position": "2"})
    now = (await stored(house))["categories"]
    assert [c["slug"] for c in now] == [
        "activists", "independents", "coalition", "interim-government", "journalists", "doctors",
    ]  # fmt: skip
    assert now[0] == {"slug": "activists", "claim": "verified", "label": {"en": "Campaigners", "ar": "ناشطون"}}
    assert now[-1] == {"slug": "doctors", "claim": "verified", "label": {"en": "Doctors", "ar": "أطبّاء"}}
    assert (await house.sign(someone(2), category="fsa")).status_code == 422
    assert (await house.sign(someone(2), category="doctors")).status_code == 303
    await house.fold()
    assert (await house.counts())["total"] == 1, "whoever signed as it still counts"

    await browser.get(f"{HERE}/edit")
    fsa = row_of(browser, "fsa")
    assert "Retired" in browser.text
    sent = {name: value for name, value in fields(browser).items() if name != f"{fsa}retired"}
    await browser.http.post(f"/organizer/en{HERE}/edit", data={**sent, "act": "save"})
    assert "fsa" in [c["slug"] for c in (await stored(house))["categories"]]


async def test_a_category_left_out_of_the_form_is_retired_and_never_lost(house: House) -> None:
    await house.confirmed(someone(1), category="independents")
    browser, _ = await owner(house)
    await browser.get(f"{HERE}/edit")
    mine = row_of(browser, "independents")
    sent = {name: value for name, value in fields(browser).items() if not name.startswith(mine)}
    await browser.http.post(f"/organizer/en{HERE}/edit", data={**sent, "act": "save"})
    kept = house.parts.hub.any_petition(SLUG).category("independents")
    assert kept is not None
    assert kept.retired
    assert (await house.counts())["by_category"][-1] == {"category": "independents", "total": 1, "verified": 0}


async def test_addressees_come_go_and_change_places(house: House) -> None:
    browser, _ = await owner(house)
    await save(
        browser,
        **{"addressee-1-name-en": "The Council", "addressee-1-name-ar": "المجلس", "addressee-1-position": "1"},
        **{"addressee-2-name-ar": "الجامعة", "addressee-0-position": "2"},
    )
    names = [a["name"]["ar"] for a in (await stored(house))["addressees"]]
    assert names == ["المجلس", "الأمين العام", "الجامعة"]
    await save(browser, **{"addressee-0-name-en": "", "addressee-0-name-ar": ""})
    assert [a["name"]["ar"] for a in (await stored(house))["addressees"]] == ["الأمين العام", "الجامعة"]


async def test_all_that_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost(house: House) -> None:
    before = house.parts.hub.any_petition(SLUG)
    browser, _ = await owner(house)
    wrong = {
        "title-ar": "",
        "statement-en": "x" * 50_001,
        "status": "opne",
        "goal": "many",
        "milestones": "1000\n1,0000",
        "publish": "hourly",
        "default_language": "fr",
        "opens_at": "soon",
        "pause_message-en": "y" * 501,
        "ask_for-city": "maybe",
        "category-0-label-ar": "",
        "category-1-claim": "perhaps",
        "category-2-position": "first",
        "category-6-slug": "No Slug",
        "category-6-label-en": "No Slug",
        "category-7-slug": "coalition",
        "category-7-label-ar": "مرّتين",
        "addressee-1-name-en": "z" * 201,
    }
    answer = await save(browser, **wrong)
    assert answer.status_code == 422
    marked = {e.get("id") for e in Page(answer.text).elements if (e.get("id") or "").endswith("-error")}
    # Without a default language nobody can say in which language a label is missing.
    fine = {"category-6-label-en", "category-7-label-ar", "category-0-label-ar"}
    assert marked == {f"{name}-error" for name in wrong.keys() - fine}
    for name, value in wrong.items():
        if name not in ("status", "publish", "default_language", "ask_for-city", "category-1-claim"):
            assert fields(browser)[name].strip() == value, name
    assert house.parts.hub.any_petition(SLUG) == before
    answer = await save(browser, **{"title-ar": "", "statement-ar": "", "category-0-label-ar": ""})
    marked = {e.get("id") for e in Page(answer.text).elements if (e.get("id") or "").endswith("-error")}
    assert marked == {"title-ar-error", "statement-ar-error", "category-0-label-ar-error"}
    answer = await save(browser, opens_at="2018-02-01T00:00", closes_at="2018-01-01T00:00")
    assert answer.status_code == 422
    assert 'id="closes_at-error"' in answer.text
    assert not await edits(house)


async def test_damaged_and_doubled_fields_are_told(house: House) -> None:
    browser, _ = await owner(house)
    await browser.get(f"{HERE}/edit")
    sent = [f"{name}={value}" for name, value in fields(browser).items() if name in ("csrf", "revision")]
    sent += ["act=save", "title-en=%ff%fe", "goal=1", "goal=2"]
    answer = await browser.http.post(
        f"/organizer/en{HERE}/edit",
        content="&".join(sent),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 422
    assert 'id="title-en-error"' in answer.text
    assert 'id="goal-error"' in answer.text


async def test_the_file_that_is_downloaded_changes_nothing_when_applied(house: House) -> None:
    texts = {"ar": 'نصّ فيه "علامات" و\\خطوط', "en": HOSTILE.replace("\u0001", "")}
    browser, _ = await owner(house)
    await save(
        browser,
        **{f"statement-{language}": text for language, text in texts.items()},
        **{"pause_message-ar": "نعود غدًا", "category-3-retired": "yes", "closes_at": "2018-01-30T12:34:56"},
        **{"title-en": 'The "title" \\ of it', "reminder": "yes", "ask_for-city": "required"},
    )
    assert (await house.http.get(f"/api/v1/petitions/{SLUG}")).json()["statement"] == texts
    answer = await browser.get(f"{HERE}/file")
    assert answer.headers["content-disposition"] == f'attachment; filename="{SLUG}.toml"'
    assert answer.headers["content-type"].startswith("application/toml")
    before = house.parts.hub.any_petition(SLUG)
    assert (await house.apply(answer.text)).outcome == "unchanged"
    assert house.parts.hub.any_petition(SLUG) == before


async def test_a_preview_shows_the_texts_as_they_would_read_and_keeps_nothing(house: House) -> None:
    browser, _ = await owner(house)
    await browser.get(f"{HERE}/edit")
    typed = {"statement-en": "# Now\n\n**bold** <script>alert(1)</script>", "goal": "not yet a number"}
    answer = await browser.send("/edit", **typed)
    assert answer.status_code == 200
    assert "<strong>bold</strong> &lt;script&gt;" in answer.text
    assert fields(browser)["goal"] == "not yet a number"
    assert fields(browser)["statement-en"].strip() == typed["statement-en"]
    assert not await edits(house)
    await again(browser, goal="3500")
    assert (await stored(house))["statement"]["en"] == typed["statement-en"]


@pytest.mark.parametrize(
    ("typed", "holds"),
    [({"status": "closed"}, "closed"), ({"status": "archived"}, "archived"), ({"closes_at": "2017-12-01T00:00"}, "")],
)
async def test_what_ends_it_asks_for_a_fresh_code_and_loses_nothing(
    house: House, typed: dict[str, str], holds: str
) -> None:
    browser, who = await owner(house)
    house.clock.pass_(minutes=11)
    long = "بيان طويل " * 4_000
    await save(browser, **typed, **{"statement-ar": long})
    assert browser.page.status_code == 200
    assert not await edits(house), "asks for a fresh code first"
    await browser.send("/prove", code=browser.code(who))
    assert (await browser.send("/edit")).status_code == 303
    now = await stored(house)
    assert now["statement"]["ar"] == long.strip()
    assert now["status"] == holds or now["closes_at"] == "2017-12-01T00:00:00Z"


async def test_what_does_not_end_it_asks_for_none(house: House) -> None:
    browser, _ = await owner(house)
    house.clock.pass_(minutes=11)
    assert (await save(browser, status="paused")).status_code == 303
    assert (await save(browser, status="open")).status_code == 303


async def test_two_statements_of_fifty_thousand_characters_fit_and_survive_the_end_of_a_session(house: House) -> None:
    browser, who = await owner(house)
    longest = {"statement-ar": "\U0001f54a" * 50_000, "statement-en": "ب\n" * 25_000}
    await browser.get(f"{HERE}/edit")
    house.clock.pass_(minutes=31)
    await again(browser, **longest)
    assert browser.page.status_code == 401
    await browser.send("/sign-in", address=who.address, password=who.password)
    await browser.send("/code", code=browser.code(who))
    assert (await browser.send("/edit")).status_code == 303
    now = (await stored(house))["statement"]
    assert now == {"ar": longest["statement-ar"], "en": longest["statement-en"].strip()}


async def test_the_address_is_no_field_and_says_why(house: House) -> None:
    browser, _ = await owner(house)
    await browser.get(f"{HERE}/edit")
    assert "slug" not in fields(browser)
    assert "every entry of the ledger, so it cannot be changed" in browser.text
    assert "a category is never deleted" in browser.text
    await again(browser, slug="another", goal="1")
    assert (await stored(house))["goal"] == 1


async def test_only_an_owner_of_that_petition_edits_it(house: House) -> None:
    await house.apply(petition_text(slug="another-statement"))
    other = house.parts.hub.any_petition("another-statement").id
    for n, (grant, status) in enumerate(
        ((Grant(None, VERIFIER), 403), (Grant(None, AUDITOR), 403), (Grant(other, OWNER), 404))
    ):
        browser = Browser(house)
        await browser.sign_in(await account(house, f"who{n}@example.org", grant))
        csrf = dict(Page(browser.page.text).forms[0].fields)["csrf"]
        assert (await browser.get(f"{HERE}/edit")).status_code == status
        typed = {"csrf": csrf, "act": "save", "revision": "1", "goal": "1"}
        assert (await browser.http.post(f"/organizer/en{HERE}/edit", data=typed)).status_code == status
        for path in ("preview", "versions", "versions/1", "file"):
            assert (await browser.get(f"{HERE}/{path}")).status_code == (404 if status == 404 else 200)
    assert (await stored(house))["goal"] == 3500


async def test_it_is_one_link_from_the_overview_in_arabic_too(house: House) -> None:
    browser, _ = await owner(house)
    assert f'href="/organizer/en{HERE}/edit"' in (await browser.get()).text
    browser.at = "/organizer/ar"
    await browser.get(f"{HERE}/edit")
    assert "تحرير البيان" in browser.text
    assert (await again(browser, goal="٤٠٠")).status_code == 303
    assert (await stored(house))["goal"] == 400
