"""The change logs that indexes follow: rows of the database as arrays of 256-bit words.

An entry of an index is a hash's id times 4,096, plus the frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row

from consentry.matching.banks.coding import Coder
from consentry.matching.banks.values import FRAME_BITS
from consentry.matching.index.log import Changes
from consentry.storage import Storage
from consentry.storage.bank_signals import LOGS, SignalRows
from consentry.storage.seen import SeenStore
from consentry.storage.sequences import Counter

__all__ = ["SeenLog", "SignalLog"]

_NOTHING: Final = bytes(32)
_HASHES_A_ROW: Final = 16  # as most inputs have


class SignalLog:
    """The log of banked hashes: `open`, which may stand in files, or `sealed`, which may not."""

    def __init__(self, storage: Storage, log: Literal["open", "sealed"]) -> None:
        """Read `log` from `storage`."""
        self._storage = storage
        self._log = log
        self._counter: Counter = LOGS[log]
        self._coder = Coder(storage.vault)

    @property
    def identity(self) -> str:
        """Of the database and the log."""
        return f"{self._storage.sequences.identity}:{self._log}"

    def last_sequence(self) -> int:
        """The number of the newest change of this log."""
        return self._storage.sequences.head(self._counter)

    def read(self, after: int, limit: int) -> Changes:
        """The next rows above `after`, at most `limit`; a video's row gives an entry a frame."""
        with self._storage.reading() as connection:
            rows = SignalRows.read(connection, self._log, after, limit)
        words = b"".join(self._words(row) for row in rows)
        return _expanded(rows, np.frombuffer(words, ">u8").astype(np.uint64).reshape(-1, 4))

    def _words(self, row: Row[Any]) -> bytes:
        """The row's entries as big-endian words; zeros for one that went."""
        if not row.live:
            return _NOTHING * int(row.frames)
        return self._coder.words(row, sealed=self._log == "sealed")


class SeenLog:
    """The log of what was seen."""

    def __init__(self, store: SeenStore) -> None:
        """Read it from `store`."""
        self._store = store

    @property
    def identity(self) -> str:
        """Of the database and the log."""
        return self._store.identity

    def last_sequence(self) -> int:
        """The number of the newest change."""
        return self._store.last_sequence()

    def read(self, after: int, limit: int) -> Changes:
        """The next rows above `after`, at most `limit`, an entry for each hash."""
        rows = self._store.read(after, max(1, limit // _HASHES_A_ROW))
        words = b"".join(row.hashes or _NOTHING * row.frames for row in rows)
        return _expanded(rows, np.frombuffer(words, ">u8").astype(np.uint64).reshape(-1, 4))


def _expanded(rows: Sequence[Row[Any]], hashes: NDArray[np.uint64]) -> Changes:
    """Rows with `id`, `sequence`, `live` and `frames` as changes; `hashes` has all entries."""
    frames = np.array([row.frames for row in rows], np.int64)
    ids = np.repeat(np.array([row.id for row in rows], np.uint64), frames)
    ends = np.cumsum(frames)
    within = np.arange(len(ids)) - np.repeat(ends - frames, frames)
    return Changes(
        np.repeat(np.array([row.sequence for row in rows], np.int64), frames),
        (ids << np.uint64(FRAME_BITS)) | within.astype(np.uint64),
        np.repeat(np.array([not row.live for row in rows], np.bool_), frames),
        hashes,
    )
