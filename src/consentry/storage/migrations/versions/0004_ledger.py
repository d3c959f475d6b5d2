"""The tamper-evident log: entries, tiles of hashes, checkpoints, and two counters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; the counters belong to the installation as the others do."""
    op.create_table(
        "log_entries",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_log_entries"),
    )
    op.create_table(
        "log_tiles",
        sa.Column("level", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name="pk_log_tiles"),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("cosigned", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_log_checkpoints"),
    )
    op.create_table(
        "log_state",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_log_state"),
    )
    for name in ("log", "log.checkpoints"):
        counter = sa.text(
            "INSERT INTO sequences (name, value, identity) "
            "SELECT :name, 0, min(identity) FROM sequences"
        )
        op.execute(counter.bindparams(name=name))


def downgrade() -> None:
    """Drop the tables and everything in them."""
    for table in ("log_state", "log_checkpoints", "log_tiles", "log_entries"):
        op.drop_table(table)
    op.execute(sa.text("DELETE FROM sequences WHERE name IN ('log', 'log.checkpoints')"))
