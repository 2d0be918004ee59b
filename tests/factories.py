"""Plain functions with overrides that make what tests need."""

import json
from pathlib import Path
from typing import Any

SLUG = "boycott-sochi"
CATEGORIES = (
    ("independents", "open", "Independents", "مستقلّون"),
    ("coalition", "verified", "Coalition", "الائتلاف"),
    ("interim-government", "verified", "Interim Government", "الحكومة المؤقتة"),
    ("fsa", "verified", "FSA commanders", "قادة الجيش الحر"),
    ("journalists", "verified", "Journalists", "صحفيون"),
    ("activists", "open", "Activists", "ناشطون"),
)


def petition_text(**changes: Any) -> str:
    """A petition file; `changes` replace top-level values, `extra` is appended to them as it is."""
    plain: dict[str, Any] = {
        "slug": SLUG,
        "status": "open",
        "goal": 3500,
        "default_language": "ar",
        "publish": "live",
        "milestones": [1000, 2000, 3000, 3500],
        "reminder": False,
    }
    title = changes.pop("title", {"en": "A statement", "ar": "بيان"})
    statement = changes.pop("statement", {"en": "We say **this**.", "ar": "نقول **هذا**."})
    categories = changes.pop("categories", CATEGORIES)
    ask_for = changes.pop("ask_for", {"affiliation": "optional", "city": "optional", "country": "required"})
    raw = {name: changes.pop(name) for name in ("opens_at", "closes_at") if name in changes}
    plain |= changes
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in plain.items()]
    lines += [f"{name} = {value}" for name, value in raw.items()]
    lines.append(f"ask_for = {_inline(ask_for)}")
    for name, texts in (("title", title), ("statement", statement)):
        lines += [f"[{name}]", *(f"{code} = {json.dumps(text, ensure_ascii=False)}" for code, text in texts.items())]
    for slug, claim, english, arabic in categories:
        label = _inline({"en": english, "ar": arabic})
        lines += ["[[categories]]", f'slug = "{slug}"', f'claim = "{claim}"', f"label = {label}"]
    lines += ["[[addressees]]", f"name = {_inline({'en': 'The Secretary-General', 'ar': 'الأمين العام'})}"]
    return "\n".join(lines) + "\n"


def petition_file(folder: Path, **changes: Any) -> Path:
    path = folder / f"{changes.get('slug', SLUG)}.toml"
    path.write_text(petition_text(**changes), encoding="utf-8")
    return path


def _inline(texts: dict[str, str]) -> str:
    return "{ " + ", ".join(f"{key} = {json.dumps(text, ensure_ascii=False)}" for key, text in texts.items()) + " }"
