"""Which frames of an animation or a video are looked at: spread evenly, and where scenes change.

Half of the places are for frames at even distances, the first and the last among them. The other
half go to the frames that are most unlike every frame kept so far; those that no change claims
go to the even distances in between. Unlike: half the sum of the differences between luma
histograms (32 bins in each quarter of the frame), 0 for the same, 1 for nothing in common.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consentry.media.protocol import FrameSpot

__all__ = ["Sampler", "evenly", "histogram"]

CHANGE: Final = 0.15
"""From this much unlikeness on, a frame counts as a new scene."""

_BINS: Final = 32

Histogram = NDArray[np.float32]
Write = Callable[[FrameSpot | None], FrameSpot]


@dataclass(slots=True)
class _Kept:
    spot: FrameSpot
    look: Histogram
    worth: float


def evenly(count: int, places: int) -> list[int]:
    """`places` of the numbers below `count`, first and last included, at even distances."""
    if count <= places:
        return list(range(count))
    if places <= 1:
        return [0][:places]
    return [round(place * (count - 1) / (places - 1)) for place in range(places)]


def histogram(luma: NDArray[np.uint8]) -> Histogram:
    """The look of a frame: shape (4, 32), each quarter summing to 1/4."""
    middle, centre = luma.shape[0] // 2, luma.shape[1] // 2
    quarters = (
        luma[:middle, :centre],
        luma[:middle, centre:],
        luma[middle:, :centre],
        luma[middle:, centre:],
    )
    bins = [np.bincount(q.ravel() >> 3, minlength=_BINS) / (4 * max(q.size, 1)) for q in quarters]
    return np.asarray(bins, dtype=np.float32)


class Sampler:
    """Is offered every frame once, in order of time, and keeps at most `places`."""

    def __init__(self, count: int, places: int) -> None:
        """`count` frames will be offered, numbered from 0."""
        even = evenly(count, places)
        self.takes_all = count <= places
        self._firm = set(even) if self.takes_all or places == 1 else {*even[:-1:2], even[-1]}
        self._fill = set(even) - self._firm
        self._spare_places = places - len(self._firm)
        self._kept: list[_Kept] = []
        self._spare: list[_Kept] = []

    @property
    def spots(self) -> tuple[FrameSpot, ...]:
        """What was kept, in order of time."""
        kept = (entry.spot for entry in (*self._kept, *self._spare))
        return tuple(sorted(kept, key=lambda spot: spot.time_s))

    def offer(self, number: int, look: Callable[[], Histogram], write: Write) -> None:
        """Look at frame `number`; `write` stores it, over an older one's place if given."""
        if self.takes_all:
            self._kept.append(_Kept(write(None), np.empty(0, np.float32), 1.0))
            return
        seen = look()
        if number in self._firm:
            self._kept.append(_Kept(write(None), seen, 1.0))
            return
        worth = self._unlikeness(seen)
        if worth < CHANGE:
            worth = 0.0
        if worth or number in self._fill:
            self._keep_spare(seen, worth, write)

    def _unlikeness(self, look: Histogram) -> float:
        others = [entry.look for entry in (*self._kept, *self._spare)]
        if not others:
            return 1.0
        return float(np.abs(np.stack(others) - look).sum(axis=(1, 2)).min()) / 2

    def _keep_spare(self, look: Histogram, worth: float, write: Write) -> None:
        if len(self._spare) < self._spare_places:
            self._spare.append(_Kept(write(None), look, worth))
            return
        if not self._spare:
            return
        least = min(range(len(self._spare)), key=lambda place: self._spare[place].worth)
        if worth > self._spare[least].worth:
            self._spare[least] = _Kept(write(self._spare[least].spot), look, worth)
