"""Promise 36: no script runs but ours.

"An XSS corpus through every field into every page, mail [and API answer]; CSP default-src 'none', no unsafe-*": with
hostile words a page has exactly the elements and attributes that it has with innocent ones, and every answer carries
the policy, errors and static files included.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from petition.actions import intake
from petition.app import create_app
from petition.domain import identity
from petition.domain.submission import Submission
from tests.factories import CATEGORIES, SLUG, petition_text
from tests.house import House, read_mail
from tests.people import LAYLA, Person, someone
from tests.promises.conftest import ON_SQLITE
from tests.promises.hostile import PAYLOADS
from tests.promises.markup import Page
from tests.promises.walk import Walk

INNOCENT = "Innocent words"
# Of a statement, its author's Markdown may make these and no other.
OF_MARKDOWN = {
    ("p",), ("em",), ("strong",), ("code",), ("pre",), ("code", "class"), ("a", "href", "rel"),
    ("a", "href", "rel", "title"), ("h3",), ("ul",), ("ol",), ("li",), ("blockquote",), ("hr",), ("br",),
}  # fmt: skip
SCHEMES = re.compile(r"\s*[\x00-\x20]*[a-z][a-z0-9+.-]*:", re.IGNORECASE)
ELSEWHERE = r"(/(ar|en))?/petitions/[\w-]+/(embed|badge\.svg)"
HARMLESS = re.compile(r"\s*(?:https?://|mailto:)", re.IGNORECASE)


def policy_of(answer: httpx.Response) -> dict[str, list[str]]:
    (written,) = answer.headers.get_list("content-security-policy")
    directives = [part.split() for part in written.split(";") if part.strip()]
    return {name: sources for name, *sources in directives}


async def test_every_answer_forbids_whatever_is_not_ours(open_house: Callable[..., Any]) -> None:
    house: House = await open_house(limits="on")
    walk = Walk(house)
    await walk.everywhere()
    await walk.when_all_is_broken()
    assert walk.routes_not_seen() == []
    assert {a.status_code for a in walk.answers} >= {200, 202, 302, 303, 304, 400, 404, 405, 409, 413, 415, 422, 429}
    assert {a.status_code for a in walk.answers if a.status_code >= 500} == {
        503 if house.parts.database.sqlite else 500
    }
    for answer in walk.answers:
        request = answer.request
        where = f"{request.method} {request.url} {answer.status_code}"
        policy = policy_of(answer)
        assert policy["default-src"] == ["'none'"], where
        assert policy["base-uri"] == ["'none'"], where
        # The count alone may be shown on other sites: it has nothing to press but a link that leads here.
        framed_by = "*" if re.fullmatch(ELSEWHERE, request.url.path) else "'none'"
        assert policy.pop("frame-ancestors") == [framed_by], where
        assert policy["form-action"] == policy["script-src"] == ["'self'"], where
        sources = {source for name, given in policy.items() for source in given if name != "img-src"}
        assert all(re.fullmatch(r"'none'|'self'|'sha256-[\w+/=]{44}'", source) for source in sources), where
        assert policy["img-src"] == ["'self'", "data:"], where
        assert answer.headers["x-content-type-options"] == "nosniff", where
        check_body(answer, where)


def check_body(answer: httpx.Response, where: str) -> None:
    kind = answer.headers.get("content-type", "")
    if kind.startswith("text/html"):
        assert dangers(Page(answer.text)) == [], where
    elif kind.startswith("text/csv"):
        # What a browser keeps as a file it does not run.
        assert answer.headers["content-disposition"].startswith("attachment"), where
    elif "/api/" in answer.request.url.path and answer.content and "event-stream" not in kind:
        assert re.match(r"application/(problem\+|vnd\.oai\.openapi\+)?json", kind), where
        json.loads(answer.content)


def dangers(page: Page) -> list[str]:
    """What no page of ours ever has, whoever wrote in it."""
    found = [f"comment {comment}" for comment in page.comments]
    for element in page.elements:
        names = [name for name, _ in element.attributes]
        found += [
            f"{element.tag} {name}" for name in names if name.startswith("on") or name in ("style", "srcdoc", "is")
        ]
        if element.tag in (
            "iframe",
            "object",
            "embed",
            "base",
            "frame",
            "applet",
            "portal",
            "animate",
            "foreignobject",
        ):
            found.append(element.tag)
        if element.tag == "script" and not (element.get("src") or "").startswith("/static/"):
            found.append(f"script {element.get('src')}")
        if (
            element.tag == "link"
            and "stylesheet" in (element.get("rel") or "")
            and "/static/" not in str(element.get("href"))
        ):
            found.append(f"link {element.get('href')}")
        if element.tag == "meta" and element.get("http-equiv"):
            found.append("meta http-equiv")
        for name in ("href", "src", "action", "formaction", "xlink:href"):
            address = element.get(name) or ""
            if (SCHEMES.match(address) and not HARMLESS.match(address)) or re.match(r"\s*[/\\]{2}", address):
                found.append(f"{element.tag} {name}={address}")
    return found


def test_the_dangers_would_be_seen() -> None:
    unseen = [
        one
        for one in PAYLOADS[:33]
        if not dangers(Page(f"<p>{one}</p>")) and Page(f"<p>{one}</p>").shapes() == [("p",)]
    ]
    assert unseen == []
    assert dangers(Page('<input value="" onmouseover="alert(1)">'))
    assert dangers(Page('<a href=" JaVaScRiPt:alert(1)">'))
    assert dangers(Page('<a href="//evil.example">'))
    assert Page('<input value="x" a b>').shapes() == [("input", "a", "b", "value")]


# Through the petition's file, into every page that tells of it


TOGETHER = len(CATEGORIES)


def written_by(words: Sequence[str], slug: str, statement: str = INNOCENT) -> str:
    """A petition whose title and addressee are all of `words` and whose categories are one each, in one line."""
    lines = [re.sub(r"[\r\n\x00]", " ", word) for word in words]
    title = " ".join(lines)
    # No two are called alike.
    called = [f"{lines[n % len(lines)]} {n or ''}".rstrip() for n in range(len(CATEGORIES))]
    labels = [(s, claim, name, name) for (s, claim, _, _), name in zip(CATEGORIES, called, strict=True)]
    text = petition_text(
        slug=slug,
        title={"en": title, "ar": title},
        statement={"en": statement, "ar": statement},
        categories=labels,
    )
    return text.replace("The Secretary-General", json.dumps(title[:200])[1:-1])


async def pages_of(house: House, slug: str, who: Person) -> dict[str, httpx.Response]:
    """One person's way through everything that shows a petition's words, as answers by their kind."""
    found = {}
    link = await house.signed(who, slug=slug, lang="en")
    found["pending"] = await house.http.get(link)
    found["not agreed"] = await house.post(link, "confirm")
    found["sure"] = await house.post(link, "deny", step="1")
    await house.post(link, "confirm", agree="yes")
    await house.fold()
    found["confirmed"] = await house.http.get(link)
    for lang in ("en", "ar"):
        for rest in ("", "/check-your-mail", "/signatories", "/signatories?category=independents", "/count"):
            found[f"{lang}{rest}"] = await house.http.get(f"/{lang}/petitions/{slug}{rest}")
        found[f"{lang} refused"] = await house.http.post(f"/{lang}/petitions/{slug}/signatures", data={})
    await house.post(link, "erase")
    found["ended"] = await house.http.get(link)
    return found


@ON_SQLITE
async def test_a_petitions_words_stay_words(house: House) -> None:
    who = someone(1)
    await house.apply(written_by([INNOCENT], "innocent"))
    innocent = {kind: Page(answer.text) for kind, answer in (await pages_of(house, "innocent", who)).items()}
    assert len(innocent) == 17
    wrong = []
    groups = [PAYLOADS[start : start + TOGETHER] for start in range(0, len(PAYLOADS), TOGETHER)]
    for number, payloads in enumerate(groups):
        slug = f"hostile-{number}"
        await house.apply(written_by(payloads, slug))
        for kind, answer in (await pages_of(house, slug, who)).items():
            page = Page(answer.text)
            if page.shapes() != innocent[kind].shapes() or dangers(page) or "1337" in answer.text:
                wrong.append((kind, payloads))
        listed = await house.http.get(f"/api/v1/petitions/{slug}")
        assert listed.headers["content-type"].startswith("application/json")
        assert listed.json()["categories"][0]["label"]["en"] in listed.json()["title"]["en"]
    assert wrong == []
    home = Page((await house.http.get("/en")).text)
    assert len([element for element in home.elements if element.tag == "article"]) == len(groups) + 2
    assert dangers(home) == []


@ON_SQLITE
async def test_a_statements_markdown_makes_text_alone(house: House) -> None:
    await house.apply(written_by([INNOCENT], "innocent", "The first."))
    await house.apply(written_by([INNOCENT], "innocent"))
    ours = set()
    for path in ("/en/petitions/innocent", "/ar/petitions/innocent", "/en/petitions/innocent/versions/1"):
        ours |= set(Page((await house.http.get(path)).text).shapes())
    for number, payload in enumerate([*PAYLOADS, "\n\n".join(PAYLOADS)]):
        words = payload.replace("\x00", "")
        slug = f"hostile-{number}"
        await house.apply(
            written_by([INNOCENT], slug, f"{words}\n\n# {words}\n\n* {words}\n\n> {words}\n\n    {words}")
        )
        answers = [await house.http.get(f"/en/petitions/{slug}")]
        if number % 10 == 0:
            # Of an old version as of the new one.
            await house.apply(written_by([INNOCENT], slug))
            answers += [await house.http.get(f"/{lang}/petitions/{slug}/versions/1") for lang in ("en", "ar")]
        for answer in answers:
            page = Page(answer.text)
            assert answer.status_code == 200
            assert dangers(page) == [], payload
            assert set(page.shapes()) - ours <= OF_MARKDOWN, payload
            assert "1337" not in answer.text


# Through the form and the API, into the form again, the mail, the link, the list

FIELDS = (
    "full_name",
    "email",
    "category",
    "affiliation",
    "city",
    "country",
    "visibility",
    "consent",
    "invitation",
    "website",
)
KEPT = ("full_name", "email", "affiliation", "city", "website")


ALONE = ("full_name", "affiliation", "city")


async def forms(house: House, value: str) -> list[tuple[dict[str, str], httpx.Response]]:
    """What became of this value in all fields at once, and in one alone."""
    typed = [dict.fromkeys(FIELDS, value), *({field: value} for field in ALONE)]
    return [(fields, await house.sign(someone(2), lang="en", **fields)) for fields in typed]


@ON_SQLITE
async def test_what_was_typed_comes_back_as_text(house: House) -> None:
    innocent = {
        shape
        for value in ("", "x", "innocent words", "a@b", "1234567", "a" * 300)
        for _, answer in await forms(house, value)
        if answer.status_code == 422
        for shape in Page(answer.text).shapes()
    }
    accepted = []
    for payload in PAYLOADS:
        for fields, answer in await forms(house, payload):
            assert answer.status_code in (303, 422)
            if answer.status_code == 303:
                accepted.append(payload)
                continue
            page = Page(answer.text)
            assert set(page.shapes()) <= innocent, (fields, payload)
            assert dangers(page) == []
            for field in set(KEPT) & set(fields):
                (typed,) = [element for element in page.elements if element.get("name") == field]
                assert typed.get("value") == payload
        by_api = await house.http.post(f"/api/v1/petitions/{SLUG}/signatures", json=dict.fromkeys(FIELDS, payload))
        assert by_api.status_code == 422
        assert by_api.headers["content-type"] == "application/problem+json"
        assert len(payload) < 8 or payload not in by_api.text
    # Markup is refused; a few of these are honest text, and go on to every page below.
    assert 0 < len(accepted) < len(PAYLOADS)
    assert "<" not in "".join(accepted)


@ON_SQLITE
async def test_whatever_was_let_in_is_text_in_mail_link_and_list(house: House) -> None:
    """Past the rules of fields, as if they were looser: then only how it is written keeps it text."""
    innocent = await way_of(house, INNOCENT, 0)
    honest = [
        'Layla "Lulu" Haddad',
        "Siobhán O'Brien",
        "Anne (Nan) «N» Smith",
        "Ann` Lee",
        "AT&T &lt; 'x'",
        "a = b > c",
    ]
    values = [re.sub(r"[\r\n\x00]", " ", value) for value in (*PAYLOADS, *honest)]
    for number, value in enumerate(values, 1):
        found = await way_of(house, value, number)
        for kind, page in found.items():
            assert page.shapes() == innocent[kind].shapes(), (kind, value)
            assert dangers(page) == [], (kind, value)
            assert "1337" not in page.text
            assert kind not in ("mail", "link", "confirmed") or isolated(value) in isolated(page.text)
    listed = Page((await house.http.get(f"/en/petitions/{SLUG}/signatories")).text)
    assert dangers(listed) == []
    assert set(listed.shapes()) == set((await signatories(house)).shapes())
    by_api = await house.http.get(f"/api/v1/petitions/{SLUG}/signatories", params={"limit": "500"})
    assert by_api.headers["content-type"].startswith("application/json")
    assert {row["name"] for row in by_api.json()["signatories"]} >= set(values)


def isolated(text: str) -> str:
    return " ".join(re.sub("[\u2066-\u2069]", "", text).split())


async def signatories(house: House) -> Page:
    """The list of an innocent petition."""
    await house.apply(petition_text(slug="innocent"))
    await house.confirmed(LAYLA, slug="innocent", lang="en")
    await house.confirmed(someone(1), slug="innocent", lang="en")
    return Page((await house.http.get("/en/petitions/innocent/signatories")).text)


async def way_of(house: House, value: str, number: int) -> dict[str, Page]:
    """The mail and the link's pages of one whose every word is `value`."""
    held = house.parts
    petition = held.hub.snapshot(SLUG).petition
    address = identity.mail_address(f"hostile-{number}@example.org")
    typed = Submission(value, address, "independents", value, value, "SY", "name")
    await held.intake.submit(intake.prepare(petition, typed, "en", held.keys, today=held.today()))
    await house.deliver()
    (mail,) = house.mails()
    for path in (house.settings.data_dir / "mail").glob("*.eml"):
        path.unlink()
    assert sorted(mail.message.keys()) == sorted({*mail.message.keys()}), "no header twice"
    assert set(mail.message.keys()) <= MAIL_HEADERS
    found = {"mail": Page(mail.html), "link": Page((await house.http.get(mail.link)).text)}
    found["again"] = Page((await house.post(mail.link, "confirm")).text)
    await house.post(mail.link, "confirm", agree="yes")
    await house.fold()
    found["confirmed"] = Page((await house.http.get(mail.link)).text)
    return found


