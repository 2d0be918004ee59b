"""Finds web and mail addresses and markup in text that should be words alone. Called by identity.py."""

import re

from petition.domain.countries import COUNTRIES

# Endings that need no further look: nobody's name ends in them, whatever stands before the dot.
_PLAIN_ENDINGS = "com net org info 中国 中國 公司 网络 香港 台灣 한국 닷컴 닷넷"
# These stand as words or initials in honest text after one or two letters ("M.Pro"), so three are asked for.
_ENDINGS = (
    "biz app dev xyz online site shop club top link click store tech vip icu pro mobi asia news blog space "
    "website win bid loan work world today life wiki page live name edu gov mil int arpa "
    "test local localhost invalid onion example рф укр бел срб "
    "موقع شبكة كوم سوريا مصر السعودية امارات الاردن فلسطين المغرب تونس الجزائر عمان قطر ایران پاکستان "
    "みんな コム भारत ไทย"
)
# Titles written close to a following "de", "Li" or "Su", which are also countries' endings.
_TITLES = "prof mohd muhd moham moh capt engr hadj haji abdul abdel saint frau herr mlle insp univ"
_SHORTENERS = (
    "t.me tg.me wa.me fb.me m.me ig.me t.co g.co x.co vk.cc bit.ly ow.ly goo.gl is.gd lnkd.in cutt.ly "
    "youtu.be j.mp db.tt rb.gy"
)


def _any(words: str) -> str:
    return "|".join(re.escape(word) for word in words.split())


_COUNTRY_ENDINGS = _any(" ".join(sorted(code.lower() for code in COUNTRIES)) + " uk eu su ac")
_NOT_TITLE = "".join(rf"(?<!\b{word})" for word in _TITLES.split())
_END = r"(?![\w'’-])"

_LINK = re.compile(
    rf"""
      [a-z][a-z0-9+.-]*://                                    # any scheme
    | \b(?:https?|hxxps?|ftp|mailto|tel|sms|tg|file|whatsapp|viber|skype)\s*:
    | \bwww\d?\.\w
    | [^\s@]@[^\s@]                                           # a mail address, or what is left of one
    | \bxn--
    | [(\[{{]\s*(?:dot|at)\s*[)\]}}]                          # evil(dot)com
    | \b\d+\.\d+\.\d+\.\d+\b
    | \w(?<!\b[bm])\.(?:{_any(_PLAIN_ENDINGS)})\b             # not the degrees B.Com and M.Com …
    | \b[bm]\.com/                                            # … unless a path follows
    | \w{{3}}\.(?:{_any(_ENDINGS)}){_END}
    | [\w-]{{2}}\.(?:co|ac|gov|edu)\.[a-z]{{2}}{_END}
    | [\w-]{{4}}{_NOT_TITLE}\.(?:{_COUNTRY_ENDINGS}){_END}
    | \b(?:{_any(_SHORTENERS)}){_END}
    | [\w-]\.[a-z]{{2,24}}/
    """,
    re.VERBOSE,
)
# Browsers read these as the dot of a domain name, too.
_ANY_SIGN = re.compile(r"[.。｡．․:@/(\[{]|[xX][nN]--")  # no link without one: most names end here
_DOTS = str.maketrans(dict.fromkeys("。｡．․", "."))
_MARKUP = re.compile(
    r"[<>]|&(?:\#\w|[a-z]\w)\w{0,31};|\b(?:java|vb|live)script\s*:|\bdata\s*:\s*\w+/|\[/?(?:url|img|b|i|a)\b|\]\(",
    re.IGNORECASE,
)


def link_in(text: str) -> bool:
    """Whether a reader or a program would take anything in `text` (as tidy() leaves it) for an address."""
    if not _ANY_SIGN.search(text):
        return False
    return _LINK.search(text.translate(_DOTS).casefold()) is not None


def markup_in(text: str) -> bool:
    return _MARKUP.search(text) is not None
