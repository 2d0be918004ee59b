"""The organizers' tables: accounts, their keys and sessions, what they did, and to many at once."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    false,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from petition.db.mapping import UNORDERED, Table, one_of
from petition.db.types import Bytes, Digest, Id, Json
from petition.domain import actors, batching, importing, invitations, listing, paper


class Organizer(Table):
    """An account. `login` is a keyed digest of the address, `address` and `totp` are sealed to the server's key.

    `private_key` is the account's own X25519 key, wrapped under the password, and until set-up under the
    set-up link: petitions' keys can be shared with somebody who has not come yet.
    """

    __tablename__ = "organizers"
    __table_args__ = (CheckConstraint(one_of("state", actors.STATES), name="state"), UNORDERED)
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    login: Mapped[bytes] = mapped_column(Digest, unique=True)
    address: Mapped[bytes] = mapped_column(Bytes)
    language: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    salt: Mapped[bytes | None] = mapped_column(Id)
    price: Mapped[str | None] = mapped_column(String(40))
    password: Mapped[bytes | None] = mapped_column(Digest)
    public_key: Mapped[bytes] = mapped_column(Digest)
    private_key: Mapped[bytes] = mapped_column(Bytes)
    totp: Mapped[bytes | None] = mapped_column(Bytes)
    totp_step: Mapped[int] = mapped_column(Integer)
    setup: Mapped[bytes | None] = mapped_column(Digest, unique=True)
    setup_until: Mapped[date | None] = mapped_column(Date)
    # Single keys work the desk's pages: some people's hands or voices press them unmeant.
    single_keys: Mapped[bool] = mapped_column(Boolean, server_default=true())


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


class Passkey(Table):
    """A second factor beside the authenticator's code. `credential` is what its authenticator calls it, `name` what
    its organizer does, sealed to the server's key. A passkey is bound to one account."""

    __tablename__ = "passkeys"
    __table_args__ = (Index("ix_passkeys_organizer_id", "organizer_id"), UNORDERED)
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    organizer_id: Mapped[bytes] = mapped_column(Id, ForeignKey("organizers.id"))
    credential: Mapped[bytes] = mapped_column(Bytes, unique=True)
    public_key: Mapped[bytes] = mapped_column(Bytes)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[bytes] = mapped_column(Bytes)
    added_on: Mapped[date] = mapped_column(Date)


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
    # How often the second factor was shown in it: a passkey's challenge ends with each.
    proofs: Mapped[int] = mapped_column(Integer, server_default="0")
    unlocked: Mapped[bytes] = mapped_column(Bytes)


