"""Who a person is: names, addresses and countries as typed, turned into what is kept and compared.

Every function is total: it answers, or raises FieldRefused with a code that the catalogues word.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from petition.domain.characters import Kind, kind, script, tidy
from petition.domain.countries import COUNTRIES
from petition.domain.links import link_in, markup_in
from petition.domain.providers import BY_DOMAIN, Provider
from petition.errors import FieldRefused

NAME_LIMIT = 200
LINE_LIMIT = 200

# The plain majority, decided by one look: words of one script, single spaces, at most a hyphen or an
# apostrophe inside a word and a full stop after it. What matches would pass the long way unchanged (tested).
_LATIN = "[A-Za-zÀ-ÖØ-öø-ľŁ-ňƠơƯưẠ-ỹ]"
_ARABIC = "[ء-غف-يپچژکگیڤەڕڵۆێ]"
_OTHER_WORDS = "[А-яЁёІіЇїЄєҐґ]+|[一-鿼ぁ-ゖァ-ヺー々가-힣]+"
_PLAIN_WORD = rf"(?:{_LATIN}+(?:['’-]{_LATIN}+)*\.?|(?:{_ARABIC}[ً-ْ]?)+\.?|{_OTHER_WORDS})"
_PLAIN_NAME = re.compile(rf"(?=.{{2,{NAME_LIMIT}}}\Z){_PLAIN_WORD}(?: {_PLAIN_WORD})*")

# Punctuation of names: hyphens, dots, commas, brackets and quotation marks around a nickname, and signs of
# single scripts (Hebrew maqaf, Armenian hyphen, Katakana =, Ethiopic space, Tibetan tsheg, Devanagari stop).
_NAME_PUNCTUATION = frozenset('-‐‑–—־֊゠.·‧・•،,、۔()"“”„«»「」『』/:።፡་༌༔॰')
_OPENING = frozenset('("“„«「『')
# Keys that stand in for a character the keyboard lacks: the apostrophe, the click letter of N!xau, the open
# e of Ghana's and Togo's languages, for which many type a Greek one.
_TYPED_FOR = (
    (re.compile(r"(?<=\w)[`´](?=\w)"), "’"),
    (re.compile(r"(?<=[^\W\d_])!(?=[^\W\d_])"), "ǃ"),
    (re.compile("(?<=[a-z])ε(?=[a-zɔɛŋ' -]|$)"), "ɛ"),
)
_LEFT_BY_LISTS = " ,;،؛"
# Slashes and colons that are spelling: "د/ سامي", "a/l", "ገ/ማርያም"; "K:son", "মো: রফিক".
_ABBREVIATED = re.compile(r"\b\w{1,2}/(?=[\s\w])|\b[^\W\d_]:(?=[^\W\d_])|[\u0980-\u09ff]{1,6}:(?=\s|[\u0980-\u09ff])")
_LONG_DIGITS = re.compile(r"\d{3}")
_PILED_PUNCTUATION = re.compile(r"[^\w\s]{3}")
_DIGITS_AT_MOST = 6  # names written in chat letters ("Mo7ammad 3abd el3al"), a "2nd"; not a telephone number

# How many marks one letter may carry. Latin: African orthographies put nasality and tone on one vowel (ɔ̃́).
# Arabic: shadda, vowel, dagger alef. Hebrew: dot, dagesh, vowel, meteg. Tibetan and Burmese: syllables.
_MARKS = {"CYRILLIC": 2, "LATIN": 2, "GREEK": 3, "ARABIC": 3, "THAI": 3, "LAO": 3, "TIBETAN": 6, "MYANMAR": 6}
_MARKS_ELSEWHERE = 4
# Scripts that the marks common to all (U+0300…) are written on; on any other they are decoration.
_MARKED_IN_COMMON = "LATIN GREEK CYRILLIC COPTIC SYRIAC GLAGOLITIC GEORGIAN ARMENIAN CHEROKEE TIFINAGH NKO ETHIOPIC"
_TAKES_COMMON_MARKS = frozenset(_MARKED_IN_COMMON.split())
_STRIKES = frozenset("\u0334\u0335\u0336\u0337\u0338")


def person_name(text: str) -> str:
    """The name as it will be shown, 2–200 characters of any script, or FieldRefused.

    Marks of direction are dropped at the ends, where phones paste them, and refused inside. Words of
    different scripts may stand side by side; one word keeps to one script, where its letters have doubles.
    """
    if _PLAIN_NAME.fullmatch(text):
        return text
    name = tidy(text, NAME_LIMIT)
    if not name:
        raise FieldRefused("required")
    for typed, meant in _TYPED_FOR:
        name = typed.sub(meant, name)
    _refuse_tricks(name)
    name = name.rstrip(_LEFT_BY_LISTS)
    kinds = [kind(char) for char in name]
    if not any(k is Kind.LETTER and c != "ـ" for k, c in zip(kinds, name, strict=True)):
        raise FieldRefused("name-symbols" if Kind.STYLED in kinds else "name-no-letters")
    _refuse_piles(name, kinds)
    _refuse_symbols(name, kinds)
    _refuse_mixtures(name, kinds)
    if len(name) < 2:
        raise FieldRefused("too-short")
    return name


def line(text: str, limit: int = LINE_LIMIT) -> str:
    """One line of free text (affiliation, city), empty if nothing was given; the tricks of names refused."""
    if len(text) <= limit and _PLAIN_NAME.fullmatch(text):
        return text
    kept = tidy(text, limit)
    if not kept:
        return ""
    _refuse_tricks(kept)
    kinds = [kind(char) for char in kept]
    _refuse_piles(kept, kinds)
    odd = (c for k, c in zip(kinds, kept, strict=True) if k in {Kind.STYLED, Kind.OTHER})
    if kept[0] in "=+-@" or any(not _sign(char) for char in odd):
        raise FieldRefused("name-symbols")
    _refuse_mixtures(kept, kinds)
    return kept


def _sign(char: str) -> bool:
    """Currency, arithmetic, fractions and the few other signs in names of places and organisations."""
    return unicodedata.category(char) in {"Sc", "Sm", "No"} or char in "°©®™^`´¨"


def _refuse_tricks(text: str) -> None:
    if markup_in(text):
        raise FieldRefused("name-markup")
    if link_in(text):
        raise FieldRefused("name-link")


def _refuse_symbols(name: str, kinds: list[Kind]) -> None:
    starts = kinds[0] in {Kind.LETTER, Kind.MARK, Kind.DIGIT, Kind.APOSTROPHE} or name[0] in _OPENING
    strange = any(
        k in {Kind.STYLED, Kind.OTHER} or (k is Kind.PUNCTUATION and c not in _NAME_PUNCTUATION)
        for k, c in zip(kinds, name, strict=True)
    )
    spelled = _ABBREVIATED.sub("", name) if "/" in name or ":" in name else name
    numbered = kinds.count(Kind.DIGIT) > _DIGITS_AT_MOST or _LONG_DIGITS.search(name)
    # Combining marks are no \w to the library, so that piles are looked for among letters and signs alone.
    signs = "".join(c for k, c in zip(kinds, name, strict=True) if k not in {Kind.MARK, Kind.JOINER})
    unspelled = "/" in spelled or ":" in spelled or _PILED_PUNCTUATION.search(signs)
    if not starts or strange or unspelled or numbered:
        raise FieldRefused("name-symbols")


def _refuse_piles(text: str, kinds: list[Kind]) -> None:
    """Marks without a letter, more than the letter's script needs, one twice, or one that strikes it out."""
    letter, marks = "", ""
    for char, its in zip(text, kinds, strict=True):
        if its is Kind.LETTER:
            letter, marks = char, ""
        elif its is Kind.MARK and not letter and unicodedata.category(char) == "Mc":
            letter = char  # old typesetting put Indic vowel signs before the letter: odd, and no trick
        elif its is Kind.MARK:
            common = script(char) == "" and script(letter) not in _TAKES_COMMON_MARKS
            twice = char in marks + unicodedata.normalize("NFD", letter)[1:]
            if not letter or twice or char in _STRIKES or common:
                raise FieldRefused("name-stacked-marks")
            marks += char
            if len(marks) > _MARKS.get(script(letter), _MARKS_ELSEWHERE):
                raise FieldRefused("name-stacked-marks")
        elif its is not Kind.JOINER:
            letter = ""


