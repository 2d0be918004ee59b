"""A statement's Markdown as nested lists of plain strings, for paper: nothing in it is markup any more. Pure.

block   {"kind": paragraph | heading | bullets | numbers | quote | code | line, …}
stretch {"text": …, "strong": True, "em": True, "href": …}, or {"break": True}
"""

from __future__ import annotations

from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(["image", "html_block", "html_inline"])
_SHORT = 600
Node = dict[str, Any]


def blocks(markdown: str) -> list[Node]:
    return [_block(node) for node in SyntaxTreeNode(_MARKDOWN.parse(markdown)).children]


def opening(markdown: str, most: int = _SHORT) -> tuple[str, bool]:
    """The first paragraphs as plain text, as many as fit into `most` characters, and whether they are the whole.

    One that is too long by itself is cut at the end of a sentence, or else at a word; one that leads up to a list is
    not left standing without it.
    """
    told: list[str] = []
    for node in blocks(markdown):
        text = plain(node)
        if sum(map(len, told)) + len(text) > most:
            leading_up = node["kind"] != "paragraph" and len(told) > 1
            return (" ".join(told[:-1] if leading_up else told) or _cut(text, most)), False
        told.append(text)
    return " ".join(told), True


def plain(node: Node) -> str:
    """What a block says, in one line."""
    if "text" in node:
        return " ".join("".join(part.get("text", " ") for part in node["text"]).split())
    if node["kind"] in ("bullets", "numbers"):
        return " ".join(plain(each) for item in node["items"] for each in item)
    return " ".join(plain(each) for each in node.get("items", ())) or node.get("code", "")


def _cut(text: str, most: int) -> str:
    short = text[:most]
    for mark in (". ", "؟ ", "? ", "، ", " "):
        if mark in short[most // 3 :]:
            return short[: short.rindex(mark) + 1].rstrip(" ،,;") + ("" if mark in (". ", "؟ ", "? ") else " …")
    return f"{short} …"


def _block(node: SyntaxTreeNode) -> Node:
    match node.type:
        case "paragraph":
            return {"kind": "paragraph", "text": _inline(node)}
        case "heading":
            return {"kind": "heading", "text": _inline(node)}
        case "bullet_list":
            return {"kind": "bullets", "items": [_items(item) for item in node.children]}
        case "ordered_list":
            start = int(node.attrs.get("start", 1))
            return {"kind": "numbers", "start": start, "items": [_items(item) for item in node.children]}
        case "blockquote":
            return {"kind": "quote", "items": _items(node)}
        case "fence" | "code_block":
            return {"kind": "code", "code": node.content}
    return {"kind": "line"}


def _items(node: SyntaxTreeNode) -> list[Node]:
    return [_block(child) for child in node.children]


def _inline(node: SyntaxTreeNode) -> list[Node]:
    return [part for child in node.children for part in _stretches(child, {})]


def _stretches(node: SyntaxTreeNode, style: Node) -> list[Node]:
    match node.type:
        case "text" | "code_inline":
            return [{**style, "text": node.content}] if node.content else []
        case "softbreak":
            return [{**style, "text": " "}]
        case "hardbreak":
            return [{"break": True}]
        case "strong":
            style = {**style, "strong": True}
        case "em":
            style = {**style, "em": True}
        case "link":
            style = {**style, "href": str(node.attrs.get("href", ""))} if node.attrs.get("href") else style
    return [part for child in node.children for part in _stretches(child, style)]
