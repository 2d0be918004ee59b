"""Petitions, signatures, mail, ledger and tally."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_23_beginning"
down_revision = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("key_check", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("link", sa.LargeBinary(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("petition_id", "index", name=op.f("pk_ledger_entries")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ledger_entries_link", "ledger_entries", ["petition_id", "link"], unique=False)
    op.create_table(
        "ledger_waiting",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("link", sa.LargeBinary(length=32), nullable=False),
        sa.Column("act", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=80), nullable=True),
        sa.Column("method", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.Column("bind", sa.LargeBinary(length=32), nullable=True),
        sa.Column("receipt", sa.LargeBinary(length=32), nullable=True),
        sa.Column("noted_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_waiting")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ledger_waiting_petition_id", "ledger_waiting", ["petition_id"], unique=False)
    op.create_table(
        "mailed",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("mailbox", sa.LargeBinary(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailed")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_mailed_mailbox_day", "mailed", ["mailbox", "day"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.LargeBinary(length=17), nullable=False),
        sa.Column("signature_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("claimed_by", sa.LargeBinary(length=16), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed', 'dropped')", name=op.f("ck_outbox_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["due_on", "claimed_by"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "petitions",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("goal", sa.Integer(), nullable=False),
        sa.Column("default_language", sa.String(length=16), nullable=False),
        sa.Column("publish", sa.String(length=16), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ask_for", JSON, nullable=False),
        sa.Column("milestones", JSON, nullable=False),
        sa.Column("reminder", sa.Boolean(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_petitions")),
        sa.UniqueConstraint("slug", name=op.f("uq_petitions_slug")),
    )
    op.create_table(
        "addressees",
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("name", JSON, nullable=False),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_addressees_petition_id_petitions")),
        sa.PrimaryKeyConstraint("petition_id", "position", name=op.f("pk_addressees")),
    )
    op.create_table(
        "categories",
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("claim", sa.String(length=16), nullable=False),
        sa.Column("label", JSON, nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_categories_petition_id_petitions")),
        sa.PrimaryKeyConstraint("petition_id", "slug", name=op.f("pk_categories")),
    )
    op.create_table(
        "signatures",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.Column("category", sa.String(length=80), nullable=True),
        sa.Column("counted_as", sa.String(length=80), nullable=True),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=True),
        sa.Column("acts", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("identity", sa.LargeBinary(length=32), nullable=True),
        sa.Column("merged_into", sa.LargeBinary(length=16), nullable=True),
        sa.Column("bind", sa.LargeBinary(length=32), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("own_copy", sa.LargeBinary(), nullable=True),
        sa.Column("shown_name", sa.Text(), nullable=True),
        sa.Column("shown_key", sa.Text(), nullable=True),
        sa.CheckConstraint("method IN ('mail', 'invitation', 'import', 'paper')", name=op.f("ck_signatures_method")),
        sa.CheckConstraint(
            "shown_name IS NULL OR state = 'confirmed'", name=op.f("ck_signatures_shown_only_while_confirmed")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'confirmed', 'rejected', 'lapsed', 'withdrawn', 'merged', 'invalidated')",
            name=op.f("ck_signatures_state"),
        ),
        sa.CheckConstraint("visibility IN ('name', 'initials', 'anonymous')", name=op.f("ck_signatures_visibility")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_signatures_petition_id_petitions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_signatures_shown",
        "signatures",
        ["petition_id", "shown_key", "id"],
        unique=False,
        sqlite_where=sa.text("shown_name IS NOT NULL"),
        postgresql_where=sa.text("shown_name IS NOT NULL"),
    )
    op.create_index(
        "ix_signatures_shown_category",
        "signatures",
        ["petition_id", "counted_as", "shown_key", "id"],
        unique=False,
        sqlite_where=sa.text("shown_name IS NOT NULL"),
        postgresql_where=sa.text("shown_name IS NOT NULL"),
    )
    op.create_index(
        "ix_signatures_waiting",
        "signatures",
        ["signed_on"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "uq_signatures_counted_identity",
        "signatures",
        ["identity", "petition_id"],
        unique=True,
        sqlite_where=sa.text("state = 'confirmed'"),
        postgresql_where=sa.text("state = 'confirmed'"),
    )
    op.create_index("uq_signatures_token", "signatures", ["token_hash"], unique=True)
    op.create_table(
        "tallies",
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("verified", sa.Integer(), nullable=False),
        sa.Column("awaiting", sa.Integer(), nullable=False),
        sa.Column("by_category", JSON, nullable=False),
        sa.Column("by_method", JSON, nullable=False),
        sa.Column("removed", JSON, nullable=False),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_tallies_petition_id_petitions")),
        sa.PrimaryKeyConstraint("petition_id", name=op.f("pk_tallies")),
    )
    op.create_table(
        "tally_days",
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_tally_days_petition_id_petitions")),
        sa.PrimaryKeyConstraint("petition_id", "day", name=op.f("pk_tally_days")),
    )
    op.create_table(
        "versions",
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_versions_petition_id_petitions")),
        sa.PrimaryKeyConstraint("petition_id", "number", "language", name=op.f("pk_versions")),
    )
