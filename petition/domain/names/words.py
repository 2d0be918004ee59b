"""A full name taken apart: titles off, particles joined to what they belong to, initials told from words.

What is taken off or joined is grammar and custom (al-, abu, ibn, abd al-, ed-dine; Dr., المهندس), never a name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from petition.domain.names.letters import arabic, plain

WORDS_AT_MOST: Final = 6  # of one name; a longer one keeps its first and its last


class Word(NamedTuple):
    """A part of a name. `other` is a second reading where an article may be part of it (Alali, البير), else `text`."""

    text: str
    other: str

    @property
    def initial(self) -> bool:
        return len(self.text) == 1


_TITLES: Final = frozenset(
    """
    dr doctor docteur prof professor professeur eng engr engineer ing ingenieur ingénieur mr mrs ms miss mme mlle sir
    lady lord atty attorney lawyer avocat maitre maître me judge captain capt col colonel gen general major lt
    lieutenant brig sgt hajj haji hadj hajja hajji alhaj elhaj sheikh shaikh shaykh cheikh sheik mullah ustaz ustadh
    mohandes muhandis rev father fr abuna imam sayyid sayyed sayed herr frau dipl phd md msc ma ba bsc jr sr ph d
    monsieur madame senor señor señora don doña dott ra
    د دكتور دكتورة الدكتور الدكتورة أ م مهندس مهندسة المهندس المهندسة أستاذ أستاذة الأستاذ الأستاذة استاذ الاستاذ
    الاستاذة بروفيسور البروفيسور محامي محامية محام المحامي المحامية القاضي القاضية السيد السيدة سيد سيدة الآنسة الانسة
    آنسة الشيخ الشيخة شيخ الحاج الحاجة حاج حجي حاجي العميد العقيد المقدم الرائد النقيب الملازم اللواء العماد الفريق
    عميد عقيد مقدم نقيب لواء الصيدلاني الصيدلانية الصحفي الصحفية الإعلامي الاعلامي الإعلامية الكاتب الكاتبة الشاعر
    الشاعرة الفنان الفنانة المعلم المعلمة المدرس المدرسة الطبيب الطبيبة الأخ الأخت الاخ الاخت ح ص ك مم أد اد
    """.split()
)
# Titles that are names as well: taken for a title only where two words follow.
_NAMES_TOO: Final = frozenset(
    "me major general don father imam sayyid sayyed sayed sheikh shaikh shaykh cheikh sheik lord judge fr ma ra d md "
    "السيد سيد الشيخ شيخ الحاج حاج الرائد العماد عميد القاضي المعلم الكاتب الشاعر المدرس الأخ lawyer engineer".split()
)
_ABBREVIATED: Final = frozenset("د أ م ح ص ك d".split())
_SON_OF: Final = frozenset("ibn bin ben bint bent beni ould wuld بن ابن بنت ولد".split())
_FATHER_OF: Final = frozenset("abu abou abo aboul abul abi bu bou أبو ابو أبي ابي بو".split())
_ARTICLES: Final = frozenset("al el ul il as es ash esh ech ach ar er ur an en ad ed ud at et az ez ال".split())
_LINKS: Final = frozenset("de la le du des von van der den dos da di del zu y e آل".split())
_SERVANT: Final = frozenset("abd abdel abdul abdal abdu abdou abdoul abdol abed abdur عبد عبدال".split())
_FAITH: Final = frozenset(
    "din dine deen dien dean eddin eddine uddin aldin eldin eldine aldeen eldeen uddine الدين دين".split()
)
_GOD: Final = frozenset("allah ullah الله".split())

_CUT: Final = re.compile(r"[\s,،;؛()\[\]\"“”„«»/\\|_.·*~+:-]+")
_DOTTED: Final = re.compile(r"(?<![^\W\d_])([^\W\d_])\.(?=[^\W\d_])")
_NOT_LETTERS: Final = re.compile(r"[^\w'’‘`ʿʾ´ʼ]+|_")
_ABD: Final = re.compile(
    r"^abd(?:[aeiou]{1,2}(?:l(?:-|'| )?|([rsntdzh]|sh)(?=\1))|[aeiou]{0,2}(?=[bcdfghjkmnpqrstvwxyz]))(.{3,})$"
)
_ABD_ARABIC: Final = re.compile("^عبد(?:ال)?(.{2,})$")
_ABU: Final = re.compile(r"^(?:abou?|abu)(?:el|al|l(?=[^aeiou]))?([^aeiou].{2,})$")
_ABU_ARABIC: Final = re.compile("^[أا]بو(?:ال)?(.{3,})$")
_DIN: Final = re.compile(r"^(.{2,}?)(?:[aeiou]{1,2}|al|el|ul)d{1,2}(?:i|ee|ie|ii|ei)ne?$")
_DIN_ARABIC: Final = re.compile("^(.{2,})الدين$")
_LATIN_ARTICLE: Final = re.compile(r"^(?:al|el)(?=[^aeioulwy'x].*[aeiouy])(?!f[or]|b[ei]|ex|vi|ma$|sa$)(.{3,})$")
_ARABIC_ARTICLE: Final = re.compile("^(?:ال|أل|إل|آل)(.{3,})$")
# A blank that was lost: only a capital tells it, or the article in what is the whole name: "SamiHomsi", ساميالحمصي.
_CAPITAL: Final = re.compile(r"(?<=[^\W\d_A-Z]{4})(?=[A-Z][a-z]{2})")
_ARTICLE_INSIDE: Final = re.compile("^(.{3,})(ال.{3,})$")
_CHAT: Final = str.maketrans({**dict.fromkeys("0123456789", ""), "5": "kh", "6": "t", "7": "h", "8": "gh", "9": "s"})
_DIGIT: Final = re.compile("[0-9]")
_MOHAMMAD: Final = frozenset("mhd mohd md muhd mhmd mohmd moh".split())


def words(full_name: str) -> tuple[Word, ...]:
    """The parts of a name as written, in their order; empty for what holds no letter (digits, emoji)."""
    parts = _untitled(_cut(full_name))
    if len(parts) == 1 and (found := _ARTICLE_INSIDE.match(parts[0])):
        parts = [found[1], found[2]]
    joined = _joined(parts)
    if len(joined) > WORDS_AT_MOST:
        joined = [*joined[: WORDS_AT_MOST - 1], joined[-1]]
    return tuple(_word(part) for part in joined)


def _cut(text: str) -> list[str]:
    return [part for piece in text[:400].split() for part in _pieces(piece)]


@lru_cache(maxsize=1 << 16)
def _pieces(text: str) -> tuple[str, ...]:
    """Of what stands between two blanks: the same ones come again and again, whole names seldom."""
    text = plain(_CAPITAL.sub(" ", text))
    parts = (_NOT_LETTERS.sub("", part) for part in _CUT.split(_DOTTED.sub(r"\1 ", text)))
    return tuple(_chat(part) for part in parts if any(c.isalpha() for c in part))


def _chat(part: str) -> str:
    """Latin letters with digits that look like the Arabic ones: "3abd el Ra7man"."""
    return part.translate(_CHAT) if not part.isalpha() and _DIGIT.search(part) else part


def _untitled(parts: list[str]) -> list[str]:
    """Titles stand in front, several at a time ("أ.د. المهندس"), seldom behind ("…, PhD"). A name keeps a word."""
    start, end = 0, len(parts)
    while end - start > 1 and parts[start] in _TITLES:
        # A single letter in front of one word may be an initial: only in Arabic are these titles.
        if parts[start] in _NAMES_TOO and end - start < 3:
            break
        start += 1
    while end - start > 2 and parts[end - 1] in ("phd", "md", "msc", "jr", "sr", "eng", "dr"):
        end -= 1
    return parts[start:end]


def _joined(parts: list[str]) -> list[str]:
    """Particles joined to their word: abd+rahman, abu+x, x+din; articles and "son of" left out between words."""
    joined: list[str] = []
    waiting = ""
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        if joined and not waiting and part in _FAITH:
            joined[-1] += " din"
        elif waiting == "abd" and part in _GOD:
            joined.append("abd له" if arabic(part) else "abd lah")
            waiting = ""
        elif joined and not waiting and part in _GOD and not joined[-1].startswith("abd "):
            joined[-1] += part.removeprefix("ال")
        elif part in _SERVANT and not last:
            waiting = "abd"
        elif part in _FATHER_OF and not last and (at or len(parts) > 2 or len(part) > 2):
            waiting = "abu"
        elif (part in _ARTICLES or part in _LINKS or (part in _SON_OF and at)) and not last:
            continue
        else:
            joined.append(f"{waiting} {_bare(part)}" if waiting else part)
            waiting = ""
    return joined + ([waiting] if waiting else [])


def _bare(part: str) -> str:
    """Without an article that is sure to be one: after abd and abu."""
    found = _ARABIC_ARTICLE.match(part) or _LATIN_ARTICLE.match(part)
    return found[1] if found else part


@lru_cache(maxsize=1 << 16)
def _word(part: str) -> Word:
    """Written in one, a particle is found inside the word. Joined ones are kept with a blank: "abd rahman"."""
    if part in _MOHAMMAD:
        return Word("mohammad", "mohammad")
    if " " in part:
        text = part.replace("abd ", "عبد" if arabic(part) else "abd").replace("abu ", "ابو" if arabic(part) else "abu")
        text = text.replace(" din", "دين" if arabic(part) else "din")
        return Word(text, text)
    if arabic(part):
        return _arabic_word(part)
    return _latin_word(part)


def _arabic_word(part: str) -> Word:
    if found := _DIN_ARABIC.match(part):
        part = found[1] + "دين"
    elif part in ("عبدالله", "عبداله"):
        part = "عبدله"
    elif found := _ABD_ARABIC.match(part):
        part = "عبد" + found[1]
    elif found := _ABU_ARABIC.match(part):
        part = "ابو" + found[1]
    found = _ARABIC_ARTICLE.match(part)
    if found:
        # An alef with hamza is no article's: الياس may be إلياس, ألبير is never "the bir".
        return Word(found[1], part) if part.startswith("ال") else Word(part, found[1])
    return Word(part, part)


def _latin_word(part: str) -> Word:
    if re.fullmatch("abd[aeiou]{1,2}l+ah?", part):
        return Word("abdlah", "abdlah")
    if found := _ABD.match(part):
        return Word("abd" + found[2], "abd" + found[2])
    if len(part) > 6 and (found := _DIN.match(part)):
        return Word(found[1] + "din", part)
    if len(part) > 6 and (found := _ABU.match(part)):
        return Word("abu" + found[1], "abu" + found[1])
    if found := _LATIN_ARTICLE.match(part):
        return Word(found[1], part)
    # Before a vowel it is anybody's guess: Alahmad, Alexander.
    return Word(part, part[2:] if len(part) > 5 and part.startswith(("al", "el")) else part)
