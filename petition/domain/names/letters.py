"""Letters of both scripts as sounds of one alphabet, and what it costs to take one sound for another.

Where a spelling says more than its sound (ص and س, ح and ه) the sounds are kept apart and their cost is small or
nought only across scripts. Costs are in *letters*: 1 is a consonant exchanged for an unrelated one. They follow the
romanisation habits of English, Levantine French, German and Turkish writers and of chat; nothing is drawn from a list
of names. Sources: ALA-LC, BGN/PCGN and DIN 31635 tables, and the habits themselves.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Sounds that either script writes; then those of one script alone, named by their usual transliteration.
_CONSONANTS: Final = "bptdkgjfvszSCcTDGxhlrmnwyq" + "ṭḍṣẓžḥʿ" + "ť"
# ť is a last t after a vowel: Turkish writes so what is d in Arabic (Ahmet, Halit).
# A vowel that begins a Latin word, and an a that ends one, are written in Arabic; those between seldom are.
_FIRST: Final = dict(zip("aeiouUI", "ÁÉÍÓÚÚÍ", strict=True))
_VOWELS: Final = "aeiouUIəħ" + "ÁÉÍÓÚāê" + "AÄWYàäŷŵẅ"
SOUNDS: Final = "\0" + _CONSONANTS + _VOWELS + "0123456789" + "?"
CODE: Final = {sound: code for code, sound in enumerate(SOUNDS)}
LONGEST: Final = 14  # sounds of a word that are compared; what follows decides nothing

_ARABIC: Final = str.maketrans(
    {
        **dict(zip("بپتطدضكقگجچغفڤسصزظژشثذخحهعلرمنويى", "bptṭdḍkqgjCGfvsṣzẓžSTDxḥhʿlrmnWYà", strict=True)),
        **dict.fromkeys("اأإآٱ", "A"),
        "ة": "ä",
        "ئ": "ŷ",
        "ؤ": "ŵ",
        "ء": "",
        # Persian, Kurdish, Urdu, Maghrebi
        **dict(zip("کیھہڭڨڕڵۆێەۇۋڑںےڈٹڃۀې", "kYhhggrloIeUvrnYdtjäY", strict=True)),
    }
)
_MARKED: Final = str.maketrans(
    {
        **dict(
            zip(
                "şščćğžøłđðþıæœßñ",
                ["sh", "sh", "ch", "ch", "g", "j", "o", "l", "d", "d", "th", "i", "e", "e", "ss", "n"],
                strict=True,
            )
        ),
        **dict.fromkeys("ʿʾ'’‘`´ʼ", ""),
    }
)
# Greedy, longest first: what Latin letters stand for. A vowel written with two letters is one vowel.
_LATIN: Final = {
    "tsch": "C", "dsch": "j", "sch": "S", "tch": "C", "tsh": "C", "dzh": "j", "ssh": "S",
    "sh": "S", "ch": "C", "kh": "x", "gh": "G", "th": "T", "dh": "D", "ph": "f", "zh": "ž", "dj": "j", "dg": "j",
    "ck": "k", "qu": "k", "gu": "g", "ts": "s", "tz": "z", "ou": "U", "oo": "U", "ee": "I", "ii": "I", "ie": "I",
    "ei": "I", "ea": "I", "ey": "I", "ay": "I", "ai": "I", "aa": "a", "au": "u", "aw": "u", "uu": "U", "oe": "o",
    "ue": "u", "x": "ks", "gi": "ji", "ge": "je",
}  # fmt: skip
# "Khayat" is kh-a-y-a-t and "Rifai" ends in two syllables: there the pair of letters is no single vowel.
_APART: Final = {"ay", "ai", "ey", "ei", "aw", "au"}
_DIGRAPH: Final = re.compile(
    "|".join(
        pair + ("(?![aeiou])" if pair[1] in "yw" else r"(?!$|[aeou])") if pair in _APART else pair
        for pair in sorted(_LATIN, key=len, reverse=True)
    )
)
_SINGLE: Final = str.maketrans({"c": "k", "ç": "c", "î": "i"})
_SOFT_C: Final = re.compile("c(?=[eiy])")
_DOUBLED: Final = re.compile(r"(.)\1+")
_ARABIC_LETTER: Final = re.compile("[\u0600-\u06ff]")


def arabic(text: str) -> bool:
    """Whether a word is written in Arabic letters, or begins so."""
    return _ARABIC_LETTER.search(text) is not None


def plain(text: str) -> str:
    """Small letters without marks: harakat, accents, tatweel, marks of direction; letter forms by NFKC."""
    text = unicodedata.normalize("NFKC", text).lower()
    if text.isascii():
        return text
    text = text.translate(_MARKED_KEPT)
    marked = unicodedata.normalize("NFD", text)
    # Hamza above and below and madda are part of their letter here; other marks go.
    bare = "".join(c for c in marked if c in _HAMZA or unicodedata.category(c) not in ("Mn", "Cf", "Me"))
    return unicodedata.normalize("NFC", bare).replace("ـ", "").replace("\ue000", "ç")


_HAMZA: Final = frozenset("\u0653\u0654\u0655")
# The cedilla stands for too different sounds in Turkish and French to be dropped; it passes as a private sign.
_MARKED_KEPT: Final = {
    **{code: sound for code, sound in _MARKED.items() if not chr(code).isascii()},
    ord("ç"): "\ue000",
}


@lru_cache(maxsize=1 << 16)
def sounds(word: str) -> str:
    """The sounds of one plain word, at most LONGEST; "" where nothing of it is sounded."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    return (_arabic_sounds(word) if arabic(word) else latin_sounds(word))[:LONGEST]