def _refuse_mixtures(text: str, kinds: list[Kind]) -> None:
    """One script a word. Chinese, Japanese and Korean count as one, and take Latin beside them: no letter of
    theirs looks like one of its (Unicode's UTS 39 calls the same set highly restrictive)."""
    scripts: set[str] = set()
    for char, its in zip(text + " ", [*kinds, Kind.SPACE], strict=True):
        if its in {Kind.LETTER, Kind.MARK, Kind.DIGIT}:
            scripts.add(script(char))
        elif its not in {Kind.JOINER, Kind.APOSTROPHE}:
            scripts.discard("")
            if len(scripts) > 1 and scripts != {"CJK", "LATIN"}:
                raise FieldRefused("name-mixed-scripts")
            scripts.clear()


_INITIALS_AT_MOST = 4
# Thai and Lao vowels that stand before the consonant they follow in speech: initials are consonants; and the
# stroke that only draws an Arabic word out.
_WRITTEN_BEFORE = frozenset("เแโใไເແໂໃໄـ")
_CAPITALS = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN"})  # not Georgian: its names have none


def initials(name: str) -> str:
    """`Layla Haddad` is `L. H.`; `محمد الأحمد` is `م. أ.`: the article tells nobody from anybody.

    The first letter of each word without its marks, at most four of them; a name in one word of Chinese
    keeps its first character only. Any text is answered, with "" where it has no letters.
    """
    letters = [letter for letter in map(_first_letter, name.split()) if letter]
    if len(letters) > _INITIALS_AT_MOST:  # the last word is the family's in most scripts
        letters = [*letters[: _INITIALS_AT_MOST - 1], letters[-1]]
    return " ".join(f"{letter}." for letter in letters)


