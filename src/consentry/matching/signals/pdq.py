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
from consentry.matching.signals.pdq_operator import (
    COSINES,
    SIDE,
    Floats,
    Operator,
    operator,
    to_bits,
)

__all__ = [
    "FLIPS",
    "MIN_SIDE",
    "THUMBNAIL_SIDE",
    "Flips",
    "Pdq",
    "PdqHash",
    "hash_flips",
    "hash_full",
    "hash_thumbnail",
    "thumbnail",
]

MIN_SIDE: Final = 5
"""A picture with a shorter side has the hash zero and quality zero, as in the reference."""
THUMBNAIL_SIDE: Final = 512

Flips: TypeAlias = tuple[bool, bool]
"""Whether the picture is flipped top to bottom, and left to right."""
FLIPS: Final[tuple[Flips, ...]] = ((False, False), (False, True), (True, False), (True, True))

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


def hash_full(pixels: Pixels) -> PdqHash:
    """PDQ of the whole picture; `pixels` uint8, shape (height, width, 3), RGB, any size."""
    height, width = _size(pixels)
    if min(height, width) < MIN_SIDE:
        return PdqHash(np.zeros((16, 16), np.float32), 0)
    if height * width > _EXACT_PIXELS:
        found = _quickly(np.ascontiguousarray(pixels))
        if found is not None:
            return found
    # Small, or in doubt.
    return _exactly(np.ascontiguousarray(pixels))


def hash_thumbnail(pixels: Pixels) -> PdqHash:
    """PDQ of the 512x512 thumbnail, or of the picture itself when no side is longer than 512."""
    if max(_size(pixels)) <= THUMBNAIL_SIDE:
        return hash_full(pixels)
    return hash_full(thumbnail(pixels))


def hash_flips(pixels: Pixels, *, thumbnail: bool = False) -> dict[Flips, PdqHash]:
    """PDQ of the picture, or of its thumbnail, flipped in each of the four ways.

    The pixels are walked over twice and not four times. Only the upright hash is checked for
    rounding: one bit in doubt does not matter for a turned copy.
    """
    height, width = _size(pixels)
    thumbnail = thumbnail and max(height, width) > THUMBNAIL_SIDE
    if not thumbnail and (height * width <= _EXACT_PIXELS or min(height, width) < MIN_SIDE):
        return {flips: hash_full(_flipped(pixels, flips)) for flips in FLIPS}
    side = THUMBNAIL_SIDE if thumbnail else 0
    found: dict[Flips, PdqHash] = {}
    for flip in (False, True):
        smalls = _fold(pixels, operator(height, side, flip), _both(width, side))
        found |= {(flip, bool(across)): _hashed(one) for across, one in enumerate(smalls)}
        if not flip and _certain(smalls[0], side or max(height, width)) is None:
            found[False, False] = (hash_thumbnail if thumbnail else hash_full)(pixels)
    return found


def thumbnail(pixels: Pixels) -> Pixels:
    """The reference's thumbnail of the picture."""
    out = np.empty((THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3), np.uint8)
    pdq_kernel.sample(np.ascontiguousarray(pixels), out)
    return out


def _size(pixels: Pixels) -> tuple[int, int]:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:  # noqa: PLR2004  RGB
        raise ValueError("pixels are a uint8 array of shape (height, width, 3)")
    return pixels.shape[0], pixels.shape[1]


def _flipped(pixels: Pixels, turn: Flips) -> Pixels:
    return pixels[:: -1 if turn[0] else 1, :: -1 if turn[1] else 1]


@lru_cache(maxsize=1024)
def _both(size: int, side: int) -> Operator:
    """The operator and its flip, one above the other."""
    one, other = operator(size, side), operator(size, side, flip=True)
    return np.stack([one[0], other[0]]), np.stack([one[1], other[1]]), np.stack([one[2], other[2]])


@lru_cache(maxsize=1024)
def _alone(size: int) -> Operator:
    first, count, weights = operator(size)
    return first[None], count[None], weights[None]


def _fold(pixels: Pixels, rows: Operator, columns: Operator) -> Floats:
    """The 64x64 picture, one for each flip in `columns`."""
    lines = np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1)
    small = np.empty((len(columns[0]), SIDE, SIDE), np.float32)
    pdq_kernel.fold(lines, *rows, *columns, small)
    return small


def _quickly(pixels: Pixels) -> PdqHash | None:
    """The hash by the fast arithmetic; None when rounding could change a bit or the quality."""
    height, width, _ = pixels.shape
    return _certain(_fold(pixels, operator(height), _alone(width))[0], max(height, width))


def _certain(small: Floats, longer: int) -> PdqHash | None:
    table, scale = _table(small), longer**0.5
    low, high = pdq_kernel.judge(small, _SLACK_PIXEL * scale)
    if low != high or pdq_kernel.gap(table) < 2 * _SLACK_FREQUENCY * scale:
        return None
    return PdqHash(table, low)


def _exactly(pixels: Pixels) -> PdqHash:
    small = np.empty((SIDE, SIDE), np.float32)
    pdq_kernel.fold_exactly(pixels, small)
    return _hashed(small)


def _hashed(small: Floats) -> PdqHash:
    quality, _ = pdq_kernel.judge(small, 0.0)
    return PdqHash(_table(small), quality)


def _table(small: Floats) -> Floats:
    table = np.empty((16, 16), np.float32)
    pdq_kernel.frequencies(small, COSINES, table)
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