# The waw of عمرو is not sounded: it is written to tell Amr from Omar. The two alefs of طه are sounded and not written.
_IRREGULAR: Final = {
    "طه": "ṭAhA",
    "عمر": "ʿÓmar",
    "عمرو": "ʿÁmrẅ",
    **dict.fromkeys("amr amro amru amrou".split(), "Ámrẅ"),
}


def _arabic_sounds(word: str) -> str:
    said = "".join(c for c in word.replace("تش", "چ").translate(_ARABIC) if c in CODE)
    said = _DOUBLED.sub(r"\1", said)
    if said[:1] == "A":
        said = "Ä" + said[1:]
    if len(said) > 2 and said[-1] == "h":
        said = said[:-1] + "ä"
    return said


@lru_cache(maxsize=1 << 16)
def latin_sounds(word: str) -> str:
    """The same for a word known to be in Latin letters, of any length."""
    word = word.translate(_MARKED)
    if word in _DOER:
        word = word[:-2] + "ê" + word[-1]
    word = _SOFT_C.sub("ç", _DOUBLED.sub(r"\1\1", word))
    if word[:1] == "y" and word[1:2] not in "aeiou":
        word = "i" + word[1:]
    if word.startswith(("ai", "ay")):
        word = "aî" + word[2:]
    said = _DOUBLED.sub(r"\1", _DIGRAPH.sub(_digraph, word).translate(_SINGLE))
    if len(said) > 2:
        if said[-1] == "h" and said[-2] in "aeiouI":
            said = said[:-1] + "ħ"
        elif said[-1] == "e" and said[-2] in _CONSONANTS:
            said = said[:-1] + "ə"
        elif said[-1] in "iy" and said[-2] in _CONSONANTS:
            said = said[:-1] + "I"
        elif said[-1] == "t" and said[-2] in _VOWELS and len(said) > 3:
            said = said[:-1] + "ť"
        if said[1] == "U":  # Mouhamad, Houssein: French has no other way to write a short u
            said = said[0] + "u" + said[2:]
        said = _LAST_A.sub("ā", _FIRST.get(said[0], said[0]) + said[1:])
    return "".join(c if c in CODE else "?" for c in said if c.isalnum())