def _first_letter(word: str) -> str:
    letters = [c for c in word if kind(c) in {Kind.LETTER, Kind.DIGIT} and c not in _WRITTEN_BEFORE]
    if not letters:
        return ""
    if letters[:2] == ["ا", "ل"] and len(letters) > 3:
        return letters[2]
    capital = letters[0].upper()
    return capital if len(capital) == 1 and script(letters[0]) in _CAPITALS else letters[0]


_UNSORTED = "ـ\u200c\u200d'’‘ʼʻʿʾ\"“”()\u0670" + "".join(map(chr, (*range(0x0610, 0x061B), *range(0x064B, 0x0660))))
_SORTED_ALIKE = str.maketrans("أإآٱىةیکłøđħıŧ", "اااايهيكlodhit", _UNSORTED) | str.maketrans(
    {"æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
_ACCENTS = re.compile("(?<=[a-zα-ω])[\u0300-\u036f]+")


def sort_key(name: str) -> str:
    """Puts names of one script in the order their readers expect; never shown. Any text is answered."""
    key = unicodedata.normalize("NFKC", name).casefold()
    key = key.translate(_SORTED_ALIKE)
    if not key.isascii():
        key = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", key)))
    return " ".join(key.split())


def shown_as(record: Mapping[str, Any], visibility: str, *, hidden: bool) -> dict[str, str | None]:
    """What stands in the clear: nothing, initials or the name, and by what it is sorted. `hidden` by an organizer."""
    if visibility == "anonymous" or hidden:
        return {"shown_name": None, "shown_key": None}
    name = record["full_name"] if visibility == "name" else initials(record["full_name"])
    return {"shown_name": name, "shown_key": sort_key(name)}


def country(code: str) -> str:
    """ISO 3166-1 alpha-2 in capitals, or FieldRefused."""
    known = code.strip().upper()
    if known not in COUNTRIES:
        raise FieldRefused("country-unknown")
    return known


@dataclass(frozen=True, slots=True)
class MailAddress:
    """`address` is sent to: as typed, the domain in ASCII. `canonical` is the key of one person's mailbox.

    `mailbox` is the key of mail budgets alone: there two strangers who share a budget lose little,
    and a victim whose spellings are counted apart loses much.
    """

    address: str
    canonical: str
    mailbox: str


_LOCAL_LIMIT = 64  # octets, RFC 5321 4.5.3.1.1; the library holds to it only when strict
_MAIL_LIMIT = 254
_LABEL_LIMIT = 63
# What the library would take without a change but for capitals in the domain; it costs a tenth of asking it.
_PLAIN_MAIL = re.compile(
    r"([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@((?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,63})",
    re.ASCII | re.IGNORECASE,
)
_RESERVED = tuple(f".{domain}" for domain in SPECIAL_USE_DOMAIN_NAMES)
_PASTED = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Full-width forms, and the stops that keyboards of other scripts have where a dot or an @ is meant.
_MAIL_FORMS = {n: n - 0xFEE0 for n in range(0xFF01, 0xFF5F)} | str.maketrans("﹫。｡", "@..")
_DOMAIN_SLIPS = str.maketrans("،,؛٫۔", ".....")
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")


def mail_address(text: str) -> MailAddress:
    """The address and the keys it is known by, or FieldRefused. Asks no server whether it exists."""
    plain = _PLAIN_MAIL.fullmatch(text) if len(text) <= _MAIL_LIMIT else None
    if plain:
        local, domain = plain[1], plain[2].lower()
        fits = len(local) <= _LOCAL_LIMIT and all(len(label) <= _LABEL_LIMIT for label in domain.split("."))
        if fits and not domain.endswith(_RESERVED):
            return _known_by(local, domain)
    return _known_by(*_checked(_mail_text(text)))


def _mail_text(text: str) -> str:
    """What was meant, without what phones, word processors and other keyboards add to it."""
    if "\x00" in text:
        raise FieldRefused("nul")
    if len(text) > 4 * _MAIL_LIMIT:
        raise FieldRefused("email-too-long")
    text = _PASTED.sub("", text).strip()
    if _CONTROL.search(text):
        raise FieldRefused("control")
    text = text.translate(_MAIL_FORMS)
    text = re.sub(r"\s*@\s*", "@", text)
    if text[:7].casefold() == "mailto:":
        text = text[7:]
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    return text.strip().rstrip(".,;،؛")


def _checked(text: str) -> tuple[str, str]:
    """Local part and ASCII domain of a valid address, or FieldRefused with the half that is wrong."""
    if not text:
        raise FieldRefused("required")
    local, at, domain = text.rpartition("@")
    if not at:
        raise FieldRefused("email-missing-at")
    if not local:
        raise FieldRefused("email-nothing-before-at")
    if not domain:
        raise FieldRefused("email-nothing-after-at")
    if any(unicodedata.category(char) in {"Cf", "Cs", "Co", "Cn"} for char in text):
        raise FieldRefused("email-unsafe")
    domain = domain.translate(_DOMAIN_SLIPS)
    local, domain = _ascii_digits(local), _ascii_digits(domain)
    if re.search(r"[\s<>@]", local + domain):
        raise FieldRefused("email-invalid")
    if len(local.encode()) > _LOCAL_LIMIT or len(local.encode()) + len(domain.encode()) + 1 > _MAIL_LIMIT:
        raise FieldRefused("email-too-long")
    local, ascii_domain = _validated(local, domain)
    if len(ascii_domain.rpartition(".")[2]) < 2:  # there is no top-level domain of one letter
        raise FieldRefused("email-domain")
    return local, ascii_domain


def _ascii_digits(half: str) -> str:
    """An Arabic keyboard's digits in an address that is ASCII otherwise; an Arabic address keeps its own."""
    changed = half.translate(_DIGITS)
    return changed if changed.isascii() else half


def _validated(local: str, domain: str) -> tuple[str, str]:
    """The library's word. It gives no codes, so that the half that is wrong is found by asking again."""
    try:
        valid = validate_email(f"{local}@{domain}", check_deliverability=False)
    except EmailNotValidError as wrong:
        if local == "a":
            raise FieldRefused("email-domain") from wrong
        _validated("a", domain)
        raise FieldRefused("email-invalid") from wrong
    return valid.local_part, valid.ascii_domain


_NO_RULE = Provider(())


def _known_by(local: str, domain: str) -> MailAddress:
    rule = BY_DOMAIN.get(domain, _NO_RULE)
    key = unicodedata.normalize("NFC", local.casefold())
    if rule is not _NO_RULE:
        key = _without(key, rule.separator, rule.ignored)
        for typed, same in rule.alike:
            key = key.replace(typed, same)
    home = rule.domains[0] if rule.one_namespace else domain
    # Many servers we know nothing of cut a tag or overlook dots, so that budgets always do.
    return MailAddress(f"{local}@{domain}", f"{key}@{home}", f"{_without(key, '+', '.')}@{home}")


def _without(local: str, separator: str, ignored: str) -> str:
    """The local part without its tag and without what makes no difference; never left empty by it."""
    local = local.partition(separator)[0].rstrip(".") or local if separator else local
    bare = local.translate({ord(char): None for char in ignored})
    return bare or local
