"""Rows of persons and of their consents; what is sealed in them is not known here.

Both are numbered by one counter, so that every process can ask for what changed since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from consentry.storage.database import now, storage_errors
from consentry.storage.depictions import Depictions
from consentry.storage.person_links import PersonLinks
from consentry.storage.schema import consent_uses, consents, persons
from consentry.storage.sequences import Change, Sequences

__all__ = ["PersonStore"]

_MANY: Final = 500


class PersonStore:
    """The tables of persons and consents.

    Attributes:
        links: personal links.
        depictions: which decisions were about whom.
    """

    def __init__(self, engine: Engine, sequences: Sequences) -> None:
        """Use the open database `engine`, and its counters."""
        self._engine = engine
        self._sequences = sequences
        self.links = PersonLinks(engine)
        self.depictions = Depictions(engine)

    def head(self) -> int:
        """The number of the newest change: what a process asks before it trusts its memory.

        Raises:
            StorageError: the database could not be read.
        """
        return self._sequences.head("persons")

    def add(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Save a new person."""
        connection.execute(insert(persons), {**row, "sequence": _next(connection)})

    def change(self, connection: Connection, person_id: str, **values: Any) -> None:  # noqa: ANN401  columns
        """Change columns of a person."""
        numbered = {**values, "sequence": _next(connection)}
        connection.execute(update(persons).where(persons.c.id == person_id).values(numbered))

    def note_entry(self, connection: Connection, person_id: str, index: int) -> None:
        """Remember that an entry of the log is about this person."""
        entries = connection.execute(
            select(persons.c.log_entries).where(persons.c.id == person_id)
        ).scalar()
        changed = update(persons).where(persons.c.id == person_id)
        connection.execute(changed.values(log_entries=[*(entries or []), index]))

    def add_consent(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Save a new consent."""
        connection.execute(insert(consents), {**row, "sequence": _next(connection)})

    def revoke(self, connection: Connection, consent_id: str) -> bool:
        """Mark a consent as taken back; False if it was before."""
        live = (consents.c.id == consent_id) & consents.c.revoked_at.is_(None)
        values = {"revoked_at": now(), "sequence": _next(connection)}
        return bool(connection.execute(update(consents).where(live).values(values)).rowcount)

    def empty(self, connection: Connection, person_id: str) -> None:
        """Take everything out of a person's rows; the row stays, so that everybody learns of it."""
        self.change(
            connection, person_id, live=False, profile=None, templates=None, log_entries=[], age=""
        )
        gone = {"receipt": None, "revoked_at": now(), "sequence": _next(connection)}
        connection.execute(update(consents).where(consents.c.person_id == person_id).values(gone))
        self.links.forget(connection, person_id)
        self.depictions.forget(connection, person_id)

    def person(self, person_id: str) -> Row[Any] | None:
        """The row of a person who is not erased.

        Raises:
            StorageError: the database could not be read.
        """
        query = select(persons).where(persons.c.id == person_id, persons.c.live)
        with storage_errors(), self._engine.connect() as connection:
            return connection.execute(query).first()

    def people(self) -> Sequence[Row[Any]]:
        """The rows of all who are not erased, oldest first.

        Raises:
            StorageError: the database could not be read.
        """
        query = select(persons).where(persons.c.live).order_by(persons.c.created_at, persons.c.id)
        with storage_errors(), self._engine.connect() as connection:
            return connection.execute(query).all()

    def rows(self, person_ids: Sequence[str]) -> dict[str, bool]:
        """Of these ids, those that have a row, and whether the person is not erased.

        Raises:
            StorageError: the database could not be read.
        """
        found: dict[str, bool] = {}
        with storage_errors(), self._engine.connect() as connection:
            for start in range(0, len(person_ids), _MANY):
                some = persons.c.id.in_(person_ids[start : start + _MANY])
                query = select(persons.c.id, persons.c.live).where(some)
                found |= {str(row.id): bool(row.live) for row in connection.execute(query)}
        return found

    def consent(self, consent_id: str) -> Row[Any] | None:
        """The row of a consent.

        Raises:
            StorageError: the database could not be read.
        """
        with storage_errors(), self._engine.connect() as connection:
            return connection.execute(select(consents).where(consents.c.id == consent_id)).first()

    def consents_of(self, person_id: str) -> Sequence[Row[Any]]:
        """The rows of a person's consents, oldest first.

        Raises:
            StorageError: the database could not be read.
        """
        query = select(consents).where(consents.c.person_id == person_id)
        ordered = query.order_by(consents.c.created_at, consents.c.id)
        with storage_errors(), self._engine.connect() as connection:
            return connection.execute(ordered).all()

    def changes(self, after: int) -> tuple[Sequence[Row[Any]], Sequence[Row[Any]]]:
        """Persons and consents that changed after a number, each in the order of their changes.

        Raises:
            StorageError: the database could not be read.
        """
        found = []
        with storage_errors(), self._engine.connect() as connection:
            for table in (persons, consents):
                query = select(table).where(table.c.sequence > after).order_by(table.c.sequence)
                found.append(connection.execute(query).all())
        return found[0], found[1]

    def use(self, token: str, stage: str, limit: int, expires_at: str) -> bool:
        """Count a use of a consent token at a stage; False if it was used `limit` times before.

        Raises:
            StorageError: it could not be counted.
        """
        mine = (consent_uses.c.token == token) & (consent_uses.c.stage == stage)
        with self._sequences.changing("persons") as change:
            connection = change.connection
            connection.execute(delete(consent_uses).where(consent_uses.c.expires_at < now()))
            used = int(connection.execute(select(consent_uses.c.uses).where(mine)).scalar() or 0)
            if used >= limit:
                return False
            row = {"token": token, "stage": stage, "uses": 1, "expires_at": expires_at}
            if used:
                connection.execute(update(consent_uses).where(mine).values(uses=used + 1))
            else:
                connection.execute(insert(consent_uses), row)
        return True


def _next(connection: Connection) -> int:
    return Change(connection, "persons").sequence
