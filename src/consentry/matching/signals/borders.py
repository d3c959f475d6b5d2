"""Borders of one colour: found and taken away, so that what is inside can be compared.

PDQ forgives a border as little as a crop, and one is added in a moment. Unlike a crop, it can be
undone on the side of the lookup, and where there is none to be seen nothing is spent on it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from consentry.matching.signals.contract import Pixels

__all__ = ["without_border"]

TOLERANCE: Final = 24
"""Grey levels that a line of the border may stray from its colour: compression leaves such."""
_LEAST: Final = 0.01
"""Part of the side below which PDQ forgives a border."""
_INSIDE: Final = 0.25
"""Part of each side that must be left: else it is a picture on an empty page."""
_STEP: Final = 4
"""Every so many pixels along a line are looked at."""


def without_border(pixels: Pixels) -> Pixels | None:
    """What is inside the border of `pixels`, (height, width, 3); None where there is none."""
    height, width = pixels.shape[:2]
    top, bottom = _lines(pixels), _lines(pixels[::-1])
    sideways = pixels.transpose(1, 0, 2)
    left, right = _lines(sideways), _lines(sideways[::-1])
    slim = max(top, bottom) < _LEAST * height and max(left, right) < _LEAST * width
    rows, columns = height - top - bottom, width - left - right
    if slim or rows < _INSIDE * height or columns < _INSIDE * width:
        return None
    return np.ascontiguousarray(pixels[top : height - bottom, left : width - right])


def _lines(pixels: Pixels) -> int:
    """How many lines from the first on have the colour of the very first pixels."""
    first = pixels[0, ::_STEP]
    if (np.ptp(first, axis=0) > 2 * TOLERANCE).any():
        return 0  # nearly every photo, at next to no cost
    colour = np.median(first, axis=0)
    step = 32
    for start in range(0, len(pixels), step):
        lines = pixels[start : start + step, ::_STEP].astype(np.int16)
        other = (np.abs(lines - colour) > TOLERANCE).any(axis=(1, 2))
        if other.any():
            return start + int(other.argmax())
    return len(pixels)
