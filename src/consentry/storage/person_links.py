"""Personal links: one to enrol by, once, and one to a person's own page. Only digests are kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Engine, Row, delete, insert, or_, select, update

from consentry.storage.database import now, storage_errors
from consentry.storage.key_records import iso
from consentry.storage.schema import person_links

__all__ = ["LinkKind", "PersonLinks"]

LinkKind: TypeAlias = Literal["enrol", "own"]


class PersonLinks:
    """The table of links. A secret has 256 random bits; the database holds its SHA-256 only."""

    def __init__(self, engine: Engine) -> None:
        """Use the open database `engine`."""
        self._engine = engine

    def create(
        self,
        kind: LinkKind,
        *,
        person_id: str | None = None,
        terms: Mapping[str, Any] | None = None,
        expires_at: datetime | None = None,
        connection: Connection | None = None,
    ) -> str:
        """Make a link; the secret that it ends with, which nobody can show again.

        Raises:
            StorageError: it could not be saved.
        """
        secret = secrets.token_urlsafe(32)
        row = {
            "digest": _digest(secret),
            "kind": kind,
            "person_id": person_id,
            "terms": dict(terms or {}),
            "tries": 0,
            "expires_at": None if expires_at is None else iso(expires_at),
        }
        if connection is not None:
            connection.execute(insert(person_links), row)
            return secret
        with storage_errors(), self._engine.begin() as own:
            own.execute(insert(person_links), row)
        return secret

    def find(self, kind: LinkKind, secret: str) -> Row[Any] | None:
        """The row of a link that still holds.

        Raises:
            StorageError: the database could not be read.
        """
        with storage_errors(), self._engine.connect() as connection:
            return connection.execute(select(person_links).where(_holds(kind, secret))).first()

    def count_try(self, kind: LinkKind, secret: str) -> int:
        """Count one try with a link; gives how many there were.

        Raises:
            StorageError: it could not be counted.
        """
        tried = update(person_links).where(_holds(kind, secret))
        counting = tried.values(tries=person_links.c.tries + 1).returning(person_links.c.tries)
        with storage_errors(), self._engine.begin() as connection:
            return int(connection.execute(counting).scalar() or 0)

    @staticmethod
    def take(connection: Connection, secret: str) -> bool:
        """Use up the link to enrol by; False if somebody did before."""
        gone = delete(person_links).where(_holds("enrol", secret))
        return bool(connection.execute(gone).rowcount)

    @staticmethod
    def forget(connection: Connection, person_id: str) -> None:
        """Remove every link of a person."""
        connection.execute(delete(person_links).where(person_links.c.person_id == person_id))


def _holds(kind: LinkKind, secret: str) -> Any:  # noqa: ANN401  an SQL condition
    fresh = or_(person_links.c.expires_at.is_(None), person_links.c.expires_at > now())
    return (person_links.c.digest == _digest(secret)) & (person_links.c.kind == kind) & fresh


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
