"""Every page in every language: whole, small, and unmoved by whatever people type."""

import base64
import gzip
import hashlib
import re
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import petition
from petition.domain.counts import CategoryCount, Counts
from petition.errors import FieldRefused
from petition.queries.deliveries import Delivery
from petition.queries.petitions import Addressee, Category, Petition
from petition.queries.signatories import SignatoriesPage, Signatory
from petition.queries.timeline import Day
from petition.web import figures, prose
from petition.web.embed import Embedded
from petition.web.pages import (
    CheckYourMail,
    Confirmed,
    CountPage,
    DemoMail,
    FormState,
    Home,
    Letter,
    LinkEnded,
    Listed,
    OwnData,
    Page,
    Pages,
    Pending,
    PetitionPage,
    ProblemPage,
    RecountPage,
    RightlyListed,
    SignatoryList,
    Sure,
    VersionPage,
)
from petition.words import load

BUILTIN = tomllib.loads((Path(petition.__file__).parent / "builtin" / "boycott-sochi.toml").read_text("utf-8"))
CATALOGUES = load()
PAGES = Pages("https://petition.example.org", CATALOGUES)
NOW = datetime(2017, 12, 27, 14, 32, tzinfo=UTC)
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}&amp;‮ليلى"
TOKEN = "t0ken_-"
ENDINGS = (
    "withdrawn",
    "erased",
    "denied",
    "unlisted",
    "lapsed",
    "already",
    "rejected",
    "invalidated",
    "merged",
    "unknown",
)


def a_petition(**changes: Any) -> Petition:
    plain = Petition(
        id=b"id", revision=1, slug=BUILTIN["slug"], status="open", goal=BUILTIN["goal"],
        default_language=BUILTIN["default_language"], publish="live", opens_at=None,
        closes_at=datetime(2018, 1, 30, tzinfo=UTC), ask_for=BUILTIN["ask_for"],
        milestones=tuple(BUILTIN["milestones"]), reminder=False, public_key=b"", version=1,
        title=BUILTIN["title"], statement=BUILTIN["statement"],
        categories=tuple(Category(c["slug"], c["claim"], c["label"], False) for c in BUILTIN["categories"]),
        addressees=tuple(Addressee(a["name"]) for a in BUILTIN["addressees"]),
    )  # fmt: skip
    return replace(plain, **changes)


