"""What goes into an index and comes out of it: options, answers, state."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from consentry.matching.index.merge import Writing

__all__ = ["IndexOptions", "IndexState", "Lookup"]


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
