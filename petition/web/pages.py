"""Every page: one frozen dataclass each (what its template is given), and `Pages`, which renders them.

`Pages(base_url, catalogues, demo=…).render(page, lang) -> bytes`. Templates are compiled and static files hashed
when it is made; a page needs no clock, no database and no request. Pages here know nothing of HTTP.
"""

import base64
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, urlencode

import segno
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from petition.domain import funnel, identity, press
from petition.domain.counts import Counts
from petition.domain.sampling import Result
from petition.domain.witnessed import Standing
from petition.errors import FieldRefused
from petition.queries.petitions import Petition
from petition.queries.signatories import SignatoriesPage
from petition.queries.timeline import Day
from petition.rendering import environment, isolate
from petition.web import figures, prose
from petition.web.card import card
from petition.words import Words

_STATIC = Path(__file__).resolve().parent / "static"
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class FormState:
    """A form as it was sent: `values` as typed, `errors` by field name; `problem` is an error's code that
    concerns the whole form (`unavailable`, `too-many`), with its `facts`: shown above it, nothing typed is lost."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, FieldRefused] = field(default_factory=dict)
    problem: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class OwnData:
    """A signatory's own record, for their link's pages alone. `category` is its label, `country` its code;
    empty text where nothing was given."""

    full_name: str
    email: str
    category: str
    affiliation: str
    city: str
    country: str
    visibility: str
    language: str


class Page:
    """`template` renders it. `indexed`: may search engines keep it. `inlined`: does it carry its own style."""

    template: ClassVar[str]
    indexed: ClassVar[bool] = False
    inlined: ClassVar[bool] = False

    def path(self, lang: str) -> str | None:
        """Where the page lives in a language; None for an answer that has no address of its own."""
        return None


# Milestones that the count has passed, each with its day.
Reached = tuple[tuple[int, date], ...]


@dataclass(frozen=True)
class Listed:
    """One petition on the home page; `phase` as of now."""

    petition: Petition
    phase: str
    total: int


@dataclass(frozen=True)
class Home(Page):
    template = "public/home.html"
    indexed = True
    petitions: tuple[Listed, ...]

    def path(self, lang: str) -> str:
        return f"/{lang}"


@dataclass(frozen=True)
class PetitionPage(Page):
    """Statement, count, form. `versions`: the numbers of earlier texts that can still be read."""

    template = "public/petition.html"
    indexed = True
    inlined = True
    petition: Petition
    counts: Counts
    phase: str
    form: FormState = FormState()
    versions: tuple[int, ...] = ()
    reached: Reached = ()

    def path(self, lang: str) -> str:
        return f"/{lang}/petitions/{self.petition.slug}"


@dataclass(frozen=True)
class InvitedPage(PetitionPage):
    """The same for one reader, whose form carries an invitation: the other language keeps it, no search engine does."""

    indexed = False

    def path(self, lang: str) -> str:
        return f"{super().path(lang)}?{urlencode({'invitation': self.form.values['invitation']})}"


@dataclass(frozen=True)
class CheckYourMail(Page):
    """The answer to every signature, the same for all."""

    template = "public/check_your_mail.html"
    petition: Petition

    def path(self, lang: str) -> str:
        return f"/{lang}/petitions/{self.petition.slug}/check-your-mail"


@dataclass(frozen=True)
class SignatoryList(Page):
    """Those who chose to be shown; `category` and `after` as asked for, None for all and for the first page."""

    template = "public/signatories.html"
    petition: Petition
    listed: SignatoriesPage
    category: str | None = None
    after: str | None = None

    def path(self, lang: str) -> str:
        return f"/{lang}/petitions/{self.petition.slug}/signatories"


@dataclass(frozen=True)
class CountPage(Page):
    """How the count came about. `timeline`: the days on which anything changed, oldest first; `witnesses`: who else
    has seen its ledger; `sample`: the last audit by chance."""

    template = "public/count.html"
    indexed = True
    petition: Petition
    counts: Counts
    timeline: tuple[Day, ...]
    witnesses: tuple[Standing, ...] = ()
    sample: Result | None = None
    reached: Reached = ()

    def path(self, lang: str) -> str:
        return f"/{lang}/petitions/{self.petition.slug}/count"


@dataclass(frozen=True)
class RecountPage(Page):
    """How anyone recounts, and a recount in the browser. `address`: the petition's, for other machines."""

    template = "public/recount.html"
    petition: Petition
    address: str

    def path(self, lang: str) -> str:
        return f"/{lang}/petitions/{self.petition.slug}/recount"


