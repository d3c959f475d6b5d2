"""Rows of banks and of what is in them. The rules about them stand in `consentry.matching.banks`.

Every method takes the connection of the caller's transaction: several of them are one change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Row,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from consentry.storage.bulk import insert_rows
from consentry.storage.schema import bank_contents, bank_uploads, banks, opinions

__all__ = ["STAGED", "BankRows", "ContentRows"]

STAGED: Final = "staged"
"""State of contents that are being imported: nobody sees them yet."""

_CONTENT_RANGE: Final = bank_contents.c.id.between(bindparam("first"), bindparam("last"))


class BankRows:
    """The table of banks."""

    @staticmethod
    def insert(connection: Connection, row: Mapping[str, Any]) -> None:
        """Save a new bank."""
        connection.execute(insert(banks), row)

    @staticmethod
    def named(connection: Connection, name: str) -> Row[Any] | None:
        """The bank with this name, or None."""
        return connection.execute(select(banks).where(banks.c.name == name)).first()

    @staticmethod
    def all(connection: Connection) -> Sequence[Row[Any]]:
        """Every bank, by name."""
        return connection.execute(select(banks).order_by(banks.c.name)).all()

    @staticmethod
    def update(connection: Connection, bank_id: int, values: Mapping[str, Any]) -> None:
        """Change some columns."""
        connection.execute(update(banks).where(banks.c.id == bank_id).values(**values))

    @staticmethod
    def delete(connection: Connection, bank_id: int) -> None:
        """Delete the bank itself; its contents must be gone."""
        connection.execute(delete(banks).where(banks.c.id == bank_id))


class ContentRows:
    """The table of what is in banks, and of what people said about it."""

    @staticmethod
    def insert(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Save new contents: all with the same columns."""
        insert_rows(connection, bank_contents, rows)

    @staticmethod
    def get(connection: Connection, bank_id: int, content_id: int) -> Row[Any] | None:
        """One that people may see, or None."""
        found = connection.execute(_visible(bank_id).where(bank_contents.c.id == content_id))
        return found.first()

    @staticmethod
    def page(connection: Connection, bank_id: int, after: int, limit: int) -> Sequence[Row[Any]]:
        """Those with an id above `after`, in order, at most `limit`."""
        query = _visible(bank_id).where(bank_contents.c.id > after)
        return connection.execute(query.order_by(bank_contents.c.id).limit(limit)).all()

    @staticmethod
    def count(connection: Connection, bank_id: int) -> int:
        """How many there are in a bank."""
        query = _visible(bank_id).with_only_columns(func.count())
        return int(connection.execute(query).scalar() or 0)

    @staticmethod
    def update(connection: Connection, content_id: int, values: Mapping[str, Any]) -> None:
        """Change some columns."""
        change = update(bank_contents).where(bank_contents.c.id == content_id)
        connection.execute(change.values(**values))

    @staticmethod
    def show(connection: Connection, first: int, last: int) -> int:
        """Make staged contents visible; gives how many."""
        change = update(bank_contents).where(_CONTENT_RANGE, bank_contents.c.state == STAGED)
        done = connection.execute(change.values(state="active"), {"first": first, "last": last})
        return int(done.rowcount)

    @staticmethod
    def expired(connection: Connection, moment: str, limit: int) -> list[int]:
        """Ids of contents whose time is over, oldest first."""
        query = (
            select(bank_contents.c.id)
            .where(bank_contents.c.expires_at <= moment, bank_contents.c.state != STAGED)
            .order_by(bank_contents.c.expires_at)
        )
        return list(connection.execute(query.limit(limit)).scalars())

    @staticmethod
    def abandoned(connection: Connection, before: str, limit: int) -> list[int]:
        """Ids of contents that an import staged before this moment and never showed."""
        query = select(bank_contents.c.id).where(
            bank_contents.c.state == STAGED, bank_contents.c.created_at < before
        )
        return list(connection.execute(query.limit(limit)).scalars())

    @staticmethod
    def delete(connection: Connection, content_ids: Sequence[int]) -> None:
        """Delete contents with what was said and counted about them; at most some thousands."""
        for table in (opinions, bank_uploads):
            connection.execute(delete(table).where(table.c.content_id.in_(content_ids)))
        connection.execute(delete(bank_contents).where(bank_contents.c.id.in_(content_ids)))

    @staticmethod
    def of_bank(connection: Connection, bank_id: int, limit: int) -> list[int]:
        """Ids of contents of a bank, staged ones included."""
        query = select(bank_contents.c.id).where(bank_contents.c.bank_id == bank_id)
        return list(connection.execute(query.limit(limit)).scalars())

    @staticmethod
    def orphans(connection: Connection, limit: int) -> list[int]:
        """Ids of contents whose bank was deleted."""
        there = select(banks.c.id)
        query = select(bank_contents.c.id).where(bank_contents.c.bank_id.not_in(there))
        return list(connection.execute(query.limit(limit)).scalars())


def _visible(bank_id: int) -> Any:  # noqa: ANN401  a select of every column
    return select(bank_contents).where(
        bank_contents.c.bank_id == bank_id, bank_contents.c.state != STAGED
    )
