"""Counters that number changes, and the lock under which changes are made.

Whoever changes banks, or what was seen, takes numbers from a counter first. On SQLite that takes
the write lock of the file, on PostgreSQL that of the counter's row. The next writer waits, so a
change becomes visible only after all those with lower numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, bindparam, func, select, update

from consentry.errors import StorageError
from consentry.storage.database import storage_errors
from consentry.storage.schema import sequences

__all__ = ["Change", "Counter", "Sequences"]

Counter = Literal[
    "banks",
    "banks.open",
    "banks.sealed",
    "banks.contents",
    "banks.rows",
    "seen",
    "log",
    "log.checkpoints",
    "persons",
]
"""`banks` and `seen` number changes; `banks.open` and `banks.sealed` hold the last change of each
of the two logs of banks; `banks.contents` gives ids of contents, `banks.rows` all others; `log` is
the number of entries of the tamper-evident log, `log.checkpoints` that of its checkpoints;
`persons` numbers changes of persons and of their consents."""

_ADD: Final = (
    update(sequences)
    .where(sequences.c.name == bindparam("counter"))
    .values(value=sequences.c.value + bindparam("count"))
    .returning(sequences.c.value)
)
_SET: Final = (
    update(sequences)
    .where(sequences.c.name == bindparam("counter"))
    .values(value=bindparam("reached"))
)
_HEAD: Final = select(sequences.c.value).where(sequences.c.name == bindparam("counter"))
_SYNCHRONOUS: Final = "PRAGMA synchronous="


class Change:
    """A transaction that holds the lock of one counter.

    Attributes:
        connection: of the transaction.
        sequence: the last number that was taken.
    """

    def __init__(self, connection: Connection, counter: Counter) -> None:
        """Take the lock and one number."""
        self.connection = connection
        self._counter: Counter = counter
        self.sequence = self.take(1)

    def take(self, count: int) -> int:
        """Number `count` further changes; gives the last number."""
        self.sequence = self.ids(self._counter, count)
        return self.sequence

    def ids(self, counter: Counter, count: int) -> int:
        """Move any counter on by `count`; gives where it stands."""
        found = self.connection.execute(_ADD, {"counter": counter, "count": count}).scalar()
        if found is None:
            raise StorageError(f"The counter {counter} is missing.", hint="Restore a backup.")
        return int(found)

    def reached(self, counter: Counter, number: int) -> None:
        """Note that the log behind `counter` has its newest change at `number`."""
        self.connection.execute(_SET, {"counter": counter, "reached": number})


class Sequences:
    """The table of counters."""

    def __init__(self, engine: Engine) -> None:
        """Use the open database `engine`."""
        self._engine = engine
        self._identity: str | None = None

    @property
    def identity(self) -> str:
        """Of this database: another one's numbers mean nothing here.

        Raises:
            StorageError: the database could not be read.
        """
        if self._identity is None:
            with storage_errors(), self._engine.connect() as connection:
                self._identity = str(connection.execute(select(func.min(_identity))).scalar())
        return self._identity

    def head(self, counter: Counter) -> int:
        """Where a counter stands: what every worker polls, about 0.1 ms on SQLite.

        Raises:
            StorageError: the database could not be read.
        """
        with storage_errors(), self._engine.connect() as connection:
            return int(connection.execute(_HEAD, {"counter": counter}).scalar() or 0)

    def heads(self) -> dict[str, int]:
        """Where all counters stand, at one moment.

        Raises:
            StorageError: the database could not be read.
        """
        query = select(sequences.c.name, sequences.c.value)
        with storage_errors(), self._engine.connect() as connection:
            return {row.name: row.value for row in connection.execute(query)}

    @contextmanager
    def changing(self, counter: Counter, *, durable: bool = True) -> Iterator[Change]:
        """A transaction under the lock of `counter`; all or nothing of it holds.

        With `durable`, what was committed is on the disk and survives a loss of power.

        Raises:
            StorageError: the database could not be written.
        """
        with storage_errors(), self._engine.connect() as connection:
            self._flush_commits(connection, on=durable)
            try:
                with connection.begin():
                    yield Change(connection, counter)
            finally:
                self._flush_commits(connection, on=False)

    def _flush_commits(self, connection: Connection, *, on: bool) -> None:
        """Whether this connection's commits are flushed; PostgreSQL always does it."""
        if self._engine.dialect.name == "sqlite":
            driver: Any = connection.connection.driver_connection
            driver.execute(_SYNCHRONOUS + ("FULL" if on else "NORMAL"))


_identity: Final = sequences.c.identity