# Roots of which both the form of the doer and that of the quality are names: سالم and سليم, حامد and حميد. Whoever
# writes e means the first; in other words (Khaled, Khalid) e and i are the same.
_DOERS: Final = (
    "salem hamed rashed rached samer amer aamer majed maged hakem zaher ghanem kamel nader naser nasser adel"
)
_DOER: Final = frozenset(_DOERS.split())
_LAST_A: Final = re.compile("a(?=ħ?$)")


def _digraph(found: re.Match[str]) -> str:
    return _LATIN[found[0]]


# What differs between two consonants that habit or hand exchanges. Everything not named costs a whole letter.
_NEAR: Final = """
b p .2  b v .4  p f .5  f v .1  v w .15  f w .35  w W .05  v W .25  f W .5  u w .3  U w .2  o w .4  t ṭ .02
t d .35  t T .25  ṭ T .4  ṭ d .5  d ḍ .02  ḍ ẓ .15  ḍ z .25  d ẓ .25  d D .15  D z .15  D ẓ .2  z ẓ .02  s z .4  s ṣ .02
s T .25  ṣ T .4  ṣ z .5  s S .4  s C .5  S C .1  C x .3  C h .35  C ḥ .35  d z .35  ḍ D .1  C k .35  C j .4
C t .6  ṣ S .5  c s .02  c k .15  c C .05  c S .05  c j .15  k q .05  k g .4  g q .3  G g .15  G q .4  G k .45  G j .4
g j .2  k x .35  q x .5  x h .35  x ḥ .5  x G .5  x j .5  h ḥ .02  j ž .1  ž z .4  ž S .5  j S .5  j y .3  j Y .35
y Y .02  y i .05  y I .05  z s .4  j C .4  ḥ ʿ .7  t ä .3  h ä .1  h ħ .1  ḥ ħ .4  h G .7  g h .5  G r .7  y ŷ .05
w ŵ .05  y e .4
"""
_NEAR_ARABIC_PAIRS: Final = (
    "t ṭ .3  d ḍ .4  s ṣ .3  z ẓ .3  k q .4  h ḥ .5  d D .3  D z .3  ḍ ẓ .3  s T .4  t T .35 k G .5"
)
_NEAR_VOWELS: Final = """
a e .12  a i .42  a o .3  a u .4  a U .5  a I .65  e i .2  e I .2  e o .4  e u .45  e U .6  i I .06  i o .5
i u .45  i U .55  o u .08  o U .08  u U .03  o I .6  u I .55  U I .7  a ə .1  e ə .02  i ə .2  I ə .3  o ə .4
u ə .4  a ħ .3  A a 0  A e .1  A i .45  A o .4  A u .4  A U .55  A I .35  A ə .3  A Ä .05  A W .7  A Y .65  A à .1
A ä .15  Ä a 0  Ä e .02  Ä i .05  Ä o .1  Ä u .1  Ä U .15  Ä I .1  Ä W .6  Ä Y .5  W o .02  W u 0  W U 0  W a .5
W e .6  W i .6  W I .6  W Y .8  W ŵ .1  Y i 0  Y I 0  Y e .22  Y a .4  Y o .7  Y u .6  Y U .7  Y à .03  Y ŷ .1
Y ə .3  à y .08  à a .02  à e .1  à i .08  à I .08  à ə .2  à ä .12  à ħ .1  ä a .01  ä e .03  ä ə .05  ä ħ .01
ä i .25  ä o .3  ä I .3  ŷ i .02  ŷ I .03  ŷ e .03  ŷ a .1  ŵ u .03  ŵ U .03  ŵ o .03  ŵ a .15  ẅ o .05  ẅ u .05
ẅ U .05  ẅ W .05  ʿ a .05  ʿ e .05  ʿ i .08  ʿ o .08  ʿ u .08  ʿ U .3  ʿ I .5  ʿ A .5  ʿ Ä .4  ʿ ŷ .3
"""


