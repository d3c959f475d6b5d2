"""A segment: an immutable, memory-mapped set of hashes that all processes share.

Two layouts answer alike: `fast` (164 bytes a hash) and `compact` (84 bytes, some times slower).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from consentry.errors import IndexDamagedError
from consentry.matching.index import compact_tables, tables
from consentry.matching.index.segment_file import Arrays, Shapes, read_segment, write_segment

__all__ = ["NOTHING", "Hits", "Layout", "Segment", "build_segment", "gather"]

Layout: TypeAlias = Literal["fast", "compact"]
Words: TypeAlias = NDArray[np.uint64]

MAX_ENTRIES = 2**32 - 1
_FIRST_GUESS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Matches as arrays of equal length.

    Attributes:
        queries: int64, which of the queries.
        entry_ids: uint64, which entry.
        distances: uint8, bits apart.
    """

    queries: NDArray[np.int64]
    entry_ids: NDArray[np.uint64]
    distances: NDArray[np.uint8]


NOTHING = Hits(np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, np.uint8))
"""No match."""
for _array in (NOTHING.queries, NOTHING.entry_ids, NOTHING.distances):
    _array.flags.writeable = False


def gather(
    queries: int, search: Callable[[Any, Any, Any], int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Run `search` with output arrays that are long enough for everything it finds."""
    room = _FIRST_GUESS + queries
    while True:
        found_queries, rows = np.empty(room, np.int64), np.empty(room, np.int64)
        distances = np.empty(room, np.uint8)
        found = search(found_queries, rows, distances)
        if found <= room:
            return found_queries[:found], rows[:found], distances[:found]
        room = found


class Segment:
    """An open segment. It stays mapped for as long as somebody holds it.

    Attributes:
        name: of its file.
        arrays: `hashes` (n, 4), `entry_ids` (n, rising, less the first one), and the tables.
        hashes: the same as in `arrays`.
        bytes: size of the file.
    """

    def __init__(self, path: Path) -> None:
        """Map the file and check it.

        Raises:
            IndexDamagedError: it is missing, torn or altered.
        """
        facts, self.arrays = read_segment(path)
        self.name = path.name
        self.bytes = path.stat().st_size
        self.layout: Layout = facts["layout"]
        if self.layout not in ("fast", "compact"):
            raise IndexDamagedError(f"The index file {path.name} has an unknown layout.")
        self.hashes: Words = self.arrays["hashes"]
        self._base = np.uint64(facts["base"])
        self._offsets: NDArray[np.unsignedinteger] = self.arrays["entry_ids"]

    def __len__(self) -> int:
        """How many entries, dead ones included."""
        return len(self._offsets)

    def entry_ids(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> NDArray[np.uint64]:
        """The entries of some rows, by place or by mask."""
        ids: NDArray[np.uint64] = self._offsets[rows] + self._base
        return ids

    def places(self, entry_ids: NDArray[np.uint64]) -> NDArray[np.intp]:
        """The rows of those of `entry_ids` that are here."""
        if not len(self) or not len(entry_ids):
            return np.empty(0, np.intp)
        last = self._base + np.uint64(self._offsets[-1])
        inside = entry_ids[(entry_ids >= self._base) & (entry_ids <= last)]
        # Of the same type as what is searched, or all of that would be copied to convert it.
        candidates = (inside - self._base).astype(self._offsets.dtype)
        rows: NDArray[np.intp] = np.searchsorted(self._offsets, candidates)
        here: NDArray[np.bool_] = self._offsets[rows] == candidates
        return rows[here]

    def search(self, queries: Words, radius: int, dead: NDArray[np.uint8]) -> Hits:
        """Every live entry within `radius` (0 to 31) bits of a query, shape (n, 4)."""
        a = self.arrays
        if self.layout == "fast":
            found = gather(
                len(queries),
                lambda *out: tables.search_tables(
                    self.hashes, a["starts"], a["sketches"], a["rows"], dead, queries, radius, *out
                ),
            )
        else:
            limits = compact_tables.LIMITS
            found = gather(
                len(queries),
                lambda *out: compact_tables.search_tables(
                    self.hashes, a["starts"], a["rows"], limits, dead, queries, radius, *out
                ),
            )
        if not len(found[0]):
            return NOTHING
        return Hits(found[0], self.entry_ids(found[1]), found[2])


def build_segment(
    path: Path,
    entry_ids: NDArray[np.uint64],
    hashes: Words,
    layout: Layout,
    threads: int = 1,
) -> None:
    """Write a segment of entries, in rising order of id, each id once.

    The tables are built in the mapped file itself: what it takes beyond the two arrays given is
    page cache, which the system can write out.
    """
    count = len(entry_ids)
    if count > MAX_ENTRIES:
        raise ValueError("a segment holds at most 2^32 - 1 entries")
    base = int(entry_ids[0]) if count else 0
    narrow = not count or int(entry_ids[-1]) - base < 2**32
    shapes, fill_table = (_fast if layout == "fast" else _compact)(count)
    shapes = {**shapes, "entry_ids": ((count,), "<u4" if narrow else "<u8")}

    def fill(arrays: Arrays) -> None:
        arrays["hashes"][:] = hashes
        arrays["entry_ids"][:] = entry_ids - np.uint64(base)
        total = tables.TABLES if layout == "fast" else compact_tables.TABLES
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda table: fill_table(arrays, hashes, table), range(total)))

    write_segment(path, {"layout": layout, "entries": count, "base": base}, shapes, fill)


_FillTable: TypeAlias = Callable[[Arrays, Words, int], None]


def _fast(count: int) -> tuple[Shapes, _FillTable]:
    shapes = {
        "hashes": ((count, 4), "<u8"),
        "starts": ((tables.TABLES, tables.KEYS + 1), "<u4"),
        "sketches": ((tables.TABLES, count), "<u4"),
        "rows": ((tables.TABLES, count), "<u4"),
    }

    def fill(arrays: Arrays, hashes: Words, table: int) -> None:
        starts, sketches, rows = arrays["starts"], arrays["sketches"], arrays["rows"]
        tables.build_table(hashes, table, starts[table], sketches[table], rows[table])

    return shapes, fill


def _compact(count: int) -> tuple[Shapes, _FillTable]:
    shapes = {
        "hashes": ((count, 4), "<u8"),
        "starts": ((compact_tables.starts_size(),), "<u4"),
        "rows": ((compact_tables.TABLES, count), "<u4"),
    }

    def fill(arrays: Arrays, hashes: Words, table: int) -> None:
        low, high = (int(bit) for bit in compact_tables.LIMITS[table : table + 2])
        widths = np.diff(compact_tables.LIMITS[: table + 1])
        base = int(sum(1 + (1 << int(width)) for width in widths))
        starts = arrays["starts"][base : base + 1 + (1 << (high - low))]
        compact_tables.build_table(hashes, low, high, starts, arrays["rows"][table])

    return shapes, fill
