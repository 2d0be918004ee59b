"""What a character is (a letter of which script, a mark, …) and what typing and pasting leave behind.

The standard library knows no scripts. The first word of a letter's Unicode name is its script in all but
a few cases, which are listed; a table of ranges copied from elsewhere would need keeping up by hand.
"""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

from petition.errors import FieldRefused


class Kind(StrEnum):
    LETTER = "letter"
    MARK = "mark"
    DIGIT = "digit"
    APOSTROPHE = "apostrophe"  # inside a word, unlike punctuation
    JOINER = "joiner"  # only where tidy() has let it stand
    SPACE = "space"
    PUNCTUATION = "punctuation"
    STYLED = "styled"  # a letter or digit that only imitates another
    OTHER = "other"


_ZWNJ, _ZWJ = "\u200c", "\u200d"
_APOSTROPHES = frozenset("'’‘‛′ʹʻʼʽʾʿˀˁˮ՚՛՜՞׳״ߴߵ")
_SYMBOL_LETTERS = frozenset({"MATHEMATICAL", "SCRIPT", "DOUBLE-STRUCK", "BLACK-LETTER", "MODIFIER"})
# Compatibility copies that are ordinary spelling: ordinals, Catalan ŀ, old ſ and ŉ, Dutch ĳ, the Croatian
# digraphs, Armenian ew, Thai and Lao am, Lao ligatures, Kazakh high hamza.
_SPELLING = frozenset("ªºĿŀſŉĲĳǄǅǆǇǈǉǊǋǌǱǲǳև\u0e33\u0eb3ໜໝٵٶٷٸ")
# Names are taken apart at their first word; these are the words that do not say the script.
_SCRIPT_OF_WORD = {
    "HIRAGANA": "CJK",
    "KATAKANA": "CJK",
    "KATAKANA-HIRAGANA": "CJK",
    "IDEOGRAPHIC": "CJK",
    "VERTICAL": "CJK",
    "BOPOMOFO": "CJK",
    "HANGUL": "CJK",
    "FEMININE": "LATIN",
    "MASCULINE": "LATIN",
    "ARABIC-INDIC": "ARABIC",
    "EXTENDED": "ARABIC",
    "VEDIC": "DEVANAGARI",
    "COMBINING": "",
    "DIGIT": "",
}
# Letters of Arabic script that never join the next one: a non-joiner after them shows nothing.
_NEVER_JOINING = frozenset("ءآأؤإاةدذرزوٱٲٳٵٶٷڈډڊڋڌڍڎڏڐڑڒړڔڕږڗژڙۀۃۄۅۆۇۈۉۊۋۍۏےۓەۮۯۺۻ")
_CURSIVE = frozenset({"ARABIC", "SYRIAC", "NKO", "MANDAIC", "MONGOLIAN", "ADLAM"})
_INDIC = frozenset("DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL TELUGU KANNADA MALAYALAM SINHALA".split())
_UNSPACED = frozenset({"THAI", "LAO", "KHMER", "MYANMAR"})
_VIRAMA = 9  # the combining class of every sign that makes consonants join


@lru_cache(maxsize=8192)
def kind(char: str) -> Kind:
    category = unicodedata.category(char)
    if char in _APOSTROPHES:
        return Kind.APOSTROPHE
    if char in {_ZWNJ, _ZWJ} or "\u180b" <= char <= "\u180f":
        return Kind.JOINER
    if category[0] == "L" or char == "〇":
        return Kind.STYLED if _styled(char) else Kind.LETTER
    if category == "Nd":
        return Kind.STYLED if _styled(char) else Kind.DIGIT
    if category in {"Mn", "Mc"}:
        return Kind.MARK
    if category == "Zs":
        return Kind.SPACE
    return Kind.PUNCTUATION if category[0] == "P" else Kind.OTHER


def _styled(char: str) -> bool:
    if char in _SPELLING:
        return False
    phonetic = "\u1d00" <= char <= "\u1dbf"  # small capitals and raised letters, some without a decomposition
    first = unicodedata.name(char, "").partition(" ")[0]
    return phonetic or first in _SYMBOL_LETTERS or unicodedata.decomposition(char).startswith("<")


@lru_cache(maxsize=8192)
def script(char: str) -> str:
    """`LATIN`, `ARABIC`, …; Chinese, Japanese and Korean are one, `CJK`; "" belongs to every script."""
    if not char:
        return ""
    words = unicodedata.name(char, "").split(" ", 2)
    if words[0] == "COMBINING" and len(words) > 1 and words[1] in {"KATAKANA-HIRAGANA", "CYRILLIC", "GREEK"}:
        return _SCRIPT_OF_WORD.get(words[1], words[1])
    return _SCRIPT_OF_WORD.get(words[0], words[0])


def plain_digits(text: str) -> str:
    """Decimal digits of every script as ASCII's; all else as it is."""
    if text.isascii():
        return text
    return "".join(str(int(char)) if char.isdecimal() else char for char in text)