def _exchange() -> NDArray[np.float32]:
    size = len(SOUNDS)
    cost = np.full((size, size), 1.0, np.float32)
    vowels = [CODE[v] for v in _VOWELS]
    for v in vowels:
        cost[v, :] = cost[:, v] = 1.1
    for v in vowels:
        cost[v, vowels] = 0.6
    figures = (_NEAR + _NEAR_VOWELS).split()
    for one, other, value in zip(figures[::3], figures[1::3], figures[2::3], strict=True):
        cost[CODE[one], CODE[other]] = cost[CODE[other], CODE[one]] = float(value)
    for inner, first in (*zip("aeiou", "ÁÉÍÓÚ", strict=True), ("a", "ā"), ("e", "ê")):
        cost[CODE[first], :] = cost[CODE[inner], :]
        cost[:, CODE[first]] = cost[:, CODE[inner]]
    for inner, first in (*zip("aeiou", "ÁÉÍÓÚ", strict=True), ("a", "ā"), ("e", "ê")):
        for other, last in (*zip("aeiou", "ÁÉÍÓÚ", strict=True), ("a", "ā"), ("e", "ê")):
            cost[CODE[first], CODE[last]] = cost[CODE[inner], CODE[other]]
        cost[CODE[first], CODE[inner]] = cost[CODE[inner], CODE[first]] = 0.03
    for final in "Aäàħ":
        cost[CODE["ā"], CODE[final]] = cost[CODE[final], CODE["ā"]] = 0.01
    for long in "iIYy":
        cost[CODE["ê"], CODE[long]] = cost[CODE[long], CODE["ê"]] = 0.6
    cost[CODE["ā"], CODE["Y"]] = cost[CODE["Y"], CODE["ā"]] = 0.32  # ي is typed for a last ى
    cost[CODE["ť"], :], cost[:, CODE["ť"]] = cost[CODE["t"], :], cost[:, CODE["t"]]
    cost[CODE["ť"], CODE["t"]] = cost[CODE["t"], CODE["ť"]] = 0.01
    cost[CODE["ť"], CODE["d"]] = cost[CODE["d"], CODE["ť"]] = 0.12
    np.fill_diagonal(cost, 0)
    return cost


def _begins() -> NDArray[np.bool_]:
    """Whether an initial may stand for a word that begins with a sound: Latin ones are the first of two letters too."""
    may = EXCHANGE <= 0.2
    for initial, sound in ("kx", "sS", "gG", "tT", "dD"):
        may[CODE[initial], CODE[sound]] = may[CODE[sound], CODE[initial]] = True
    return may


def _left_out() -> NDArray[np.float32]:
    """[0]: a sound that a word of the same script lacks; [1]: one that a word of the other script lacks."""
    cost = np.full((2, len(SOUNDS)), 1.0, np.float32)
    same = {**dict.fromkeys("aeiou", 0.35), "U": 0.45, "I": 0.45, "ə": 0.08, "ħ": 0.05, "h": 0.45, "ḥ": 0.8, "ʿ": 0.5}
    same |= {"A": 0.55, "Ä": 0.5, "W": 0.7, "Y": 0.65, "à": 0.4, "ä": 0.3, "ŷ": 0.25, "ŵ": 0.25, "w": 0.6, "y": 0.35}
    cross = {**dict.fromkeys("ae", 0.06), **dict.fromkeys("iou", 0.1), "U": 0.45, "I": 0.55, "ə": 0.03, "ħ": 0.02}
    cross |= {"A": 0.45, "Ä": 0.42, "W": 0.6, "Y": 0.5, "à": 0.3, "ä": 0.2, "ŷ": 0.06, "ŵ": 0.06}
    same["ẅ"] = cross["ẅ"] = 0.6
    cross |= {"h": 0.4, "ḥ": 0.7, "ʿ": 0.03, "w": 0.5, "y": 0.3}
    same |= {**dict.fromkeys("ÁÉÍÓÚ", 0.5), "ā": 0.4, "ê": 0.35}
    cross |= {**dict.fromkeys("ÁÉÍÓÚ", 0.5), "ā": 0.4, "ê": 0.06}
    for row, table in enumerate((same, cross)):
        for sound, value in table.items():
            cost[row, CODE[sound]] = value
    cost[:, 0] = 0
    return cost