def some_counts(total: int = 3142, **changes: Any) -> Counts:
    slugs = [c["slug"] for c in BUILTIN["categories"]]
    counts = Counts(
        petition=BUILTIN["slug"], goal=BUILTIN["goal"], total=total, verified=total // 2,
        awaiting_verification=total % 7,
        by_category=tuple(CategoryCount(slug, (total - total % 7) // 6, 0) for slug in slugs),
        by_method={"mail": total, "invitation": 0, "import": 0, "paper": 0},
        removed={"withdrawn": 3, "merged": 20, "invalidated": 5, "erased": 1}, ledger_size=total + 29, as_of=NOW,
    )  # fmt: skip
    return replace(counts, **changes)


REACHED = tuple((number, NOW.date()) for number in (1000, 2000, 3000))


def a_delivery(text: str) -> Delivery:
    """To an addressee; with texts in Arabic alone, so that an English page has another language in it."""
    told = {"ar": text}
    return Delivery(b"id", {"ar": "الأمين العام"}, NOW.date(), told, told, told, taken_back=False)


def every_page(text: str) -> dict[str, Page]:
    """Each page there is, with `text` wherever somebody's own words can stand."""
    signed, delivered = a_petition(), a_petition(deliveries=(a_delivery(text),) * 5)
    own = OwnData(text, text, text, text, text, "SY", "initials", "ar")
    refused = {
        name: FieldRefused("too-long", limit=200)
        for name in ("full_name", "category", "visibility", "consent", "country")
    }
    typed = FormState(dict.fromkeys(("full_name", "email", "city", "website", "invitation", "category"), text), refused)
    days = tuple(Day(date(2017, 12, 25) + timedelta(days=n), n, 0) for n in range(3))
    pages: dict[str, Page] = {
        "home": Home((Listed(signed, "open", 3), Listed(signed, "closed", 0))),
        "home, empty": Home(()),
        "refused form": PetitionPage(signed, some_counts(), "open", typed),
        "nothing stored": PetitionPage(signed, some_counts(), "open", FormState(typed.values, {}, "unavailable")),
        "too many": PetitionPage(signed, some_counts(), "open", FormState({}, {}, "too-many", {"retry_after": 90})),
        "mailed": CheckYourMail(signed),
        "names": SignatoryList(
            signed, SignatoriesPage((Signatory(text, None), Signatory(text, "fsa")), "a=&b"), "fsa", "x"
        ),
        "no names": SignatoryList(signed, SignatoriesPage((), None)),
        "count": CountPage(signed, some_counts(), days),
        "count, nought": CountPage(signed, some_counts(0, removed={}), ()),
        "count, delivered": CountPage(delivered, some_counts(), days, reached=REACHED),
        "petition, delivered": PetitionPage(delivered, some_counts(), "open", reached=REACHED),
        "framed": Embedded(signed, some_counts(), "open"),
        "recount": RecountPage(signed, "https://petition.example/p/x"),
        "version": VersionPage(signed, 1, {"ar": text, "en": text}, {"ar": text, "en": text}),
        "pending": Pending(text, signed, own, FormState({}, {"agree": FieldRefused("agree-missing")})),
        "listed": RightlyListed(text, signed, own, "paper", FormState({}, {"agree": FieldRefused("agree-missing")})),
        "confirmed": Confirmed(TOKEN, signed, own, 3143, True, "confirmed"),
        "confirmed, with a receipt": Confirmed(TOKEN, signed, own, 3143, code="12-ABCDE-FGHIJ"),
        "mails": DemoMail((Letter(text, text, "/ar/signature/x", text, "ar"),)),
        "problem": ProblemPage(429, "too-many", {"retry_after": 200}, signed),
    }
    pages |= {f"petition, {phase}": PetitionPage(signed, some_counts(), phase) for phase in
              ("draft", "upcoming", "open", "paused", "closed", "archived")}  # fmt: skip
    sure = FormState({}, {"sure": FieldRefused("sure-missing")})
    pages |= {f"sure, {act}": Sure(TOKEN, act, act, signed, sure) for act in ("deny", "withdraw", "erase")}
    pages["sure, unlist"] = Sure(TOKEN, "deny", "unlist", signed, sure)
    return pages | {f"ended, {kind}": LinkEnded(TOKEN, kind, signed, ("withdraw", "erase")) for kind in ENDINGS}


class Reader(HTMLParser):
    """Collects what a browser would find: tags, ids, and whether every text of ours stands isolated."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.strays: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("bdi", "pre", "title"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, text: str) -> None:
        if "ليلى" in text and not self.open:
            self.strays.append(text)


def read(page: Page, lang: str) -> tuple[str, Reader]:
    html, reader = PAGES.render(page, lang).decode(), Reader()
    reader.feed(html)
    return html, reader


@pytest.mark.parametrize("lang", ["ar", "en"])
@pytest.mark.parametrize("name", every_page(""))
def test_what_people_type_stays_text_and_stays_isolated(name: str, lang: str) -> None:
    html, reader = read(every_page(HOSTILE)[name], lang)
    assert "<script>" not in html
    assert "<img src=x" not in html
    assert not [attrs for _, attrs in reader.tags for attr in attrs if attr.startswith("on") or attr == "style"]
    if name != "version":  # an organizer's text: the whole article has its own direction
        assert not reader.strays


@pytest.mark.parametrize("lang", ["ar", "en"])
@pytest.mark.parametrize("name", every_page(""))
def test_every_page_is_whole(name: str, lang: str) -> None:
    html, reader = read(every_page("Layla")[name], lang)
    assert html.startswith(f'<!doctype html>\n<html lang="{lang}" dir="{"rtl" if lang == "ar" else "ltr"}">')
    assert [tag for tag, _ in reader.tags].count("h1") == 1
    assert "{{" not in html
    assert "None" not in html
    ids = [attrs["id"] for _, attrs in reader.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    for tag, attrs in reader.tags:
        for target in [*(attrs.get("aria-describedby") or "").split(), attrs.get("for") or ids[0]]:
            assert target in ids, (tag, attrs)
        if tag == "a" and (attrs.get("href") or "").startswith("#"):
            assert (attrs["href"] or "")[1:] in ids
        if tag in ("input", "select") and attrs.get("type") != "hidden":
            assert attrs.get("id") in ids or attrs.get("type") == "radio"


@pytest.mark.parametrize("lang", ["ar", "en"])
def test_the_petition_page_is_one_response_of_14_kilobytes_at_most(lang: str) -> None:
    for name, typed in (
        ("petition, open", ""),
        ("refused form", "ليلى حدّاد"),
        ("petition, delivered", "سُلّم باليد " * 25),
    ):
        html = PAGES.render(every_page(typed)[name], lang)
        assert len(gzip.compress(html, 9)) <= 14 * 1024
    assert len(gzip.compress(PAGES.render(every_page("")["petition, open"], lang), 9)) <= 13 * 1024


def test_the_policys_hash_is_of_the_style_as_it_stands_in_the_page() -> None:
    html = PAGES.render(every_page("")["petition, open"], "ar").decode()
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert len(style) == 1
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert PAGES.style_hash == f"sha256-{digest}"


def test_a_page_loads_nothing_from_elsewhere() -> None:
    for lang in CATALOGUES:
        for page in every_page("Layla").values():
            _, reader = read(page, lang)
            for tag, attrs in reader.tags:
                loaded = attrs.get("src") or (attrs.get("href") if attrs.get("rel") in ("stylesheet", "icon") else None)
                assert loaded is None or loaded.startswith("/"), (tag, attrs)


def test_only_what_is_meant_to_be_found_is_indexed() -> None:
    for name, page in every_page("Layla").items():
        html = PAGES.render(page, "en").decode()
        public = name.split(",")[0] in ("home", "petition", "count", "refused form", "nothing stored", "too many")
        assert ('content="noindex"' in html) is not public
        assert ('rel="canonical"' in html) is public


def test_the_first_field_in_error_has_the_focus_and_the_summary_links_to_each() -> None:
    html, reader = read(every_page("Layla")["refused form"], "en")
    focused = [attrs["id"] for _, attrs in reader.tags if "autofocus" in attrs]
    assert focused == ["full_name"]
    for name in ("full_name", "category", "visibility", "consent", "country"):
        assert f'href="#{name}"' in html
        assert f'id="{name}-error"' in html


def test_what_was_typed_is_kept_when_nothing_could_be_stored() -> None:
    form = FormState({"full_name": "Layla Haddad", "email": "layla@example.org", "category": "fsa", "country": "LB",
                      "visibility": "anonymous", "city": "Tripoli"}, {}, "unavailable")  # fmt: skip
    html, reader = read(PetitionPage(a_petition(), some_counts(), "open", form), "en")
    assert 'value="Layla Haddad"' in html
    assert 'value="layla@example.org"' in html
    assert [attrs["value"] for tag, attrs in reader.tags if tag == "option" and "selected" in attrs] == ["fsa", "LB"]
    assert [attrs["value"] for tag, attrs in reader.tags if tag == "input" and "checked" in attrs] == ["anonymous"]
    assert "Nothing was stored" in html


@pytest.mark.parametrize("name", ["pending", "confirmed", "sure, erase", "petition, open"])
def test_no_box_that_acts_is_ticked_beforehand(name: str) -> None:
    _, reader = read(every_page("Layla")[name], "en")
    assert not [attrs for _, attrs in reader.tags if attrs.get("type") == "checkbox" and "checked" in attrs]


def test_a_petition_in_one_language_is_marked_as_such_on_the_others_page() -> None:
    only = a_petition(title={"ar": BUILTIN["title"]["ar"]}, statement={"ar": BUILTIN["statement"]["ar"]})
    html = PAGES.render(PetitionPage(only, some_counts(), "open"), "en").decode()
    assert '<bdi lang="ar" dir="rtl">لا لمؤتمر' in html
    assert '<div lang="ar" dir="rtl"><p>نحن' in html


def test_a_statements_markup_is_shown_as_text_and_its_links_are_careful() -> None:
    html = prose.statement(
        "# A\n\n### B\n\n<b onclick=x>raw</b> ![pic](https://x.example/p.png) [ok](https://x.example) "
        "[bad](javascript:alert(1)) [data](data:text/html,x) [far](//x.example)\n\n<script>x</script>"
    )
    assert "<b onclick" not in html
    assert "<script>" not in html
    assert "<img" not in html
    assert re.findall(r'href="([^"]*)"', html) == ["https://x.example/p.png", "https://x.example"]
    assert html.count('rel="noopener noreferrer nofollow"') == 2
    assert "<h3>A</h3>" in html
    assert "<h5>B</h5>" in html


def test_a_summary_ends_at_a_word() -> None:
    assert prose.summary("**Short** and [plain](https://x.example).\n\nSecond.") == "Short and plain."
    assert prose.summary("") == ""
    cut = prose.summary("word " * 100)
    assert cut.endswith("word…")
    assert len(cut) <= 181


def test_the_ruler_ends_at_the_goal_and_grows_past_it() -> None:
    assert [mark.value for mark in figures.ruler(some_counts(3142), (1000, 2000, 3000, 3500)).marks] == [
        1000,
        2000,
        3000,
    ]
    assert figures.ruler(some_counts(3500), ()).top == 3500
    grown = figures.ruler(some_counts(3512), (1000, 2000, 3000, 3500))
    assert grown.top == 4000
    assert [mark.value for mark in grown.marks] == [1000, 2000, 3000, 4000]
    assert figures.ruler(some_counts(0, goal=1), ()).step == 1


def test_the_ruler_and_the_chart_run_in_the_reading_direction() -> None:
    assert figures.across(0, 25, mirrored=False) == "0%"
    assert figures.across(0, 25, mirrored=True) == "75%"


def test_the_chart_shows_quiet_days_too_and_gathers_long_times() -> None:
    week = figures.chart((Day(date(2018, 1, 1), 4, 0), Day(date(2018, 1, 7), 8, 0)))
    assert week is not None
    assert [bar.counted for bar in week.bars] == [4, 0, 0, 0, 0, 0, 8]
    assert (week.days_each, week.peak.first, week.bars[0].height) == (1, date(2018, 1, 7), 50)
    year = figures.chart(tuple(Day(date(2018, 1, 1) + timedelta(days=n), 1, 0) for n in range(365)))
    assert year is not None
    assert year.days_each == 5
    assert sum(bar.counted for bar in year.bars) == 365
    assert figures.chart(()) is None
    nothing = figures.chart((Day(date(2018, 1, 1), 0, 2),))
    assert nothing is not None
    assert nothing.bars[0].height == 0


def test_a_petition_without_questions_or_addressees_still_stands() -> None:
    bare = a_petition(ask_for={}, addressees=(), milestones=(), categories=a_petition().categories[:1], closes_at=None)
    counts = some_counts(1, by_category=(CategoryCount("independents", 1, 0),), awaiting_verification=0)
    for lang in CATALOGUES:
        html = PAGES.render(PetitionPage(bare, counts, "open", versions=(1,)), lang).decode()
        assert 'id="country"' not in html
        assert "/versions/1" in html


def test_the_qr_code_is_a_picture_of_the_short_link() -> None:
    assert PAGES.qr("boycott-sochi").startswith(b"<svg")
    assert PAGES.qr("boycott-sochi") != PAGES.qr("other")


def test_the_built_in_petition_says_the_same_in_both_languages() -> None:
    texts = BUILTIN["statement"]
    assert texts["ar"].count("\n\n") == texts["en"].count("\n\n")
    assert all(350 <= len(text.split()) <= 500 for text in texts.values())
    assert all(set(c["label"]) == {"ar", "en"} for c in BUILTIN["categories"])
    assert {c["slug"]: c["claim"] for c in BUILTIN["categories"]} == {
        "independents": "open",
        "coalition": "verified",
        "interim-government": "verified",
        "fsa": "verified",
        "journalists": "verified",
        "activists": "open",
    }
