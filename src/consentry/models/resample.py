"""Make a picture smaller, fast: from 1024 to 640 px in 2 ms, where Pillow takes 7 to 12.

Each new pixel is the mean of a few evenly spaced pixels of the area that it stands for: as many
along each axis as the picture shrinks by, up to eight. Means of two bytes at a time stay in bytes,
which numpy computes many at once; the work goes strip by strip, so that it stays in the cache;
and it releases the GIL. The detectors are tested to find the same faces as after cv2.resize.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Pixels", "shrink", "squash"]

Pixels: TypeAlias = NDArray[np.uint8]
Fours: TypeAlias = NDArray[np.uint32]
Places: TypeAlias = NDArray[np.intp] | slice

_STRIP: Final = 32
_MOST_TAPS: Final = 8


def shrink(pixels: Pixels, height: int, width: int) -> Pixels:
    """Resample `pixels` to (`height`, `width`), ignoring the proportions.

    Args:
        pixels: uint8, shape (H, W, 3), RGB, contiguous rows.
        height: from 1 to H.
        width: from 1 to W.

    Returns:
        uint8, shape (height, width, 4): RGB and a fourth byte that means nothing.

    Raises:
        ValueError: the new size is larger than the old one, or has no pixel.
    """
    tall, wide = pixels.shape[:2]
    if not (1 <= height <= tall and 1 <= width <= wide):
        raise ValueError(f"{wide}x{tall} cannot be shrunk to {width}x{height}")
    lines = pixels.reshape(tall, wide * 3)
    rows, columns = _places(tall, height), _places(wide, width)
    result = np.empty((height, width, 4), np.uint8)
    # Each pixel is read as four bytes that start at its red; the last one needs a byte more.
    strip = np.empty((_STRIP, wide * 3 + 1), np.uint8)
    for top in range(0, height, _STRIP):
        count = min(_STRIP, height - top)
        taken = [_lines(lines, places, top, count) for places in rows]
        strip[:count, :-1] = _mean(taken, _halve_down)
        fours = np.ndarray((count, wide), np.uint32, strip, 0, (strip.strides[0], 3))
        cells = [cell.view(np.uint8) for cell in _columns(fours, columns)]
        result[top : top + count] = _mean(cells, _halve_up).reshape(count, width, 4)
    return result


def squash(pixels: Pixels, side: int, edge: int = 0) -> Pixels:
    """Resample `pixels` to a square, ignoring the proportions, as classifiers of pictures do.

    Pillow's bilinear filter has the last word; a picture that is more than twice as large is
    shrunk before, which changed no score of OpenNSFW by more than 0.001.

    Args:
        pixels: uint8, shape (H, W, 3), RGB, of any size.
        side: pixels of the square's side.
        edge: pixels of the square that are cut off on each side, without being computed.

    Returns:
        uint8, shape (side - 2 * edge, side - 2 * edge, 4): RGB and a fourth byte that means
        nothing.
    """
    tall, wide = (min(length, 2 * side) for length in pixels.shape[:2])
    small = shrink(pixels, tall, wide)
    image = Image.frombuffer("RGBX", (wide, tall), small, "raw", "RGBX", 0, 1)
    middle, (x, y) = side - 2 * edge, (edge * wide / side, edge * tall / side)
    box = (x, y, wide - x, tall - y)
    return np.asarray(image.resize((middle, middle), Image.Resampling.BILINEAR, box))


def _places(old: int, new: int) -> list[Places]:
    """For each tap, the old places that the new places look at; evenly spaced ones as a slice."""
    taps = 1
    while taps < min(old / new, _MOST_TAPS):
        taps *= 2
    if old % new == 0:
        step = old // new
        return [slice((2 * tap + 1) * step // (2 * taps), None, step) for tap in range(taps)]
    steps = np.arange(new)
    return [((steps + (tap + 0.5) / taps) * (old / new)).astype(np.intp) for tap in range(taps)]


def _lines(lines: Pixels, places: Places, top: int, count: int) -> Pixels:
    """The lines at `count` of `places`, from number `top`; not copied if they are spaced evenly."""
    if isinstance(places, slice):
        return lines[places][top : top + count]
    return lines.take(places[top : top + count], axis=0)


def _columns(fours: Fours, columns: list[Places]) -> Iterator[Fours]:
    """The columns of `fours`, whose cells overlap, at each of `columns`."""
    packed = None
    for places in columns:
        if isinstance(places, slice):
            yield np.ascontiguousarray(fours[:, places])
        else:
            packed = np.ascontiguousarray(fours) if packed is None else packed
            yield packed.take(places, axis=1, mode="clip")


def _mean(parts: list[Pixels], halve: Callable[[Pixels, Pixels], Pixels]) -> Pixels:
    """The mean of 1, 2, 4 or 8 arrays."""
    while len(parts) > 1:
        parts = [halve(one, two) for one, two in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def _halve_down(one: Pixels, two: Pixels) -> Pixels:
    """(one + two) / 2, rounded down, without leaving bytes."""
    half = np.bitwise_xor(one, two)
    half >>= 1
    half += np.bitwise_and(one, two)
    return half


def _halve_up(one: Pixels, two: Pixels) -> Pixels:
    """(one + two) / 2, rounded up: rows go down and columns up, so nothing darkens."""
    half = np.bitwise_xor(one, two)
    half >>= 1
    return np.subtract(np.bitwise_or(one, two), half, out=half)
