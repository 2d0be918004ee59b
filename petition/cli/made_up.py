"""Made-up people for the demonstration and for load tests: common names put together by chance."""

from __future__ import annotations

import random

GIVEN = {
    "ar": (
        "أحمد محمد ليلى سلمى عمر يوسف مريم هدى خالد سعاد رنا باسل "
        "نور طارق هالة سامر ديمة زياد رغد مازن لينا وائل عبير أنس"
    ).split(),
    "en": (
        "Ahmad Layla Salma Omar Yousef Maryam Huda Khaled Suad Rana "
        "Basel Nour Tarek Hala Samer Dima Ziad Lina Wael Anas"
    ).split(),
}
FAMILY = {
    "ar": (
        "حدّاد الخطيب نجّار الحلبي قاسم الحموي درويش الزين صبّاغ العلي شامي خضر بيطار الأحمد سليمان عبّود منصور الديري"
    ).split(),
    "en": (
        "Haddad Khatib Najjar Halabi Qasim Hamwi Darwish Zein Sabbagh Ali Shami Khodr Bitar Ahmad Suleiman Mansour"
    ).split(),
}
CITIES = {
    "ar": "دمشق، حلب، حمص، حماة، إدلب، درعا، دير الزور، غازي عنتاب، إسطنبول، برلين، باريس".split("، "),
    "en": "Damascus Aleppo Homs Hama Idlib Daraa Gaziantep Istanbul Berlin Paris".split(),
}
COUNTRIES = ("SY", "TR", "DE", "LB", "JO", "FR", "NL", "SE")
WEIGHTS = (38, 14, 9, 8, 12, 19)


def raw_person(chance: random.Random, number: int, categories: list[str]) -> dict[str, str]:
    """The fields of a form as such a person would send them, and their language; `number` makes the address unique."""
    language = "ar" if chance.random() < 0.8 else "en"
    weights = [WEIGHTS[i % len(WEIGHTS)] for i in range(len(categories))]
    return {
        "full_name": f"{chance.choice(GIVEN[language])} {chance.choice(FAMILY[language])}",
        "email": f"person{number}@example.org",
        "category": chance.choices(categories, weights)[0],
        "affiliation": "",
        "city": chance.choice(CITIES[language]),
        "country": chance.choice(COUNTRIES),
        "visibility": chance.choices(("name", "initials", "anonymous"), (55, 15, 30))[0],
        "consent": "yes",
        "language": language,
    }
