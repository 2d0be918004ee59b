"""What all tables share: their names for keys and indexes, and the order in which rows lie."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData, text
from sqlalchemy.orm import DeclarativeBase

UNORDERED = {"sqlite_with_rowid": False}


class Table(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def only(where: str) -> dict[str, Any]:
    """For an index over these rows alone, in both databases."""
    return {"sqlite_where": text(where), "postgresql_where": text(where)}


def one_of(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


def table(mapped: type[Table]) -> Any:
    """The Core table of a mapped class: hot paths speak Core."""
    return mapped.__table__
