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
def scan(  # noqa: PLR0913, PLR0917  arrays and numbers only: compiled code takes no objects
    codes: Any,  # noqa: ANN401  numba's arrays, here and below
    steps: Any,  # noqa: ANN401
    errors: Any,  # noqa: ANN401
    probe: Any,  # noqa: ANN401
    step: Any,  # noqa: ANN401
    grow: Any,  # noqa: ANN401
    base: Any,  # noqa: ANN401
    near: Any,  # noqa: ANN401
) -> None:
    """Mark in `near` (n) each row of `codes` (n, 128) that may reach the bar.

    Args:
        codes: int8, (n, 128).
        steps: float32, (n): what one step of a row is worth.
        errors: float32, (n): how far rounding moved each row.
        probe: int8, (128).
        step: what one step of the probe is worth.
        grow: the longest that the rounded probe can be.
        base: the bar, less what does not depend on the row.
        near: bool, (n).
    """
    width = codes.shape[1]
    for row in prange(codes.shape[0]):
        total = np.int32(0)
        for column in range(width):
            total += np.int32(np.int16(codes[row, column])) * np.int32(np.int16(probe[column]))
        near[row] = np.float32(total) * steps[row] * step + errors[row] * grow >= base
