"""Banks of known hashes, what was seen, and the counters that number their changes."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COUNTERS = ("banks", "banks.open", "banks.sealed", "banks.contents", "banks.rows", "seen")


def upgrade() -> None:
    """Make the tables."""
    _make_sequences()
    _make_banks()
    _make_contents()
    _make_signals()
    _make_opinions()
    _make_seen()


def _make_sequences() -> None:
    table = op.create_table(
        "sequences",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("identity", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sequences"),
    )
    identity = uuid.uuid4().hex
    op.bulk_insert(table, [{"name": name, "value": 0, "identity": identity} for name in _COUNTERS])


def _make_banks() -> None:
    op.create_table(
        "banks",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("category", sa.String(80), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("max_distance", sa.Integer(), nullable=False),
        sa.Column("enabled_ratio", sa.Float(), nullable=False),
        sa.Column("sealed", sa.Boolean(), nullable=False),
        sa.Column("expires_days", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_banks"),
    )
    op.create_index("ix_banks_name", "banks", ["name"], unique=True)


def _make_contents() -> None:
    op.create_table(
        "bank_contents",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("bank_id", sa.BigInteger(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("case_link", sa.String(255), nullable=True),
        sa.Column("disable_until", sa.String(40), nullable=True),
        sa.Column("expires_at", sa.String(40), nullable=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("held_because", sa.String(16), nullable=True),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bank_contents"),
    )
    op.create_index("ix_bank_contents_bank_id", "bank_contents", ["bank_id", "id"])
    _partial_index("ix_bank_contents_expires_at", "bank_contents", ["expires_at"], "expires_at")


def _make_signals() -> None:
    op.create_table(
        "bank_signals",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("log", sa.String(8), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("lookup_key", sa.LargeBinary(), nullable=True),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bank_signals"),
    )
    op.create_index("ix_bank_signals_content_id", "bank_signals", ["content_id"])
    _partial_index("ix_bank_signals_log", "bank_signals", ["log", "sequence"], "sequence")


def _partial_index(name: str, table: str, columns: list[str], set_column: str) -> None:
    where = sa.text(f"{set_column} IS NOT NULL")
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _make_opinions() -> None:
    op.create_table(
        "opinions",
        sa.Column("content_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("opinion", sa.String(8), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("note", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("content_id", "by", name="pk_opinions"),
    )
    op.create_table(
        "bank_uploads",
        sa.Column("content_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("upload", sa.LargeBinary(8), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("content_id", "upload", name="pk_bank_uploads"),
    )
    op.create_index("ix_bank_uploads_at", "bank_uploads", ["at"])


def _make_seen() -> None:
    op.create_table(
        "seen",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("decision_id", sa.String(32), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("expires_at", sa.String(40), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_seen"),
    )
    op.create_index("ix_seen_sequence", "seen", ["sequence"], unique=True)
    op.create_index("ix_seen_expires_at", "seen", ["expires_at"])
    op.create_index("ix_seen_decision_id", "seen", ["decision_id"])


def downgrade() -> None:
    """Drop the tables and everything in them."""
    for table in (
        "seen",
        "bank_uploads",
        "opinions",
        "bank_signals",
        "bank_contents",
        "banks",
        "sequences",
    ):
        op.drop_table(table)
