"""Persons, their consents, personal links, where they were depicted, uses of consent tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables and the counter of their changes."""
    _persons()
    _consents()
    _links()
    _depictions()
    counter = sa.text(
        "INSERT INTO sequences (name, value, identity) "
        "SELECT 'persons', 0, min(identity) FROM sequences"
    )
    op.execute(counter)


def _persons() -> None:
    op.create_table(
        "persons",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("age", sa.String(8), nullable=False),
        sa.Column("verified", sa.String(16), nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("profile", sa.LargeBinary(), nullable=True),
        sa.Column("templates", sa.LargeBinary(), nullable=True),
        sa.Column("log_entries", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_persons"),
    )
    op.create_index("ix_persons_sequence", "persons", ["sequence"])


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.Column("revoked_at", sa.String(40), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_sequence", "consents", ["sequence"])
    op.create_index("ix_consents_person_id", "consents", ["person_id"])
    op.create_table(
        "consent_uses",
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("token", "stage", name="pk_consent_uses"),
    )
    op.create_index("ix_consent_uses_expires_at", "consent_uses", ["expires_at"])


def _links() -> None:
    op.create_table(
        "person_links",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=True),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.String(40), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_person_links"),
    )
    op.create_index("ix_person_links_person_id", "person_links", ["person_id"])


def _depictions() -> None:
    op.create_table(
        "depictions",
        sa.Column("id", _ID, nullable=False, autoincrement=True),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("decision_id", sa.String(32), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("consent_id", sa.String(32), nullable=True),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("withdrawn_at", sa.String(40), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_depictions"),
    )
    op.create_index("ix_depictions_person_id", "depictions", ["person_id", "at"])


def downgrade() -> None:
    """Drop the tables and everything in them."""
    for table in ("depictions", "person_links", "consent_uses", "consents", "persons"):
        op.drop_table(table)
    op.execute(sa.text("DELETE FROM sequences WHERE name = 'persons'"))
