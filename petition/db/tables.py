"""All tables, in the order of the story: a petition, its words, who signs, what is mailed, what is counted.

Keys are random, and on SQLite rows lie in the order of their keys (WITHOUT ROWID): the file
tells nobody who signed before whom. No column holds a network address, nor a time finer than
a day of anything a signatory did. The organizers' own tables lie in db/desk.py.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from petition.db.desk import AuditEntry as AuditEntry
from petition.db.desk import Batch as Batch
from petition.db.desk import BatchMember as BatchMember
from petition.db.desk import Export as Export
from petition.db.desk import ExportPart as ExportPart
from petition.db.desk import Import as Import
from petition.db.desk import ImportMember as ImportMember
from petition.db.desk import Invitation as Invitation
from petition.db.desk import Layout as Layout
from petition.db.desk import Note as Note
from petition.db.desk import Organizer as Organizer
from petition.db.desk import PaperBatch as PaperBatch
from petition.db.desk import PaperLine as PaperLine
from petition.db.desk import Passkey as Passkey
from petition.db.desk import PetitionKey as PetitionKey
from petition.db.desk import RecoveryCode as RecoveryCode
from petition.db.desk import Rekeying as Rekeying
from petition.db.desk import Role as Role
from petition.db.desk import Session as Session
from petition.db.desk import Staging as Staging
from petition.db.desk import StagingPart as StagingPart
from petition.db.desk import ToldApart as ToldApart
from petition.db.mapping import UNORDERED as UNORDERED
from petition.db.mapping import Table as Table
from petition.db.mapping import one_of, only
from petition.db.mapping import table as table
from petition.db.traces import Trace as Trace
from petition.db.types import Bytes, Digest, Id, Json
from petition.domain import states


class Installation(Table):
    """One row: which server secret this database belongs to, as a keyed digest. The wrong key must not start."""

    __tablename__ = "installation"
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    key_check: Mapped[bytes] = mapped_column(Digest)


class Petition(Table):
    """What is asked; `revision` changes with every change that a page shows."""

    __tablename__ = "petitions"
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    revision: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(16))
    goal: Mapped[int] = mapped_column(Integer)
    default_language: Mapped[str] = mapped_column(String(16))
    publish: Mapped[str] = mapped_column(String(16))
    opens_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closes_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ask_for: Mapped[dict[str, str]] = mapped_column(Json)
    milestones: Mapped[list[int]] = mapped_column(Json)
    reminder: Mapped[bool] = mapped_column(Boolean)
    # What is typed from paper is typed twice, by two people.
    second_entry: Mapped[bool] = mapped_column(Boolean, server_default=false())
    public_key: Mapped[bytes] = mapped_column(Bytes(32))
    version: Mapped[int] = mapped_column(Integer)
    # Why signing is paused, by language: shown while it is.
    pause_message: Mapped[dict[str, str] | None] = mapped_column(Json)
    # The safety switch: no name is listed and nobody can sign.
    safe: Mapped[bool] = mapped_column(Boolean, server_default=false())
    # Sealed records end so many days after delivery or closing, unless they are on hold.
    keep_days: Mapped[int] = mapped_column(Integer, server_default="30")
    on_hold: Mapped[bool] = mapped_column(Boolean, server_default=false())
    delivered_on: Mapped[date | None] = mapped_column(Date)
    purged_on: Mapped[date | None] = mapped_column(Date)


class Version(Table):
    """A statement as it once stood, in one language. A signature belongs to a version and a language."""

    __tablename__ = "versions"
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    language: Mapped[str] = mapped_column(String(16), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
    published_on: Mapped[date] = mapped_column(Date)


class Category(Table):
    """Who a signatory signs as. One that people signed as is retired, never deleted."""

    __tablename__ = "categories"
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    claim: Mapped[str] = mapped_column(String(16))
    label: Mapped[dict[str, str]] = mapped_column(Json)
    retired: Mapped[bool] = mapped_column(Boolean)


class Addressee(Table):
    """Whom the petition is delivered to."""

    __tablename__ = "addressees"
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    name: Mapped[dict[str, str]] = mapped_column(Json)


AWAITING = "state = 'confirmed' AND counted_as IS NULL"
LINKED_ANEW = "substr(token_hash, 1, 16) <> id"


class Signature(Table):
    """One act of signing. Who it was lies in `sealed` and `own_copy` alone; `shown_name` while it is to be shown.

    `category` is the claim; `counted_as` is where the ledger counts it, null while the claim awaits.
    `acts` numbers what the ledger was told of this signature, so that the fold keeps their order.
    """

    __tablename__ = "signatures"
    __table_args__ = (
        ForeignKeyConstraint(["petition_id"], ["petitions.id"]),
        CheckConstraint(one_of("state", states.STATES), name="state"),
        CheckConstraint(one_of("visibility", states.VISIBILITIES), name="visibility"),
        CheckConstraint(one_of("method", states.METHODS), name="method"),
        CheckConstraint("shown_name IS NULL OR state = 'confirmed'", name="shown_only_while_confirmed"),
        # One person, one petition, one count: decided here and nowhere else.
        Index(
            "uq_signatures_counted_identity",
            # The digest leads: it differs for every address and petition, so that any plan that uses this
            # index is a good one, and a planner without statistics is not led to read a whole petition.
            "identity",
            "petition_id",
            unique=True,
            **only("state = 'confirmed'"),
        ),
        # Any other link finds its row by the row's own id: domain/tokens.py.
        Index("uq_signatures_linked_anew", "token_hash", unique=True, **only(LINKED_ANEW)),
        Index(
            "ix_signatures_shown",
            "petition_id",
            "shown_key",
            "id",
            **only("shown_name IS NOT NULL"),
        ),
        Index(
            "ix_signatures_shown_category",
            "petition_id",
            "counted_as",
            "shown_key",
            "id",
            **only("shown_name IS NOT NULL"),
        ),
        # Of those who came with an invitation alone: everybody else's row is in no further index.
        Index(
            "ix_signatures_invitation",
            "invitation_id",
            "state",
            "verified",
            **only("invitation_id IS NOT NULL"),
        ),
        Index(
            "ix_signatures_pinned",
            "petition_id",
            **only("pinned"),
        ),
        Index(
            "ix_signatures_waiting",
            "signed_on",
            "petition_id",
            # SQLite asks the row for what a partial index has already said, unless the index says it again.
            "state",
            **only("state = 'pending'"),
        ),
        # The queue's rare states, in the order of its pages; an index over all rows would cost every signing.
        Index(
            "ix_signatures_awaiting",
            "petition_id",
            "state",
            "counted_as",
            "id",
            "category",
            **only(AWAITING),
        ),
        Index(
            "ix_signatures_apart",
            "petition_id",
            "state",
            "id",
            **only(one_of("state", states.APART)),
        ),
        Index(
            "ix_signatures_burst",
            "petition_id",
            "burst",
            **only("burst IS NOT NULL"),
        ),
        Index(
            "ix_signatures_merged",
            "merged_into",
            **only("merged_into IS NOT NULL"),
        ),
        UNORDERED,
    )
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    petition_id: Mapped[bytes] = mapped_column(Id)
    version: Mapped[int] = mapped_column(Integer)
    language: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(16))
    category: Mapped[str | None] = mapped_column(String(80))
    counted_as: Mapped[str | None] = mapped_column(String(80))
    verified: Mapped[bool] = mapped_column(Boolean)
    method: Mapped[str] = mapped_column(String(16))
    visibility: Mapped[str] = mapped_column(String(16))
    signed_on: Mapped[date] = mapped_column(Date)
    counted_on: Mapped[date | None] = mapped_column(Date)
    acts: Mapped[int] = mapped_column(Integer)
    token_hash: Mapped[bytes] = mapped_column(Digest)
    identity: Mapped[bytes | None] = mapped_column(Digest)
    merged_into: Mapped[bytes | None] = mapped_column(Id)
    bind: Mapped[bytes | None] = mapped_column(Digest)
    sealed: Mapped[bytes | None] = mapped_column(Bytes)
    own_copy: Mapped[bytes | None] = mapped_column(Bytes)
    shown_name: Mapped[str | None] = mapped_column(Text)
    shown_key: Mapped[str | None] = mapped_column(Text)
    # An organizer's doing: the name stays out of the list whatever its owner chose; it leads the list.
    hidden: Mapped[bool] = mapped_column(Boolean, server_default=false())
    pinned: Mapped[bool] = mapped_column(Boolean, server_default=false())
    # A label by chance that signatures share which came fast from one network: actions/limits.py. It says not which.
    burst: Mapped[str | None] = mapped_column(String(8))
    # Which invitation it came with; once it counts, which one vouched for it. None again once an organizer does.
    invitation_id: Mapped[bytes | None] = mapped_column(Id)


# What an erased signature loses: everything that follows from a person. It keeps that there was one.
WIPED: dict[str, Any] = dict.fromkeys(
    ("identity", "bind", "sealed", "own_copy", "shown_name", "shown_key", "burst", "invitation_id")
)


class Outbox(Table):
    """A mail to be sent. `payload` is sealed to the server's key and blanked once handed over or given up."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(one_of("state", ("waiting", "sent", "failed", "dropped")), name="state"),
        Index(
            "ix_outbox_waiting",
            "due_on",
            "claimed_by",
            **only("state = 'waiting'"),
        ),
        Index(
            "ix_outbox_failed",
            "petition_id",
            **only("state = 'failed'"),
        ),
        UNORDERED,
    )
    # The signature's id and one byte for the kind: see actions/outbox.py. A mail to an organizer stands here too:
    # `signature_id` is then the account's id.
    id: Mapped[bytes] = mapped_column(Bytes(17), primary_key=True)
    signature_id: Mapped[bytes] = mapped_column(Id)
    petition_id: Mapped[bytes] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    due_on: Mapped[date] = mapped_column(Date)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    claimed_by: Mapped[bytes | None] = mapped_column(Id)
    payload: Mapped[bytes | None] = mapped_column(Bytes)


