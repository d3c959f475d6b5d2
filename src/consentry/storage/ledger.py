"""Rows of the tamper-evident log: entries, tiles, checkpoints. What they mean is not known here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from consentry.storage.bulk import insert_rows
from consentry.storage.database import forget_pages, storage_errors
from consentry.storage.schema import log_checkpoints, log_entries, log_state, log_tiles, sequences
from consentry.storage.sequences import Sequences

__all__ = ["LedgerStore"]

_SIZE: Final = select(sequences.c.value).where(sequences.c.name == "log")
_SIZES: Final = select(
    _SIZE.scalar_subquery(), select(func.max(log_entries.c.id)).scalar_subquery()
)
_RANGE: Final = (
    select(log_entries.c.entry)
    .where(log_entries.c.id >= bindparam("first"), log_entries.c.id < bindparam("end"))
    .order_by(log_entries.c.id)
)
_RECORDS: Final = (
    select(log_entries)
    .where(log_entries.c.id >= bindparam("first"))
    .order_by(log_entries.c.id)
    .limit(bindparam("limit"))
)
_TILE: Final = select(log_tiles.c.hashes).where(
    log_tiles.c.level == bindparam("level"), log_tiles.c.number == bindparam("number")
)
_ROOTS: Final = (
    select(log_tiles.c.root)
    .where(
        log_tiles.c.level == bindparam("level"),
        log_tiles.c.number >= bindparam("first"),
        log_tiles.c.number < bindparam("end"),
    )
    .order_by(log_tiles.c.number)
)
_TILES: Final = (
    select(log_tiles)
    .where(log_tiles.c.level == bindparam("level"), log_tiles.c.number >= bindparam("first"))
    .order_by(log_tiles.c.number)
    .limit(bindparam("limit"))
)
_NEWEST: Final = select(log_checkpoints.c.note).order_by(log_checkpoints.c.size.desc()).limit(1)
_STATE: Final = select(log_state.c.name, log_state.c.value)


class LedgerStore:
    """The tables of the log; everything that is written goes through one transaction at a time."""

    def __init__(self, engine: Engine, sequences: Sequences) -> None:
        """Use the open database `engine`, and its counters."""
        self._engine = engine
        self._sequences = sequences

    @contextmanager
    def appending(self, count: int, *, durable: bool) -> Iterator[tuple[Connection, int]]:
        """A transaction in which `count` entries are added; gives the index of the first.

        Nobody else appends meanwhile. With `durable`, everything that was ever committed is on the
        disk when it ends.

        Raises:
            StorageError: the database could not be written.
        """
        with self._sequences.changing("log", durable=durable) as change:
            first = change.sequence - 1
            if count > 1:
                change.take(count - 1)
            yield change.connection, first

    @contextmanager
    def sealing(self) -> Iterator[Connection]:
        """A transaction in which a checkpoint is saved; when it ends, all entries are on the disk.

        Raises:
            StorageError: the database could not be written.
        """
        with self._sequences.changing("log.checkpoints") as change:
            yield change.connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for queries.

        Raises:
            StorageError: the database could not be read.
        """
        with storage_errors(), self._engine.connect() as connection:
            yield connection

    def begin(self, state: Mapping[str, str], note: str) -> bool:
        """Begin a log with its first checkpoint; whether nobody else did before.

        Raises:
            StorageError: the database could not be written.
        """
        rows = [{"name": name, "value": value} for name, value in state.items()]
        with storage_errors():
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(log_state), rows)
                    self.save_checkpoint(connection, 0, note, cosigned=False)
            except IntegrityError:
                return False
        return True

    @staticmethod
    def insert(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Save entries: `id`, `entry`, `sealed`, `wrapped_key`."""
        insert_rows(connection, log_entries, rows)

    @staticmethod
    def insert_tiles(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Save full tiles: `level`, `number`, `root`, `hashes`."""
        insert_rows(connection, log_tiles, rows)

    @staticmethod
    def size(connection: Connection) -> int:
        """How many entries were ever appended."""
        return int(connection.execute(_SIZE).scalar() or 0)

    @staticmethod
    def sizes(connection: Connection) -> tuple[int, int]:
        """How many entries were ever appended, and one more than the last index, at one moment."""
        size, last = connection.execute(_SIZES).one()
        return int(size or 0), 0 if last is None else int(last) + 1

    @staticmethod
    def entries(connection: Connection, first: int, count: int) -> list[bytes]:
        """At most `count` entries from `first` on, in order; fewer where some are missing."""
        rows = connection.execute(_RANGE, {"first": first, "end": first + count})
        return [bytes(one) for one in rows.scalars()]

    @staticmethod
    def records(connection: Connection, first: int, limit: int) -> Sequence[Row[Any]]:
        """Entries with what they commit to, from `first` on, in order."""
        return connection.execute(_RECORDS, {"first": first, "limit": limit}).all()

    @staticmethod
    def tile(connection: Connection, level: int, number: int) -> bytes | None:
        """The 8,192 bytes of a full tile."""
        found = connection.execute(_TILE, {"level": level, "number": number}).scalar()
        return None if found is None else bytes(found)

    @staticmethod
    def roots(connection: Connection, level: int, first: int, count: int) -> list[bytes]:
        """The roots of full tiles from `first` on, at most `count`."""
        place = {"level": level, "first": first, "end": first + count}
        return [bytes(one) for one in connection.execute(_ROOTS, place).scalars()]

    @staticmethod
    def tiles(connection: Connection, level: int, first: int, limit: int) -> Sequence[Row[Any]]:
        """Full tiles of a level, in order."""
        place = {"level": level, "first": first, "limit": limit}
        return connection.execute(_TILES, place).all()

    @staticmethod
    def tile_counts(connection: Connection) -> dict[int, int]:
        """Level to the number of its full tiles."""
        query = select(log_tiles.c.level, func.count()).group_by(log_tiles.c.level)
        return {int(level): int(count) for level, count in connection.execute(query)}

    @staticmethod
    def newest_checkpoint(connection: Connection) -> str:
        """The last signed checkpoint, or an empty text."""
        return str(connection.execute(_NEWEST).scalar() or "")

    @staticmethod
    def checkpoints(connection: Connection) -> Sequence[Row[Any]]:
        """All that are kept (`size`, `note`, `cosigned`), the smallest first."""
        return connection.execute(select(log_checkpoints).order_by(log_checkpoints.c.size)).all()

    @staticmethod
    def save_checkpoint(connection: Connection, size: int, note: str, *, cosigned: bool) -> None:
        """Keep a checkpoint; one of this size is replaced, and smaller ones of its sort go."""
        same = log_checkpoints.c.size == size
        older = (log_checkpoints.c.size < size) & (log_checkpoints.c.cosigned == cosigned)
        connection.execute(delete(log_checkpoints).where(same | older))
        row = {"size": size, "note": note, "cosigned": cosigned}
        connection.execute(insert(log_checkpoints), row)
        if cosigned:  # so that it is missed if it is taken away
            LedgerStore.set_state(connection, "cosigned", sha256(note.encode()).hexdigest())

    @staticmethod
    def state(connection: Connection) -> dict[str, str]:
        """Whose log it is, and where the last entries of some kinds are."""
        return {str(name): str(value) for name, value in connection.execute(_STATE)}

    @staticmethod
    def set_state(connection: Connection, name: str, value: str) -> None:
        """Remember one such thing."""
        connection.execute(delete(log_state).where(log_state.c.name == name))
        connection.execute(insert(log_state), {"name": name, "value": value})

    @staticmethod
    def shred(connection: Connection, indexes: Sequence[int]) -> None:
        """Destroy the keys of some entries, and what they open."""
        connection.execute(
            update(log_entries)
            .where(log_entries.c.id.in_(indexes))
            .values(sealed=None, wrapped_key=None)
        )

    def forget_pages(self) -> None:
        """Make sure that no copy of what was destroyed stays in SQLite's own files.

        Raises:
            StorageError: the database could not be written.
        """
        with storage_errors():
            forget_pages(self._engine)
