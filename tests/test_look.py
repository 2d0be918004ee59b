"""The look keeps its own rules: no sides, nothing inline, contrast computed, sizes held."""

import gzip
import re
from pathlib import Path

import pytest

from petition.web.pages import Pages
from petition.words import load

ROOT = Path(__file__).resolve().parent.parent
STYLE = (ROOT / "petition" / "web" / "static" / "style.css").read_text("utf-8")
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html"))
PAGES = Pages("https://petition.example.org", load())
COLOURS = re.compile(r"--([a-z-]+): (#[0-9a-f]{3,6})")


def _served(name: str) -> bytes:
    return next(content for path, (content, _) in PAGES.static.items() if path.endswith(f"/{name}"))


def test_no_side_is_called_left_or_right() -> None:
    assert not re.findall(r"\b(?:left|right)\b", STYLE)
    sided = re.findall(r"(?:margin|padding|border|inset)-(?:top|bottom)|(?<![\w-])(?:width|height|top|bottom):", STYLE)
    assert not [found for found in sided if found not in ("width:", "height:")]
    assert not re.findall(r"(?<!-)\b(?:width|height): ", re.sub(r"\((?:min|max)-width: [^)]*\)", "", STYLE))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_nothing_in_a_template_needs_a_laxer_policy(template: Path) -> None:
    text = template.read_text("utf-8")
    assert not re.findall(r"\sstyle=|\son[a-z]+=|javascript:|https?://(?!www\.w3\.org)", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert not re.findall(r"\s[\w-]+=\{\{(?! code \}\})", text), "an unquoted attribute value"
    assert "| safe" not in text.replace("""{{ ' aria-current="page"' | safe if""", "")


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_not_hoped_for() -> None:
    light, dark = (
        dict(COLOURS.findall(part)) for part in STYLE.split("@media screen and (prefers-color-scheme: dark)", 1)
    )
    for theme in (light, {**light, **dark}):
        for ground in ("paper", "card", "warn-wash", "wash"):
            assert _contrast(theme["ink"], theme[ground]) >= 7
            assert _contrast(theme["accent"], theme[ground]) >= 4.5
        for ground in ("paper", "card"):
            assert _contrast(theme["muted"], theme[ground]) >= 4.5
            assert _contrast(theme["field"], theme[ground]) >= 3
        assert _contrast(theme["warn"], theme["warn-wash"]) >= 4.5
        assert _contrast(theme["warn"], theme["card"]) >= 4.5
        assert _contrast(theme["on-accent"], theme["accent"]) >= 4.5


def test_the_style_weighs_nine_kilobytes_at_most() -> None:
    style = _served("style.css")
    assert len(style) <= 9 * 1024
    assert len(gzip.compress(style, 9)) <= 3 * 1024


@pytest.mark.parametrize("name", ["petition.js", "console.js", "passkey.js"])
def test_a_script_weighs_three_kilobytes_at_most(name: str) -> None:
    assert len(_served(name)) <= 3 * 1024


def test_the_minified_style_keeps_every_rule() -> None:
    served = _served("style.css").decode()
    assert served.count("{") == re.sub(r"/\*.*?\*/", "", STYLE, flags=re.DOTALL).count("{") == served.count("}")
    assert "<" not in served


def test_static_files_are_named_after_what_is_in_them() -> None:
    assert all(re.fullmatch(r"/static/[0-9a-f]{12}/[a-z.-]+", path) for path in PAGES.static)
    assert {kind for _, kind in PAGES.static.values()} == {
        "text/css; charset=utf-8",
        "text/javascript; charset=utf-8",
        "image/svg+xml",
        "image/png",
    }
