"""What is known of an API key: its record, its scopes, and how a row of the table holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Row

from consentry.errors import ConfigError
from consentry.storage.database import now

__all__ = ["SCOPES", "KeyRecord", "check_key", "iso"]

SCOPES: Final = ("screen", "read", "match", "banks", "persons", "metrics", "admin")
"""What a key may be for; none implies another."""

_NAME_LENGTH: Final = 80


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is known of a key; never its secret.

    Attributes:
        id: 8 hexadecimal digits, the part of the key that may be shown.
        name: what its maker called it.
        scopes: what it may be used for.
        created_at: ISO 8601, UTC; so are the next two.
        expires_at: when it stops by itself, or None.
        revoked_at: when it was stopped, or None.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str | None
    revoked_at: str | None

    @property
    def state(self) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now():
            return "expired"
        return "active"

    @classmethod
    def from_row(cls, row: Row[Any]) -> KeyRecord:
        """The record that a row of the table holds."""
        return cls(
            row.id, row.name, tuple(row.scopes), row.created_at, row.expires_at, row.revoked_at
        )

    def as_json(self) -> dict[str, Any]:
        """The record as the command line gives it; without `state`, it is what the table holds."""
        return {
            "id": self.id,
            "name": self.name,
            "scopes": list(self.scopes),
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "revoked_at": self.revoked_at,
            "state": self.state,
        }


def check_key(name: str, scopes: Sequence[str], expires_at: datetime | None) -> None:
    """Check what a new key is to be.

    Raises:
        ConfigError: the name is empty or long, a scope is unknown or none is given, or
            `expires_at` is past.
    """
    if not name.strip() or len(name) > _NAME_LENGTH or not name.isprintable():
        raise ConfigError(f"A key's name has 1 to {_NAME_LENGTH} characters.", hint="")
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ConfigError("A key needs scopes that exist.", hint=f"Choose of {', '.join(SCOPES)}.")
    if expires_at is not None and iso(expires_at) <= now():
        raise ConfigError("A key cannot expire in the past.", hint="Name a time to come.")


def iso(moment: datetime) -> str:
    """A moment as the table holds it: ISO 8601, UTC."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
