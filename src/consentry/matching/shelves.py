"""The indexes of banked hashes that one process has open, and how far they have got.

Where nothing is banked there is none, and no compiled code is loaded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from consentry.errors import IndexBehindError, MatchingMissingError
from consentry.matching.banks.values import FRAME_BITS, MAX_FRAMES
from consentry.matching.matches import Hit
from consentry.storage import Storage
from consentry.storage.bank_signals import LOGS

if TYPE_CHECKING:
    from consentry.matching.index import Index, IndexState

__all__ = ["MatcherState", "Shelves"]

Words: TypeAlias = NDArray[np.uint64]
_Log = Literal["open", "sealed"]
_LOGS: Final[tuple[_Log, ...]] = ("open", "sealed")
_FRESH_S: Final = 0.1
"""So long what the counters said is believed: half of what two workers may disagree for."""


@dataclass(frozen=True, slots=True)
class MatcherState:
    """What an operator wants to see.

    Attributes:
        sequence: the newest change of any bank.
        lag_s: seconds since the index that is furthest behind was known to hold everything.
        entries: known hashes; every frame of a video is one.
        ready: whether a question could be answered at once.
        indexes: by name (`open`, `sealed`), those that are open.
    """

    sequence: int
    lag_s: float
    entries: int
    ready: bool
    indexes: Mapping[str, IndexState]


class Shelves:
    """The open and the sealed index. Safe to use from several threads."""

    def __init__(self, folder: Path, storage: Storage, *, follow: bool) -> None:
        """Keep files of the open index below `folder`; open nothing yet."""
        self._folder = folder
        self._storage = storage
        self._follow = follow
        self._lock = threading.Lock()
        self._indexes: dict[_Log, Index] = {}
        self._heads: Mapping[str, int] = {}
        self._asked = float("-inf")

    def search(self, words: Words, radius: int, at_least: int) -> tuple[list[Hit], int]:
        """Every known hash within `radius` bits of `words`, (n, 4); and the last change seen.

        Raises:
            IndexBehindError, MatchIndexError, MatchingMissingError, StorageError: no answer.
        """
        heads = self._fresh_heads(at_least)
        if heads["banks"] < at_least:
            raise IndexBehindError(f"The banks have no change {at_least} yet.")
        hits: list[Hit] = []
        for log in _LOGS:
            if head := heads[LOGS[log]]:
                found = self._index(log).lookup(words, radius, at_least=head)
                entries = zip(
                    found.queries.tolist(),
                    found.entry_ids.tolist(),
                    found.distances.tolist(),
                    strict=True,
                )
                hits += [
                    Hit(place, entry >> FRAME_BITS, entry & (MAX_FRAMES - 1), distance)
                    for place, entry, distance in entries
                ]
        return hits, heads["banks"]

    def anything(self) -> bool:
        """Whether either log holds a change."""
        heads = self._fresh_heads(0)
        return any(heads[LOGS[log]] for log in _LOGS)

    def ready(self) -> bool:
        """Whether every index that is needed is open."""
        heads = self._fresh_heads(0)
        return all(log in self._indexes for log in _LOGS if heads[LOGS[log]])

    def state(self) -> MatcherState:
        """Sizes and lag."""
        ready = self.ready()
        states = {str(log): index.state() for log, index in self._indexes.items()}
        return MatcherState(
            sequence=self._heads["banks"],
            lag_s=max((one.lag_s for one in states.values()), default=0.0),
            entries=sum(one.entries for one in states.values()),
            ready=ready,
            indexes=states,
        )

    def follow(self) -> None:
        """Keep what is open, and what will be, up to date in threads of this process."""
        with self._lock:
            self._follow = True
            for index in self._indexes.values():
                index.follow()

    def close(self) -> None:
        """Stop following."""
        with self._lock:
            self._follow = False
            for index in self._indexes.values():
                index.close()

    def _fresh_heads(self, at_least: int) -> Mapping[str, int]:
        """Where the counters stand, or stood a moment ago."""
        heads = self._heads
        if time.monotonic() - self._asked > _FRESH_S or heads["banks"] < at_least:
            asked = time.monotonic()
            heads = self._storage.sequences.heads()
            self._heads, self._asked = heads, asked
        return heads

    def _index(self, log: _Log) -> Index:
        index = self._indexes.get(log)
        if index is None:
            with self._lock:
                index = self._indexes.get(log) or self._open(log)
                self._indexes[log] = index
        return index

    def _open(self, log: _Log) -> Index:
        try:
            from consentry.matching.index import Index
        except ImportError as error:
            raise MatchingMissingError(
                "Hashes are banked here, but what compares them is not installed."
            ) from error
        from consentry.matching.banks.logs import SignalLog

        folder = self._folder / "open" if log == "open" else None
        index = Index(folder, SignalLog(self._storage, log))
        if self._follow:
            index.follow()
        return index