class Mailed(Table):
    """That one mail went to one mailbox on one day: rows, not a counter; kept for the mail budget's week."""

    __tablename__ = "mailed"
    __table_args__ = (Index("ix_mailed_mailbox_day", "mailbox", "day"), UNORDERED)
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    mailbox: Mapped[bytes] = mapped_column(Digest)
    day: Mapped[date] = mapped_column(Date)


class LedgerWaiting(Table):
    """A ledger entry noted in its act's own transaction, without an index yet; `link`: a digest of the signature."""

    __tablename__ = "ledger_waiting"
    __table_args__ = (UNORDERED,)
    petition_id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    link: Mapped[bytes] = mapped_column(Digest, primary_key=True)
    act: Mapped[int] = mapped_column(Integer, primary_key=True)
    event: Mapped[str] = mapped_column(String(16))
    category: Mapped[str | None] = mapped_column(String(80))
    method: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(16))
    bind: Mapped[bytes | None] = mapped_column(Digest)
    receipt: Mapped[bytes | None] = mapped_column(Digest)
    noted_on: Mapped[date] = mapped_column(Date)


class LedgerEntry(Table):
    """The ledger: `body` is the entry exactly as it is hashed. Only appended to, and only by `counting.fold`."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_link", "petition_id", "link"), UNORDERED)
    petition_id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    index: Mapped[int] = mapped_column(Integer, primary_key=True)
    link: Mapped[bytes] = mapped_column(Digest)
    body: Mapped[bytes] = mapped_column(Bytes)


class LedgerTile(Table):
    """The ledger's tree (domain/merkle.py): up to 256 hashes of one level. Only the last of each level changes."""

    __tablename__ = "ledger_tiles"
    __table_args__ = (UNORDERED,)
    petition_id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    hashes: Mapped[bytes] = mapped_column(Bytes)


