"""`pdq`: the perceptual hash of a picture, bit for bit that of `pdqhash`.

Two pipelines are deployed in the world and give different hashes of one picture: the hash of the
full picture (python-threatexchange, HMA, StopNCII's browser code) and that of a 512x512 thumbnail
(the C++ reference tables). `hash_full` and `hash_thumbnail` are the two.

The thumbnail is the reference's `CImg::resize(512, 512)`, when either side is longer than 512:
nearest neighbour, source place `floor(x · width / 512)`, proportions not kept.

The fast arithmetic decides nearly every picture. Where a bit or the quality hangs on its last
digits, the slow arithmetic, which rounds like the reference, is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, Final, TypeAlias

import numpy as np

from consentry.matching.signals import pdq_kernel
from consentry.matching.signals.contract import (
    Outcome,
    Pixels,
    Signal,
    SignalExample,
    Unhashable,
)
from consentry.matching.signals.hashes import MIN_QUALITY, Words, distance, from_words, parse_digits
from consentry.matching.signals.pdq_kernel import Floats, Places

__all__ = [
    "MIN_SIDE",
    "THUMBNAIL_SIDE",
    "UPRIGHT",
    "Flips",
    "Pdq",
    "PdqHash",
    "hash_full",
    "hash_thumbnail",
    "thumbnail",
    "to_bits",
]

MIN_SIDE: Final = 5
"""A picture with a shorter side has the hash zero and quality zero, as in the reference."""
THUMBNAIL_SIDE: Final = 512

Flips: TypeAlias = tuple[bool, bool]
"""Whether the picture is flipped top to bottom, and left to right."""
UPRIGHT: Final[Flips] = (False, False)

_EXACT_PIXELS: Final = 160 * 160  # up to here the slow arithmetic costs less than the judgement
_SLACK_FREQUENCY: Final = 5e-4  # x √(longer side): 3 x the largest rounding error ever measured
_SLACK_PIXEL: Final = 1e-4  # x √(longer side), in grey levels: the same, for the 64x64 picture


class PdqHash:
    """What PDQ saw: the 16x16 frequencies, from which all eight orientations follow, and quality.

    Attributes:
        table: frequencies, float32, shape (16, 16).
        quality: 0 to 100; below `MIN_QUALITY` the hash means little.
    """

    __slots__ = ("quality", "table")

    def __init__(self, table: Floats, quality: int) -> None:
        """Keep both."""
        self.table = table
        self.quality = quality

    @property
    def words(self) -> Words:
        """The hash as four uint64 words, most significant first."""
        return to_bits(self.table)

    @property
    def digits(self) -> str:
        """The hash as 64 hex digits."""
        return from_words(self.words)[0]


def to_bits(table: Floats) -> Words:
    """The hash that belongs to `table`: which frequencies lie above the median."""
    flat = table.ravel()
    bits = flat > np.partition(flat, 127)[127]
    return np.packbits(bits[::-1]).view(">u8").astype(np.uint64)


def hash_full(pixels: Pixels, turn: Flips = UPRIGHT) -> PdqHash:
    """PDQ of the whole picture; `pixels` uint8, shape (height, width, 3), RGB, any size.

    `turn` flips the picture first, top to bottom and left to right, at no cost. Only the upright
    hash is checked for rounding: one bit in doubt does not matter for a hash that is looked up.
    """
    height, width = _size(pixels)
    if min(height, width) < MIN_SIDE:
        return PdqHash(np.zeros((16, 16), np.float32), 0)
    if height * width > _EXACT_PIXELS:
        found = _quickly(np.ascontiguousarray(pixels), turn)
        if found is not None:
            return found
    # Small, or in doubt.
    return _exactly(np.ascontiguousarray(_flipped(pixels, turn)))


def hash_thumbnail(pixels: Pixels, turn: Flips = UPRIGHT) -> PdqHash:
    """PDQ of the 512x512 thumbnail, or of the picture itself when no side is longer than 512."""
    if max(_size(pixels)) <= THUMBNAIL_SIDE:
        return hash_full(pixels, turn)
    return hash_full(thumbnail(pixels, turn))


def thumbnail(pixels: Pixels, turn: Flips = UPRIGHT) -> Pixels:
    """The reference's thumbnail of the picture, flipped first."""
    out = np.empty((THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3), np.uint8)
    pdq_kernel.sample(np.ascontiguousarray(pixels), *turn, out)
    return out


