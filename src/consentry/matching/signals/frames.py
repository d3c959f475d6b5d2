"""The value of a `vpdq` signal: hashes of frames, how they are written, and when two videos match.

Value and rule are those of vPDQ (https://github.com/facebook/ThreatExchange/tree/main/vpdq) as
python-threatexchange writes them: a JSON list of "hash,quality,seconds". Poor frames (quality
below 50) and repeated hashes do not count. Two videos match when enough of one's frames have a
frame of the other within 31 bits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from consentry.errors import SignalError
from consentry.matching.signals.hashes import MIN_QUALITY, Words, parse_digits, to_words

__all__ = [
    "FRAME_DISTANCE",
    "QUERY_PERCENT",
    "FrameHash",
    "Overlap",
    "overlap",
    "parse_frames",
    "usable",
    "write_frames",
]

FRAME_DISTANCE: Final = 31
QUERY_PERCENT: Final = 80.0
"""At least so many percent of the frames that are looked up must be found …"""
COMPARED_PERCENT: Final = 0.0
"""… and so many percent of the known video's frames: 0, since it may be the longer one."""
MAX_FRAMES: Final = 100_000
_MAX_QUALITY: Final = 100


@dataclass(frozen=True, slots=True)
class FrameHash:
    """One frame.

    Attributes:
        digits: its PDQ hash.
        quality: 0 to 100.
        time_s: seconds from the start.
    """

    digits: str
    quality: int
    time_s: float


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much of each of two videos is in the other, in percent of the frames that count."""

    query_percent: float
    compared_percent: float

    def matches(self, query: float = QUERY_PERCENT, compared: float = COMPARED_PERCENT) -> bool:
        """Whether both are enough."""
        return self.query_percent >= query and self.compared_percent >= compared


def usable(frames: Iterable[FrameHash]) -> list[FrameHash]:
    """The frames that count: of sufficient quality, each hash once, in order."""
    first: dict[str, FrameHash] = {}
    for frame in frames:
        if frame.quality >= MIN_QUALITY:
            first.setdefault(frame.digits, frame)
    return list(first.values())


def overlap(query: Iterable[FrameHash], compared: Iterable[FrameHash]) -> Overlap | None:
    """How far two videos overlap; None when either has no frame that counts: nobody can say."""
    one, other = (to_words(frame.digits for frame in usable(part)) for part in (query, compared))
    if not len(one) or not len(other):
        return None
    near = np.array([_distances(hashed, other) <= FRAME_DISTANCE for hashed in one])
    return Overlap(*(100.0 * float(near.any(axis=axis).mean()) for axis in (1, 0)))


def _distances(one: Words, others: Words) -> Words:
    counted: Words = np.bitwise_count(others ^ one).sum(axis=1)
    return counted


def write_frames(frames: Iterable[FrameHash]) -> str:
    """Frames as the value of a `vpdq` signal; seconds to three decimals."""
    return json.dumps([f"{f.digits},{f.quality},{f.time_s:.3f}" for f in frames])


def parse_frames(text: str) -> list[FrameHash]:
    """The inverse.

    Raises:
        SignalError: it is not a JSON list of "hash,quality,seconds".
    """
    try:
        parts = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise SignalError(f"A vpdq hash is JSON: {error}.") from error
    if not isinstance(parts, list) or not 0 < len(parts) <= MAX_FRAMES:
        raise SignalError(f"A vpdq hash is a list of 1 to {MAX_FRAMES} frames.")
    return [_frame(place, part) for place, part in enumerate(parts)]


def _frame(place: int, part: object) -> FrameHash:
    fields = part.split(",") if isinstance(part, str) else []
    try:
        digits, quality, seconds = fields
        frame = FrameHash(parse_digits(digits, 64, "pdq"), int(quality), float(seconds))
    except ValueError as error:
        raise SignalError(f'Frame {place} of a vpdq hash is not "hash,quality,seconds".') from error
    if not 0 <= frame.quality <= _MAX_QUALITY or not 0 <= frame.time_s < float("inf"):
        raise SignalError(f"Frame {place} of a vpdq hash is out of range.")
    return frame
