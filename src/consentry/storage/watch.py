"""Has anybody written to the database since? Answered in microseconds, by SQLite itself.

What was read may be believed again while the answer is the same number: that makes a check at every
call cheap without making it late.
"""

from __future__ import annotations

import sqlite3
import threading

from sqlalchemy import Engine

__all__ = ["ChangeWatch"]


class ChangeWatch:
    """Watches one database through a connection of its own; threads may share it."""

    def __init__(self, engine: Engine) -> None:
        """Watch the database of `engine`; on PostgreSQL there is nothing to see."""
        self._path = engine.url.database if engine.dialect.name == "sqlite" else None
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def version(self) -> int | None:
        """A number that changes with every commit of anybody; None when that cannot be told."""
        if self._path is None:
            return None
        with self._lock:
            try:
                return self._ask(self._path)
            except sqlite3.Error:
                return None

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _ask(self, path: str) -> int:
        if self._connection is None:
            self._connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=0.0
            )
        (number,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(number)
