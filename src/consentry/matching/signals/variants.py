"""Which hashes of a picture are banked and which are looked up, so that turned copies are found.

A copy may be mirrored or turned (eight ways), hashed by either PDQ pipeline, and hashed upright or
as stored (EXIF orientation ignored, as python-threatexchange does). All of that must meet.

It meets on the side of the lookup. Most banked hashes come from exchanges without their picture, so
nothing can be added to them; and eight hashes more per entry would cost memory and time at every
lookup for ever, while eight lookups more cost microseconds once. So:

- `lookup_set` has the eight turned hashes of both pipelines. "As stored" is one of the eight.
- `bank_set` has both pipelines, upright and as stored, exactly as other systems compute them: so
  that they find what we share. For our own lookups its first hash would do.

The eight are the hashes that the eight turned pictures really have. Transposing a picture only
transposes its DCT, so four of them are computed, by reading the same pixels with turned operators.
`dihedral` gives eight from a single DCT, by flipping signs: less work, but up to 24 bits
off on photos (the grid that PDQ samples leans to one side), which leaves little of the 31 for what
else was done to the copy. It serves where there is no picture, only its frequencies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from consentry.matching.signals.contract import Pixels
from consentry.matching.signals.hashes import MIN_QUALITY, Words
from consentry.matching.signals.pdq import (
    THUMBNAIL_SIDE,
    UPRIGHT,
    PdqHash,
    hash_full,
    hash_thumbnail,
    to_bits,
)
from consentry.matching.signals.pdq_kernel import Floats

__all__ = ["TURNS", "Probe", "as_stored", "bank_set", "dihedral", "lookup_set"]

TURNS: Final = (
    "upright",
    "rotated_90",
    "rotated_180",
    "rotated_270",
    "upside_down",
    "mirrored",
    "transposed",
    "transversed",
)
"""How the picture that is looked up is turned to give the hash; degrees count anticlockwise."""

_FLIPS: Final = {
    (False, False): ("upright", "transposed"),
    (False, True): ("mirrored", "rotated_90"),
    (True, False): ("upside_down", "rotated_270"),
    (True, True): ("rotated_180", "transversed"),
}
"""Which flips of the pixels give which turn, by themselves and with the DCT transposed."""

_ROWS: Final = np.where(np.arange(16) % 2, 1, -1).astype(np.float32)[:, None]
_COLUMNS: Final = np.ascontiguousarray(_ROWS.T)


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """One hash of a picture and how it came about.

    Attributes:
        words: four uint64.
        turn: one of `TURNS`, `as_stored`, or `cropped`.
        pipeline: `full` or `thumbnail`.
        quality: 0 to 100; below 50 a match means little and "no match" means nothing.
    """

    words: Words
    turn: str
    pipeline: str
    quality: int

    @property
    def hashable(self) -> bool:
        """Whether the quality suffices."""
        return self.quality >= MIN_QUALITY


def dihedral(found: PdqHash) -> Words:
    """The hashes of the picture turned in each way of `TURNS`; uint64, shape (8, 4)."""
    return np.stack([to_bits(table) for table in _turned(found.table)])


def _turned(table: Floats) -> Iterator[Floats]:
    yield table
    yield (table * _COLUMNS).T
    yield table * (_ROWS * _COLUMNS)
    yield (table * _ROWS).T
    yield table * _ROWS
    yield table * _COLUMNS
    yield table.T
    yield (table * (_ROWS * _COLUMNS)).T


def lookup_set(pixels: Pixels) -> tuple[Probe, ...]:
    """What to look up for an upright picture, (height, width, 3).

    8 hashes, or 16 when the thumbnail's can differ, which is when a side is longer than 512.
    """
    return tuple(_probes(pixels, turned=True))


def bank_set(pixels: Pixels, orientation: int = 1) -> tuple[Probe, ...]:
    """What to bank for an upright picture that its file stored in `orientation` (EXIF, 1 to 8).

    The first is the upright hash of the full picture. Equal hashes are given once.
    """
    probes = list(_probes(pixels, turned=False))
    if orientation != 1:
        probes += _probes(as_stored(pixels, orientation), turned=False, turn="as_stored")
    seen: set[bytes] = set()
    kept = []
    for probe in probes:
        if probe.words.tobytes() not in seen:
            seen.add(probe.words.tobytes())
            kept.append(probe)
    return tuple(kept)


def _probes(pixels: Pixels, *, turned: bool, turn: str = "upright") -> Iterator[Probe]:
    pipelines = [("full", hash_full)]
    if max(pixels.shape[:2]) > THUMBNAIL_SIDE:
        pipelines.append(("thumbnail", hash_thumbnail))
    for pipeline, compute in pipelines:
        for flips, names in _FLIPS.items() if turned else [(UPRIGHT, (turn,))]:
            found = compute(pixels, flips)
            for name, table in zip(names, (found.table, found.table.T), strict=False):
                yield Probe(to_bits(table), name, pipeline, found.quality)


def as_stored(pixels: Pixels, orientation: int) -> Pixels:
    """Undo the EXIF orientation: the pixels as the file holds them.

    Raises:
        ValueError: `orientation` is not 1 to 8.
    """
    transposed = pixels.transpose(1, 0, 2)
    stored = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: transposed,
        6: transposed[::-1],
        7: transposed[::-1, ::-1],
        8: transposed[:, ::-1],
    }
    if orientation not in stored:
        raise ValueError("an EXIF orientation is 1 to 8")
    return np.ascontiguousarray(stored[orientation])
