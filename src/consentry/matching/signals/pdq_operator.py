"""PDQ as matrices: what 64 pixels take from a line, the cosines, and bits from frequencies.

Nothing here is compiled, so a process can begin without waiting for numba.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from consentry.matching.signals.hashes import Words

__all__ = ["COSINES", "SIDE", "Floats", "Operator", "Places", "operator", "to_bits"]

Floats = NDArray[np.float32]
Places = NDArray[np.int64]
Operator: TypeAlias = tuple[Places, Places, Floats]

SIDE: Final = 64
_SCALE = np.float32(np.sqrt(2.0 / SIDE))

COSINES: Floats = np.array(
    [
        [float(_SCALE) * np.cos((np.pi / 2 / SIDE) * (i + 1) * (2 * j + 1)) for j in range(SIDE)]
        for i in range(16)
    ],
    np.float32,
)
"""The reference's DCT matrix, shape (16, 64): frequencies 1 to 16, the constant left out."""


@lru_cache(maxsize=1024)
def operator(size: int, side: int = 0, flip: bool = False) -> Operator:  # noqa: FBT001, FBT002  a cache's key
    """What 64 output pixels take from a line of `size` pixels: first place, count, weights.

    Both box passes and the choice of every `size/64`-th pixel in one; weights of shape
    (64, widest), each row summing to 1. With `side`, the line is first brought to `side` pixels by
    nearest neighbour, and with `flip` it is turned round before anything else.
    """
    length = side or size
    taken = np.arange(length) * size // length
    rows = [_weights(length, int((k + 0.5) * length / SIDE)) for k in range(SIDE)]
    spans = [taken[start : start + len(weights)] for start, weights in rows]
    first = np.array([span[0] for span in spans], np.int64)
    count = np.array([span[-1] - span[0] + 1 for span in spans], np.int64)
    table = np.zeros((SIDE, int(count.max())), np.float32)
    for line, span, (_, weights) in zip(table, spans, rows, strict=True):
        np.add.at(line, span - span[0], weights)
    return _turned(size, first, count, table) if flip else (first, count, table)


def _turned(size: int, first: Places, count: Places, table: Floats) -> Operator:
    turned = np.zeros_like(table)
    for line, old, length in zip(turned, table, count, strict=True):
        line[:length] = old[:length][::-1]
    return size - first - count, count, turned


def _weights(size: int, centre: int) -> tuple[int, NDArray[np.float64]]:
    """The weights with which the pixel `centre` of the twice filtered line sums up that line."""
    low, high = _box(size, centre)
    start, end = _box(size, low)[0], _box(size, high)[1]
    weights = np.zeros(end - start + 1)
    for middle in range(low, high + 1):
        a, b = _box(size, middle)
        weights[a - start : b - start + 1] += 1.0 / ((high - low + 1) * (b - a + 1))
    return start, weights


def _box(size: int, centre: int) -> tuple[int, int]:
    """First and last pixel under the reference's box filter, which leans to the right."""
    window = (size + 2 * SIDE - 1) // (2 * SIDE)
    ahead = (window + 2) // 2
    return max(0, centre + ahead - window), min(size - 1, centre + ahead - 1)


def to_bits(table: Floats) -> Words:
    """The hash that belongs to `table`, (16, 16): which frequencies lie above the median."""
    flat = table.ravel()
    bits = flat > np.partition(flat, 127)[127]
    return np.packbits(bits[::-1]).view(">u8").astype(np.uint64)
