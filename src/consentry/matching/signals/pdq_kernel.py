# ruff: noqa: PLR2004  the numbers are those of PDQ, which stand in this file only
"""The arithmetic of PDQ: pixels to a 64x64 picture, that to 16x16 frequencies, those to bits.

PDQ (https://github.com/facebook/ThreatExchange/tree/main/pdq) blurs the whole picture with two
passes of a box filter and then keeps one pixel of a 64x64 grid. All of it is linear and separable,
so `fold` computes only the 4,096 pixels that are kept: about one multiplication per input byte.

`fold_exactly` does what the reference does, rounding for rounding: running sums of float32 over
every row and column. It is slower, and the two differ in the last digits. `judge` therefore says
whether any bit of the hash, or the quality, hangs on those digits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consentry.matching.compiled import kernel, loose_kernel
from consentry.matching.signals.pdq_operator import Floats, Places

__all__ = [
    "fold",
    "fold_exactly",
    "frequencies",
    "gap",
    "judge",
    "sample",
]

_LANES = 16  # rows that the exact filter handles at once: one vector of float32

Bytes = NDArray[np.uint8]


@loose_kernel
def fold(  # noqa: PLR0913, PLR0917  the operators, apart, as compiled code takes them
    pixels: Bytes,
    row_first: Places,
    row_count: Places,
    row_weight: Floats,
    col_first: Places,
    col_count: Places,
    col_weight: Floats,
    small: Floats,
) -> None:
    """Fold RGB `pixels`, shape (height, 3·width), into `small`, shape (flips, 64, 64).

    The column operators have an axis of flips in front: all of them share one walk over the pixels.
    """
    wide = pixels.shape[1]
    width = wide // 3
    column = np.empty(wide, np.float32)
    luma = np.empty(width, np.float32)
    for k in range(64):
        column[:] = 0
        for i in range(row_count[k]):
            weight = row_weight[k, i]
            if weight == 0:
                continue
            line = pixels[row_first[k] + i]
            for x in range(wide):
                column[x] += weight * np.float32(line[x])
        for x in range(width):
            luma[x] = (
                np.float32(0.299) * column[3 * x]
                + np.float32(0.587) * column[3 * x + 1]
                + np.float32(0.114) * column[3 * x + 2]
            )
        for flip in range(small.shape[0]):
            for c in range(64):
                total = np.float32(0)
                start = col_first[flip, c]
                for j in range(col_count[flip, c]):
                    total += luma[start + j] * col_weight[flip, c, j]
                small[flip, k, c] = total


@kernel
def _filter(lines: Floats, out: Floats, window: int) -> None:
    """The reference's running box filter along the first axis, all columns at once."""
    size, width = lines.shape
    ahead = (window + 2) // 2
    total = np.zeros(width, np.float32)
    count = np.float32(0)
    left = 0
    for place in range(size + ahead - 1):
        if place < size:
            for x in range(width):
                total[x] += lines[place, x]
        if place >= window:
            for x in range(width):
                total[x] -= lines[left, x]
            left += 1
        elif place < size:
            count += np.float32(1)
        if place >= size:
            count -= np.float32(1)
        if place >= ahead - 1:
            for x in range(width):
                out[place - ahead + 1, x] = total[x] / count


@kernel
def fold_exactly(  # noqa: C901  plain loops, in the order of the reference
    pixels: Bytes, small: Floats
) -> None:
    """The same as `fold`, with every rounding of the reference; `pixels` (height, width, 3)."""
    height, width = pixels.shape[0], pixels.shape[1]
    plain = height == 64 and width == 64
    luma = np.empty((height, width), np.float32)
    blurred = np.empty((height, width), np.float32)
    across = np.empty((width, 16), np.float32)
    turned = np.empty((width, 16), np.float32)
    for y in range(height):
        for x in range(width):
            r, g, b = float(pixels[y, x, 0]), float(pixels[y, x, 1]), float(pixels[y, x, 2])
            luma[y, x] = np.float32((r * 0.299 + g * 0.587) + b * 0.114)
    for _ in range(0 if plain else 2):
        for top in range(0, height, 16):
            rows = min(16, height - top)
            across[:] = 0
            for x in range(width):
                for lane in range(rows):
                    across[x, lane] = luma[top + lane, x]
            _filter(across, turned, (width + 127) // 128)
            for lane in range(rows):
                for x in range(width):
                    blurred[top + lane, x] = turned[x, lane]
        _filter(blurred, luma, (height + 127) // 128)
    for i in range(64):
        for j in range(64):
            small[i, j] = luma[int((i + 0.5) * height / 64), int((j + 0.5) * width / 64)]


@kernel
def sample(pixels: Bytes, out: Bytes) -> None:
    """Take the nearest pixel, rounding down, as CImg's default `resize` does."""
    height, width = pixels.shape[0], pixels.shape[1]
    rows, columns = out.shape[0], out.shape[1]
    places = np.empty(columns, np.int64)
    for x in range(columns):
        places[x] = x * width // columns
    for y in range(rows):
        line = pixels[y * height // rows]
        for x in range(columns):
            place = places[x]
            out[y, x, 0] = line[place, 0]
            out[y, x, 1] = line[place, 1]
            out[y, x, 2] = line[place, 2]


@kernel
def frequencies(small: Floats, cosines: Floats, out: Floats) -> None:
    """The 16x16 lowest frequencies of `small`, added up in the reference's order."""
    half = np.zeros((16, 64), np.float32)
    for i in range(16):
        for k in range(64):
            for j in range(64):
                half[i, j] += cosines[i, k] * small[k, j]
    out[:] = 0
    for i in range(16):
        for k in range(64):
            for j in range(16):
                out[i, j] += half[i, k] * cosines[j, k]


@kernel
def gap(table: Floats) -> float:
    """How far apart the 128 higher and the 128 lower frequencies are: what separates 1 from 0."""
    ordered = np.sort(table.ravel())
    return float(ordered[128] - ordered[127])


@kernel
def _steps(difference: np.float32) -> int:
    return abs(int((difference * np.float32(100)) / np.float32(255)))


@kernel
def judge(small: Floats, slack: float) -> tuple[int, int]:
    """The quality of `small`, and the quality if every pixel were `slack` grey levels off.

    Two numbers from 0 to 100: the lowest and the highest that rounding can make of it.
    """
    low, high = 0, 0
    near = np.float32(2 * slack)
    for i in range(64):
        for j in range(64):
            if i < 63:
                step = abs(small[i, j] - small[i + 1, j])
                low += _steps(max(step - near, np.float32(0)))
                high += _steps(step + near)
            if j < 63:
                step = abs(small[i, j] - small[i, j + 1])
                low += _steps(max(step - near, np.float32(0)))
                high += _steps(step + near)
    return min(low // 90, 100), min(high // 90, 100)