@dataclass(frozen=True)
class VersionPage(Page):
    """An older text: `title` and `statement` by language, as they were in version `number`."""

    template = "public/version.html"
    petition: Petition
    number: int
    title: Mapping[str, str]
    statement: Mapping[str, str]

    def path(self, lang: str) -> str:
        return f"/{lang}/petitions/{self.petition.slug}/versions/{self.number}"


@dataclass(frozen=True)
class LinkPage(Page):
    """A page behind a signatory's own link; `token` as it stands in the address."""

    token: str

    def path(self, lang: str) -> str:
        return f"/{lang}/signature/{quote(self.token, safe='')}"


@dataclass(frozen=True)
class Pending(LinkPage):
    """Confirm, or say that it was not you. `form.errors` may hold `agree`; `version`: of the text that was signed,
    where it was changed since."""

    template = "signature/pending.html"
    petition: Petition
    own: OwnData
    form: FormState = FormState()
    version: int | None = None


@dataclass(frozen=True)
class RightlyListed(LinkPage):
    """A list says that they signed: is that right? `method`: import or paper. `form.errors` may hold `agree`."""

    template = "signature/listed.html"
    petition: Petition
    own: OwnData
    method: str
    form: FormState = FormState()


@dataclass(frozen=True)
class Confirmed(LinkPage):
    """It counts. `total`: the whole count. `awaiting`: the category's claim has yet to be verified.
    `said`: what has just been done, of `confirmed`, `again`, `visibility`, `listed`.
    `code`: the receipt's short one, None until the line is published."""

    template = "signature/confirmed.html"
    petition: Petition
    own: OwnData
    total: int
    awaiting: bool = False
    said: str | None = None
    form: FormState = FormState()
    code: str | None = None


@dataclass(frozen=True)
class Sure(LinkPage):
    """Asks again before `act`: `deny`, `withdraw` or `erase`. `form.errors` may hold `sure`.

    `about`: whose words it uses, where they are not the act's own.
    """

    template = "signature/sure.html"
    act: str
    about: str
    petition: Petition | None = None
    form: FormState = FormState()


@dataclass(frozen=True)
class LinkEnded(LinkPage):
    """A link that confirms nothing any more. `kind`: withdrawn, erased, denied, unlisted, lapsed, already, rejected,
    invalidated, merged, unknown. `acts`: what it may still do, of `withdraw`, `erase`."""

    template = "signature/ended.html"
    kind: str
    petition: Petition | None = None
    acts: tuple[str, ...] = ()
    code: str | None = None


@dataclass(frozen=True)
class ProblemPage(Page):
    """What went wrong, in words, and where to go from here."""

    template = "errors/problem.html"
    status: int
    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    petition: Petition | None = None
    # Where an organizer came from.
    back: str = ""


@dataclass(frozen=True)
class Letter:
    """One mail that the demonstration did not send; `link` is the one link in it."""

    to: str
    subject: str
    link: str
    text: str
    language: str


@dataclass(frozen=True)
class DemoMail(Page):
    template = "public/demo_mail.html"
    letters: tuple[Letter, ...]

    def path(self, lang: str) -> str | None:
        return None


