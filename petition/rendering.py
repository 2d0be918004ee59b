"""The one Jinja environment builder, shared by pages and mails: escaping, isolation and words in one place.

In a template `say(key, **facts)` is the catalogue's text: in HTML escaped, with every text among the facts
inside `<bdi>`; in plain text with the same inside Unicode isolates. `user(text)` does so for a lone value.
"""

from collections.abc import Mapping
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import Markup

from petition.assets import asset
from petition.words import Words

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"


def isolate(text: str) -> str:
    """What somebody typed, kept from reordering the words around it (plain text, mail subjects)."""
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"


def _bdi(text: str) -> str:
    if isinstance(text, Markup):
        return text
    return Markup("<bdi>{}</bdi>").format(text)


@pass_context
def _say(context: Context, key: str, /, **facts: Any) -> str:
    words: Words = context["words"]
    if not context.eval_ctx.autoescape:
        return words.fill(key, facts, isolate)
    return Markup(words.fill(key, facts, _bdi))  # catalogue texts hold no markup: a test says so


@pass_context
def _user(context: Context, text: str) -> str:
    return _bdi(text) if context.eval_ctx.autoescape else isolate(text)


class _Compiled(BytecodeCache):
    """What templates were compiled to, once for all applications and workers of a process."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


def environment(catalogues: Mapping[str, Words], *, mails: bool) -> Environment:
    """The templates of the mails, or of everything else, compiled now: a broken one stops the start.

    Texts come from `words` in the context.
    """
    env = Environment(
        loader=FileSystemLoader(asset("templates")),
        autoescape=select_autoescape(["html", "svg"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=_COMPILED,
    )
    env.globals.update(say=_say, user=_user, catalogues=catalogues)
    for name in env.list_templates(filter_func=lambda name: not name.startswith("paper/")):
        if name.startswith("mail/") == mails:
            env.get_template(name)
    return env