class Tally(Table):
    """The stored number: the fold of the first `size` entries. Written whole, never added to."""

    __tablename__ = "tallies"
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    size: Mapped[int] = mapped_column(Integer)
    total: Mapped[int] = mapped_column(Integer)
    verified: Mapped[int] = mapped_column(Integer)
    awaiting: Mapped[int] = mapped_column(Integer)
    by_category: Mapped[dict[str, list[int]]] = mapped_column(Json)
    by_method: Mapped[dict[str, int]] = mapped_column(Json)
    removed: Mapped[dict[str, int]] = mapped_column(Json)


class Published(Table):
    """What the public sees: the tally of the first `size` entries and the signed checkpoint of just these.

    `public_key`: of the key that signs, null until it is made. `origin` and `checkpoint` are empty until the first one.
    `witnesses`: who is asked to cosign, and what each said last (domain/witnessed.py). `sample`: the result of the
    last sample audit (domain/sampling.py).
    """

    __tablename__ = "published"
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    public_key: Mapped[bytes | None] = mapped_column(Digest)
    origin: Mapped[str] = mapped_column(Text, default="")
    checkpoint: Mapped[str] = mapped_column(Text, default="")
    size: Mapped[int] = mapped_column(Integer)
    total: Mapped[int] = mapped_column(Integer)
    verified: Mapped[int] = mapped_column(Integer)
    awaiting: Mapped[int] = mapped_column(Integer)
    by_category: Mapped[dict[str, list[int]]] = mapped_column(Json)
    by_method: Mapped[dict[str, int]] = mapped_column(Json)
    removed: Mapped[dict[str, int]] = mapped_column(Json)
    witnesses: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list, server_default="[]")
    sample: Mapped[dict[str, Any] | None] = mapped_column(Json)


class TallyDay(Table):
    """What the fold counted, removed and saw verified on one day, for the charts."""

    __tablename__ = "tally_days"
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    counted: Mapped[int] = mapped_column(Integer)
    removed: Mapped[int] = mapped_column(Integer)
    verified: Mapped[int] = mapped_column(Integer, server_default="0")


class MailDay(Table):
    """How many of those who signed got their mail on one day, and how many mails were refused for good.

    Written by the worker that hands mails over: the outbox forgets a mail once its signature is confirmed.
    `category` is empty where nothing was claimed.
    """

    __tablename__ = "mail_days"
    __table_args__ = (UNORDERED,)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    category: Mapped[str] = mapped_column(String(80), primary_key=True)
    method: Mapped[str] = mapped_column(String(16), primary_key=True)
    sent: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)


class MilestoneReached(Table):
    """That the count has passed a milestone, and when it first did. It stays when the count falls again."""

    __tablename__ = "milestones_reached"
    __table_args__ = (UNORDERED,)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    day: Mapped[date] = mapped_column(Date)


class Delivery(Table):
    """That it was handed over to an addressee, named as they were then. Texts by language; kept when taken back."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_petition_id", "petition_id"), UNORDERED)
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"))
    addressee: Mapped[dict[str, str]] = mapped_column(Json)
    day: Mapped[date] = mapped_column(Date)
    how: Mapped[dict[str, str]] = mapped_column(Json)
    bearer: Mapped[dict[str, str]] = mapped_column(Json)
    answer: Mapped[dict[str, str]] = mapped_column(Json)
    taken_back: Mapped[bool] = mapped_column(Boolean)
