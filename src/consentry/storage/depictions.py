"""Which decisions were about which enrolled person: for sweeps, and to notice bursts.

No picture, hash or template: ids only. It goes with the person, and after some time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from consentry.storage.database import now, storage_errors
from consentry.storage.key_records import iso
from consentry.storage.schema import depictions

__all__ = ["Depictions"]


class Depictions:
    """The table of depictions."""

    def __init__(self, engine: Engine) -> None:
        """Use the open database `engine`."""
        self._engine = engine

    def remember(self, rows: Sequence[Mapping[str, Any]], keep: timedelta) -> None:
        """Save rows (`person_id`, `decision_id`, `stage`, `action`, `consent_id`, `own`).

        Those older than `keep` go.

        Raises:
            StorageError: they could not be saved.
        """
        moment = now()
        old = iso(datetime.now(UTC) - keep)
        with storage_errors(), self._engine.begin() as connection:
            for person_id in {row["person_id"] for row in rows}:
                mine = (depictions.c.person_id == person_id) & (depictions.c.at < old)
                connection.execute(delete(depictions).where(mine))
            connection.execute(insert(depictions), [{**row, "at": moment} for row in rows])

    def recent(self, person_id: str, span: timedelta) -> int:
        """How many decisions within `span` were about a person without consent.

        Raises:
            StorageError: the database could not be read.
        """
        query = select(func.count(func.distinct(depictions.c.decision_id))).where(
            depictions.c.person_id == person_id,
            depictions.c.at > iso(datetime.now(UTC) - span),
            depictions.c.consent_id.is_(None),
            ~depictions.c.own,
        )
        with storage_errors(), self._engine.connect() as connection:
            return int(connection.execute(query).scalar() or 0)

    @staticmethod
    def withdraw(connection: Connection, consent_id: str) -> Sequence[Row[Any]]:
        """Mark what rested on a consent; gives the rows, newest first."""
        mine = depictions.c.consent_id == consent_id
        connection.execute(update(depictions).where(mine).values(withdrawn_at=now()))
        query = select(depictions).where(mine).order_by(depictions.c.id.desc())
        return connection.execute(query).all()

    def of(self, person_id: str) -> Sequence[Row[Any]]:
        """The rows about a person, newest first.

        Raises:
            StorageError: the database could not be read.
        """
        query = select(depictions).where(depictions.c.person_id == person_id)
        with storage_errors(), self._engine.connect() as connection:
            return connection.execute(query.order_by(depictions.c.id.desc())).all()

    @staticmethod
    def forget(connection: Connection, person_id: str) -> None:
        """Remove everything about a person."""
        connection.execute(delete(depictions).where(depictions.c.person_id == person_id))
