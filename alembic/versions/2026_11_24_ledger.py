"""The ledger's tree in tiles, made of the entries there are, and what is published of it."""

from hashlib import sha256

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_24_ledger"
down_revision = "2026_11_24_figures"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
COUNTS = ("size", "total", "verified", "awaiting", "by_category", "by_method", "removed")
WIDTH, HASH = 256, 32


def upgrade() -> None:
    tiles = op.create_table(
        "ledger_tiles",
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("petition_id", "level", "number", name=op.f("pk_ledger_tiles")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "published",
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("checkpoint", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS[:4]),
        *(sa.Column(name, JSON, nullable=False) for name in COUNTS[4:]),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_published_petition_id_petitions")),
        sa.PrimaryKeyConstraint("petition_id", name=op.f("pk_published")),
    )
    counts = ", ".join(COUNTS)
    into, of = f"petition_id, origin, checkpoint, {counts}", f"petition_id, '', '', {counts}"
    op.execute(f"INSERT INTO published ({into}) SELECT {of} FROM tallies")
    connection = op.get_bind()
    for petition_id in connection.execute(sa.text("SELECT petition_id FROM tallies")).scalars().all():
        _grow(connection, tiles, petition_id)


def _grow(connection: sa.Connection, tiles: sa.Table, petition_id: bytes) -> None:
    """RFC 6962 over C2SP's tiles, written out here: what a migration did must stay what it was."""
    entries = sa.text('SELECT "index", body FROM ledger_entries WHERE petition_id = :petition ORDER BY "index"')
    # The hashes of each level that no full tile holds yet, and how many full ones there are.
    rows: list[list[bytes]] = [[]]
    full = [0]

    def keep(level: int) -> None:
        tile = {"petition_id": petition_id, "level": level, "number": full[level], "hashes": b"".join(rows[level])}
        connection.execute(sa.insert(tiles), tile)

    found = connection.execute(entries.execution_options(yield_per=10_000), {"petition": petition_id})
    for number, (index, body) in enumerate(found):
        if number != index:
            raise RuntimeError(f"the ledger lacks entry {number}: `petition recount` of the version before says more")
        rows[0].append(sha256(b"\x00" + body).digest())
        level = 0
        while len(rows[level]) == WIDTH:
            keep(level)
            above = rows[level]
            while len(above) > 1:
                pairs = zip(above[::2], above[1::2], strict=True)
                above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
            rows[level] = []
            full[level] += 1
            level += 1
            if level == len(rows):
                rows.append([])
                full.append(0)
            rows[level].append(above[0])
    for level, row in enumerate(rows):
        if row:
            keep(level)
