"""Where files shipped beside the code are found: inside an installed package, else at the repository's root."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_PLACES = (_PACKAGE, _PACKAGE.parent)


def asset(name: str) -> Path:
    """The folder `name` (`templates`, `alembic`); a missing one stops the start: nothing works without it."""
    for place in _PLACES:
        found = place / name
        if found.is_dir():
            return found
    raise FileNotFoundError(f"the folder {name!r} is missing from {_PACKAGE}: install the package again")