def _size(pixels: Pixels) -> tuple[int, int]:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:  # noqa: PLR2004  RGB
        raise ValueError("pixels are a uint8 array of shape (height, width, 3)")
    return pixels.shape[0], pixels.shape[1]


def _flipped(pixels: Pixels, turn: Flips) -> Pixels:
    return pixels[:: -1 if turn[0] else 1, :: -1 if turn[1] else 1]


@lru_cache(maxsize=1024)
def _operator(size: int, flip: bool) -> tuple[Places, Places, Floats]:  # noqa: FBT001  a cache's key
    first, count, weights = pdq_kernel.operator(size)
    if not flip:
        return first, count, weights
    turned = np.zeros_like(weights)
    for line, old, length in zip(turned, weights, count, strict=True):
        line[:length] = old[:length][::-1]
    return size - first - count, count, turned


def _quickly(pixels: Pixels, turn: Flips) -> PdqHash | None:
    """The hash by the fast arithmetic; None when rounding could change a bit or the quality."""
    height, width, _ = pixels.shape
    small = np.empty((pdq_kernel.SIDE, pdq_kernel.SIDE), np.float32)
    rows, columns = _operator(height, turn[0]), _operator(width, turn[1])
    pdq_kernel.fold(pixels.reshape(height, 3 * width), *rows, *columns, small)
    table = _table(small)
    scale = max(height, width) ** 0.5 if turn == UPRIGHT else 0.0
    low, high = pdq_kernel.judge(small, _SLACK_PIXEL * scale)
    if low != high or pdq_kernel.gap(table) < 2 * _SLACK_FREQUENCY * scale:
        return None
    return PdqHash(table, low)


def _exactly(pixels: Pixels) -> PdqHash:
    small = np.empty((pdq_kernel.SIDE, pdq_kernel.SIDE), np.float32)
    pdq_kernel.fold_exactly(pixels, small)
    quality, _ = pdq_kernel.judge(small, 0.0)
    return PdqHash(_table(small), quality)


def _table(small: Floats) -> Floats:
    table = np.empty((16, 16), np.float32)
    pdq_kernel.frequencies(small, pdq_kernel.COSINES, table)
    return table


class Pdq:
    """The signal type `pdq`: pictures, 256 bits, a match up to 31 bits apart."""

    name: ClassVar[str] = "pdq"
    max_distance: ClassVar[int] = 31

    def parse(self, text: str) -> str:
        """64 lower-case hex digits. SignalError when `text` is none."""
        return parse_digits(text, 64, self.name)

    def distance(self, one: str, other: str) -> int:
        """How many of the 256 bits differ."""
        return distance(one, other)

    def hash_pixels(self, pixels: Pixels) -> Outcome:
        """PDQ of the full picture, or Unhashable when there is too little to see."""
        found = hash_full(pixels)
        if found.quality < MIN_QUALITY:
            reason = "The picture has too little detail for a PDQ hash that means anything."
            return Unhashable(self.name, reason, found.quality)
        return Signal(self.name, found.digits, found.quality)

    @classmethod
    def get_examples(cls) -> Sequence[SignalExample]:
        """Two published hashes of one picture (a bridge), in python-threatexchange."""
        value = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
        other = "f8f8f0cee0f4a84f06370a2a038f63f0b36e26d596621e1d33e6b39c4e9c9b22"
        bad = ("", value[1:], f"{value}0", f"z{value[1:]}", f"0x{value[2:]}")
        return (SignalExample(value, (f" {value.upper()}",), {other: 2}, bad),)