class PetitionKey(Table):
    """A petition's private key, sealed to one organizer's own key."""

    __tablename__ = "petition_keys"
    __table_args__ = (UNORDERED,)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    organizer_id: Mapped[bytes] = mapped_column(Id, ForeignKey("organizers.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(Bytes)


class Invitation(Table):
    """A link that vouches for a category, `uses` times. `code` is a hash of what stands in the link.

    `used` only grows: whoever erases their signature afterwards was vouched for all the same.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint(one_of("state", invitations.STATES), name="state"),
        CheckConstraint("used >= 0 AND used <= uses", name="used"),
        Index("ix_invitations_petition_id", "petition_id", "issued_on", "id"),
        UNORDERED,
    )
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"))
    category: Mapped[str] = mapped_column(String(80))
    code: Mapped[bytes] = mapped_column(Digest, unique=True)
    uses: Mapped[int] = mapped_column(Integer)
    used: Mapped[int] = mapped_column(Integer)
    expires_on: Mapped[date] = mapped_column(Date)
    issued_by: Mapped[bytes | None] = mapped_column(Id)
    issued_on: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(16))


class Rekeying(Table):
    """A petition whose key is to be changed, or is being changed; see queries/rekeyings.py."""

    __tablename__ = "rekeyings"
    __table_args__ = (UNORDERED,)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    due: Mapped[bool] = mapped_column(Boolean)
    earlier: Mapped[bytes | None] = mapped_column(Bytes)
    total: Mapped[int] = mapped_column(Integer)
    round: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[int] = mapped_column(SmallInteger)
    after: Mapped[bytes | None] = mapped_column(Id)
    done: Mapped[int] = mapped_column(Integer)
    found: Mapped[int] = mapped_column(Integer)


class Note(Table):
    """A word to colleagues about one signature, sealed like its record: it may say who somebody is."""

    __tablename__ = "notes"
    __table_args__ = (Index("ix_notes_signature_id", "signature_id"), UNORDERED)
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"))
    signature_id: Mapped[bytes] = mapped_column(Id)
    organizer_id: Mapped[bytes] = mapped_column(Id)
    day: Mapped[date] = mapped_column(Date)
    sealed: Mapped[bytes] = mapped_column(Bytes)


class ToldApart(Table):
    """Two signatures, the lesser id first, that an organizer says are two persons'."""

    __tablename__ = "told_apart"
    __table_args__ = (UNORDERED,)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    one: Mapped[bytes] = mapped_column(Id, primary_key=True)
    other: Mapped[bytes] = mapped_column(Id, primary_key=True)
    organizer_id: Mapped[bytes] = mapped_column(Id)
    day: Mapped[date] = mapped_column(Date)


class Batch(Table):
    """One act on many signatures at once, chosen by a rule. The rule may hold a name, so it is sealed as well."""

    __tablename__ = "batches"
    __table_args__ = (
        CheckConstraint(one_of("state", batching.STATES), name="state"),
        CheckConstraint(one_of("act", batching.ACTS), name="act"),
        Index("ix_batches_petition_id", "petition_id"),
        UNORDERED,
    )
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"))
    act: Mapped[str] = mapped_column(String(16))
    category: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str | None] = mapped_column(String(16))
    rule: Mapped[bytes | None] = mapped_column(Bytes)
    state: Mapped[str] = mapped_column(String(16))
    number: Mapped[int] = mapped_column(Integer)
    made_by: Mapped[bytes] = mapped_column(Id)
    made_on: Mapped[date] = mapped_column(Date)
    agreed_by: Mapped[bytes | None] = mapped_column(Id)
    # The last member that its present run has come to.
    upto: Mapped[bytes] = mapped_column(Id)


class BatchMember(Table):
    """A signature that a batch is about, with how it stood when it was chosen: what changed since is left alone."""

    __tablename__ = "batch_members"
    __table_args__ = (
        CheckConstraint(one_of("state", batching.MEMBER_STATES), name="state"),
        Index("ix_batch_members_signature_id", "signature_id"),
        UNORDERED,
    )
    batch_id: Mapped[bytes] = mapped_column(Id, ForeignKey("batches.id"), primary_key=True)
    signature_id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    was: Mapped[str] = mapped_column(String(16))
    acts: Mapped[int] = mapped_column(Integer)
    counted_as: Mapped[str | None] = mapped_column(String(80))
    verified: Mapped[bool] = mapped_column(Boolean)


class Export(Table):
    """A list that an organizer takes out by the console. `key` opens its parts and is sealed to the maker's own key.

    `run` is whichever process writes it now, `alive_at` when it last did, `ends_at` when its parts are destroyed; both
    in seconds since 1970. `wanted` holds no name: states, categories, days. `undrawn`: scripts no font here draws.
    """

    __tablename__ = "exports"
    __table_args__ = (
        CheckConstraint(one_of("state", listing.STATES), name="state"),
        Index("ix_exports_petition_id", "petition_id"),
        UNORDERED,
    )
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"))
    state: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(8))
    language: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(16))
    wanted: Mapped[dict[str, Any]] = mapped_column(Json)
    columns: Mapped[list[str]] = mapped_column(Json)
    mark: Mapped[str] = mapped_column(String(16))
    number: Mapped[int] = mapped_column(Integer)
    made_by: Mapped[bytes] = mapped_column(Id)
    made_on: Mapped[date] = mapped_column(Date)
    agreed_by: Mapped[bytes | None] = mapped_column(Id)
    key: Mapped[bytes | None] = mapped_column(Bytes)
    run: Mapped[bytes | None] = mapped_column(Id)
    alive_at: Mapped[int | None] = mapped_column(Integer)
    ends_at: Mapped[int | None] = mapped_column(Integer)
    written: Mapped[int] = mapped_column(Integer)
    parts: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(BigInteger)
    undrawn: Mapped[list[str] | None] = mapped_column(Json)


