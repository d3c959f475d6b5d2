"""The index: looks hashes up, follows the change log, and never hides that it is behind.

One `Index` per process and folder. Processes that share the folder share the memory of its
segments; each follows the log by itself, and whichever holds the lock file merges for all.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from consentry.errors import IndexBehindError, MatchIndexError
from consentry.matching.follower import Follower
from consentry.matching.index.answers import IndexOptions, IndexState, Lookup
from consentry.matching.index.log import ChangeLog, Changes
from consentry.matching.index.merge import Snapshot
from consentry.matching.index.segment import Hits
from consentry.matching.index.selfcheck import MAX_DISTANCE
from consentry.matching.index.shelf import NoShelf, Shelf

__all__ = ["Index"]

Words = NDArray[np.uint64]


class Index:
    """Exact lookups of 256-bit hashes. Safe to use from several threads."""

    def __init__(
        self, folder: Path | None, log: ChangeLog, options: IndexOptions | None = None
    ) -> None:
        """Open the index in `folder`, and build it from `log` where there is none or a bad one.

        Without a folder it lives in the memory of this process alone and leaves no trace: for
        hashes that must not lie in a file. Each lookup then compares with every one of them, about
        0.4 ms for a million.

        Raises:
            MatchIndexError: the log cannot be read, or the folder cannot be written.
        """
        self._options = options or IndexOptions()
        self._change_log = log
        self._shelf: Shelf | NoShelf = (
            NoShelf(log)
            if folder is None
            else Shelf(folder, log, self._options.writing, self._options.questions)
        )
        self._lock = threading.RLock()  # held by whoever changes `_view` or what is in it
        self._renewing = threading.Lock()  # held by whoever asks the shelf for a newer view
        self._confirmed = float("-inf")
        self._follower = Follower((self._keep_up, self.merge_if_due), self._options.poll_s)
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
        self._follower.start()

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

    def merge(self, *, thorough: bool = False) -> bool:
        """Write the delta as a segment; False when another process or thread is writing.

        Lookups go on meanwhile, here and elsewhere. With `thorough`, no file holds afterwards what
        was taken away before.

        Raises:
            MatchIndexError: the folder cannot be written.
        """
        with self._shelf.writing() as ours:
            if not ours:
                return False
            self.refresh()
            self._shelf.merge(self._snapshot(), thorough=thorough)
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
        self._follower.stop()

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
