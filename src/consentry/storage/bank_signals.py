"""Rows of banked hashes, which are at once the log of their changes.

A row carries the number of its last change. One that was withdrawn stays, without its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    func,
    select,
    update,
)
from sqlalchemy import delete as delete_rows

from consentry.storage.bulk import insert_rows
from consentry.storage.schema import bank_contents, bank_signals, banks
from consentry.storage.sequences import Change, Counter

__all__ = ["LOGS", "SignalRows"]

LOGS: Final[Mapping[str, Counter]] = {"open": "banks.open", "sealed": "banks.sealed"}
"""Log to the counter that says where it ends."""

_MANY: Final = 500
_READ: Final = (
    select(
        bank_signals.c.id,
        bank_signals.c.sequence,
        bank_signals.c.type,
        bank_signals.c.value,
        bank_signals.c.lookup_key,
        bank_signals.c.frames,
        bank_signals.c.live,
    )
    .where(bank_signals.c.log == bindparam("log"), bank_signals.c.sequence > bindparam("after"))
    .order_by(bank_signals.c.sequence)
    .limit(bindparam("limit"))
)


class SignalRows:
    """The table of banked hashes."""

    @staticmethod
    def insert(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Save new hashes: all with the same columns."""
        insert_rows(connection, bank_signals, rows)

    @staticmethod
    def of_contents(connection: Connection, content_ids: Sequence[int]) -> Sequence[Row[Any]]:
        """The live hashes of some contents, by content, then id."""
        query = select(bank_signals).where(
            bank_signals.c.content_id.in_(content_ids), bank_signals.c.live
        )
        return connection.execute(
            query.order_by(bank_signals.c.content_id, bank_signals.c.id)
        ).all()

    @staticmethod
    def show(change: Change, first: int, last: int) -> int:
        """Number the staged hashes with ids `first` to `last` in that order; gives how many.

        Each log is told how far it now goes.
        """
        offset = change.take(last - first + 1) - last
        table = bank_signals
        made = (
            update(table)
            .where(table.c.id.between(first, last), table.c.sequence.is_(None))
            .values(sequence=table.c.id + offset, live=True)
        )
        done = int(change.connection.execute(made).rowcount)
        ends = select(table.c.log, func.max(table.c.sequence)).group_by(table.c.log)
        for log, end in change.connection.execute(ends.where(table.c.id.between(first, last))):
            change.reached(LOGS[log], end)
        return done

    @staticmethod
    def withdraw(change: Change, *which: ColumnElement[bool]) -> int:
        """Turn the live rows that fulfil `which` into marks that they went; gives how many."""
        counted = select(bank_signals.c.log, func.count()).where(bank_signals.c.live, *which)
        counted = counted.group_by(bank_signals.c.log)
        total = 0
        for log, count in change.connection.execute(counted.order_by(bank_signals.c.log)).all():
            base = change.sequence
            change.take(count)
            change.connection.execute(_mark(base, bank_signals.c.log == log, *which))
            change.reached(LOGS[log], change.sequence)
            total += count
        return total

    @staticmethod
    def discard(connection: Connection, first: int, last: int) -> None:
        """Delete staged rows: nobody has seen them."""
        unseen = bank_signals.c.sequence.is_(None)
        connection.execute(
            delete_rows(bank_signals).where(bank_signals.c.id.between(first, last), unseen)
        )

    @staticmethod
    def discard_of(connection: Connection, content_ids: Sequence[int]) -> None:
        """Delete the staged rows of some contents."""
        unseen = bank_signals.c.sequence.is_(None)
        connection.execute(
            delete_rows(bank_signals).where(bank_signals.c.content_id.in_(content_ids), unseen)
        )

    @staticmethod
    def read(connection: Connection, log: str, after: int, limit: int) -> list[Any]:
        """The next rows of a log whose last change is numbered above `after`."""
        named = {"log": log, "after": after, "limit": limit}
        return list(connection.execute(_READ, named).all())

    @staticmethod
    def tally(connection: Connection, signal_type: str) -> Row[Any]:
        """How many live hashes a type has, and when the newest content came, or None."""
        of_type = (bank_signals.c.type == signal_type, bank_signals.c.live)
        last = select(func.max(bank_signals.c.content_id)).where(*of_type).scalar_subquery()
        newest = select(bank_contents.c.created_at).where(bank_contents.c.id == last)
        counted = select(func.count().label("count"), newest.scalar_subquery().label("newest"))
        return connection.execute(counted.select_from(bank_signals).where(*of_type)).one()

    @staticmethod
    def resolve(connection: Connection, signal_ids: Iterable[int]) -> list[Row[Any]]:
        """The live ones of some hashes, with their content and bank: one query for each 500."""
        ids = sorted(set(signal_ids))
        found: list[Row[Any]] = []
        for start in range(0, len(ids), _MANY):
            query = _RESOLVE.where(bank_signals.c.id.in_(ids[start : start + _MANY]))
            found += connection.execute(query).all()
        return found


_RESOLVE: Final = (
    select(
        bank_signals.c.id.label("signal_id"),
        bank_signals.c.type,
        bank_contents.c.id.label("content_id"),
        bank_contents.c.case_link,
        bank_contents.c.disable_until,
        bank_contents.c.expires_at,
        bank_contents.c.state,
        banks,
    )
    .join(bank_contents, bank_contents.c.id == bank_signals.c.content_id)
    .join(banks, banks.c.id == bank_contents.c.bank_id)
    .where(bank_signals.c.live)
)


def _mark(base: int, *which: ColumnElement[bool]) -> Any:  # noqa: ANN401  an update
    ranked = (
        select(
            bank_signals.c.id.label("row"),
            func.row_number().over(order_by=bank_signals.c.id).label("place"),
        )
        .where(bank_signals.c.live, *which)
        .subquery()
    )
    return (
        update(bank_signals)
        .where(bank_signals.c.id == ranked.c.row)
        .values(sequence=base + ranked.c.place, live=False, value=None, lookup_key=None)
    )
