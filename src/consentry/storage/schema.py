"""The tables. A change here needs a migration: a test compares the two.

No column ever holds a prompt, a file's name or pixels: decisions hold digests and the caller's
own opaque reference.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

__all__ = [
    "COUNTERS",
    "api_keys",
    "bank_contents",
    "bank_signals",
    "bank_uploads",
    "banks",
    "consent_uses",
    "consents",
    "decisions",
    "depictions",
    "exchange_credentials",
    "exchanges",
    "log_checkpoints",
    "log_entries",
    "log_state",
    "log_tiles",
    "metadata",
    "objects",
    "opinions",
    "person_links",
    "persons",
    "policies",
    "seen",
    "sequences",
]

_Id: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite's own row id

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

decisions: Final = Table(
    "decisions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("created_at", String(40), nullable=False, index=True),  # ISO 8601 UTC: sorts as text
    Column("stage", String(16), nullable=False),
    Column("action", String(16), nullable=False),
    Column("input", String(256), nullable=False),
    Column("policy", String(80), nullable=False),
    Column("document", JSON, nullable=False),
)

policies: Final = Table(
    "policies",
    metadata,
    Column("version", String(80), primary_key=True),
    Column("source", Text, nullable=False),
    Column("created_at", String(40), nullable=False),
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", String(8), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("hash", String(200), nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("expires_at", String(40)),
    Column("revoked_at", String(40)),
)

objects: Final = Table(
    "objects",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("purpose", String(80), nullable=False),
    Column("size", Integer, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("created_at", String(40), nullable=False),
)

COUNTERS: Final = (
    "banks",
    "banks.open",
    "banks.sealed",
    "banks.contents",
    "banks.rows",
    "seen",
    "log",
    "log.checkpoints",
    "persons",
)
"""The rows of `sequences`; a new database is made with them."""

sequences: Final = Table(
    "sequences",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
    Column("identity", String(32), nullable=False),  # differs between two installations
)

banks: Final = Table(
    "banks",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("name", String(255), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("category", String(80), nullable=False),
    Column("source", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("max_distance", Integer, nullable=False),
    Column("enabled_ratio", Float, nullable=False),
    Column("sealed", Boolean, nullable=False),
    Column("expires_days", Integer),
    Column("created_at", String(40), nullable=False),
    Index("ix_banks_name", "name", unique=True),
)

bank_contents: Final = Table(
    "bank_contents",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("bank_id", BigInteger, nullable=False),
    Column("details", LargeBinary),  # JSON: metadata and note; encrypted in a sealed bank
    Column("case_link", String(255)),
    Column("disable_until", String(40)),
    Column("expires_at", String(40)),
    Column("state", String(8), nullable=False),  # active, held, or staged while it is imported
    Column("held_because", String(16)),
    Column("created_at", String(40), nullable=False),
    Index("ix_bank_contents_bank_id", "bank_id", "id"),
)
Index(
    "ix_bank_contents_expires_at",
    bank_contents.c.expires_at,
    sqlite_where=bank_contents.c.expires_at.is_not(None),
    postgresql_where=bank_contents.c.expires_at.is_not(None),
)

# A row that is no longer live stays, without its value: the log must say that it went.
bank_signals: Final = Table(
    "bank_signals",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("content_id", BigInteger, nullable=False),
    Column("log", String(8), nullable=False),  # open or sealed: which index follows it
    Column("type", String(32), nullable=False),
    Column("value", LargeBinary),  # encrypted in a sealed bank
    Column("lookup_key", LargeBinary),  # of exact types: a keyed digest of the value
    Column("frames", Integer, nullable=False),
    Column("sequence", BigInteger),  # of its last change; NULL while it is being imported
    Column("live", Boolean, nullable=False),
    Index("ix_bank_signals_content_id", "content_id"),
)
Index(
    "ix_bank_signals_log",
    bank_signals.c.log,
    bank_signals.c.sequence,
    sqlite_where=bank_signals.c.sequence.is_not(None),
    postgresql_where=bank_signals.c.sequence.is_not(None),
)

opinions: Final = Table(
    "opinions",
    metadata,
    Column("content_id", BigInteger, primary_key=True, autoincrement=False),
    Column("by", String(255), primary_key=True),
    Column("opinion", String(8), nullable=False),
    Column("at", String(40), nullable=False),
    Column("note", String(255), nullable=False),
)

bank_uploads: Final = Table(
    "bank_uploads",
    metadata,
    Column("content_id", BigInteger, primary_key=True, autoincrement=False),
    Column("upload", LargeBinary(8), primary_key=True),  # a keyed digest, cut short
    Column("at", String(40), nullable=False, index=True),
)

seen: Final = Table(
    "seen",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("decision_id", String(32), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("at", String(40), nullable=False),
    Column("expires_at", String(40), nullable=False, index=True),
    Column("hashes", LargeBinary),  # (n, 4) big-endian uint64; none once it is forgotten
    Column("entries", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("live", Boolean, nullable=False),
    Index("ix_seen_sequence", "sequence", unique=True),
    Index("ix_seen_decision_id", "decision_id"),
)

exchanges: Final = Table(
    "exchanges",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("api", String(40), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("config", JSON, nullable=False),
    Column("created_at", String(40), nullable=False),
)

exchange_credentials: Final = Table(
    "exchange_credentials",
    metadata,
    Column("api", String(40), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", String(40), nullable=False),
)

# The log, oldest first and without a gap: the id is the index. A record whose key was destroyed
# keeps its entry.
log_entries: Final = Table(
    "log_entries",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary, nullable=False),
    Column("sealed", LargeBinary),  # salt and payload, under a key of the record's own
    Column("wrapped_key", LargeBinary),
)

log_tiles: Final = Table(
    "log_tiles",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary(32), nullable=False),  # before the hashes: it is read without them
    Column("hashes", LargeBinary, nullable=False),  # 256 times 32 bytes; only full tiles stand here
)

log_checkpoints: Final = Table(
    "log_checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("cosigned", Boolean, nullable=False),
)

log_state: Final = Table(
    "log_state",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

# A person who was erased keeps a row, without anything in it: every process must learn of it.
persons: Final = Table(
    "persons",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("sequence", BigInteger, nullable=False),  # of its last change
    Column("live", Boolean, nullable=False),
    Column("age", String(8), nullable=False),
    Column("verified", String(16), nullable=False),  # how; empty: nobody has
    Column("disputed", Boolean, nullable=False),
    Column("profile", LargeBinary),  # names and the like, under the person's own key
    Column("templates", LargeBinary),  # (n, 128) float32, under the same key
    Column("log_entries", JSON, nullable=False),  # indexes of what the log says of this person
    Column("created_at", String(40), nullable=False),
    Index("ix_persons_sequence", "sequence"),
)

consents: Final = Table(
    "consents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person_id", String(32), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("receipt", LargeBinary),  # signed, under the person's own key
    Column("created_at", String(40), nullable=False),
    Column("revoked_at", String(40)),
    Index("ix_consents_sequence", "sequence"),
    Index("ix_consents_person_id", "person_id"),
)

person_links: Final = Table(
    "person_links",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("kind", String(8), nullable=False),  # enrol: once; own: the person's page
    Column("person_id", String(32)),
    Column("terms", JSON, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("expires_at", String(40)),
    Index("ix_person_links_person_id", "person_id"),
)

depictions: Final = Table(
    "depictions",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("person_id", String(32), nullable=False),
    Column("decision_id", String(32), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("action", String(16), nullable=False),
    Column("consent_id", String(32)),  # the receipt that covered it
    Column("own", Boolean, nullable=False),
    Column("at", String(40), nullable=False),
    Column("withdrawn_at", String(40)),  # when that receipt was taken back
    Index("ix_depictions_person_id", "person_id", "at"),
)

consent_uses: Final = Table(
    "consent_uses",
    metadata,
    Column("token", String(32), primary_key=True),
    Column("stage", String(16), primary_key=True),
    Column("uses", Integer, nullable=False),
    Column("expires_at", String(40), nullable=False, index=True),
)
