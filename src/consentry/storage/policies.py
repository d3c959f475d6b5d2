"""Policies: the source of every version that a decision was made by, so that it can be replayed."""

from __future__ import annotations

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from consentry.errors import NotFoundError
from consentry.storage.database import now, storage_errors
from consentry.storage.schema import policies

__all__ = ["PolicyStore"]


class PolicyStore:
    """The table of policies."""

    def __init__(self, engine: Engine) -> None:
        """Use the open database `engine`."""
        self._engine = engine

    def remember(self, version: str, source: str) -> None:
        """Keep `source` under `version`; a version that is there already stays as it is.

        Raises:
            StorageError: it could not be saved.
        """
        row = {"version": version, "source": source, "created_at": now()}
        with storage_errors():
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(policies), row)
            except IntegrityError:
                return

    def source(self, version: str) -> str:
        """The source of the policy with this version.

        Raises:
            NotFoundError: this version was never in force here.
            StorageError: the database could not be read.
        """
        query = select(policies.c.source).where(policies.c.version == version)
        with storage_errors(), self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        if found is None:
            raise NotFoundError("No policy has this version.")
        return str(found)
