"""Hashes of the crops that people make most, so that a cropped copy of a banked picture is found.

PDQ forgives a crop of 1 to 2 % and no more. A crop cannot be undone on the side of the lookup, so
crops are banked: of the picture that the bank was given, where it was given one. Each is 2 %
from the next, so every crop of its kind lies within 1 % of one of them.

Three kinds: one side cut, two opposite sides cut alike (another aspect ratio), all sides cut alike
(a border). Cuts of several sides by different amounts are not covered: that takes four numbers,
about 50,000 hashes a picture. docs/guide/matching.md has what was measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np

from consentry.matching.signals.contract import Pixels
from consentry.matching.signals.pdq import hash_full
from consentry.matching.signals.variants import Probe

__all__ = ["Cut", "crop", "crop_set", "cuts"]

Cut: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom: which part of the width or height is cut away there."""

STEP: Final = 0.02
DEEPEST: Final = 0.32


def cuts() -> Iterator[Cut]:
    """The crops that are banked: 7 for each of 16 depths."""
    for depth in np.arange(1, round(DEEPEST / STEP) + 1) * STEP:
        part, half = float(depth), float(depth) / 2
        yield from ((part, 0, 0, 0), (0, part, 0, 0), (0, 0, part, 0), (0, 0, 0, part))
        yield from ((half, 0, half, 0), (0, half, 0, half), (half, half, half, half))


def crop(pixels: Pixels, cut: Cut) -> Pixels:
    """What is left of `pixels`, (height, width, 3), when `cut` is taken away; rounded to pixels."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = cut
    rows = slice(round(height * top), round(height * (1 - bottom)))
    columns = slice(round(width * left), round(width * (1 - right)))
    return np.ascontiguousarray(pixels[rows, columns])


def crop_set(pixels: Pixels) -> tuple[Probe, ...]:
    """Up to 112 further hashes to bank for an upright picture; poor ones are left out."""
    found = (hash_full(crop(pixels, cut)) for cut in cuts())
    probes = (Probe(pdq.words, "cropped", "full", pdq.quality) for pdq in found)
    return tuple(probe for probe in probes if probe.hashable)
