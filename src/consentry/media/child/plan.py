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
    spacing = max(count // limits.max_frames, 1)
    chosen = _spread(evenly(count, limits.max_frames), keys, spacing, budget)
    work = sum(wanted - start + 1 for wanted, start in chosen.items())
    for key in (keys[place] for place in evenly(len(keys), budget - work)):
        chosen.setdefault(key, key)
    wanted = tuple(sorted(chosen))
    return Plan(wanted, tuple(chosen[number] for number in wanted), everything=False)


def _spread(targets: list[int], keys: list[int], spacing: int, budget: int) -> dict[int, int]:
    """Frame to start: the targets that lie farthest behind a key frame first, while work lasts.

    What is near a key frame, or what no work is left for, gives way to that key frame.
    """
    chosen: dict[int, int] = {}
    left = budget - len(targets)
    before = {target: keys[max(bisect_right(keys, target) - 1, 0)] for target in targets}
    for target in sorted(targets, key=lambda number: before[number] - number):
        key = before[target]
        gap = target - key
        if spacing // 2 < gap <= left:
            chosen[target] = key
            left -= gap
        elif gap <= 2 * spacing:
            chosen[key] = key
        else:
            raise MediaTooCostlyError(
                "The video is long and has too few key frames to be looked at in parts."
            )
    return chosen
