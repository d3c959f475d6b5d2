"""Decisions: saved once, read back by id, listed newest first.

A row is what `Decision.as_json` gives: digests and the caller's reference, never a prompt, a
file's name or pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, desc, insert, select, tuple_

from consentry.errors import NotFoundError, StorageError
from consentry.storage.database import storage_errors
from consentry.storage.schema import decisions

__all__ = ["COLUMNS", "DecisionStore"]

COLUMNS: Final = ("id", "created_at", "stage", "action", "input", "policy")
"""Members of a decision that stand in columns of their own as well."""

_INSERT: Final = insert(decisions)


class DecisionStore:
    """The table of decisions."""

    def __init__(self, engine: Engine) -> None:
        """Use the open database `engine`."""
        self._engine = engine

    def save(self, connection: Connection, plain: Mapping[str, Any]) -> None:
        """Save one decision, as `Decision.as_json` gives it, in the transaction of its log entry.

        Raises:
            SQLAlchemyError: it could not be saved, or its id is taken: `storage_errors` around the
                transaction turns it into ours.
        """
        row = {name: plain[name] for name in COLUMNS}
        connection.execute(_INSERT, {**row, "document": dict(plain)})

    def get(self, decision_id: str) -> dict[str, Any]:
        """The decision with this id, as it was saved.

        Raises:
            NotFoundError: there is none.
            StorageError: the database could not be read.
        """
        query = select(decisions.c.document).where(decisions.c.id == decision_id)
        with storage_errors(), _readable(), self._engine.connect() as connection:
            document = connection.execute(query).scalar()
        if document is None:
            raise NotFoundError("No decision has this id.")
        return dict(document)

    def list(
        self,
        *,
        stage: str | None = None,
        action: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        """Decisions, newest first.

        Args:
            stage: only of this stage.
            action: only with this action.
            before: only those older than the decision with this id: the last one of a page.
            limit: at most so many.

        Raises:
            NotFoundError: no decision has the id `before`.
            StorageError: the database could not be read.
        """
        place = tuple_(decisions.c.created_at, decisions.c.id)
        query = select(decisions.c.document).order_by(
            desc(decisions.c.created_at), desc(decisions.c.id)
        )
        if stage is not None:
            query = query.where(decisions.c.stage == stage)
        if action is not None:
            query = query.where(decisions.c.action == action)
        if before is not None:
            query = query.where(place < (self.get(before)["created_at"], before))
        with storage_errors(), _readable(), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query.limit(limit)).scalars()]

    def rows(self, after: str, limit: int) -> Sequence[Row[Any]]:
        """Every column of at most `limit` decisions whose ids come after one, by id.

        Raises:
            StorageError: the database could not be read, or one of them is no JSON.
        """
        query = select(decisions).where(decisions.c.id > after).order_by(decisions.c.id)
        with storage_errors(), _readable(), self._engine.connect() as connection:
            return connection.execute(query.limit(limit)).all()


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise StorageError(
            "A stored decision is damaged.", hint="Run `consentry ledger verify`; restore a backup."
        ) from error