class ExportPart(Table):
    """A piece of such a file, sealed. In the database, so that any server process can hand it over."""

    __tablename__ = "export_parts"
    __table_args__ = (UNORDERED,)
    export_id: Mapped[bytes] = mapped_column(Id, ForeignKey("exports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(Bytes)


class Import(Table):
    """A list that was taken in. `digest` knows the same file again; `source` says where it came from, sealed."""

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint(one_of("state", importing.STATES), name="state"),
        Index("ix_imports_petition_id_digest", "petition_id", "digest"),
        UNORDERED,
    )
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"))
    digest: Mapped[bytes] = mapped_column(Digest)
    method: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    source: Mapped[bytes | None] = mapped_column(Bytes)
    added: Mapped[int] = mapped_column(Integer)
    refused: Mapped[int] = mapped_column(Integer)
    made_by: Mapped[bytes | None] = mapped_column(Id)
    made_on: Mapped[date] = mapped_column(Date)


class ImportMember(Table):
    """A signature that a list brought. `row` is its line while the list is being read: read anew, it is known again.

    `confirmed`: asked whether it is right that they were listed, its signatory said yes.
    """

    __tablename__ = "import_members"
    __table_args__ = (UNORDERED,)
    import_id: Mapped[bytes] = mapped_column(Id, ForeignKey("imports.id"), primary_key=True)
    signature_id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    row: Mapped[int | None] = mapped_column(Integer)
    confirmed: Mapped[bool] = mapped_column(Boolean, server_default=false())


class Staging(Table):
    """A list sent to the console and looked at. `key` opens its parts and is sealed to its sender's own key.

    `rows`: how many it has, once they were counted; `seen`: how many the present run has come to. `run`, `alive_at` and
    `ends_at` are as in `exports`. `stopped`: what kept it from being taken in, as an error's code.
    """

    __tablename__ = "stagings"
    __table_args__ = (
        CheckConstraint(one_of("state", importing.STAGES), name="state"),
        Index("ix_stagings_petition_id", "petition_id"),
        UNORDERED,
    )
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"))
    state: Mapped[str] = mapped_column(String(8))
    made_by: Mapped[bytes] = mapped_column(Id)
    made_on: Mapped[date] = mapped_column(Date)
    key: Mapped[bytes] = mapped_column(Bytes)
    digest: Mapped[bytes | None] = mapped_column(Digest)
    parts: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int | None] = mapped_column(Integer)
    seen: Mapped[int] = mapped_column(Integer)
    refused: Mapped[int] = mapped_column(Integer)
    asks: Mapped[bool] = mapped_column(Boolean)
    stopped: Mapped[str | None] = mapped_column(String(24))
    run: Mapped[bytes | None] = mapped_column(Id)
    alive_at: Mapped[int | None] = mapped_column(Integer)
    ends_at: Mapped[int] = mapped_column(Integer)
    import_id: Mapped[bytes | None] = mapped_column(Id)


class StagingPart(Table):
    """A piece of what lies sealed of such a list; `kind` says of what."""

    __tablename__ = "staging_parts"
    __table_args__ = (CheckConstraint(one_of("kind", importing.PARTS), name="kind"), UNORDERED)
    staging_id: Mapped[bytes] = mapped_column(Id, ForeignKey("stagings.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(Bytes)


class Layout(Table):
    """How the last list of one source was read. Source and headings are keyed digests: both may be names."""

    __tablename__ = "layouts"
    __table_args__ = (UNORDERED,)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"), primary_key=True)
    source: Mapped[bytes] = mapped_column(Digest, primary_key=True)
    layout: Mapped[dict[str, Any]] = mapped_column(Json)


class PaperBatch(Table):
    """Lines being typed from paper. `source`, sealed, says where they are from. Handed in, it is an import."""

    __tablename__ = "paper_batches"
    __table_args__ = (
        CheckConstraint(one_of("state", paper.STATES), name="state"),
        Index("ix_paper_batches_petition_id", "petition_id"),
        UNORDERED,
    )
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"))
    state: Mapped[str] = mapped_column(String(16))
    second: Mapped[bool] = mapped_column(Boolean)
    source: Mapped[bytes | None] = mapped_column(Bytes)
    made_by: Mapped[bytes] = mapped_column(Id)
    made_on: Mapped[date] = mapped_column(Date)
    import_id: Mapped[bytes | None] = mapped_column(Id)


class PaperLine(Table):
    """What one person typed of a line, and another; `settled` is what holds where they differ. All of it sealed."""

    __tablename__ = "paper_lines"
    __table_args__ = (Index("uq_paper_lines_batch_id_number", "batch_id", "number", unique=True), UNORDERED)
    id: Mapped[bytes] = mapped_column(Id, primary_key=True)
    petition_id: Mapped[bytes] = mapped_column(Id, ForeignKey("petitions.id"))
    batch_id: Mapped[bytes] = mapped_column(Id, ForeignKey("paper_batches.id"))
    number: Mapped[int] = mapped_column(Integer)
    first: Mapped[bytes | None] = mapped_column(Bytes)
    first_by: Mapped[bytes | None] = mapped_column(Id)
    second: Mapped[bytes | None] = mapped_column(Bytes)
    second_by: Mapped[bytes | None] = mapped_column(Id)
    settled: Mapped[bytes | None] = mapped_column(Bytes)


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
