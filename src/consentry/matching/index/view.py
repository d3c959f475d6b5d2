"""A view: the segments in force and the delta on top of them; what a lookup reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from consentry.matching.index.delta import Delta
from consentry.matching.index.log import Changes
from consentry.matching.index.manifest import Listed, Manifest, read_dead
from consentry.matching.index.segment import NOTHING, Hits, Segment

__all__ = ["LiveSegment", "View", "open_view"]

Words = NDArray[np.uint64]


class LiveSegment:
    """A segment and which of its rows are dead by now, as this process knows it.

    Attributes:
        segment: shared and immutable.
        listed: how the manifest lists it.
        dead: one bit per row; this process's own.
        dead_count: how many are set.
        written_dead: how many were set when the manifest was written.
    """

    def __init__(self, segment: Segment, listed: Listed, dead: NDArray[np.uint8]) -> None:
        """Start from what the manifest says."""
        self.segment = segment
        self.listed = listed
        self.dead = dead
        self.dead_count = int(np.bitwise_count(dead).sum())
        self.written_dead = self.dead_count

    def kill(self, entry_ids: NDArray[np.uint64]) -> None:
        """Mark those of `entry_ids` that are here as dead. One caller at a time."""
        rows = np.unique(self.segment.places(entry_ids))
        if not len(rows):
            return
        bits = np.left_shift(1, rows & 7).astype(np.uint8)
        self.dead_count += int(((self.dead[rows >> 3] & bits) == 0).sum())
        np.bitwise_or.at(self.dead, rows >> 3, bits)

    @property
    def live(self) -> int:
        """How many entries a lookup can find here."""
        return len(self.segment) - self.dead_count


class View:
    """Everything that is known up to `sequence`.

    Attributes:
        manifest: what it started from.
        segments: in force.
        delta: changes since `manifest.sequence`.
        tail: the same changes as they were read, to start again from a newer manifest.
        sequence: the last change that is in.
        pending: how many changes the tail holds.
        version: odd while the hash of an entry is being replaced by another.
    """

    def __init__(self, manifest: Manifest, segments: tuple[LiveSegment, ...]) -> None:
        """Start with an empty delta."""
        self.manifest = manifest
        self.segments = segments
        self.delta = Delta()
        self.tail: list[Changes] = []
        self.sequence = manifest.sequence
        self.pending = 0
        self.version = 0

    def __len__(self) -> int:
        """How many entries are known."""
        return self.delta.live + sum(live.live for live in self.segments)

    def apply(self, changes: Changes) -> None:
        """Take in the next changes. One caller at a time; readers need not wait."""
        if not len(changes):
            return
        replacing = self._replaces(changes)
        self.version += replacing
        self.delta.apply(changes)
        for live in self.segments:
            live.kill(changes.entry_ids)
        self.version += replacing
        self.tail.append(changes)
        self.pending += len(changes)
        self.sequence = int(changes.sequences[-1])

    def _replaces(self, changes: Changes) -> bool:
        """Whether an entry gets another hash, so that a reader might see neither."""
        added = changes.entry_ids[~changes.removed]
        inside = any(len(live.segment.places(added)) for live in self.segments)
        return inside or self.delta.holds_any(added)

    def search(self, queries: Words, radius: int) -> Hits | None:
        """Every entry within `radius` bits of a query; by query, then distance, then id.

        None when an entry was being replaced meanwhile: ask again.
        """
        version = self.version
        parts = [live.segment.search(queries, radius, live.dead) for live in self.segments]
        parts.append(self.delta.search(queries, radius))
        if version % 2 or version != self.version:
            return None
        parts = [part for part in parts if len(part.queries)]
        return _sorted(parts) if parts else NOTHING

    def changes_after(self, sequence: int) -> Changes:
        """The part of the tail above `sequence`."""
        tail = Changes.joined(self.tail)
        return tail.where(tail.sequences > sequence)


def _sorted(parts: list[Hits]) -> Hits:
    which = np.concatenate([part.queries for part in parts])
    entry_ids = np.concatenate([part.entry_ids for part in parts])
    distances = np.concatenate([part.distances for part in parts])
    order = np.lexsort((entry_ids, distances, which))
    return Hits(which[order], entry_ids[order], distances[order])


def open_view(folder: Path, manifest: Manifest, known: tuple[LiveSegment, ...] = ()) -> View:
    """Open what `manifest` names; segments that are in `known` are not opened again.

    Raises:
        IndexDamagedError: a file is missing, torn or altered.
    """
    by_name = {live.segment.name: live.segment for live in known}
    segments = []
    for listed in manifest.segments:
        segment = by_name.get(listed.file) or Segment(folder / listed.file)
        segments.append(LiveSegment(segment, listed, read_dead(folder, listed)))
    return View(manifest, tuple(segments))
