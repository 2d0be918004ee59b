"""`python -m petition.typesetter`: sets one document and ends. A program of its own, started by typesetting.py.

Takes an order as JSON on standard input, gives a line of JSON and the PDF on standard output: names are never in a
file or on a command line. One that grows beyond its bounds dies alone, and its memory with it. Imports nothing of ours.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import unicodedata
from typing import Any

import typst

MEMORY = 4 << 30
STANDIN = "\N{WHITE SQUARE}"
_UNDRAWN = re.compile(r'the text `"(.+?)"` could not be displayed', re.DOTALL)
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")
_TRIALS = 40
_PLAIN = re.compile("[\u0000-\u024f\u0600-\u06ff\u2000-\u206f]+")


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # The system itself sees to it that no file is written: pipes alone take anything.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    order = json.load(sys.stdin.buffer)
    fonts = typst.Fonts(include_system_fonts=True, include_embedded_fonts=True, font_paths=order["fonts"])
    scripts = undrawn(order, fonts)
    pdf = compiled(order, fonts, without(order["content"], scripts))
    sys.stdout.buffer.write(json.dumps({"scripts": scripts}).encode() + b"\n")
    sys.stdout.buffer.write(pdf)


def compiled(order: dict[str, Any], fonts: typst.Fonts, content: Any) -> bytes:
    compiler = typst.Compiler(
        order["source"].encode(),
        root=order["root"],
        font_paths=fonts,
        sys_inputs={"content": json.dumps(content, ensure_ascii=False)},
    )
    pdf = compiler.compile(format="pdf", pdf_standards="ua-1", timestamp=order["timestamp"])
    assert isinstance(pdf, bytes)
    return pdf


def undrawn(order: dict[str, Any], fonts: typst.Fonts) -> list[str]:
    """The scripts that no font here draws, found by setting the odd strings alone until all are drawn."""
    strings = sorted({text for text in _strings(order["content"]) if _PLAIN.sub("", text)})
    found: list[str] = []
    for _ in range(_TRIALS if strings else 0):
        page = '#set document(title: "-")\n#set text(lang: "en")\n#for s in json(bytes(sys.inputs.content)) [#s \\ ]'
        try:
            compiled({**order, "source": page}, fonts, without(strings, found))
        except typst.TypstError as wrong:
            told = _UNDRAWN.search(wrong.message)
            if told is None:
                raise
            text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), told[1])
            found += sorted({script(char) for char in text} - {"", *found}) or [text]
        else:
            break
    return found


def script(char: str) -> str:
    """`CJK`, `ETHIOPIC`, `HANGUL`: the first word of its name; a sign without a letter's name is its own."""
    if char in STANDIN or _PLAIN.fullmatch(char):
        return ""
    name = unicodedata.name(char, "")
    return name.split(" ", 1)[0].split("-", 1)[0] if unicodedata.category(char)[0] in "LM" and name else char


def without(content: Any, scripts: list[str]) -> Any:
    """The same with a square for every letter of these scripts: nobody is left out for want of a font."""
    if not scripts:
        return content
    if isinstance(content, str):
        if not _PLAIN.sub("", content):
            return content
        return "".join(STANDIN if script(char) in scripts else char for char in content)
    if isinstance(content, list):
        return [without(one, scripts) for one in content]
    if isinstance(content, dict):
        return {name: without(one, scripts) for name, one in content.items()}
    return content


def _strings(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    within = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    return [text for one in within for text in _strings(one)]


if __name__ == "__main__":
    main()
