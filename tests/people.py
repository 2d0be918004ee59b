"""The named cast. Layla is shown; Omar claims to be a journalist; Salma stays hidden; Karim shows his initials."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """`fields()` are what this person would send from the form."""

    full_name: str
    email: str
    category: str = "independents"
    affiliation: str = ""
    city: str = ""
    country: str = "SY"
    visibility: str = "name"

    def fields(self, **overrides: str) -> dict[str, str]:
        own = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**own, "consent": "yes", **overrides}


LAYLA = Person("ليلى حدّاد", "layla.haddad@example.org", city="حلب")
OMAR = Person("Omar Najjar", "omar.najjar@example.org", category="journalists", affiliation="Free Press", country="TR")
SALMA = Person("Salma Qasim", "salma.qasim@example.org", category="activists", visibility="anonymous", country="LB")
KARIM = Person("Karim Darwish", "karim.darwish@example.org", visibility="initials")


def someone(number: int, **changes: str) -> Person:
    """One of a crowd, known by `number`."""
    return Person(f"Person Number {_letters(number)}", f"someone-{number}@example.org", **changes)


def _letters(number: int) -> str:
    """Names hold no digits."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number)).capitalize()