# Phones paste marks of direction around a name; at its ends they say nothing, inside they can turn it round.
_WIDE_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_AT_ENDS = " \t\r\n\u200e\u200f\u061c" + _WIDE_SPACES
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u200b\u2060-\u2065\u206a-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffc\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# Forms that keyboards and old files produce for plain letters: full and half width, Arabic presentation
# forms, ligatures, Roman numerals, the dot of Armenian keyboards. Never the mathematical alphabets: nobody
# types them.
_TYPED_FORMS = re.compile(
    "[\u2024\u2160-\u2188\ufb00-\ufb4f\ufb50-\ufbb1\ufbd3-\ufdff\ufe70-\ufefc\uff01-\uff9f\uffa1-\uffef]+"
)
# A full-width equals sign between Katakana is spelling ("Jean-Paul"); elsewhere it may start a formula.
_KATAKANA_HYPHEN = re.compile("(?<=[ァ-ヺー])＝(?=[ァ-ヺ])")
_SPACES = re.compile(f"[ {_WIDE_SPACES}]+")
_JOINING = re.compile("[\u200b\u200c\u200d\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def tidy(text: str, limit: int) -> str:
    """One line, trimmed, spaces single, NFC, of at most `limit` characters, nothing in it unseen.

    FieldRefused: nul, control, name-bidi, name-invisible, too-long.
    """
    if "\x00" in text:
        raise FieldRefused("nul")
    text = text.strip(_AT_ENDS)
    if len(text) > 4 * limit:  # what cannot fit is not looked at
        raise FieldRefused("too-long", limit=limit)
    if _CONTROL.search(text):
        raise FieldRefused("control")
    if _DIRECTION.search(text):
        raise FieldRefused("name-bidi")
    if not text.isascii():
        text = _TYPED_FORMS.sub(lambda run: unicodedata.normalize("NFKC", run[0]), _KATAKANA_HYPHEN.sub("゠", text))
        if _JOINING.search(text):
            text = _joined(text)
        if _INVISIBLE.search(text):
            raise FieldRefused("name-invisible")
        text = unicodedata.normalize("NFC", text)
    text = _SPACES.sub(" ", text).strip()
    if len(text) > limit:
        raise FieldRefused("too-long", limit=limit)
    return text


_PLACING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Marks that keyboards leave in a sentence: they join or part letters and emoji, or say which way a sign leans.
_LEFT_BY_TYPING = re.compile("[\u061c\u200c-\u200f\ufe0e\ufe0f]")


def prose(text: str, limit: int) -> str:
    """A text that is no name, as one line: what ordinary typing leaves in it stays, what turns the rest round may not.

    FieldRefused: nul, control, name-bidi, name-invisible, too-long.
    """
    if "\x00" in text:
        raise FieldRefused("nul")
    text = " ".join(text.split()).strip(_AT_ENDS)
    if len(text) > limit:
        raise FieldRefused("too-long", limit=limit)
    if _CONTROL.search(text):
        raise FieldRefused("control")
    if _PLACING.search(text):
        raise FieldRefused("name-bidi")
    seen = _LEFT_BY_TYPING.sub("", text)
    if _INVISIBLE.search(seen):
        raise FieldRefused("name-invisible")
    return unicodedata.normalize("NFC", text) if seen.strip() else ""


def _joined(text: str) -> str:
    """Zero-width characters: kept where needed, dropped where they show nothing, else refused."""
    kept: list[str] = []
    for at, char in enumerate(text):
        if not _JOINING.match(char):
            kept.append(char)
            continue
        following = text[at + 1 : at + 2]
        if _needed(kept, char, following):
            kept.append(char)
        elif not _harmless(kept, char, following):
            raise FieldRefused("name-invisible")
    return "".join(kept)


def _needed(before: list[str], char: str, following: str) -> bool:
    if not before:
        return False
    if "\u180b" <= char <= "\u180f":
        return script(before[-1]) == "MONGOLIAN" and kind(before[-1]) is Kind.LETTER
    if char not in {_ZWNJ, _ZWJ}:
        return False
    if _VIRAMA in {unicodedata.combining(before[-1]), unicodedata.combining(following or " ")}:
        return kind(before[-1]) is not Kind.JOINER
    letter = _last_letter(before)
    if script(letter) not in _CURSIVE or letter in _NEVER_JOINING:
        return False
    goes_on = following != "" and kind(following) is Kind.LETTER and script(following) == script(letter)
    # ZWNJ keeps two letters apart (Persian, Kurdish); ZWJ keeps an initial's shape at a word's end ("ه‍.").
    return goes_on if char == _ZWNJ else _ends_word(following)


def _harmless(before: list[str], char: str, following: str) -> bool:
    """Left behind by honest typing, and without effect: gone from the name, without a word."""
    if not before:
        return False
    letter = _last_letter(before)
    if char == _ZWNJ and script(letter) in _CURSIVE:
        goes_on = following != "" and kind(following) is Kind.LETTER and script(following) == script(letter)
        return goes_on or _ends_word(following)
    if char in {_ZWNJ, _ZWJ}:  # old Devanagari keyboards strew both where no consonants join
        return script(before[-1]) in _INDIC and (script(following) == script(before[-1]) or _ends_word(following))
    if char == "\u200b":  # parts words in scripts that write no spaces
        return following != "" and script(before[-1]) in _UNSPACED and script(following) in _UNSPACED
    # The variant of a Chinese character that Japanese keyboards ask for; the character itself stays.
    return char > _ZWJ and unicodedata.name(before[-1], "").startswith("CJK")


def _last_letter(before: list[str]) -> str:
    """The letter that the end of `before` belongs to, or "" where that is none."""
    for char in reversed(before):
        if kind(char) is not Kind.MARK:
            return char if kind(char) is Kind.LETTER else ""
    return ""


def _ends_word(following: str) -> bool:
    return following == "" or kind(following) in {Kind.SPACE, Kind.PUNCTUATION}
