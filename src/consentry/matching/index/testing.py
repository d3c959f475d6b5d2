"""Tools for testing an index: a change log in one SQLite file.

It shows what `ChangeLog` asks for; the one of the banks lives where the banks do.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from consentry.matching.index.log import Change, Changes

__all__ = ["SqliteChangeLog"]

_TABLES = """
create table if not exists identity (value text not null);
create table if not exists changes (
    sequence integer primary key, entry_id integer not null, hash blob
);
"""


class SqliteChangeLog:
    """A durable log; each `append` is one transaction, on the disk when it returns.

    An `append` locks the whole file, so numbers become visible in order.
    """

    def __init__(self, path: Path) -> None:
        """Open or make it."""
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("pragma busy_timeout = 10000")
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = full")
        self._database.executescript(f"begin immediate; {_TABLES} commit;")
        with self._database:
            self._database.execute("begin immediate")
            self._database.execute(
                "insert into identity select ? where not exists (select 1 from identity)",
                (uuid.uuid4().hex,),
            )
        self.identity = str(self._database.execute("select value from identity").fetchone()[0])

    def append(self, changes: Iterable[Change]) -> int:
        """Add changes; gives the number of the last one."""
        rows = [(change.entry_id, _packed(change)) for change in changes]
        with self._database:
            self._database.execute("begin immediate")
            self._database.executemany("insert into changes (entry_id, hash) values (?, ?)", rows)
            return self.last_sequence()

    def last_sequence(self) -> int:
        """The number of the newest change."""
        query = "select coalesce(max(sequence), 0) from changes"
        return int(self._database.execute(query).fetchone()[0])

    def read(self, after: int, limit: int) -> Changes:
        """The next changes numbered above `after`."""
        query = "select sequence, entry_id, hash from changes where sequence > ? order by 1 limit ?"
        rows = self._database.execute(query, (after, limit)).fetchall()
        data = b"".join(row[2] or bytes(32) for row in rows)
        return Changes(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.uint64),
            np.array([row[2] is None for row in rows], np.bool_),
            np.frombuffer(data, ">u8").astype(np.uint64).reshape(-1, 4),
        )

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _packed(change: Change) -> bytes | None:
    if change.words is None:
        return None
    return b"".join(int(word).to_bytes(8, "big") for word in change.words)
