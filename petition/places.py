"""The table of towns and countries that is shipped beside the code; see bench/places.py for where it comes from."""

from pathlib import Path

_FILE = Path(__file__).resolve().parent / "locale" / "places.txt"


def places() -> list[str]:
    """One line a place: its kind and its names, parted by tabs."""
    return _FILE.read_text(encoding="utf-8").splitlines()
