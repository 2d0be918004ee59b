"""What organizers see of the work by the day: mails, verifications, milestones."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_figures"
down_revision = "2026_11_24_rekeying"

FAILED = sa.text("state = 'failed'")


def upgrade() -> None:
    op.add_column("tally_days", sa.Column("verified", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "mail_days",
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("category", sa.String(length=80), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_mail_days_petition_id_petitions")),
        sa.PrimaryKeyConstraint("petition_id", "day", "category", "method", name=op.f("pk_mail_days")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "milestones_reached",
        sa.Column("petition_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["petition_id"], ["petitions.id"], name=op.f("fk_milestones_reached_petition_id_petitions")
        ),
        sa.PrimaryKeyConstraint("petition_id", "number", name=op.f("pk_milestones_reached")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_outbox_failed", "outbox", ["petition_id"], unique=False, sqlite_where=FAILED, postgresql_where=FAILED
    )
    # Of the days before: verifications as the audit has them; a mail was sent to whoever confirmed by one, and to
    # whoever still waits with one that went.
    op.execute(
        "UPDATE tally_days SET verified = (SELECT count(*) FROM audit WHERE audit.petition_id = tally_days.petition_id"
        " AND audit.day = tally_days.day AND audit.verb = 'signature:verify')"
    )
    op.execute(
        "INSERT INTO mail_days (petition_id, day, category, method, sent, failed)"
        " SELECT petition_id, day, coalesce(category, ''), method, sum(sent), sum(failed) FROM ("
        " SELECT petition_id, signed_on AS day, category, method, 1 AS sent, 0 AS failed FROM signatures"
        " WHERE method = 'mail' AND counted_on IS NOT NULL"
        " UNION ALL SELECT s.petition_id, s.signed_on, s.category, s.method,"
        " CASE WHEN o.state = 'sent' THEN 1 ELSE 0 END, CASE WHEN o.state = 'failed' THEN 1 ELSE 0 END"
        " FROM outbox AS o JOIN signatures AS s ON s.id = o.signature_id"
        " WHERE o.kind = 'confirm' AND o.state IN ('sent', 'failed') AND s.counted_on IS NULL"
        ") AS gone GROUP BY petition_id, day, coalesce(category, ''), method"
    )