EXCHANGE: Final = _exchange()
BEGINS: Final = _begins()
LEFT_OUT: Final = _left_out()


def _exchange_arabic() -> NDArray[np.float32]:
    """Two words in Arabic letters: there ص is not س, however alike Latin letters write them."""
    cost = EXCHANGE.copy()
    cost[CODE["a"], CODE["A"]] = cost[CODE["A"], CODE["a"]] = 0.6
    figures = _NEAR_ARABIC_PAIRS.split()
    for one, other, value in zip(figures[::3], figures[1::3], figures[2::3], strict=True):
        cost[CODE[one], CODE[other]] = cost[CODE[other], CODE[one]] = float(value)
    return cost


EXCHANGE_ARABIC: Final = _exchange_arabic()

# For finding, not for deciding: consonants with all that may be exchanged in one class, without what may go unwritten.
_CLASS: Final = {
    **dict.fromkeys("bp", "b"), **dict.fromkeys("tťdTDṭḍẓ", "t"), **dict.fromkeys("szcṣ", "s"),
    **dict.fromkeys("SC", "x"), **dict.fromkeys("kqgGjž", "k"), **dict.fromkeys("fv", "f"),
    **dict.fromkeys("xhḥ", "h"), "l": "l", "r": "r", "m": "m", "n": "n", **dict.fromkeys("0123456789", "0"),
}  # fmt: skip
_ARTICLE: Final = re.compile("^[ÁÉÄ]l(?=.)")
# What one writer hears as t another hears as s (ض, ذ, ث); ch is sh in French and kh in German; a last h may be silent;
# Turkish and Kurdish write و as v.
_ELSE: Final = {**dict.fromkeys("TDḍẓ", "s"), "C": "h", "c": "k", "ħ": "h", "v": ""}
_FIRST_CLASS: Final = str.maketrans({sound: _CLASS.get(sound, "") for sound in SOUNDS})
_OTHER_CLASS: Final = str.maketrans({sound: (_CLASS | _ELSE).get(sound, "") for sound in SOUNDS})
_AMBIGUOUS: Final = re.compile(f"[{''.join(_ELSE)}]")
_NO_CONSONANT: Final = str.maketrans("ÄʿAÁÉÍÓÚā", "aaaaaaaaa")


@lru_cache(maxsize=1 << 16)
def skeletons(word: str) -> tuple[str, ...]:
    """The keys under which spellings of a word meet: its consonants by class, once more where a letter is ambiguous.

    A word without any consonant keeps its first vowel.
    """
    return key_of(sounds(word))


def key_of(said: str) -> tuple[str, ...]:
    """The same of a word's sounds."""
    bare = _ARTICLE.sub("", said)
    if bare != said and len(bare.translate(_FIRST_CLASS)) > 1:
        said = bare
    first = _DOUBLED.sub(r"\1", said.translate(_FIRST_CLASS)) or "." + said[:1].translate(_NO_CONSONANT)
    if not _AMBIGUOUS.search(said):
        return (first,)
    return (first, _DOUBLED.sub(r"\1", said.translate(_OTHER_CLASS)) or first)


# The same of an initial: "K." may be Khaled and "S." Shadi.
_INITIAL_CLASS: Final = {
    **dict.fromkeys("bp", "b"), **dict.fromkeys("tdTDṭḍ", "t"), **dict.fromkeys("szcṣSCžẓ", "s"),
    **dict.fromkeys("kqgGjx", "k"), **dict.fromkeys("fv", "f"), **dict.fromkeys("hḥ", "h"),
    **{sound: sound for sound in "lrmn"},
}  # fmt: skip


def initial_class(word: str) -> str:
    """By what an initial and the words it may stand for meet; all vowels are one."""
    return _INITIAL_CLASS.get(sounds(word)[:1], ".")


def skeleton(word: str) -> str:
    return skeletons(word)[0]
