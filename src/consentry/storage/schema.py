"""The tables. A change here needs a migration: a test compares the two.

No column ever holds a prompt, a file's name or pixels: decisions hold digests and the caller's
own opaque reference.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, Boolean, Column, Integer, LargeBinary, MetaData, String, Table, Text

__all__ = [
    "api_keys",
    "decisions",
    "exchange_credentials",
    "exchanges",
    "metadata",
    "objects",
    "policies",
]

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
