"""All tables, in the order of the story: a petition, its words, who signs, what is mailed, what is counted.

Keys are random, and on SQLite rows lie in the order of their keys (WITHOUT ROWID): the file
tells nobody who signed before whom. No column holds a network address, nor a time finer than
a day of anything a signatory did.
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
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Text,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from petition.db.types import Digest, Id, Json
from petition.domain import actors, states

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


def one_of(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


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
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    version: Mapped[int] = mapped_column(Integer)
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
            sqlite_where=text("state = 'confirmed'"),
            postgresql_where=text("state = 'confirmed'"),
        ),
        Index("uq_signatures_token", "token_hash", unique=True),
        Index(
            "ix_signatures_shown",
            "petition_id",
            "shown_key",
            "id",
            sqlite_where=text("shown_name IS NOT NULL"),
            postgresql_where=text("shown_name IS NOT NULL"),
        ),
        Index(
            "ix_signatures_shown_category",
            "petition_id",
            "counted_as",
            "shown_key",
            "id",
            sqlite_where=text("shown_name IS NOT NULL"),
            postgresql_where=text("shown_name IS NOT NULL"),
        ),
        Index(
            "ix_signatures_pinned",
            "petition_id",
            sqlite_where=text("pinned"),
            postgresql_where=text("pinned"),
        ),
        Index(
            "ix_signatures_waiting",
            "signed_on",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
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
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    own_copy: Mapped[bytes | None] = mapped_column(LargeBinary)
    shown_name: Mapped[str | None] = mapped_column(Text)
    shown_key: Mapped[str | None] = mapped_column(Text)
    # An organizer's doing: the name stays out of the list whatever its owner chose; it leads the list.
    hidden: Mapped[bool] = mapped_column(Boolean, server_default=false())
    pinned: Mapped[bool] = mapped_column(Boolean, server_default=false())


# What an erased signature loses: everything that follows from a person. It keeps that there was one.
WIPED: dict[str, Any] = dict.fromkeys(("identity", "bind", "sealed", "own_copy", "shown_name", "shown_key"))


class Outbox(Table):
    """A mail to be sent. `payload` is sealed to the server's key and blanked once handed over or given up."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(one_of("state", ("waiting", "sent", "failed", "dropped")), name="state"),
        Index(
            "ix_outbox_waiting",
            "due_on",
            "claimed_by",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        UNORDERED,
    )
    # The signature's id and one byte for the kind: see actions/outbox.py.
    id: Mapped[bytes] = mapped_column(LargeBinary(17), primary_key=True)
    signature_id: Mapped[bytes] = mapped_column(Id)
    petition_id: Mapped[bytes] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    due_on: Mapped[date] = mapped_column(Date)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    claimed_by: Mapped[bytes | None] = mapped_column(Id)
    payload: Mapped[bytes | None] = mapped_column(LargeBinary)


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
    __table_args__ = (Index("ix_ledger_waiting_petition_id", "petition_id"), UNORDERED)
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    petition_id: Mapped[bytes] = mapped_column(Id)
    link: Mapped[bytes] = mapped_column(Digest)
    act: Mapped[int] = mapped_column(Integer)
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
    body: Mapped[bytes] = mapped_column(LargeBinary)


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


class TallyDay(Table):
    """What the fold counted and removed on one day, for the chart."""

    __tablename__ = "tally_days"
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    counted: Mapped[int] = mapped_column(Integer)
    removed: Mapped[int] = mapped_column(Integer)


class Organizer(Table):
    """An account. `login` is a keyed digest of the address, `address` and `totp` are sealed to the server's key.

    `private_key` is the account's own X25519 key, wrapped under the password, and until set-up under the
    set-up link: petitions' keys can be shared with somebody who has not come yet.
    """

    __tablename__ = "organizers"
    __table_args__ = (CheckConstraint(one_of("state", actors.STATES), name="state"), UNORDERED)
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    login: Mapped[bytes] = mapped_column(Digest, unique=True)
    address: Mapped[bytes] = mapped_column(LargeBinary)
    language: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    salt: Mapped[bytes | None] = mapped_column(Id)
    price: Mapped[str | None] = mapped_column(String(40))
    password: Mapped[bytes | None] = mapped_column(Digest)
    public_key: Mapped[bytes] = mapped_column(Digest)
    private_key: Mapped[bytes] = mapped_column(LargeBinary)
    totp: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_step: Mapped[int] = mapped_column(Integer)
    setup: Mapped[bytes | None] = mapped_column(Digest, unique=True)
    setup_until: Mapped[date | None] = mapped_column(Date)


class Role(Table):
    """What an organizer may do, on one petition or (null) on all; `categories` limits a verifier."""

    __tablename__ = "roles"
    __table_args__ = (
        CheckConstraint(one_of("role", actors.ROLES), name="role"),
        Index("ix_roles_organizer_id", "organizer_id"),
        UNORDERED,
    )
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    organizer_id: Mapped[bytes] = mapped_column(Id, ForeignKey("organizers.id"))
    petition_id: Mapped[bytes | None] = mapped_column(Id, ForeignKey("petitions.id"))
    role: Mapped[str] = mapped_column(String(16))
    categories: Mapped[list[str] | None] = mapped_column(Json)


class RecoveryCode(Table):
    """A way past a lost authenticator, once; its digest alone."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UNORDERED,)
    organizer_id: Mapped[bytes] = mapped_column(Id, ForeignKey("organizers.id"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(Digest, primary_key=True)


class Session(Table):
    """One browser that has signed in. `unlocked` is the organizer's private key under a key from the cookie's token.

    So what lies here opens nothing, and any server process can serve any session. Moments are in seconds since
    1970, an organizer's own: they go with the session.
    """

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_organizer_id", "organizer_id"), UNORDERED)
    token_hash: Mapped[bytes] = mapped_column(Digest, primary_key=True)
    id: Mapped[bytes] = mapped_column(Id, unique=True)
    organizer_id: Mapped[bytes] = mapped_column(Id, ForeignKey("organizers.id"))
    complete: Mapped[bool] = mapped_column(Boolean)
    begun_at: Mapped[int] = mapped_column(Integer)
    seen_at: Mapped[int] = mapped_column(Integer)
    proved_at: Mapped[int] = mapped_column(Integer)
    unlocked: Mapped[bytes] = mapped_column(LargeBinary)


class PetitionKey(Table):
    """A petition's private key, sealed to one organizer's own key."""

    __tablename__ = "petition_keys"
    __table_args__ = (UNORDERED,)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    organizer_id: Mapped[bytes] = mapped_column(Id, ForeignKey("organizers.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class AuditEntry(Table):
    """Which organizer did or saw what. `head` is a hash over this entry and the head before it."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_petition_id", "petition_id", "number"),)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date)
    organizer_id: Mapped[bytes | None] = mapped_column(Id)
    petition_id: Mapped[bytes | None] = mapped_column(Id)
    verb: Mapped[str] = mapped_column(String(40))
    subject: Mapped[bytes | None] = mapped_column(Id)
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    head: Mapped[bytes] = mapped_column(Digest)


def table(mapped: type[Table]) -> Any:
    """The Core table of a mapped class: hot paths speak Core."""
    return mapped.__table__