MAIL_HEADERS = set("From To Subject Date Message-ID Auto-Submitted Content-Language MIME-Version Content-Type".split())


# Through addresses and headers

PLACES = (
    "/{}", "/en/{}", "/p/{}", "/en/petitions/{}", "/en/petitions/{}/count", "/en/petitions/boycott-sochi/versions/{}",
    "/en/signature/{}", "/en/signature/{}/erase", "/static/{}/style.css", "/static/0/{}", "/api/v1/petitions/{}",
    "/api/v1/{}",
    "/en/petitions/boycott-sochi/signatories?category={}", "/en/petitions/boycott-sochi/signatories?after={}",
    "/ar?{}", "/en/petitions/boycott-sochi?lang={}", "/api/v1/petitions/boycott-sochi/signatories?after={}",
    "/api/v1/petitions/boycott-sochi/signatories?limit={}", "/api/v1/petitions/boycott-sochi/signatories?category={}",
)  # fmt: skip


@ON_SQLITE
async def test_an_address_is_never_part_of_the_page(house: House) -> None:
    await house.confirmed(LAYLA)
    for place in PLACES:
        # What the page looks like for addresses that mean nothing, known or not.
        innocent = set()
        for word in ("nothing", "boycott-sochi", "A" * 43, "independents", "7", ""):
            innocent |= set(Page((await house.http.get(place.format(word))).text).shapes())
        for payload in PAYLOADS:
            for written in {quote(payload, safe=""), quote(payload, safe="/")}:
                await check_address(house, place.format(written), payload, innocent)


