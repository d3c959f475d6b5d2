"""The lookup set by plain matrix arithmetic: for a process that has not loaded what is compiled.

To load numba and the kernels takes half a second, and these 16 hashes of a picture of 1024 pixels
take about 6 ms where the kernels take 1.3: so one picture should not wait for them. The hashes are
those of `lookup_set` but for a bit that hangs on rounding, which a lookup forgives.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from consentry.matching.signals.contract import Pixels
from consentry.matching.signals.pdq_operator import COSINES, SIDE, Floats, operator, to_bits
from consentry.matching.signals.probes import FLIPS, Probe

__all__ = ["plain_lookup_set"]

_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
_BLOCK: Final = 1 << 14  # numbers at a time: so few that the product stays in one thread
_THUMBNAIL_SIDE: Final = 512
_MIN_SIDE: Final = 5


def plain_lookup_set(pixels: Pixels) -> tuple[Probe, ...]:
    """As `variants.lookup_set`; `pixels` uint8, shape (height, width, 3), RGB."""
    longer, shorter = max(pixels.shape[:2]), min(pixels.shape[:2])
    sides = {"full": 0, "thumbnail": _THUMBNAIL_SIDE} if longer > _THUMBNAIL_SIDE else {"full": 0}
    smalls = dict(zip(sides, _fold(pixels, tuple(sides.values())), strict=True))
    if shorter < _MIN_SIDE:
        smalls["full"][:] = 0  # as in the reference: hash zero, quality zero
    return tuple(probe for name, folded in smalls.items() for probe in _probes(folded, name))


def _fold(pixels: Pixels, sides: tuple[int, ...]) -> list[Floats]:
    """For each pipeline the four flips of the 64x64 picture, shape (128, 128)."""
    height, width = pixels.shape[:2]
    rows = np.concatenate([_matrix(height, side) for side in sides])
    folded = np.zeros((len(rows), width), np.float32)
    step = max(4, _BLOCK // width)
    for top in range(0, height, step):
        luma = pixels[top : top + step].astype(np.float32) @ _LUMA
        _add_product(rows[:, top : top + step], luma, folded)
    return [
        _across(part, _matrix(width, side))
        for part, side in zip(np.split(folded, len(sides)), sides, strict=True)
    ]


def _across(lines: Floats, columns: Floats) -> Floats:
    turned = np.zeros((len(columns), len(lines)), np.float32)
    step = _BLOCK // len(lines)
    for left in range(0, lines.shape[1], step):
        part = np.s_[:, left : left + step]
        _add_product(columns[part], lines[part].T, turned)
    return turned.T


def _add_product(some: Floats, block: Floats, total: Floats) -> None:
    """Add `some @ block`: most lines of an operator have nothing there and are passed over."""
    touched = some.any(axis=1)
    total[touched] += some[touched] @ block


def _matrix(size: int, side: int) -> Floats:
    """The operator and its flip as one matrix, shape (128, size)."""
    matrix = np.zeros((2 * SIDE, size), np.float32)
    for flip in (False, True):
        for line, (first, count, weights) in enumerate(
            zip(*operator(size, side, flip=flip), strict=True)
        ):
            matrix[SIDE * flip + line, first : first + count] = weights[:count]
    return matrix


def _probes(folded: Floats, pipeline: str) -> Iterator[Probe]:
    for (down, across), names in FLIPS.items():
        top, left = SIDE * down, SIDE * across
        small = folded[top : top + SIDE, left : left + SIDE]
        table = np.asarray(COSINES @ small @ COSINES.T, np.float32)
        for name, turned in zip(names, (table, table.T), strict=True):
            yield Probe(to_bits(turned), name, pipeline, _quality(small))


def _quality(small: Floats) -> int:
    """The reference's: how steep the picture is, 0 to 100."""
    steps = (np.abs(np.diff(small, axis=axis)) * 100 / 255 for axis in (0, 1))
    return min(100, sum(int(step.astype(np.int64).sum()) for step in steps) // 90)
