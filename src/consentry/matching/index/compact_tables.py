# ruff: noqa: PLR2004  the numbers are the widths and radii that this file is about
"""Twelve tables without sketches: the same exact answers in less memory, and slower.

Eight tables of 21 bits are searched up to two bits off, four tables of 22 bits up to one bit off.
Were a hash further off in every table, it would be at least 8·3 + 4·2 = 32 bits off in all.
Worth it from two million hashes: the tables' own size, 134 MB, does not shrink with fewer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consentry.matching.compiled import count_bits, kernel, prefetch, signed

__all__ = ["LIMITS", "TABLES", "build_table", "search_tables", "starts_size"]

TABLES = 12
Words = NDArray[np.uint64]
Cells = NDArray[np.uint32]
Bytes = NDArray[np.uint8]

LIMITS = np.array([*range(0, 169, 21), *range(190, 257, 22)], np.int64)
"""Table t covers the bits LIMITS[t] to LIMITS[t + 1]."""


def starts_size() -> int:
    """How many uint32 the bucket starts of all tables take."""
    return int(sum(1 + (1 << int(width)) for width in np.diff(LIMITS)))


@kernel
def _key(hashes: Words, row: int, low: int, high: int) -> int:
    """Bits `low` to `high` of a hash, counted from the most significant."""
    word, bit = low >> 6, low & 63
    value = hashes[row, word] << np.uint64(bit)
    if bit + high - low > 64:
        value |= hashes[row, word + 1] >> np.uint64(64 - bit)
    return signed(value >> np.uint64(64 - (high - low)))


@kernel
def build_table(hashes: Words, low: int, high: int, starts: Cells, rows: Cells) -> None:
    """Sort the rows of `hashes` by their bits `low` to `high`; `starts` has 2^(high-low) + 1."""
    starts[:] = 0
    for row in range(hashes.shape[0]):
        starts[_key(hashes, row, low, high) + 1] += np.uint32(1)
    for key in range(starts.shape[0] - 1):
        starts[key + 1] += starts[key]
    places = starts[:-1].copy()
    for row in range(hashes.shape[0]):
        key = _key(hashes, row, low, high)
        rows[places[key]] = np.uint32(row)
        places[key] += np.uint32(1)


@kernel
def _near(width: int, most: int, out: NDArray[np.int64]) -> int:
    """Every mask of `width` bits with at most `most` (1 or 2) bits set; gives their number."""
    out[0] = 0
    count = 1
    for i in range(width):
        out[count] = 1 << i
        count += 1
        for j in range(i if most == 2 else 0):
            out[count] = (1 << i) | (1 << j)
            count += 1
    return count


@kernel
def _distance(hashes: Words, row: int, queries: Words, query: int) -> int:
    total = np.uint64(0)
    for word in range(4):
        total += count_bits(hashes[row, word] ^ queries[query, word])
    return signed(total)


@kernel
def _earlier(  # noqa: PLR0913, PLR0917  arrays, apart, as compiled code takes them
    hashes: Words, row: int, queries: Words, query: int, table: int, limits: NDArray[np.int64]
) -> bool:
    """Whether a table before `table` finds this hash too."""
    for other in range(table):
        low, high = limits[other], limits[other + 1]
        off = _key(hashes, row, low, high) ^ _key(queries, query, low, high)
        if count_bits(np.uint64(off)) <= (2 if other < 8 else 1):
            return True
    return False


@kernel
def search_tables(  # noqa: C901, PLR0913, PLR0917  one loop nest: split, it would not be compiled into one
    hashes: Words,
    starts: Cells,
    rows: Cells,
    limits: NDArray[np.int64],
    dead: Bytes,
    queries: Words,
    radius: int,
    out_query: NDArray[np.int64],
    out_row: NDArray[np.int64],
    out_distance: Bytes,
) -> int:
    """Every (query, row) within `radius` bits, 0 to 31; `dead` has one bit per row.

    `starts` holds all tables one after another. Returns how many there are; what does not fit the
    outputs is counted, not written.
    """
    found = 0
    flat = hashes.reshape(-1)
    masks = np.empty(256, np.int64)
    first = np.empty(256, np.int64)
    last = np.empty(256, np.int64)
    for query in range(queries.shape[0]):
        base = 0
        for table in range(12):
            low, high = limits[table], limits[table + 1]
            key = _key(queries, query, low, high)
            probes = _near(high - low, 2 if table < 8 else 1, masks)
            for probe in range(probes):
                prefetch(starts, base + (key ^ masks[probe]))
            for probe in range(probes):
                near = base + (key ^ masks[probe])
                first[probe], last[probe] = signed(starts[near]), signed(starts[near + 1])
                prefetch(rows[table], first[probe])
            for probe in range(probes):
                for place in range(first[probe], last[probe]):
                    prefetch(flat, signed(rows[table, place]) * 4)
            for probe in range(probes):
                for place in range(first[probe], last[probe]):
                    row = signed(rows[table, place])
                    off = _distance(hashes, row, queries, query)
                    if off > radius or dead[row >> 3] >> (row & 7) & 1:
                        continue
                    if _earlier(hashes, row, queries, query, table, limits):
                        continue
                    if found < out_row.shape[0]:
                        out_query[found] = query
                        out_row[found] = row
                        out_distance[found] = np.uint8(off)
                    found += 1
            base += (1 << (high - low)) + 1
    return found
