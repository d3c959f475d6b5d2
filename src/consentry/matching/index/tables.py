# ruff: noqa: PLR2004  16 chunks of 16 bits are what this file is about
"""Sixteen tables that find every hash within 31 bits, exactly: how they are built and searched.

A hash is 16 chunks of 16 bits. If two hashes differ in at most R bits, the chunks' differences
d0 … d15 add up to at most R. Going round the ring of chunks, there is always a chunk t from where
every partial sum stays at or below its fair share: d_t + … + d_(t+k-1) ≤ k·R/16 for all k (start
after the place where the sum runs furthest ahead of the average). So it is enough to look, in
each table t, at hashes whose chunk t is within R/16 bits of the query's (none or one bit off) and
whose chunks t, t+1 and t+2 are together within 3·R/16 (at most 5). Each table keeps its
hashes sorted by chunk t, with the two following chunks beside them as a 32-bit sketch: a bucket is
scanned four bytes a hash, and one in 17,000 random hashes is looked at in full.

Nothing is approximate: a hash within R bits passes this test in at least one table. It is
reported by the first table that it passes, so it is reported once, without a list of those seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consentry.matching.compiled import count_bits, kernel, prefetch, signed

__all__ = ["KEYS", "TABLES", "build_table", "search_tables"]

TABLES = 16
KEYS = 1 << 16

Words = NDArray[np.uint64]
Cells = NDArray[np.uint32]
Bytes = NDArray[np.uint8]


@kernel
def _chunk(hashes: Words, row: int, table: int) -> int:
    """Chunk `table` of a hash, the first being the most significant 16 bits."""
    word = hashes[row, table >> 2] >> np.uint64(48 - 16 * (table & 3))
    return signed(word & np.uint64(0xFFFF))


@kernel
def build_table(hashes: Words, table: int, starts: Cells, sketches: Cells, rows: Cells) -> None:
    """Sort `hashes`, shape (n, 4), by chunk `table`.

    Fills `starts` (65,537: where the bucket of each key begins), `sketches` (n: the two following
    chunks) and `rows` (n: whose they are).
    """
    count = hashes.shape[0]
    starts[:] = 0
    for row in range(count):
        starts[_chunk(hashes, row, table) + 1] += np.uint32(1)
    for key in range(65536):
        starts[key + 1] += starts[key]
    # By the key's upper byte first and by its lower byte then: 65,536 places to write to at a time
    # would miss the cache nearly always, 256 do not.
    upper = starts[0:65536:256].copy()
    cells = np.empty(count, np.uint32)
    whose = np.empty(count, np.uint32)
    lower_bytes = np.empty(count, np.uint8)
    for row in range(count):
        key = _chunk(hashes, row, table)
        place = upper[key >> 8]
        upper[key >> 8] = place + np.uint32(1)
        second = _chunk(hashes, row, (table + 1) & 15)
        third = _chunk(hashes, row, (table + 2) & 15)
        cells[place] = np.uint32(second << 16 | third)
        whose[place] = np.uint32(row)
        lower_bytes[place] = np.uint8(key & 255)
    lower = starts[:65536].copy()
    for group in range(0, 65536, 256):
        for source in range(signed(starts[group]), signed(starts[group + 256])):
            key = group + lower_bytes[source]
            place = lower[key]
            lower[key] = place + np.uint32(1)
            sketches[place] = cells[source]
            rows[place] = whose[source]


@kernel
def _off(one: Words, i: int, other: Words, j: int, table: int) -> int:
    return signed(count_bits(np.uint64(_chunk(one, i, table) ^ _chunk(other, j, table))))


@kernel
def _passes(  # noqa: PLR0913, PLR0917  arrays, apart, as compiled code takes them
    hashes: Words, row: int, queries: Words, query: int, table: int, radius: int
) -> bool:
    """Whether this table finds this hash for this query."""
    off = _off(hashes, row, queries, query, table)
    if off > radius // 16:
        return False
    off += _off(hashes, row, queries, query, (table + 1) & 15)
    off += _off(hashes, row, queries, query, (table + 2) & 15)
    return off <= 3 * radius // 16


@kernel
def _distance(hashes: Words, row: int, queries: Words, query: int) -> int:
    total = np.uint64(0)
    for word in range(4):
        total += count_bits(hashes[row, word] ^ queries[query, word])
    return signed(total)


@kernel
def search_tables(  # noqa: C901, PLR0912, PLR0913, PLR0917  one loop nest: split, it would not be compiled into one
    hashes: Words,
    starts: Cells,
    sketches: Cells,
    rows: Cells,
    dead: Bytes,
    queries: Words,
    radius: int,
    out_query: NDArray[np.int64],
    out_row: NDArray[np.int64],
    out_distance: Bytes,
) -> int:
    """Every (query, row) within `radius` bits, 0 to 31; `dead` has one bit per row.

    Returns how many there are; what does not fit the outputs is counted, not written.
    """
    found = 0
    per_table = 17 if radius >= 16 else 1
    first = np.empty((16, 17), np.int64)
    last = np.empty((16, 17), np.int64)
    for query in range(queries.shape[0]):
        for table in range(16):
            key = _chunk(queries, query, table)
            line = starts[table]
            prefetch(line, key)
            for bit in range(4, per_table - 1):
                prefetch(line, key ^ (1 << bit))
        for table in range(16):
            key = _chunk(queries, query, table)
            line = starts[table]
            cells = sketches[table]
            for probe in range(per_table):
                near = key if probe == 0 else key ^ (1 << (probe - 1))
                a, b = signed(line[near]), signed(line[near + 1])
                first[table, probe], last[table, probe] = a, b
                if a < b:
                    prefetch(cells, a)
        for table in range(16):
            second = _chunk(queries, query, (table + 1) & 15)
            third = _chunk(queries, query, (table + 2) & 15)
            sketch = np.uint32(second << 16 | third)
            for probe in range(per_table):
                a, b = first[table, probe], last[table, probe]
                if a == b:
                    continue
                limit = np.uint32(3 * radius // 16 - (1 if probe else 0))
                bucket = sketches[table, a:b]
                promising = np.uint32(0)
                for cell in bucket:
                    promising |= np.uint32(count_bits(np.uint32(cell ^ sketch)) <= limit)
                if promising == 0:
                    continue
                for place in range(b - a):
                    if count_bits(np.uint32(bucket[place] ^ sketch)) > limit:
                        continue
                    row = signed(rows[table, a + place])
                    off = _distance(hashes, row, queries, query)
                    if off > radius or dead[row >> 3] >> (row & 7) & 1:
                        continue
                    earlier = False
                    for other in range(table):
                        if _passes(hashes, row, queries, query, other, radius):
                            earlier = True
                            break
                    if earlier:
                        continue
                    if found < out_row.shape[0]:
                        out_query[found] = query
                        out_row[found] = row
                        out_distance[found] = np.uint8(off)
                    found += 1
    return found
