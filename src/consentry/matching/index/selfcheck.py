"""The self-check: an index is asked questions whose answers are known from comparing everything.

It runs over a sample whenever segments are opened. An index that fails it is not used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consentry.errors import IndexDamagedError
from consentry.matching.compiled import count_bits, kernel
from consentry.matching.index.view import LiveSegment

__all__ = ["all_distances", "check_segment", "disturbed"]

Words = NDArray[np.uint64]
MAX_DISTANCE = 31


@kernel
def all_distances(hashes: Words, query: Words, out: NDArray[np.uint16]) -> None:
    """How many bits each of `hashes`, shape (n, 4), is off `query`, shape (4,)."""
    for row in range(hashes.shape[0]):
        out[row] = np.uint16(
            count_bits(hashes[row, 0] ^ query[0])
            + count_bits(hashes[row, 1] ^ query[1])
            + count_bits(hashes[row, 2] ^ query[2])
            + count_bits(hashes[row, 3] ^ query[3])
        )


def disturbed(hashes: Words, bits: NDArray[np.int64], random: np.random.Generator) -> Words:
    """Each of `hashes` with `bits[i]` randomly chosen bits turned over."""
    ranks = np.argsort(random.random((len(hashes), 256)), axis=1)
    mask = np.packbits(ranks < np.asarray(bits)[:, None], axis=1)
    words: Words = hashes ^ mask.view(">u8").astype(np.uint64)
    return words


def check_segment(live: LiveSegment, questions: int, random: np.random.Generator) -> None:
    """Ask for copies of stored hashes, up to 31 bits off, and compare with brute force.

    Raises:
        IndexDamagedError: an answer is wrong.
    """
    segment = live.segment
    if not len(segment):
        return
    rows = random.integers(0, len(segment), questions)
    bits = random.integers(0, MAX_DISTANCE + 1, questions)
    queries = disturbed(segment.hashes[rows], bits, random)
    hits = segment.search(queries, MAX_DISTANCE, live.dead)
    alive = np.unpackbits(live.dead, count=len(segment), bitorder="little") == 0
    distances = np.empty(len(segment), np.uint16)
    for place, query in enumerate(queries):
        all_distances(segment.hashes, query, distances)
        expected = np.flatnonzero((distances <= MAX_DISTANCE) & alive)
        here = hits.queries == place
        found = dict(zip(hits.entry_ids[here].tolist(), hits.distances[here].tolist(), strict=True))
        ids = segment.entry_ids(expected).tolist()
        if found != dict(zip(ids, distances[expected].tolist(), strict=True)):
            raise IndexDamagedError(f"The index file {segment.name} gives wrong answers.")
