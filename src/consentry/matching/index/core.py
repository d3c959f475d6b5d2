"""The index: looks hashes up, follows the change log, and never hides that it is behind.

One `Index` per process and folder. Processes that share the folder share the memory of its
segments; each follows the log by itself, and whichever holds the lock file merges for all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import structlog
from numpy.typing import NDArray

from consentry.errors import IndexBehindError, MatchIndexError
from consentry.matching.index.log import ChangeLog, Changes
from consentry.matching.index.merge import Snapshot, Writing
from consentry.matching.index.segment import Hits
from consentry.matching.index.selfcheck import MAX_DISTANCE
from consentry.matching.index.shelf import Shelf

__all__ = ["Index", "IndexOptions", "IndexState", "Lookup"]

Words = NDArray[np.uint64]
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """How an index behaves.

    Attributes:
        max_lag_s: an answer reflects every change that was visible this long before it.
        poll_s: how often `follow` looks at the log.
        merge_at: so many changes are written as a segment.
        questions: of the self-check, for each segment that is opened.
        writing: how segments are written.
    """

    max_lag_s: float = 0.2
    poll_s: float = 0.05
    merge_at: int = 32_768
    questions: int = 8
    writing: Writing = field(default_factory=Writing)


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """The answer to some queries: arrays of equal length, by query, then distance, then entry.

    Attributes:
        queries: int64, which of the queries.
        entry_ids: uint64, which entry.
        distances: uint8, bits apart.
        sequence: the answer holds every change up to this one.
        complete: False when newer changes may exist; only `lookup(strict=False)` gives that.
    """

    queries: NDArray[np.int64]
    entry_ids: NDArray[np.uint64]
    distances: NDArray[np.uint8]
    sequence: int
    complete: bool


@dataclass(frozen=True, slots=True)
class IndexState:
    """What an operator wants to see.

    Attributes:
        sequence: the last change that is in.
        lag_s: seconds since the index was last known to hold everything.
        entries: known hashes.
        delta: rows that every lookup compares one by one.
        segments: entries of each segment.
        mapped_bytes: of the segments, once for all processes.
        own_bytes: of this process alone.
    """

    sequence: int
    lag_s: float
    entries: int
    delta: int
    segments: tuple[int, ...]
    mapped_bytes: int
    own_bytes: int


class Index:
    """Exact lookups of 256-bit hashes. Safe to use from several threads."""

    def __init__(self, folder: Path, log: ChangeLog, options: IndexOptions | None = None) -> None:
        """Open the index in `folder`, and build it from `log` where there is none or a bad one.

        Raises:
            MatchIndexError: the log cannot be read, or the folder cannot be written.
        """
        self._options = options or IndexOptions()
        self._change_log = log
        self._shelf = Shelf(folder, log, self._options.writing, self._options.questions)
        self._lock = threading.RLock()  # held by whoever changes `_view` or what is in it
        self._renewing = threading.Lock()  # held by whoever asks the shelf for a newer view
        self._confirmed = float("-inf")
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._view = self._shelf.open()
        self.catch_up()

    # -- asking ---------------------------------------------------------------------------

    def lookup(
        self,
        hashes: Words,
        max_distance: int = MAX_DISTANCE,
        *,
        at_least: int = 0,
        strict: bool = True,
    ) -> Lookup:
        """Every known hash within `max_distance` (0 to 31) bits of `hashes`, uint64 (n, 4).

        With `at_least` the answer holds every change up to that one; give it what the log
        answered to your own addition. The index catches up first where it must.

        Raises:
            IndexBehindError: it could not; without `strict` the answer is marked instead.
        """
        queries = np.ascontiguousarray(hashes, np.uint64)
        if queries.ndim != 2 or queries.shape[1] != 4 or not 0 <= max_distance <= MAX_DISTANCE:  # noqa: PLR2004  four words
            raise ValueError("hashes are (n, 4) uint64, and a distance is 0 to 31")
        complete = True
        if self._late() or self._view.sequence < at_least:
            try:
                complete = self.catch_up() >= at_least
            except IndexBehindError:
                if strict:
                    raise
                complete = False
        if strict and not complete:
            raise IndexBehindError(f"The log does not hold change {at_least} yet.")
        hits, sequence = self._search(queries, max_distance)
        return Lookup(hits.queries, hits.entry_ids, hits.distances, sequence, complete)

    def _search(self, queries: Words, radius: int) -> tuple[Hits, int]:
        for _ in range(2):
            view = self._view
            sequence = view.sequence
            hits = view.search(queries, radius)
            if hits is not None:
                return hits, sequence
        with self._lock:  # entries are being replaced one after another: wait for a still moment
            hits = self._view.search(queries, radius)
            if hits is None:
                raise MatchIndexError("The index was left in the middle of a change. Restart it.")
            return hits, self._view.sequence

    def _late(self) -> bool:
        return time.monotonic() - self._confirmed > self._options.max_lag_s

    @property
    def sequence(self) -> int:
        """The last change that is in."""
        return self._view.sequence

    def __len__(self) -> int:
        """How many entries are known."""
        return len(self._view)

    def state(self) -> IndexState:
        """Sizes and lag, for metrics."""
        view = self._view
        dead = sum(live.dead.nbytes for live in view.segments)
        return IndexState(
            sequence=view.sequence,
            lag_s=max(0.0, time.monotonic() - self._confirmed),
            entries=len(view),
            delta=len(view.delta),
            segments=tuple(len(live.segment) for live in view.segments),
            mapped_bytes=sum(live.segment.bytes for live in view.segments),
            own_bytes=view.delta.bytes + dead,
        )

    # -- following the log ----------------------------------------------------------------

    def catch_up(self) -> int:
        """Take in everything that the log holds now; gives the last change that is in.

        Raises:
            IndexBehindError: the log cannot be read, or is not the one that it was.
        """
        with self._lock:
            asked = time.monotonic()
            try:
                head = self._change_log.last_sequence()
                self._read_up_to(head)
            except MatchIndexError:
                raise
            except (
                Exception
            ) as error:  # whatever keeps us from the log must not look like "no match"
                raise IndexBehindError(
                    f"The log of known hashes cannot be read: {error}"
                ) from error
            self._confirmed = asked
            return self._view.sequence

    def _read_up_to(self, head: int) -> None:
        view = self._view
        if head < view.sequence:
            raise IndexBehindError(
                "The log of known hashes ends earlier than the index.",
                hint="Was a backup restored? Restart, and the index is built anew.",
            )
        while view.sequence < head:
            view.apply(self._next_changes(view.sequence))

    def _next_changes(self, after: int) -> Changes:
        changes = self._change_log.read(after, self._options.writing.batch)
        if not len(changes):
            raise IndexBehindError(f"The log of known hashes ends at {after}, before its own end.")
        return changes

    def follow(self) -> None:
        """Follow the log, and merge when due, in threads of this process until `close`."""
        with self._lock:
            if not self._threads:
                self._threads = [
                    threading.Thread(target=self._repeat, args=(work,), daemon=True)
                    for work in (self._keep_up, self.merge_if_due)
                ]
                for thread in self._threads:
                    thread.start()

    def _repeat(self, work: Callable[[], object]) -> None:
        while not self._stop.wait(self._options.poll_s):
            try:
                work()
            except MatchIndexError as error:
                _log.warning("index_behind", reason=str(error))
                self._stop.wait(1.0)

    def _keep_up(self) -> None:
        self.catch_up()
        self.refresh()

    # -- segments -------------------------------------------------------------------------

    def refresh(self) -> None:
        """Take over the segments that any process has written since; readers do not wait."""
        with self._renewing:
            fresh = self._shelf.newer(self._view)
            if fresh is None:
                return
            with self._lock:
                old = self._view
                # A manifest older than the one we started from: the tail does not reach back.
                if fresh.sequence >= old.manifest.sequence:
                    fresh.apply(old.changes_after(fresh.sequence))
                while fresh.sequence < old.sequence:
                    fresh.apply(self._next_changes(fresh.sequence))
                self._view = fresh

    def merge_if_due(self) -> bool:
        """Write the delta as a segment when it is large and nobody else is writing."""
        if not self._due():
            return False
        return self.merge()

    def merge(self) -> bool:
        """Write the delta as a segment; False when another process or thread is writing.

        Lookups go on meanwhile, here and elsewhere.

        Raises:
            MatchIndexError: the folder cannot be written.
        """
        with self._shelf.writing() as ours:
            if not ours:
                return False
            self.refresh()
            self._shelf.merge(self._snapshot())
        self.refresh()
        return True

    def _due(self) -> bool:
        view = self._view
        fading = any(live.dead_count * 4 > len(live.segment) for live in view.segments)
        return fading or view.pending >= self._options.merge_at

    def _snapshot(self) -> Snapshot:
        with self._lock:
            view = self._view
            entry_ids, hashes = view.delta.entries()
            segments = tuple((live, live.dead.copy()) for live in view.segments)
            return Snapshot(view.manifest.log, view.sequence, entry_ids, hashes, segments)

    def close(self) -> None:
        """Stop following. Lookups still work; they catch up by themselves."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def __enter__(self) -> Self:
        """The index itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()
