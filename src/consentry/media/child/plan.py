"""Which frames of a video are decoded: all, or, when that is too much work, enough of them.

Work is counted in pixels, so that the same video always gives the same frames. The limit is
`media.max_pixels` times `media.max_frames`, as for animations.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from consentry.errors import MediaTooCostlyError
from consentry.media.child.sampling import evenly
from consentry.media.protocol import Limits

__all__ = ["Plan", "plan_frames"]


@dataclass(frozen=True, slots=True)
class Plan:
    """The numbers of the frames that are wanted, and of the key frame where each starts.

    Attributes:
        everything: all frames are wanted; they are decoded in one go.
    """

    wanted: tuple[int, ...]
    starts: tuple[int, ...]
    everything: bool


def plan_frames(count: int, keys: list[int], pixels: int, limits: Limits) -> Plan:
    """Plan for a video of `count` frames of `pixels` each, with these key frames.

    Raises:
        MediaTooCostlyError: key frames are so rare that not even an even spread can be decoded.
    """
    budget = limits.max_pixels * limits.max_frames // pixels
    if count <= budget:
        return Plan(tuple(range(count)), (0,) * count, everything=True)
    chosen = dict(
        _reach(even, keys, count // max(limits.max_frames, 1))
        for even in evenly(count, limits.max_frames)
    )
    work = sum(wanted - start + 1 for wanted, start in chosen.items())
    if work > budget:
        raise MediaTooCostlyError(
            "The video is long and has too few key frames to be looked at in parts."
        )
    for key in (keys[place] for place in evenly(len(keys), budget - work)):
        chosen.setdefault(key, key)
    wanted = tuple(sorted(chosen))
    return Plan(wanted, tuple(chosen[number] for number in wanted), everything=False)


def _reach(number: int, keys: list[int], spacing: int) -> tuple[int, int]:
    """What to decode for an even distance, and from where: the key frame itself if it is near."""
    key = keys[max(bisect_right(keys, number) - 1, 0)]
    return (key, key) if number - key <= spacing // 2 else (number, min(key, number))
