"""A statement's Markdown as HTML: raw HTML is shown as text, pictures are left out, links tell no referrer."""

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_ADDRESS = re.compile(r"https?://|mailto:|/(?!/)|#", re.IGNORECASE)
_FIRST_HEADING = 3  # the page's own headings are the title and "Statement"
_SHORT = 180
_BREAKS = ("softbreak", "hardbreak")


def _allowed(url: str) -> bool:
    return bool(_ADDRESS.match(url))


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False})
    markdown.disable(["image", "html_block", "html_inline"])
    markdown.validateLink = _allowed  # type: ignore[method-assign]
    return markdown


_MARKDOWN = _markdown()


@lru_cache(maxsize=64)
def statement(markdown: str) -> Markup:
    tokens = _MARKDOWN.parse(markdown)
    _sink_headings(tokens)
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("rel", "noopener noreferrer nofollow")
    html: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Markup(html.strip())  # the renderer escapes all that the author wrote


def _sink_headings(tokens: list[Token]) -> None:
    """The statement's highest heading comes right below the page's own, and none is skipped on the way there."""
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    highest = min((int(token.tag[1]) for token in headings), default=1)
    for token in headings:
        token.tag = f"h{min(int(token.tag[1]) - highest + _FIRST_HEADING, 6)}"


def summary(markdown: str) -> str:
    """The first paragraph as plain text, cut at a word: for search engines and for links that are passed on."""
    inline = next((token for token in _MARKDOWN.parse(markdown) if token.type == "inline"), None)
    if inline is None:
        return ""
    text = " ".join("".join(" " if child.type in _BREAKS else child.content for child in inline.children or ()).split())
    if len(text) <= _SHORT:
        return text
    return text[:_SHORT].rsplit(" ", 1)[0].rstrip(" ,;:،؛") + "…"
