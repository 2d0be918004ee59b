"""What SQLite leaves of something that was taken out of a signature, and how it goes.

`secure_delete` blanks the cell that is deleted, but not a copy that lies on in the unused middle of a page that was
rebuilt before. Seen after one in 6,000 names that were taken back (in an index) and after one in 70,000 (in a row):
only a file that is written anew has none.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from petition.db.mapping import UNORDERED, Table

# It is rewritten in memory, and nobody signs meanwhile: some 25,000 signatures, in half a second.
MOST_REWRITTEN = 64 * 1024 * 1024


class Trace(Table):
    """One row while pages may hold such a copy. A trigger writes it, so that no way of taking back forgets it."""

    __tablename__ = "traces"
    __table_args__ = (UNORDERED,)
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)


DUE = "SELECT 1 FROM traces, pragma_page_count, pragma_page_size WHERE page_count * page_size <= ?"


async def wipe(driver: Any) -> bool:
    """Where nobody else writes. False where it could not be done, as without room on the disk: to be tried again.

    A file that is too large keeps its traces (docs/operating.md).
    """
    try:
        # Not there before the first migration.
        known = await driver.execute_fetchall("SELECT 1 FROM sqlite_master WHERE name = 'traces'")
        if known and await driver.execute_fetchall(DUE, (MOST_REWRITTEN,)):
            await driver.execute("VACUUM")
            # Last: killed before, it is done again.
            await driver.execute("DELETE FROM traces")
    except sqlite3.OperationalError:
        return False
    return True
