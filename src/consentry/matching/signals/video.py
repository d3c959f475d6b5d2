"""`vpdq`: a video as the PDQ hashes of its frames.

Frames are hashed at their own size, one a second by default; `frames.py` has the written form and
the rule by which two videos match.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import numpy as np

from consentry.matching.signals.contract import (
    Outcome,
    Signal,
    SignalExample,
    TimedFrame,
    Unhashable,
)
from consentry.matching.signals.frames import (
    QUERY_PERCENT,
    FrameHash,
    overlap,
    parse_frames,
    usable,
    write_frames,
)
from consentry.matching.signals.pdq import hash_full

__all__ = ["VideoPdq"]


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