class Pages:
    """Renders every page in every language.

    style_hash: the inline style's source for a content security policy, without quotes (`sha256-…`).
    static: address -> (content, media type), each under the hash of its own content.
    """

    def __init__(self, base_url: str, catalogues: Mapping[str, Words], *, demo: bool = False) -> None:
        self.base_url = base_url.rstrip("/")
        self._catalogues = catalogues
        files = {path.name: _lightened(path) for path in sorted(_STATIC.iterdir()) if path.is_file()}
        files |= {f"card-{direction}.png": card(direction == "rtl") for direction in ("ltr", "rtl")}
        style = files["style.css"].decode()
        self._addresses = {name: f"/static/{_digest(content)}/{name}" for name, content in files.items()}
        self.static: Mapping[str, tuple[bytes, str]] = {
            self._addresses[name]: (content, _MEDIA_TYPES[Path(name).suffix]) for name, content in files.items()
        }
        self.style_hash = "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._env = environment(catalogues, mails=False)
        self._env.globals.update(
            base_url=self.base_url,
            demo=demo,
            style=Markup(style),  # our own file; the policy's hash is of exactly these characters
            asset=self._addresses.__getitem__,
            local=_local,
            local_text=_local_text,
            share_links=self._share_links,
            statement=prose.statement,
            summary=prose.summary,
            press=self.press,
            ruler=figures.ruler,
            chart=figures.chart,
            columns=figures.columns,
            dict_of=funnel.series,
            dict_of_columns=_column_labels,
            initials=identity.initials,
            across=figures.across,
            percent=figures.percent,
            share=figures.share,
        )
        self._templates = {page.template: self._env.get_template(page.template) for page in _all_pages(Page)}

    def render(self, page: Page, lang: str) -> bytes:
        words = self._catalogues[lang]
        paths = {code: page.path(code) for code in self._catalogues}
        html = self._templates[page.template].render(
            page=page, words=words, lang=lang, paths=paths, mirrored=words.direction == "rtl"
        )
        return html.encode("utf-8", "replace")

    def qr(self, slug: str) -> bytes:
        """The short link as an SVG picture; dark on light whatever the reader's colours, so that it scans."""
        out = io.BytesIO()
        code = segno.make(f"{self.base_url}/p/{slug}", error="m", micro=False)
        code.save(out, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False, omitsize=True)
        return out.getvalue()

    def press(self, petition: Petition, counts: Counts) -> dict[str, str]:
        """The count in the words of every language; what is in another one stands isolated."""
        return {code: self._in_words(petition, counts, code) for code in self._catalogues}

    def _in_words(self, petition: Petition, counts: Counts, lang: str) -> str:
        def told(texts: Mapping[str, str]) -> str:
            return texts[lang] if lang in texts else isolate(petition.in_language(texts, lang))

        labels = {category.slug: told(category.label) for category in petition.categories}
        address = f"{self.base_url}/{lang}/petitions/{petition.slug}/count"
        return press.sentences(counts, told(petition.title), labels, address, self._catalogues[lang])

    def _share_links(self, petition: Petition, lang: str) -> tuple[tuple[str, str], ...]:
        """(name, address) of each place a reader may pass the statement on to; nothing is loaded from there."""
        link = f"{self.base_url}/{lang}/petitions/{petition.slug}"
        title = petition.in_language(petition.title, lang)

        def to(address: str, **query: str) -> str:
            return f"{address}?{urlencode(query, quote_via=quote)}"

        return (
            ("WhatsApp", to("https://wa.me/", text=f"{title} {link}")),
            ("Telegram", to("https://t.me/share/url", url=link, text=title)),
            ("X", to("https://x.com/intent/post", text=title, url=link)),
            ("Facebook", to("https://www.facebook.com/sharer/sharer.php", u=link)),
            ("", to("mailto:", subject=title, body=link)),
        )


@pass_context
def _local(context: Context, petition: Petition, texts: Mapping[str, str]) -> Markup:
    """A petition's text in the page's language, else in its own or in whichever there is, marked as such."""
    lang = context["lang"]
    if lang in texts:
        return escape(texts[lang])
    code = petition.default_language if petition.default_language in texts else next(iter(texts))
    spoken: Words | None = context["catalogues"].get(code)
    direction = spoken.direction if spoken else "auto"
    return Markup('<bdi lang="{}" dir="{}">{}</bdi>').format(code, direction, texts[code])


def _column_labels(words: Words, names: Sequence[str]) -> dict[str, str]:
    return {name: words(f"column.{name}") for name in names}


@pass_context
def _local_text(context: Context, petition: Petition, texts: Mapping[str, str]) -> str:
    return petition.in_language(texts, context["lang"])


def minified(style: str) -> str:
    """Comments and needless space gone; the file itself stays readable."""
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    style = re.sub(r"\s+", " ", style)
    style = re.sub(r" ?([{};,>]) ?", r"\1", style)
    return style.replace(": ", ":").replace(";}", "}").strip()


def _lightened(path: Path) -> bytes:
    """A static file as it is served: styles and scripts without comments and indentation."""
    if path.suffix == ".css":
        return minified(path.read_text("utf-8")).encode()
    if path.suffix == ".js":
        lines = (line.strip() for line in path.read_text("utf-8").splitlines())
        script = "\n".join(line for line in lines if line and not line.startswith("//"))
        # Our own file: no text in it holds these signs between spaces.
        return re.sub(r" (=>|===|=|&&|\|\||\?\?=) |(?<=,) ", lambda sign: sign[1] or "", script).encode()
    return path.read_bytes()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _all_pages(kind: type[Page]) -> list[type[Page]]:
    found = [deeper for sub in kind.__subclasses__() for deeper in (sub, *_all_pages(sub))]
    return [page for page in found if "template" in vars(page)]
