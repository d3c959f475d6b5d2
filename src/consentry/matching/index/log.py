"""The change log: the one truth about which hashes are known, and what an index reads it through.

The log lives in the database, behind `ChangeLog`. An index is only a fast copy of it: it can be
thrown away at any time and built again from change 1. `MemoryChangeLog` is a log for tests and for
banks that live as long as the process.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Change", "ChangeLog", "Changes", "MemoryChangeLog"]


@dataclass(frozen=True, slots=True)
class Change:
    """One hash became known, or is no longer known.

    Attributes:
        entry_id: 0 to 2⁶³-1; names the entry for good. Adding one that exists replaces it.
        words: the hash as four integers below 2⁶⁴; None takes the entry away.
    """

    entry_id: int
    words: Sequence[int] | None


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Some changes in order, as arrays of equal length.

    Attributes:
        sequences: int64, rising.
        entry_ids: uint64.
        removed: bool; True takes the entry away, and its hash means nothing.
        hashes: uint64, shape (n, 4).
    """

    sequences: NDArray[np.int64]
    entry_ids: NDArray[np.uint64]
    removed: NDArray[np.bool_]
    hashes: NDArray[np.uint64]

    def __len__(self) -> int:
        """How many changes."""
        return len(self.sequences)

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Changes:
        """The chosen changes, by mask or by places."""
        return Changes(
            self.sequences[chosen],
            self.entry_ids[chosen],
            self.removed[chosen],
            self.hashes[chosen],
        )

    @classmethod
    def of(cls, numbered: Iterable[tuple[int, Change]]) -> Changes:
        """From pairs of sequence number and change."""
        pairs = list(numbered)
        words = [change.words or (0, 0, 0, 0) for _, change in pairs]
        return cls(
            np.array([sequence for sequence, _ in pairs], np.int64),
            np.array([change.entry_id for _, change in pairs], np.uint64),
            np.array([change.words is None for _, change in pairs], np.bool_),
            np.array(words, np.uint64).reshape(-1, 4),
        )

    @classmethod
    def joined(cls, parts: Sequence[Changes]) -> Changes:
        """Several, one after another."""
        if not parts:
            return cls.of(())
        return cls(
            np.concatenate([part.sequences for part in parts]),
            np.concatenate([part.entry_ids for part in parts]),
            np.concatenate([part.removed for part in parts]),
            np.concatenate([part.hashes for part in parts]),
        )

    def last_of_each(self) -> Changes:
        """Only the last change of each entry, in order of entry id."""
        if len(self) < 2 or bool((self.entry_ids[1:] > self.entry_ids[:-1]).all()):  # noqa: PLR2004  nothing to order
            return self
        order = np.lexsort((self.sequences, self.entry_ids))
        ids = self.entry_ids[order]
        final = np.ones(len(ids), np.bool_)
        final[:-1] = ids[1:] != ids[:-1]
        return self.where(order[final])


class ChangeLog(Protocol):
    """What an index needs of the database. Sequence numbers start at 1 and only rise.

    Who implements it keeps two promises. A change becomes visible only when all those with lower
    numbers are visible (number them under a lock, not by an auto-increment of concurrent
    transactions). And reading all changes from 0 always gives what is known now: changes that a
    later change of the same entry made void may be left out, the last one of an entry may not.
    """

    @property
    def identity(self) -> str:
        """Differs between two logs that were never the same one; an index belongs to one log."""
        ...

    def last_sequence(self) -> int:
        """The number of the newest visible change; 0 for an empty log.

        Raises:
            ConsentryError: the log cannot be read.
        """
        ...

    def read(self, after: int, limit: int) -> Changes:
        """The next changes numbered above `after`, at most `limit`.

        Raises:
            ConsentryError: the log cannot be read.
        """
        ...


class MemoryChangeLog:
    """A log in memory. Safe to use from several threads."""

    def __init__(self) -> None:
        """Start empty."""
        self.identity = uuid.uuid4().hex
        self._changes: list[Change] = []
        self._lock = threading.Lock()

    def append(self, changes: Iterable[Change]) -> int:
        """Add changes; gives the number of the last one."""
        with self._lock:
            self._changes.extend(changes)
            return len(self._changes)

    def last_sequence(self) -> int:
        """The number of the newest change."""
        return len(self._changes)

    def read(self, after: int, limit: int) -> Changes:
        """The next changes numbered above `after`."""
        with self._lock:
            part = self._changes[after : after + limit]
        return Changes.of(enumerate(part, start=after + 1))
