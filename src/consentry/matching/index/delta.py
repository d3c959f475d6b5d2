"""The delta: what changed since the segments were written, in the memory of one process.

Reading needs no lock. One writer at a time adds rows and then publishes the new count, or marks
rows dead. Only replacing an entry's hash is more than one step; `View.version` guards it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consentry.matching.compiled import count_bits, kernel
from consentry.matching.index.log import Changes
from consentry.matching.index.segment import NOTHING, Hits, gather

__all__ = ["Delta", "scan"]

Words = NDArray[np.uint64]
_BLOCK = 512


@kernel
def scan(  # noqa: PLR0913, PLR0917  arrays, apart, as compiled code takes them
    hashes: Words,
    dead: NDArray[np.uint8],
    count: int,
    queries: Words,
    radius: int,
    out_query: NDArray[np.int64],
    out_row: NDArray[np.int64],
    out_distance: NDArray[np.uint8],
) -> int:
    """Compare everything with everything; `dead` has one byte per row.

    `hashes` is (4, capacity), `queries` (n, 4). Returns how many were found, written or not.
    """
    found = 0
    far = np.empty(512, np.uint16)
    for query in range(queries.shape[0]):
        q0, q1, q2, q3 = queries[query, 0], queries[query, 1], queries[query, 2], queries[query, 3]
        for start in range(0, count, 512):
            size = min(512, count - start)
            a = hashes[0, start : start + size]
            b = hashes[1, start : start + size]
            c = hashes[2, start : start + size]
            d = hashes[3, start : start + size]
            nearest = np.uint16(256)
            for i in range(size):
                off = np.uint16(
                    count_bits(a[i] ^ q0)
                    + count_bits(b[i] ^ q1)
                    + count_bits(c[i] ^ q2)
                    + count_bits(d[i] ^ q3)
                )
                far[i] = off
                nearest = min(nearest, off)
            if nearest > radius:
                continue
            for i in range(size):
                if far[i] <= radius and not dead[start + i]:
                    if found < out_row.shape[0]:
                        out_query[found] = query
                        out_row[found] = start + i
                        out_distance[found] = np.uint8(far[i])
                    found += 1
    return found


class _Rows:
    """Arrays with room to grow, and how many of their rows count."""

    __slots__ = ("count", "dead", "entry_ids", "hashes")

    def __init__(self, capacity: int) -> None:
        self.hashes = np.empty((4, capacity), np.uint64)
        self.entry_ids = np.empty(capacity, np.uint64)
        self.dead = np.zeros(capacity, np.uint8)
        self.count = 0

    def grown(self, needed: int) -> _Rows:
        """These rows, or a copy with room for `needed`."""
        if needed <= len(self.entry_ids):
            return self
        other = _Rows(max(needed, 2 * len(self.entry_ids)))
        other.hashes[:, : self.count] = self.hashes[:, : self.count]
        other.entry_ids[: self.count] = self.entry_ids[: self.count]
        other.dead[: self.count] = self.dead[: self.count]
        other.count = self.count
        return other


class Delta:
    """Entries that are in no segment yet."""

    def __init__(self) -> None:
        """Start empty."""
        self._rows = _Rows(_BLOCK)
        self._place: dict[int, int] = {}

    def __len__(self) -> int:
        """How many rows a lookup compares, dead ones included."""
        return self._rows.count

    @property
    def live(self) -> int:
        """How many entries there are."""
        return len(self._place)

    @property
    def bytes(self) -> int:
        """Memory taken by the arrays."""
        rows = self._rows
        return rows.hashes.nbytes + rows.entry_ids.nbytes + rows.dead.nbytes

    def holds_any(self, entry_ids: NDArray[np.uint64]) -> bool:
        """Whether one of them is here, or one is given twice."""
        ids = entry_ids.tolist()
        return len(set(ids)) < len(ids) or not self._place.keys().isdisjoint(ids)

    def apply(self, changes: Changes) -> None:
        """Add and take away, in order. One caller at a time."""
        start = self._append(changes)
        dead, place = self._rows.dead, self._place
        slots = start
        removed = changes.removed.tolist()
        for entry_id, gone in zip(changes.entry_ids.tolist(), removed, strict=True):
            old = place.pop(entry_id, None)
            if old is not None:
                dead[old] = 1
            if not gone:
                place[entry_id] = slots
                slots += 1

    def _append(self, changes: Changes) -> int:
        added = ~changes.removed
        count = int(added.sum())
        rows = self._rows.grown(self._rows.count + count)
        start, end = rows.count, rows.count + count
        rows.hashes[:, start:end] = changes.hashes[added].T
        rows.entry_ids[start:end] = changes.entry_ids[added]
        rows.count = end
        self._rows = rows
        return start

    def search(self, queries: Words, radius: int) -> Hits:
        """Every live entry within `radius` bits of a query, shape (n, 4)."""
        rows, count = self._rows, self._rows.count
        if not count:
            return NOTHING
        found = gather(
            len(queries),
            lambda *out: scan(rows.hashes, rows.dead, count, queries, radius, *out),
        )
        return Hits(found[0], rows.entry_ids[found[1]], found[2])

    def entries(self) -> tuple[NDArray[np.uint64], Words]:
        """The live entries in rising order of id, and their hashes, (n, 4): copies."""
        rows = self._rows
        alive = np.flatnonzero(rows.dead[: rows.count] == 0)
        order = alive[np.argsort(rows.entry_ids[alive])]
        return rows.entry_ids[order], np.ascontiguousarray(rows.hashes[:, order].T)
