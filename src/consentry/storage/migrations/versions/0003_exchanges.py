"""Hash exchanges as HMA's clients set them up, and their sealed credentials."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "exchanges",
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("api", sa.String(40), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_exchanges"),
    )
    op.create_table(
        "exchange_credentials",
        sa.Column("api", sa.String(40), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("api", name="pk_exchange_credentials"),
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("exchange_credentials", "exchanges"):
        op.drop_table(name)
