"""`vpdq`: a video as the PDQ hashes of its frames, and the rule by which two of them match.

Values and rule are those of vPDQ (https://github.com/facebook/ThreatExchange/tree/main/vpdq) as
python-threatexchange writes them: a JSON list of "hash,quality,seconds". Frames are hashed at their
own size, one a second by default; poor frames (quality below 50) and repeated hashes do not count.
Two videos match when enough of one's frames have a frame of the other within 31 bits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from consentry.errors import SignalError
from consentry.matching.signals.contract import (
    Outcome,
    Signal,
    SignalExample,
    TimedFrame,
    Unhashable,
)
from consentry.matching.signals.hashes import MIN_QUALITY, Words, parse_digits, to_words
from consentry.matching.signals.pdq import hash_full

__all__ = ["FrameHash", "Overlap", "VideoPdq", "overlap", "parse_frames", "usable", "write_frames"]

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


class VideoPdq:
    """The signal type `vpdq`.

    Attributes:
        seconds_per_hash: one frame in so many seconds is hashed; 0 for every frame.
    """

    name: ClassVar[str] = "vpdq"
    max_distance: ClassVar[int] = int(100 - QUERY_PERCENT)

    def __init__(self, seconds_per_hash: float = 1.0) -> None:
        """Choose how many frames are hashed."""
        self.seconds_per_hash = seconds_per_hash

    def parse(self, text: str) -> str:
        """The value as it is stored. SignalError when it is malformed."""
        return write_frames(parse_frames(text))

    def distance(self, one: str, other: str) -> int:
        """Percent of frames that are not found in the other video: of the side that lacks fewer.

        100 also when either has no frame that counts; `overlap` tells that apart.
        """
        found = overlap(parse_frames(one), parse_frames(other))
        if found is None:
            return 100
        return int(np.ceil(100 - max(found.query_percent, found.compared_percent)))

    def hash_frames(self, frames: Iterable[TimedFrame]) -> Outcome:
        """Hash the frames that are due; Unhashable when none of them counts."""
        hashed = list(self._hashed(frames))
        if not usable(hashed):
            return Unhashable(self.name, "No frame has enough detail to be recognised.")
        return Signal(self.name, write_frames(hashed))

    def _hashed(self, frames: Iterable[TimedFrame]) -> Iterator[FrameHash]:
        due = 0.0
        for time_s, pixels in frames:
            if time_s + 1e-6 >= due:
                found = hash_full(pixels)
                yield FrameHash(found.digits, found.quality, time_s)
                due = (due if self.seconds_per_hash else time_s) + self.seconds_per_hash

    @classmethod
    def get_examples(cls) -> Sequence[SignalExample]:
        """Two frames of which the second video has one."""
        known = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
        other = "e64cc9d91c623882f8d1f1d9a398e78c9f199b3bd83924f2b7e11e0bf861b064"
        third = "6227401f601ff4ccafcc9fad4b0d95d371a2eb7265a3285234d228ca94deeb2d"
        frames = [FrameHash(known, 100, 0.0), FrameHash(other, 100, 1.0)]
        half = write_frames([frames[0], FrameHash(third, 100, 1.0)])
        value = write_frames(frames)
        bad = ("", "{}", "[]", "[1]", '["00,1,2"]', f'["{known},101,0"]', f'["{known},9,nan"]')
        return (SignalExample(value, (f" {value}",), {value: 0, half: 50}, bad),)
