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
transposes its DCT, so four of them are computed, two at a time from one walk over the pixels.
`dihedral` gives eight from a single DCT, by flipping signs: less work, but up to 24 bits
off on photos (the grid that PDQ samples leans to one side), which leaves little of the 31 for what
else was done to the copy. It serves where there is no picture, only its frequencies.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from consentry.matching.signals.contract import Pixels
from consentry.matching.signals.hashes import Words
from consentry.matching.signals.pdq import (
    THUMBNAIL_SIDE,
    PdqHash,
    hash_flips,
    hash_full,
    hash_thumbnail,
)
from consentry.matching.signals.pdq_operator import Floats, to_bits
from consentry.matching.signals.probes import FLIPS, TURNS, Probe

__all__ = ["TURNS", "Probe", "as_stored", "bank_set", "dihedral", "lookup_set"]

_ROWS: Final = np.where(np.arange(16) % 2, 1, -1).astype(np.float32)[:, None]
_COLUMNS: Final = np.ascontiguousarray(_ROWS.T)


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
    return tuple(
        Probe(to_bits(table), name, pipeline, found.quality)
        for pipeline in _pipelines(pixels)
        for flips, found in hash_flips(pixels, thumbnail=pipeline == "thumbnail").items()
        for name, table in zip(FLIPS[flips], (found.table, found.table.T), strict=True)
    )


def bank_set(pixels: Pixels, orientation: int = 1) -> tuple[Probe, ...]:
    """What to bank for an upright picture that its file stored in `orientation` (EXIF, 1 to 8).

    The first is the upright hash of the full picture. Equal hashes are given once.
    """
    probes = list(_upright(pixels))
    if orientation != 1:
        probes += _upright(as_stored(pixels, orientation), "as_stored")
    seen: set[bytes] = set()
    kept = []
    for probe in probes:
        if probe.words.tobytes() not in seen:
            seen.add(probe.words.tobytes())
            kept.append(probe)
    return tuple(kept)


def _upright(pixels: Pixels, turn: str = "upright") -> Iterator[Probe]:
    for pipeline, compute in (("full", hash_full), ("thumbnail", hash_thumbnail)):
        if pipeline in _pipelines(pixels):
            found = compute(pixels)
            yield Probe(found.words, turn, pipeline, found.quality)


def _pipelines(pixels: Pixels) -> tuple[str, ...]:
    """The two; only one where the thumbnail is the picture itself."""
    return ("full", "thumbnail") if max(pixels.shape[:2]) > THUMBNAIL_SIDE else ("full",)


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
