"""The compiled comparison of 8-bit templates: sums of products, all rows, on all processors.

The loop is plain so that the compiler makes vector code of it; int32 holds the sum of 128 products
of bytes with room to spare.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

__all__ = ["scan"]


@njit(parallel=True, cache=True, nogil=True)
def scan(codes: Any, probe: Any, steps: Any, out: Any) -> None:  # noqa: ANN401  numba's arrays
    """Write the rough cosine of each row of `codes` (n, 128) with `probe` (128) to `out` (n)."""
    width = codes.shape[1]
    for row in prange(codes.shape[0]):
        total = np.int32(0)
        for column in range(width):
            total += np.int32(np.int16(codes[row, column])) * np.int32(np.int16(probe[column]))
        out[row] = np.float32(total) * steps[row]