async def check_address(house: House, path: str, payload: str, innocent: set[tuple[str, ...]]) -> None:
    answer = await house.http.get(path, headers={"Accept-Language": ascii(payload)})
    assert answer.status_code in (200, 302, 303, 400, 404, 405), path
    location = answer.headers.get("location", "/")
    assert re.match(r"/(?![/\\])[^\s<>\"]*\Z", location), location
    assert "set-cookie" not in answer.headers
    assert "<" not in payload or payload not in answer.text
    kind = answer.headers.get("content-type", "")
    if kind.startswith("text/html"):
        page = Page(answer.text)
        assert set(page.shapes()) <= innocent, path
        assert dangers(page) == []
    elif answer.content:
        assert kind.startswith(("application/", "text/plain", "text/css")), path


# The demonstration shows mails as they are


class Demonstration(House):
    def __init__(self, house: House) -> None:
        super().__init__(house.settings)
        self.app = create_app(self.settings, works=False, is_demo=True, clocks=self.clocks)


@ON_SQLITE
async def test_the_demonstrations_mails_are_shown_as_text(house: House) -> None:
    await house.signed(LAYLA)
    await house.stop()
    demo = Demonstration(house)
    await demo.start()
    try:
        innocent = Page((await demo.http.get("/demo/mail")).text)
        folder = demo.settings.data_dir / "mail"
        (original,) = folder.glob("*.eml")
        mail = read_mail(original.read_bytes()).message
        for number, payload in enumerate(PAYLOADS):
            line = " ".join(payload.replace("\x00", "").split())
            for header, value in (("Subject", line), ("To", f'"{line.replace(chr(34), "")}" <x@example.org>')):
                del mail[header]
                mail[header] = value
            body = mail.get_body(("plain",))
            assert body is not None
            body.set_content(f"{payload}\n{LAYLA.full_name}")
            original.write_bytes(bytes(mail))
            page = Page((await demo.http.get("/demo/mail")).text)
            assert set(page.shapes()) <= set(innocent.shapes()), payload
            assert dangers(page) == [], (number, payload)
    finally:
        await demo.stop()
