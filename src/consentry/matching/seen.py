"""Looking back: which inputs of the past are copies of a hash that is known only now.

Each input is remembered with every hash that it was looked up by, turned ones included, so that a
newly banked hash is looked up once, as it is, among all of them.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from consentry.config import Settings
from consentry.errors import MatchingMissingError
from consentry.matching.banks.values import FRAME_BITS
from consentry.storage import Storage

if TYPE_CHECKING:  # compiled code is loaded for the first sweep, not before
    from consentry.matching.index import Index

__all__ = ["Seen", "Sighting"]

Words: TypeAlias = NDArray[np.uint64]
_RADIUS: Final = 31


@dataclass(frozen=True, slots=True)
class Sighting:
    """A past input near a hash.

    Attributes:
        probe: place of the hash among those that were asked for.
        distance: bits apart, 0 to 31: of the nearest of the input's hashes.
        decision_id: of the decision about the input.
        stage: at which it was seen.
        at: ISO 8601, UTC.
    """

    probe: int
    distance: int
    decision_id: str
    stage: str
    at: str


class Seen:
    """What was seen, and the index of it. Safe to use from several threads."""

    def __init__(self, settings: Settings, storage: Storage, *, follow: bool = False) -> None:
        """See `open`."""
        self._folder: Path = settings.home / "index" / "seen"
        self._storage = storage
        self._follow = follow
        self._lock = threading.Lock()
        self._index: Index | None = None

    @classmethod
    def open(cls, settings: Settings, storage: Storage, *, follow: bool = False) -> Self:
        """At once: the index is opened for the first sweep.

        With `follow`, threads of this process keep it up to date and write its files.
        """
        return cls(settings, storage, follow=follow)

    def remember(self, decision_id: str, stage: str, words: Words, expires_at: datetime) -> int:
        """Keep the hashes, uint64 (n, 4), of an input; gives the number of the change.

        At most 4,096 are kept. Nothing is kept of an input without hashes; that gives 0.

        Raises:
            StorageError: it could not be saved.
        """
        kept = np.ascontiguousarray(words[: 1 << FRAME_BITS]).astype(">u8").tobytes()
        if not kept:
            return 0
        return self._storage.seen.remember(decision_id, stage, kept, expires_at)

    def sweep(
        self, words: Words, max_distance: int = _RADIUS, *, at_least: int = 0
    ) -> tuple[Sighting, ...]:
        """Past inputs within `max_distance` (0 to 31) bits of hashes, uint64 (n, 4); nearest first.

        Everything is found that was remembered before the call, and what `remember` numbered up
        to `at_least`.

        Raises:
            IndexBehindError, MatchIndexError: the index cannot answer; never read that as "none".
            MatchingMissingError: something was seen, but the extra `matching` is not installed.
            StorageError: the database cannot be read.
        """
        newest = self._storage.seen.last_sequence()
        if not newest:
            return ()
        index = self._opened()
        index.catch_up()
        index.merge_if_due()  # what came since the last sweep may be very much
        found = index.lookup(words, max_distance, at_least=max(at_least, newest))
        nearest: dict[tuple[int, int], int] = {}
        hits = zip(
            found.queries.tolist(),
            (found.entry_ids >> np.uint64(FRAME_BITS)).tolist(),
            found.distances.tolist(),
            strict=True,
        )
        for probe, seen_id, distance in hits:  # by probe, then distance: the first is nearest
            nearest.setdefault((probe, seen_id), distance)
        return self._resolved(nearest)

    def expire(self) -> int:
        """Forget what has expired, in the index's files as well; gives how many inputs.

        Raises:
            MatchIndexError: the files cannot be written.
            StorageError: the database cannot be written.
        """
        count = self._storage.seen.expire()
        if count and self._folder.is_dir():  # there are files once somebody has swept
            index = self._opened()
            index.catch_up()
            index.merge(thorough=True)
        return count

    def _resolved(self, nearest: dict[tuple[int, int], int]) -> tuple[Sighting, ...]:
        rows = self._storage.seen.decisions(seen_id for _, seen_id in nearest)
        found = [
            Sighting(probe, distance, row.decision_id, row.stage, row.at)
            for (probe, seen_id), distance in nearest.items()
            if (row := rows.get(seen_id)) is not None
        ]
        return tuple(sorted(found, key=lambda one: (one.probe, one.distance, one.at)))

    def _opened(self) -> Index:
        with self._lock:
            if self._index is None:
                self._index = self._open()
            return self._index

    def _open(self) -> Index:
        try:
            from consentry.matching.index import Index, IndexOptions, Writing
        except ImportError as error:
            raise MatchingMissingError(
                "Hashes were kept here, but what compares them is not installed."
            ) from error
        from consentry.matching.banks.logs import SeenLog

        # There are many more of these than banked ones, and nobody waits for an upload here.
        options = IndexOptions(writing=Writing(layout="compact"))
        index = Index(self._folder, SeenLog(self._storage.seen), options)
        if self._follow:
            index.follow()
        return index

    def close(self) -> None:
        """Stop following. Sweeps still work; the index catches up by itself."""
        with self._lock:
            self._follow = False
            if self._index is not None:
                self._index.close()

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()
